"""Overrides in the store: set, list, clear. One partition for all; expired ones are kept until cleared."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from lamplighter.errors import StoreCorrupt, UsageError
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.store.table import NEW, Item, Store

TABLE: Final = "overrides"
PARTITION: Final = "overrides"


def set_override(store: Store, override: Override) -> None:
    """Store a new override.

    Raises:
        UsageError: it ends before it begins, or its selector is empty.
        VersionConflict: there is one with this id.
    """
    if override.until <= override.created:
        raise UsageError(
            "the override would end before it begins", hint="give a time in the future, or a length like 2h"
        )
    if not override.selector.strip():
        raise UsageError("an override needs a resource or tag:KEY=VALUE")
    store.put(
        TABLE,
        PARTITION,
        override.id,
        {
            "hold": override.hold.value,
            "selector": override.selector,
            "until": override.until.isoformat(),
            "reason": override.reason,
            "author": override.author,
            "created": override.created.isoformat(),
        },
        expect=NEW,
    )


def list_overrides(store: Store, *, at: datetime | None = None) -> list[Override]:
    """Every override, oldest first; with `at`, only those in force then.

    Raises:
        StoreCorrupt: an item is not an override.
    """
    found = [_override(item) for item in store.query(TABLE, PARTITION)]
    kept = [o for o in found if at is None or o.created <= at < o.until]
    return sorted(kept, key=lambda override: (override.created, override.id))


def clear_overrides(store: Store, *, ids: frozenset[str] = frozenset(), selector: str | None = None) -> list[Override]:
    """Take away overrides by id or selector.

    Returns:
        Those that were taken away.
    """
    cleared = [o for o in list_overrides(store) if o.id in ids or o.selector == selector]
    for override in cleared:
        store.delete(TABLE, PARTITION, override.id)
    return cleared


def _override(item: Item) -> Override:
    data = item.data
    try:
        return Override(
            item.sort,
            Hold(str(data["hold"])),
            str(data["selector"]),
            datetime.fromisoformat(str(data["until"])),
            str(data["reason"]),
            str(data["author"]),
            datetime.fromisoformat(str(data["created"])),
        )
    except (KeyError, ValueError) as error:
        raise StoreCorrupt(
            f"override {item.sort} cannot be read: {error}", hint=f"take it away: lamp override clear --id {item.sort}"
        ) from error
