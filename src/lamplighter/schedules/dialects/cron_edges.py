"""From cron expressions that start and stop to periods: the state between the starts and the stops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from lamplighter.schedules.clock_times import DAY
from lamplighter.schedules.days import DayRule
from lamplighter.schedules.definitions import PeriodDefinition, State
from lamplighter.schedules.dialects.cron import Cron
from lamplighter.schedules.dialects.day_words import clock, day_fields, is_weekly, span, stretches, week_moment
from lamplighter.schedules.dialects.translation import Inexpressible
from lamplighter.schedules.dialects.week import (
    Interval,
    between_edges,
    bridged_note,
    masked,
    times_fields,
    week_periods,
)

EDGES = (
    "cron acts at its minute only; Lamplighter keeps the state between start and stop: what was missed then is done "
    "later, and what is new is brought to the state of the moment"
)
_Days = tuple[tuple[DayRule, ...], frozenset[int] | None]


@dataclass(frozen=True, slots=True)
class Found:
    """What starts and stops amount to.

    Attributes:
        periods: the periods.
        otherwise: the state when no period speaks; None for the default.
        notes: what is different.
    """

    periods: tuple[PeriodDefinition, ...]
    otherwise: State | None
    notes: tuple[str, ...]


def cron_periods(starts: Sequence[Cron], stops: Sequence[Cron]) -> Found:
    """Periods with the state that starts and stops leave between them.

    Raises:
        Inexpressible: periods cannot say it.
    """
    if not stops or not starts:
        return _one_sided(starts, stops)
    if all(_is_weekly(cron) for cron in (*starts, *stops)):
        on, off = ({minute for cron in crons for minute in _week_minutes(cron)} for crons in (starts, stops))
        if on & off:
            raise Inexpressible(f"start and stop fall together, {week_moment(min(on & off))}", "move one of them")
        intervals = between_edges(on, off)
        return Found(tuple(week_periods(intervals)), None, (EDGES, *_dst_note(intervals), *bridged_note(intervals)))
    return _by_day(starts, stops)


def _is_weekly(cron: Cron) -> bool:
    return cron.years is None and all(is_weekly(rule) for rule in cron.days)


def _week_minutes(cron: Cron) -> Iterator[int]:
    for day in range(7):
        if any(rule.weekdays >> day & 1 for rule in cron.days):
            yield from (day * DAY + at for at in cron.times)


def _dst_note(intervals: Sequence[Interval]) -> list[str]:
    early = any(minute % DAY < 4 * 60 for interval in intervals for minute in interval)
    return [DST] if early else []


DST = (
    "where the clock changes: a cron minute that a spring day lacks is left out, and one that comes twice is taken "
    "once; Lamplighter changes when the wall clock passes it, and in a repeated hour both times"
)


def _one_sided(starts: Sequence[Cron], stops: Sequence[Cron]) -> Found:
    """Only starts: running from then until midnight and open for the rest; only stops: the same with stopped."""
    found: list[PeriodDefinition] = []
    said = "start" if starts else "stop"
    notes = [
        EDGES,
        f"there is no {'stop' if starts else 'start'}; the {said} holds until midnight, then nothing is done",
    ]
    for cron in starts or stops:
        at = cron.times[0]
        if len(cron.times) > 1:
            notes.append(f"of several {said}s a day the first is kept, {clock(at)}")
        times = {"begintime": clock(at)} if starts else {"endtime": clock(at)}
        found += [_period(rule, cron.years, times) for rule in cron.days]
    return Found(tuple(found), "any", tuple(notes))


def _period(rule: DayRule, years: frozenset[int] | None, fields: Mapping[str, object]) -> PeriodDefinition:
    dates: dict[str, object] = {}
    if years is not None:
        ranges = stretches(set(years), 1970, 2199, wraps=False)
        dates = {"dates": tuple(f"{first}-01-01..{last}-12-31" for first, last in ranges)}
    return PeriodDefinition.model_validate({**fields, **day_fields(rule), **dates})


def _by_day(starts: Sequence[Cron], stops: Sequence[Cron]) -> Found:
    """Starts and stops on the same days, each start with its stop on the same day."""
    groups: dict[_Days, tuple[set[int], set[int]]] = {}
    for crons, which in ((starts, 0), (stops, 1)):
        for cron in crons:
            groups.setdefault((cron.days, cron.years), (set(), set()))[which].update(cron.times)
    if len(groups) > 1 and not _apart(groups):
        raise Inexpressible("start and stop name different days", "give both the same days, or weekdays only")
    periods: list[PeriodDefinition] = []
    for (rules, years), (on, off) in groups.items():
        spans = _day_spans(on, off)
        times: dict[str, object] = {"times": tuple(span(begin, end) for begin, end in spans)}
        fields = times if len(spans) > 1 else dict(times_fields(*spans[0]))
        periods += [_period(rule, years, fields) for rule in rules]
    return Found(tuple(periods), None, (EDGES,))


def _day_spans(on: set[int], off: set[int]) -> list[tuple[int, int]]:
    if not on or not off:
        raise Inexpressible("some days have a start or a stop only", "give both the same days, or weekdays only")
    if on & off:
        raise Inexpressible(f"start and stop fall together, at {clock(min(on & off))}", "move one of them")
    if max(on) > max(off):
        raise Inexpressible(
            f"after the start at {clock(max(on))} there is no stop on the same day",
            f"a period {span(max(on), min(off) + DAY)} on these days, which stops on the day after each of them",
        )
    spans: list[tuple[int, int]] = []
    for begin in sorted(on):
        end = min(minute for minute in off if minute > begin)
        if not spans or spans[-1][1] != end:
            spans.append((begin, end))
    return spans


def _apart(groups: Iterable[_Days]) -> bool:
    """Whether no day belongs to two groups; looked up over 28 years, in which weekdays and dates come back."""
    crons = [Cron(frozenset(), frozenset(), rules, years) for rules, years in groups]
    first = date(2020, 1, 1).toordinal()
    days = (date.fromordinal(number) for number in range(first, first + 28 * 366))
    return all(sum(cron.matches_day(day) for cron in crons) < 2 for day in days)


@dataclass(frozen=True, slots=True)
class WeekTimes:
    """Minutes and hours on some weekdays, as one cron expression can say them.

    Attributes:
        minute: minute of the hour.
        hours: the hours.
        weekdays: mask, Monday first.
    """

    minute: int
    hours: tuple[int, ...]
    weekdays: int


def week_times(edges: Iterable[int]) -> list[WeekTimes]:
    """Minutes of the week put together into as few expressions as are plain to read."""
    found: dict[tuple[int, int], list[int]] = {}
    for at, weekdays in sorted(masked(edges).items()):
        found.setdefault((at % 60, weekdays), []).append(at // 60)
    return [WeekTimes(minute, tuple(hours), weekdays) for (minute, weekdays), hours in found.items()]
