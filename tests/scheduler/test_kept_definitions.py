"""Definitions in the store: whole, changed by one at a time, and one bad entry stops no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.scheduler.conftest import OFFICE

from lamplighter.errors import StoreCorrupt, UsageError, VersionConflict
from lamplighter.scheduler.kept_definitions import (
    TABLE,
    Entry,
    Kept,
    configuration,
    put_entries,
    put_files,
    read,
    version,
)
from lamplighter.scheduler.settings import Configuration
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import Item

NIGHT = Entry("periods", "night", {"begintime": "20:00", "endtime": "06:00"}, "stack/a")
BATCH = Entry("schedules", "batch", {"periods": ["night"]}, "stack/a")


def no_calendar(name: str) -> str:
    raise AssertionError(name)


def loaded(kept: Kept, **defaults: object) -> Configuration:
    return configuration(kept, defaults, no_calendar)


def test_nothing_kept_is_version_nought_and_the_built_in_schedules() -> None:
    store = MemoryStore()
    assert version(store) == 0
    assert read(store) == Kept()
    assert set(loaded(read(store)).loaded.schedules) == {"ignore", "running", "stopped"}


def test_a_long_file_comes_back_whole_and_a_shorter_one_replaces_it() -> None:
    store = MemoryStore()
    text = OFFICE + "# é€𝄞\n" * 9_000
    assert put_files(store, {"lamplighter.yaml": text, "days.ics": "BEGIN:VCALENDAR\n"}) == 1
    assert dict(read(store).files) == {"lamplighter.yaml": text, "days.ics": "BEGIN:VCALENDAR\n"}
    assert put_files(store, {"lamplighter.yaml": OFFICE}) == version(store) == 2
    assert read(store) == Kept(2, {"lamplighter.yaml": OFFICE})


def test_too_long_a_file_is_refused_and_nothing_written() -> None:
    store = MemoryStore()
    with pytest.raises(UsageError, match="1,800,001 characters") as caught:
        put_files(store, {"lamplighter.yaml": "#" * 1_800_001})
    assert "1,800,000" in caught.value.hint
    assert version(store) == 0


def test_entries_of_stacks_stand_beside_the_file() -> None:
    store = MemoryStore()
    put_files(store, {"lamplighter.yaml": OFFICE})
    put_entries(store, read(store), [NIGHT, BATCH], [])
    config = loaded(read(store))
    assert {"office", "batch"} <= set(config.loaded.schedules)
    assert config.problems == ()
    put_entries(store, read(store), [], [BATCH.key, NIGHT.key])
    assert "batch" not in loaded(read(store)).loaded.schedules
    assert version(store) == 3


def test_what_stands_in_both_is_as_the_file_says() -> None:
    store = MemoryStore()
    put_files(store, {"lamplighter.yaml": OFFICE})
    put_entries(store, read(store), [Entry("schedules", "office", {"override_status": "running"}, "stack/a")], [])
    config = loaded(read(store))
    assert config.loaded.schedules["office"].definition.override_status is None
    assert [(each.where, each.message) for each in config.problems] == [
        ("schedules.office", "stack/a declares it as well")
    ]


def test_a_bad_entry_is_rejected_alone() -> None:
    store = MemoryStore()
    put_entries(store, read(store), [NIGHT, BATCH, Entry("schedules", "bad", {"periods": ["nowhere"]}, "stack/b")], [])
    config = loaded(read(store))
    assert "batch" in config.loaded.schedules
    assert "nowhere" in config.loaded.rejected["bad"]
    assert config.fatal == ()


def test_two_changes_at_a_time_cannot_both_win() -> None:
    store = MemoryStore()
    known = read(store)
    put_entries(store, known, [NIGHT], [])
    with pytest.raises(VersionConflict):
        put_entries(store, known, [BATCH], [])
    assert read(store).entries == (NIGHT,)


def test_a_file_written_while_the_old_one_is_looked_at_is_not_mixed_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    put_files(store, {"lamplighter.yaml": OFFICE})
    theirs = {"lamplighter.yaml": OFFICE + "# " + "x" * 40_000, "days.ics": "BEGIN:VCALENDAR\n"}
    look = store.query

    def query(table: str, partition: str) -> Iterator[Item]:
        found = list(look(table, partition))
        monkeypatch.setattr(store, "query", look)
        put_files(store, theirs)
        yield from found

    monkeypatch.setattr(store, "query", query)
    with pytest.raises(VersionConflict):
        put_files(store, {"lamplighter.yaml": OFFICE})
    assert dict(read(store).files) == theirs


def test_defaults_are_for_what_the_file_does_not_say() -> None:
    kept = Kept(1, {"lamplighter.yaml": "version: 1\ntag: Plan\n"})
    config = loaded(kept, tag="Schedule", timezone="Europe/Berlin", targets={"accounts": ["111122223333"]})
    assert config.tag == "Plan"
    assert config.loaded.timezone == "Europe/Berlin"
    assert config.targets is not None
    assert [each.id for each in config.targets.accounts] == ["111122223333"]


def test_foreign_items_are_left_alone_and_a_damaged_file_is_said_to_be() -> None:
    store = MemoryStore()
    store.put(TABLE, "stacks", "schedules/foreign", {"type": "schedule"})
    store.put(TABLE, "stacks", "nonsense", {"fields": {}, "owner": "x"})
    assert read(store).entries == ()
    store.put(TABLE, "files", "lamplighter.yaml#0000", {"body": 1})
    with pytest.raises(StoreCorrupt, match=r"lamplighter\.yaml#0000"):
        read(store)


def test_calendar_files_are_those_that_are_kept() -> None:
    ics = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n"
    text = "calendars: {days: {ical: days.ics}}\n"
    assert loaded(Kept(1, {"lamplighter.yaml": text, "days.ics": ics})).problems == ()
    missing = loaded(Kept(1, {"lamplighter.yaml": text})).problems
    assert "days.ics" in str(missing[0])
