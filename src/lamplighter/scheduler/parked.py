"""What came in and means nothing here: kept with the reason, for people to look at, and never tried again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

from lamplighter.store.journal import stamp
from lamplighter.store.table import JSON, Store

TABLE: Final = "parked"
_LONGEST: Final = 20_000


def park(store: Store, source: str, what: object, reason: str, *, at: datetime) -> str:
    """Keep something with the reason why it cannot be used.

    Args:
        store: where.
        source: the handler that it came to.
        what: an event or the body of a message; cut after 20,000 characters.
        reason: why, for people.
        at: now, aware.

    Returns:
        Its key. The same thing again is kept under the key it has, with the time of the last coming.
    """
    text = what if isinstance(what, str) else json.dumps(what, sort_keys=True, default=str)
    key = f"{source}#{sha256(text.encode()).hexdigest()[:24]}"
    before = store.get(TABLE, TABLE, key)
    count = before.data.get("count") if before else 0
    data: dict[str, JSON] = {
        "reason": reason,
        "text": text[:_LONGEST],
        "first": before.data.get("first") if before else stamp(at),
        "last": stamp(at),
        "count": (count if isinstance(count, int) else 0) + 1,
    }
    store.put(TABLE, TABLE, key, data)
    return key


def parked(store: Store) -> list[Mapping[str, JSON]]:
    """Everything that is parked, by source: `key`, `reason`, `text`, `first`, `last`, `count`."""
    return [{"key": item.sort, **item.data} for item in store.query(TABLE, TABLE)]
