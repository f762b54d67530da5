"""Instance schedules of Compute Engine: both forms, dates, refusals, writing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.gcp import read, write
from lamplighter.schedules.dialects.translation import compiled

COMMAND = """gcloud compute resource-policies create instance-schedule my-policy --description="daily policy" \\
    --vm-start-schedule="0 8 * * *" --vm-stop-schedule='0 17 * * *' --timezone=Europe/Berlin --region=REGION"""
DESCRIBED = """creationTimestamp: '2026-01-01T00:00:00'
instanceSchedulePolicy:
  timeZone: Europe/Berlin
  vmStartSchedule:
    schedule: 0 8 * * *
  vmStopSchedule:
    schedule: '0 17 * * *'
name: my-policy
"""


@pytest.mark.parametrize("text", [COMMAND, DESCRIBED])
def test_both_forms(text: str) -> None:
    found = read("dev", text)
    assert found.problems == ()
    assert found.periods == {"dev": PeriodDefinition(begintime="08:00", endtime="17:00")}
    assert found.schedule == ScheduleDefinition(timezone="Europe/Berlin", periods=("dev",))
    assert "15 minutes late" in found.notes[0]


@pytest.mark.parametrize(
    ("dates", "expected", "note"),
    [
        ("--initiation-date=2026-02-01T00:00:00.000Z --end-date=2026-03-01T00:00:00Z", "2026-02-01..2026-02-28", ""),
        ("--initiation-date 2026-02-01T00:00:00+00:00", "2026-02-01..", ""),
        ("--end-date=2026-03-01T12:00:00Z", "..2026-03-01", "the whole day 2026-03-01 is taken"),
        ("--initiation-date=2026-02-01T06:00:00Z", "2026-02-01..", "the whole day 2026-02-01 is taken"),
    ],
)
def test_dates(dates: str, expected: str, note: str) -> None:
    flags = '--vm-start-schedule="0 8 * * 1-5" --vm-stop-schedule="0 17 * * 1-5"'
    found = read("dev", f"{flags} {dates}")
    assert [period.dates for period in found.periods.values()] == [(expected,), (expected,)]
    assert any(note in said for said in found.notes)
    assert sum("whole day" in said for said in found.notes) == bool(note)


def test_outside_of_its_dates_nothing_is_done() -> None:
    found = read(
        "dev", '--vm-start-schedule="0 8 * * 1-5" --vm-stop-schedule="0 17 * * *" --end-date=2026-03-01T00:00Z'
    )
    assert found.schedule is not None
    schedule = compiled("dev", found.schedule, found.periods)
    states = [
        schedule.state_at(datetime(2026, month, day, hour, tzinfo=UTC)).state
        for month, day, hour in [(2, 26, 7), (2, 26, 8), (2, 26, 17), (2, 28, 12), (3, 2, 12)]
    ]
    assert states == ["stopped", "running", "stopped", "stopped", "any"]


def test_a_stop_alone() -> None:
    found = read("dev", '--vm-stop-schedule "0 17 * * *" --initiation-date=2026-02-01T00:00:00Z')
    assert list(found.periods.values()) == [PeriodDefinition(endtime="17:00", dates=("2026-02-01..",))]
    assert found.schedule is not None
    assert found.schedule.otherwise == "any"


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("--timezone=UTC", 0, "there is no start and no stop"),
        ('--vm-start-schedule="0 25 * * *"', 23, "'25' is not a value of the hour"),
        ('--vm-start-schedule="0 8 * * *" --timezone=Mars', 43, "'Mars' is not a time zone"),
        ('--vm-start-schedule="0 8 * * *" --end-date=2026', 43, "'2026' is not an RFC 3339 time"),
        ('--vm-start-schedule="0 8 * * *" --end-date=2026-01-01T00:00:00', 43, "has no offset"),
    ],
)
def test_it_refuses(text: str, position: int, message: str) -> None:
    found = read("dev", text)
    assert found.schedule is None
    assert (found.problems[0].position, message in found.problems[0].message) == (position, True)
    assert found.problems[0].hint


def test_it_writes() -> None:
    office = PeriodDefinition(begintime="08:00", endtime="18:00", weekdays=("mon-fri",))
    saturday = PeriodDefinition(begintime="10:00", endtime="14:00", weekdays=("sat",))
    schedule = ScheduleDefinition(periods=("a",), timezone="Europe/Berlin")
    assert write(schedule, {"a": office}).text == (
        '--vm-start-schedule="0 8 * * 1-5" --vm-stop-schedule="0 18 * * 1-5" --timezone=Europe/Berlin'
    )
    both = write(ScheduleDefinition(periods=("a", "b")), {"a": office, "b": saturday})
    assert both.text is None
    assert "one start and one stop" in both.notes[0]
    assert write(ScheduleDefinition(override_status="running"), {}).text is None
