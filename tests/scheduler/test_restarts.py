"""AWS starts databases again seven days after they were stopped; that is told from a start by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.scheduler.conftest import HERE, MONDAY, Stage, configuration, decisions
from tests.scheduler.test_states import RESOURCE

from lamplighter.errors import WrongState
from lamplighter.resources.registry import kinds
from lamplighter.scheduler.direct import start_or_stop
from lamplighter.scheduler.plan import plan_target
from lamplighter.scheduler.restarts import seen, to_remember, was_restarted
from lamplighter.scheduler.states import StateRecord
from lamplighter.schedules.decision import Action, Decision, Live, Memory, Stored

CLOSED = """
version: 1
schedules:
  closed: {override_status: stopped}
  spare: {override_status: running, stay_off: true}
"""
DUE = MONDAY + timedelta(days=7, hours=12)
TOLD = Memory(restarts_at=DUE.isoformat())
DATABASE = replace(RESOURCE, kind="rds-instance", id="orders", state="stopped", live=Live.STOPPED)


# --- what is remembered ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "live", "told", "at", "expected"),
    [
        (Memory(), Live.STOPPED, DUE, MONDAY, TOLD),
        (Memory(), Live.STOPPED, None, MONDAY, Memory()),
        (TOLD, Live.STOPPED, None, MONDAY, TOLD),
        (TOLD, Live.STOPPING, None, MONDAY, TOLD),
        (TOLD, Live.STOPPED, DUE + timedelta(hours=1), MONDAY, Memory(restarts_at="2026-11-30T13:00:00+00:00")),
        (TOLD, Live.RUNNING, None, DUE - timedelta(minutes=6), Memory()),
        (TOLD, Live.STARTING, None, DUE - timedelta(days=3), Memory()),
        (TOLD, Live.BUSY, None, DUE - timedelta(days=3), Memory()),
        (TOLD, Live.RUNNING, None, DUE - timedelta(minutes=5), TOLD),
        (TOLD, Live.RUNNING, None, DUE + timedelta(days=9), TOLD),
        (Memory(window="w"), Live.STOPPED, DUE, MONDAY, Memory(window="w", restarts_at=DUE.isoformat())),
    ],
)
def test_what_is_seen(memory: Memory, live: Live, told: datetime | None, at: datetime, expected: Memory) -> None:
    assert seen(memory, replace(DATABASE, live=live, restarts_at=told), at) == expected


def test_the_time_is_kept_in_utc_whatever_zone_it_is_told_in() -> None:
    told = DUE.astimezone(ZoneInfo("Asia/Tokyo"))
    assert seen(Memory(), replace(DATABASE, restarts_at=told), MONDAY).restarts_at == "2026-11-30T12:00:00+00:00"


@pytest.mark.parametrize(
    ("memory", "live", "at", "expected"),
    [
        (TOLD, Live.RUNNING, DUE, True),
        (TOLD, Live.STARTING, DUE, True),
        (TOLD, Live.BUSY, DUE, True),
        (TOLD, Live.RUNNING, DUE - timedelta(minutes=5), True),
        (TOLD, Live.RUNNING, DUE - timedelta(minutes=6), False),
        (TOLD, Live.STOPPED, DUE, False),
        (TOLD, Live.STOPPING, DUE, False),
        (TOLD, Live.GONE, DUE, False),
        (Memory(), Live.RUNNING, DUE, False),
    ],
)
def test_who_lit_it(memory: Memory, live: Live, at: datetime, expected: bool) -> None:
    assert was_restarted(memory, replace(DATABASE, live=live), at) is expected


@pytest.mark.parametrize(
    ("action", "store", "live", "kind", "expected"),
    [
        (Action.STOP, Stored.STOPPED, Live.RUNNING, "rds-instance", "2026-11-30T00:00:00+00:00"),
        (Action.STOP, Stored.STOPPED, Live.RUNNING, "neptune-cluster", "2026-11-30T00:00:00+00:00"),
        (Action.STOP, Stored.STOPPED, Live.RUNNING, "ec2-instance", TOLD.restarts_at),
        (Action.STOP, Stored.STOPPED, Live.RUNNING, "street-lamp", TOLD.restarts_at),
        (Action.START, Stored.RUNNING, Live.STOPPED, "rds-instance", ""),
        (Action.NONE, Stored.RUNNING, Live.RUNNING, "rds-instance", ""),
        (Action.NONE, Stored.ANY, Live.RUNNING, "rds-instance", ""),
        (Action.NONE, Stored.STOPPED, Live.RUNNING, "rds-instance", TOLD.restarts_at),
        (Action.NONE, Stored.STOPPED_BY_HAND, Live.STARTING, "rds-instance", TOLD.restarts_at),
        (Action.NONE, Stored.RUNNING, Live.STOPPED, "rds-instance", TOLD.restarts_at),
    ],
)
def test_what_to_remember(action: Action, store: Stored, live: Live, kind: str, expected: str) -> None:
    decision = Decision(action, store, "", "schedule", memory=TOLD)
    found = to_remember(decision, kinds().get(kind), replace(DATABASE, live=live), MONDAY)
    assert found.restarts_at == expected


def test_what_it_waits_for_is_said() -> None:
    config = configuration(CLOSED)
    record = StateRecord(DATABASE.key, Stored.STOPPED, "closed", "orders", MONDAY, "", "", 1, TOLD)
    resource = replace(DATABASE, schedule="closed", live=Live.STARTING, state="starting")
    [step] = plan_target(config, HERE, [resource], {DATABASE.key: record}, [], DUE)
    assert step.decision.reason == (
        "the schedule is fixed to stopped, and it was AWS that started it again by itself; "
        "it is starting now, so the stop waits for the next pass"
    )


# --- passes ----------------------------------------------------------------------------------------


def closed_stage() -> Stage:
    """A database and a cluster that were stopped on Monday at noon; their schedule never lights them."""
    stage = Stage(CLOSED)
    stage.cloud.database("orders", "closed", state="available")
    stage.cloud.cluster("shop", "closed", state="available")
    stage.run(12)
    assert (stage.cloud.state("orders"), stage.cloud.state("shop")) == ("stopped", "stopped")
    stage.run(12, 5)
    return stage


@pytest.fixture
def closed() -> Stage:
    return closed_stage()


def memory(stage: Stage, id_: str) -> str:
    record = stage.record(id_)
    assert record is not None
    return record.memory.restarts_at


def test_a_week_later_it_is_stopped_again_and_the_next_week_too(closed: Stage) -> None:
    for week in (1, 2, 3):
        closed.cloud.effects.clear()
        assert decisions(closed.run(12, 10 * week, day=7 * week))["orders"] == ("none", "wait")
        found = decisions(closed.run(12, 10 * week + 5, day=7 * week))
        assert {name: found[name] for name in ("orders", "shop")} == dict.fromkeys(
            ("orders", "shop"), ("stop", "restarted-by-aws")
        )
        assert (closed.cloud.state("orders"), closed.cloud.state("shop")) == ("stopped", "stopped")
        assert len(closed.cloud.effects) == 2
        assert closed.cloud.wasted == []
    assert closed.journal().count(("orders", "stop", "done")) == 4


def test_what_is_remembered_is_written_only_when_it_changes(closed: Stage) -> None:
    record = closed.record("orders")
    assert record is not None
    assert record.memory.restarts_at == "2026-11-30T12:00:00+00:00"
    for minute in (10, 15, 20):
        closed.run(12, minute)
    assert closed.record("orders") == record


def test_a_start_by_hand_is_kept_even_past_that_time(closed: Stage) -> None:
    closed.clock.at(12, day=3)
    closed.cloud.by_hand("orders", "available")
    assert decisions(closed.run(12, 5, day=3))["orders"] == ("none", "unchanged")
    assert memory(closed, "orders") == ""
    assert decisions(closed.run(13, day=7))["orders"] == ("none", "unchanged")
    assert closed.cloud.state("orders") == "available"


def test_a_start_by_lamp_start_is_kept_even_if_no_pass_sees_it_in_time(closed: Stage) -> None:
    closed.clock.at(12, day=3)
    start_or_stop(closed.world, ["orders"], Action.START, run="by-hand", author="ada")
    closed.cloud.settle()
    assert memory(closed, "orders") == ""
    assert decisions(closed.run(13, day=7))["orders"] == ("none", "unchanged")


def test_no_pass_for_more_than_a_week_changes_nothing() -> None:
    """The time is known from the stop on, not only once it was seen out."""
    stage = Stage(CLOSED)
    stage.cloud.database("orders", "closed", state="available")
    stage.run(12)
    stage.run(13, day=9)
    assert decisions(stage.run(13, 5, day=9))["orders"] == ("stop", "restarted-by-aws")


def week_later(closed: Stage) -> Stage:
    """At the pass that stops both again."""
    closed.run(12, 10, day=7)
    closed.clock.at(12, 15, 7)
    closed.cloud.effects.clear()
    return closed


@pytest.mark.slow
def test_a_pass_that_dies_anywhere_forgets_no_restart() -> None:
    deaths = 0
    while True:
        stage = week_later(closed_stage())
        killed = stage.kill(deaths + 1)
        stage.cloud.settle()
        stage.run(12, 25, day=7)
        assert (stage.cloud.state("orders"), stage.cloud.state("shop")) == ("stopped", "stopped")
        assert stage.cloud.wasted == []
        assert len(stage.cloud.effects) == 2
        assert stage.intents() == []
        assert (stage.stored("orders"), memory(stage, "orders") > "2026-12-07") == ("stopped", True)
        if not killed:
            break
        deaths += 1
    assert deaths > 30


def test_a_stop_that_fails_is_tried_again_and_stays_off() -> None:
    stage = Stage(CLOSED)
    stage.cloud.database("orders", "spare", state="available")
    stage.run(8)
    stage.cloud.by_hand("orders", "stopped")
    stage.run(9)
    assert stage.stored("orders") == "stopped-by-hand"
    stage.run(9, 5, day=7)
    stage.cloud.before = lambda _target, operation, _ids: WrongState("no") if operation == "stop_db_instance" else None
    assert decisions(stage.run(9, 10, day=7))["orders"] == ("stop", "restarted-by-aws")
    record = stage.record("orders")
    assert record is not None
    assert (record.stored, record.error) == (Stored.STOPPED_BY_HAND, "no")
    stage.cloud.before = lambda *_: None
    assert decisions(stage.run(9, 15, day=7))["orders"] == ("stop", "restarted-by-aws")
    assert (stage.cloud.state("orders"), stage.stored("orders")) == ("stopped", "stopped-by-hand")


def test_a_lost_answer_counts_as_done_once(closed: Stage) -> None:
    week_later(closed).kill_after("stop_db_instance")
    closed.run(12, 25, day=7)
    assert sorted(effect.id for effect in closed.cloud.effects) == ["orders", "shop"]
    assert memory(closed, "orders") == "2026-12-07T12:15:00+00:00"
