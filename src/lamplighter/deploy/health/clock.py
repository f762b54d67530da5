"""The clock's alarm, a schedule that no stack makes: it stands behind the custom resource that wakes the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from lamplighter.deploy.check import Status
from lamplighter.deploy.health.part import Ask, Fact, Part, Piece, Scene, held
from lamplighter.errors import NotFound
from lamplighter.resources.kind import Session
from lamplighter.scheduler.alarm import time_of

LATE: Final = timedelta(minutes=15)
"""A tick is over by then, and has set the alarm to the next one."""

_TICK: Final = "the clock's next tick makes and sets it: see docs/runbook.md, nothing happens"


class Clock(Part):
    """The alarm: there, on, and set to a time that is still to come."""

    types = ("Custom::LamplighterClock",)
    title = "Alarm of the clock"
    source = "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html"
    permissions = ("scheduler:GetSchedule",)
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, scene: Scene) -> Iterator[Fact]:
    group, _, name = piece.physical.partition("/")
    try:
        found = session.call("scheduler", "get_schedule", GroupName=group, Name=name)
    except NotFound:
        yield Fact(Status.FAIL, "it is not there", _TICK)
        return
    on = found.get("State") == "ENABLED"
    yield held(on, "on", "it is off", "enable it, unless it was put off on purpose (SchedulingActive)")
    at = time_of(str(found.get("ScheduleExpression", "")))
    if at is None:
        yield Fact(Status.FAIL, "it is set to no time", _TICK)
    else:
        text = f"set to {at:%Y-%m-%d %H:%M} UTC"
        past = f"{text}, which is past"
        yield held(at > scene.now - LATE, text, past, "the clock does not tick: see docs/runbook.md, nothing happens")
