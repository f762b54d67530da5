"""Expressions of EventBridge Scheduler: `cron(0 8 ? * MON-FRI *)`, `at(2026-01-01T08:00:00)`, `rate(5 minutes)`.

Source: EventBridge Scheduler User Guide, "Schedule types". A parser of our own: the cron libraries take the sixth
field for seconds and count weekdays from another day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from lamplighter.schedules.days import DayRule, GrammarError
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.cron import (
    HOUR,
    LAST_YEAR,
    MINUTE,
    MONTH,
    MONTHDAY,
    Cron,
    CronField,
    mask,
    token_values,
    tokens,
    value,
    values,
    words,
)
from lamplighter.schedules.dialects.cron_edges import WeekTimes
from lamplighter.schedules.dialects.day_words import stretches
from lamplighter.schedules.dialects.moments import moment_periods
from lamplighter.schedules.dialects.pairs import Pair, read_pair, translate_pair, write_pair
from lamplighter.schedules.dialects.translation import (
    Dialect,
    Inexpressible,
    Translation,
    Word,
    Written,
    any_case_zone,
    rejected,
    translated,
)

_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEKDAY = CronField("weekday", 1, 7, {name: number for number, name in enumerate(_NAMES, start=1)}, wraps=True)
_YEAR = CronField("year", 1970, LAST_YEAR, {})
_WRAPPED = re.compile(r"\s*(cron|at|rate)\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
_UNITS = ("minute", "hour", "day")


@dataclass(frozen=True, slots=True)
class Rate:
    """`rate(5 minutes)`: every so often, counted from the start of the schedule and not from the clock."""

    every: timedelta

    def next(self, after: datetime, start: datetime) -> datetime:
        """The first time after an aware datetime, for a schedule that began at `start`."""
        if after < start:
            return start
        return start + ((after - start) // self.every + 1) * self.every


def parse_expression(text: str, offset: int = 0) -> Cron | Rate | datetime:
    """Read an expression.

    Returns:
        A cron expression, a rate, or the naive wall-clock time of `at(...)`.

    Raises:
        GrammarError: not an expression; `offset` is added to the position.
    """
    found = _WRAPPED.fullmatch(text)
    if found is None:
        if len(text.split()) == 6:
            return parse_aws_cron(text, offset)
        raise GrammarError(
            f"{text.strip()!r} is not an expression", offset, "write cron(0 8 ? * MON-FRI *) or at(2026-01-01T08:00:00)"
        )
    inside, at = found[2], offset + found.start(2)
    match found[1].lower():
        case "cron":
            return parse_aws_cron(inside, at)
        case "at":
            return _at(inside, at)
        case _:
            return _rate(inside, at)


def _at(text: str, offset: int) -> datetime:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text.strip()):
        raise GrammarError(f"{text.strip()!r} is not a time", offset, "write at(2026-01-01T08:00:00), without a zone")
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise GrammarError(f"{text.strip()!r} is not a time: {error}", offset, "write YYYY-MM-DDThh:mm:ss") from None


def _rate(text: str, offset: int) -> Rate:
    parts = words(text, offset)
    shape = "write rate(1 hour) or rate(5 minutes)"
    if len(parts) != 2:
        raise GrammarError(f"{text.strip()!r} is not a number and a unit", offset, shape)
    number, unit = parts
    if not re.fullmatch(r"[1-9]\d{0,8}", number.text):
        raise GrammarError(f"{number.text!r} is not a whole number from 1", number.position, shape)
    singular = unit.text.lower().removesuffix("s")
    if singular not in _UNITS or unit.text.lower().endswith("s") != (int(number.text) > 1):
        right = f"{singular if singular in _UNITS else 'minute'}{'s' if int(number.text) > 1 else ''}"
        raise GrammarError(f"{unit.text!r} is not a unit here", unit.position, f"write {number.text} {right}")
    return Rate(timedelta(**{f"{singular}s": int(number.text)}))


def parse_aws_cron(text: str, offset: int = 0) -> Cron:
    """Read `minutes hours day-of-month month day-of-week year`, without `cron( )` around it.

    Weekdays count from 1 (SUN) to 7 (SAT); `L` is the last day of the month, or Saturday; `6L` the last Friday,
    `2#1` the first Monday, `15W` the working day nearest to the 15th. One of the two day fields is `?`.

    Raises:
        GrammarError: not an expression; `offset` is added to the position.
    """
    found = words(text, offset)
    if len(found) != 6:
        at = found[0].position if found else offset
        hint = "minutes hours day-of-month month day-of-week year: 0 8 ? * MON-FRI *"
        raise GrammarError(f"{len(found)} fields instead of 6", at, hint)
    minutes, hours, monthday, month, weekday, year = found
    unused = (monthday.text == "?") + (weekday.text == "?")
    if unused != 1:
        raise GrammarError(
            "both day fields are ?" if unused else "both day fields are used",
            monthday.position,
            "exactly one of day-of-month and day-of-week is ?",
        )
    for word in (minutes, hours, month, year):
        if "?" in word.text:
            raise GrammarError("? stands in a day field only", word.position + word.text.index("?"), "write *")
    months = mask(values(month, MONTH))
    rule = _weekday_rule(weekday, months) if monthday.text == "?" else _monthday_rule(monthday, months)
    years = None if year.text == "*" else values(year, _YEAR)
    return Cron(values(minutes, MINUTE), values(hours, HOUR), (rule,), years)


def _monthday_rule(word: Word, months: int) -> DayRule:
    days: set[int] = set()
    nearest: set[int] = set()
    last = False
    for token in tokens(word):
        upper = token.text.upper()
        if upper == "L":
            last = True
        elif re.fullmatch(r"\d+W", upper):
            nearest.add(value(Word(token.text[:-1], token.position), MONTHDAY))
        elif "L" in upper or "W" in upper:
            raise GrammarError(f"{token.text!r} is not known", token.position, "L, or a day and W, for example 15W")
        else:
            days.update(token_values(token, MONTHDAY))
    return DayRule(months=months, monthdays=mask(days), last_day=last, nearest=frozenset(nearest))


def _weekday_rule(word: Word, months: int) -> DayRule:
    days: set[int] = set()
    last: set[int] = set()
    nth: set[tuple[int, int]] = set()
    for token in tokens(word):
        upper = token.text.upper()
        if "/" in upper:
            at = token.position + upper.index("/")
            raise GrammarError("a day of the week takes no step", at, "list the days: MON,WED,FRI")
        name, sharp, count = token.text.partition("#")
        if sharp:
            if count not in ("1", "2", "3", "4", "5"):
                at = token.position + len(name) + 1
                raise GrammarError(f"{count!r} is not a number from 1 to 5", at, "2#1 is the first Monday")
            nth.add((_monday_first(value(Word(name, token.position), _WEEKDAY)), int(count)))
        elif upper == "L":
            days.add(7)
        elif upper.endswith("L"):
            last.add(_monday_first(value(Word(token.text[:-1], token.position), _WEEKDAY)))
        else:
            days.update(token_values(token, _WEEKDAY))
    weekdays = mask({_monday_first(day) for day in days})
    return DayRule(months=months, weekdays=weekdays, nth=frozenset(nth), last=frozenset(last))


def _monday_first(day: int) -> int:
    return (day - 2) % 7


def read(name: str, text: str, *, default_timezone: str = "UTC") -> Translation:
    """Read `start: cron(...)`, `stop: cron(...)` and `timezone: Europe/Berlin`, or both as `at(...)`."""
    try:
        pair = read_pair(text)
    except GrammarError as error:
        return rejected(name, [error])
    errors: list[GrammarError] = []
    moments: dict[Literal["start", "stop"], datetime] = {}
    for key, expressions in (("start", pair.starts), ("stop", pair.stops)):
        for word in expressions:
            try:
                found = parse_expression(word.text, word.position)
            except GrammarError as error:
                errors.append(error)
                continue
            if isinstance(found, Rate):
                hint = "write it as cron(...) with hours of the day"
                errors.append(GrammarError("a rate does not count from the clock", word.position, hint))
            elif isinstance(found, datetime):
                moments["start" if key == "start" else "stop"] = found
    if errors:
        return rejected(name, errors)
    if moments:
        return _once(name, pair, moments, default_timezone)
    return translate_pair(name, pair, _cron_of, default_timezone)


def _cron_of(text: str, offset: int) -> Cron:
    found = parse_expression(text, offset)
    assert isinstance(found, Cron)
    return found


def _once(
    name: str, pair: Pair, moments: Mapping[Literal["start", "stop"], datetime], default_timezone: str
) -> Translation:
    first = (pair.starts or pair.stops)[0]
    if len(pair.starts) + len(pair.stops) != len(moments):
        hint = "make one schedule of each"
        return rejected(name, [GrammarError("at(...) stands beside another expression", first.position, hint)])
    try:
        zone = any_case_zone(pair.zone.text, pair.zone.position) if pair.zone else default_timezone
        found = moment_periods(moments.get("start"), moments.get("stop"))
    except GrammarError as error:
        return rejected(name, [error])
    except Inexpressible as error:
        return rejected(name, [GrammarError(error.message, first.position, error.hint)])
    notes = ["before and after, nothing is done; the stop is wanted until the midnight after it"]
    schedule = ScheduleDefinition(timezone=zone, otherwise="any")
    return translated(name, schedule, [(period, None) for period in found], notes)


def write(
    schedule: ScheduleDefinition, periods: Mapping[str, PeriodDefinition], *, default_timezone: str = "UTC"
) -> Written:
    """Lines `start:`, `stop:` and `timezone:` for schedules of EventBridge Scheduler."""
    return write_pair(schedule, periods, default_timezone, aws_expression)


def aws_expression(times: WeekTimes) -> str:
    """`cron(0 8 ? * MON-FRI *)`."""
    numbers = {(day + 1) % 7 for day in range(7) if times.weekdays >> day & 1}
    names = [name.upper() for name in _NAMES]
    days = ",".join(names[a] if a == b else f"{names[a]}-{names[b]}" for a, b in stretches(numbers, 0, 6, wraps=False))
    return f"cron({times.minute} {','.join(map(str, times.hours))} ? * {'*' if len(numbers) == 7 else days} *)"


DIALECT = Dialect(
    name="aws-cron",
    title="a pair of EventBridge Scheduler expressions",
    source="EventBridge Scheduler User Guide, schedule types",
    since="0.1",
    example="start: cron(0 8 ? * MON-FRI *)\nstop: cron(0 18 ? * MON-FRI *)\ntimezone: Europe/Berlin",
    read=read,
    write=write,
)
