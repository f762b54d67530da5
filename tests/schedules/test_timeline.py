"""Timelines: reading, transitions, hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.schedules.timeline import Desired, State, Timeline, Transition, join
from lamplighter.schedules.zones import instant

ON = Desired(State.RUNNING, "office", None, "period office is on")
LARGE = Desired(State.RUNNING, "load", "m5.large", "period load is on")
OFF = Desired(State.STOPPED, None, None, "no period is on")
ENDED = Desired(State.STOPPED, None, None, "period office has ended")
OPEN = Desired(State.ANY, None, None, "period office has one end only and leaves this time open")
SAMPLE = Timeline(0, 36_000, (0, 3600, 7200, 9000, 10_800), (OFF, ON, LARGE, OFF, ENDED))


@pytest.mark.parametrize(
    ("second", "wanted"),
    [(0, OFF), (3599, OFF), (3600, ON), (7199, ON), (7200, LARGE), (9000, OFF), (10_800, ENDED), (35_999, ENDED)],
)
def test_reading(second: int, wanted: Desired) -> None:
    assert SAMPLE.at(second) is wanted
    assert SAMPLE.at(instant(second)) is wanted
    assert SAMPLE.at(instant(second).astimezone(timezone(timedelta(hours=5, minutes=45)))) is wanted


@pytest.mark.parametrize("second", [-1, 36_000, 10**10])
def test_outside_is_an_error(second: int) -> None:
    with pytest.raises(ValueError, match="outside of the compiled timeline"):
        SAMPLE.at(second)


def test_a_naive_moment_is_an_error() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        SAMPLE.at(datetime(1970, 1, 1))  # noqa: DTZ001 - the point of the test


def test_transitions_are_changes_of_state_or_type() -> None:
    assert SAMPLE.transitions() == [
        Transition(datetime(1970, 1, 1, 1, tzinfo=UTC), OFF, ON),
        Transition(datetime(1970, 1, 1, 2, tzinfo=UTC), ON, LARGE),
        Transition(datetime(1970, 1, 1, 2, 30, tzinfo=UTC), LARGE, OFF),
    ]


def test_a_change_of_the_period_alone_is_no_transition() -> None:
    other = Desired(State.RUNNING, "night", None, "period night is on")
    assert Timeline(0, 10, (0, 5), (ON, other)).transitions() == []


def test_seconds_and_hours() -> None:
    assert {state: SAMPLE.seconds(state) for state in State} == {
        State.RUNNING: 5400,
        State.STOPPED: 30_600,
        State.ANY: 0,
    }
    assert SAMPLE.lit_hours() == Decimal("1.5")
    assert Timeline(0, 10, (0,), (OPEN,)).seconds(State.ANY) == 10


def test_joining_makes_one_stretch_of_equal_neighbours() -> None:
    twin = Desired(State.RUNNING, "office", None, "period office is on")
    assert twin is not ON
    pieces = [(0, OFF), (3600, ON), (5000, twin), (7200, LARGE), (9000, OFF), (9500, OFF), (10_800, ENDED)]
    assert join(0, 36_000, pieces) == SAMPLE


@settings(derandomize=True, database=None, deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(1, 500), st.sampled_from([ON, OFF, OPEN, LARGE])), min_size=1, max_size=20))
def test_joined_pieces_say_the_same_at_every_second(lengths: list[tuple[int, Desired]]) -> None:
    pieces: list[tuple[int, Desired]] = []
    wanted: list[Desired] = []
    for length, value in lengths:
        pieces.append((len(wanted), value))
        wanted += [value] * length
    timeline = join(0, len(wanted), pieces)
    assert [timeline.at(second) for second in range(len(wanted))] == wanted
    assert all(a != b for a, b in zip(timeline.values, timeline.values[1:], strict=False))
    for state in State:
        assert timeline.seconds(state) == sum(value.state is state for value in wanted)
