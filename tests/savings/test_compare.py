from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.savings.compare import LATE, NOT_WRITTEN, Compared, common, compare, without
from lamplighter.savings.measure import Stretches
from lamplighter.schedules.loading import load_schedules
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.schedules.source import parse_yaml
from lamplighter.store import journal
from lamplighter.store.journal import Entry

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
YAML = """
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
  begins: {begintime: 08:00, weekdays: mon-fri}
schedules:
  office: {periods: office}
  hands-off: {periods: office, ignore: true}
  begins: {periods: begins}
"""
SCHEDULES = load_schedules(parse_yaml(YAML), lambda name: name).schedules


def at(day: int, hour: float) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour)


def entry(
    when: datetime,
    action: str,
    *,
    outcome: str = journal.DONE,
    reason: str = "period",
    state: str = "stopped",
    schedule: str = "office",
    note: str = "",
) -> Entry:
    target, resource = "111122223333/eu-west-1", "ec2-instance/i-1"
    return Entry(target, when, "r", resource, "web", action, outcome, state, schedule, reason, note)


def days(*entries: Entry, overrides: tuple[Override, ...] = (), number: int = 2) -> Compared:
    """The only resource over some days from Monday; it is first seen when Monday begins."""
    [found] = compare([entry(MONDAY, "seen"), *entries], SCHEDULES, overrides, MONDAY, at(number, 0))
    return found


def hours(found: Compared) -> tuple[float, float, float, float]:
    """(asked, lit, too long, too short)."""
    assert found.planned is not None
    return float(found.planned), float(found.done), float(found.over), float(found.under)


def why(found: Compared) -> dict[str, float]:
    return {cause: float(number) for cause, number in found.why.items()}


def as_planned(number: int = 2) -> list[Entry]:
    return [entry(at(day, hour), action) for day in range(number) for hour, action in ((8, "start"), (18, "stop"))]


def test_what_was_done_as_planned_is_equal() -> None:
    found = days(*as_planned())
    assert (hours(found), why(found)) == ((20, 20, 0, 0), {})
    assert found.equal
    assert (found.target, found.resource, found.name, found.schedule) == (
        *("111122223333/eu-west-1", "ec2-instance/i-1", "web", "office"),
    )


def test_a_late_pass_is_told_from_what_nobody_wrote_down() -> None:
    found = days(entry(at(0, 8.5), "start"), entry(at(0, 18.25), "stop"), entry(at(1, 8), "start"), number=2)
    assert hours(found) == (20, 25.75, 6.25, 0.5)
    assert why(found) == {LATE: 0.75, NOT_WRITTEN: 6}
    assert not found.equal


def test_less_than_a_minute_is_equal() -> None:
    late = timedelta(seconds=29)
    found = days(entry(at(0, 8) + late, "start"), entry(at(0, 18) + late, "stop"), *as_planned()[2:])
    assert found.under > 0
    assert found.equal


def test_a_failure_is_a_reason() -> None:
    failed = entry(at(0, 8), "start", outcome=journal.FAILED, note="no capacity")
    found = days(failed, entry(at(0, 10), "start"), *as_planned()[1:])
    assert (found.under, why(found)) == (Decimal(2), {"start failed: no capacity": 2})


def test_an_override_is_a_reason() -> None:
    held = Override("x", Hold.RUNNING, "i-1", at(1, 9), "release", "ada", at(0, 12))
    found = days(entry(at(0, 8), "start"), *as_planned()[3:], overrides=(held,))
    assert hours(found)[2:] == (14, 0)
    assert found.why == {held.words(): Decimal(14)}
    by_name = Override("x", Hold.RUNNING, "web", at(1, 9), "release", "ada", at(0, 12))
    assert days(entry(at(0, 8), "start"), *as_planned()[3:], overrides=(by_name,)).why == {held.words(): Decimal(14)}
    other = Override("x", Hold.RUNNING, "i-2", at(1, 9), "release", "ada", at(0, 12))
    assert days(entry(at(0, 8), "start"), *as_planned()[3:], overrides=(other,)).why == {NOT_WRITTEN: Decimal(14)}


def test_an_action_at_another_time_tells_its_reason() -> None:
    by_hand = [entry(at(0, 20), "start", reason="window patch is open"), entry(at(0, 22), "stop")]
    found = days(*as_planned(1), *by_hand, *as_planned()[2:])
    assert found.why == {"start at another time: window patch is open": Decimal(2)}
    stopped = [entry(at(0, 12), "stop", reason="by hand"), entry(at(0, 14), "start")]
    found = days(entry(at(0, 8), "start"), *stopped, *as_planned()[1:])
    assert (found.under, why(found)) == (Decimal(2), {"stop at another time: by hand": 2})


def test_an_open_time_is_said() -> None:
    """The schedule speaks at 08:00 for the first time; before it the estimate takes it to be lit."""
    found = days(entry(at(0, 8), "start", schedule="begins"), number=1)
    assert found.planned == 24
    assert found.why == {"the schedule leaves this time open": Decimal(8)}


def test_only_the_time_it_was_there_counts() -> None:
    [found] = compare(
        [entry(at(0, 13), "seen", state="running"), *as_planned()[1:3], entry(at(1, 9), "gone")],
        *(SCHEDULES, (), MONDAY, at(7, 0)),
    )
    assert hours(found) == (6, 6, 0, 0)
    assert compare([entry(at(8, 0), "seen")], SCHEDULES, (), MONDAY, at(7, 0)) == []


@pytest.mark.parametrize("name", ["hands-off", "nowhere", ""])
def test_without_a_plan_nothing_is_compared(name: str) -> None:
    found = days(entry(at(0, 12), "start", schedule=name))
    assert found.planned is None
    assert (found.done, why(found), found.equal) == (Decimal(36), {}, False)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="after the start"):
        compare([], SCHEDULES, (), MONDAY, MONDAY)


minutes = st.lists(st.integers(0, 200), max_size=12, unique=True).map(sorted)


def made(moments: list[int]) -> Stretches:
    at_ = [MONDAY + timedelta(minutes=each) for each in moments[: len(moments) // 2 * 2]]
    return list(zip(at_[::2], at_[1::2], strict=True))


def inside(stretches: Stretches) -> set[int]:
    return {
        minute
        for minute in range(201)
        if any(start <= MONDAY + timedelta(minutes=minute) < end for start, end in stretches)
    }


@given(minutes, minutes)
def test_stretches_are_sets_of_minutes(left: list[int], right: list[int]) -> None:
    one, other = made(left), made(right)
    assert inside(common(one, other)) == inside(one) & inside(other)
    assert inside(without(one, other)) == inside(one) - inside(other)
    for found in (common(one, other), without(one, other)):
        assert all(start < end for start, end in found)
        assert found == sorted(found)


@given(st.lists(st.tuples(st.integers(0, 4 * 1440), st.sampled_from(["start", "stop"])), max_size=8), st.integers(1, 4))
def test_against_a_clock_that_steps_by_minutes(given_: list[tuple[int, str]], number: int) -> None:
    entries = [entry(MONDAY + timedelta(minutes=minute), action) for minute, action in dict(given_).items()]
    found = days(*entries, number=number)
    planned = done = over = under = 0
    for minute in range(number * 1440):
        now = MONDAY + timedelta(minutes=minute)
        wanted = SCHEDULES["office"].state_at(now).state.value == "running"
        before = [e for e in sorted(entries, key=lambda e: e.at) if e.at <= now]
        lit = bool(before) and before[-1].action == "start"
        planned, done = planned + wanted, done + lit
        over, under = over + (lit and not wanted), under + (wanted and not lit)
    measured = (found.planned, found.done, found.over, found.under)
    assert measured == tuple(Decimal(each) / 60 for each in (planned, done, over, under))
    assert abs(sum(found.why.values()) - found.over - found.under) < Decimal("1e-20")
