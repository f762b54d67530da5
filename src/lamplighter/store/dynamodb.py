"""Engine on DynamoDB: for what runs deployed, and for those who share one state.

How it lies there stands in `lamplighter.store.dynamodb_layout`. Reads are consistent. Every write is one UpdateItem (or
its part in a transaction) that raises the version where the item is, so conditions are checked against what is written.
In flat tables it is one PutItem, for which a write without condition takes the version that it finds, and looks again
when another was faster.

Answers get lost, and the call is repeated. So each write leaves an id of its own in the item: a repeat that finds
it knows that the first one took effect, and neither writes again nor takes it for somebody else's. Transactions carry
the id as their token as well. Two cases remain. A write without condition whose answer was lost may be done over what
another wrote in between, as if it had come later. And when the item of a conditional write is gone afterwards, or has
been written several times, nobody can tell: `StoreUnavailable`, not `VersionConflict`.

DynamoDB keeps what it has acknowledged in three zones of the region. Point-in-time recovery goes back 35 days.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import uuid4

from lamplighter.errors import AwsError, OutcomeUnknown, StoreError, StoreUnavailable, VersionConflict
from lamplighter.store import rules
from lamplighter.store.dynamodb_calls import CANCELLED, CONDITION, TRIES, Calls, Connection, reasons, store_error
from lamplighter.store.dynamodb_layout import TABLES, VERSION, WRITE, Layout
from lamplighter.store.dynamodb_requests import Requests
from lamplighter.store.dynamodb_values import read_item
from lamplighter.store.table import ANY, JSON, NEW, Delete, Expect, Item, Put, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

BATCH: Final = 100
"""Keys of one BatchGetItem (its limit), and writes of `put_many` that are under way together."""

THREADS: Final = 8

_T = TypeVar("_T")
_W = TypeVar("_W", bound=Write)

_UNKNOWN_HINT = "read it again: the change may be there"


class DynamoDBStore:
    """A `Store` in DynamoDB. Its tables must be there; `lamplighter.store.dynamodb_tables` makes them.

    Args:
        connection: the way to DynamoDB; closed with the store.
        prefix: what the names of the tables begin with.
        layouts: keys of tables; those not named have the keys of `PLAIN`.
        sleep: waits for that many seconds while DynamoDB is busy.
    """

    def __init__(
        self,
        connection: Connection,
        prefix: str,
        *,
        layouts: Mapping[str, Layout] = TABLES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.requests = Requests(prefix, layouts)
        self.connection = connection
        self.calls = Calls(connection, sleep)
        self._closed = False

    @property
    def path(self) -> str:
        """Where it is, for people."""
        return f"DynamoDB tables {self.requests.prefix}-* in {self.connection.region}"

    def get(self, table: str, partition: str, sort: str) -> Item | None:
        """The item, or None."""
        raw = self._raw(table, partition, sort)
        return None if raw is None else self._item(table, raw)

    def get_many(self, table: str, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """The items that exist, by key; 100 a call."""
        wanted = list(dict.fromkeys(keys))
        rules.check_table(table)
        named = [self.requests.key(table, *key) for key in wanted]
        found: dict[tuple[str, str], Item] = {}
        for start in range(0, len(named), BATCH):
            for raw in self._batch(table, named[start : start + BATCH]):
                item = self._item(table, raw)
                found[item.partition, item.sort] = item
        return {key: found[key] for key in wanted if key in found}

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
        """The items of a partition in order, read in pages of 1 MB, or of `limit` items."""
        rules.check_partition(table, partition)
        rules.check_limit(limit)
        first, end = rules.span(prefix, after, descending=descending)
        asked = self.requests.query(table, partition, prefix, after, descending=descending, limit=limit)
        found = self._ranged(table, asked, first, end) if limit != 0 and (end is None or first < end) else iter(())
        return islice(found, limit)

    def _ranged(self, table: str, asked: Mapping[str, Any], first: str, end: str | None) -> Iterator[Item]:
        for raw in self._pages("query", table, asked):
            item = self._item(table, raw)
            if first <= item.sort and (end is None or item.sort < end):
                yield item

    def partitions(self, table: str) -> list[str]:
        """Every partition key of a table, sorted. Reads all of the table, and costs that much."""
        rules.check_table(table)
        key = self.requests.layout(table).partition
        return sorted({raw[key]["S"] for raw in self._pages("scan", table, self.requests.partitions(table))})

    def put(self, table: str, partition: str, sort: str, data: Mapping[str, JSON], *, expect: Expect = ANY) -> Item:
        """Create or replace an item."""
        write = Put(table, partition, sort, data, expect)
        text = rules.check_write(write)
        version = self._put(write, text)
        return Item(partition, sort, rules.decode(text, rules.where(write)), version)

    def delete(self, table: str, partition: str, sort: str, *, expect: Expect = ANY) -> None:
        """Remove an item."""
        write = Delete(table, partition, sort, expect)
        rules.check_write(write)
        self._delete(write)

    def put_many(self, writes: Iterable[Put]) -> None:
        """Write many items without conditions, 100 under way together, 8 at a time."""
        remaining = iter(writes)
        while chunk := list(islice(remaining, BATCH)):
            texts = [rules.check_unconditional(write) for write in chunk]
            # The last write of a key must be the last: those of one key are done one after the other.
            lanes: dict[tuple[str, str, str], list[tuple[Put, str]]] = {}
            for write, text in zip(chunk, texts, strict=True):
                lanes.setdefault((write.table, write.partition, write.sort), []).append((write, text))
            self._write_lanes(list(lanes.values()))

    def _write_lanes(self, lanes: Sequence[Sequence[tuple[Put, str]]]) -> None:
        def write_lane(lane: Sequence[tuple[Put, str]]) -> None:
            for write, text in lane:
                self._put(write, text)

        if len(lanes) == 1:
            write_lane(lanes[0])
            return
        with ThreadPoolExecutor(THREADS) as pool:
            for future in [pool.submit(write_lane, lane) for lane in lanes]:
                future.result()

    def transact(self, writes: Sequence[Write]) -> None:
        """Do all of these writes or none. A single one is no transaction, and costs half as much."""
        texts = rules.check_transaction(writes)
        match writes:
            case []:
                self._check_open()
            case [Put() as only]:
                self._put(only, texts[0])
            case [Delete() as only]:
                self._delete(only)
            case _:
                self._insist(writes, lambda decided: self._transact(decided, texts))

    def close(self) -> None:
        """Give back the connection."""
        if not self._closed:
            self._closed = True
            self.connection.close()

    # --- writes without condition to flat tables

    def _insist(self, writes: Sequence[_W], do: Callable[[Sequence[_W]], _T]) -> _T:
        """Do writes under the versions that stand there; again when those changed meanwhile."""
        for number in range(1, TRIES + 1):
            decided = [self._decided(write) for write in writes]
            try:
                return do(decided)
            except VersionConflict:
                if decided == [self._decided(write) for write in writes]:
                    raise  # of a condition that was asked for
            self.calls.pause(number)
        where = " and ".join(rules.where(write) for write in writes)
        raise StoreUnavailable(f"{where}: others wrote it again and again", hint="run again later")

    def _decided(self, write: _W) -> _W:
        if not isinstance(write, Put) or write.expect is not ANY or not self.requests.layout(write.table).flat:
            return write
        item = self.get(write.table, write.partition, write.sort)
        return replace(write, expect=NEW if item is None else item.version)

    # --- one write

    def _put(self, write: Put, text: str) -> int:
        """Write one item; its new version."""
        return self._insist([write], lambda decided: self._put_once(decided[0], text))

    def _put_once(self, write: Put, text: str) -> int:
        mark = uuid4().hex
        flat = self.requests.layout(write.table).flat
        try:
            answer = self._call("put_item" if flat else "update_item", self.requests.put(write, text, mark))
        except AwsError as error:
            return self._refused_put(write, mark, error)
        if isinstance(write.expect, int):
            return write.expect + 1
        return 1 if write.expect is NEW else int(answer["Attributes"][VERSION]["N"])

    def _refused_put(self, write: Put, mark: str, error: AwsError) -> int:
        """The version, if the write that was refused had been done already; its error otherwise."""
        version, written = self._found(write, error)
        if version is not None and (written == mark or write.expect is ANY):
            return version
        # Another's write stands where ours would: then ours was not done.
        taken = version == (1 if write.expect is NEW else write.expect + 1 if isinstance(write.expect, int) else 0)
        if isinstance(error, OutcomeUnknown) and not taken:
            message = f"{rules.where(write)}: the answer to a write was lost, and others wrote since"
            raise StoreUnavailable(message, hint=_UNKNOWN_HINT) from error
        raise _conflict(write, version) from error

    def _delete(self, write: Delete) -> None:
        try:
            self._call("delete_item", self.requests.delete(write))
        except AwsError as error:
            version, _ = self._found(write, error)
            if isinstance(error, OutcomeUnknown) and version is None:
                message = f"{rules.where(write)}: it is gone, but the answer to our delete was lost"
                raise StoreUnavailable(message, hint=_UNKNOWN_HINT) from error
            raise _conflict(write, version) from error

    def _found(self, write: Write, error: AwsError) -> tuple[int | None, str]:
        """Version and id of the last write of what a condition met; raises what is not about a condition."""
        if error.code != CONDITION:
            raise self._failed(error, write.table) from error
        # Without an item in the answer there was none, or the engine does not say.
        raw = error.answer.get("Item") or self._raw(write.table, write.partition, write.sort)
        if raw is None:
            return None, ""
        item, written = read_item(write.table, self.requests.layout(write.table), raw)
        return item.version, written

    # --- transactions

    def _transact(self, writes: Sequence[Write], texts: Sequence[str]) -> None:
        mark = uuid4().hex
        try:
            self._call("transact_write_items", self.requests.transact(writes, texts, mark))
        except AwsError as error:
            if error.code != CANCELLED:
                raise self._failed(error, *{write.table for write in writes}) from error
            if not self._done_before(writes, mark, error):
                raise self._cancelled(writes, error) from error

    def _done_before(self, writes: Sequence[Write], mark: str, error: AwsError) -> bool:
        """Whether an earlier request of the same transaction had done it all."""
        if not isinstance(error, OutcomeUnknown):
            return False
        for write in writes:
            if isinstance(write, Put):
                raw = self._raw(write.table, write.partition, write.sort) or {}
                if raw.get(WRITE) == {"S": mark}:
                    return True
        return False

    def _cancelled(self, writes: Sequence[Write], error: AwsError) -> StoreError:
        for write, reason in zip(writes, reasons(error), strict=False):
            if reason.get("Code") != "ConditionalCheckFailed":
                continue
            if isinstance(error, OutcomeUnknown):
                message = f"{rules.where(write)}: the answer to a transaction was lost, and others wrote since"
                return StoreUnavailable(message, hint=_UNKNOWN_HINT)
            raw = reason.get("Item") or self._raw(write.table, write.partition, write.sort)
            return _conflict(write, None if raw is None else self._item(write.table, raw).version)
        return self._failed(error, *{write.table for write in writes})

    # --- calls

    def _item(self, table: str, raw: Mapping[str, Any]) -> Item:
        return read_item(table, self.requests.layout(table), raw)[0]

    def _raw(self, table: str, partition: str, sort: str) -> Mapping[str, Any] | None:
        request = self.requests.get(table, partition, sort)
        try:
            found: Mapping[str, Any] | None = self._call("get_item", request).get("Item")
        except AwsError as error:
            raise self._failed(error, table) from error
        return found

    def _batch(self, table: str, keys: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """The items of at most 100 keys; what DynamoDB left out is asked for again, with pauses while nothing comes."""
        name = self.requests.name(table)
        waits = 0
        while keys:
            try:
                answer = self._call("batch_get_item", self.requests.batch(table, keys))
            except AwsError as error:
                raise self._failed(error, table) from error
            yield from answer["Responses"].get(name, ())
            left = answer.get("UnprocessedKeys", {}).get(name, {}).get("Keys", [])
            waits = waits + 1 if len(left) == len(keys) else 0
            if waits >= TRIES:
                raise StoreUnavailable(
                    f"{name}: DynamoDB is too busy to read {len(keys)} items", hint="run again later"
                )
            if waits:
                self.calls.pause(waits)
            keys = left

    def _pages(self, operation: str, table: str, request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The items of every page of a query or scan, asked for as they are consumed."""
        more: dict[str, Any] = {}
        while True:
            try:
                answer = self._call(operation, {**request, **more})
            except AwsError as error:
                raise self._failed(error, table) from error
            yield from answer["Items"]
            if not answer.get("LastEvaluatedKey"):
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._check_open()
        return self.calls(operation, **request)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"{self.path}: the store is closed")

    def _failed(self, error: AwsError, *tables: str) -> StoreError:
        names = " or ".join(self.requests.name(table) for table in sorted(tables))
        return store_error(error, names, self.connection.region)


def _conflict(write: Write, version: int | None) -> VersionConflict:
    """What to raise for a condition that did not hold.

    Args:
        write: the write.
        version: what stood there; None if nothing.
    """
    try:
        rules.next_version(write, version)
    except VersionConflict as conflict:
        return conflict
    return VersionConflict(f"{rules.where(write)}: changed meanwhile", hint="read it again and repeat the change")
