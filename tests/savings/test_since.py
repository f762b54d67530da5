"""What is kept of the journal measures the same as all of it, and is never trusted blindly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.savings.test_measure import BOOK, MONDAY, entry, seen

from lamplighter.errors import TooLarge
from lamplighter.pricing.price import PriceKey, ec2_key
from lamplighter.savings import since
from lamplighter.savings.measure import measure
from lamplighter.savings.since import TABLE, entries_since, latest
from lamplighter.store import journal
from lamplighter.store.journal import Entry
from lamplighter.store.memory import MemoryStore
from lamplighter.store.rules import DATA_BYTES, encode
from lamplighter.store.table import JSON

TARGET = "111122223333/eu-west-1"


def at(hours: float) -> timedelta:
    return timedelta(hours=hours)


class Counted(MemoryStore):
    """Counts the entries of the journal that are read."""

    read = 0

    def query(self, table: str, partition: str, **options: object):  # type: ignore[no-untyped-def]
        for item in super().query(table, partition, **options):  # type: ignore[arg-type]
            self.read += table == journal.TABLE
            yield item


def written(*entries: Entry) -> Counted:
    store = Counted()
    store.put_many([journal.put(each) for each in entries])
    return store


HISTORY = (
    seen(-200, "running", resource="i-1"),
    replace(entry(-190, "stop", resource="i-1"), team="web"),
    entry(-180, "start", resource="i-1", keys=()),
    seen(-200, "stopped", resource="i-2"),
    seen(-200, "running", resource="i-3"),
    entry(-100, journal.GONE, resource="i-3", keys=()),
    entry(5, "stop", resource="i-1"),
)

moves = st.tuples(
    st.integers(-60, 60),
    st.sampled_from([("seen", "running"), ("seen", "stopped"), ("start", ""), ("stop", ""), ("gone", "")]),
    st.sampled_from(["i-1", "i-2", "i-3"]),
    st.sampled_from([journal.DONE, journal.DONE, journal.FOUND, journal.FAILED, journal.WAITING]),
    st.none() | st.sampled_from(["", "web"]),
)


@given(st.lists(moves, max_size=25), st.integers(-40, 20))
def test_what_is_kept_measures_the_same(
    told: Sequence[tuple[int, tuple[str, str], str, str, str | None]], cut: int
) -> None:
    entries = [
        replace(entry(hours, action, state=state, resource=resource, outcome=outcome), team=team)
        for hours, (action, state), resource, outcome, team in told
    ]
    start, end = MONDAY + at(cut), MONDAY + at(61)
    kept = [*latest([e for e in entries if e.at < start], start), *(e for e in entries if e.at >= start)]
    wanted = measure(entries, BOOK, start, end)
    # Whose it was before it was gone and seen again is forgotten with what was gone.
    assert [replace(each, team=None) for each in measure(kept, BOOK, start, end)] == [
        replace(each, team=None) for each in wanted
    ]


def test_the_second_call_does_not_read_what_is_older() -> None:
    store = written(*HISTORY)
    start, end = MONDAY, MONDAY + at(24)
    first = entries_since(store, TARGET, start, end)
    assert store.read == len(HISTORY)
    assert measure(first, BOOK, start, end) == measure(HISTORY, BOOK, start, end)
    assert [each.team for each in measure(first, BOOK, start, end)] == ["web", None]
    store.read = 0
    assert entries_since(store, TARGET, start, end) == first
    assert store.read == 1
    later = MONDAY + at(24)
    store.read = 0
    assert measure(entries_since(store, TARGET, later, later + at(24)), BOOK, later, later + at(24)) == measure(
        HISTORY, BOOK, later, later + at(24)
    )
    assert store.read == 1
    assert {each.data["until"] for each in store.query(TABLE, TARGET)} == {journal.stamp(later)}


def test_an_earlier_begin_than_what_is_kept_reads_the_whole_journal() -> None:
    store = written(*HISTORY)
    entries_since(store, TARGET, MONDAY, MONDAY + at(24))
    start, end = MONDAY - at(195), MONDAY
    assert measure(entries_since(store, TARGET, start, end), BOOK, start, end) == measure(HISTORY, BOOK, start, end)


def test_many_resources_lie_in_several_items(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(encode(since._row(seen(-10, "running", resource="i-1"))[0]))  # type: ignore[arg-type]
    monkeypatch.setattr(since, "_A_PIECE", 2 * (size + 10))
    store = written(*(seen(-10, "running", resource=f"i-{number}") for number in range(5)))
    start, end = MONDAY, MONDAY + at(1)
    assert len(entries_since(store, TARGET, start, end)) == 5
    assert [item.sort for item in store.query(TABLE, TARGET)] == ["000000", "000001", "000002"]
    assert len(entries_since(store, TARGET, start, end)) == 5
    # Fewer are left: items of before are not read as if they belonged to those of now.
    store.put_many([journal.put(entry(2, journal.GONE, resource=f"i-{number}", keys=())) for number in range(4)])
    assert len(entries_since(store, TARGET, start + at(3), end + at(3))) == 1
    assert len(entries_since(store, TARGET, start + at(3), end + at(3))) == 1


def types(count: int) -> list[PriceKey]:
    return [ec2_key("eu-west-1", f"x{number}.24xlarge") for number in range(count)]


def test_pieces_are_cut_by_their_bytes() -> None:
    # 30 neighbouring entries of 400 price keys each: 20 KB apiece, more than two items hold.
    store = written(*(seen(-10, "running", resource=f"i-{number}", keys=types(400)) for number in range(30)))
    start, end = MONDAY, MONDAY + at(1)
    first = entries_since(store, TARGET, start, end)
    sizes = [len(encode(item.data).encode()) for item in store.query(TABLE, TARGET)]
    assert len(sizes) > 2
    assert min(sizes[:-1]) > 150_000
    assert max(sizes) < DATA_BYTES
    assert entries_since(store, TARGET, start, end) == first
    assert len(first) == 30


def test_large_groups_take_no_more_room_than_small_ones() -> None:
    keys = types(3) * 1_500
    store = written(*(seen(-10, "running", resource=f"i-{number}", keys=sorted(keys, key=str)) for number in range(5)))
    start, end = MONDAY, MONDAY + at(1)
    first = entries_since(store, TARGET, start, end)
    assert [len(each.prices) for each in first] == [4_500] * 5
    assert entries_since(store, TARGET, start, end) == first
    (item,) = store.query(TABLE, TARGET)
    assert len(encode(item.data)) < 3_000


def test_keys_that_an_older_journal_has_mixed_are_kept_in_order() -> None:
    mixed = seen(-10, "running", keys=types(3) * 1_000)
    store = Counted()
    store.put(journal.TABLE, TARGET, journal.put(mixed).sort, {**journal.put(mixed).data})
    (kept,) = entries_since(store, TARGET, MONDAY, MONDAY + at(1))
    assert kept.prices == tuple(sorted(mixed.prices))
    (item,) = store.query(TABLE, TARGET)
    assert len(encode(item.data)) < 1_000


def test_what_does_not_fit_all_the_same_is_named() -> None:
    store = written(seen(-10, "running"), seen(-10, "running", resource="i-2", keys=types(4_500)))
    with pytest.raises(
        TooLarge, match=rf"{TARGET}: the last of ec2-instance/i-2 has more than 200,000 bytes"
    ) as refusal:
        entries_since(store, TARGET, MONDAY, MONDAY + at(1))
    assert refusal.value.hint
    assert list(store.query(TABLE, TARGET)) == []


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"until": "soon", "of": 1, "entries": []},
        {"until": "2026-11-22T00:00:00.000000Z", "of": 2, "entries": []},
        {"until": "2026-11-22T00:00:00.000000Z", "of": "1", "entries": []},
        {"until": "2026-11-22T00:00:00.000000Z", "of": 1, "entries": "x"},
        {"until": "2026-11-22T00:00:00.000000Z", "of": 1, "entries": [{"key": "x", "data": {}}]},
        {"until": "2026-11-22T00:00:00.000000Z", "of": 1, "entries": [7]},
    ],
)
def test_what_cannot_be_read_is_made_anew(bad: dict[str, JSON]) -> None:
    store = written(*HISTORY)
    store.put(TABLE, TARGET, "000000", bad)
    start, end = MONDAY, MONDAY + at(24)
    assert measure(entries_since(store, TARGET, start, end), BOOK, start, end) == measure(HISTORY, BOOK, start, end)
    store.read = 0
    entries_since(store, TARGET, start, end)
    assert store.read == 1
