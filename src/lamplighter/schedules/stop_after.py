"""`stop_after`: what is lit without being asked for is put out after a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from lamplighter.schedules.durations import duration_text
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.timeline import State

SOON: Final = timedelta(minutes=30)
"""What the schedule lights within this is not put out before: a stop and a start would follow each other."""


def unasked(schedule: Schedule, at: datetime) -> str | None:
    """Why what has been lit for `stop_after` is to be put out, as a clause.

    None while the schedule asks for running, for `stop_after` after it did, and shortly before it will; and without
    `stop_after`. So a machine that its schedule lit is not put out for hours in which it was wanted.

    Args:
        schedule: its schedule.
        at: aware datetime.
    """
    longest = schedule.definition.stop_after
    if longest is None or any(
        value.state is State.RUNNING for value in schedule.timeline(at - longest, at + SOON).values
    ):
        return None
    return f"it has been lit for {duration_text(longest)} or longer, and its schedule did not ask for it"
