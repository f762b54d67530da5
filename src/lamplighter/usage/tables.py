"""Usage in the store, by key: tables AWSCost and AWSCostMap.

AWSCost: partition key `awsResource` = `<kind>:<account name or id>:<region>`, for example `ec2:shop:eu-west-1`; sort
key `time`, the beginning of the hour (or day) as `2026-11-27T09:00:00Z`. An item has one attribute for each value that
was in use, named as the collector says (`c4.large:eu-west-1a`), with how many there were: a whole number, or a text if
it is none. Attributes that begin with `x_` say more: `x_account` (id), `x_hours` (1 or 24), `x_source` (`collected`,
`ledger`, null while the hour is not known), `x_reason` (why it is not), and by value `x_spot`, `x_scheduled_off` and
`x_covered`.

AWSCostMap: key `id`, with the attribute `value`: an AMI's operating system under its id; under `account:<name>` the
account to which a name belongs in keys of AWSCost. An account whose name another one has is known by its id.

Stores have a partition and a sort key: those of AWSCost are `awsResource` and `time`, that of AWSCostMap is `id`, and
its sort key is always `value`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from lamplighter.errors import StoreCorrupt, VersionConflict
from lamplighter.lake.usage import RANK, Look, Source, UsageSample
from lamplighter.store.table import JSON, NEW, Item, Put, Store
from lamplighter.usage.collector import Collector

COST: Final = "AWSCost"
MAP: Final = "AWSCostMap"
VALUE: Final = "value"
OWN: Final = "x_"
_AT_ONCE: Final = 20
_ATTEMPTS: Final = 5

Key = tuple[str, str]
log = logging.getLogger("lamplighter.usage")


def time_key(time: datetime) -> str:
    """The sort key of an hour or day; the time is aware."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def resource_key(kind: str, account: str, region: str) -> str:
    """The partition key; the account is its name in keys, see `Names.account`."""
    return f"{kind}:{account}:{region}"


class Names:
    """What is kept in AWSCostMap, read when it is asked for and written by `save`. Safe for use by many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, str | None] = {}
        self._learned: dict[str, str] = {}

    def known(self, id_: str) -> str | None:
        """The text under an id; None if there is none, empty if what stands there is not ours."""
        if id_ not in self._known:
            there, foreign = _read(self._store, MAP, [(id_, VALUE)])
            self._known[id_] = "" if foreign else _value(there.get((id_, VALUE)))
        return self._known[id_]

    def learn(self, id_: str, text: str) -> None:
        """Keep a text under an id."""
        if self._known.get(id_) != text:
            self._known[id_] = self._learned[id_] = text

    def account(self, account: str, name: str, *, claim: bool = True) -> str:
        """How an account is called in keys: its name if no other account had it first, else its id.

        Args:
            account: 12-digit id.
            name: its name, the id again, or empty.
            claim: whether it gets a name that nobody has yet; else only how it would be called.
        """
        if not name or name == account or ":" in name:
            return account
        id_ = f"account:{name}"
        if self.known(id_) is None:
            if not claim:
                return name
            try:
                self._store.put(MAP, id_, VALUE, {VALUE: account}, expect=NEW)
            except VersionConflict:
                self._known.pop(id_)
            else:
                self._known[id_] = account
        return name if self.known(id_) == account else account

    def save(self) -> None:
        """Write what was learned and is not there yet."""
        learned, self._learned = self._learned, {}
        there, foreign = _read(self._store, MAP, [(id_, VALUE) for id_ in learned])
        new = {
            id_: text
            for id_, text in learned.items()
            if (id_, VALUE) not in foreign and _value(there.get((id_, VALUE))) != text
        }
        self._store.put_many(Put(MAP, id_, VALUE, {VALUE: text}) for id_, text in new.items())


def cost_items(
    collectors: Mapping[str, Collector], samples: Iterable[UsageSample], looks: Iterable[Look], names: Names
) -> dict[Key, dict[str, JSON]]:
    """The items of looks and what they found, by their keys; a look at a service without collector has none.

    Args:
        collectors: by service.
        samples: each of an hour, target and service that `looks` has.
        looks: at most one an hour, target and service.
        names: of accounts.
    """
    found: dict[tuple[object, ...], list[UsageSample]] = {}
    for sample in samples:
        found.setdefault((sample.time, sample.account, sample.region, sample.service), []).append(sample)
    items: dict[Key, dict[str, JSON]] = {}
    for look in looks:
        collector = collectors.get(look.service)
        if collector is None:
            continue
        own = found.get((look.time, look.account, look.region, look.service), [])
        account = names.account(look.account, look.account_name)
        for kind in collector.keys:
            key = (resource_key(kind, account, look.region), time_key(look.time))
            items[key] = _item(look, [(collector.values(sample)[kind], sample) for sample in own])
    return items


def put_items(store: Store, items: Mapping[Key, Mapping[str, JSON]]) -> int:
    """Write items that know more than what is there, and give their number; the same twice changes nothing.

    What others put under one of the keys is left as it is, with a warning, and stops nothing else.

    Raises:
        VersionConflict: others wrote the same items again and again.
        StoreError: the store failed; some of the items may have been written.
    """
    written = 0
    keys = list(items)
    for first in range(0, len(keys), _AT_ONCE):
        written += _put(store, {key: items[key] for key in keys[first : first + _AT_ONCE]})
    return written


def looked_hours(store: Store, keys: Iterable[Key]) -> dict[Key, bool]:
    """Those of the keys under which something stands, and whether it is an hour that was collected.

    Of any other the look failed, or what stands there is not ours, and the hour cannot become known.
    """
    there, foreign = _read(store, COST, keys)
    known = {key: item.data.get("x_source") == Source.COLLECTED for key, item in there.items()}
    return known | dict.fromkeys(foreign, False)


def _read(store: Store, table: str, keys: Iterable[Key]) -> tuple[dict[Key, Item], set[Key]]:
    """The items that exist, and the keys under which something stands that no store wrote."""
    asked = list(keys)
    try:
        return store.get_many(table, asked), set()
    except StoreCorrupt:
        # Which of them it is shows one by one.
        there: dict[Key, Item] = {}
        foreign: set[Key] = set()
    for key in asked:
        try:
            item = store.get(table, *key)
        except StoreCorrupt as error:
            log.warning("%s; %s", error.message, error.hint)
            foreign.add(key)
        else:
            there |= {} if item is None else {key: item}
    return there, foreign


def _put(store: Store, items: Mapping[Key, Mapping[str, JSON]]) -> int:
    for attempt in range(_ATTEMPTS):
        there, foreign = _read(store, COST, items)
        writes = list(_writes({key: data for key, data in items.items() if key not in foreign}, there))
        try:
            if writes:
                store.transact(writes)
            return len(writes)
        except VersionConflict:
            if attempt + 1 == _ATTEMPTS:
                raise
    raise AssertionError  # the last attempt returns or raises


def _writes(items: Mapping[Key, Mapping[str, JSON]], there: Mapping[Key, Item]) -> Iterator[Put]:
    for key, data in items.items():
        old = there.get(key)
        if old is None:
            yield Put(COST, *key, data, NEW)
        elif _rank(data) < _rank(old.data):
            yield Put(COST, *key, data, old.version)


def _rank(data: Mapping[str, JSON]) -> int:
    source = data.get("x_source")
    return RANK.index(Source(source) if isinstance(source, str) else None)


def _item(look: Look, valued: Sequence[tuple[str, UsageSample]]) -> dict[str, JSON]:
    item: dict[str, JSON] = {"x_account": look.account, "x_hours": look.hours, "x_source": look.source}
    if look.reason:
        item["x_reason"] = look.reason
    item |= _sums((value, sample.quantity) for value, sample in valued)
    for name, counts in (
        ("x_spot", [(value, sample.spot) for value, sample in valued]),
        ("x_scheduled_off", [(value, sample.scheduled_off) for value, sample in valued]),
        ("x_covered", [(value, sample.covered) for value, sample in valued if sample.covered is not None]),
    ):
        if sums := _sums(counts):
            item[name] = sums
    return item


def _sums(counts: Iterable[tuple[str, Decimal]]) -> dict[str, JSON]:
    """What is not zero, by value."""
    sums: dict[str, Decimal] = {}
    for value, count in counts:
        sums[value] = sums.get(value, Decimal(0)) + count
    return {value: _number(count) for value, count in sums.items() if count}


def _number(count: Decimal) -> int | str:
    return int(count) if count == count.to_integral_value() else format(count.normalize(), "f")


def _value(item: Item | None) -> str | None:
    return str(item.data[VALUE]) if item else None
