"""Since when something is lit, and what `stop_after` makes of it over passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.scheduler.conftest import MONDAY, Stage, decisions

from lamplighter.resources.kind import Resource
from lamplighter.scheduler.lit import lit_for, with_lit_since
from lamplighter.scheduler.overrides import set_override
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.schedules.verdict import Live, Memory

YAML = """
version: 1
calendars:
  audit: {dates: 2026-11-23}
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
schedules:
  office: {periods: office, stop_after: 4h}
  plain: {periods: office}
  free: {otherwise: any, stop_after: 4h}
  frozen: {otherwise: any, stop_after: 4h, freeze: audit}
  retain: {periods: office, stop_after: 4h, retain_running: true}
  curfew: {periods: office, stop_after: 4h, stay_off: true}
"""
BEFORE = "2026-11-22T20:00:00+00:00"
RESOURCE = Resource("rds-instance", "orders", "arn", "1", "r", "orders", {}, "office", Live.RUNNING, "available")


@pytest.mark.parametrize(
    ("live", "before", "after"),
    [
        (Live.RUNNING, "", MONDAY.isoformat()),
        (Live.RUNNING, BEFORE, BEFORE),
        (Live.BUSY, BEFORE, BEFORE),
        (Live.BUSY, "", ""),
        (Live.PARTLY, BEFORE, BEFORE),
        (Live.STARTING, "", ""),
        (Live.STOPPED, BEFORE, ""),
        (Live.STOPPING, BEFORE, ""),
        (Live.GONE, BEFORE, ""),
    ],
)
def test_what_is_remembered_of_what_aws_does_not_tell(live: Live, before: str, after: str) -> None:
    found = with_lit_since(Memory(lit_since=before, window="w"), replace(RESOURCE, live=live), MONDAY)
    assert found == Memory(lit_since=after, window="w")


def test_how_long_it_has_been_lit() -> None:
    assert lit_for(Memory(), RESOURCE, MONDAY) is None
    assert lit_for(Memory(lit_since=BEFORE), RESOURCE, MONDAY) == timedelta(hours=4)
    told = replace(RESOURCE, lit_since=MONDAY - timedelta(hours=1))
    assert with_lit_since(Memory(lit_since=BEFORE), told, MONDAY) == Memory()
    assert lit_for(Memory(lit_since=BEFORE), told, MONDAY) == timedelta(hours=1)
    assert lit_for(Memory(lit_since=BEFORE), replace(told, live=Live.STOPPED), MONDAY) is None


@pytest.fixture
def stage() -> Stage:
    return Stage(YAML)


def acted(stage: Stage) -> list[tuple[str, str]]:
    found = [(effect.id, effect.action) for effect in stage.cloud.effects]
    stage.cloud.effects.clear()
    return found


def test_started_by_hand_it_is_put_out_after_the_time_and_not_before(stage: Stage) -> None:
    database = stage.cloud.database("orders", "free", state="stopped")
    stage.run(8)
    stage.cloud.by_hand(database, "available")
    for hour, minute in [(9, 0), (12, 59)]:
        stage.run(hour, minute)
        assert acted(stage) == []
    report = stage.run(13)
    assert acted(stage) == [(database, "stop")]
    assert decisions(report)[database] == ("stop", "stop-after")
    [step] = report.steps
    assert step.decision.reason.endswith("; it has been lit for 4h or longer, and its schedule did not ask for it")
    for hour in (14, 18, 23):
        stage.run(hour)
    assert acted(stage) == []
    assert stage.cloud.wasted == []


def test_the_count_begins_anew_each_time_it_is_lit(stage: Stage) -> None:
    database = stage.cloud.database("orders", "free", state="available")
    stage.run(8)
    stage.run(11)
    stage.cloud.by_hand(database, "stopped")
    stage.run(11, 30)
    stage.cloud.by_hand(database, "available")
    stage.run(12)
    stage.run(15, 59)
    assert acted(stage) == []
    stage.run(16)
    assert acted(stage) == [(database, "stop")]


def test_a_stop_of_ours_ends_the_count_also_if_no_pass_sees_it_out(stage: Stage) -> None:
    database = stage.cloud.database("orders", "office", state="available")
    stage.run(17)
    stage.run(18)
    assert acted(stage) == [(database, "stop")]
    stage.cloud.by_hand(database, "available")
    stage.run(20)
    stage.run(23, 59)
    assert acted(stage) == []
    stage.run(0, day=1)
    assert acted(stage) == [(database, "stop")]


def test_a_backup_does_not_begin_the_count_anew(stage: Stage) -> None:
    database = stage.cloud.database("orders", "free", state="available")
    stage.run(8)
    stage.cloud.by_hand(database, "backing-up")
    report = stage.run(12)
    assert decisions(report)[database] == ("none", "any")
    stage.cloud.by_hand(database, "available")
    stage.run(12, 5)
    assert acted(stage) == [(database, "stop")]


def test_aws_tells_of_an_instance_and_nothing_is_written(stage: Stage) -> None:
    stage.clock.at(12)
    old = stage.cloud.instance("free", state="running", LaunchTime=MONDAY + timedelta(hours=8))
    young = stage.cloud.instance("free", state="running", LaunchTime=MONDAY + timedelta(hours=9))
    stage.run(12)
    assert acted(stage) == [(old, "stop")]
    record = stage.record(young)
    assert record is not None
    assert record.memory == Memory()


@pytest.mark.slow
def test_it_never_fights_the_schedule(stage: Stage) -> None:
    """Over a week of passes every quarter of an hour, somebody lights it each evening: one stop a night, no flap."""
    instance = stage.cloud.instance("office", state="stopped", LaunchTime=MONDAY - timedelta(days=9))
    story = []
    for step in range(5 * 96):
        day, minutes = divmod(step * 15, 1440)
        hour, minute = divmod(minutes, 60)
        if (hour, minute) == (20, 0):
            stage.cloud.by_hand(instance, "running")
            stage.cloud.thing(instance).extra["LaunchTime"] = MONDAY + timedelta(days=day, hours=20)
        stage.run(hour, minute, day)
        story += [(f"{hour:02}:{minute:02}", action) for _, action in acted(stage)]
        if story and story[-1] == ("08:00", "start"):
            stage.cloud.thing(instance).extra["LaunchTime"] = MONDAY + timedelta(days=day, hours=8)
    assert story[:3] == [("08:00", "start"), ("18:00", "stop"), ("00:00", "stop")]
    assert story == (story[:3] * 5)[: len(story)]
    assert len(story) == 14
    assert stage.cloud.wasted == []


def test_what_is_retained_is_put_out_that_long_after_its_period(stage: Stage) -> None:
    instance = stage.cloud.instance("retain", state="stopped", LaunchTime=MONDAY + timedelta(hours=7, minutes=30))
    stage.run(7)
    stage.cloud.by_hand(instance, "running")
    for hour in (8, 18, 21):
        stage.run(hour)
    assert acted(stage) == []
    stage.run(22)
    assert acted(stage) == [(instance, "stop")]


def test_it_is_not_taken_for_a_stop_by_hand(stage: Stage) -> None:
    instance = stage.cloud.instance("curfew", state="stopped", LaunchTime=MONDAY)
    stage.run(5)
    stage.cloud.by_hand(instance, "running")
    stage.run(5, 30)
    assert acted(stage) == [(instance, "stop")]
    stage.run(8)
    assert acted(stage) == [(instance, "start")]


def test_overrides_opt_outs_freezes_and_guardrails_are_respected() -> None:
    stage = Stage(YAML)
    lit: dict[str, Any] = {"state": "running", "LaunchTime": MONDAY}
    kept = stage.cloud.instance("free", **lit)
    opted = stage.cloud.instance("free", tags={"lamplighter:opt-out": ""}, **lit)
    frozen = stage.cloud.instance("frozen", **lit)
    until = MONDAY + timedelta(hours=20)
    set_override(stage.plain, Override("o", Hold.RUNNING, kept, until, "", "ada", MONDAY))
    found = decisions(stage.run(12))
    assert {found[kept][1], found[opted][1], found[frozen][1]} == {"override", "opt-out", "frozen"}
    assert acted(stage) == []
    stage.define(YAML + "guardrails: {actions: [start]}\n")
    assert decisions(stage.run(0, day=1))[kept] == ("none", "guardrail")
    stage.define(YAML)
    stage.run(0, 5, day=1)
    assert sorted(acted(stage)) == sorted([(kept, "stop"), (frozen, "stop")])


def test_without_stop_after_nothing_of_it_is_remembered(stage: Stage) -> None:
    database = stage.cloud.database("orders", "plain", state="available")
    stage.run(12)
    record = stage.record(database)
    assert record is not None
    assert record.memory == Memory()
