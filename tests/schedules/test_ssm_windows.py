from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.schedules.dialects.aws_cron import parse_aws_cron
from lamplighter.schedules.ssm_windows import doubtful, open_occurrences, read_ssm_window
from lamplighter.schedules.windows import Window

LEAD = timedelta(minutes=10)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def told(schedule: str = "cron(0 2 ? * TUE *)", **more: Any) -> dict[str, Any]:
    """A window as SSM tells of it: on Tuesdays at 02:00 UTC, for three hours."""
    return {
        "WindowId": "mw-0123456789abcdef0",
        "Name": "patch-tuesday",
        "Enabled": True,
        "Duration": 3,
        "Cutoff": 1,
        "Schedule": schedule,
        **more,
    }


def begins(moment: str, schedule: str = "cron(0 2 ? * TUE *)", *, created: str = "", **more: Any) -> list[str]:
    """When the occurrences that are open at a time begin."""
    window = read_ssm_window(told(schedule, **more))
    assert window.problem == ""
    found = open_occurrences(window, at(moment), LEAD, at(created) if created else None)
    assert all(one.name == "patch-tuesday" and one.end - one.begin == 3 * HOUR for one in found)
    return [one.begin.strftime("%m-%dT%H:%M") for one in found]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-24T01:49", []),
        ("2026-11-24T01:50", ["11-24T02:00"]),
        ("2026-11-24T02:00", ["11-24T02:00"]),
        ("2026-11-24T04:59", ["11-24T02:00"]),
        ("2026-11-24T05:00", []),
    ],
)
def test_an_open_window_is_found_though_ssm_tells_of_the_next(moment: str, expected: list[str]) -> None:
    following = "2026-11-24T02:00Z" if moment < "2026-11-24T02:00" else "2026-12-01T02:00Z"
    assert begins(moment, NextExecutionTime=following) == expected
    assert begins(moment) == expected, "also where SSM tells no next execution"


@pytest.mark.parametrize(
    ("moment", "schedule", "more", "expected"),
    [
        # Seven fields: seconds in front.
        ("2026-11-24T03:00", "cron(0 0 2 ? * TUE *)", {}, ["11-24T02:00"]),
        ("2026-11-24T03:00", "cron(0 30 23 ? * TUE#3 *)", {}, []),
        # The third Tuesday is the 17th; two days later.
        ("2026-11-19T23:45", "cron(30 23 ? * TUE#3 *)", {"ScheduleOffset": 2}, ["11-19T23:30"]),
        ("2026-11-17T23:45", "cron(30 23 ? * TUE#3 *)", {"ScheduleOffset": 2}, []),
        ("2026-11-20T02:29", "cron(30 23 ? * TUE#3 *)", {"ScheduleOffset": 2}, ["11-19T23:30"]),
        # Local time of a zone, and over midnight.
        ("2026-11-24T08:30", "cron(0 0 ? * TUE *)", {"ScheduleTimezone": "America/Los_Angeles"}, ["11-24T08:00"]),
        ("2026-07-07T07:30", "cron(0 0 ? * TUE *)", {"ScheduleTimezone": "America/Los_Angeles"}, ["07-07T07:00"]),
        ("2026-11-25T01:00", "cron(0 23 ? * TUE *)", {}, ["11-24T23:00"]),
        # A rate counts from an execution that is told.
        ("2026-11-24T03:00", "rate(7 days)", {"NextExecutionTime": "2026-12-01T02:00Z"}, ["11-24T02:00"]),
        ("2026-11-24T01:55", "rate(7 days)", {"NextExecutionTime": "2026-11-24T02:00Z"}, ["11-24T02:00"]),
        ("2026-11-24T06:00", "rate(7 days)", {"NextExecutionTime": "2026-12-01T02:00Z"}, []),
        ("2026-12-08T03:00", "rate(7 days)", {"NextExecutionTime": "2026-11-24T02:00Z"}, ["12-08T02:00"]),
        ("2026-11-24T03:00", "rate(1 hour)", {"NextExecutionTime": "2026-11-24T04:00Z"}, ["11-24T03:00"]),
        (
            "2026-11-24T03:55",
            "rate(1 hour)",
            {"NextExecutionTime": "2026-11-24T04:00Z"},
            ["11-24T03:00", "11-24T04:00"],
        ),
        # Once.
        ("2026-11-24T04:00", "at(2026-11-24T02:00:00)", {}, ["11-24T02:00"]),
        ("2026-11-25T04:00", "at(2026-11-24T02:00:00)", {}, []),
        ("2026-11-24T02:00", "at(2026-11-24T02:00:00)", {"ScheduleTimezone": "Europe/Berlin"}, ["11-24T01:00"]),
        # Told with an offset and the zone's name.
        (
            "2026-11-24T10:00",
            "cron(0 2 ? * WED *)",
            {"NextExecutionTime": "2026-11-24T02:00-08:00[America/Los_Angeles]"},
            ["11-24T10:00"],
        ),
        # Not before and not after.
        ("2026-11-24T03:00", "cron(0 2 ? * TUE *)", {"StartDate": "2026-11-24T02:01:00Z"}, []),
        ("2026-11-24T03:00", "cron(0 2 ? * TUE *)", {"StartDate": "2026-11-23T18:00:00-08:00"}, ["11-24T02:00"]),
        ("2026-11-24T03:00", "cron(0 2 ? * TUE *)", {"EndDate": "2026-11-24T01:59:00Z"}, []),
        ("2026-11-24T04:00", "cron(0 2 ? * TUE *)", {"EndDate": "2026-11-24T03:00:00Z"}, ["11-24T02:00"]),
        ("2026-11-24T03:00", "cron(0 2 ? * TUE *)", {"StartDate": "", "EndDate": None}, ["11-24T02:00"]),
        ("2026-11-24T03:00", "cron(0 2 ? * TUE *)", {"Enabled": False}, []),
        # Never.
        ("2026-11-24T03:00", "cron(0 2 30 2 ? *)", {}, []),
    ],
)
def test_kinds_of_schedules(moment: str, schedule: str, more: dict[str, Any], expected: list[str]) -> None:
    assert begins(moment, schedule, **more) == expected


@pytest.mark.parametrize(
    ("created", "more", "expected"),
    [
        ("2026-11-24T01:59", {}, ["11-24T02:00"]),
        ("2026-11-24T02:01", {}, []),
        # A window made after the day its cron names does not run by its offset.
        ("2026-11-24T01:00", {"Schedule": "cron(0 2 ? * MON *)", "ScheduleOffset": 1}, []),
        ("2026-11-23T01:00", {"Schedule": "cron(0 2 ? * MON *)", "ScheduleOffset": 1}, ["11-24T02:00"]),
    ],
)
def test_nothing_ran_before_the_window_was_made(created: str, more: dict[str, Any], expected: list[str]) -> None:
    schedule = more.pop("Schedule", "cron(0 2 ? * TUE *)")
    assert begins("2026-11-24T03:00", schedule, created=created, **more) == expected


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"Schedule": "cron(0 2 * * *)"}, "its schedule cannot be read: "),
        ({"Schedule": ""}, "its schedule cannot be read: "),
        ({"Schedule": None}, "its schedule cannot be read: "),
        ({"Duration": None}, ""),
        ({"Duration": 0}, "its duration of 0 hours is not one from 1 to 24"),
        ({"Duration": 25}, "its duration of 25 hours is not one from 1 to 24"),
        ({"ScheduleTimezone": "Europe/Atlantis"}, "'Europe/Atlantis' is not a time zone"),
        ({"NextExecutionTime": "soon"}, "soon"),
        ({"StartDate": "2026-13-01"}, ""),
        ({"ScheduleOffset": "x"}, ""),
    ],
)
def test_what_cannot_be_understood_is_said(more: dict[str, Any], words: str) -> None:
    window = read_ssm_window({**told(), **more})
    assert words in window.problem
    assert window.problem
    moment = at("2026-11-24T03:00")
    assert open_occurrences(window, moment, LEAD) == ()
    assert doubtful(window, moment) == window.problem


def test_a_schedule_that_cannot_be_read_leaves_the_next_execution() -> None:
    window = read_ssm_window(told("every tuesday", NextExecutionTime="2026-11-24T02:00Z"))
    moment = at("2026-11-24T01:55")
    begin = at("2026-11-24T02:00")
    assert open_occurrences(window, moment, LEAD) == (Window("patch-tuesday", begin, begin + 3 * HOUR),)
    assert doubtful(window, moment).startswith("its schedule cannot be read")


def test_when_it_is_not_doubtful() -> None:
    moment = at("2026-11-24T03:00")
    assert doubtful(read_ssm_window(told()), moment) == ""
    assert doubtful(read_ssm_window(told("rate(1 day)", NextExecutionTime="2026-11-25T02:00Z")), moment) == ""
    assert "rate" in doubtful(read_ssm_window(told("rate(1 day)")), moment)
    assert doubtful(read_ssm_window(told("rate(1 day)", Enabled=False)), moment) == ""
    assert doubtful(read_ssm_window(told("rate(1 day)", EndDate="2026-11-23T03:00Z")), moment) == ""
    assert "rate" in doubtful(read_ssm_window(told("rate(1 day)", EndDate="2026-11-23T03:01Z")), moment)


# --- minute by minute ---------------------------------------------------------------------------------------

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]
crons = st.builds(
    "{} {} {} * {} *".format,
    st.sampled_from(["0", "30", "15,45"]),
    st.sampled_from(["0", "2", "23", "1,13"]),
    st.just("?"),
    st.sampled_from(["TUE", "MON-FRI", "SUN", "*", "SAT#2", "6L"]),
)


def runs(expression: str, zone: ZoneInfo, offset: int, start: datetime, days: int) -> list[datetime]:
    """The oracle: looks at each minute of the wall clock, and takes a repeated one the first time."""
    cron = parse_aws_cron(expression)
    found: dict[datetime, datetime] = {}
    for minute in range(days * 1440):
        moment = start + timedelta(minutes=minute)
        wall = moment.astimezone(zone).replace(tzinfo=None)
        if cron.matches(wall):
            found.setdefault(wall, (wall + timedelta(days=offset)).replace(tzinfo=zone).astimezone(UTC))
    return list(found.values())


@pytest.mark.slow
@given(
    crons,
    st.sampled_from(ZONES),
    st.integers(0, 3),
    st.integers(1, 24),
    st.integers(0, 120),
    # Around both changes of daylight saving in Europe and America, and a plain week.
    st.sampled_from(["2026-03-27", "2026-03-07", "2026-10-23", "2026-10-30", "2026-11-23"]),
    st.integers(0, 2 * 1440),
)
def test_every_minute_against_an_oracle(
    expression: str, zone: str, offset: int, hours: int, lead: int, day: str, minute: int
) -> None:
    moment = at(f"{day}T00:00") + timedelta(minutes=minute)
    window = read_ssm_window(told(f"cron({expression})", ScheduleTimezone=zone, ScheduleOffset=offset, Duration=hours))
    all_runs = runs(expression, ZoneInfo(zone), offset, moment - timedelta(days=offset + 2), offset + 5)
    begun = [run for run in all_runs if run <= moment < run + hours * HOUR]
    coming = [run for run in all_runs if moment < run <= moment + timedelta(minutes=lead)]
    found = open_occurrences(window, moment, timedelta(minutes=lead))
    assert [one.begin for one in found] == [*([max(begun)] if begun else []), *([min(coming)] if coming else [])]
    assert all(one.end - one.begin == hours * HOUR for one in found)
