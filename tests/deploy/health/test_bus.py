"""Buses that are as they should be, and that are not."""

from __future__ import annotations

from tests.deploy.health.conftest import AGAIN, DENIED, health

from lamplighter.errors import NotFound

TYPE = "AWS::Events::EventBus"


def test_a_bus() -> None:
    policy = '{"Statement": [{"Sid": "accounts", "Effect": "Allow", "Action": "events:PutEvents"}]}'
    assert health(TYPE, describe_event_bus={"Name": "it", "Policy": policy}) == (
        "ok",
        "other accounts may put events on it",
        "",
    )
    for answer in ({"Name": "it"}, {"Name": "it", "Policy": '{"Statement": []}'}):
        assert health(TYPE, describe_event_bus=answer) == (
            "warn",
            "no other account may put events on it",
            f"if there are members, {AGAIN}",
        )
    assert health(TYPE, describe_event_bus=NotFound("no"))[:2] == ("fail", "it is not there")
    assert health(TYPE, describe_event_bus=DENIED)[0] == "not known"
