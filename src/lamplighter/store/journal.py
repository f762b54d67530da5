"""The journal: what was done to which resource, when, why, and how it ended.

One partition a target, sorted by time. Other services read it as data (savings, reports, `lamp why`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from lamplighter.errors import StoreCorrupt
from lamplighter.store.table import JSON, Item, Put, Store

TABLE: Final = "journal"

DONE: Final = "done"
FAILED: Final = "failed"
FOUND: Final = "found"
"""An earlier pass died after acting; its effect was found."""
NOT_DONE: Final = "not-done"
"""An earlier pass died before acting; nothing had happened."""
WAITING: Final = "waiting"
"""Something must come first, and was set going; the action follows in a later pass."""

SEEN: Final = "seen"
"""Action of the entry written when a resource is seen for the first time, or anew after it was gone."""
GONE: Final = "gone"
"""Action of the entry written when a resource is no longer found: terminated, or no longer tagged."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal.

    Attributes:
        target: `account/region`.
        at: aware UTC datetime of the action.
        run: id of the pass or command.
        resource: `kind/id`.
        name: what people call the resource.
        action: start, stop, seen or gone.
        outcome: done, failed, found, not-done or waiting.
        state: live state before the action, over all kinds.
        schedule: value of the schedule tag, or empty.
        reason: why, for people.
        note: what else happened, or the error.
        code: error code, or empty.
        prices: what an hour lit costs: price keys as texts, see `lamplighter.pricing`; of a group one for each
            instance.
        team: value of the tag that says whose it is, else the name of its account; empty where it has neither, None
            where the entry does not say.
    """

    target: str
    at: datetime
    run: str
    resource: str
    name: str
    action: str
    outcome: str
    state: str
    schedule: str
    reason: str
    note: str = ""
    code: str = ""
    prices: tuple[tuple[str, ...], ...] = ()
    team: str | None = None

    @property
    def lit_after(self) -> bool | None:
        """Whether the resource is lit after this entry; None if the entry changed nothing."""
        if self.outcome not in (DONE, FOUND):
            return None
        if self.action == SEEN:
            # What is in between (modifying, backing up) is paid for; to call it out would claim a saving.
            return self.state not in ("stopped", "stopping", "gone")
        return self.action == "start"


def stamp(at: datetime) -> str:
    """A UTC time as it begins sort keys; sorts as text.

    Raises:
        ValueError: the datetime is naive.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; use an aware datetime")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(value: JSON) -> datetime | None:
    """The aware datetime that a text in an item is; None for what is none."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is None or at.tzinfo else None


def put(entry: Entry) -> Put:
    """The write that adds an entry; adding it again changes nothing."""
    data: dict[str, JSON] = {
        "name": entry.name,
        "action": entry.action,
        "outcome": entry.outcome,
        "state": entry.state,
        "schedule": entry.schedule,
        "reason": entry.reason,
        "note": entry.note,
        "code": entry.code,
        "prices": _rows(entry.prices),
    }
    if entry.team is not None:
        data["team"] = entry.team
    return Put(TABLE, entry.target, f"{stamp(entry.at)}#{entry.resource}#{entry.action}#{entry.run}", data)


def read(
    store: Store, target: str, *, start: datetime | None = None, end: datetime | None = None, newest_first: bool = False
) -> Iterator[Entry]:
    """Entries of a target with start <= at < end, in order of time.

    Raises:
        StoreCorrupt: an item is not an entry.
    """
    low = stamp(start) if start else ""
    high = stamp(end) if end else None
    after = (high if newest_first else low) or None
    for item in store.query(TABLE, target, after=after, descending=newest_first):
        if newest_first and item.sort < low:
            return
        if not newest_first and high is not None and item.sort >= high:
            return
        yield entry_of(item)


def targets(store: Store) -> list[str]:
    """Every target the journal speaks of."""
    return store.partitions(TABLE)


def entry_of(item: Item) -> Entry:
    """The entry that an item holds, as `put` writes it.

    Raises:
        StoreCorrupt: it is none.
    """
    parts = item.sort.split("#")
    data = item.data
    try:
        at, resource, run = _key(parts)
        return Entry(
            target=item.partition,
            at=at,
            run=run,
            resource=resource,
            name=_text(data["name"]),
            action=_text(data["action"]),
            outcome=_text(data["outcome"]),
            state=_text(data["state"]),
            schedule=_text(data["schedule"]),
            reason=_text(data["reason"]),
            note=_text(data["note"]),
            code=_text(data["code"]),
            prices=_prices(data["prices"]),
            team=None if data.get("team") is None else _text(data["team"]),
        )
    except (KeyError, ValueError, IndexError) as error:
        raise StoreCorrupt(
            f"the journal of {item.partition} holds an item that is no entry: {item.sort}",
            hint="restore the store from a backup, or delete the item",
        ) from error


def _key(parts: Sequence[str]) -> tuple[datetime, str, str]:
    at = datetime.fromisoformat(parts[0])
    if at.tzinfo is None or len(parts) < 4:
        raise ValueError("not the key of an entry")
    return at, "#".join(parts[1:-2]), parts[-1]


def _text(value: JSON) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")  # noqa: TRY004 - a damaged item, not a wrong call
    return value


_MOST: Final = 100_000
"""Equal price keys in a row; what says more is damaged, and would fill the memory."""


def _rows(prices: Iterable[tuple[str, ...]]) -> list[JSON]:
    """Price keys as they are stored: equal ones in a row once, with their count behind.

    A key has about 60 bytes, and AWS has fewer than 2,000 types of instances: where keys are sorted, the entry of a
    group of any size fits into an item, which holds 4,000 different ones.
    """
    rows: list[JSON] = []
    for key, same in groupby(prices):
        count = sum(1 for _ in same)
        rows.append([*key, count] if count > 1 else [*key])
    return rows


def _prices(value: JSON) -> tuple[tuple[str, ...], ...]:
    return tuple(key for row in _list(value) for key in _same(_list(row)))


def _same(row: Sequence[JSON]) -> Sequence[tuple[str, ...]]:
    """The price keys that one row stands for."""
    if not row or isinstance(row[-1], str):
        return (tuple(_text(part) for part in row),)
    *parts, count = row
    if isinstance(count, bool) or not isinstance(count, int) or not parts or not 1 < count <= _MOST:
        raise ValueError(f"{row!r} is no price key and its count")
    return (tuple(_text(part) for part in parts),) * count


def _list(value: JSON) -> Sequence[JSON]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list")  # noqa: TRY004 - a damaged item, not a wrong call
    return value
