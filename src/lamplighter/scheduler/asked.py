"""What was asked of the clock beside its own work: to look at every target, at times that are kept until a tick did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from lamplighter.errors import VersionConflict
from lamplighter.scheduler.mended import mended
from lamplighter.scheduler.roster import TABLE
from lamplighter.store.journal import moment
from lamplighter.store.table import NEW, Expect, Store

_CLOCK: Final = "clock"
_ASKED: Final = "asked"
_TRIES: Final = 3


class Asked(NamedTuple):
    """What was asked for.

    Attributes:
        times: aware datetimes, the first and the last.
        version: of the item that keeps them; 0 for none.
    """

    times: tuple[datetime, ...] = ()
    version: int = 0


def asked(store: Store) -> Asked:
    """What was asked for and no tick did yet; one item is read.

    Raises:
        StoreCorrupt: what stands there was not written by a store.
        StoreError: the store failed.
    """
    item = store.get(TABLE, _CLOCK, _ASKED)
    if item is None:
        return Asked()
    found = (moment(item.data.get(key)) for key in ("at", "last"))
    return Asked(tuple(each for each in found if each is not None), item.version)


def ask_for_all(store: Store, at: datetime) -> None:
    """Let the first tick at or after an aware datetime ask for every target, and find out anew which there are.

    What was asked for before stays: of all the times the first and the last are kept, so that neither who asked for an
    earlier one waits longer, nor what is there only at a later one is missed.

    Raises:
        VersionConflict: others ask at the same time, again and again.
        StoreError: the store failed.
    """
    for number in range(1, _TRIES + 1):
        known = mended(store, TABLE, lambda: asked(store))
        try:
            _put(store, [at, *known.times], known.version or NEW)
        except VersionConflict:
            if number == _TRIES:
                raise
        else:
            return


def withdraw(store: Store, version: int, left: Sequence[datetime]) -> bool:
    """Take away what was done; False if it was asked for again meanwhile.

    Args:
        store: where it is kept.
        version: of what was read.
        left: what is still to be done.
    """
    try:
        if left:
            _put(store, left, version)
        else:
            store.delete(TABLE, _CLOCK, _ASKED, expect=version)
    except VersionConflict:
        return False
    return True


def _put(store: Store, times: Sequence[datetime], expect: Expect) -> None:
    first, last = (each.astimezone(UTC).isoformat() for each in (min(times), max(times)))
    store.put(TABLE, _CLOCK, _ASKED, {"at": first, "last": last}, expect=expect)
