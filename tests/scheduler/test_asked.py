"""Who asks for every target: nobody is put off, forgotten, or looked for twice."""

from __future__ import annotations

import pytest
from tests.scheduler.clockwork import Clockwork, hours, settled

from lamplighter.scheduler.asked import Asked, ask_for_all, asked, withdraw
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import Item


@pytest.fixture
def works() -> Clockwork:
    """Reconciled at 7:00; the one target has office hours, the other nights."""
    return settled()


def test_who_asks_later_puts_nobody_off_and_is_not_forgotten(works: Clockwork) -> None:
    for number in (7.4, 7.6, 7.3, 7.5):
        ask_for_all(works.store, hours(number))
    assert works.at(hours(7.2)).next == hours(7.3)
    first = works.at(hours(7.3))
    assert (len(first.messages), works.resolved) == (2, 1)
    assert works.at(hours(7.31)).messages == []
    last = works.at(hours(7.6))
    assert ([each.why for each in last.messages], works.resolved) == (["reconcile", "reconcile"], 1)
    assert works.at(hours(7.61)).messages == []


def test_who_asks_at_the_same_time_is_kept(works: Clockwork, monkeypatch: pytest.MonkeyPatch) -> None:
    look = works.store.get

    def get(table: str, partition: str, sort: str) -> Item | None:
        found = look(table, partition, sort)
        monkeypatch.setattr(works.store, "get", look)
        ask_for_all(works.store, hours(7.3))
        return found

    monkeypatch.setattr(works.store, "get", get)
    ask_for_all(works.store, hours(7.5))
    assert len(works.at(hours(7.3)).messages) == len(works.at(hours(7.5)).messages) == 2


def test_all_targets_can_be_asked_for(works: Clockwork) -> None:
    ask_for_all(works.store, hours(7.4))
    assert works.at(hours(7.3)).next == hours(7.4)
    assert works.sent == []
    works.at(hours(7.4))
    assert [each.why for each in works.sent] == ["reconcile", "reconcile"]
    assert works.at(hours(7.5)).messages == []


def test_what_was_asked_for_is_the_first_time_and_the_last() -> None:
    store = MemoryStore()
    assert asked(store) == Asked()
    for number in (8, 7, 9, 7.5):
        ask_for_all(store, hours(number))
    assert asked(store).times == (hours(7), hours(9))


def test_what_was_done_is_taken_away_unless_it_was_asked_for_again() -> None:
    store = MemoryStore()
    ask_for_all(store, hours(7))
    ask_for_all(store, hours(9))
    seen = asked(store)
    assert withdraw(store, seen.version, [hours(9)])
    assert asked(store).times == (hours(9), hours(9))
    assert not withdraw(store, seen.version, [])
    assert withdraw(store, asked(store).version, [])
    assert asked(store) == Asked()


def test_times_that_are_none_count_as_not_asked_for() -> None:
    store = MemoryStore()
    store.put("clock", "clock", "asked", {"at": "soon", "last": "2026-11-23T09:00:00"})
    assert asked(store).times == ()
