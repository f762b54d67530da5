"""Times of day and dates as users write them: `08:00`, `24:00`, `22:00-06:00`, `fri 20:00 - mon 08:00`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lamplighter.schedules.days import WEEKDAYS, GrammarError

DAY = 1440
"""Minutes of a wall-clock day."""

_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_TIME_HINT = ("use 00:00 to 23:59", "use 00:00 to 24:00")


def parse_time(text: str, *, latest: int = DAY) -> int:
    """Minutes after midnight of `H:MM` or `HH:MM`.

    Args:
        text: the time; blanks around it do not matter.
        latest: the greatest value allowed; 1440 allows `24:00`, the end of the day.

    Raises:
        GrammarError: not a time, or later than `latest`.
    """
    bare = text.strip()
    found = _TIME.fullmatch(bare)
    if not found or not text.isascii():
        raise GrammarError(f"{bare!r} is not a time", _indent(text), "write HH:MM, for example 08:30")
    hours, minutes = int(found[1]), int(found[2])
    if minutes > 59 or hours * 60 + minutes > latest:
        raise GrammarError(f"{bare!r} is not a time of the day", _indent(text), _TIME_HINT[latest == DAY])
    return hours * 60 + minutes


def _indent(text: str) -> int:
    """Offset of the first character that is not blank."""
    return len(text) - len(text.lstrip())


def parse_times(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Spans of one day, each (begin, end) in minutes; an end past 1440 lies in the next day."""
    spans: list[tuple[int, int]] = []
    for text in texts:
        offset = 0
        for raw in text.split(","):
            left, dash, right = raw.partition("-")
            if not dash:
                raise GrammarError(
                    f"{raw.strip()!r} is not a span", offset + _indent(raw), "write begin-end, for example 08:00-18:00"
                )
            begin = _time_at(left, offset, latest=DAY - 1)
            end = _time_at(right, offset + len(left) + 1, latest=DAY)
            spans.append(span_minutes(begin, end, offset + _indent(raw)))
            offset += len(raw) + 1
    return spans


def span_minutes(begin: int, end: int, position: int = 0) -> tuple[int, int]:
    """Order a begin and an end: an end before the begin lies in the next day.

    Raises:
        GrammarError: both are equal; such a period would never run.
    """
    if begin == end:
        raise GrammarError(
            "begin and end are the same time, so this would never run",
            position,
            "for the whole day leave both out; for 24 hours from a time write two spans",
        )
    return (begin, end) if begin < end else (begin, end + DAY)


@dataclass(frozen=True, slots=True)
class WeeklySpan:
    """A span over days: from `begin` minutes into `weekday` for `length` minutes of wall clock."""

    weekday: int
    begin: int
    length: int


def parse_weekly(text: str) -> WeeklySpan:
    """Read `fri 20:00 - mon 08:00`; at most one week long.

    Raises:
        GrammarError: not of this form, or both ends are the same.
    """
    left, dash, right = text.partition("-")
    if not dash:
        raise GrammarError(
            f"{text.strip()!r} is not a weekly span", _indent(text), "write for example: fri 20:00 - mon 08:00"
        )
    day1, time1 = _weekday_and_time(left, 0)
    day2, time2 = _weekday_and_time(right, len(left) + 1)
    length = ((day2 * DAY + time2) - (day1 * DAY + time1)) % (7 * DAY)
    if length == 0:
        raise GrammarError(
            "both ends are the same moment of the week", _indent(text), "a weekly span is shorter than a week"
        )
    return WeeklySpan(day1, time1, length)


def _weekday_and_time(text: str, offset: int) -> tuple[int, int]:
    words = text.split()
    first = offset + _indent(text)
    if len(words) != 2:
        raise GrammarError(f"{text.strip()!r} is not a weekday and a time", first, "for example fri 20:00")
    for number, name in enumerate(WEEKDAYS):
        if words[0].lower() in (name, name[:3]):
            return number, _time_at(words[1], offset + text.rindex(words[1]), latest=DAY)
    raise GrammarError(f"{words[0]!r} is not a weekday", first, "write mon, tue, wed, thu, fri, sat or sun")


def _time_at(text: str, offset: int, *, latest: int) -> int:
    try:
        return parse_time(text, latest=latest)
    except GrammarError as error:
        raise GrammarError(error.message, offset + error.position, error.hint) from None


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days from `first` to `last`, both included, as proleptic ordinals (`date.toordinal`)."""

    first: int
    last: int


def parse_dates(texts: Sequence[str]) -> tuple[DateRange, ...]:
    """Read `2026-12-24`, `2026-12-24..2027-01-02`, `2027-06-01..` and `..2026-06-30`.

    Raises:
        GrammarError: not a date, or a range that ends before it begins.
    """
    ranges: list[DateRange] = []
    for text in texts:
        offset = 0
        for raw in text.split(","):
            left, dots, right = raw.partition("..")
            first = _date(left, offset) if left.strip() or not right.strip() else date.min.toordinal()
            last = first if not dots else date.max.toordinal()
            if right.strip():
                last = _date(right, offset + len(left) + 2)
            if last < first:
                raise GrammarError(
                    f"{raw.strip()!r} ends before it begins", offset + _indent(raw), "the earlier date comes first"
                )
            ranges.append(DateRange(first, last))
            offset += len(raw) + 1
    return tuple(ranges)


def _date(text: str, offset: int) -> int:
    try:
        return date.fromisoformat(text.strip()).toordinal()
    except ValueError:
        raise GrammarError(f"{text.strip()!r} is not a date", offset + _indent(text), "write YYYY-MM-DD") from None
