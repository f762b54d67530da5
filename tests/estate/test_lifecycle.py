from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.estate.history import History, StateChange
from lamplighter.estate.lifecycle import Key, Kind, Lifecycle

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HERE = ("111122223333", "eu-west-1")


@dataclass
class Lamp:
    """Stands for a moto object that changes its state at once."""

    state: str


def set_state(lamp: Lamp, state: str) -> None:
    lamp.state = state


def kind(*, born_slowly: bool = True) -> Kind[Lamp]:
    return Kind(
        name="ec2-instance",
        read=lambda lamp: lamp.state,
        write=set_state,
        enter=lambda *_: None,
        entrance={"running": "pending", "stopped": "stopping"},
        then={"pending": ("ec2-start", "running"), "stopping": ("ec2-stop", "stopped")},
        born_slowly=born_slowly,
    )


def told(history: History) -> list[tuple[float, str | None, str]]:
    return [((change.at - START).total_seconds(), change.from_state, change.to_state) for change in history.since()]


def test_a_transition_is_recorded_when_it_was_due_and_not_when_it_was_noticed() -> None:
    history = History()
    lives, lamp = Lifecycle(history), Lamp("running")
    lives.observe(kind(), *HERE, [("i-1", lamp)], START)
    assert lamp.state == "pending"
    lives.settle(START + timedelta(hours=5))
    assert lamp.state == "running"
    assert told(history) == [(0, None, "pending"), (30, "pending", "running")]


def test_a_stop_overtakes_a_start_under_way() -> None:
    history = History()
    lives, lamp = Lifecycle(history), Lamp("running")
    lives.observe(kind(), *HERE, [("i-1", lamp)], START)
    lamp.state = "stopped"
    lives.observe(kind(), *HERE, [("i-1", lamp)], START + timedelta(seconds=10))
    lives.settle(START + timedelta(hours=1))
    assert told(history) == [(0, None, "pending"), (10, "pending", "stopping"), (55, "stopping", "stopped")]


def test_what_moto_does_again_does_not_start_the_wait_again() -> None:
    history = History()
    lives, lamp = Lifecycle(history), Lamp("running")
    for seconds in (0, 10, 20):
        lamp.state = "running"
        lives.observe(kind(), *HERE, [("i-1", lamp)], START + timedelta(seconds=seconds))
        assert lamp.state == "pending"
    lives.settle(START + timedelta(seconds=30))
    assert lamp.state == "running"


def test_adopted_and_quickly_born_ones_are_taken_as_they_are() -> None:
    for lives, adopt, quick in [(Lifecycle(History()), True, False), (Lifecycle(History()), False, True)]:
        lamp = Lamp("stopped")
        lives.observe(kind(born_slowly=not quick), *HERE, [("i-1", lamp)], START, adopt=adopt)
        assert lamp.state == "stopped"
        assert lives.state(Key(*HERE, "ec2-instance", "i-1")) == "stopped"
        assert lives.has_run(Key(*HERE, "ec2-instance", "i-1"))


def test_one_that_is_gone_is_deleted_and_its_transitions_with_it() -> None:
    history = History()
    lives, lamp = Lifecycle(history), Lamp("running")
    lives.observe(kind(), *HERE, [("i-1", lamp)], START)
    lives.observe(kind(), *HERE, [], START + timedelta(seconds=5))
    lives.settle(START + timedelta(hours=1))
    assert told(history) == [(0, None, "pending"), (5, "pending", "deleted")]


def test_finish_tells_when_the_last_transition_ends() -> None:
    lives = Lifecycle(History())
    assert lives.finish() is None
    lives.observe(kind(), *HERE, [("i-1", Lamp("running")), ("i-2", Lamp("stopped"))], START)
    assert lives.finish() == START + timedelta(seconds=45)


Steps = st.lists(st.tuples(st.integers(0, 120), st.sampled_from(["start", "stop", "look"])), max_size=25)


@given(Steps)
def test_history_is_in_order_and_each_change_follows_from_the_one_before(steps: list[tuple[int, str]]) -> None:
    history = History()
    lives, lamp, now = Lifecycle(history), Lamp("running"), START
    lives.observe(kind(), *HERE, [("i-1", lamp)], now)
    for seconds, what in steps:
        now += timedelta(seconds=seconds)
        lives.settle(now)
        if what != "look" and not (what == "start" and lamp.state == "stopping"):
            lamp.state = {"start": "running", "stop": "stopped"}[what]
        lives.observe(kind(), *HERE, [("i-1", lamp)], now)
        assert lamp.state == lives.state(Key(*HERE, "ec2-instance", "i-1"))
    changes = history.since()
    assert [change.at for change in changes] == sorted(change.at for change in changes)
    assert [change.from_state for change in changes] == [None, *(change.to_state for change in changes[:-1])]
    allowed = {(None, "pending"), ("pending", "running"), ("running", "stopping"), ("pending", "stopping")}
    allowed |= {("stopping", "stopped"), ("stopped", "pending")}
    assert {(change.from_state, change.to_state) for change in changes} <= allowed
    waits = {("pending", "running"): 30, ("stopping", "stopped"): 45}
    for before, after in pairwise(changes):
        wait = waits.get((str(after.from_state), after.to_state))
        assert wait is None or (after.at - before.at).total_seconds() == wait


@given(st.datetimes().map(lambda at: at.replace(tzinfo=UTC)), st.none() | st.text())
def test_a_change_survives_the_wire(at: datetime, before: str | None) -> None:
    change = StateChange(at, *HERE, "rds-cluster", "shop", before, "stopped")
    row = change.as_json()
    assert StateChange.from_json({str(key): value for key, value in row.items()}) == change  # type: ignore[misc]
