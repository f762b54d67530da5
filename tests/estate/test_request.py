from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.estate.answers import Refusal, error_answer
from lamplighter.estate.request import AwsRequest, parse, read_body

SIGNED = "AWS4-HMAC-SHA256 Credential={key}/20261123/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def request(body: bytes = b"", *, service: str = "ec2", key: str = "base", **environ: Any) -> AwsRequest:
    given_environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": SIGNED.format(key=key, region="eu-west-1", service=service),
        "wsgi.input": BytesIO(body),
        **environ,
    }
    return parse(given_environ, read_body(given_environ), lambda name: f"account of {name}", lambda *_: None)


def test_a_form_is_read() -> None:
    found = request(
        b"Action=StopInstances&InstanceId.2=i-b&InstanceId.10=i-c&InstanceId.1=i-a&Hibernate=true&DryRun=true"
    )
    assert (found.account, found.region, found.service) == ("account of base", "eu-west-1", "ec2")
    assert (found.action, found.protocol, found.dry_run, found.reads) == ("StopInstances", "ec2", True, False)
    assert found.listed("InstanceId") == ["i-a", "i-b", "i-c"]


@given(st.lists(st.text(min_size=1), max_size=15))
def test_lists_come_back_in_order(values: list[str]) -> None:
    fields = {"Action": "X", **{f"Id.{n}": value for n, value in enumerate(values, 1)}}
    assert request(urlencode(dict(reversed(fields.items()))).encode()).listed("Id") == values


@pytest.mark.parametrize(
    ("environ", "protocol", "action"),
    [
        ({"HTTP_X_AMZ_TARGET": "DynamoDB_20120810.ListTables"}, "json", "ListTables"),
        (
            {"HTTP_SMITHY_PROTOCOL": "rpc-v2-cbor", "PATH_INFO": "/service/S/operation/GetMetricData"},
            "cbor",
            "GetMetricData",
        ),
        ({"REQUEST_METHOD": "GET", "PATH_INFO": "/clusters"}, "rest-json", "GET /clusters"),
        ({"CONTENT_TYPE": "", "QUERY_STRING": "Action=ListQueues"}, "query", "ListQueues"),
    ],
)
def test_other_protocols(environ: dict[str, Any], protocol: str, action: str) -> None:
    found = request(service="sqs", **environ)
    assert (found.protocol, found.action) == (protocol, action)


def test_a_presigned_and_an_unsigned_request() -> None:
    credential = quote_plus("KEY/20261123/us-east-1/s3/aws4_request")
    found = request(HTTP_AUTHORIZATION="", QUERY_STRING=f"X-Amz-Credential={credential}&X-Amz-Date=0", CONTENT_TYPE="")
    assert (found.account, found.region, found.service, found.protocol) == (
        "account of KEY",
        "us-east-1",
        "s3",
        "rest-xml",
    )
    nobody = request(HTTP_AUTHORIZATION="", CONTENT_TYPE="")
    assert (nobody.service, nobody.region, nobody.account) == ("", "", "account of ")


def test_an_account_stated_by_header_wins_if_it_is_one() -> None:
    assert request(HTTP_X_MOTO_ACCOUNT_ID="444455556666").account == "444455556666"
    assert request(HTTP_X_MOTO_ACCOUNT_ID="../etc").account == "account of base"


def test_the_body_is_left_for_moto() -> None:
    environ = {"CONTENT_LENGTH": "3", "wsgi.input": BytesIO(b"a=b")}
    assert read_body(environ) == b"a=b"
    assert environ["wsgi.input"].read() == b"a=b"  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [0, 23, 24, 255, 256, 70])
def test_cbor_texts_have_the_head_their_length_needs(size: int) -> None:
    body = error_answer(Refusal("Code", "m" * size), "cbor").body
    heads = {0: b"\x60", 23: b"\x77", 24: b"\x78\x18", 255: b"\x78\xff", 256: b"\x79\x01\x00", 70: b"\x78\x46"}
    assert body == b"\xa2" + b"\x66__type" + b"\x64Code" + b"\x67message" + heads[size] + b"m" * size
