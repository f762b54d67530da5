from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tests.scheduler.conftest import HERE, MONDAY, THERE

from lamplighter.scheduler.last_pass import note, oldest, tidy
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import ANY, JSON, Expect, Item

BOTH = (HERE.key, THERE.key)


def hours(number: float) -> datetime:
    return MONDAY + timedelta(hours=number)


class Counted(MemoryStore):
    """Counts writes."""

    writes = 0

    def put(self, table: str, partition: str, sort: str, data: Mapping[str, JSON], *, expect: Expect = ANY) -> Item:
        self.writes += 1
        return super().put(table, partition, sort, data, expect=expect)


def test_the_target_that_was_looked_at_longest_ago_counts() -> None:
    store = Counted()
    assert oldest(store) is None
    note(store, HERE.key, hours(1))
    note(store, THERE.key, hours(2))
    assert oldest(store) == hours(1)
    note(store, HERE.key, hours(3))
    assert oldest(store) == hours(2)
    note(store, THERE.key, hours(4))
    assert oldest(store) == hours(3)


def test_passes_within_an_hour_write_nothing() -> None:
    store = Counted()
    note(store, HERE.key, hours(1))
    known = store.writes
    note(store, HERE.key, hours(1.9))
    assert store.writes == known
    assert oldest(store) == hours(1)
    note(store, HERE.key, hours(2))
    assert oldest(store) == hours(2)


def test_a_target_that_no_pass_has_looked_at_counts_from_when_it_was_known() -> None:
    store = Counted()
    tidy(store, BOTH, hours(1), complete=True)
    note(store, HERE.key, hours(5))
    tidy(store, BOTH, hours(5), complete=True)
    assert oldest(store) == hours(1)
    known = store.writes
    tidy(store, BOTH, hours(9), complete=True)
    assert store.writes == known


def test_targets_that_are_gone_are_forgotten_unless_some_could_not_be_found() -> None:
    store = Counted()
    tidy(store, BOTH, hours(1), complete=True)
    note(store, THERE.key, hours(3))
    tidy(store, [THERE.key], hours(4), complete=False)
    assert oldest(store) == hours(1)
    tidy(store, [THERE.key], hours(4), complete=True)
    assert oldest(store) == hours(3)
    note(store, HERE.key, hours(4))
    assert oldest(store) == hours(3)


def test_what_a_dead_pass_left_twice_counts_once() -> None:
    store = Counted()
    note(store, HERE.key, hours(1))
    before = [item.sort for item in store.query("clock", "last-passes")]
    note(store, HERE.key, hours(3))
    store.put("clock", "last-passes", before[0], {})
    assert oldest(store) == hours(1)
    tidy(store, [HERE.key], hours(4), complete=True)
    assert oldest(store) == hours(3)


def test_foreign_items_do_no_harm() -> None:
    store = Counted()
    store.put("clock", "last-passes", "2026", {})
    store.put("clock", "last-pass", HERE.key, {"at": 7})
    assert oldest(store) is None
    note(store, HERE.key, hours(1))
    tidy(store, [HERE.key], hours(1), complete=True)
    assert oldest(store) == hours(1)
