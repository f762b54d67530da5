"""What means nothing is kept once, with its reason."""

from __future__ import annotations

from datetime import timedelta

from tests.scheduler.conftest import MONDAY

from lamplighter.scheduler.parked import park, parked
from lamplighter.store.memory import MemoryStore


def test_the_same_thing_is_kept_once_and_counted() -> None:
    store = MemoryStore()
    event = {"source": "aws.unknown", "detail": {"share": 0.5}}
    key = park(store, "events", event, "nobody knows aws.unknown", at=MONDAY)
    assert park(store, "events", dict(reversed(event.items())), "again", at=MONDAY + timedelta(hours=1)) == key
    (kept,) = parked(store)
    assert kept == {
        "key": key,
        "reason": "again",
        "text": '{"detail": {"share": 0.5}, "source": "aws.unknown"}',
        "first": "2026-11-23T00:00:00.000000Z",
        "last": "2026-11-23T01:00:00.000000Z",
        "count": 2,
    }


def test_what_is_long_is_cut() -> None:
    store = MemoryStore()
    park(store, "passes", "x" * 300_000, "no message", at=MONDAY)
    assert len(str(parked(store)[0]["text"])) == 20_000
