"""What is lit without being asked for: from when on it may be put out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.schedules.definitions import ScheduleDefinition
from lamplighter.schedules.loading import load_schedules
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.source import parse_yaml
from lamplighter.schedules.stop_after import SOON, unasked
from lamplighter.schedules.timeline import State

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def schedule(fields: str) -> Schedule:
    text = f"periods: {{office: {{begintime: 08:00, endtime: 18:00}}}}\nschedules: {{s: {fields}}}\n"
    loaded = load_schedules(parse_yaml(text), lambda name: name)
    assert loaded.problems == []
    return loaded.schedules["s"]


# Schedule | time of the day | whether what has been lit for long enough is put out.
TABLE = """
{periods: office, stop_after: 8h}   | 18:00 | no: wanted a moment ago
{periods: office, stop_after: 8h}   | 01:59 | no
{periods: office, stop_after: 8h}   | 02:00 | yes: eight hours after the period
{periods: office, stop_after: 8h}   | 07:29 | yes
{periods: office, stop_after: 8h}   | 07:31 | no: it would be lit again at once
{periods: office, stop_after: 8h}   | 12:00 | no: wanted now
{periods: office, stop_after: 20h}  | 06:00 | no: never unasked for so long
{periods: office}                   | 04:00 | no
{otherwise: any, stop_after: 8h}    | 00:00 | yes
{override_status: running, stop_after: 8h} | 00:00 | no
{override_status: stopped, stop_after: 8h} | 00:00 | yes
"""


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_from_when_on_it_may_be_put_out(line: str) -> None:
    fields, clock, verdict = (part.strip() for part in line.split("|"))
    at = MONDAY + timedelta(hours=int(clock[:2]), minutes=int(clock[3:]))
    said = unasked(schedule(fields), at)
    assert (said is not None) == verdict.startswith("yes")
    assert said in (None, "it has been lit for 8h or longer, and its schedule did not ask for it")


@given(st.integers(1, 30), st.integers(0, 48 * 60))
def test_it_is_what_looking_at_every_minute_says(hours: int, minute: int) -> None:
    one = schedule(f"{{periods: office, stop_after: {hours}h}}")
    at = MONDAY + timedelta(minutes=minute)
    around = range(-hours * 60, int(SOON.total_seconds()) // 60)
    asked = any(one.state_at(at + timedelta(minutes=step)).state is State.RUNNING for step in around)
    assert (unasked(one, at) is None) == asked


def test_the_length_is_a_length_of_time() -> None:
    text = "schedules: {s: {otherwise: any, stop_after: 8}}\n"
    [problem] = load_schedules(parse_yaml(text), lambda name: name).problems
    assert problem.where == "schedules.s.stop_after"
    assert problem.message == "'8' is not a length of time; write 90m, 2h or 1d12h"
    dumped = ScheduleDefinition(stop_after=timedelta(hours=8)).model_dump(mode="json", exclude_defaults=True)
    assert dumped == {"stop_after": "8h"}
