"""Rules of EventBridge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamplighter.deploy.health.part import Ask, Fact, Part, Piece, Scene, held
from lamplighter.errors import NotFound
from lamplighter.resources.kind import Session


class Rule(Part):
    """A rule: there, and on."""

    types = ("AWS::Events::Rule",)
    title = "EventBridge rule"
    source = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeRule.html"
    permissions = ("events:DescribeRule", "events:ListEventBuses")
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    # The physical id of a rule on another bus than the default one is BUS|NAME.
    bus, _bar, name = piece.physical.rpartition("|")
    answer = _described(session, name, bus)
    yield held(
        str(answer.get("State", "")).startswith("ENABLED"),
        "on",
        "it is off",
        "enable it, unless it was put off on purpose",
    )


def _described(session: Session, name: str, bus: str) -> Mapping[str, Any]:
    """The rule on its bus; where the id names none, on the first bus that has it."""
    if bus:
        return session.call("events", "describe_rule", Name=name, EventBusName=bus)
    try:
        return session.call("events", "describe_rule", Name=name)
    except NotFound:
        for other in session.call("events", "list_event_buses").get("EventBuses", ()):
            try:
                return session.call("events", "describe_rule", Name=name, EventBusName=other["Name"])
            except NotFound:
                continue
        raise
