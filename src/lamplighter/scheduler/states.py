"""What is stored of each resource: the state after our last decision. One partition a target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from lamplighter.errors import StoreCorrupt
from lamplighter.resources.kind import Resource
from lamplighter.schedules.verdict import NOTHING_REMEMBERED, Action, Memory, Stored
from lamplighter.store.table import JSON, NEW, Expect, Item, Put, Store

TABLE: Final = "state"


class Acted(NamedTuple):
    """The last start or stop of ours that was done.

    Attributes:
        action: start or stop.
        at: aware datetime of it, as in the journal.
        schedule: the schedule tag's value at that time, or empty.
        reason: why.
    """

    action: Action
    at: datetime
    schedule: str
    reason: str


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
        code: error code or name of what failed last, or empty.
        seen: aware datetime of the pass that saw it first; None in records of before this was kept.
        acted: the last start or stop of ours that was done; None if there was none, or in older records.
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
    code: str = ""
    seen: datetime | None = None
    acted: Acted | None = None


def read_states(store: Store, target: str) -> dict[str, StateRecord]:
    """Every record of a target, by `kind/id`.

    Raises:
        StoreCorrupt: an item is not a record.
    """
    return {item.sort: _record(item) for item in store.query(TABLE, target)}


def read_state(store: Store, target: str, resource: str) -> StateRecord | None:
    """The record of one resource, by `kind/id`; None if there is none.

    Raises:
        StoreCorrupt: the item is not a record.
    """
    item = store.get(TABLE, target, resource)
    return None if item is None else _record(item)


def put_state(
    resource: Resource,
    target: str,
    stored: Stored,
    *,
    reason: str,
    error: str = "",
    code: str = "",
    at: datetime,
    before: StateRecord | None,
    schedule: str | None = None,
    memory: Memory = NOTHING_REMEMBERED,
    acted: Acted | None = None,
) -> Put:
    """The conditional write of a new state: it fails if somebody else wrote since `before` was read.

    When it was first seen and what was done last stay as they were before, unless `acted` is given.

    Args:
        resource: the resource as it is now.
        target: `account/region`.
        stored: the new state.
        reason: why.
        error: what failed, or empty.
        code: error code or name of that, or empty.
        at: aware datetime of the decision.
        before: what was read; None if nothing is stored.
        schedule: the schedule tag's value at the time of the decision; None for that of the resource.
        memory: what else to remember.
        acted: the start or stop that was done, if this is its outcome.
    """
    record = StateRecord(
        resource.key,
        stored,
        (resource.schedule or "") if schedule is None else schedule,
        resource.name,
        at,
        reason,
        error,
        before.version if before else 0,
        memory,
        code,
        before.seen if before else at,
        acted or (before.acted if before else None),
    )
    return put_record(record, target)


def put_record(record: StateRecord, target: str) -> Put:
    """The conditional write of a record over that of its version; over none when its version is 0."""
    data: dict[str, JSON] = {
        "stored": record.stored.value,
        "schedule": record.schedule,
        "name": record.name,
        "since": record.since.isoformat(),
        "reason": record.reason,
        "error": record.error,
        "code": record.code,
        "memory": memory_texts(record.memory),
        "seen": record.seen.isoformat() if record.seen else "",
        "acted": _acted_texts(record.acted) if record.acted else None,
    }
    expect: Expect = record.version or NEW
    return Put(TABLE, target, record.resource, data, expect)


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


def _acted_texts(acted: Acted) -> dict[str, JSON]:
    return {**acted._asdict(), "action": acted.action.value, "at": acted.at.isoformat()}


def _read_acted(value: JSON) -> Acted | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no action")  # noqa: TRY004 - a damaged item, not a wrong call
    at = datetime.fromisoformat(str(value["at"]))
    return Acted(Action(str(value["action"])), at, str(value["schedule"]), str(value["reason"]))


def tried(memory: Memory) -> Memory:
    """What is remembered of a resource that is not held back, or not any longer."""
    return memory._replace(held_since="", ordered_since="", guarded_since="")


def _record(item: Item) -> StateRecord:
    try:
        seen = item.data.get("seen")
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
            str(item.data.get("code") or ""),
            datetime.fromisoformat(str(seen)) if seen else None,
            _read_acted(item.data.get("acted")),
        )
    except (KeyError, ValueError) as error:
        raise StoreCorrupt(
            f"the state of {item.partition} {item.sort} cannot be read: {error}",
            hint="restore the store from a backup, or delete the item; the resource will then count as new",
        ) from error
