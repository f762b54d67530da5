"""Intents: what a pass is about to do, written before it does it.

If the pass dies, the next one finds the intent, looks at the resource and knows whether the action
took effect. That is what keeps a start of ours from being taken for a start by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lamplighter.errors import StoreCorrupt
from lamplighter.resources.kind import Resource
from lamplighter.scheduler.states import memory_texts, read_memory
from lamplighter.schedules.verdict import NOTHING_REMEMBERED, Action, Decision, Live, Memory, Stored
from lamplighter.store.table import JSON, Delete, Item, Put, Store

TABLE: Final = "intents"


@dataclass(frozen=True, slots=True)
class Intent:
    """One action that was about to be taken.

    Attributes:
        resource: `kind/id`.
        action: start or stop.
        store: the state to store once it is done.
        reason: why.
        at: aware datetime of the decision.
        run: id of the pass.
        state: live state before the action.
        schedule: the schedule tag's value at the time of the decision.
        memory: what else to remember once it is done.
        snapshot: moment of the snapshot that was asked for with it; to be asked for again if it was not done.
    """

    resource: str
    action: Action
    store: Stored
    reason: str
    at: datetime
    run: str
    state: str
    schedule: str
    memory: Memory = NOTHING_REMEMBERED
    snapshot: str = ""

    def took_effect(self, live: Live) -> bool | None:
        """Whether the resource looks as if the action was done; None while it cannot be told."""
        if live is Live.PARTLY:
            return False
        if live in (Live.RUNNING, Live.STARTING):
            return self.action is Action.START
        if live in (Live.STOPPED, Live.STOPPING):
            return self.action is Action.STOP
        return None


def intend(resource: Resource, target: str, decision: Decision, *, at: datetime, run: str, snapshot: str = "") -> Put:
    """The write that announces an action."""
    data: dict[str, JSON] = {
        "action": decision.action.value,
        "store": decision.store.value,
        "reason": decision.reason,
        "at": at.isoformat(),
        "run": run,
        "state": resource.live.value,
        "schedule": resource.schedule or "",
        "memory": memory_texts(decision.memory),
    }
    if snapshot:
        data["snapshot"] = snapshot
    return Put(TABLE, target, resource.key, data)


def settle(target: str, resource_key: str) -> Delete:
    """The write that takes an intent away, once its outcome is in the journal."""
    return Delete(TABLE, target, resource_key)


def read_intents(store: Store, target: str) -> Mapping[str, Intent]:
    """Intents left by passes that died or lost an answer, by `kind/id`.

    Raises:
        StoreCorrupt: an item is not an intent.
    """
    items: Iterable[Item] = store.query(TABLE, target)
    return {item.sort: _intent(item) for item in items}


def _intent(item: Item) -> Intent:
    try:
        return Intent(
            item.sort,
            Action(str(item.data["action"])),
            Stored(str(item.data["store"])),
            str(item.data["reason"]),
            datetime.fromisoformat(str(item.data["at"])),
            str(item.data["run"]),
            str(item.data["state"]),
            str(item.data["schedule"]),
            read_memory(item.data.get("memory")),
            str(item.data.get("snapshot", "")),
        )
    except (KeyError, ValueError) as error:
        raise StoreCorrupt(
            f"the intent on {item.sort} in {item.partition} cannot be read: {error}",
            hint="restore the store from a backup, or delete the item once you know whether the action was done",
        ) from error
