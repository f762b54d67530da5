from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lamplighter.estate.week import REPAIR_EVERY, moments
from lamplighter.scheduler.settings import load_configuration

YAML = """
version: 1
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
  lab: {begintime: 18:00, endtime: 20:00}
schedules:
  office: {periods: office}
  lab: {periods: lab}
"""
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def test_passes_are_due_at_transitions_and_whole_ones_regularly() -> None:
    config = load_configuration(YAML, name="x", read_text=lambda _: "")
    found = moments(config.loaded.schedules, MONDAY, MONDAY + timedelta(days=2))
    assert found == [
        (MONDAY, None),
        (MONDAY + timedelta(hours=8), frozenset({"office"})),
        (MONDAY + timedelta(hours=18), frozenset({"office", "lab"})),
        (MONDAY + timedelta(hours=20), frozenset({"lab"})),
        (MONDAY + timedelta(hours=32), frozenset({"office"})),
        (MONDAY + timedelta(hours=42), frozenset({"office", "lab"})),
        (MONDAY + timedelta(hours=44), frozenset({"lab"})),
    ]


def test_a_whole_pass_takes_the_place_of_one_for_some() -> None:
    config = load_configuration(YAML, name="x", read_text=lambda _: "")
    start = MONDAY + timedelta(hours=8)
    found = dict(moments(config.loaded.schedules, start, start + 2 * REPAIR_EVERY))
    assert found[start + REPAIR_EVERY] is None
    assert found[start] is None
