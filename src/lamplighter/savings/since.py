"""As much of the journal as measuring a span takes: what is older is read once, and its outcome kept.

Of what lies before a span, measuring needs the last entry of each resource only, with the prices and the team that were
last told. They are kept for a moment in the table `savings`, so that a function that measures every day need not read
the journal of years. Nothing is lost with them: without, or when they cannot be read, the whole journal is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from lamplighter.errors import StoreCorrupt, TooLarge
from lamplighter.savings.measure import histories, known
from lamplighter.store import journal
from lamplighter.store.journal import Entry, stamp
from lamplighter.store.rules import encode
from lamplighter.store.table import JSON, Item, Put, Store

TABLE: Final = "savings"

_A_PIECE: Final = 200_000
"""Bytes of the rows of an item, as the store counts them: what else stands in it keeps it below 256 KiB."""


def entries_since(store: Store, target: str, start: datetime, end: datetime) -> list[Entry]:
    """Entries of a target to measure [start, end) with, or any later begin; not all that lie before `start`.

    What lies before `start` is kept, for who asks for the same or a later one. An entry that is written later with a
    time before `start` is not seen any more: choose one past which no pass writes.

    Args:
        store: the journal, and what is kept of it.
        target: `account/region`.
        start: aware datetime.
        end: aware datetime.

    Raises:
        StoreCorrupt: an item is not an entry.
        TooLarge: what is to be kept of one resource is larger than an item may be.
        StoreError: the store failed.
    """
    kept = _kept(store, target, start)
    until, before = kept if kept is not None else (None, [])
    found = [*before, *journal.read(store, target, start=until, end=end)]
    old, new = [e for e in found if e.at < start], [e for e in found if e.at >= start]
    summary = latest(old, start)
    if until != start:
        _keep(store, target, start, summary)
    return [*summary, *new]


def latest(entries: Iterable[Entry], at: datetime) -> list[Entry]:
    """What of the entries before an aware datetime says how each resource stood then; what was gone is left out.

    Without the texts for people: they take most of the room, and measuring does not read them. Price keys are sorted:
    equal ones in a row are kept once.
    """
    ends = (known(history) for history in histories(entries, at).values())
    return [
        replace(each, reason="", note="", prices=tuple(sorted(each.prices)))
        for each in ends
        if each.action != journal.GONE
    ]


def _keep(store: Store, target: str, until: datetime, entries: Iterable[Entry]) -> None:
    pieces = list(_pieces(entries)) or [[]]
    store.put_many(
        [
            Put(TABLE, target, f"{number:06}", {"until": stamp(until), "of": len(pieces), "entries": piece})
            for number, piece in enumerate(pieces)
        ]
    )


def _pieces(entries: Iterable[Entry]) -> Iterator[list[JSON]]:
    """The rows of entries, as many at a time as an item holds."""
    pending: list[JSON] = []
    taken = 0
    for entry in entries:
        row, size = _row(entry)
        if pending and taken + size > _A_PIECE:
            yield pending
            pending, taken = [], 0
        pending.append(row)
        taken += size
    if pending:
        yield pending


def _row(entry: Entry) -> tuple[JSON, int]:
    """(what is kept of an entry, its bytes with the comma behind)."""
    put = journal.put(entry)
    row: dict[str, JSON] = {"key": put.sort, "data": dict(put.data)}
    try:
        size = len(encode(row).encode()) + 1
    except ValueError:
        size = None
    if size is None or size > _A_PIECE:
        raise TooLarge(
            f"{entry.target}: the last of {entry.resource} has more than {_A_PIECE:,} bytes, too many to be kept",
            hint="it has too many different prices: make more than one group of it",
        )
    return row, size


def _kept(store: Store, target: str, start: datetime) -> tuple[datetime, list[Entry]] | None:
    """(until when, what is kept); None if there is nothing that is whole and of a time not after `start`."""
    items = list(store.query(TABLE, target))
    if not items:
        return None
    first = items[0].data
    count = first.get("of")
    pieces = items[:count] if isinstance(count, int) else []
    if len(pieces) != count or any(each.data.get("until") != first.get("until") for each in pieces):
        return None
    try:
        until = datetime.fromisoformat(str(first.get("until")))
        return (until, [_entry(target, row) for each in pieces for row in _list(each)]) if until <= start else None
    except (ValueError, StoreCorrupt):
        return None


def _list(item: Item) -> list[JSON]:
    rows = item.data.get("entries")
    if not isinstance(rows, list):
        raise ValueError("no entries")  # noqa: TRY004 - a damaged item, not a wrong call
    return rows


def _entry(target: str, row: JSON) -> Entry:
    if not isinstance(row, dict) or not isinstance(row.get("data"), dict):
        raise ValueError("no entry")  # noqa: TRY004 - a damaged item, not a wrong call
    data = row["data"]
    assert isinstance(data, dict)
    return journal.entry_of(Item(target, str(row.get("key")), data, 0))
