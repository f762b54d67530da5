from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.scheduler.conftest import HERE, MONDAY

from lamplighter.errors import StoreCorrupt, VersionConflict
from lamplighter.resources.kind import Resource
from lamplighter.scheduler.states import TABLE, Acted, StateRecord, known, put_record, put_state, read_states
from lamplighter.schedules.decision import Action, Live, Stored
from lamplighter.store.memory import MemoryStore

RESOURCE = Resource(
    kind="ec2-instance",
    id="i-1",
    arn="arn:aws:ec2:eu-west-1:111122223333:instance/i-1",
    account=HERE.account,
    region=HERE.region,
    name="web",
    tags={"Schedule": "office"},
    schedule="office",
    live=Live.STOPPED,
    state="stopped",
)


def test_what_is_put_is_read() -> None:
    store = MemoryStore()
    assert read_states(store, HERE.key) == {}
    store.transact([put_state(RESOURCE, HERE.key, Stored.RUNNING, reason="why", at=MONDAY, before=None)])
    record = read_states(store, HERE.key)["ec2-instance/i-1"]
    first = StateRecord("ec2-instance/i-1", Stored.RUNNING, "office", "web", MONDAY, "why", "", 1, seen=MONDAY)
    assert record == first
    failed = put_state(
        RESOURCE, HERE.key, Stored.START_FAILED, reason="r", error="e", code="Busy", at=MONDAY, before=record
    )
    store.transact([failed])
    again = read_states(store, HERE.key)["ec2-instance/i-1"]
    assert (again.error, again.code, again.version) == ("e", "Busy", 2)


def test_first_sight_and_last_action_outlive_what_is_written_later() -> None:
    store, later = MemoryStore(), MONDAY + timedelta(hours=8)
    acted = Acted(Action.START, later, "office", "period office")
    store.transact([put_state(RESOURCE, HERE.key, Stored.STOPPED, reason="a", at=MONDAY, before=None)])
    for changes in ({"acted": acted}, {"schedule": "lab"}, {"error": "e", "code": "c"}):
        [before] = read_states(store, HERE.key).values()
        given: dict[str, Any] = {"reason": "b", "at": later, "before": before, **changes}
        store.transact([put_state(RESOURCE, HERE.key, Stored.RUNNING, **given)])
    [record] = read_states(store, HERE.key).values()
    assert (record.seen, record.acted, record.since) == (MONDAY, acted, later)
    store.transact([put_record(record, HERE.key)])
    assert read_states(store, HERE.key)["ec2-instance/i-1"] == replace(record, version=record.version + 1)


def test_a_record_of_before_these_were_kept_is_read() -> None:
    store = MemoryStore()
    data = dict(put_state(RESOURCE, HERE.key, Stored.RUNNING, reason="a", at=MONDAY, before=None).data)
    for name in ("code", "seen", "acted", "memory"):
        del data[name]
    store.put(TABLE, HERE.key, "ec2-instance/i-1", data)
    [record] = read_states(store, HERE.key).values()
    assert (record.code, record.seen, record.acted) == ("", None, None)
    store.transact([put_state(RESOURCE, HERE.key, Stored.RUNNING, reason="b", at=MONDAY, before=record)])
    assert read_states(store, HERE.key)["ec2-instance/i-1"].seen is None


def test_a_write_over_what_somebody_else_wrote_fails() -> None:
    store = MemoryStore()
    write = put_state(RESOURCE, HERE.key, Stored.RUNNING, reason="why", at=MONDAY, before=None)
    store.transact([write])
    with pytest.raises(VersionConflict):
        store.transact([write])
    record = read_states(store, HERE.key)["ec2-instance/i-1"]
    again = put_state(RESOURCE, HERE.key, Stored.STOPPED, reason="why", at=MONDAY, before=record)
    store.transact([again])
    with pytest.raises(VersionConflict):
        store.transact([again])


@pytest.mark.parametrize("stored", Stored)
def test_what_decisions_see(stored: Stored) -> None:
    record = StateRecord(RESOURCE.key, stored, "office", "web", MONDAY, "", "", 1)
    assert known(None, RESOURCE) is Stored.UNKNOWN
    assert known(record, RESOURCE) is stored
    assert known(record, replace(RESOURCE, schedule="lab")) is Stored.UNKNOWN
    assert known(record, replace(RESOURCE, schedule=None)) is Stored.UNKNOWN
    assert known(replace(record, schedule=""), replace(RESOURCE, schedule=None)) is stored


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"stored": "lit"},
        {"stored": "running", "since": "yesterday"},
        {"seen": "yesterday"},
        {"acted": "start"},
        {"acted": {"action": "start", "at": "yesterday", "schedule": "", "reason": ""}},
        {"acted": {"action": "start"}},
    ],
)
def test_a_damaged_record_is_named(broken: dict[str, Any]) -> None:
    store = MemoryStore()
    good = put_state(RESOURCE, HERE.key, Stored.RUNNING, reason="why", at=MONDAY, before=None).data
    store.put(TABLE, HERE.key, "ec2-instance/i-1", {**good, **broken} if broken else {})
    with pytest.raises(StoreCorrupt, match="ec2-instance/i-1"):
        read_states(store, HERE.key)
