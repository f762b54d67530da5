"""Time zones: looking one up, and the instants at which its offset from UTC changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from lamplighter.schedules.days import GrammarError

_DAY = 86_400


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo:
    """The IANA zone called `name`.

    Raises:
        GrammarError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = sorted(available_timezones())
        by_city = [zone for zone in known if zone.rpartition("/")[2].lower() == name.rpartition("/")[2].lower()]
        close = by_city or get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else "use an IANA name, for example Europe/Berlin"
        raise GrammarError(f"{name!r} is not a time zone", 0, hint) from None


def epoch(instant: datetime) -> int:
    """Whole seconds since 1970-01-01 UTC of an aware datetime; microseconds are dropped.

    Raises:
        ValueError: the datetime is naive.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; use an aware datetime")
    delta = instant - _EPOCH
    return delta.days * _DAY + delta.seconds


def instant(seconds: int) -> datetime:
    """The aware UTC datetime of an epoch second."""
    return datetime.fromtimestamp(seconds, UTC)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def offsets(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Stretches of constant offset that cover [start, end); neighbours differ.

    Args:
        zone: the zone.
        start: first epoch second.
        end: epoch second after the last.

    Yields:
        (from, to, offset): epoch seconds, and seconds to add to UTC for the wall clock.
    """
    begin, offset = start, None
    while start < end:
        year = instant(start).year
        starts, values = _year(zone, year)
        year_end = min(end, _year_start(year + 1))
        index = bisect_right(starts, start) - 1
        while start < year_end:
            if offset is not None and values[index] != offset:
                yield begin, start, offset
                begin = start
            offset = values[index]
            index += 1
            start = min(starts[index], year_end) if index < len(starts) else year_end
    if offset is not None:
        yield begin, end, offset


@lru_cache(maxsize=16)
def _year_start(year: int) -> int:
    return epoch(datetime(year, 1, 1, tzinfo=UTC))


@lru_cache(maxsize=2048)
def _year(zone: ZoneInfo, year: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Starts and offsets of the year's stretches; a change is found by halving the day it lies in."""
    first = _year_start(year)
    starts, values = [first], [_offset(zone, first)]
    days = date(year, 12, 31).timetuple().tm_yday
    for day in range(days):
        low, high = first + day * _DAY, first + (day + 1) * _DAY
        before = values[-1]
        if _offset(zone, high) == before:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if _offset(zone, middle) == before:
                low = middle
            else:
                high = middle
        if high < _year_start(year + 1):
            starts.append(high)
            values.append(_offset(zone, high))
    return tuple(starts), tuple(values)


def _offset(zone: ZoneInfo, seconds: int) -> int:
    offset = datetime.fromtimestamp(seconds, zone).utcoffset()
    assert offset is not None
    return offset.days * _DAY + offset.seconds
