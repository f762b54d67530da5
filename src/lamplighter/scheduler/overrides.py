"""Overrides in the store: set, list, clear. One partition for all; those that have ended are kept for a while."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from lamplighter.errors import StoreCorrupt, UsageError, VersionConflict
from lamplighter.scheduler.override_moments import clear_moments, set_moments
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.store.table import JSON, NEW, Delete, Item, Put, Store, Write

TABLE: Final = "overrides"
PARTITION: Final = "overrides"

KEPT: Final = timedelta(days=100)
"""How long overrides are known after their end: `lamp simulate --compare` says by them why a resource was not as its
schedule asked, and so a quarter can be compared as a whole in the week after it. Passes read all that are known."""

_AT_ONCE: Final = 100
"""How many are forgotten at a time."""

log = logging.getLogger("lamplighter.scheduler")


def set_override(store: Store, override: Override) -> None:
    """Store a new override.

    Raises:
        UsageError: it ends before it begins, its times name no zone, or its selector selects nothing.
        VersionConflict: there is one with this id.
    """
    if override.until.tzinfo is None or override.created.tzinfo is None:
        raise UsageError("the times of an override need a time zone", hint="write for example 2026-11-23T20:00+01:00")
    if override.until <= override.created:
        raise UsageError(
            "the override would end before it begins", hint="give a time in the future, or a length like 2h"
        )
    tag = override.selector.removeprefix("tag:")
    if not tag.strip() or (tag != override.selector and not tag.partition("=")[1]):
        raise UsageError(
            f"{override.selector!r} selects nothing", hint="name a resource by id, ARN or name, or say tag:KEY=VALUE"
        )
    data: dict[str, JSON] = {
        "hold": override.hold.value,
        "selector": override.selector,
        "until": override.until.isoformat(),
        "reason": override.reason,
        "author": override.author,
        "created": override.created.isoformat(),
    }
    store.transact([Put(TABLE, PARTITION, override.id, data, NEW), *set_moments(override)])


def list_overrides(store: Store, *, at: datetime | None = None) -> list[Override]:
    """Every override, oldest first; with `at`, only those in force then.

    Raises:
        StoreCorrupt: an item is not an override.
    """
    found = [_override(item) for item in store.query(TABLE, PARTITION)]
    kept = [o for o in found if at is None or o.created <= at < o.until]
    return sorted(kept, key=lambda override: (override.created, override.id))


def clear_overrides(
    store: Store, *, at: datetime, ids: frozenset[str] = frozenset(), selector: str | None = None
) -> list[Override]:
    """Take away overrides by id or selector.

    One that cannot be read can be taken away by its id, and is not among those returned.

    Args:
        store: where they are.
        at: now, aware; the clock of a deployment wakes for it.
        ids: of those to take away.
        selector: of those to take away.

    Returns:
        Those that were taken away, oldest first.

    Raises:
        StoreCorrupt: a selector was given, and an override cannot be read.
    """
    cleared: list[Override] = []
    taken: list[list[Write]] = []
    for item in store.query(TABLE, PARTITION):
        named = item.sort in ids
        writes: list[Write] = [Delete(TABLE, PARTITION, item.sort)]
        try:
            override = _override(item)
        except StoreCorrupt:
            if selector is not None and not named:
                raise
        else:
            if named or override.selector == selector:
                cleared.append(override)
                writes += clear_moments(override, at)
                named = True
        if named:
            taken.append(writes)
    for writes in taken:
        store.transact(writes)
    return sorted(cleared, key=lambda override: (override.created, override.id))


def tidy(store: Store, at: datetime) -> None:
    """Forget overrides that ended `KEPT` before an aware datetime, at most 100 of them; all are read.

    One that was written meanwhile stays, and so does what cannot be read: passes say how it is taken away.
    """
    try:
        known = list(store.query(TABLE, PARTITION))
    except StoreCorrupt as error:
        log.warning("overrides are not tidied up: %s; %s", error.message, error.hint)
        return
    for item in [each for each in known if _over(each, at)][:_AT_ONCE]:
        try:
            store.delete(TABLE, PARTITION, item.sort, expect=item.version)
        except VersionConflict:
            continue


def _over(item: Item, at: datetime) -> bool:
    try:
        return _override(item).until + KEPT <= at
    except StoreCorrupt:
        return False


def _override(item: Item) -> Override:
    data = item.data
    try:
        return Override(
            item.sort,
            Hold(str(data["hold"])),
            str(data["selector"]),
            _aware(data["until"]),
            str(data["reason"]),
            str(data["author"]),
            _aware(data["created"]),
        )
    except (KeyError, ValueError) as error:
        raise StoreCorrupt(
            f"override {item.sort} cannot be read: {error}", hint=f"take it away: lamp override clear --id {item.sort}"
        ) from error


def _aware(value: JSON) -> datetime:
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError(f"{value} has no time zone")
    return moment
