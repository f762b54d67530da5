from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.errors import StoreCorrupt
from lamplighter.store import journal
from lamplighter.store.journal import Entry
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import JSON, Store

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TARGET = "111122223333/eu-west-1"
ENTRY = Entry(
    target=TARGET,
    at=NOON,
    run="run-1",
    resource="ec2-instance/i-1",
    name="web",
    action="start",
    outcome=journal.DONE,
    state="stopped",
    schedule="office",
    reason="period office is on",
    note="",
    code="",
    prices=(("ec2", "eu-west-1", "m5.large", "Linux", "", ""),),
)


def write(store: Store, *entries: Entry) -> None:
    for entry in entries:
        store.transact([journal.put(entry)])


def test_what_is_written_is_read(store: Store) -> None:
    entries = [ENTRY, replace(ENTRY, at=NOON + timedelta(microseconds=1), action="stop", note="hibernated", prices=())]
    write(store, *reversed(entries))
    assert list(journal.read(store, TARGET)) == entries
    assert list(journal.read(store, TARGET, newest_first=True)) == entries[::-1]
    assert journal.targets(store) == [TARGET]
    assert list(journal.read(store, "111122223333/eu-west-2")) == []


def test_an_entry_written_again_changes_nothing(store: Store) -> None:
    write(store, ENTRY, ENTRY)
    assert list(journal.read(store, TARGET)) == [ENTRY]


PRICE = ENTRY.prices[0]
OTHER = ("ec2", "eu-west-1", "c5.large", "Linux", "", "")


def test_equal_price_keys_in_a_row_are_stored_once(store: Store) -> None:
    entry = replace(ENTRY, prices=(OTHER, *[PRICE] * 50_000, OTHER, OTHER))
    write(store, entry)
    assert list(journal.read(store, TARGET)) == [entry]
    (item,) = store.query(journal.TABLE, TARGET)
    assert item.data["prices"] == [[*OTHER], [*PRICE, 50_000], [*OTHER, 2]]


@given(st.lists(st.sampled_from([PRICE, OTHER, ("rds",)]), max_size=9))
def test_price_keys_are_read_as_they_were_written(prices: list[tuple[str, ...]]) -> None:
    store, entry = MemoryStore(), replace(ENTRY, prices=tuple(prices))
    write(store, entry)
    assert list(journal.read(store, TARGET)) == [entry]


def test_price_keys_that_were_stored_one_by_one_are_read_too() -> None:
    store = MemoryStore()
    store.put(journal.TABLE, TARGET, KEY, {**GOOD, "prices": [[*PRICE], [*PRICE]]})
    assert [entry.prices for entry in journal.read(store, TARGET)] == [(PRICE, PRICE)]


def test_two_actions_of_one_moment_are_two_entries(store: Store) -> None:
    seen = replace(ENTRY, action=journal.SEEN)
    other_run, other = replace(ENTRY, run="run-2"), replace(ENTRY, resource="ec2-instance/i-2")
    write(store, ENTRY, seen, other_run, other)
    assert len(list(journal.read(store, TARGET))) == 4


def test_a_resource_may_hold_the_separator(store: Store) -> None:
    entry = replace(ENTRY, resource="custom/a#b#c")
    write(store, entry)
    assert list(journal.read(store, TARGET)) == [entry]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("start", [None, -1, 0, 1, 2, 5])
@pytest.mark.parametrize("end", [None, -1, 0, 1, 3, 5])
def test_ranges_hold_their_start_and_not_their_end(start: int | None, end: int | None, newest_first: bool) -> None:
    store = MemoryStore()
    entries = [replace(ENTRY, at=NOON + timedelta(seconds=n), run=f"run-{m}") for n in range(4) for m in range(2)]
    write(store, *entries)

    def moment(seconds: int | None) -> datetime | None:
        return None if seconds is None else NOON + timedelta(seconds=seconds)

    found = list(journal.read(store, TARGET, start=moment(start), end=moment(end), newest_first=newest_first))
    low, high = -9 if start is None else start, 9 if end is None else end
    expected = [entry for entry in entries if low <= (entry.at - NOON).total_seconds() < high]
    assert found == (expected[::-1] if newest_first else expected)


instants = st.datetimes(datetime(1970, 1, 1), datetime(2900, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@given(instants, instants, st.integers(-14 * 60, 14 * 60))
def test_stamps_sort_as_the_times_do(left: datetime, right: datetime, minutes: int) -> None:
    moved = left.astimezone(timezone(timedelta(minutes=minutes)))
    assert journal.stamp(moved) == journal.stamp(left)
    assert (journal.stamp(left) < journal.stamp(right)) == (left < right)
    assert datetime.fromisoformat(journal.stamp(left)) == left


def test_a_naive_time_is_refused() -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match="no time zone"):
        journal.put(replace(ENTRY, at=naive))
    with pytest.raises(ValueError, match="no time zone"):
        list(journal.read(MemoryStore(), TARGET, start=naive))


@pytest.mark.parametrize(
    ("action", "outcome", "state", "lit"),
    [
        ("start", "done", "stopped", True),
        ("start", "found", "stopped", True),
        ("start", "failed", "stopped", None),
        ("start", "not-done", "stopped", None),
        ("stop", "done", "running", False),
        ("stop", "found", "running", False),
        ("stop", "failed", "running", None),
        ("gone", "done", "gone", False),
        ("seen", "done", "running", True),
        ("seen", "done", "starting", True),
        ("seen", "done", "busy", True),
        ("seen", "done", "stopping", False),
        ("seen", "done", "stopped", False),
    ],
)
def test_what_is_lit_after_it(action: str, outcome: str, state: str, lit: bool | None) -> None:
    assert replace(ENTRY, action=action, outcome=outcome, state=state).lit_after is lit


GOOD: dict[str, JSON] = dict(journal.put(ENTRY).data)
KEY = journal.put(ENTRY).sort
NO_PRICES: list[JSON] = [
    ["ec2", 0],
    ["ec2", 1],
    ["ec2", -2],
    ["ec2", True],
    ["ec2", None],
    ["ec2", 100_001],
    ["ec2", 2, 2],
]


@pytest.mark.parametrize(
    ("sort", "data"),
    [
        *((KEY, {name: value for name, value in GOOD.items() if name != missing}) for missing in GOOD),
        *((KEY, {**GOOD, name: 5}) for name in GOOD),
        (KEY, {**GOOD, "prices": [5]}),
        (KEY, {**GOOD, "prices": [[5]]}),
        *((KEY, {**GOOD, "prices": [row]}) for row in NO_PRICES),
        ("yesterday#ec2-instance/i-1#start#run-1", GOOD),
        ("2026-11-23T12:00:00.000000#ec2-instance/i-1#start#run-1", GOOD),
        ("2026-11-23T12:00:00.000000Z", GOOD),
        ("2026-11-23T12:00:00.000000Z#start#run-1", GOOD),
    ],
)
def test_what_is_no_entry_is_named(sort: str, data: dict[str, JSON]) -> None:
    store = MemoryStore()
    store.put(journal.TABLE, TARGET, sort, data)
    with pytest.raises(StoreCorrupt) as refusal:
        list(journal.read(store, TARGET))
    assert sort in str(refusal.value)
    assert TARGET in str(refusal.value)
    assert refusal.value.hint
