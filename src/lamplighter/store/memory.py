"""Engine in memory, for tests and `simulate`: the same contract, gone with the process."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from lamplighter.errors import StoreUnavailable, UsageError
from lamplighter.store import rules
from lamplighter.store.table import ANY, JSON, Delete, Expect, Item, Put, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from lamplighter.store.table import Store

_Stored: TypeAlias = tuple[int, str]


class MemoryStore:
    """A `Store` in memory. Holds JSON texts, so that what comes out is always a copy."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tables: dict[str, dict[str, dict[str, _Stored]]] = {}
        self._closed = False

    def get(self, table: str, partition: str, sort: str) -> Item | None:
        """The item, or None."""
        return self.get_many(table, [(partition, sort)]).get((partition, sort))

    def get_many(self, table: str, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """The items that exist, by key."""
        wanted = list(keys)
        rules.check_table(table)
        for partition, sort in wanted:
            rules.check_key(table, partition, sort)
        with self._open() as tables:
            found = {(p, s): tables.get(table, {}).get(p, {}).get(s) for p, s in wanted}
        return {key: _item(table, *key, stored) for key, stored in found.items() if stored is not None}

    def query(
        self,
        table: str,
        partition: str,
        *,
        prefix: str = "",
        after: str | None = None,
        descending: bool = False,
        limit: int | None = None,
    ) -> Iterator[Item]:
        """The items of a partition in order, as they are now."""
        rules.check_partition(table, partition)
        rules.check_limit(limit)
        first, end = rules.span(prefix, after, descending=descending)
        with self._open() as tables:
            rows = tables.get(table, {}).get(partition, {})
            found = [(sort, row) for sort, row in rows.items() if first <= sort and (end is None or sort < end)]
        found.sort(reverse=descending)
        return (_item(table, partition, sort, row) for sort, row in found[:limit])

    def partitions(self, table: str) -> list[str]:
        """Every partition key of a table, sorted."""
        rules.check_table(table)
        with self._open() as tables:
            return sorted(partition for partition, rows in tables.get(table, {}).items() if rows)

    def put(self, table: str, partition: str, sort: str, data: Mapping[str, JSON], *, expect: Expect = ANY) -> Item:
        """Create or replace an item."""
        write = Put(table, partition, sort, data, expect)
        text = rules.check_write(write)
        [version] = self._apply([write], [text])
        return _item(table, partition, sort, (version, text))

    def delete(self, table: str, partition: str, sort: str, *, expect: Expect = ANY) -> None:
        """Remove an item."""
        write = Delete(table, partition, sort, expect)
        self._apply([write], [rules.check_write(write)])

    def put_many(self, writes: Iterable[Put]) -> None:
        """Write many items without conditions; here, chunks of one."""
        for write in writes:
            self._apply([write], [rules.check_unconditional(write)])

    def transact(self, writes: Sequence[Write]) -> None:
        """Do all of these writes or none."""
        self._apply(writes, rules.check_transaction(writes))

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._closed = True
            self._tables = {}

    def _apply(self, writes: Sequence[Write], texts: Sequence[str]) -> list[int]:
        with self._open() as tables:
            places = [tables.setdefault(w.table, {}).setdefault(w.partition, {}) for w in writes]
            versions = [
                rules.next_version(write, rows[write.sort][0] if write.sort in rows else None)
                for write, rows in zip(writes, places, strict=True)
            ]
            for write, rows, version, text in zip(writes, places, versions, texts, strict=True):
                if isinstance(write, Put):
                    rows[write.sort] = (version, text)
                else:
                    rows.pop(write.sort, None)
            return versions

    @contextmanager
    def _open(self) -> Iterator[dict[str, dict[str, dict[str, _Stored]]]]:
        with self._lock:
            if self._closed:
                raise StoreUnavailable("the store is closed")
            yield self._tables


def _item(table: str, partition: str, sort: str, stored: _Stored) -> Item:
    version, text = stored
    return Item(partition, sort, rules.decode(text, f"{table}/{partition}/{sort}"), version)


def open_url(url: str) -> MemoryStore:
    """The store of a URL `memory:`, always a new and empty one."""
    if url != "memory:":
        raise UsageError(f"{url!r}: a store in memory has no address", hint="say memory:")
    return MemoryStore()


SCHEMES: Mapping[str, Callable[[str], Store]] = {"memory": open_url}
