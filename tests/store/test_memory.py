from __future__ import annotations

import pytest

from lamplighter.errors import UsageError
from lamplighter.store.memory import MemoryStore, open_url


def test_every_store_in_memory_is_a_new_one() -> None:
    first, second = open_url("memory:"), open_url("memory:")
    first.put("t", "p", "s", {})
    assert isinstance(first, MemoryStore)
    assert second.get("t", "p", "s") is None


def test_memory_has_no_address() -> None:
    with pytest.raises(UsageError, match="memory://here"):
        open_url("memory://here")


def test_query_is_the_state_of_the_call() -> None:
    store = MemoryStore()
    store.put("t", "p", "a", {})
    query = store.query("t", "p")
    store.put("t", "p", "b", {})
    assert [item.sort for item in query] == ["a"]
