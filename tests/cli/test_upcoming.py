"""`lamp next`: coming transitions and daylight saving."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from lamplighter.cli.testing import Lamp
from lamplighter.cli.upcoming import coming
from lamplighter.scheduler.settings import load_configuration

BOTH = """\
timezone: Europe/Berlin
periods:
  office: {begintime: "08:00", endtime: "18:00", weekdays: mon-fri}
  early: {begintime: "02:15", endtime: "02:45"}
  tokyo: {begintime: "09:00", endtime: "10:00", weekdays: mon}
schedules:
  office-hours: {periods: office@m5.large}
  backup: {periods: early}
  far-east: {timezone: Asia/Tokyo, periods: tokyo}
  fixed: {override_status: running}
"""


def test_transitions_of_one_schedule(lamp: Lamp, definitions: Path) -> None:
    said = lamp("next", "office-hours", "--from", "2026-11-20 12:00", "--count", "3", "-o", "json")
    assert said.code == 0
    assert [(row["at"], row["before"], row["now"], row["period"]) for row in said.rows] == [
        ("2026-11-20T18:00:00+01:00", "running", "stopped", None),
        ("2026-11-23T08:00:00+01:00", "stopped", "running", "office"),
        ("2026-11-23T18:00:00+01:00", "running", "stopped", None),
    ]
    assert set(said.rows[0]) == {
        *("at", "timezone", "schedule", "before", "now", "period", "instance_type", "reason"),
    }
    lines = lamp("next", "--from", "2026-11-20 12:00", "--count", "2").out.splitlines()
    assert lines[2].split() == [
        *("Fri", "2026-11-20", "18:00", "Europe/Berlin", "office-hours", "stopped", "no", "period", "is", "on")
    ]


def test_all_schedules_in_the_order_of_time_each_in_its_zone(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(BOTH)
    said = lamp("next", "--from", "2026-11-22 23:00", "--count", "6", "-o", "json")
    assert [(row["schedule"], row["at"]) for row in said.rows] == [
        ("far-east", "2026-11-23T09:00:00+09:00"),
        ("far-east", "2026-11-23T10:00:00+09:00"),
        ("backup", "2026-11-23T02:15:00+01:00"),
        ("backup", "2026-11-23T02:45:00+01:00"),
        ("office-hours", "2026-11-23T08:00:00+01:00"),
        ("office-hours", "2026-11-23T18:00:00+01:00"),
    ]
    assert said.rows[4]["instance_type"] == "m5.large"
    assert "fixed: always running, the schedule is fixed to running" in said.err
    assert len(lamp("next", "backup", "-o", "json").rows) == 10
    assert len(lamp("next", "backup", "--count", "500", "-o", "json").rows) == 500


def test_daylight_saving_is_noted(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(BOTH)
    err = lamp("next", "backup", "--from", "2027-03-01", "-o", "json").err
    assert "daylight saving: backup: on 2027-03-28 the clock skips 02:15-02:45, so this span does not take place" in err
    assert lamp("next", "far-east", "--from", "2027-03-01").err == ""


def test_what_never_changes(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(BOTH)
    said = lamp("next", "fixed", "-o", "json")
    assert (said.code, said.out) == (0, "[]\n")
    said = lamp("next", "fixed", "running")
    assert said.err.splitlines()[0] == "nothing changes"


def test_rare_changes_are_looked_for_far_ahead() -> None:
    text = "periods: {p: {dates: 2031-05-05}}\nschedules: {once: {periods: p}}\n"
    schedule = load_configuration(text, name="x", read_text=lambda name: name).loaded.schedules["once"]
    start = datetime(2026, 11, 23, tzinfo=UTC)
    assert [change.at for change in coming(schedule, start, 5)] == [
        datetime(2031, 5, 5, tzinfo=UTC),
        datetime(2031, 5, 6, tzinfo=UTC),
    ]
    assert coming(schedule, start + timedelta(days=3650), 1) == []
