"""Leases, on every engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.errors import LeaseLost, StoreCorrupt
from lamplighter.store.lease import SORT, TABLE, Lease, acquire, find, release, renew
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import Store

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TTL = timedelta(minutes=5)
NAME = "111122223333/eu-west-1"


def taken(store: Store, holder: str, now: datetime = NOW) -> Lease:
    lease = acquire(store, NAME, holder, now=now, ttl=TTL)
    assert lease is not None
    return lease


def test_a_free_lease_is_taken(store: Store) -> None:
    assert taken(store, "run-1") == Lease(NAME, "run-1", NOW + TTL, 1, 1)
    assert find(store, NAME) == Lease(NAME, "run-1", NOW + TTL, 1, 1)


def test_nobody_else_takes_it_before_its_end(store: Store) -> None:
    taken(store, "run-1")
    for now in [NOW, NOW + TTL - timedelta(microseconds=1)]:
        assert acquire(store, NAME, "run-2", now=now, ttl=TTL) is None
        assert acquire(store, NAME, "run-1", now=now, ttl=TTL) is None
    assert find(store, NAME) == Lease(NAME, "run-1", NOW + TTL, 1, 1)


def test_at_its_end_it_is_free_with_a_higher_fence(store: Store) -> None:
    taken(store, "run-1")
    end = NOW + TTL
    assert taken(store, "run-2", end) == Lease(NAME, "run-2", end + TTL, 2, 2)


def test_leases_of_other_names_are_apart(store: Store) -> None:
    taken(store, "run-1")
    other = acquire(store, "444455556666/eu-west-1", "run-2", now=NOW, ttl=TTL)
    assert other is not None
    assert other.fence == 1


def test_a_renewal_moves_the_end_and_keeps_the_fence(store: Store) -> None:
    lease = taken(store, "run-1")
    renewed = renew(store, lease, now=NOW + timedelta(minutes=4), ttl=TTL)
    assert renewed == Lease(NAME, "run-1", NOW + timedelta(minutes=9), 1, 2)
    assert acquire(store, NAME, "run-2", now=NOW + TTL, ttl=TTL) is None
    assert taken(store, "run-2", NOW + timedelta(minutes=9)).fence == 2


def test_an_expired_lease_is_renewed_if_nobody_took_it(store: Store) -> None:
    lease = taken(store, "run-1")
    late = NOW + timedelta(hours=1)
    assert renew(store, lease, now=late, ttl=TTL) == Lease(NAME, "run-1", late + TTL, 1, 2)


def test_a_lease_that_was_taken_is_lost(store: Store) -> None:
    lease = taken(store, "run-1")
    other = taken(store, "run-2", NOW + TTL)
    with pytest.raises(LeaseLost, match=f"the lease on {NAME} is no longer held by run-1 but by run-2") as caught:
        renew(store, lease, now=NOW + TTL, ttl=TTL)
    assert caught.value.hint
    assert find(store, NAME) == other


def test_a_lease_renewed_before_is_of_no_more_use(store: Store) -> None:
    lease = taken(store, "run-1")
    renewed = renew(store, lease, now=NOW, ttl=TTL)
    with pytest.raises(LeaseLost):
        renew(store, lease, now=NOW, ttl=TTL)
    assert find(store, NAME) == renewed


def test_a_released_lease_is_free_at_once_with_a_higher_fence(store: Store) -> None:
    lease = taken(store, "run-1")
    release(store, lease)
    assert taken(store, "run-2") == Lease(NAME, "run-2", NOW + TTL, 2, 3)


def test_a_released_lease_is_lost(store: Store) -> None:
    lease = taken(store, "run-1")
    release(store, lease)
    with pytest.raises(LeaseLost, match="by nobody"):
        renew(store, lease, now=NOW, ttl=TTL)


def test_releasing_a_lost_lease_leaves_the_other_alone(store: Store) -> None:
    lease = taken(store, "run-1")
    other = taken(store, "run-2", NOW + TTL)
    release(store, lease)
    release(store, lease)
    assert find(store, NAME) == other


def test_a_lease_that_vanished_is_lost(store: Store) -> None:
    lease = taken(store, "run-1")
    store.delete(TABLE, NAME, SORT)
    release(store, lease)
    assert find(store, NAME) is None
    with pytest.raises(LeaseLost, match="by nobody"):
        renew(store, lease, now=NOW, ttl=TTL)


def test_one_of_twenty_threads_takes_it(store: Store) -> None:
    barrier = Barrier(20)

    def take(number: int, now: datetime) -> Lease | None:
        barrier.wait()
        return acquire(store, NAME, f"run-{now:%H%M}-{number}", now=now, ttl=TTL)

    with ThreadPoolExecutor(20) as pool:
        for round_ in range(5):
            now = NOW + round_ * TTL
            leases = [lease for lease in pool.map(take, range(20), [now] * 20) if lease is not None]
            assert [lease.fence for lease in leases] == [round_ + 1]
            assert find(store, NAME) == leases[0]


def test_instants_of_any_zone_are_kept_in_utc(store: Store) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    lease = taken(store, "run-1", NOW.astimezone(zone))
    assert lease.until.tzinfo is UTC
    assert lease.until == NOW + TTL
    assert acquire(store, NAME, "run-2", now=(NOW + TTL).astimezone(zone), ttl=TTL) is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"now": NOW.replace(tzinfo=None)}, "naive"),
        ({"ttl": timedelta(0)}, "expired already"),
        ({"ttl": timedelta(seconds=-1)}, "expired already"),
        ({"holder": ""}, "holder of a lease is empty"),
        ({"name": ""}, "partition key is empty"),
    ],
)
def test_what_is_refused(store: Store, change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"name": NAME, "holder": "run-1", "now": NOW, "ttl": TTL}
    with pytest.raises(ValueError, match=message):
        acquire(store, **(arguments | change))
    assert store.partitions(TABLE) == []


@pytest.mark.parametrize(
    "change", [{"fence": "1"}, {"holder": None}, {"until": "soon"}, {"until": "2026-03-02T08:00:00"}]
)
def test_what_is_no_lease_is_never_taken_for_a_free_one(store: Store, change: dict[str, Any]) -> None:
    data: dict[str, Any] = {"fence": 1, "holder": "run-1", "until": "2026-03-02T08:00:00+00:00"}
    store.put(TABLE, NAME, SORT, data | change)
    with pytest.raises(StoreCorrupt, match=f"the lease on {NAME}"):
        acquire(store, NAME, "run-2", now=NOW, ttl=TTL)


actions = st.tuples(st.sampled_from(["acquire", "renew", "release", "wait"]), st.integers(0, 2), st.integers(1, 8))


@given(st.lists(actions, max_size=40))
def test_two_never_hold_it_and_fences_only_grow(steps: list[tuple[str, int, int]]) -> None:
    store, now, fences, held = MemoryStore(), NOW, [0], dict[int, Lease]()
    for number, (action, who, minutes) in enumerate(steps):
        match action:
            case "wait":
                now += timedelta(minutes=minutes)
            case "acquire":
                free = not any(lease.until > now for lease in held.values())
                lease = acquire(store, NAME, f"run-{number}", now=now, ttl=TTL)
                assert (lease is not None) == free
                if lease is not None:
                    held[who] = lease
                    assert lease.fence > fences[-1]
                    fences.append(lease.fence)
            case "renew" if who in held:
                last = held[who].fence == fences[-1]
                try:
                    held[who] = renew(store, held[who], now=now, ttl=TTL)
                except LeaseLost:
                    assert not last
                    del held[who]
                else:
                    assert last
            case "release" if who in held:
                release(store, held.pop(who))
        assert sum(lease.until > now for lease in held.values()) <= 1
