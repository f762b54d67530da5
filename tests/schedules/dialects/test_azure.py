"""The tag AutoShutdownSchedule: golden table, refusals, writing, and every instant as the runbook reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.azure import read, write
from lamplighter.schedules.dialects.translation import compiled

GOOD: list[tuple[str, list[dict[str, object]]]] = [
    ("10pm->6am", [{"begintime": "22:00", "endtime": "06:00"}]),
    ("22:00->06:00", [{"begintime": "22:00", "endtime": "06:00"}]),
    ("8PM->12AM, 2AM -> 7AM", [
        {"begintime": "20:00", "endtime": "24:00"}, {"begintime": "02:00", "endtime": "07:00"}
    ]),
    ("12:30 pm->1pm", [{"begintime": "12:30", "endtime": "13:00"}]),
    ("12AM->6:15am", [{"begintime": "00:00", "endtime": "06:15"}]),
    ("Saturday, Sun", [{"weekdays": ["sat", "sun"]}]),
    ("2:00->7:00, Saturday, Sunday, December 25", [
        {"begintime": "02:00", "endtime": "07:00"},
        {"months": "dec", "monthdays": "25"},
        {"weekdays": ["sat", "sun"]},
    ]),
    ("December 25, January 1", [{"months": "dec", "monthdays": "25"}, {"months": "jan", "monthdays": "1"}]),
    ("1 jan, Feb 29", [{"months": "jan", "monthdays": "1"}, {"months": "feb", "monthdays": "29"}]),
    ("2026-12-24", [{"dates": "2026-12-24"}]),
    ("2026-12-24 18:00->2026-12-27", [
        {"dates": "2026-12-24", "begintime": "18:00", "endtime": "24:00"}, {"dates": "2026-12-25..2026-12-26"}
    ]),
    ("0:00 -> 23:59:59", [{}]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "periods"), GOOD, ids=[case[0] for case in GOOD])
def test_it_reads(text: str, periods: list[dict[str, object]]) -> None:
    found = read("dev", text)
    assert found.problems == ()
    expected = [PeriodDefinition.model_validate({"state": "stopped", **period}) for period in periods]
    assert list(found.periods.values()) == expected
    assert found.schedule == ScheduleDefinition(timezone="UTC", periods=tuple(found.periods))
    assert "`enforced: true`" in found.notes[-1]


def test_a_time_alone_stops_and_never_starts() -> None:
    found = read("dev", "17:00")
    assert found.schedule is not None
    schedule = compiled("dev", found.schedule, found.periods)
    states = [schedule.state_at(datetime(2026, 1, day, hour, tzinfo=UTC)).state for day in (1, 2) for hour in (16, 17)]
    assert states == ["any", "stopped"] * 2
    assert "never starts" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "'' is not known"),
        ("beer thirty", 0, "'beer thirty' is not known"),
        ("Saturday, beer", 10, "'beer' is not known"),
        ("17:00, Saturday", 0, "'17:00' is not known"),
        ("10pm->25:00", 6, "'25:00' is not a time of the day"),
        ("13pm->6am", 0, "'13pm' is not a time of the day"),
        ("10pm->6", 6, "'6' is not a time"),
        ("10pm->10pm", 0, "the same time"),
        ("February 30", 0, "is not a day of the year"),
        ("Febuary 3", 0, "is not a day of the year"),
        ("2026-13-01", 0, "month must be in 1..12"),
        ("2026-12-24->2026-12-23", 0, "ends before it begins"),
        ("25:30", 0, "'25:30' is not a time of the day"),
    ],
)
def test_it_refuses(text: str, position: int, message: str) -> None:
    found = read("dev", text)
    assert found.schedule is None
    assert (found.problems[0].position, message in found.problems[0].message) == (position, True)
    assert found.problems[0].hint


@pytest.mark.parametrize(
    ("schedule", "periods", "expected"),
    [
        ({}, [{"begintime": "06:00", "endtime": "22:00", "weekdays": "mon-fri"}], "22:00->06:00, Saturday, Sunday"),
        ({}, [{"state": "stopped", "weekdays": "sat"}, {"state": "stopped", "months": "12", "monthdays": "25"}], None),
        (
            {},
            [{"state": "stopped", "weekdays": "sat"}, {"state": "stopped", "months": "dec", "monthdays": "25"}],
            "Saturday, December 25",
        ),
        ({}, [{"state": "stopped", "months": "dec", "monthdays": "25"}], "December 25"),
        ({"override_status": "stopped"}, [], "0:00->23:59:59"),
        ({"override_status": "running"}, [], None),
        ({"timezone": "Europe/Berlin"}, [{"begintime": "06:00", "endtime": "22:00"}], None),
        ({}, [{"begintime": "06:00", "endtime": "22:00", "weekdays": "mon"}, {"weekdays": "tue"}], None),
    ],
)
def test_it_writes(schedule: dict[str, object], periods: list[dict[str, object]], expected: str | None) -> None:
    own = {f"p{n}": PeriodDefinition.model_validate(period) for n, period in enumerate(periods)}
    written = write(ScheduleDefinition.model_validate({"periods": list(own), **schedule}), own)
    assert written.text == expected
    assert written.notes


# --- the runbook's own way to look at one instant ------------------------------------------------------------

WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "March", "October", "December")
ENTRIES = st.one_of(
    st.tuples(st.integers(0, 95), st.integers(0, 95)).filter(lambda ends: ends[0] != ends[1]),
    st.sampled_from(WEEK),
    st.tuples(st.sampled_from(MONTHS), st.integers(1, 31)),
)
Entry = tuple[int, int] | str | tuple[str, int]


def written_entry(entry: Entry, half_day: bool) -> str:
    if isinstance(entry, str):
        return entry
    first, second = entry
    if isinstance(first, str):
        return f"{first} {second}"
    moments = [datetime(2026, 1, 1, quarter // 4, quarter % 4 * 15, tzinfo=UTC) for quarter in (first, second)]
    return " -> ".join(f"{moment:%I:%M%p}" if half_day else f"{moment:%H:%M}" for moment in moments)


def is_out(entry: Entry, now: datetime) -> bool:
    if isinstance(entry, str):
        return f"{now:%A}" == entry
    first, second = entry
    if isinstance(first, str):
        return f"{now:%B}" == first and now.day == second
    midnight = now.replace(hour=0, minute=0)
    begin, end = (midnight + timedelta(minutes=15 * quarter) for quarter in (first, second))
    if begin > end and now >= begin:
        end += timedelta(days=1)
    elif begin > end:
        begin -= timedelta(days=1)
    return begin <= now < end  # the original includes the end's one instant


@given(
    st.lists(ENTRIES, min_size=1, max_size=4),
    st.booleans(),
    st.lists(st.integers(0, 366 * 96), min_size=1, max_size=15),
)
@settings(max_examples=200, deadline=None)
def test_every_instant_is_as_the_runbook_says(entries: list[Entry], half_day: bool, quarters: list[int]) -> None:
    found = read("x", ", ".join(written_entry(entry, half_day) for entry in entries))
    assert found.schedule is not None, found.problems
    schedule = compiled("x", found.schedule, found.periods)
    instants = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter) for quarter in quarters]
    for instant in instants:
        out = any(is_out(entry, instant) for entry in entries)
        assert schedule.state_at(instant).state == ("stopped" if out else "running")
    back = write(found.schedule, found.periods)
    assert back.text is not None
    again = read("x", back.text)
    assert again.schedule is not None
    other = compiled("x", again.schedule, again.periods)
    assert [other.state_at(at).state for at in instants] == [schedule.state_at(at).state for at in instants]
