"""Leases: who may act on a target now, as pure functions over a store.

A lease is one item that is never deleted, so that its fence and its version only grow. Its holder is the id of one run
and is never used again: a run that crashed does not come back for its lease, others wait until it has expired.

Clocks of several machines differ, so a holder may still believe in a lease that another already took. Conditional
writes protect the lease itself; what is written elsewhere under a lease carries the fence, and readers keep the higher.
Choose the time to live well above the difference of the clocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from lamplighter.errors import LeaseLost, StoreCorrupt, VersionConflict
from lamplighter.store.rules import DAMAGED
from lamplighter.store.table import JSON, NEW, Expect

if TYPE_CHECKING:
    from lamplighter.store.table import Item, Store

TABLE: Final = "leases"
SORT: Final = "lease"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act on something for a while.

    Attributes:
        name: what is leased, for example `111122223333/eu-west-1`.
        holder: id of the run that holds it; empty once released.
        until: end of it, in UTC; at this instant it has expired.
        fence: grows with every acquisition, by whomever; never with a renewal.
        version: of the item in the store; grows with every change.
    """

    name: str
    holder: str
    until: datetime
    fence: int
    version: int


def find(store: Store, name: str) -> Lease | None:
    """The lease as it is written, expired or released ones too; None if there never was one.

    Raises:
        StoreCorrupt: what is written is no lease.
    """
    item = store.get(TABLE, name, SORT)
    return None if item is None else _read(name, item)


def acquire(store: Store, name: str, holder: str, *, now: datetime, ttl: timedelta) -> Lease | None:
    """Take a lease.

    Args:
        store: where leases are kept.
        name: what is leased.
        holder: id of this run, never used before.
        now: the present, aware.
        ttl: how long it holds without renewal.

    Returns:
        The lease; None while another run holds it, or when another was faster. A live lease of the same holder is
        held as well: an id that comes back is a mistake, and two runs must not share a lease.
    """
    until = _end(now, ttl)
    if not holder:
        raise ValueError("the holder of a lease is empty")
    current = find(store, name)
    if current is not None and current.holder and current.until > now:
        return None
    try:
        if current is None:
            return _write(store, name, holder, until, 1, NEW)
        return _write(store, name, holder, until, current.fence + 1, current.version)
    except VersionConflict:
        return None


def renew(store: Store, lease: Lease, *, now: datetime, ttl: timedelta) -> Lease:
    """Hold a lease longer; also one that has expired, as long as nobody took it.

    Returns:
        The lease with its new end and version; the one passed in is of no more use.

    Raises:
        LeaseLost: somebody else took it, or it was released.
    """
    try:
        return _write(store, lease.name, lease.holder, _end(now, ttl), lease.fence, lease.version)
    except VersionConflict as error:
        current = find(store, lease.name)
        holder = current.holder if current is not None else ""
        raise LeaseLost(
            f"the lease on {lease.name} is no longer held by {lease.holder} but by {holder or 'nobody'}",
            hint="stop acting on it; the next pass begins with what is really there",
        ) from error


def release(store: Store, lease: Lease) -> None:
    """Give a lease back before its end. Harmless when it is lost or was released before."""
    try:
        _write(store, lease.name, "", lease.until, lease.fence, lease.version)
    except VersionConflict:
        return


def _write(store: Store, name: str, holder: str, until: datetime, fence: int, expect: Expect) -> Lease:
    data: dict[str, JSON] = {"fence": fence, "holder": holder, "until": until.isoformat()}
    item = store.put(TABLE, name, SORT, data, expect=expect)
    return Lease(name, holder, until, fence, item.version)


def _end(now: datetime, ttl: timedelta) -> datetime:
    if now.tzinfo is None:
        raise ValueError("now is naive: leases need an aware instant")
    if ttl <= timedelta(0):
        raise ValueError(f"a lease of {ttl} would have expired already")
    return now.astimezone(UTC) + ttl


def _read(name: str, item: Item) -> Lease:
    match item.data:
        case {"fence": int(fence), "holder": str(holder), "until": str(text)}:
            try:
                until = datetime.fromisoformat(text)
            except ValueError as error:
                raise StoreCorrupt(f"the lease on {name}: {error}", hint=DAMAGED) from error
            if until.tzinfo is not None:
                return Lease(name, holder, until.astimezone(UTC), fence, item.version)
    raise StoreCorrupt(f"the lease on {name} cannot be read: {dict(item.data)!r}", hint=DAMAGED)
