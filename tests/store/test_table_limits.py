"""The limits of the contract: what every engine of `conftest.ENGINES` refuses before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from lamplighter.store.table import Delete, Item, Put, Store


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ({"a": 1.0}, TypeError, "data.a: float 1.0 is not exact"),
        ({"a": [1, {"b": float("nan")}]}, TypeError, r"data.a\[1\].b: float nan"),
        ({"a": Decimal(1)}, TypeError, "data.a: Decimal is not None"),
        ({"a": (1, 2)}, TypeError, "data.a: tuple is not None"),
        ({"a": b"x"}, TypeError, "data.a: bytes is not None"),
        ({"a": {1: 2}}, TypeError, "data.a: name 1: int is not a text"),
        ({"a": {"": 2}}, ValueError, "data.a: a name is empty"),
        ({"a": 10**38}, ValueError, "data.a: a number of more than 38 digits"),
        ({"a": ["\ud800"]}, ValueError, r"data.a\[0\]: half of a surrogate pair"),
        ({"\udfff": 1}, ValueError, "data: name .*half of a surrogate pair"),
        ({"a": "x" * 262_144}, ValueError, "data has 262152 bytes of JSON, more than 262144"),
    ],
)
def test_data_that_is_refused(store: Store, data: Any, error: type[Exception], message: str) -> None:
    writing: list[Callable[[], object]] = [
        lambda: store.put("t", "p", "s", data),
        lambda: store.put_many([Put("t", "p", "first", {}), Put("t", "p", "s", data)]),
        lambda: store.transact([Put("t", "p", "first", {}), Put("t", "p", "s", data)]),
    ]
    for write in writing:
        with pytest.raises(error, match=message):
            write()
    assert store.get("t", "p", "s") is None


def test_data_is_29_levels_deep_at_most(store: Store) -> None:
    deep: Any = {"leaf": "x"}
    for _ in range(28):
        deep = {"a": deep}
    assert store.put("t", "p", "s", deep).data == deep
    with pytest.raises(ValueError, match="nested deeper than 29 levels"):
        store.put("t", "p", "s", {"a": deep})


def test_data_that_contains_itself_is_refused(store: Store) -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    with pytest.raises(ValueError, match="nested deeper"):
        store.put("t", "p", "s", loop)


@pytest.mark.parametrize(
    ("table", "partition", "sort", "message"),
    [
        ("", "p", "s", "table name ''"),
        ("a b", "p", "s", "table name 'a b'"),
        ("t\n", "p", "s", "table name"),
        ("t" * 129, "p", "s", "table name"),
        ("t", "", "s", "partition key is empty"),
        ("t", "p", "", "sort key is empty"),
        ("t", "é" * 1_025, "s", "partition key has 2050 bytes, more than 2048"),
        ("t", "p", "é" * 513, "sort key has 1026 bytes, more than 1024"),
        ("t", "\ud800", "s", "partition: half of a surrogate pair"),
        ("t", "p", "\ud800", "sort: half of a surrogate pair"),
    ],
)
def test_keys_that_are_refused(store: Store, table: str, partition: str, sort: str, message: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: store.get(table, partition, sort),
        lambda: store.get_many(table, [(partition, sort)]),
        lambda: store.put(table, partition, sort, {}),
        lambda: store.delete(table, partition, sort),
        lambda: store.put_many([Put(table, partition, sort, {})]),
        lambda: store.transact([Delete(table, partition, sort)]),
    ]
    if "sort" not in message:
        calls.append(lambda: store.query(table, partition))
    if "table" in message:
        calls.append(lambda: store.partitions(table))
    for call in calls:
        with pytest.raises(ValueError, match=message):
            call()


def test_keys_may_be_as_long_as_dynamodb_allows(store: Store) -> None:
    partition, sort = "é" * 1_024, "é" * 512
    store.put("t" * 128, partition, sort, {})
    assert store.get("t" * 128, partition, sort) == Item(partition, sort, {}, 1)


@pytest.mark.parametrize(
    ("expect", "error"), [(0, ValueError), (-1, ValueError), (True, TypeError), ("1", TypeError), (None, TypeError)]
)
def test_conditions_that_are_refused(store: Store, expect: Any, error: type[Exception]) -> None:
    store.put("t", "p", "s", {})
    with pytest.raises(error, match="expect"):
        store.put("t", "p", "s", {}, expect=expect)
    with pytest.raises(error, match="expect"):
        store.delete("t", "p", "s", expect=expect)
    with pytest.raises(error, match="expect"):
        store.transact([Delete("t", "p", "s", expect)])
    assert store.get("t", "p", "s") == Item("p", "s", {}, 1)


def test_queries_that_are_refused_are_refused_at_once(store: Store) -> None:
    with pytest.raises(ValueError, match="limit -1 is negative"):
        store.query("t", "p", limit=-1)
    with pytest.raises(ValueError, match="prefix: half"):
        store.query("t", "p", prefix="\ud800")
    with pytest.raises(ValueError, match="after: half"):
        store.query("t", "p", after="\ud800")
