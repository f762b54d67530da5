"""EventBridge Scheduler expressions: the parser against days looked at one by one, and pairs as periods."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.aws_cron import Rate, parse_aws_cron, parse_expression, read, write
from lamplighter.schedules.dialects.translation import compiled


def length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def nearest(day: date, wanted: int) -> bool:
    """Whether `day` is the working day nearest to `wanted` in its month."""
    if wanted > length(day) or day.weekday() > 4:
        return False
    working = [n for n in range(1, length(day) + 1) if day.replace(day=n).weekday() < 5]
    return day.day == min(working, key=lambda n: (abs(n - wanted), n))


Rule = tuple[str, Callable[[date], bool]]
MONTHDAYS: list[Rule] = [
    ("*", lambda d: True),
    ("1", lambda d: d.day == 1),
    ("31", lambda d: d.day == 31),
    ("1-7", lambda d: d.day <= 7),
    ("1,15", lambda d: d.day in (1, 15)),
    ("*/10", lambda d: d.day in (1, 11, 21, 31)),
    ("5/10", lambda d: d.day in (5, 15, 25)),
    ("2-20/6", lambda d: d.day in (2, 8, 14, 20)),
    ("L", lambda d: d.day == length(d)),
    ("l,3", lambda d: d.day in (3, length(d))),
    ("15W", lambda d: nearest(d, 15)),
    ("1W", lambda d: nearest(d, 1)),
    ("31W", lambda d: nearest(d, 31)),
]
WEEKDAYS: list[Rule] = [
    ("*", lambda d: True),
    ("1", lambda d: d.weekday() == 6),
    ("7", lambda d: d.weekday() == 5),
    ("2-6", lambda d: d.weekday() < 5),
    ("MON-FRI", lambda d: d.weekday() < 5),
    ("fri-mon", lambda d: d.weekday() in (4, 5, 6, 0)),
    ("SUN,WED", lambda d: d.weekday() in (6, 2)),
    ("L", lambda d: d.weekday() == 5),
    ("6L", lambda d: d.weekday() == 4 and d.day + 7 > length(d)),
    ("SUNL", lambda d: d.weekday() == 6 and d.day + 7 > length(d)),
    ("2#1", lambda d: d.weekday() == 0 and d.day <= 7),
    ("THU#5", lambda d: d.weekday() == 3 and d.day > 28),
]
MONTHS: list[Rule] = [
    ("*", lambda d: True),
    ("JAN-MAR", lambda d: d.month < 4),
    ("2", lambda d: d.month == 2),
    ("1/3", lambda d: d.month in (1, 4, 7, 10)),
    ("jun,12", lambda d: d.month in (6, 12)),
]
YEARS: list[Rule] = [
    ("*", lambda d: True),
    ("2026", lambda d: d.year == 2026),
    ("2026-2028", lambda d: 2026 <= d.year <= 2028),
    ("2024/2", lambda d: d.year >= 2024 and d.year % 2 == 0),
]
NUMBERS: list[tuple[str, set[int]]] = [
    ("0", {0}),
    ("*", set(range(60))),
    ("0/15", {0, 15, 30, 45}),
    ("5,20", {5, 20}),
    ("1-3", {1, 2, 3}),
    ("*/20", {0, 20, 40}),
]


@st.composite
def expressions(draw: st.DrawFn) -> tuple[str, Callable[[datetime], bool]]:
    minute, minutes = draw(st.sampled_from(NUMBERS))
    hour, hours = draw(st.sampled_from(NUMBERS))
    by_weekday = draw(st.booleans())
    day, matches_day = draw(st.sampled_from(WEEKDAYS if by_weekday else MONTHDAYS))
    month, matches_month = draw(st.sampled_from(MONTHS))
    year, matches_year = draw(st.sampled_from(YEARS))
    fields = ["?", month, day] if by_weekday else [day, month, "?"]
    hour = "0/6" if hour == "0/15" else ("*/8" if hour == "*/20" else hour)
    hours = {"0/6": {0, 6, 12, 18}, "*/8": {0, 8, 16}}.get(hour, hours)

    def matches(wall: datetime) -> bool:
        days = matches_day(wall) and matches_month(wall) and matches_year(wall)
        return days and wall.hour in hours and wall.minute in minutes

    return f"{minute} {hour} {' '.join(fields)} {year}", matches


WALLS = st.datetimes(datetime(2025, 1, 1), datetime(2030, 12, 31))  # noqa: DTZ001 - wall-clock times


@given(expressions(), st.lists(WALLS, min_size=5, max_size=20))
@settings(max_examples=300, deadline=None)
def test_a_minute_matches_when_its_fields_do(
    case: tuple[str, Callable[[datetime], bool]], walls: list[datetime]
) -> None:
    text, matches = case
    cron = parse_aws_cron(text)
    for wall in walls:
        for near in (wall, wall.replace(minute=0), wall.replace(hour=0, minute=0), wall.replace(day=1)):
            assert cron.matches(near) == matches(near)


@pytest.mark.slow
@given(expressions(), WALLS, st.sampled_from(["UTC", "Asia/Kolkata", "Europe/Berlin"]))
@settings(max_examples=40, deadline=None)
def test_the_next_time_is_the_first_that_matches(
    case: tuple[str, Callable[[datetime], bool]], wall: datetime, zone: str
) -> None:
    text, matches = case
    cron = parse_aws_cron(text)
    after = wall.replace(second=0, microsecond=0, tzinfo=UTC)
    found = cron.next(after, ZoneInfo(zone))
    at, seen = after, set[datetime]()
    for _ in range(3 * 1440):
        at += timedelta(minutes=1)
        local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
        repeated = (at - timedelta(hours=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) == local
        seen.add(local)
        if matches(local) and not repeated:
            assert found == at
            return
    assert found is None or found > at


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("0 8 ? * MON-FRI *", "2026-05-01T06:30:00+00:00", "2026-05-04T08:00:00+02:00"),
        ("0 10 ? * 6L 2026-2027", "2027-12-01T00:00:00+00:00", "2027-12-31T10:00:00+01:00"),
        ("0 10 ? * 6L 2026-2027", "2027-12-31T09:00:00+00:00", None),
        ("0 0 29 2 ? *", "2096-03-01T00:00:00+00:00", "2104-02-29T00:00:00+01:00"),
        ("0 0 30 2 ? *", "2026-03-01T00:00:00+00:00", None),
        ("30 2 * * ? *", "2026-03-28T12:00:00+00:00", "2026-03-30T02:30:00+02:00"),  # the 29th lacks 02:30
        ("30 2 * * ? *", "2026-10-24T12:00:00+00:00", "2026-10-25T02:30:00+02:00"),
        ("30 2 * * ? *", "2026-10-25T00:30:00+00:00", "2026-10-26T02:30:00+01:00"),  # 02:30 came again at 01:30 UTC
        ("0 8 ? * 3#5 *", "2026-01-01T00:00:00+00:00", "2026-03-31T08:00:00+02:00"),
    ],
)
def test_next(text: str, after: str, expected: str | None) -> None:
    found = parse_aws_cron(text).next(datetime.fromisoformat(after), ZoneInfo("Europe/Berlin"))
    assert found == (datetime.fromisoformat(expected) if expected else None)
    if found is not None:
        assert found.tzinfo is UTC


def test_a_naive_time_has_no_next() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        parse_aws_cron("0 8 ? * MON-FRI *").next(datetime(2026, 1, 1), ZoneInfo("UTC"))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("cron(0 8 * * MON-FRI *)", 9, "both day fields are used"),
        ("cron(0 8 ? * ? *)", 9, "both day fields are ?"),
        ("cron(0 8 ? * MON-FRI)", 5, "5 fields instead of 6"),
        ("0 8 * * 1-5", 0, "is not an expression"),
        ("cron(60 8 ? * MON *)", 5, "'60' is not a value of the minute"),
        ("cron(0 24 ? * MON *)", 7, "'24' is not a value of the hour"),
        ("cron(0 22-4 ? * MON *)", 7, "the range ends before it begins"),
        ("cron(0 8 ? * 0-5 *)", 13, "'0' is not a value of the weekday"),
        ("cron(0 8 ? * MON/2 *)", 16, "takes no step"),
        ("cron(0 8 ? * MON#6 *)", 17, "'6' is not a number from 1 to 5"),
        ("cron(0 8 L-3 * ? *)", 9, "'L-3' is not known"),
        ("cron(0 8 LW * ? *)", 9, "'LW' is not known"),
        ("cron(0 8 32 * ? *)", 9, "'32' is not a value"),
        ("cron(0 8 ? 13 MON *)", 11, "'13' is not a value of the month"),
        ("cron(0 8 ? * MON 1969)", 17, "'1969' is not a value of the year"),
        ("cron(0 ? ? * MON *)", 7, "? stands in a day field only"),
        ("cron(0 8,, ? * MON *)", 9, "nothing between two commas"),
        ("cron(0 8/0 ? * MON *)", 9, "the step must be"),
        ("cron(0 8 ? * MONDAY *)", 13, "'MONDAY' is not a value"),
        ("at(2026-01-01 08:00:00)", 3, "is not a time"),
        ("at(2026-02-30T08:00:00)", 3, "is not a time"),
        ("rate(1 hours)", 7, "'hours' is not a unit here"),
        ("rate(5 minute)", 7, "'minute' is not a unit here"),
        ("rate(0 minutes)", 5, "'0' is not a whole number"),
        ("rate(5)", 5, "is not a number and a unit"),
        ("every day", 0, "is not an expression"),
    ],
)
def test_what_is_wrong_has_a_place(text: str, position: int, message: str) -> None:
    with pytest.raises(GrammarError) as caught:
        parse_expression(text)
    assert (caught.value.position, message in caught.value.message) == (position, True)
    assert caught.value.hint


def test_rates_and_moments() -> None:
    start = datetime(2026, 1, 1, 8, tzinfo=UTC)
    rate = parse_expression("rate(5 minutes)")
    assert isinstance(rate, Rate)
    assert rate.next(start - timedelta(days=1), start) == start
    assert rate.next(start, start) == start + timedelta(minutes=5)
    assert rate.next(start + timedelta(minutes=7), start) == start + timedelta(minutes=10)
    assert parse_expression("rate(1 day)") == Rate(timedelta(days=1))
    assert parse_expression("at(2026-01-01T08:00:00)") == start.replace(tzinfo=None)


GOOD: list[tuple[str, str, list[dict[str, object]]]] = [
    ("0 8 ? * MON-FRI *", "0 18 ? * MON-FRI *", [{"begintime": "08:00", "endtime": "18:00", "weekdays": "mon-fri"}]),
    ("0 7 ? * MON *", "0 20 ? * FRI *", [{"weekly": "mon 07:00 - fri 20:00"}]),
    ("0 22 * * ? *", "0 6 * * ? *", [{"begintime": "22:00", "endtime": "06:00"}]),
    ("0 8 ? * 2#1 *", "0 18 ? * 2#1 *", [{"begintime": "08:00", "endtime": "18:00", "weekdays": "mon#1"}]),
    ("0 8,13 L * ? *", "0 12,18 L * ? *", [{"times": ["08:00-12:00", "13:00-18:00"], "monthdays": "L"}]),
    ("0 8 15W JAN-MAR ? 2026-2027", "0 18 15W JAN-MAR ? 2026-2027", [
        {"begintime": "08:00", "endtime": "18:00", "monthdays": "15W", "months": "jan-mar",
         "dates": "2026-01-01..2027-12-31"}
    ]),
    ("0 8 1-5 * ? *", "0 18 1-5 * ? *", [{"begintime": "08:00", "endtime": "18:00", "monthdays": "1-5"}]),
]  # fmt: skip


@pytest.mark.parametrize(("start", "stop", "periods"), GOOD, ids=[case[0] for case in GOOD])
def test_pairs(start: str, stop: str, periods: list[dict[str, object]]) -> None:
    found = read("dev", f"start: cron({start})\nstop: cron({stop})\ntimezone: europe/berlin")
    assert found.problems == ()
    assert list(found.periods.values()) == [PeriodDefinition.model_validate(period) for period in periods]
    assert found.schedule == ScheduleDefinition(timezone="Europe/Berlin", periods=tuple(found.periods))


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("start: rate(5 minutes)", 7, "a rate does not count from the clock"),
        ("start: cron(0 20 L * ? *)\nstop: cron(0 6 L * ? *)", 32, "there is no stop on the same day"),
        ("start: cron(0 8 1 * ? *)\nstop: cron(0 18 ? * MON *)", 31, "name different days"),
        ("start: cron(0 8 ? * MON *)\nstop: cron(0 8 ? * MON *)", 33, "fall together, mon 08:00"),
        ("start: at(2026-01-02T08:00:00)\nstop: at(2026-01-01T08:00:00)", 7, "does not come a minute"),
        ("start: at(2026-01-02T08:00:00)\nstop: cron(0 8 ? * MON *)", 7, "stands beside another"),
        ("timezone: UTC", 0, "there is no start and no stop"),
        ("begin: cron(0 8 ? * MON *)", 0, "is neither a start nor a stop"),
        ("start: cron(0 8 ? * MON *)\ntz: Mars", 31, "'Mars' is not a time zone"),
    ],
)
def test_what_periods_cannot_say(text: str, position: int, message: str) -> None:
    found = read("dev", text)
    assert found.schedule is None
    assert (found.problems[0].position, message in found.problems[0].message) == (position, True)
    assert found.problems[0].hint


def test_once() -> None:
    found = read("x", "start: at(2026-01-01T08:00:00)\nstop: at(2026-01-03T18:00:00)\ntimezone: Asia/Tokyo")
    assert found.schedule is not None
    schedule = compiled("x", found.schedule, found.periods)
    tokyo = ZoneInfo("Asia/Tokyo")
    for day, hour, state in [(1, 7, "any"), (1, 8, "running"), (2, 0, "running"), (3, 17, "running"),
                             (3, 18, "stopped"), (3, 23, "stopped"), (4, 0, "any")]:  # fmt: skip
        assert schedule.state_at(datetime(2026, 1, day, hour, tzinfo=tokyo)).state == state


def test_it_writes() -> None:
    period = PeriodDefinition(begintime="08:30", endtime="18:00", weekdays=("sun-tue",))
    written = write(ScheduleDefinition(periods=("p",), timezone="Europe/Berlin", stay_off=True), {"p": period})
    assert written.text == "start: cron(30 8 ? * SUN-TUE *)\nstop: cron(0 18 ? * SUN-TUE *)\ntimezone: Europe/Berlin"
    assert written.notes[-1] == "not kept: stay_off"
    frozen = write(ScheduleDefinition(periods=("p",), timezone="Europe/Berlin", freeze=("year-end",)), {"p": period})
    assert frozen.notes[-1] == "not kept: freeze"
    assert write(ScheduleDefinition(override_status="running"), {}).text is None
