"""The clock's own item: what it has worked out of the definitions, and when it did what last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from lamplighter.errors import VersionConflict
from lamplighter.scheduler.roster import TABLE
from lamplighter.store.journal import moment
from lamplighter.store.table import JSON, NEW, Expect, Item, Store

_CLOCK: Final = "clock"
_NEXT: Final = "next"


@dataclass(frozen=True, slots=True)
class State:
    """The clock's own item.

    Attributes:
        version: of the definitions that the wakes were worked out of.
        wakes: next transition of each schedule that has one.
        notices: when to tell of the next stop of each schedule that somebody wants to be told of.
        lead: how long before a stop it is told; None if nobody wants to be told.
        reconciled: when every target was asked for; None if never.
        watched: when the targets that are watched were asked for.
        settle: when to see what the passes found that were asked for with every target; None if that was done.
        stored: version of the item; 0 for none.
    """

    version: int = -1
    wakes: Mapping[str, datetime] = field(default_factory=dict)
    notices: Mapping[str, datetime] = field(default_factory=dict)
    lead: timedelta | None = None
    reconciled: datetime | None = None
    watched: datetime | None = None
    settle: datetime | None = None
    stored: int = 0


def item_of(store: Store) -> Item | None:
    """The item as it stands; None where no clock ticks.

    Raises:
        StoreCorrupt: what stands there was not written by a store.
        StoreError: the store failed.
    """
    return store.get(TABLE, _CLOCK, _NEXT)


def read_state(store: Store) -> State:
    """The clock's own item; one that cannot be read counts as none, and everything is looked at anew."""
    item = item_of(store)
    if item is None:
        return State()
    version, wakes = item.data.get("version"), item.data.get("wakes")
    if not isinstance(version, int) or not isinstance(wakes, dict):
        return State(stored=item.version)
    moments_of, told, lead = _moments(wakes), _moments(item.data.get("notices") or {}), item.data.get("lead")
    if moments_of is None or told is None:
        return State(stored=item.version)
    before = timedelta(seconds=lead) if isinstance(lead, int) else None
    reconciled, watched, settle = (moment(item.data.get(key)) for key in ("reconciled", "watched", "settle"))
    return State(version, moments_of, told, before, reconciled, watched, settle, item.version)


def _moments(value: JSON) -> dict[str, datetime] | None:
    """Aware datetimes by name; None where one is none."""
    given = {name: moment(when) for name, when in value.items()} if isinstance(value, dict) else {"": None}
    found = {name: when for name, when in given.items() if when is not None}
    return found if len(found) == len(given) else None


def write_state(store: Store, state: State, alarm: str, following: datetime) -> bool:
    """Keep the clock's own item; False if another tick did meanwhile."""
    data: dict[str, JSON] = {"version": state.version, "alarm": alarm, "next": following.isoformat()}
    for key, moments_of in (("wakes", state.wakes), ("notices", state.notices)):
        data[key] = {name: when.isoformat() for name, when in moments_of.items()}
    data["lead"] = None if state.lead is None else int(state.lead.total_seconds())
    for key in ("reconciled", "watched", "settle"):
        when = getattr(state, key)
        data[key] = when.isoformat() if when else None
    expect: Expect = state.stored or NEW
    try:
        store.put(TABLE, _CLOCK, _NEXT, data, expect=expect)
    except VersionConflict:
        # Two ticks at a time: each sent what was due, and what the other wrote is as good.
        return False
    return True
