"""Freezes: what forbids change when, and what passes can follow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.schedules.test_calendars import change_calendar

from lamplighter.schedules.freezing import Freeze, expected, freezes, frozen
from lamplighter.schedules.loading import load_schedules
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.source import parse_yaml
from lamplighter.schedules.timeline import State

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
YAML = """
timezone: Europe/Berlin
calendars:
  freeze: {ssm: open-by-default}
  windows: {ssm: closed-by-default}
  closure: {dates: 2026-11-25}
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
schedules:
  free: {periods: office}
  frozen: {periods: office, freeze: freeze}
  windowed: {periods: office, freeze: windows}
  both: {periods: office, freeze: [closure, freeze]}
  fixed: {override_status: stopped, freeze: closure}
"""


def schedule(name: str, *events: str, yaml: str = YAML) -> Schedule:
    """A schedule; the events, in UTC, are those of both Change Calendars."""
    spans = [event.split("/") for event in events]
    texts = {
        f"ssm:{kind}-by-default": change_calendar(
            *(f"DTSTART:{begin}Z DTEND:{end}Z" for begin, end in spans), kind=f"DEFAULT_{kind.upper()}"
        )
        for kind in ("open", "closed")
    }
    loaded = load_schedules(parse_yaml(yaml), texts.__getitem__)
    assert loaded.problems == []
    return loaded.schedules[name]


TUESDAY_NIGHT = "20261124T150000/20261125T100000"

# Schedule | local time | what is said.
SAID = """
free     | 11-24 20:00 |
frozen   | 11-24 15:59 |
frozen   | 11-24 16:00 | calendar freeze forbids change until 2026-11-25 11:00 Europe/Berlin
frozen   | 11-25 10:59 | calendar freeze forbids change until 2026-11-25 11:00 Europe/Berlin
frozen   | 11-25 11:00 |
windowed | 11-24 15:59 | calendar windows forbids change until 2026-11-24 16:00 Europe/Berlin
windowed | 11-24 16:00 |
windowed | 11-25 10:59 |
windowed | 11-25 11:00 | calendar windows forbids change
both     | 11-24 20:00 | calendar freeze forbids change until 2026-11-25 11:00 Europe/Berlin
both     | 11-25 00:00 | calendar closure forbids change until 2026-11-26 00:00 Europe/Berlin
both     | 11-26 00:00 |
fixed    | 11-25 12:00 | calendar closure forbids change until 2026-11-26 00:00 Europe/Berlin
"""


@pytest.mark.parametrize("line", SAID.strip().splitlines())
def test_which_calendar_forbids_change_and_until_when(line: str) -> None:
    name, when, said = (part.strip() for part in line.split("|"))
    at = datetime.fromisoformat(f"2026-{when}").replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert (frozen(schedule(name, TUESDAY_NIGHT), at) or "") == said


def test_the_stretches_in_which_change_is_forbidden() -> None:
    def day(text: str) -> datetime:
        return datetime.fromisoformat(f"2026-11-{text}+00:00")

    end = MONDAY + timedelta(days=4)
    assert freezes(schedule("both", TUESDAY_NIGHT), MONDAY, end) == [
        Freeze("freeze", day("24 15:00"), day("25 10:00")),
        Freeze("closure", day("24 23:00"), day("25 23:00")),
    ]
    assert freezes(schedule("windowed", TUESDAY_NIGHT), MONDAY, end) == [
        Freeze("windows", MONDAY, day("24 15:00")),
        Freeze("windows", day("25 10:00"), end),
    ]
    assert freezes(schedule("free"), MONDAY, end) == []


# Schedule | events | what passes do in the week, in UTC; the office is from 07:00 to 17:00.
FOLLOWED = """
free     |                                 | 23T07+ 23T17- 24T07+ 24T17- 25T07+ 25T17-
frozen   |                                 | 23T07+ 23T17- 24T07+ 24T17- 25T07+ 25T17-
frozen   | 20261123T160000/20261123T200000 | 23T07+ 23T20- 24T07+ 24T17- 25T07+ 25T17-
frozen   | 20261123T160000/20261124T060000 | 23T07+ 24T06- 24T07+ 24T17- 25T07+ 25T17-
frozen   | 20261123T160000/20261124T080000 | 23T07+ 24T17- 25T07+ 25T17-
frozen   | 20261123T170000/20261123T200000 | 23T07+ 23T20- 24T07+ 24T17- 25T07+ 25T17-
frozen   | 20261123T160000/20261123T170000 | 23T07+ 23T17- 24T07+ 24T17- 25T07+ 25T17-
frozen   | 20261122T160000/20261123T090000 | 23T09+ 23T17- 24T07+ 24T17- 25T07+ 25T17-
frozen   | 20261120T160000/20261123T090000 | 23T17- 24T07+ 24T17- 25T07+ 25T17-
frozen   | 20261120T160000/20261205T090000 |
windowed | 20261123T080000/20261123T210000 | 23T08+ 23T17-
both     |                                 | 23T07+ 23T17- 24T07+ 24T17-
"""


@pytest.mark.parametrize("line", FOLLOWED.strip().splitlines())
def test_what_passes_can_follow(line: str) -> None:
    name, events, wanted = (part.strip() for part in line.split("|"))
    one = schedule(name, *events.split())
    found = expected(one, MONDAY, MONDAY + timedelta(days=3)).transitions()
    assert " ".join(f"{c.at:%dT%H}{'+' if c.now.state is State.RUNNING else '-'}" for c in found) == wanted


HOUR = 3600
SPANS = st.lists(st.tuples(st.integers(-60, 100), st.integers(1, 40)), max_size=4)


@given(SPANS, st.integers(-30, 60), st.integers(1, 90))
def test_it_is_what_somebody_does_who_looks_every_hour(spans: list[tuple[int, int]], first: int, hours: int) -> None:
    moments = [(MONDAY + timedelta(hours=begin), MONDAY + timedelta(hours=begin + long)) for begin, long in spans]
    one = schedule("frozen", *(f"{begin:%Y%m%dT%H%M%S}/{end:%Y%m%dT%H%M%S}" for begin, end in moments))
    start = MONDAY + timedelta(hours=first)
    state = None
    seen = []
    for hour in range(-200, first + hours):
        at = MONDAY + timedelta(hours=hour)
        if not any(begin <= at < end for begin, end in moments):
            state = one.state_at(at)
        if hour >= first:
            seen.append(state)
    timeline = expected(one, start, start + timedelta(hours=hours))
    assert [timeline.at(start + timedelta(hours=n)) for n in range(hours)] == seen
