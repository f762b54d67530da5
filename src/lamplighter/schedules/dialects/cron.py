"""Cron expressions, once they are read: which minutes match, and when the next one is.

`aws_cron` and `cron_pairs` read their own grammars into `Cron`; the days are those of `lamplighter.schedules.days`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lamplighter.schedules.days import DayRule, GrammarError
from lamplighter.schedules.dialects.translation import Word
from lamplighter.schedules.zones import epoch, instant

LAST_YEAR = 2199


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression.

    Attributes:
        minutes: minutes of the hour that match, 0-59.
        hours: hours that match, 0-23.
        days: rules of which one must match the day.
        years: years that match; None for every year.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: tuple[DayRule, ...]
    years: frozenset[int] | None = None

    @property
    def times(self) -> tuple[int, ...]:
        """Minutes of a matching day, ascending."""
        return tuple(sorted(hour * 60 + minute for hour in self.hours for minute in self.minutes))

    def matches_day(self, day: date) -> bool:
        """Whether the local day matches."""
        return (self.years is None or day.year in self.years) and any(rule.matches(day) for rule in self.days)

    def matches(self, wall: datetime) -> bool:
        """Whether a wall-clock time matches; seconds and zone are not looked at."""
        return wall.minute in self.minutes and wall.hour in self.hours and self.matches_day(wall.date())

    def next(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """The first time after an aware datetime, as aware UTC datetime; None if there is none up to 2199.

        A local time that a spring day lacks is skipped, and a repeated autumn time is taken once, the first time:
        the rule of EventBridge Scheduler.

        Raises:
            ValueError: the datetime is naive.
        """
        seconds = epoch(after)
        day = instant(seconds).astimezone(zone).date() - timedelta(days=1)
        last = max(self.years) if self.years else LAST_YEAR
        while day.year <= last:
            if self.matches_day(day):
                for minute in self.times:
                    found = _at(day, minute, zone)
                    if found is not None and found > seconds:
                        return instant(found)
            day += timedelta(days=1)
        return None

    def between(self, first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Every time from the local day of an aware datetime to that of another, in order, as aware UTC datetimes.

        The days are whole: the times of the first and the last day may lie before and after the two. Daylight saving
        as in `next`.
        """
        day, end = first.astimezone(zone).date(), last.astimezone(zone).date()
        while day <= end:
            if self.matches_day(day):
                moments = (_at(day, minute, zone) for minute in self.times)
                yield from (instant(moment) for moment in moments if moment is not None)
            day += timedelta(days=1)


def _at(day: date, minute: int, zone: ZoneInfo) -> int | None:
    """The first epoch second of a wall-clock time; None if the day lacks it."""
    wall = datetime.combine(day, time(minute // 60, minute % 60), zone)
    seconds = epoch(wall.astimezone(UTC))
    return seconds if instant(seconds).astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None) else None


@dataclass(frozen=True, slots=True)
class CronField:
    """What the values of a field are.

    Attributes:
        name: what people call it.
        first: the least value.
        last: the greatest value.
        names: three-letter names of values, lower case.
        wraps: whether a range may run over the end.
    """

    name: str
    first: int
    last: int
    names: Mapping[str, int]
    wraps: bool = False


MINUTE = CronField("minute", 0, 59, {})
HOUR = CronField("hour", 0, 23, {})
MONTHDAY = CronField("day of the month", 1, 31, {})
MONTH_NAMES = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
MONTH = CronField("month", 1, 12, MONTH_NAMES)


def words(text: str, offset: int = 0) -> list[Word]:
    """What stands between blanks."""
    return [Word(found[0], offset + found.start()) for found in re.finditer(r"\S+", text)]


def tokens(word: Word) -> list[Word]:
    """What stands between commas.

    Raises:
        GrammarError: nothing stands there.
    """
    found, at = [], word.position
    for part in word.text.split(","):
        if not part:
            raise GrammarError("there is nothing between two commas", at, "remove the extra comma")
        found.append(Word(part, at))
        at += len(part) + 1
    return found


def values(word: Word, field: CronField) -> frozenset[int]:
    """Values of a comma list of `*`, `a`, `a-b`, each with an optional `/step`.

    Raises:
        GrammarError: at the first token that is wrong.
    """
    return frozenset(value for token in tokens(word) for value in token_values(token, field))


def token_values(token: Word, field: CronField) -> list[int]:
    """Values of one token.

    Raises:
        GrammarError: it is none.
    """
    base, slash, step_text = token.text.partition("/")
    step = 1
    if slash:
        at = token.position + len(base) + 1
        if not _is_number(step_text) or int(step_text) == 0:
            raise GrammarError(f"{token.text!r}: the step must be a whole number from 1", at, "for example */15")
        step = int(step_text)
    if base == "*":
        return list(range(field.first, field.last + 1))[::step]
    left, dash, right = base.partition("-")
    low = value(Word(left, token.position), field)
    if not dash:
        return list(range(low, field.last + 1))[::step] if slash else [low]
    high = value(Word(right, token.position + len(left) + 1), field)
    if low <= high:
        return list(range(low, high + 1))[::step]
    if not field.wraps:
        hint = f"write {low}-{field.last},{field.first}-{high}"
        raise GrammarError(f"{base!r}: the range ends before it begins", token.position, hint)
    return [*range(low, field.last + 1), *range(field.first, high + 1)][::step]


def value(word: Word, field: CronField) -> int:
    """The number of one value.

    Raises:
        GrammarError: it is none of the field's.
    """
    text = word.text.lower()
    if text in field.names:
        return field.names[text]
    if _is_number(text) and field.first <= int(text) <= field.last:
        return int(text)
    hint = f"from {field.first} to {field.last}"
    if field.names:
        listed = sorted(field.names, key=lambda name: field.names[name])
        hint += f", or {listed[0]} to {listed[-1]}"
    raise GrammarError(f"{word.text!r} is not a value of the {field.name}", word.position, hint)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def mask(found: frozenset[int] | set[int]) -> int:
    """Bit n for each value n."""
    return sum(1 << number for number in found)
