"""The contract of a store, held against every engine of `conftest.ENGINES`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from threading import Barrier
from types import MappingProxyType
from typing import Any

import pytest

from lamplighter.errors import StoreUnavailable, VersionConflict
from lamplighter.store.table import ANY, NEW, Delete, Item, Put, Store, Write


def sorts(items: Any) -> list[str]:
    return [item.sort for item in items]


def fill(store: Store, *keys: str) -> None:
    store.put_many(Put("t", "p", key, {"key": key}) for key in keys)


# --- one item


def test_an_item_comes_back_as_it_was_put(store: Store) -> None:
    data: Any = {
        "s": "é\0\n",
        "n": 10**38 - 1,
        "m": -(10**38) + 1,
        "t": True,
        "f": False,
        "z": None,
        "l": [1, ["x"], {}],
    }
    assert store.put("t", "p", "s", data) == Item("p", "s", data, 1)
    assert store.get("t", "p", "s") == Item("p", "s", data, 1)


def test_true_and_one_stay_what_they_are(store: Store) -> None:
    store.put("t", "p", "s", {"values": [True, 1, False, 0, None, ""]})
    item = store.get("t", "p", "s")
    assert item is not None
    assert repr(item.data["values"]) == "[True, 1, False, 0, None, '']"


def test_what_is_not_there_is_none(store: Store) -> None:
    store.put("t", "p", "s", {})
    assert store.get("t", "p", "other") is None
    assert store.get("t", "other", "s") is None
    assert store.get("other", "p", "s") is None


def test_keys_do_not_run_into_each_other(store: Store) -> None:
    for number, (partition, sort) in enumerate(
        [("a/b", "c"), ("a", "b/c"), ("a\0b", "c"), ("a", "b\0c"), ("A", "b/c")]
    ):
        store.put("t", partition, sort, {"n": number})
    assert store.partitions("t") == ["A", "a", "a\0b", "a/b"]
    assert [item.data for item in store.query("t", "a")] == [{"n": 3}, {"n": 1}]


def test_names_of_members_come_back_sorted(store: Store) -> None:
    item = store.put("t", "p", "s", {"b": {"z": 1, "a": 2}, "a": 1})
    again = store.get("t", "p", "s")
    assert again is not None
    assert repr(item.data) == repr(again.data) == "{'a': 1, 'b': {'a': 2, 'z': 1}}"


def test_data_is_copied_on_the_way_in_and_out(store: Store) -> None:
    members: list[Any] = [1]
    put = store.put("t", "p", "s", {"members": members})
    members.append(2)
    first = store.get("t", "p", "s")
    assert first is not None
    first.data["members"].append(3)  # type: ignore[union-attr]
    put.data["members"].append(4)  # type: ignore[union-attr]
    again = store.get("t", "p", "s")
    assert again is not None
    assert again.data == {"members": [1]}


def test_mappings_and_text_enums_are_stored_as_what_they_say(store: Store) -> None:
    class State(StrEnum):
        RUNNING = "running"

    item = store.put("t", "p", "s", MappingProxyType({"state": State.RUNNING}))
    assert item.data == {"state": "running"}
    assert type(item.data["state"]) is str


# --- versions and conditions


def test_versions_begin_at_one_and_grow_by_one(store: Store) -> None:
    assert [store.put("t", "p", "s", {"n": n}).version for n in range(3)] == [1, 2, 3]
    store.put_many([Put("t", "p", "s", {}), Put("t", "p", "s", {"last": True})])
    store.transact([Put("t", "p", "s", {"really": "last"})])
    assert store.get("t", "p", "s") == Item("p", "s", {"really": "last"}, 6)


def test_the_same_data_is_a_new_version(store: Store) -> None:
    store.put("t", "p", "s", {})
    assert store.put("t", "p", "s", {}).version == 2


def test_a_deleted_item_begins_anew(store: Store) -> None:
    store.put("t", "p", "s", {})
    store.put("t", "p", "s", {})
    store.delete("t", "p", "s")
    assert store.get("t", "p", "s") is None
    assert store.put("t", "p", "s", {}, expect=NEW).version == 1


def test_new_refuses_what_exists(store: Store) -> None:
    assert store.put("t", "p", "s", {"n": 1}, expect=NEW).version == 1
    with pytest.raises(VersionConflict, match=r"^t/p/s: expected no item, found version 1$") as caught:
        store.put("t", "p", "s", {"n": 2}, expect=NEW)
    assert caught.value.hint
    assert store.get("t", "p", "s") == Item("p", "s", {"n": 1}, 1)


def test_a_version_is_expected_exactly(store: Store) -> None:
    store.put("t", "p", "s", {"n": 1})
    assert store.put("t", "p", "s", {"n": 2}, expect=1).version == 2
    with pytest.raises(VersionConflict, match=r"^t/p/s: expected version 1, found version 2$"):
        store.put("t", "p", "s", {"n": 3}, expect=1)
    with pytest.raises(VersionConflict, match=r"^t/p/s: expected version 3, found version 2$"):
        store.delete("t", "p", "s", expect=3)
    assert store.get("t", "p", "s") == Item("p", "s", {"n": 2}, 2)
    store.delete("t", "p", "s", expect=2)
    assert store.get("t", "p", "s") is None


def test_a_version_of_what_is_not_there_conflicts(store: Store) -> None:
    with pytest.raises(VersionConflict, match=r"^t/p/s: expected version 1, found no item$"):
        store.put("t", "p", "s", {}, expect=1)
    with pytest.raises(VersionConflict, match="found no item"):
        store.delete("t", "p", "s", expect=1)
    assert store.partitions("t") == []


def test_deleting_nothing_is_harmless(store: Store) -> None:
    store.delete("t", "p", "s")
    store.delete("t", "p", "s", expect=NEW)
    assert store.get("t", "p", "s") is None


# --- many items


def test_get_many_gives_those_that_exist(store: Store) -> None:
    fill(store, "a", "b", "c")
    keys = [("p", "a"), ("p", "c"), ("p", "a"), ("p", "missing"), ("missing", "a")]
    found = store.get_many("t", iter(keys))
    assert found == {("p", "a"): Item("p", "a", {"key": "a"}, 1), ("p", "c"): Item("p", "c", {"key": "c"}, 1)}
    assert store.get_many("t", []) == {}


def test_get_many_of_more_than_a_chunk(store: Store, scale: int) -> None:
    keys = [f"{n:04}" for n in range(1234 // scale)]
    fill(store, *keys)
    found = store.get_many("t", [("p", key) for key in keys] + [("p", "none")])
    assert [(key, item.sort, item.data) for key, item in found.items()] == [(("p", k), k, {"key": k}) for k in keys]


def test_put_many_reaches_tables_and_partitions(store: Store) -> None:
    store.put_many(iter([Put("t", "p", "s", {}), Put("t", "q", "s", {}), Put("u", "p", "s", {})]))
    assert (store.partitions("t"), store.partitions("u")) == (["p", "q"], ["p"])


def test_put_many_keeps_no_conditions(store: Store) -> None:
    with pytest.raises(ValueError, match="put_many keeps no conditions, but t/p/s has expect=NEW"):
        store.put_many([Put("t", "p", "s", {}, expect=NEW)])
    assert store.get("t", "p", "s") is None


def test_partitions_are_sorted_and_forgotten_with_their_last_item(store: Store) -> None:
    for partition in ["z", "é", "a", "Z", "\U0001f600", "\uffff"]:
        store.put("t", partition, "s", {})
    store.delete("t", "a", "s")
    assert store.partitions("t") == ["Z", "z", "é", "\uffff", "\U0001f600"]
    assert store.partitions("none") == []


# --- transactions


def test_a_transaction_does_all_its_writes(store: Store) -> None:
    store.put("t", "p", "gone", {})
    store.put("t", "p", "changed", {"n": 1})
    store.transact(
        [
            Put("t", "p", "new", {"n": 1}, expect=NEW),
            Put("t", "p", "changed", {"n": 2}, expect=1),
            Delete("t", "p", "gone", expect=1),
            Put("u", "q", "any", {}, expect=ANY),
            Delete("u", "q", "never was"),
        ]
    )
    assert [(item.sort, item.data, item.version) for item in store.query("t", "p")] == [
        ("changed", {"n": 2}, 2),
        ("new", {"n": 1}, 1),
    ]
    assert sorts(store.query("u", "q")) == ["any"]


@pytest.mark.parametrize("position", [0, 5, 9])
@pytest.mark.parametrize(
    ("failing", "message"),
    [
        (Put("t", "p", "there", {}, expect=NEW), "t/p/there: expected no item, found version 1"),
        (Put("t", "p", "there", {}, expect=2), "t/p/there: expected version 2, found version 1"),
        (Delete("t", "p", "absent", expect=1), "t/p/absent: expected version 1, found no item"),
    ],
)
def test_a_transaction_that_fails_does_nothing(store: Store, position: int, failing: Write, message: str) -> None:
    store.put("t", "p", "there", {"n": 1})
    store.put("t", "p", "other", {"n": 1})
    writes: list[Write] = [Put("t", "p", f"new{n}", {}) for n in range(8)]
    writes.append(Delete("t", "p", "other"))
    writes.insert(position, failing)
    with pytest.raises(VersionConflict) as caught:
        store.transact(writes)
    assert caught.value.message == message
    assert [(item.sort, item.version) for item in store.query("t", "p")] == [("other", 1), ("there", 1)]
    assert store.partitions("t") == ["p"]


def test_a_failed_transaction_leaves_no_empty_partition(store: Store) -> None:
    with pytest.raises(VersionConflict):
        store.transact([Put("t", "new", "s", {}), Put("t", "p", "s", {}, expect=1)])
    assert store.partitions("t") == []


def test_the_first_conflict_is_named(store: Store) -> None:
    with pytest.raises(VersionConflict, match=r"^t/p/b: "):
        store.transact([Put("t", "p", "a", {}), Put("t", "p", "b", {}, 1), Put("t", "p", "c", {}, 1)])


def test_a_transaction_holds_a_hundred_writes(store: Store) -> None:
    writes = [Put("t", "p", f"{n:03}", {}) for n in range(101)]
    with pytest.raises(ValueError, match="101 writes in one transaction, more than 100"):
        store.transact(writes)
    assert store.partitions("t") == []
    store.transact(writes[:100])
    assert len(list(store.query("t", "p"))) == 100
    store.transact([])


def test_a_transaction_holds_two_and_a_half_mebibytes(store: Store) -> None:
    writes = [Put("t", "p", str(n), {"x": "é" * 130_000}) for n in range(11)]
    with pytest.raises(ValueError, match="2860088 bytes of JSON in one transaction, more than 2621440"):
        store.transact(writes)
    store.transact(writes[:10])
    assert len(list(store.query("t", "p"))) == 10


def test_a_transaction_writes_a_key_once(store: Store) -> None:
    with pytest.raises(ValueError, match="two writes of t/p/s in one transaction"):
        store.transact([Put("t", "p", "s", {}), Delete("t", "p", "s")])
    assert store.get("t", "p", "s") is None


# --- threads, stores, closing


def test_threads_lose_no_update(store: Store, scale: int) -> None:
    threads, times = (8, 25) if scale == 1 else (4, 5)
    store.put("t", "p", "counter", {"n": 0})
    barrier = Barrier(threads)

    def increment() -> None:
        barrier.wait()
        for _ in range(times):
            while True:
                item = store.get("t", "p", "counter")
                assert item is not None
                n = item.data["n"]
                assert isinstance(n, int)
                try:
                    store.put("t", "p", "counter", {"n": n + 1}, expect=item.version)
                except VersionConflict:
                    continue
                break

    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(increment) for _ in range(threads)]:
            future.result()
    assert store.get("t", "p", "counter") == Item("p", "counter", {"n": threads * times}, threads * times + 1)


def test_stores_are_apart(new_store: Callable[[], Store]) -> None:
    one, two = new_store(), new_store()
    one.put("t", "p", "s", {})
    assert two.get("t", "p", "s") is None


def test_a_closed_store_says_so(store: Store) -> None:
    store.put("t", "p", "s", {})
    store.close()
    store.close()
    calls: list[Callable[[], object]] = [
        lambda: store.get("t", "p", "s"),
        lambda: store.get_many("t", [("p", "s")]),
        lambda: list(store.query("t", "p")),
        lambda: store.partitions("t"),
        lambda: store.put("t", "p", "s", {}),
        lambda: store.delete("t", "p", "s"),
        lambda: store.put_many([Put("t", "p", "s", {})]),
        lambda: store.transact([Delete("t", "p", "s")]),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable, match="closed"):
            call()
