from __future__ import annotations

from dataclasses import replace

import pytest
from tests.scheduler.conftest import HERE, MONDAY

from lamplighter.errors import StoreCorrupt, VersionConflict
from lamplighter.resources.kind import Resource
from lamplighter.scheduler.states import TABLE, StateRecord, known, put_state, read_states
from lamplighter.schedules.decision import Live, Stored
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
    assert record == StateRecord("ec2-instance/i-1", Stored.RUNNING, "office", "web", MONDAY, "why", "", 1)
    failed = put_state(RESOURCE, HERE.key, Stored.START_FAILED, reason="r", error="e", at=MONDAY, before=record)
    store.transact([failed])
    assert read_states(store, HERE.key)["ec2-instance/i-1"].error == "e"


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


@pytest.mark.parametrize("broken", [{}, {"stored": "lit"}, {"stored": "running", "since": "yesterday"}])
def test_a_damaged_record_is_named(broken: dict[str, str]) -> None:
    store = MemoryStore()
    good = put_state(RESOURCE, HERE.key, Stored.RUNNING, reason="why", at=MONDAY, before=None).data
    store.put(TABLE, HERE.key, "ec2-instance/i-1", {**good, **broken} if broken else {})
    with pytest.raises(StoreCorrupt, match="ec2-instance/i-1"):
        read_states(store, HERE.key)
