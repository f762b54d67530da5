"""Rules of EventBridge."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.deploy.health.part import Ask, Fact, Part, Piece, Scene, held
from lamplighter.resources.kind import Session


class Rule(Part):
    """A rule: there, and on."""

    types = ("AWS::Events::Rule",)
    title = "EventBridge rule"
    source = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeRule.html"
    permissions = ("events:DescribeRule",)
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    # The physical id of a rule on another bus than the default one is BUS|NAME.
    bus, _bar, name = piece.physical.rpartition("|")
    where = {"EventBusName": bus} if bus else {}
    answer = session.call("events", "describe_rule", Name=name, **where)
    yield held(
        str(answer.get("State", "")).startswith("ENABLED"),
        "on",
        "it is off",
        "enable it, unless it was put off on purpose",
    )
