"""Buses of EventBridge."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lamplighter.deploy.check import Status
from lamplighter.deploy.health.part import DEPLOY_AGAIN, Ask, Fact, Part, Piece, Scene
from lamplighter.resources.kind import Session


class Bus(Part):
    """An event bus: there, and members may put events on it."""

    types = ("AWS::Events::EventBus",)
    title = "EventBridge bus"
    source = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeEventBus.html"
    permissions = ("events:DescribeEventBus",)
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    policy = session.call("events", "describe_event_bus", Name=piece.physical).get("Policy")
    statements = json.loads(policy).get("Statement", []) if policy else []
    if statements:
        yield Fact(Status.OK, "other accounts may put events on it")
    else:
        yield Fact(Status.WARN, "no other account may put events on it", f"if there are members, {DEPLOY_AGAIN}")
