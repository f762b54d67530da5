from __future__ import annotations

import pytest
from tests.notify.conftest import Calls, MakeMeans

from lamplighter.errors import AccessDenied, SendError
from lamplighter.notify.references import check_reference, permissions_of, read_secret

PARAMETER = {"get_parameter": {"Parameter": {"Value": " hidden \n"}}}
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:lamp/slack-AbCdEf"


@pytest.mark.parametrize(
    ("text", "calls", "asked"),
    [
        ("env:HOOK", Calls(), []),
        (
            "ssm:/lamp/hook",
            Calls(PARAMETER),
            [("", "ssm", "get_parameter", {"Name": "/lamp/hook", "WithDecryption": True})],
        ),
        (
            "ssm:arn:aws:ssm:us-east-1:111122223333:parameter/lamp/hook",
            Calls(PARAMETER),
            [
                (
                    "us-east-1",
                    "ssm",
                    "get_parameter",
                    {"Name": "arn:aws:ssm:us-east-1:111122223333:parameter/lamp/hook", "WithDecryption": True},
                )
            ],
        ),
        (
            "secretsmanager:lamp/slack",
            Calls({"get_secret_value": {"SecretString": "hidden"}}),
            [("", "secretsmanager", "get_secret_value", {"SecretId": "lamp/slack"})],
        ),
        (
            f"secretsmanager:{SECRET_ARN}#url",
            Calls({"get_secret_value": {"SecretString": '{"url": "hidden", "other": 1}'}}),
            [("eu-west-1", "secretsmanager", "get_secret_value", {"SecretId": SECRET_ARN})],
        ),
    ],
)
def test_a_secret_is_read_where_it_is_kept(text: str, calls: Calls, asked: list[object], means: MakeMeans) -> None:
    check_reference(text)
    assert read_secret(text, means(calls, HOOK="hidden")) == "hidden"
    assert calls.asked == asked


@pytest.mark.parametrize(
    ("text", "answers", "message"),
    [
        ("env:NOBODY", {}, "the variable NOBODY is not set"),
        ("env:EMPTY", {}, "the variable EMPTY is not set"),
        ("secretsmanager:x#url", {"get_secret_value": {"SecretString": "plain"}}, "is no JSON object with 'url'"),
        ("secretsmanager:x#url", {"get_secret_value": {"SecretString": '{"a": 1}'}}, "is no JSON object with 'url'"),
        ("secretsmanager:x#url", {"get_secret_value": {"SecretString": '{"url": 1}'}}, "holds no text"),
        ("secretsmanager:x", {"get_secret_value": {"SecretBinary": b"x"}}, "holds no text"),
        ("ssm:x", {"get_parameter": {"Parameter": {"Value": " "}}}, "holds no text"),
    ],
)
def test_a_secret_that_is_not_there(text: str, answers: dict[str, object], message: str, means: MakeMeans) -> None:
    with pytest.raises(SendError, match=message) as raised:
        read_secret(text, means(Calls(answers), EMPTY=""))
    assert raised.value.hint


def test_a_refusal_of_aws_is_passed_on(means: MakeMeans) -> None:
    with pytest.raises(AccessDenied):
        read_secret("ssm:x", means(Calls({"get_parameter": AccessDenied("no")})))


@pytest.mark.parametrize(
    "text", ["hunter2", "https://hooks.slack.com/services/T/B/secret", "env:", "env:1X", "file:x", "ssm:a b", ""]
)
def test_a_secret_itself_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="a secret stands where a reference to it is wanted") as raised:
        check_reference(text)
    assert len(text) < 5 or text not in str(raised.value)


def test_permissions_of_references() -> None:
    assert permissions_of("env:X") == ()
    assert permissions_of("ssm:/x") == ("ssm:GetParameter",)
    assert permissions_of("secretsmanager:x#y") == ("secretsmanager:GetSecretValue",)
