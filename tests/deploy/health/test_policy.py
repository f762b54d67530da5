"""Managed policies that are as they should be, and that are not."""

from __future__ import annotations

from tests.deploy.health.conftest import AGAIN, DENIED, health

from lamplighter.errors import NotFound

TYPE = "AWS::IAM::ManagedPolicy"


def test_a_policy() -> None:
    arn = "arn:aws:iam::111122223333:policy/it"
    assert health(TYPE, arn, get_policy={"Policy": {"Arn": arn, "AttachmentCount": 1}}) == ("ok", "attached to 1", "")
    assert health(TYPE, arn, get_policy={"Policy": {"Arn": arn, "AttachmentCount": 0}}) == (
        "fail",
        "attached to nothing: no role has its permissions",
        AGAIN,
    )
    assert health(TYPE, arn, get_policy=NotFound("no"))[:2] == ("fail", "it is not there")
    assert health(TYPE, arn, get_policy=DENIED)[0] == "not known"
