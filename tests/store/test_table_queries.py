"""The contract of queries, held against every engine of `conftest.ENGINES`."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from lamplighter.store.table import Put, Store


def sorts(items: Any) -> list[str]:
    return [item.sort for item in items]


def fill(store: Store, *keys: str) -> None:
    store.put_many(Put("t", "p", key, {"key": key}) for key in keys)


def test_sort_keys_are_ordered_by_their_bytes(store: Store) -> None:
    # UTF-16 would put the emoji before U+FFFF, a collation é beside e, and numbers by value.
    keys = ["10", "9", "B", "a", "a\0", "a b", "ab", "e", "z", "é", "\ud7ff", "\ue000", "\uffff", "\U0001f600"]
    assert keys == sorted(keys, key=lambda key: key.encode())
    fill(store, *reversed(keys))
    assert sorts(store.query("t", "p")) == keys
    assert sorts(store.query("t", "p", descending=True)) == keys[::-1]


@pytest.mark.parametrize(
    ("prefix", "after", "descending", "limit", "expected"),
    [
        ("", None, False, None, ["a", "b", "b1", "b2", "b\U0010ffff", "c"]),
        ("b", None, False, None, ["b", "b1", "b2", "b\U0010ffff"]),
        ("b", None, True, None, ["b\U0010ffff", "b2", "b1", "b"]),
        ("b", None, False, 2, ["b", "b1"]),
        ("b", None, True, 2, ["b\U0010ffff", "b2"]),
        ("b", "b1", False, None, ["b2", "b\U0010ffff"]),
        ("b", "b1", True, None, ["b"]),
        ("b", "b11", False, 1, ["b2"]),
        ("b", "a", False, None, ["b", "b1", "b2", "b\U0010ffff"]),
        ("b", "a", True, None, []),
        ("b", "c", True, None, ["b\U0010ffff", "b2", "b1", "b"]),
        ("b", "c", False, None, []),
        ("", "c", False, None, []),
        ("", "a", True, None, []),
        ("", "b2", True, 2, ["b1", "b"]),
        ("", "", False, 1, ["a"]),
        ("", "", True, None, []),
        ("", None, False, 0, []),
        ("", None, False, 99, ["a", "b", "b1", "b2", "b\U0010ffff", "c"]),
        ("x", None, False, None, []),
        ("\U0010ffff", None, False, None, []),
        ("%", None, False, None, []),
        ("_", None, False, None, []),
        ("*", None, False, None, []),
        ("B", None, False, None, []),
    ],
)
def test_query_selects(
    store: Store, prefix: str, after: str | None, descending: bool, limit: int | None, expected: list[str]
) -> None:
    fill(store, "b1", "a", "c", "b\U0010ffff", "b2", "b")
    store.put("t", "other", "b3", {})
    store.put("other", "p", "b3", {})
    found = store.query("t", "p", prefix=prefix, after=after, descending=descending, limit=limit)
    assert sorts(found) == expected


def test_a_prefix_at_the_end_of_unicode(store: Store) -> None:
    last = "\U0010ffff"
    fill(store, "a", last, last + "a", last + last, "\ud7ff", "\ud7ffx", "\ue000")
    assert sorts(store.query("t", "p", prefix=last)) == [last, last + "a", last + last]
    assert sorts(store.query("t", "p", prefix="\ud7ff", descending=True)) == ["\ud7ffx", "\ud7ff"]


@pytest.mark.slow
def test_ten_thousand_items(store: Store, scale: int) -> None:
    keys = [f"2026-{n:05}" for n in range(0, 10_000, scale)]
    fill(store, *keys)
    assert sorts(store.query("t", "p")) == keys
    assert sorts(store.query("t", "p", descending=True)) == keys[::-1]
    assert sorts(store.query("t", "p", limit=1_001 // scale)) == keys[: 1_001 // scale]
    assert sorts(store.query("t", "p", prefix="2026-07")) == keys[7_000 // scale : 8_000 // scale]
    middle = 5_000 // scale
    assert sorts(store.query("t", "p", after=keys[middle - 1], limit=3)) == keys[middle : middle + 3]
    assert sorts(store.query("t", "p", after=keys[70], descending=True)) == keys[69::-1]
    pages, after = [], None
    while page := sorts(store.query("t", "p", after=after, limit=999 // scale)):
        pages.append(page)
        after = page[-1]
    assert [key for page in pages for key in page] == keys


@pytest.mark.slow
@pytest.mark.parametrize("descending", [False, True])
def test_items_may_be_written_while_a_query_is_read(store: Store, descending: bool, scale: int) -> None:
    keys = [f"{n:04}" for n in range(1_200 // scale)]
    fill(store, *keys)
    seen = []
    for item in store.query("t", "p", descending=descending):
        seen.append(item.sort)
        store.put("t", "p", item.sort, {"seen": True})
    assert sorted(seen) == keys
    assert all(item.version == 2 for item in store.query("t", "p"))


@pytest.mark.slow
def test_items_may_be_deleted_while_a_query_is_read(store: Store, scale: int) -> None:
    fill(store, *(f"{n:04}" for n in range(1_200 // scale)))
    for item in store.query("t", "p"):
        store.delete("t", "p", item.sort)
    assert list(store.query("t", "p")) == []


def test_an_abandoned_query_holds_nothing(store: Store, scale: int) -> None:
    fill(store, *(f"{n:04}" for n in range(1_200 // scale)))
    query = store.query("t", "p")
    assert sorts(islice(query, 2)) == ["0000", "0001"]
    assert store.put("t", "p", "0000", {}).version == 2
