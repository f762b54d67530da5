"""Schedules of EventBridge Scheduler."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.deploy.check import Status
from lamplighter.deploy.health.part import Ask, Fact, Part, Piece, Scene, held
from lamplighter.resources.kind import Session


class Schedule(Part):
    """A schedule: there, and on."""

    types = ("AWS::Scheduler::Schedule",)
    title = "EventBridge Scheduler schedule"
    source = "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListSchedules.html"
    permissions = ("scheduler:ListSchedules",)
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    # The physical id is the name alone, without the group; names are found in every group.
    found = session.pages("scheduler", "list_schedules", "Schedules", NamePrefix=piece.physical)
    states = [str(each.get("State", "")) for each in found if each.get("Name") == piece.physical]
    if not states:
        yield Fact(Status.FAIL, "it is not there", "somebody removed it: deploy the stack again")
    else:
        on = "ENABLED" in states
        yield held(on, "on", "it is off", "enable it, unless it was put off on purpose (SchedulingActive)")
