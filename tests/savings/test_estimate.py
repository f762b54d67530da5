from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.price import GB_MONTH, HOURS, Price, address_key, ebs_key, ec2_key
from lamplighter.resources.kind import Standing
from lamplighter.savings.estimate import Lot, estimate, lit_span
from lamplighter.schedules.loading import Loaded, load_schedules
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.source import parse_yaml
from lamplighter.schedules.timeline import State

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = timedelta(days=7)
KEY = ec2_key("eu-west-1", "m5.large")
BOOK = PriceBook.from_prices(
    {
        KEY: Price(Money(Decimal("0.10"), "USD"), HOURS, date(2026, 1, 1), "a test"),
        ebs_key("eu-west-1", "gp3"): Price(Money(Decimal("0.08"), "USD"), GB_MONTH, date(2026, 1, 1), "a test"),
    }
)
YAML = """
timezone: Europe/Berlin
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
  night: {begintime: 22:00, endtime: 06:00}
  early: {begintime: 01:30, endtime: 03:30}
  begins: {begintime: 07:00, weekdays: mon-thu}
  ends: {endtime: 19:00}
  off: {state: stopped, weekly: fri 20:00 - mon 08:00}
schedules:
  office: {periods: office}
  night: {periods: [night, office]}
  early: {periods: early}
  open: {periods: [begins, ends]}
  ends: {periods: ends}
  begins: {periods: begins}
  weekend: {periods: off}
  weekday: {periods: [office, begins]}
  away: {periods: office, timezone: America/New_York}
  capped: {periods: office, stop_only: true}
  hands-off: {periods: office, ignore: true}
  sized: {periods: office@m5.4xlarge}
"""


def loaded() -> Loaded:
    found = load_schedules(parse_yaml(YAML), lambda name: name)
    assert found.problems == []
    return found


SCHEDULES = loaded().schedules
TIMED = ["office", "night", "early", "open", "ends", "begins", "weekend", "weekday", "away", "running", "stopped"]


def by_minutes(schedule: Schedule, start: datetime, end: datetime, step: int = 1) -> tuple[Decimal, int, int]:
    """Lit hours, starts and stops, by so many minutes; every schedule here changes at whole half hours."""
    lit: bool | None = None
    minutes = starts = stops = 0
    at = start
    while at < end:
        state = schedule.state_at(at).state
        if lit is None:
            lit = state is not State.STOPPED
        elif state is State.RUNNING and not lit:
            lit, starts = True, starts + 1
        elif state is State.STOPPED and lit:
            lit, stops = False, stops + 1
        minutes += lit * step
        at += timedelta(minutes=step)
    return Decimal(minutes) / 60, starts, stops


@given(
    st.sampled_from(TIMED),
    st.sampled_from([MONDAY, datetime(2027, 3, 26, tzinfo=UTC), datetime(2027, 10, 29, tzinfo=UTC)]),
    st.integers(0, 3 * 1440),
    st.integers(1, 3 * 1440),
)
@settings(max_examples=60, deadline=None)
def test_against_a_clock_that_steps_by_minutes(name: str, base: datetime, offset: int, length: int) -> None:
    """Over days with a spring change, an autumn change and none; from and to any minute."""
    start = base + timedelta(minutes=offset)
    end = start + timedelta(minutes=length)
    schedule = SCHEDULES[name]
    assert lit_span(schedule.timeline(start, end)) == by_minutes(schedule, start, end)
    [found] = estimate([Lot(name, (KEY,), {})], SCHEDULES, BOOK, start, end)
    lit, starts, stops = by_minutes(schedule, start, end)
    assert (found.tally.lit_hours, found.tally.starts, found.tally.stops) == (lit, starts, stops)
    assert found.tally.all_hours == Decimal(length) / 60
    assert found.tally.lit_cost["USD"].amount == lit * Decimal("0.10")


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.slow
def test_a_whole_year(name: str) -> None:
    start, end = datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    assert lit_span(SCHEDULES[name].timeline(start, end)) == by_minutes(SCHEDULES[name], start, end, 5)


def test_office_hours_of_a_week() -> None:
    [found] = estimate([Lot("office", (KEY,), {"team": "web"})], SCHEDULES, BOOK, MONDAY, MONDAY + WEEK)
    assert (found.tally.lit_hours, found.tally.all_hours) == (Decimal(50), Decimal(168))
    assert found.tally.saved == {"USD": Money(Decimal("11.80"), "USD")}
    assert (found.tally.starts, found.tally.stops) == (5, 5)
    assert found.lot.labels == {"team": "web"}
    assert found.notes == ()


@pytest.mark.parametrize(("day", "hours"), [(date(2027, 3, 28), 1), (date(2027, 10, 31), 3), (date(2027, 6, 1), 2)])
def test_days_with_a_change_of_the_clock(day: date, hours: int) -> None:
    """01:30 to 03:30 lasts one hour in spring and three in autumn."""
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    [found] = estimate([Lot("early", (KEY,), {})], SCHEDULES, BOOK, start, start + timedelta(days=1))
    assert found.tally.lit_hours == hours


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("nowhere", "schedule 'nowhere' is not valid or not defined; counted as always on"),
        ("hands-off", "left alone; counted as always on"),
        ("ignore", "left alone; counted as always on"),
    ],
)
def test_what_is_not_put_out_saves_nothing_and_says_so(name: str, note: str) -> None:
    [found] = estimate([Lot(name, (KEY,), {})], SCHEDULES, BOOK, MONDAY, MONDAY + WEEK)
    assert (found.tally.lit_hours, found.tally.all_hours, found.notes) == (Decimal(168), Decimal(168), (note,))
    assert found.tally.saved == {"USD": Money(Decimal(0), "USD")}


def test_stop_only_says_what_was_assumed() -> None:
    [found] = estimate([Lot("capped", (KEY,), {})], SCHEDULES, BOOK, MONDAY, MONDAY + WEEK)
    assert found.tally.lit_hours == 50
    assert found.notes == ("stop_only: counted as if started on time by hand",)


def test_open_stretches_say_what_was_assumed() -> None:
    """Monday 01:00 to 07:00 in Berlin, and the first hour of Tuesday."""
    [found] = estimate([Lot("begins", (KEY,), {})], SCHEDULES, BOOK, MONDAY, MONDAY + timedelta(days=1))
    [note] = found.notes
    assert note == "the schedule leaves 7.0 h open: counted as staying as it was, and lit before its first word"
    assert found.tally.lit_hours == 24


def test_other_instance_types_and_what_the_caller_knows_are_said() -> None:
    lots = [
        Lot("sized", (KEY,), {}, instance_type=now, note=note)
        for now, note in [("m5.large", ""), ("m5.4xlarge", "held")]
    ]
    large, other = (found.notes for found in estimate(lots, SCHEDULES, BOOK, MONDAY, MONDAY + WEEK))
    assert large == ("the schedule asks for m5.4xlarge at times: counted at the price of its type now",)
    assert other == ("held",)


DISK = Standing(ebs_key("eu-west-1", "gp3"), Decimal(100))
ADDRESS = Standing(address_key("eu-west-1"), Decimal(1))
ODD = Standing(ebs_key("eu-west-1", "odd"), Decimal(5))


@pytest.mark.parametrize(
    ("standing", "cost", "unknown"),
    [
        ((), None, 0),
        ((DISK,), "8.00", 0),
        ((DISK, ADDRESS), "11.60", 0),
        ((DISK, ODD), "8.00", 1),
        ((ODD,), None, 1),
        (None, None, 1),
    ],
)
def test_what_goes_on_is_part_of_both_costs(
    standing: tuple[Standing, ...] | None, cost: str | None, unknown: int
) -> None:
    """November has 30 days: 100 GB for 0.08, and 720 hours of an address for 0.005."""
    start, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    [found] = estimate([Lot("office", (KEY,), {}, standing)], SCHEDULES, BOOK, start, end)
    stands = Money(Decimal(cost), "USD") if cost else Money(Decimal(0), "USD")
    assert found.tally.standing == ({"USD": stands} if cost else {})
    assert found.tally.standing_unknown == unknown
    assert found.tally.lit_cost == {"USD": Money(Decimal("21.00"), "USD")}
    assert found.tally.cost == {"USD": Money(Decimal("21.00"), "USD") + stands}
    assert found.tally.cost_always_on == {"USD": Money(Decimal("72.00"), "USD") + stands}
    assert found.tally.saved == {"USD": Money(Decimal("51.00"), "USD")}


def test_an_unknown_price_keeps_the_hours() -> None:
    [found] = estimate([Lot("office", (), {})], SCHEDULES, BOOK, MONDAY, MONDAY + WEEK)
    assert (found.tally.lit_hours, found.tally.unpriced, found.tally.saved == {}) == (Decimal(50), 1, True)


def test_lots_keep_their_order() -> None:
    lots = [Lot(name, (KEY,), {"n": name}) for name in (*TIMED, "nowhere", *reversed(TIMED))]
    found = estimate(lots, SCHEDULES, BOOK, MONDAY, MONDAY + WEEK)
    assert [each.lot for each in found] == lots


def test_lit_and_all_hours_are_counted_alike() -> None:
    """Whole seconds on both sides, so that an always-on resource saves nothing, whatever the fraction."""
    start = MONDAY + timedelta(microseconds=900_000)
    [found] = estimate(
        [Lot("running", (KEY,), {})], SCHEDULES, BOOK, start, MONDAY + timedelta(hours=1, microseconds=1)
    )
    assert found.tally.lit_hours == found.tally.all_hours == 1


@pytest.mark.parametrize(
    ("start", "end"),
    [(MONDAY, MONDAY), (MONDAY + WEEK, MONDAY), (MONDAY.replace(tzinfo=None), (MONDAY + WEEK).replace(tzinfo=None))],
)
def test_a_span_must_be_one(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match=r"must come after|no time zone"):
        estimate([Lot("nowhere", (KEY,), {})], SCHEDULES, BOOK, start, end)
