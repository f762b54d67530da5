"""What was told already: errors by subject, as messages about errors and digests told them; stops by transition.

One item for each address and thing, written after the message about it is in the outbox. A pass that dies in between
writes the same message again under the same key. Where an address is told of an error only after several passes, the
item counts those that met it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lamplighter.alerts.addresses import Address
from lamplighter.alerts.troubles import Health, Trouble
from lamplighter.alerts.upcoming import Stop
from lamplighter.errors import StoreCorrupt
from lamplighter.store.journal import stamp
from lamplighter.store.table import JSON, NEW, Delete, Item, Put, Store, Write

TABLE: Final = "told"

_WELL_KEPT = timedelta(days=30)
_STOPS_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class News:
    """One thing that an address has to be told about errors.

    Attributes:
        key: of the trouble.
        change: new, changed or recovered.
        since: aware datetime at which it was first told.
        trouble: what is wrong now; None if it has recovered.
        before: what was told last; empty if it is new.
        reason: why it is no longer wrong; empty if it is.
        version: of the item that was read; 0 if there was none.
    """

    key: str
    change: str
    since: datetime
    trouble: Trouble | None
    before: Mapping[str, str]
    reason: str = ""
    version: int = 0


def errors_partition(address: Address, topic: str) -> str:
    """Where the errors are remembered that messages about a topic told to an address."""
    return f"{topic}/{address.key}"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a pass means for an address.

    Attributes:
        news: what it has to be told: what is new, what changed, what has recovered; in this order.
        counts: the conditional writes that count passes of what it will be told later, if it goes on.
    """

    news: Sequence[News] = ()
    counts: Sequence[Write] = ()


def news_for(address: Address, topic: str, health: Health, store: Store, at: datetime) -> Findings:
    """What an address was not yet told about errors.

    Args:
        address: who is told.
        topic: errors or digest, each of which remembers for itself.
        health: what a pass says.
        store: holds what was told.
        at: aware datetime of the pass.
    """
    partition = errors_partition(address, topic)
    items = {item.sort: item for item in store.query(TABLE, partition)}
    counts: list[Write] = []
    found: dict[str, list[News]] = {"new": [], "changed": [], "recovered": []}
    for key, trouble in health.troubles.items():
        if not address.covers(topic, trouble.target, trouble.schedule):
            continue
        item = items.get(key)
        if item is None or item.data.get("wrong") is not True:
            passes, since = 1 + _passes(item), _since(item) if item and _passes(item) else at
            if passes < address.patience(topic, trouble.target, trouble.schedule):
                counts.append(_counted(partition, key, item, passes, since, at))
            else:
                found["new"].append(News(key, "new", since, trouble, {}, version=item.version if item else 0))
        elif item.data.get("digest") != trouble.digest:
            before = _texts(item)
            found["changed"].append(News(key, "changed", _since(item), trouble, before, version=item.version))
    for key, item in items.items():
        wrong, passes = item.data.get("wrong") is True, _passes(item)
        reason = health.recovered(key) if wrong or passes else None
        if reason is not None and not wrong:
            counts.append(_counted(partition, key, item, 0, at, at))
        elif reason is not None:
            news = News(key, "recovered", _since(item), None, _texts(item), reason, item.version)
            found["recovered"].append(news)
    return Findings([each for several in found.values() for each in several], counts)


def _counted(partition: str, key: str, item: Item | None, passes: int, since: datetime, at: datetime) -> Put:
    told: dict[str, JSON] = {"since": since.isoformat(), "told": at.isoformat(), "wrong": False, "passes": passes}
    return Put(TABLE, partition, key, told, item.version if item else NEW)


def _passes(item: Item | None) -> int:
    """By how many passes in a row something was met that was not told yet."""
    passes = item.data.get("passes", 0) if item else 0
    return passes if isinstance(passes, int) else 0


def remember_news(address: Address, topic: str, news: Sequence[News], at: datetime) -> list[Write]:
    """The conditional writes that remember what was told about errors."""
    writes: list[Write] = []
    for each in news:
        told: dict[str, JSON] = {**each.before, "since": each.since.isoformat(), "told": at.isoformat(), "wrong": False}
        if each.trouble is not None:
            told |= {
                "wrong": True,
                "digest": each.trouble.digest,
                "label": each.trouble.label,
                "what": each.trouble.what,
                "code": each.trouble.code,
                "message": each.trouble.message[:2_000],
            }
        writes.append(Put(TABLE, errors_partition(address, topic), each.key, told, each.version or NEW))
    return writes


def stops_partition(address: Address) -> str:
    """Where the coming stops told to an address are remembered."""
    return f"upcoming/{address.key}"


def told_stops(address: Address, store: Store) -> frozenset[str]:
    """Keys of the coming stops that an address was told."""
    return frozenset(item.sort for item in store.query(TABLE, stops_partition(address)))


def remember_stops(address: Address, stops: Sequence[Stop], at: datetime) -> list[Write]:
    """The conditional writes that remember what was told about coming stops."""
    told: dict[str, JSON] = {"told": at.isoformat()}
    return [Put(TABLE, stops_partition(address), stop.key, told, NEW) for stop in stops]


def outdated(address: Address, store: Store, at: datetime) -> list[Write]:
    """The writes that forget what is of no more use: stops that are over, errors that are long well."""
    past = stamp(at - _STOPS_KEPT)
    partition = stops_partition(address)
    over: list[Write] = [
        Delete(TABLE, partition, item.sort) for item in store.query(TABLE, partition) if item.sort < past
    ]
    for topic in ("errors", "digest"):
        partition = errors_partition(address, topic)
        over += [
            Delete(TABLE, partition, item.sort, item.version)
            for item in store.query(TABLE, partition)
            if item.data.get("wrong") is not True and at - _when(item, "told") > _WELL_KEPT
        ]
    return over


def _texts(item: Item) -> dict[str, str]:
    return {name: str(item.data.get(name, "")) for name in ("digest", "label", "what", "code", "message")}


def _since(item: Item) -> datetime:
    return _when(item, "since")


def _when(item: Item, name: str) -> datetime:
    try:
        return datetime.fromisoformat(str(item.data[name]))
    except (KeyError, ValueError) as error:
        raise StoreCorrupt(
            f"what was told about {item.sort} cannot be read: {error}",
            hint="restore the store from a backup, or delete the item; it will be told again",
        ) from error
