"""When a schedule needs its next pass."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.scheduler.conftest import MONDAY, configuration

from lamplighter.scheduler.wakes import next_wake, restless
from lamplighter.schedules.schedule import Schedule

YAML = """
timezone: Europe/Berlin
calendars:
  closing: {dates: [2026-11-24]}
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
  year: {dates: 2027-06-01}
schedules:
  office: {periods: office}
  frozen: {periods: office, freeze: closing}
  yearly: {periods: year}
  always: {override_status: running}
  left: {periods: office, ignore: true}
  windows: {periods: office, ssm_maintenance_window: patching}
"""


def schedule(name: str) -> Schedule:
    config = configuration(YAML)
    assert not config.problems
    return config.loaded.schedules[name]


@pytest.mark.parametrize(
    ("name", "hours", "expected"),
    [
        ("office", 6.5, MONDAY + timedelta(hours=7)),
        ("office", 7, MONDAY + timedelta(hours=17)),
        ("frozen", 17, MONDAY + timedelta(days=2, hours=7)),
        ("yearly", 0, datetime.fromisoformat("2027-05-31T22:00:00+00:00")),
        ("always", 0, None),
        ("left", 0, None),
    ],
)
def test_next_wake(name: str, hours: float, expected: datetime | None) -> None:
    assert next_wake(schedule(name), MONDAY + timedelta(hours=hours)) == expected


def test_what_a_timeline_does_not_know() -> None:
    assert restless(schedule("windows"))
    assert not restless(schedule("office"))
