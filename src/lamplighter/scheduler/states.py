"""What is stored of each resource: the state after our last decision. One partition a target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lamplighter.errors import StoreCorrupt
from lamplighter.resources.kind import Resource
from lamplighter.schedules.verdict import NOTHING_REMEMBERED, Memory, Stored
from lamplighter.store.table import JSON, NEW, Expect, Item, Put, Store

TABLE: Final = "state"


@dataclass(frozen=True, slots=True)
class StateRecord:
    """What is stored of one resource.

    Attributes:
        resource: `kind/id`.
        stored: the state after the last decision that was carried out.
        schedule: the schedule tag's value at that time.
        name: what people call the resource.
        since: aware datetime of the last change of `stored`.
        reason: reason of that decision.
        error: what failed last, or empty.
        version: version of the stored item.
        memory: what else is remembered.
    """

    resource: str
    stored: Stored
    schedule: str
    name: str
    since: datetime
    reason: str
    error: str
    version: int
    memory: Memory = NOTHING_REMEMBERED


def read_states(store: Store, target: str) -> dict[str, StateRecord]:
    """Every record of a target, by `kind/id`.

    Raises:
        StoreCorrupt: an item is not a record.
    """
    return {item.sort: _record(item) for item in store.query(TABLE, target)}


def put_state(
    resource: Resource,
    target: str,
    stored: Stored,
    *,
    reason: str,
    error: str = "",
    at: datetime,
    before: StateRecord | None,
    schedule: str | None = None,
    memory: Memory = NOTHING_REMEMBERED,
) -> Put:
    """The conditional write of a new state: it fails if somebody else wrote since `before` was read.

    Args:
        resource: the resource as it is now.
        target: `account/region`.
        stored: the new state.
        reason: why.
        error: what failed, or empty.
        at: aware datetime of the decision.
        before: what was read; None if nothing is stored.
        schedule: the schedule tag's value at the time of the decision; None for that of the resource.
        memory: what else to remember.
    """
    data: dict[str, JSON] = {
        "stored": stored.value,
        "schedule": (resource.schedule or "") if schedule is None else schedule,
        "name": resource.name,
        "since": at.isoformat(),
        "reason": reason,
        "error": error,
        "memory": memory_texts(memory),
    }
    expect: Expect = before.version if before else NEW
    return Put(TABLE, target, resource.key, data, expect)


def known(record: StateRecord | None, resource: Resource) -> Stored:
    """The stored state as decisions see it: unknown when first seen, and again when the tag changed."""
    if record is None or record.schedule != (resource.schedule or ""):
        return Stored.UNKNOWN
    return record.stored


def memory_texts(memory: Memory) -> dict[str, JSON]:
    """What is remembered, as items hold it: only what is not empty."""
    return {name: text for name, text in memory._asdict().items() if text}


def read_memory(value: JSON) -> Memory:
    """What an item says is remembered; an item of before there was a memory says nothing.

    Raises:
        ValueError: it is no mapping of texts.
    """
    if value is None:
        return NOTHING_REMEMBERED
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not what is remembered")  # noqa: TRY004 - a damaged item, not a wrong call
    return Memory(**{name: str(text) for name, text in value.items() if name in Memory._fields})


def remembered(record: StateRecord | None, resource: Resource) -> Memory:
    """What is remembered, as decisions see it: nothing when first seen, and again when the tag changed."""
    if record is None or record.schedule != (resource.schedule or ""):
        return NOTHING_REMEMBERED
    return record.memory


def _record(item: Item) -> StateRecord:
    try:
        return StateRecord(
            item.sort,
            Stored(str(item.data["stored"])),
            str(item.data["schedule"]),
            str(item.data["name"]),
            datetime.fromisoformat(str(item.data["since"])),
            str(item.data["reason"]),
            str(item.data["error"]),
            item.version,
            read_memory(item.data.get("memory")),
        )
    except (KeyError, ValueError) as error:
        raise StoreCorrupt(
            f"the state of {item.partition} {item.sort} cannot be read: {error}",
            hint="restore the store from a backup, or delete the item; the resource will then count as new",
        ) from error
