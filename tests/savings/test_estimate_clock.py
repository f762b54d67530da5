"""Days on which the clock changes, against an oracle that reads the wall clock of every minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.pricing.book import PriceBook
from lamplighter.savings.estimate import Lot, estimate
from lamplighter.schedules.compiler import compile_period, compile_schedule
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHANGES: dict[tuple[str, str], Decimal | int] = {
    ("Europe/Berlin", "2026-03-29"): 23,
    ("Europe/Berlin", "2026-10-25"): 25,
    ("Europe/Berlin", "2026-06-10"): 24,
    ("Australia/Lord_Howe", "2026-04-05"): Decimal("24.5"),
    ("Australia/Lord_Howe", "2026-10-04"): Decimal("23.5"),
    ("Pacific/Apia", "2011-12-29"): 24,
    ("Pacific/Apia", "2011-12-31"): 24,
    ("Africa/Cairo", "2026-04-24"): 23,
    ("America/Santiago", "2026-09-06"): 23,
    ("Asia/Kathmandu", "1986-01-01"): Decimal("23.75"),
}
"""Local days and their length in hours."""
BOOK = PriceBook.from_prices({})


def minutes_lit(
    zone: ZoneInfo, begin: int, end: int, days: frozenset[str], start: datetime, length: int
) -> tuple[Decimal, int, int]:
    """(lit minutes, starts, stops): a minute is lit when its wall clock says so; over midnight, by the day it began."""
    states = []
    for minute in range(length):
        wall = (start + timedelta(minutes=minute)).astimezone(zone)
        now, today, before = wall.hour * 60 + wall.minute, DAYS[wall.weekday()], DAYS[wall.weekday() - 1]
        if begin < end:
            states.append(today in days and begin <= now < end)
        else:
            states.append((today in days and now >= begin) or (before in days and now < end))
    changes = list(pairwise(states))
    return Decimal(sum(states)), changes.count((False, True)), changes.count((True, False))


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def estimated(
    zone: str, begin: int, end: int, days: frozenset[str], start: datetime, length: int
) -> tuple[Decimal, Decimal, int, int]:
    period = PeriodDefinition(begintime=clock(begin), endtime=clock(end), weekdays=tuple(sorted(days)))
    definition = ScheduleDefinition(timezone=zone, periods=("p",))
    schedule = compile_schedule("s", definition, {"p": compile_period("p", period, {})}, {})
    [found] = estimate([Lot("s", (), {})], {"s": schedule}, BOOK, start, start + timedelta(minutes=length))
    one = found.tally
    return round(one.lit_hours * 60, 9), round(one.all_hours * 60, 9), one.starts, one.stops


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_a_local_day_has_as_many_hours_as_it_has(zone: str, day: str) -> None:
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    after = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone))
    length = int((after.astimezone(UTC) - start.astimezone(UTC)).total_seconds()) // 60
    if (zone, day) == ("Pacific/Apia", "2011-12-29"):
        length = 24 * 60  # the day after it does not exist
    assert Decimal(length) / 60 == CHANGES[zone, day]
    for begin, end in ((0, 1440 - 1), (60, 300), (22 * 60, 6 * 60)):
        lit, whole, starts, stops = estimated(zone, begin, end, frozenset(DAYS), start.astimezone(UTC), length)
        assert whole == length
        expected = minutes_lit(ZoneInfo(zone), begin, end, frozenset(DAYS), start.astimezone(UTC), length)
        assert (lit, starts, stops) == expected


def test_known_hours_of_days_with_a_change() -> None:
    """01:00 to 05:00 in Berlin: three hours in spring, five in autumn; half an hour less or more on Lord Howe."""
    known: list[tuple[str, str, Decimal | int]] = [
        ("Europe/Berlin", "2026-03-29", 3),
        ("Europe/Berlin", "2026-10-25", 5),
        ("Europe/Berlin", "2026-06-10", 4),
        ("Australia/Lord_Howe", "2026-04-05", Decimal("4.5")),
        ("Australia/Lord_Howe", "2026-10-04", Decimal("3.5")),
    ]
    for zone, day, hours in known:
        start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        assert estimated(zone, 60, 300, frozenset(DAYS), start, 600)[0] == hours * 60


def test_a_day_that_a_zone_skips_is_not_lit() -> None:
    """Samoa had no Friday 2011-12-30: from Thursday to Saturday there are two days, and no Friday hours."""
    start = datetime(2011, 12, 29, tzinfo=ZoneInfo("Pacific/Apia")).astimezone(UTC)
    assert estimated("Pacific/Apia", 480, 1080, frozenset({"fri"}), start, 2 * 1440)[0] == 0
    assert estimated("Pacific/Apia", 480, 1080, frozenset({"thu", "sat"}), start, 2 * 1440)[0] == 20 * 60


zones_and_days = st.sampled_from(list(CHANGES))
five_minutes = st.integers(0, 287).map(lambda number: number * 5)


@given(
    zones_and_days,
    five_minutes,
    five_minutes,
    st.frozensets(st.sampled_from(DAYS), min_size=1),
    st.integers(-1440, 1440),
    st.integers(1, 3 * 1440),
)
@settings(max_examples=150, deadline=None)
def test_any_period_around_any_change(
    change: tuple[str, str], begin: int, end: int, days: frozenset[str], offset: int, length: int
) -> None:
    if begin == end:
        return
    zone, day = change
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    start = midnight + timedelta(minutes=offset)
    lit, whole, starts, stops = estimated(zone, begin, end, days, start, length)
    assert whole == length
    assert (lit, starts, stops) == minutes_lit(ZoneInfo(zone), begin, end, days, start, length)
