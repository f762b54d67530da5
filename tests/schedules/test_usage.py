"""Lit days, against a minute-by-minute count."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.schedules.loading import load_schedules
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.source import parse_yaml
from lamplighter.schedules.timeline import State
from lamplighter.schedules.usage import lit_days


def schedule(periods: str, fields: str, zone: str = "Europe/Berlin") -> Schedule:
    text = f"timezone: {zone}\nperiods: {{{periods}}}\nschedules: {{s: {{{fields}}}}}\n"
    loaded = load_schedules(parse_yaml(text), lambda name: name)
    assert loaded.problems == []
    return loaded.schedules["s"]


OFFICE = schedule("p: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}", "periods: p")
NIGHT = schedule("p: {begintime: 22:00, endtime: 06:00}", "periods: p")
ALWAYS = schedule("", "override_status: running")
MORNING = schedule("p: {begintime: 08:00, weekdays: mon}", "periods: p")


def spans(one: Schedule, day: date) -> list[tuple[str, str]]:
    [found] = lit_days(one, day, day)
    return [(f"{span.begin:%d %H:%M}", f"{span.end:%d %H:%M}") for span in found.spans]


def test_days_of_a_week() -> None:
    days = lit_days(OFFICE, date(2026, 11, 23), date(2026, 11, 29))
    assert [day.day for day in days] == [date(2026, 11, 23) + timedelta(days=n) for n in range(7)]
    assert [day.hours for day in days] == [Decimal(10)] * 5 + [Decimal(0)] * 2
    assert spans(OFFICE, date(2026, 11, 23)) == [("23 08:00", "23 18:00")]
    assert lit_days(OFFICE, date(2026, 11, 23), date(2026, 11, 23))[0].spans[0].period == "p"


def test_a_span_over_midnight_belongs_to_both_days() -> None:
    assert spans(NIGHT, date(2026, 11, 23)) == [("23 00:00", "23 06:00"), ("23 22:00", "24 00:00")]
    assert lit_days(NIGHT, date(2026, 11, 23), date(2026, 11, 24))[0].hours == 8


@pytest.mark.parametrize(
    ("day", "always", "night"),
    [(date(2027, 3, 28), 23, 7), (date(2026, 10, 25), 25, 9), (date(2026, 11, 23), 24, 8)],
)
def test_hours_are_real_hours(day: date, always: int, night: int) -> None:
    assert lit_days(ALWAYS, day, day)[0].hours == always
    assert lit_days(NIGHT, day, day)[0].hours == night


def test_what_is_left_open_goes_on_as_before() -> None:
    one_sided = schedule("a: {begintime: 08:00, weekdays: mon-tue}", "periods: a")
    days = lit_days(one_sided, date(2026, 11, 23), date(2026, 11, 25))
    assert [day.hours for day in days] == [16, 24, 0]
    assert [span.period for span in days[1].spans] == [None, "a"]


def test_the_last_day_is_not_before_the_first() -> None:
    with pytest.raises(ValueError, match="before"):
        lit_days(OFFICE, date(2026, 11, 23), date(2026, 11, 22))


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([OFFICE, NIGHT, ALWAYS, MORNING]),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
)
def test_hours_are_what_counting_minutes_gives(one: Schedule, day: date) -> None:
    begin = datetime.combine(day, datetime.min.time(), one.zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), one.zone).astimezone(UTC)
    lit = one.state_at(begin - timedelta(minutes=1)).state is State.RUNNING
    minutes = 0
    at = begin
    while at < end:
        state = one.state_at(at).state
        lit = lit if state is State.ANY else state is State.RUNNING
        minutes += lit
        at += timedelta(minutes=1)
    [found] = lit_days(one, day, day)
    assert found.hours * 60 == minutes
    assert all(begin <= span.begin < span.end <= end for span in found.spans)
