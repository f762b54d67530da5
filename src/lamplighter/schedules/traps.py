"""Definitions that are valid but probably not meant: warnings for `validate` and `next`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from lamplighter.errors import Problem
from lamplighter.schedules.clock_times import DAY
from lamplighter.schedules.compiler import Period
from lamplighter.schedules.definitions import ScheduleDefinition
from lamplighter.schedules.loading import Loaded
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.timeline import State
from lamplighter.schedules.zones import epoch, instant, offsets

_SSM_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{3,128}")
"""Source: Systems Manager API Reference, `CreateMaintenanceWindow`, Name."""


def warnings(loaded: Loaded, now: datetime) -> list[Problem]:
    """Everything worth a warning, in order of schedules.

    Args:
        loaded: the definitions.
        now: aware datetime; daylight-saving changes of the year after it are looked at.
    """
    found: list[Problem] = []
    for name, schedule in loaded.schedules.items():
        periods = [loaded.periods[text.partition("@")[0]] for text in schedule.definition.periods]
        where = f"schedules.{name}"
        found += _one_sided(where, periods)
        found += _windows(where, schedule.definition)
        if any(group.bridges for group in schedule.groups):
            found += _short_gaps(where, periods)
        found += [
            Problem(where, text, hint) for text, hint in daylight_saving(schedule, now, now + timedelta(days=366))
        ]
        found += _change_calendars(schedule, loaded, now)
    for name, period in loaded.periods.items():
        found += _lonely(f"periods.{name}", period)
    return found


def _one_sided(where: str, periods: Sequence[Period]) -> Iterator[Problem]:
    begins = [p for p in periods if p.definition.begintime is not None and p.definition.endtime is None]
    ends = [p for p in periods if p.definition.endtime is not None and p.definition.begintime is None]
    two_sided = [p for p in periods if p.definition.begintime is not None and p.definition.endtime is not None]
    for begin in begins:
        for end in ends:
            yield Problem(
                where,
                f"period {begin.name} has only a begin, {end.name} only an end; they do not combine, so nothing stops",
                f"write one period from {begin.definition.begintime} to {end.definition.endtime}",
            )
        if begin.definition.weekdays:
            yield Problem(
                where,
                f"period {begin.name} has only a begin; it is put out at 00:00 of the first day that does not match",
                "give it an endtime",
            )
    for end in ends:
        for both in two_sided:
            yield Problem(
                where,
                f"after {both.name} ends, period {end.name} leaves the state open until {end.definition.endtime}",
                "remove the period with only an end, or extend the other",
            )


def _windows(where: str, given: ScheduleDefinition) -> Iterator[Problem]:
    place = f"{where}.ssm_maintenance_window"
    for name in given.ssm_maintenance_window:
        if not _SSM_NAME.fullmatch(name):
            hint = "SSM names have 3 to 128 letters, digits, dots, hyphens and underscores"
            yield Problem(place, f"no maintenance window can be called {name!r}", hint)
    if given.ssm_maintenance_window and (given.stop_only or not given.use_maintenance_window):
        why = "stop_only never starts" if given.stop_only else "use_maintenance_window is off"
        yield Problem(place, f"the maintenance windows are not used: {why}", "remove one of the two")


def _lonely(where: str, period: Period) -> Iterator[Problem]:
    given = period.definition
    if given.endtime is not None and given.begintime is None and given.endtime.lstrip("0:") == "":
        yield Problem(
            f"{where}.endtime", "endtime 00:00 alone puts out for the whole day", "write 24:00 for midnight at its end"
        )
    if given.endtime == "23:59":
        yield Problem(
            f"{where}.endtime",
            "an endtime of 23:59 leaves out the last minute of the day unless another period follows",
            "write 24:00",
        )


def _change_calendars(schedule: Schedule, loaded: Loaded, now: datetime) -> Iterator[Problem]:
    where = f"schedules.{schedule.name}"
    for field, other, closed, word in (("closed", "open", True, "closed"), ("open", "closed", False, "open")):
        for name in getattr(schedule.definition, field):
            calendar = loaded.calendars[name]
            if calendar.change_calendar and calendar.closed_by_default is closed:
                yield Problem(
                    f"{where}.{field}",
                    f"Change Calendar {name} is {word} by default: its events are the times in which it is not",
                    f"did you mean {other} or freeze?",
                )
    for freeze in schedule.freezes:
        if freeze.state_at(now).state is State.STOPPED and not freeze.transitions(now, now + timedelta(days=366)):
            yield Problem(
                f"{where}.freeze",
                f"calendar {freeze.name} forbids change for the whole year to come: nothing is started or stopped",
                "add events to it, or take it out of freeze",
            )


def _short_gaps(where: str, periods: Sequence[Period]) -> Iterator[Problem]:
    spans = [
        (span.begin, span.end, period.name)
        for period in periods
        if period.definition.state == "running"
        for part in period.parts
        for span in part.spans
        if span.has_begin
    ]
    for _, end, first in spans:
        for begin, _, second in spans:
            if (begin - end) % DAY == 1:
                yield Problem(
                    where,
                    f"between the end of {first} and the begin of {second} lies one minute; it is bridged",
                    "let the periods touch",
                )


def daylight_saving(schedule: Schedule, start: datetime, end: datetime) -> list[tuple[str, str]]:
    """What the zone's offset changes do to a schedule in [start, end).

    Returns:
        (message, hint) for each span that a spring day lacks and each repeated autumn change.
    """
    if schedule.definition.override_status is not None:
        return []
    found: list[tuple[str, str]] = []
    stretches = list(offsets(schedule.zone, epoch(start), epoch(end)))
    for (_, change, before), (_, _, after) in pairwise(stretches):
        shift = abs(after - before)
        if not shift:  # stretches also end with the year
            continue
        day = instant(change).astimezone(schedule.zone)
        if after > before:
            found += _skipped(schedule, change, before, shift, day)
        else:
            found += _repeated(schedule, change, shift, day)
    return found


def _skipped(schedule: Schedule, change: int, before: int, shift: int, day: datetime) -> Iterator[tuple[str, str]]:
    wall = change + before
    for group in schedule.groups:
        if group.zone.key != schedule.zone.key:
            continue
        first = wall // 86_400
        line = group.wall_line(first, first)
        for (minute, choice), (until, _) in pairwise(line):
            if choice.rank.lit and wall <= minute * 60 and until * 60 <= wall + shift:
                span = f"{minute % DAY // 60:02}:{minute % 60:02}-{until % DAY // 60:02}:{until % 60:02}"
                yield (
                    f"on {day:%Y-%m-%d} the clock skips {span}, so this span does not take place",
                    "move it outside of the hour that is skipped",
                )


def _repeated(schedule: Schedule, change: int, shift: int, day: datetime) -> Iterator[tuple[str, str]]:
    timeline = schedule.timeline(instant(change - shift), instant(change + shift))
    before, after = timeline.at(change - 1), timeline.at(change)
    if before.state is not after.state and State.ANY not in (before.state, after.state):
        yield (
            f"on {day:%Y-%m-%d} the hour from {day:%H:%M} comes twice, and so does the change in it",
            "move the change outside of the repeated hour to avoid a short flap",
        )
