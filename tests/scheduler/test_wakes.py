"""When a schedule needs its next pass."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.scheduler.conftest import MONDAY, configuration

from lamplighter.scheduler.wakes import next_notice, next_wake, notices, restless
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


HALF = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("name", "hours", "lead", "expected"),
    [
        ("office", 6.5, HALF, MONDAY + timedelta(hours=16.5)),
        # What a pass at this time tells itself needs no other one.
        ("office", 16.5, HALF, MONDAY + timedelta(days=1, hours=16.5)),
        ("office", 16.4, HALF, MONDAY + timedelta(hours=16.5)),
        ("office", 16.6, HALF, MONDAY + timedelta(days=1, hours=16.5)),
        # Longer than from one stop to the next: each is told in its own time.
        ("office", 6.5, timedelta(hours=30), MONDAY + timedelta(hours=11)),
        # Nothing is put out while change is forbidden; what was missed is when it ends.
        ("frozen", 16, timedelta(hours=2), MONDAY + timedelta(days=2, hours=15)),
        ("yearly", 0, HALF, datetime.fromisoformat("2027-06-01T21:30:00+00:00")),
        ("always", 0, HALF, None),
        ("left", 0, HALF, None),
    ],
)
def test_next_notice(name: str, hours: float, lead: timedelta, expected: datetime | None) -> None:
    assert next_notice(schedule(name), MONDAY + timedelta(hours=hours), lead) == expected


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ("", set()),
        ("[{to: 'file:out', about: [errors, digest]}]", set()),
        ("[{to: 'file:out'}]", {"office", "frozen", "yearly", "windows"}),
        ("[{to: 'file:out', about: [upcoming], schedules: [office]}, {to: 'file:b', about: [errors]}]", {"office"}),
    ],
)
def test_notices_are_for_those_that_somebody_wants_to_be_told_of(rules: str, names: set[str]) -> None:
    config = configuration(YAML + (f"notify: {{rules: {rules}}}\n" if rules else ""))
    assert not config.problems
    found = notices(config, config.loaded.schedules, MONDAY)
    assert set(found) == names
    if names:
        assert found["office"] == MONDAY + timedelta(hours=16.5)


def test_what_a_timeline_does_not_know() -> None:
    assert restless(schedule("windows"))
    assert not restless(schedule("office"))
