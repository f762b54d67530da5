from __future__ import annotations

import pytest
from tests.scheduler.conftest import HERE, MONDAY
from tests.scheduler.test_states import RESOURCE

from lamplighter.errors import StoreCorrupt
from lamplighter.scheduler.intents import TABLE, Intent, intend, read_intents, settle
from lamplighter.schedules.decision import Action, Decision, Live, Stored
from lamplighter.store.memory import MemoryStore

DECISION = Decision(Action.START, Stored.RUNNING, "period office is on", "schedule")


def test_an_intent_is_read_until_it_is_settled() -> None:
    store = MemoryStore()
    store.transact([intend(RESOURCE, HERE.key, DECISION, at=MONDAY, run="run-1")])
    intent = Intent(
        RESOURCE.key, Action.START, Stored.RUNNING, "period office is on", MONDAY, "run-1", "stopped", "office"
    )
    assert read_intents(store, HERE.key) == {RESOURCE.key: intent}
    store.transact([settle(HERE.key, RESOURCE.key)])
    assert read_intents(store, HERE.key) == {}
    store.transact([settle(HERE.key, RESOURCE.key)])


@pytest.mark.parametrize(
    ("action", "live", "effect"),
    [
        (Action.START, Live.RUNNING, True),
        (Action.START, Live.STARTING, True),
        (Action.START, Live.STOPPED, False),
        (Action.START, Live.STOPPING, False),
        (Action.START, Live.BUSY, None),
        (Action.START, Live.GONE, None),
        (Action.STOP, Live.RUNNING, False),
        (Action.STOP, Live.STARTING, False),
        (Action.STOP, Live.STOPPED, True),
        (Action.STOP, Live.STOPPING, True),
        (Action.STOP, Live.BUSY, None),
    ],
)
def test_whether_it_took_effect(action: Action, live: Live, effect: bool | None) -> None:
    intent = Intent(RESOURCE.key, action, Stored.RUNNING, "", MONDAY, "run-1", "stopped", "office")
    assert intent.took_effect(live) is effect


@pytest.mark.parametrize("missing", ["action", "store", "reason", "at", "run", "state", "schedule"])
def test_a_damaged_intent_is_named(missing: str) -> None:
    store = MemoryStore()
    data = dict(intend(RESOURCE, HERE.key, DECISION, at=MONDAY, run="run-1").data)
    del data[missing]
    store.put(TABLE, HERE.key, RESOURCE.key, data)
    with pytest.raises(StoreCorrupt, match="ec2-instance/i-1") as refusal:
        read_intents(store, HERE.key)
    assert refusal.value.hint
