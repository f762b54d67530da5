"""How long a schedule is lit, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

from lamplighter.schedules.freezing import expected
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.timeline import State, Timeline
from lamplighter.schedules.zones import epoch, instant

_BEFORE = timedelta(days=35)
"""How far to look back for what an open stretch goes on from; every period comes round within it or rarely."""


@dataclass(frozen=True, slots=True)
class LitSpan:
    """A stretch of one local day in which a resource is lit.

    Attributes:
        begin: aware datetime in the schedule's zone.
        end: aware datetime in the schedule's zone; the next midnight at the latest.
        period: the period or calendar that decided at its begin, or None when it only goes on from before.
    """

    begin: datetime
    end: datetime
    period: str | None


@dataclass(frozen=True, slots=True)
class LitDay:
    """One local day of a schedule.

    Attributes:
        day: the day on the wall clock of the schedule's zone.
        spans: when it is lit, in order.
    """

    day: date
    spans: tuple[LitSpan, ...]

    @property
    def hours(self) -> Decimal:
        """Real hours lit: a day that daylight saving makes 23 hours long has 23 at most."""
        return sum((Decimal(epoch(span.end) - epoch(span.begin)) for span in self.spans), Decimal(0)) / 3600


def lit_days(schedule: Schedule, first: date, last: date) -> list[LitDay]:
    """When a schedule is lit on each local day from `first` to `last`, both included.

    A stretch that the schedule leaves open goes on as it was before, as a resource would.

    Raises:
        ValueError: `last` is before `first`.
    """
    midnights = [_midnight(schedule, first + timedelta(days=n)) for n in range((last - first).days + 2)]
    if len(midnights) < 2:
        raise ValueError("the last day comes before the first")
    timeline = expected(schedule, midnights[0] - _BEFORE, midnights[-1])
    lit = list(_lit(timeline))
    days = []
    for number, (begin, end) in enumerate(pairwise(midnights)):
        low, high = epoch(begin), epoch(end)
        spans = tuple(
            LitSpan(_local(schedule, max(start, low)), _local(schedule, min(stop, high)), by)
            for start, stop, by in lit
            if start < high and low < stop
        )
        days.append(LitDay(first + timedelta(days=number), spans))
    return days


def _lit(timeline: Timeline) -> Iterator[tuple[int, int, str | None]]:
    """(begin, end, period) in epoch seconds; neighbours with the same period are one."""
    lit = False
    pending: tuple[int, int, str | None] | None = None
    for start, end, value in zip(timeline.starts, (*timeline.starts[1:], timeline.end), timeline.values, strict=True):
        lit = lit if value.state is State.ANY else value.state is State.RUNNING
        if not lit:
            continue
        if pending and pending[1] == start and pending[2] == value.period:
            pending = (pending[0], end, pending[2])
        else:
            if pending:
                yield pending
            pending = (start, end, value.period)
    if pending:
        yield pending


def _local(schedule: Schedule, seconds: int) -> datetime:
    return instant(seconds).astimezone(schedule.zone)


def _midnight(schedule: Schedule, day: date) -> datetime:
    return datetime.combine(day, time(), schedule.zone)
