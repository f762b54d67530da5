"""From schedules to the hours in which they let things run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from lamplighter.commitments.sizing.demand import HOUR
from lamplighter.schedules.timeline import State

if TYPE_CHECKING:
    from lamplighter.commitments.sizing.demand import Bools
    from lamplighter.schedules.schedule import Schedule


def lit_hours(schedule: Schedule, start: datetime, hours: int) -> Bools:
    """One value an hour: False if the schedule wants its resources stopped for the whole of it.

    An hour that is stopped in part was paid for in part; the sample of it tells how much, so it is left as it was.

    Args:
        schedule: compiled.
        start: beginning of the first hour, aware.
        hours: how many.
    """
    import numpy as np

    timeline = schedule.timeline(start, start + hours * HOUR)
    found = np.zeros(hours, dtype=bool)
    ends = (*timeline.starts[1:], timeline.end)
    for begin, end, value in zip(timeline.starts, ends, timeline.values, strict=True):
        if value.state is not State.STOPPED:
            found[(begin - timeline.start) // 3600 : -(-(end - timeline.start) // 3600)] = True
    return found


def lit_by_schedule(
    schedules: Mapping[str, Schedule], names: Iterable[str], start: datetime, hours: int
) -> dict[str, Bools]:
    """`lit_hours` of those schedules that there are."""
    return {name: lit_hours(schedules[name], start, hours) for name in sorted(set(names)) if name in schedules}
