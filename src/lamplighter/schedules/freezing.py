"""Calendars of `freeze`: while one forbids change, passes leave everything as it is.

A calendar of days and events forbids change in them, an SSM Change Calendar as its type says. What a schedule wants is
not touched by that: it is what will be done as soon as change is allowed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from lamplighter.schedules.timeline import State, Timeline, join
from lamplighter.schedules.zones import epoch, instant

if TYPE_CHECKING:
    from lamplighter.schedules.schedule import Schedule

_BEFORE: Final = timedelta(days=400)
"""How far back the begin of a freeze is looked for; one that is older has no begin."""
_AHEAD: Final = timedelta(days=400)
"""How far ahead its end is looked for, to be told."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """A stretch of time in which change is forbidden.

    Attributes:
        calendar: name of the calendar that forbids it.
        begin: aware UTC datetime, included.
        end: aware UTC datetime, not included.
    """

    calendar: str
    begin: datetime
    end: datetime


def frozen(schedule: Schedule, at: datetime) -> str | None:
    """Which calendar forbids change at an aware datetime, as a clause for people; None if none does."""
    calendar = next((one for one in schedule.freezes if one.state_at(at).state is State.STOPPED), None)
    if calendar is None:
        return None
    ends = calendar.transitions(at, at + _AHEAD)[:1]
    until = f" until {ends[0].at.astimezone(schedule.zone):%Y-%m-%d %H:%M} {schedule.zone.key}" if ends else ""
    return f"calendar {calendar.name} forbids change{until}"


def freezes(schedule: Schedule, start: datetime, end: datetime) -> list[Freeze]:
    """Every stretch in [start, end) in which a calendar forbids change, by begin; two calendars' may overlap."""
    found = []
    for calendar in schedule.freezes:
        timeline = calendar.timeline(start, end)
        for (begin, stop), value in zip(pairwise((*timeline.starts, timeline.end)), timeline.values, strict=True):
            if value.state is State.STOPPED:
                found.append(Freeze(calendar.name, instant(begin), instant(stop)))
    return sorted(found, key=lambda freeze: (freeze.begin, freeze.end, freeze.calendar))


def expected(schedule: Schedule, start: datetime, end: datetime) -> Timeline:
    """What passes can follow over [start, end): in a freeze what was wanted before it goes on.

    For resources that were as the schedule wanted them when the freeze began.

    Raises:
        ValueError: a naive datetime, or an end that is not after the start.
    """
    wanted = schedule.timeline(start, end)
    if not schedule.freezes:
        return wanted
    first = epoch(start)
    spans = _joined([(epoch(f.begin), epoch(f.end)) for f in freezes(schedule, start - _BEFORE, end)])
    inside = [(begin, stop) for begin, stop in spans if stop > first]
    cuts = sorted({*wanted.starts, *(stop for _, stop in inside if stop < wanted.end)})
    pieces = []
    for at in cuts:
        begin = next((begin for begin, stop in inside if begin <= at < stop), None)
        if begin is None:
            pieces.append((at, wanted.at(at)))
        elif at == first and begin <= first:
            pieces.append((at, schedule.state_at(instant(begin - 1))))
    return join(wanted.start, wanted.end, pieces)


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans, those that overlap or touch made one."""
    joined: list[tuple[int, int]] = []
    for begin, stop in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((begin, stop))
    return joined
