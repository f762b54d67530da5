"""Pairs of Unix cron lines: golden table, refusals, and the state that the last line left, day by day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.cron_pairs import parse_cron, read, write
from lamplighter.schedules.dialects.translation import compiled

OFFICE: dict[str, object] = {"begintime": "08:00", "endtime": "18:00", "weekdays": "mon-fri"}
GOOD: list[tuple[str, dict[str, object], list[dict[str, object]]]] = [
    ("start: 0 8 * * 1-5\nstop: 0 18 * * 1-5\ntimezone: Europe/Berlin", {"timezone": "Europe/Berlin"}, [OFFICE]),
    ("start=0 8 * * MON-FRI; stop=0 18 * * 1,2,3,4,5; tz=utc", {}, [OFFICE]),
    ("CRON_TZ=Asia/Tokyo\n# nights\n\nstart: '0 8 * * 1-5'\nstop: 0 18 * * *", {"timezone": "Asia/Tokyo"}, [OFFICE]),
    ("0 8 * * 1-5 aws ec2 start-instances --instance-ids i-1\n0 18 * * 1-5 /opt/stop.sh", {}, [OFFICE]),
    ("start: 0 20 * * 7\nstop: 0 6 * * 1", {}, [{"begintime": "20:00", "endtime": "06:00", "weekdays": "sun"}]),
    ("start: 0 7 * * 1\nstop: 0 20 * * 5", {}, [{"weekly": "mon 07:00 - fri 20:00"}]),
    ("start: 0 8 * * 1\nstop: 0 8 * * 2", {}, [{"weekly": "mon 08:00 - tue 08:00"}]),
    ("start: @daily\nstop: 30 17 * * *", {}, [{"begintime": "00:00", "endtime": "17:30"}]),
    ("start: 0 8 1,15 * *\nstop: 30 17 1,15 * *", {}, [
        {"begintime": "08:00", "endtime": "17:30", "monthdays": ["1", "15"]}
    ]),
    ("start: 0 8 1 * 1\nstop: 0 9 1 * 1", {}, [
        {"begintime": "08:00", "endtime": "09:00", "monthdays": "1"},
        {"begintime": "08:00", "endtime": "09:00", "weekdays": "mon"},
    ]),
    ("start: 0 8 * 1-3 *\nstop: 0 9 * 1-3 *", {}, [{"begintime": "08:00", "endtime": "09:00", "months": "jan-mar"}]),
    ("start: 0 8 * 6 *\nstart: 0 9 * 7 *\nstop: 0 18 * 6 *\nstop: 0 12 * 7 *", {}, [
        {"begintime": "08:00", "endtime": "18:00", "months": "jun"},
        {"begintime": "09:00", "endtime": "12:00", "months": "jul"},
    ]),
    ("stop: 0 19 * * *", {"otherwise": "any"}, [{"endtime": "19:00"}]),
    ("start: 0 8 * * 1", {"otherwise": "any"}, [{"begintime": "08:00", "weekdays": "mon"}]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "schedule", "periods"), GOOD, ids=[case[0] for case in GOOD])
def test_it_reads(text: str, schedule: dict[str, object], periods: list[dict[str, object]]) -> None:
    found = read("dev", text)
    assert found.problems == ()
    assert list(found.periods.values()) == [PeriodDefinition.model_validate(period) for period in periods]
    fields = {"timezone": "UTC", "periods": list(found.periods), **schedule}
    assert found.schedule == ScheduleDefinition.model_validate(fields)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("start: 0 8 * *", 7, "4 fields instead of 5"),
        ("start: 0 8 * * 1-8", 17, "'8' is not a value of the weekday"),
        ("start: 0 8 * * 5-1", 15, "the range ends before it begins"),
        ("stop: 61 * * * *", 6, "'61' is not a value of the minute"),
        ("stop: 0 18 * * ?", 15, "'?' is not a value of the weekday"),
        ("0 8 * * 1-5 /opt/run.sh", 12, "does not say whether it starts or stops"),
        ("0 8 * * 1-5", 0, "does not say whether it starts or stops"),
        ("start: 0 20 1-15 * *\nstop: 0 6 1-15 * *", 27, "there is no stop on the same day"),
        ("start: 0 8 * 1 *\nstop: 0 18 * * *", 23, "start and stop name different days"),
        ("start: 0 8 * * *\nstop: 0 8 * * 3", 23, "start and stop fall together, wed 08:00"),
        ("tz: Mars\nstart: 0 8 * * *", 4, "'Mars' is not a time zone"),
    ],
)
def test_it_refuses(text: str, position: int, message: str) -> None:
    found = read("dev", text)
    assert found.schedule is None
    assert message in found.problems[0].message
    assert found.problems[0].position == position
    assert found.problems[0].hint


def test_a_macro_and_both_day_fields() -> None:
    assert parse_cron("@weekly") == parse_cron("0 0 * * 7")
    either = parse_cron("0 0 13 * 5")
    days = [datetime(2026, 2, 13), datetime(2026, 2, 6), datetime(2026, 1, 13), datetime(2026, 1, 14)]  # noqa: DTZ001
    assert [either.matches(day) for day in days] == [True, True, True, False]
    both = parse_cron("0 0 */2 * 5")
    assert [both.matches(day) for day in days] == [True, False, False, False]
    with pytest.raises(GrammarError):
        parse_cron("@reboot")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("start: 0 8 * * *\nstop: 0 18 * * *", "cron acts at its minute only"),
        ("start: 30 2 * * *\nstop: 0 18 * * *", "where the clock changes"),
        ("start: 1 18 * * *\nstop: 0 18 * * *", "a gap of one minute"),
        ("stop: 0 12,18 * * *", "of several stops a day the first is kept, 12:00"),
        ("start: 0 8 * * *", "there is no stop"),
    ],
)
def test_what_is_different_is_said(text: str, note: str) -> None:
    assert any(note in said for said in read("dev", text).notes)


def test_it_writes() -> None:
    periods = {
        "a": PeriodDefinition(times=("08:00-12:00", "13:00-18:00"), weekdays=("mon-fri",)),
        "b": PeriodDefinition(begintime="22:00", endtime="02:30", weekdays=("sat",)),
    }
    written = write(ScheduleDefinition(periods=("a", "b")), periods, default_timezone="Asia/Tokyo")
    assert written.text == (
        "start: 0 8,13 * * 1-5\nstart: 0 22 * * 6\nstop: 30 2 * * 0\nstop: 0 12,18 * * 1-5\ntimezone: Asia/Tokyo"
    )
    assert write(ScheduleDefinition(periods=("a",)), {"a": PeriodDefinition(dates=("2026-01-01",))}).text is None


# --- what the last line left, a day at a time ---------------------------------------------------------------

DAY_FIELDS: list[tuple[str, set[int], set[int]]] = [
    ("* * *", set(range(1, 32)), set(range(7))),
    ("* * 1-5", set(range(1, 32)), set(range(5))),
    ("* * 0,6", set(range(1, 32)), {5, 6}),
    ("* * 3", set(range(1, 32)), {2}),
    ("1-15 * *", set(range(1, 16)), set(range(7))),
    ("*/7 * *", {1, 8, 15, 22, 29}, set(range(7))),
]
Line = tuple[int, list[int]]
"""Index of the day fields, and quarters of the day."""


def state_at(starts: list[Line], stops: list[Line], instant: datetime) -> str:
    day = instant.replace(hour=0, minute=0)
    for back in range(80):
        at = day - timedelta(days=back)
        edges = [
            (at + timedelta(minutes=15 * quarter), state)
            for lines, state in ((starts, "running"), (stops, "stopped"))
            for index, quarters in lines
            for quarter in quarters
            if at.day in DAY_FIELDS[index][1] and at.weekday() in DAY_FIELDS[index][2]
        ]
        past = [edge for edge in edges if edge[0] <= instant]
        if past:
            return max(past)[1]
    return "stopped"


def expressions(line: Line) -> list[str]:
    index, quarters = line
    return [f"{quarter % 4 * 15} {quarter // 4} {DAY_FIELDS[index][0]}" for quarter in quarters]


LINES = st.lists(
    st.tuples(st.integers(0, 5), st.lists(st.integers(0, 95), min_size=1, max_size=3, unique=True)),
    min_size=1,
    max_size=2,
)
INSTANTS = st.lists(
    st.integers(0, 366 * 96).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * n)),
    min_size=1,
    max_size=15,
)


@given(LINES, LINES, INSTANTS, st.booleans())
@settings(max_examples=300, deadline=None)
def test_the_state_is_what_the_last_line_left(
    starts: list[Line], stops: list[Line], instants: list[datetime], same_days: bool
) -> None:
    if same_days:
        starts, stops = [(stops[0][0], starts[0][1])], stops[:1]
    lines = [f"start: {text}" for line in starts for text in expressions(line)]
    lines += [f"stop: {text}" for line in stops for text in expressions(line)]
    found = read("x", "\n".join(lines))
    if found.schedule is None:
        messages = " ".join(problem.message for problem in found.problems)
        weekly = all(index < 4 for index, _ in (*starts, *stops))
        assert "fall together" in messages or not weekly
        return
    schedule = compiled("x", found.schedule, found.periods)
    for instant in instants:
        assert schedule.state_at(instant).state == state_at(starts, stops, instant)
    back = write(found.schedule, found.periods)
    if back.text is not None:
        again = read("x", back.text)
        assert (again.schedule, set(again.periods.values())) == (found.schedule, set(found.periods.values()))
