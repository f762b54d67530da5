"""Sessions against moto over the wire."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lamplighter.aws.access import Aws
from lamplighter.aws.calls import CallRecord
from lamplighter.aws.credentials import Role
from lamplighter.aws.targets import Target, TargetsDefinition
from lamplighter.errors import AwsError, CredentialsMissing, NotFound, Unreachable

OWN = "123456789012"
SHOP, DATA = "111122223333", "444455556666"


@pytest.fixture
def calls() -> list[CallRecord]:
    return []


@pytest.fixture
def aws(moto: str, environ: dict[str, str], calls: list[CallRecord]) -> Iterator[Aws]:
    with Aws(environ=environ | {"AWS_ENDPOINT_URL": moto}, on_call=calls.append) as made:
        yield made


def launch(aws: Aws, target: Target, count: int) -> set[str]:
    images = aws.session(target).call("ec2", "run_instances", ImageId="ami-12345678", MinCount=count, MaxCount=count)
    return {instance["InstanceId"] for instance in images["Instances"]}


def instances(aws: Aws, target: Target) -> set[str]:
    return {
        instance["InstanceId"]
        for reservation in aws.session(target).pages("ec2", "describe_instances", "Reservations")
        for instance in reservation["Instances"]
    }


def test_the_own_account_is_asked_once(aws: Aws, calls: list[CallRecord]) -> None:
    assert [aws.own_account() for _ in range(3)] == [OWN] * 3
    assert [(call.service, call.operation, call.error_code, call.attempts) for call in calls] == [
        ("sts", "get_caller_identity", "", 1)
    ]
    assert aws.identity().partition == "aws"


def test_accounts_see_their_own_instances(aws: Aws, calls: list[CallRecord]) -> None:
    definition = TargetsDefinition.model_validate(
        {
            "accounts": [SHOP, DATA],
            "include_own": True,
            "role": "lamp",
            "regions": ["eu-central-1", "eu-west-1"],
        }
    )
    found = aws.targets(definition)
    assert [target.key for target in found.targets] == [
        f"{account}/{region}" for account in (SHOP, OWN, DATA) for region in ("eu-central-1", "eu-west-1")
    ]
    launched = {target: launch(aws, target, count) for count, target in enumerate(found.targets, 1)}
    assert {target: instances(aws, target) for target in found.targets} == launched
    assert {target.key: len(ids) for target, ids in launched.items()} == {
        target.key: count for count, target in enumerate(found.targets, 1)
    }
    assert Counter(call.operation for call in calls)["assume_role"] == 2
    assert len(aws._clients) == 3


def test_pages_come_over_the_wire(aws: Aws, calls: list[CallRecord]) -> None:
    here = Target(OWN, "eu-central-1")
    launched = set().union(*(launch(aws, here, 1) for _ in range(12)))
    found = {
        instance["InstanceId"]
        for reservation in aws.session(here).pages("ec2", "describe_instances", "Reservations", MaxResults=5)
        for instance in reservation["Instances"]
    }
    assert found == launched
    assert Counter(call.operation for call in calls)["describe_instances"] == 3


def test_role_credentials_are_replaced_before_they_expire(moto: str, environ: dict[str, str]) -> None:
    # moto counts the hour from the machine's clock; the run's clock goes on from there.
    start = now = datetime.now(UTC)
    calls: list[CallRecord] = []
    with Aws(environ=environ, endpoint_url=moto, on_call=calls.append, clock=lambda: now) as aws:
        session = aws.session_as(Target(SHOP, "eu-central-1"), Role(f"arn:aws:iam::{SHOP}:role/lamp"))
        for minutes, expected in [(0, 1), (50, 1), (56, 2)]:
            now = start + timedelta(minutes=minutes)
            assert session.call("sts", "get_caller_identity")["Account"] == SHOP
            assert Counter(call.operation for call in calls)["assume_role"] == expected


def test_unknown_instances_are_not_found(aws: Aws) -> None:
    with pytest.raises(NotFound) as caught:
        aws.session(Target(OWN, "eu-central-1")).call("ec2", "start_instances", InstanceIds=["i-0123456789abcdef0"])
    assert str(caught.value).startswith(f"{OWN}/eu-central-1: ec2 StartInstances: InvalidInstanceID.NotFound: ")


def test_nobody_listens(environ: dict[str, str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with Aws(environ=environ, endpoint_url=f"http://127.0.0.1:{port}", retries=0) as aws:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="EndpointConnection") as caught:
            aws.own_account()
        assert time.monotonic() - began < 5
    assert "AWS_ENDPOINT_URL" in caught.value.hint


@pytest.mark.parametrize("url", ["nonsense", "http://", "127.0.0.1:5000"])
def test_an_endpoint_that_is_no_url(environ: dict[str, str], url: str) -> None:
    with Aws(environ=environ, endpoint_url=url, retries=0) as aws, pytest.raises(Unreachable) as caught:
        aws.own_account()
    assert "AWS_ENDPOINT_URL" in caught.value.hint


def test_no_credentials(environ: dict[str, str]) -> None:
    del environ["AWS_ACCESS_KEY_ID"]
    with Aws(environ=environ) as aws, pytest.raises(CredentialsMissing) as caught:
        aws.own_account()
    assert caught.value.code == "NoCredentials"
    assert "aws sso login" in caught.value.hint


def test_half_a_pair_of_keys(environ: dict[str, str]) -> None:
    del environ["AWS_SECRET_ACCESS_KEY"]
    with Aws(environ=environ) as aws, pytest.raises(CredentialsMissing, match="PartialCredentials"):
        aws.own_account()


def test_a_missing_profile(environ: dict[str, str]) -> None:
    for aws in (Aws(environ=environ, profile="absent"), Aws(environ=environ | {"AWS_PROFILE": "absent"})):
        with aws, pytest.raises(CredentialsMissing, match="absent") as caught:
            aws.own_account()
        assert "list-profiles" in caught.value.hint


def test_a_missing_profile_has_no_region_either(environ: dict[str, str]) -> None:
    del environ["AWS_REGION"]
    with Aws(environ=environ, profile="absent") as aws, pytest.raises(CredentialsMissing, match="ProfileNotFound"):
        _ = aws.region


def test_a_profile_that_needs_a_new_sign_in(environ: dict[str, str]) -> None:
    Path(environ["AWS_CONFIG_FILE"]).write_text(
        "[profile sso]\nregion = eu-central-1\nsso_start_url = https://lamps.example.com/start\n"
        f"sso_region = eu-central-1\nsso_account_id = {OWN}\nsso_role_name = Operator\n"
    )
    with Aws(environ=environ, profile="sso") as aws, pytest.raises(CredentialsMissing) as caught:
        aws.own_account()
    assert "aws sso login" in caught.value.hint


def test_the_process_is_the_default_environment(moto: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAPROCESS",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-north-1",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ENDPOINT_URL": moto,
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
    }.items():
        monkeypatch.setenv(name, value)
    with Aws() as aws:
        assert aws.region == "eu-north-1"
        assert aws.targets(None).targets == (Target(OWN, "eu-north-1"),)


def test_a_profile_with_its_own_role(moto: str, environ: dict[str, str]) -> None:
    """botocore assumes the profile's role itself, with a client of its own, through the same endpoint."""
    Path(environ["AWS_CONFIG_FILE"]).write_text(
        f"[profile hub]\nrole_arn = arn:aws:iam::{DATA}:role/hub\nsource_profile = keys\nendpoint_url = {moto}\n"
        f"[profile keys]\naws_access_key_id = AKIAKEYS\naws_secret_access_key = s\n"
    )
    with Aws(environ=environ, profile="hub") as aws:
        assert aws.own_account() == DATA


def test_closed_and_used_again(aws: Aws) -> None:
    aws.own_account()
    aws.close()
    assert aws.session(Target(OWN, "eu-central-1")).call("ec2", "describe_vpcs")["Vpcs"]


def test_an_error_carries_its_facts(aws: Aws) -> None:
    with pytest.raises(AwsError) as caught:
        aws.session(Target(OWN, "eu-central-1")).call("ec2", "create_vpc", CidrBlock="10.0.0.0/4")
    error = caught.value
    assert (error.service, error.operation, error.target) == ("ec2", "CreateVpc", f"{OWN}/eu-central-1")
    assert error.code == "InvalidVpc.Range"


def test_a_body_that_breaks_off_is_asked_for_anew(
    cut_off: Callable[[int], tuple[str, list[str]]], environ: dict[str, str], tmp_path: Path
) -> None:
    url, asked = cut_off(2)
    with Aws(environ=environ | {"AWS_ENDPOINT_URL": url}) as aws:
        session = aws.session_as(Target(OWN, "eu-central-1"), None)
        assert session.download("s3", "get_object", tmp_path / "it", Bucket="a-bucket", Key="it") == 10
    assert (tmp_path / "it").read_bytes() == b"0123456789"
    assert len(asked) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["it"]


def test_a_body_that_always_breaks_off_is_an_error_of_aws_and_leaves_no_file(
    cut_off: Callable[[int], tuple[str, list[str]]], environ: dict[str, str], tmp_path: Path
) -> None:
    url, asked = cut_off(99)
    with Aws(environ=environ | {"AWS_ENDPOINT_URL": url}) as aws:
        session = aws.session_as(Target(OWN, "eu-central-1"), None)
        with pytest.raises(Unreachable) as raised:
            session.download("s3", "get_object", tmp_path / "it", Bucket="a-bucket", Key="it")
    assert raised.value.operation == "GetObject"
    assert len(asked) == 3
    assert list(tmp_path.iterdir()) == []
