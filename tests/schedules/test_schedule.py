"""Compiled schedules: golden tables, one for the change of clocks and one for gaps and ends; and their lit hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from lamplighter.schedules import Schedule, State, Timeline, load_instance_scheduler
from lamplighter.schedules.calendars import compile_calendar
from lamplighter.schedules.compiler import compile_period, compile_schedule
from lamplighter.schedules.definitions import CalendarDefinition, PeriodDefinition, ScheduleDefinition


def lit(timeline: Timeline) -> list[tuple[int, int]]:
    """Stretches in which the desired state is running, neighbours made one."""
    found: list[tuple[int, int]] = []
    for begin, end, value in zip(timeline.starts, (*timeline.starts[1:], timeline.end), timeline.values, strict=True):
        if value.state is State.RUNNING:
            if found and found[-1][1] == begin:
                begin, _ = found.pop()
            found.append((begin, end))
    return found


def said(timeline: Timeline, zone: str, form: str = "%H:%M") -> str:
    """The lit stretches as text, on a zone's clock."""

    def clock(second: int) -> str:
        return datetime.fromtimestamp(second, ZoneInfo(zone)).strftime(form)

    return " ".join(f"{clock(begin)}-{clock(end)}" for begin, end in lit(timeline)) or "never"


def spans_on(day: str, zone: str, times: str) -> Schedule:
    """A schedule that is lit in some spans of one day; `*` is the whole day."""
    period = PeriodDefinition(dates=(day,), times=() if times == "*" else (times,))
    compiled = compile_period("p", period, {})
    return compile_schedule("s", ScheduleDefinition(periods=("p",), timezone=zone), {"p": compiled}, {})


# Zone | day | span of that day, local | lit, in UTC | hours. Berlin: on 29 March 2026 the clock goes from 02:00 to
# 03:00, on 25 October from 03:00 back to 02:00; New York an hour earlier by its own clock; Lord Howe by half an hour.
CLOCK_CHANGES = """
Europe/Berlin       | 2026-03-28 | 02:15-02:45 | 01:15-01:45             | 0.5
Europe/Berlin       | 2026-03-29 | 02:15-02:45 | never                   | 0
Europe/Berlin       | 2026-03-29 | 01:30-02:30 | 00:30-01:00             | 0.5
Europe/Berlin       | 2026-03-29 | 02:30-03:30 | 01:00-01:30             | 0.5
Europe/Berlin       | 2026-03-29 | 01:30-03:30 | 00:30-01:30             | 1
Europe/Berlin       | 2026-03-29 | 00:00-24:00 | 23:00-22:00             | 23
Europe/Berlin       | 2026-03-29 | *           | 23:00-22:00             | 23
Europe/Berlin       | 2026-03-29 | 08:00-18:00 | 06:00-16:00             | 10
Europe/Berlin       | 2026-03-28 | 22:00-06:00 | 21:00-04:00             | 7
Europe/Berlin       | 2026-03-29 | 01:00-02:00, 03:00-04:00 | 00:00-02:00 | 2
Europe/Berlin       | 2026-10-24 | 02:15-02:45 | 00:15-00:45             | 0.5
Europe/Berlin       | 2026-10-25 | 02:15-02:45 | 00:15-00:45 01:15-01:45 | 1
Europe/Berlin       | 2026-10-25 | 01:30-02:30 | 23:30-00:30 01:00-01:30 | 1.5
Europe/Berlin       | 2026-10-25 | 02:30-03:30 | 00:30-01:00 01:30-02:30 | 1.5
Europe/Berlin       | 2026-10-25 | 01:30-03:30 | 23:30-02:30             | 3
Europe/Berlin       | 2026-10-25 | 02:00-03:00 | 00:00-02:00             | 2
Europe/Berlin       | 2026-10-25 | *           | 22:00-23:00             | 25
Europe/Berlin       | 2026-10-25 | 08:00-18:00 | 07:00-17:00             | 10
Europe/Berlin       | 2026-10-24 | 22:00-06:00 | 20:00-05:00             | 9
America/New_York    | 2026-03-08 | 02:15-02:45 | never                   | 0
America/New_York    | 2026-11-01 | 01:30-01:45 | 05:30-05:45 06:30-06:45 | 0.5
America/New_York    | 2026-11-01 | 00:00-01:30 | 04:00-05:30 06:00-06:30 | 2
Australia/Lord_Howe | 2026-04-05 | 01:45-02:00 | 14:45-15:00 15:15-15:30 | 0.5
Australia/Lord_Howe | 2026-10-04 | 02:00-02:20 | never                   | 0
Australia/Lord_Howe | 2026-10-04 | *           | 13:30-13:00             | 23.5
America/Sao_Paulo   | 2018-11-04 | 00:00-01:00 | never                   | 0
America/Sao_Paulo   | 2018-02-17 | 23:00-24:00 | 01:00-03:00             | 2
Pacific/Apia        | 2011-12-30 | *           | never                   | 0
Pacific/Apia        | 2011-12-29 | 22:00-06:00 | 08:00-10:00             | 2
Pacific/Apia        | 2011-12-30 | 22:00-06:00 | 10:00-16:00             | 6
Asia/Kathmandu      | 2026-03-29 | 08:00-18:00 | 02:15-12:15             | 10
"""
CHANGE_ROWS = [[cell.strip() for cell in line.split("|")] for line in CLOCK_CHANGES.strip().splitlines()]


@pytest.mark.parametrize(
    ("zone", "day", "span", "utc", "hours"), CHANGE_ROWS, ids=[" ".join(r[:3]) for r in CHANGE_ROWS]
)
def test_change_of_clocks(zone: str, day: str, span: str, utc: str, hours: str) -> None:
    noon = datetime.combine(date.fromisoformat(day), time(12), UTC)
    schedule = spans_on(day, zone, span)
    around = (noon - timedelta(days=2), noon + timedelta(days=2))
    assert said(schedule.timeline(*around), "UTC") == utc
    assert schedule.lit_hours(*around) == Decimal(hours)


# Periods of the AWS Instance Scheduler | lit on Monday, 4 May 2026, local.
GAPS = """
08:00-12:00 12:00-17:00             | 08:00-17:00
08:00-12:00 12:01-17:00             | 08:00-17:00
08:00-12:00 12:02-17:00             | 08:00-12:00 12:02-17:00
08:00-12:00 12:01-12:02 12:03-17:00 | 08:00-17:00
00:00-23:59                         | 00:00-23:59
00:00-23:59 10:00-11:00             | 00:00-00:00
00:01-23:59 10:00-11:00             | 00:01-23:59
22:00-23:59 00:00-06:00             | 00:00-06:00 22:00-00:00
22:00-23:59 00:01-06:00             | 00:01-06:00 22:00-23:59
08:00-                              | 08:00-00:00
-18:00                              | never
08:00- -18:00                       | 08:00-00:00
-00:00                              | never
00:00-                              | 00:00-00:00
"""


@pytest.mark.parametrize(
    ("periods", "local"), [[c.strip() for c in line.split("|")] for line in GAPS.strip().splitlines()]
)
def test_gaps_and_ends(periods: str, local: str) -> None:
    names = periods.split()
    items: list[dict[str, object]] = [{"type": "schedule", "name": "s", "periods": names, "timezone": "Europe/Berlin"}]
    for name in names:
        begin, _, end = name.partition("-")
        ends = {key: text for key, text in (("begintime", begin), ("endtime", end)) if text}
        items.append({"type": "period", "name": name, **ends})
    schedule = load_instance_scheduler(items).schedules["s"]
    first = datetime(2026, 5, 4, tzinfo=ZoneInfo("Europe/Berlin"))
    assert said(schedule.timeline(first, first + timedelta(days=1)), "Europe/Berlin") == local


# Begin and end, local | desired over a Monday; only Mondays match.
ONE_SIDED = """
08:00- | 00:00 any, 08:00 running, 00:00 stopped
-18:00 | 00:00 any, 18:00 stopped
-00:00 | 00:00 stopped
00:00- | 00:00 running, 00:00 stopped
-      | 00:00 running, 00:00 stopped
-24:00 | 00:00 any, 00:00 stopped
"""


@pytest.mark.parametrize(
    ("ends", "desired"), [[c.strip() for c in line.split("|")] for line in ONE_SIDED.strip().splitlines()]
)
def test_periods_with_one_end(ends: str, desired: str) -> None:
    begin, _, end = ends.partition("-")
    period = PeriodDefinition(weekdays=("mon",), begintime=begin or None, endtime=end or None)
    schedule = compile_schedule("s", ScheduleDefinition(periods=("p",)), {"p": compile_period("p", period, {})}, {})
    first = datetime(2026, 5, 4, tzinfo=UTC)
    timeline = schedule.timeline(first, first + timedelta(hours=30))
    changes = [(first, timeline.values[0]), *((t.at, t.now) for t in timeline.transitions())]
    assert ", ".join(f"{at:%H:%M} {value.state}" for at, value in changes) == desired


def test_the_gap_takes_the_type_of_what_follows() -> None:
    items: list[dict[str, object]] = [
        {"type": "period", "name": "a", "begintime": "08:00", "endtime": "12:00"},
        {"type": "period", "name": "b", "begintime": "12:01", "endtime": "17:00"},
        {"type": "schedule", "name": "s", "periods": ["a@t3.large", "b@m5.large"]},
    ]
    schedule = load_instance_scheduler(items).schedules["s"]
    found = [schedule.state_at(datetime(2026, 5, 4, 11, 59, tzinfo=UTC) + timedelta(minutes=n)) for n in range(3)]
    assert [(d.period, d.instance_type) for d in found] == [("a", "t3.large"), ("b", "m5.large"), ("b", "m5.large")]
    (start, resize, stop) = schedule.transitions(*(datetime(2026, 5, n, tzinfo=UTC) for n in (4, 5)))
    assert (start.at.hour, resize.at.time(), stop.at.hour) == (8, time(12), 17)
    assert (resize.before.instance_type, resize.now.instance_type) == ("t3.large", "m5.large")


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("zone", "day", "minutes"),
    [
        ("Europe/Berlin", "2026-03-29", 1380),
        ("Europe/Berlin", "2026-05-04", 1440),
        ("Europe/Berlin", "2026-10-25", 1500),
        ("Australia/Lord_Howe", "2026-04-05", 1470),
        ("Asia/Kathmandu", "2026-03-29", 1440),
    ],
)
@pytest.mark.parametrize("times", ["*", "00:00-02:20, 02:40-03:10, 09:00-17:30", "22:00-02:30"])
def test_lit_hours_are_the_minutes_in_which_it_is_lit(zone: str, day: str, minutes: int, times: str) -> None:
    midnight = datetime.combine(date.fromisoformat(day), time(), ZoneInfo(zone))
    start, end = midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)
    schedule = spans_on(f"2026-03-01..{day}", zone, times)
    every = [start + n * MINUTE for n in range(int((end - start) / MINUTE))]
    assert len(every) == minutes
    counted = sum(schedule.state_at(at).state is State.RUNNING for at in every)
    assert schedule.lit_hours(start, end) == Decimal(counted) / 60
    assert counted == minutes if times == "*" else 0 < counted < minutes
    halves = schedule.lit_hours(start, start + 700 * MINUTE) + schedule.lit_hours(start + 700 * MINUTE, end)
    assert halves.quantize(Decimal("1e-20")) == (Decimal(counted) / 60).quantize(Decimal("1e-20"))


def test_a_fixed_schedule_says_one_thing() -> None:
    schedule = compile_schedule("s", ScheduleDefinition(override_status="running"), {}, {})
    start = datetime(2026, 5, 4, tzinfo=UTC)
    found = schedule.state_at(start)
    assert (found.state, found.period, found.instance_type) == (State.RUNNING, "override_status", None)
    assert found.reason == "the schedule is fixed to running"
    assert schedule.transitions(start, start + timedelta(days=400)) == []
    assert schedule.lit_hours(start, start + timedelta(days=400)) == 9600


def test_reasons() -> None:
    known = {
        "shut": compile_calendar("shut", CalendarDefinition(dates=("2026-05-05",)), str),
        "fair": compile_calendar("fair", CalendarDefinition(dates=("2026-05-06",)), str),
    }
    fields = {
        "office": PeriodDefinition(begintime="08:00", endtime="18:00"),
        "late": PeriodDefinition(begintime="20:00", weekdays=("thu",)),
        "early": PeriodDefinition(endtime="06:00", weekdays=("fri",)),
        "noon": PeriodDefinition(begintime="12:00", endtime="13:00", state="stopped"),
    }
    periods = {name: compile_period(name, given, known) for name, given in fields.items()}
    definition = ScheduleDefinition(periods=tuple(fields), open=("fair",), closed=("shut",))
    schedule = compile_schedule("s", definition, periods, known)
    moments = ("05-04T07", "05-04T08", "05-04T12", "05-05T08", "05-06T02", "05-07T19", "05-08T05", "05-08T06")
    assert [schedule.state_at(datetime.fromisoformat(f"2026-{m}:00+00:00")).reason for m in moments] == [
        "no period is on",
        "period office is on",
        "noon puts it out",
        "shut puts it out",
        "calendar fair is open",
        "period late has one end only and leaves this time open",
        "period early has one end only and leaves this time open",
        "period early has ended",
    ]


@pytest.mark.parametrize(
    ("otherwise", "reason"), [("stopped", "no period is on"), ("running", "no period puts it out")]
)
def test_what_holds_otherwise(otherwise: str, reason: str) -> None:
    schedule = compile_schedule("s", ScheduleDefinition.model_validate({"otherwise": otherwise}), {}, {})
    found = schedule.state_at(datetime(2026, 5, 4, tzinfo=UTC))
    assert (found.state.value, found.period, found.reason) == (otherwise, None, reason)


def test_many_years_do_not_change_the_answers() -> None:
    schedule = spans_on("1990-01-01..2060-01-01", "Europe/Berlin", "08:00-18:00")
    days = [datetime(1992, 1, 1, 12, tzinfo=UTC) + timedelta(days=50 * n) for n in range(480)]
    assert {schedule.state_at(d).state for d in days} == {State.RUNNING}
    assert {schedule.state_at(d - timedelta(hours=9)).state for d in days} == {State.STOPPED}


def test_what_cannot_be_asked() -> None:
    schedule = spans_on("2026-05-04", "UTC", "*")
    start = datetime(2026, 5, 4, tzinfo=UTC)
    with pytest.raises(ValueError, match="has no time zone"):
        schedule.state_at(datetime(2026, 5, 4))  # noqa: DTZ001 - the point of the test
    for end in (start, start - timedelta(seconds=1), start + timedelta(microseconds=1)):
        with pytest.raises(ValueError, match="the end must come after the start"):
            schedule.timeline(start, end)
