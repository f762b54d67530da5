"""From definitions to compiled schedules; every text is read here, and errors say where it goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TypeVar

from lamplighter.errors import DefinitionError, Problem
from lamplighter.schedules.calendars import Calendar
from lamplighter.schedules.clock_times import (
    DAY,
    DateRange,
    parse_dates,
    parse_time,
    parse_times,
    parse_weekly,
    span_minutes,
)
from lamplighter.schedules.days import EVERY_DAY, DayRule, GrammarError, parse_days
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.schedule import Schedule, Source
from lamplighter.schedules.timeline import State
from lamplighter.schedules.wall import Group, Part, Rank, Span
from lamplighter.schedules.zones import find_zone

T = TypeVar("T")
_INSTANCE_TYPE = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Period:
    """A compiled period, not yet bound to a zone.

    Attributes:
        name: its name.
        definition: what the user wrote.
        parts: its days and spans; the source index is set by the schedule.
        spans: how many spans the user wrote; gaps are bridged between two or more.
    """

    name: str
    definition: PeriodDefinition
    parts: tuple[Part, ...]
    spans: int


def compile_period(name: str, definition: PeriodDefinition, calendars: Mapping[str, Calendar]) -> Period:
    """Compile one period.

    Raises:
        DefinitionError: with every problem found, each at its field.
    """
    problems: list[Problem] = []
    where = f"periods.{name}"

    def read(field: str, reader: Callable[[], T], default: T) -> T:
        try:
            return reader()
        except GrammarError as error:
            problems.append(_problem(f"{where}.{field}", error))
            return default

    rule = EVERY_DAY
    for day_field in ("weekdays", "monthdays", "months"):
        texts: tuple[str, ...] = getattr(definition, day_field)
        one = read(day_field, lambda f=day_field, t=texts: parse_days(**{f: t}), EVERY_DAY)  # type: ignore[misc]
        rule = _both(rule, one)
    no_dates: tuple[DateRange, ...] = ()
    dates = read("dates", lambda: parse_dates(definition.dates), no_dates)
    if definition.timezone is not None:
        zone_name = definition.timezone
        read("timezone", lambda: find_zone(zone_name), None)
    only_on = _named_calendars(f"{where}.only_on", definition.only_on, calendars, problems)
    not_on = _named_calendars(f"{where}.not_on", definition.not_on, calendars, problems)
    daily = _daily_spans(definition, read, problems, where)
    days = Part(0, tuple(daily), rule, dates, None, only_on, not_on)
    parts = [days] if daily else []
    for text in definition.weekly:
        span = read("weekly", lambda t=text: parse_weekly(t), None)  # type: ignore[misc]
        if span is not None:
            rank = Rank.RUN if definition.state == "running" else Rank.CLOSED
            whole = Span(span.begin, span.begin + span.length, rank, True)
            parts.append(replace(days, spans=(whole,), rule=replace(rule, weekdays=1 << span.weekday)))
    if definition.weekly and definition.weekdays:
        problems.append(Problem(f"{where}.weekdays", "a weekly span brings its own weekdays", "remove weekdays"))
    if problems:
        raise DefinitionError(f"period {name!r} cannot be read", problems=tuple(problems))
    written = sum(text.count(",") + 1 for text in definition.times) + len(definition.weekly)
    return Period(name, definition, tuple(parts), max(1, written))


def _both(left: DayRule, right: DayRule) -> DayRule:
    """Put fields that were read one by one into one rule; a field that is missing is neutral in its rule."""
    return DayRule(
        months=left.months & right.months,
        weekdays=left.weekdays & right.weekdays,
        nth=left.nth | right.nth,
        last=left.last | right.last,
        monthdays=left.monthdays & right.monthdays,
        last_day=left.last_day or right.last_day,
        nearest=left.nearest | right.nearest,
    )


def _daily_spans(
    definition: PeriodDefinition,
    read: Callable[[str, Callable[[], list[Span]], list[Span]], list[Span]],
    problems: list[Problem],
    where: str,
) -> list[Span]:
    stops = definition.state == "stopped"
    rank = Rank.CLOSED if stops else Rank.RUN
    begin_text, end_text = definition.begintime, definition.endtime
    if definition.times:
        if begin_text is not None or end_text is not None:
            problems.append(
                Problem(f"{where}.times", "times stands beside begintime or endtime", "use one or the other")
            )
        return read("times", lambda: [Span(b, e, rank, True) for b, e in parse_times(definition.times)], [])
    if begin_text is None and end_text is None:
        return [] if definition.weekly else [Span(0, DAY, rank, False)]
    if definition.weekly:
        problems.append(Problem(f"{where}.weekly", "weekly stands beside begintime or endtime", "use one or the other"))
    if stops and (begin_text is None or end_text is None):
        problems.append(
            Problem(
                f"{where}.begintime", "a stop period needs both ends, or neither", "for an open end write endtime 24:00"
            )
        )
        return []
    begin = read("begintime", lambda: [_moment(begin_text, DAY - 1)] if begin_text is not None else [], [])
    end = read("endtime", lambda: [_moment(end_text, DAY)] if end_text is not None else [], [])
    if (begin_text is not None and not begin) or (end_text is not None and not end):
        return []
    if begin and end:
        return read("endtime", lambda: [Span(*span_minutes(begin[0].begin, end[0].begin), rank, True)], [])
    if begin:
        at = begin[0].begin
        return [Span(at, DAY, Rank.RUN, True), *([Span(0, at, Rank.ANY, False)] if at else [])]
    at = end[0].begin
    after = [Span(at, DAY, Rank.ENDED, False)] if at < DAY else []
    return [*([Span(0, at, Rank.ANY, False)] if at else []), *after]


def _moment(text: str, latest: int) -> Span:
    at = parse_time(text, latest=latest)
    return Span(at, at, Rank.NOTHING, False)


def _named_calendars(
    where: str, names: Sequence[str], calendars: Mapping[str, Calendar], problems: list[Problem]
) -> tuple[Calendar, ...]:
    found = []
    for name in names:
        if name in calendars:
            found.append(calendars[name])
        else:
            problems.append(
                Problem(where, f"calendar {name!r} is not defined or not valid", _did_you_mean(name, calendars))
            )
    return tuple(found)


def compile_schedule(
    name: str,
    definition: ScheduleDefinition,
    periods: Mapping[str, Period],
    calendars: Mapping[str, Calendar],
    *,
    default_timezone: str = "UTC",
) -> Schedule:
    """Compile one schedule.

    Args:
        name: the value of the schedule tag.
        definition: what the user wrote.
        periods: the valid periods, by name.
        calendars: the valid calendars, by name.
        default_timezone: IANA zone for a schedule that names none.

    Raises:
        DefinitionError: with every problem found, each at its field.
    """
    where = f"schedules.{name}"
    problems: list[Problem] = []
    try:
        zone = find_zone(definition.timezone or default_timezone)
    except GrammarError as error:
        problems.append(_problem(f"{where}.timezone", error))
        zone = find_zone("UTC")
    named = [_named_period(where, text, periods, problems) for text in definition.periods]
    opens = _named_calendars(f"{where}.open", definition.open, calendars, problems)
    closes = _named_calendars(f"{where}.closed", definition.closed, calendars, problems)
    freezes = _named_calendars(f"{where}.freeze", definition.freeze, calendars, problems)
    problems.extend(_contradictions(where, definition))
    problems.extend(
        Problem(f"{where}.instance_types", f"{text!r} is no instance type", "write for example m5.large")
        for text in definition.instance_types
        if not _INSTANCE_TYPE.fullmatch(text)
    )
    if problems:
        raise DefinitionError(f"schedule {name!r} cannot be read", problems=tuple(problems))

    sources = [source for source, _ in (pair for pair in named if pair)]
    found = [period for _, period in (pair for pair in named if pair)]
    by_zone: dict[str, list[Part]] = {zone.key: []}
    for index, period in enumerate(found):
        key = period.definition.timezone or zone.key
        by_zone.setdefault(key, []).extend(replace(part, source=index) for part in period.parts)
    timed: list[tuple[Calendar, int, Rank]] = []
    for calendar, rank in [*((c, Rank.OPEN) for c in opens), *((c, Rank.CLOSED) for c in closes)]:
        index = len(sources)
        sources.append(Source(calendar.name))
        by_zone[zone.key].append(Part(index, (Span(0, DAY, rank, False),), whole_days_of=calendar))
        if calendar.events is not None:
            timed.append((calendar, index, rank))
    otherwise = State(definition.otherwise) if definition.otherwise else _default_state(found, bool(closes))
    bridges = sum(period.spans for period in found) > 1 and otherwise is State.STOPPED
    groups = [Group(find_zone(key), tuple(parts), bridges, {}) for key, parts in by_zone.items()]
    return Schedule(
        name,
        definition,
        zone,
        tuple(sources) or (Source(""),),
        tuple(groups),
        tuple(timed),
        otherwise,
        tuple(freeze_of(calendar, zone.key) for calendar in freezes),
    )


def freeze_of(calendar: Calendar, timezone: str) -> Schedule:
    """A schedule that is stopped while the calendar forbids change, and running while it allows it."""
    if calendar.closed_by_default:
        given = ScheduleDefinition(timezone=timezone, open=(calendar.name,), otherwise="stopped")
    else:
        given = ScheduleDefinition(timezone=timezone, closed=(calendar.name,), otherwise="running")
    return compile_schedule(calendar.name, given, {}, {calendar.name: calendar})


def _named_period(
    where: str, text: str, periods: Mapping[str, Period], problems: list[Problem]
) -> tuple[Source, Period] | None:
    name, at, instance_type = text.partition("@")
    period = periods.get(name)
    if period is None:
        problems.append(
            Problem(f"{where}.periods", f"period {name!r} is not defined or not valid", _did_you_mean(name, periods))
        )
        return None
    if at and not instance_type:
        problems.append(Problem(f"{where}.periods", f"{text!r} names no instance type", "write period@t3.large"))
    return Source(name, instance_type or None), period


def _contradictions(where: str, definition: ScheduleDefinition) -> list[Problem]:
    found = []
    speaks = (
        definition.periods
        or definition.override_status
        or definition.ssm_maintenance_window
        or definition.open
        or definition.closed
        or definition.otherwise
        or definition.ignore
    )
    if not speaks:
        found.append(
            Problem(where, "the schedule says nothing", "give it periods, override_status, open, closed or otherwise")
        )
    if definition.enforced and definition.stay_off:
        found.append(Problem(f"{where}.stay_off", "enforced and stay_off contradict each other", "choose one"))
    return found


def _default_state(periods: Sequence[Period], closes: bool) -> State:
    """Running when the definition only says when to put out; otherwise stopped."""
    states = {period.definition.state for period in periods}
    return State.RUNNING if states == {"stopped"} or (not states and closes) else State.STOPPED


def _did_you_mean(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else "define it, or correct the name"


def _problem(where: str, error: GrammarError) -> Problem:
    return Problem(where, error.message, error.hint, position=error.position)
