"""The week of a schedule: what it wants at every minute of a wall-clock week, and periods from that.

Most dialects know nothing but weeks. Minutes of the week count from Monday 00:00 to 10079.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lamplighter.errors import DefinitionError
from lamplighter.schedules.clock_times import DAY
from lamplighter.schedules.days import DayRule, parse_days
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.day_words import WEEK, clock, day_fields, is_weekly, week_moment
from lamplighter.schedules.dialects.translation import Inexpressible, compiled
from lamplighter.schedules.timeline import State

Interval = tuple[int, int]
"""Minutes [begin, end) of the week; the begin lies in the week, the end may lie in the next one."""

_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Week:
    """What a schedule wants, week after week.

    Attributes:
        zone: IANA zone of the wall clock.
        lit: when it is to run, in order, maximal; the whole week is one interval (0, 10080).
    """

    zone: str
    lit: tuple[Interval, ...]

    @property
    def always(self) -> bool:
        """Whether it is never put out."""
        return self.lit == ((0, WEEK),)

    @property
    def out(self) -> tuple[Interval, ...]:
        """When it is to be out, in order, maximal."""
        if not self.lit:
            return ((0, WEEK),)
        ends = [(self.lit[i - 1][1], begin) for i, (begin, _) in enumerate(self.lit)]
        found = [(end % WEEK, begin if begin > end % WEEK else begin + WEEK) for end, begin in ends]
        return () if self.always else tuple(sorted(found))


def week_of(
    schedule: ScheduleDefinition, periods: Mapping[str, PeriodDefinition], *, default_timezone: str = "UTC"
) -> Week:
    """The week of a schedule.

    Raises:
        Inexpressible: it is not the same every week, leaves the state open, or is not valid.
    """
    own = {name: periods[name] for name in (text.partition("@")[0] for text in schedule.periods) if name in periods}
    zone = schedule.timezone or default_timezone
    if schedule.ignore:
        raise Inexpressible("the schedule says to leave resources alone", "remove the tag instead")
    for name, period in own.items():
        _expect_weekly(name, period, zone)
    if schedule.open or schedule.closed:
        raise Inexpressible("the schedule has calendars", "write it without them, and list the days elsewhere")
    utc = {name: period.model_copy(update={"timezone": None}) for name, period in own.items()}
    try:
        ready = compiled("schedule", schedule.model_copy(update={"timezone": "UTC"}), utc)
    except DefinitionError as error:
        raise Inexpressible("; ".join(str(problem) for problem in error.problems)) from error
    line = ready.timeline(_MONDAY, _MONDAY + timedelta(days=7))
    if any(value.state is State.ANY for value in line.values):
        raise Inexpressible("the schedule leaves the state open at times", "give its periods a begin and an end")
    minutes = [(start - line.start) // 60 for start in line.starts]
    stretches = zip(minutes, [*minutes[1:], WEEK], line.values, strict=True)
    return Week(zone, joined((begin, end) for begin, end, value in stretches if value.state is State.RUNNING))


def _expect_weekly(name: str, period: PeriodDefinition, zone: str) -> None:
    if period.only_on or period.not_on:
        raise Inexpressible(f"period {name} asks a calendar", "write it without the calendar")
    if period.dates:
        raise Inexpressible(f"period {name} names dates", "write it without them")
    if period.timezone not in (None, zone):
        raise Inexpressible(f"period {name} has a zone of its own", f"write its times in {zone}")
    try:
        rule = parse_days(period.weekdays, period.monthdays, period.months)
    except ValueError as error:
        raise Inexpressible(f"period {name}: {error}") from error
    if not is_weekly(rule):
        raise Inexpressible(f"period {name} is not the same every week", "write it with weekdays only")


def joined(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Intervals of a circular week, in order, with those that touch or overlap made one."""
    lit = [False] * WEEK
    for begin, end in intervals:
        for minute in range(begin, end):
            lit[minute % WEEK] = True
    if all(lit):
        return ((0, WEEK),)
    begins = [m for m in range(WEEK) if lit[m] and not lit[m - 1]]
    ends = [m for m in range(WEEK) if not lit[m] and lit[m - 1]]
    ends += [end + WEEK for end in ends[:1]]
    return tuple((begin, min(end for end in ends if end > begin)) for begin in begins)


def between_edges(on: Iterable[int], off: Iterable[int]) -> tuple[Interval, ...]:
    """When it is lit if it is switched on and off at these minutes of the week, both given, none in both."""
    edges = sorted([*((minute, True) for minute in on), *((minute, False) for minute in off)])
    ends = [minute for minute, _ in edges[1:]] + [edges[0][0] + WEEK]
    return joined((minute, end) for (minute, starts), end in zip(edges, ends, strict=True) if starts)


def week_periods(intervals: Sequence[Interval]) -> list[PeriodDefinition]:
    """Running periods that are on in these intervals, in order: daily times first, then spans over days."""
    daily: dict[tuple[int, int], int] = {}
    spans: list[str] = []
    for begin, end in intervals:
        day, at = divmod(begin, DAY)
        length = end - begin
        if at == 0 and length % DAY == 0:
            for number in range(day, day + length // DAY):
                daily[0, DAY] = daily.get((0, DAY), 0) | 1 << number % 7
        elif length < DAY:
            daily[at, at + length] = daily.get((at, at + length), 0) | 1 << day
        else:
            spans.append(f"{week_moment(begin)} - {week_moment(end)}")
    found = [
        PeriodDefinition.model_validate({**times_fields(begin, end), **day_fields(DayRule(weekdays=mask))})
        for (begin, end), mask in daily.items()
    ]
    return [*found, PeriodDefinition(weekly=tuple(spans))] if spans else found


def times_fields(begin: int, end: int) -> dict[str, str]:
    """Fields of a period from minute `begin` to minute `end` of a day; none for a whole day."""
    if (begin, end) == (0, DAY):
        return {}
    return {"begintime": clock(begin), "endtime": clock(end if end <= DAY else end - DAY)}


def bridged_note(intervals: Sequence[Interval]) -> list[str]:
    """A note if a gap of one minute would be bridged."""
    later = [*intervals[1:], *((b + WEEK, e + WEEK) for b, e in intervals[:1])]
    if any(begin - end == 1 for (_, end), (begin, _) in zip(intervals, later, strict=True)):
        return ["a gap of one minute between two lit spans is bridged: nothing is stopped for one minute"]
    return []


def masked(minutes: Iterable[int]) -> dict[int, int]:
    """Minutes of the week as masks of weekdays by minute of the day."""
    found: dict[int, int] = {}
    for minute in minutes:
        day, at = divmod(minute % WEEK, DAY)
        found[at] = found.get(at, 0) | 1 << day
    return found
