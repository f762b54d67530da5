"""When each target was last looked at as a whole, kept so that the one of longest ago is found by reading one item."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from lamplighter.scheduler.mended import mended
from lamplighter.scheduler.roster import TABLE
from lamplighter.store.journal import moment, stamp
from lamplighter.store.table import Store

EVERY: Final = timedelta(hours=1)
"""How exactly it is kept: a pass less than this after one that was noted is not."""

_LAST: Final = "last-pass"
"""By target: when."""
_ORDER: Final = "last-passes"
"""By time, then target."""


def note(store: Store, target: str, at: datetime) -> None:
    """Keep that a pass looked at a whole target; nothing is written within an hour of the one before.

    Args:
        store: to keep it in.
        target: `account/region`.
        at: aware datetime of the pass.
    """
    item = mended(store, TABLE, lambda: store.get(TABLE, _LAST, target))
    before = moment(item.data.get("at")) if item else None
    if before is None or before + EVERY <= at:
        store.put(TABLE, _ORDER, _key(target, at), {})
        store.put(TABLE, _LAST, target, {"at": stamp(at)})
        # Whoever dies before this leaves two, and `tidy` takes the older one away.
        if before is not None:
            store.delete(TABLE, _ORDER, _key(target, before))


def tidy(store: Store, targets: Collection[str], at: datetime, *, complete: bool) -> None:
    """Let each target count once, those that no pass has looked at from now on; one item is read for each.

    Args:
        store: to keep it in.
        targets: `account/region` of those there are.
        at: now, aware.
        complete: whether these are all: then others are forgotten.
    """
    newest: dict[str, str] = {}
    for item in store.query(TABLE, _ORDER):
        text, _, key = item.sort.partition("#")
        if not key or moment(text) is None:
            store.delete(TABLE, _ORDER, item.sort)  # a foreign item
            continue
        if key in newest:
            store.delete(TABLE, _ORDER, newest[key])
        newest[key] = item.sort
    for key in sorted(set(targets) - set(newest)):
        store.put(TABLE, _ORDER, _key(key, at), {})
        store.put(TABLE, _LAST, key, {"at": stamp(at)})
    for key in sorted(set(newest) - set(targets)) if complete else ():
        store.delete(TABLE, _ORDER, newest[key])
        store.delete(TABLE, _LAST, key)


def oldest(store: Store) -> datetime | None:
    """When the target was looked at whose last pass is longest ago, in UTC; None where no target is known."""
    return next((moment(item.sort.partition("#")[0]) for item in store.query(TABLE, _ORDER, limit=1)), None)


def _key(target: str, at: datetime) -> str:
    return f"{stamp(at)}#{target}"
