"""A store that counts what DynamoDB would charge: read units of 4 KB, write units of 1 KB, and requests.

Source: DynamoDB developer guide, "Read and write operations": strongly consistent reads, a query for all that it reads
together, twice the units for each item of a transaction. A transaction of one write is a plain write, as in
`lamplighter.store.dynamodb`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import ANY, JSON, Delete, Expect, Item, Put, Write

READ_BYTES, WRITE_BYTES = 4096, 1024
OVERHEAD = 150
"""Bytes of keys, names of attributes and the id of the write beside the data, generously."""


class Metered(MemoryStore):
    """Counts `reads` and `writes` (units) and `calls` (requests); a `get` too: in memory it is a `get_many` of one."""

    def __init__(self) -> None:
        super().__init__()
        self.units: Counter[str] = Counter()

    def get_many(self, table: str, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        wanted = set(keys)
        found = super().get_many(table, wanted)
        reads = sum(_units([found[key]] if key in found else [], READ_BYTES) for key in wanted)
        self._count("reads", reads, -(-len(wanted) // 100))
        return found

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
        found = list(super().query(table, partition, prefix=prefix, after=after, descending=descending, limit=limit))
        self._count("reads", _units(found, READ_BYTES))
        return iter(found)

    def put(self, table: str, partition: str, sort: str, data: Mapping[str, JSON], *, expect: Expect = ANY) -> Item:
        self._count("writes", _size(data))
        return super().put(table, partition, sort, data, expect=expect)

    def delete(self, table: str, partition: str, sort: str, *, expect: Expect = ANY) -> None:
        self._count("writes", 1)
        super().delete(table, partition, sort, expect=expect)

    def put_many(self, writes: Iterable[Put]) -> None:
        listed = list(writes)
        self._count("writes", sum(_size(each.data) for each in listed), len(listed))
        super().put_many(listed)

    def transact(self, writes: Sequence[Write]) -> None:
        units = sum(1 if isinstance(each, Delete) else _size(each.data) for each in writes)
        self._count("writes", units if len(writes) == 1 else 2 * units, bool(writes))
        super().transact(writes)

    def _count(self, what: str, units: int, calls: int = 1) -> None:
        self.units[what] += units
        self.units["calls"] += calls


def _units(items: Sequence[Item], size: int) -> int:
    return max(1, -(-sum(_bytes(item.data) for item in items) // size))


def _size(data: Mapping[str, JSON]) -> int:
    return max(1, -(-_bytes(data) // WRITE_BYTES))


def _bytes(data: Mapping[str, JSON]) -> int:
    return len(json.dumps(data)) + OVERHEAD
