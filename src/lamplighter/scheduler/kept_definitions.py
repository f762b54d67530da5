"""Definitions in the store: the file as it was put there, and the entries that stacks declare beside it.

One item, the head, is written with every change: its version says whether anything has changed since it was read, and
two changes at a time cannot both win. A file is kept in parts, because an item holds 256 KiB at most.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from lamplighter.errors import Problem, StoreCorrupt, UsageError
from lamplighter.scheduler.settings import Configuration, configuration_of
from lamplighter.schedules.calendars import CHANGE_CALENDAR
from lamplighter.schedules.source import Document, parse_yaml
from lamplighter.store.table import JSON, NEW, Delete, Expect, Put, Store, Write

TABLE: Final = "definitions"
FILE: Final = "lamplighter.yaml"
_HEAD: Final = "head"
_FILES: Final = "files"
_STACKS: Final = "stacks"
_PART: Final = 20_000
"""Characters of a part: as JSON not more than 240 KB, whatever they are."""
_PARTS: Final = 90

Fields = Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Entry:
    """A period or schedule that a stack declares.

    Attributes:
        section: `periods` or `schedules`.
        name: its name.
        fields: as they would stand in the file.
        owner: who declares it; nobody else may change it.
    """

    section: str
    name: str
    fields: Fields
    owner: str

    @property
    def key(self) -> str:
        """Its sort key in the store."""
        return f"{self.section}/{self.name}"


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything that the store keeps of definitions.

    Attributes:
        version: grows with every change; 0 if nothing was ever kept.
        files: texts by name; `lamplighter.yaml`, and the calendar files and templates that it names.
        entries: what stacks declare, in order of their keys.
    """

    version: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()


def version(store: Store) -> int:
    """The version of what is kept; one item is read."""
    head = store.get(TABLE, _HEAD, _HEAD)
    return head.version if head else 0


def read(store: Store) -> Kept:
    """What is kept.

    Raises:
        StoreCorrupt: an item is no part of a file, and no entry.
        StoreError: the store failed.
    """
    before = version(store)
    parts: dict[str, list[str]] = {}
    for item in store.query(TABLE, _FILES):
        text = item.data.get("text")
        if not isinstance(text, str):
            raise StoreCorrupt(f"the file {item.sort} cannot be read", hint="put it anew: `lamp deploy definitions`")
        parts.setdefault(item.sort.rpartition("#")[0], []).append(text)
    entries = []
    for item in store.query(TABLE, _STACKS):
        section, _, name = item.sort.partition("/")
        fields, owner = item.data.get("fields"), item.data.get("owner")
        # A foreign item is left alone: what stacks declare beside it stays valid.
        if section in ("periods", "schedules") and isinstance(fields, dict) and isinstance(owner, str):
            entries.append(Entry(section, name, fields, owner))
    return Kept(before, {name: "".join(texts) for name, texts in parts.items()}, tuple(entries))


def put_files(store: Store, files: Mapping[str, str]) -> int:
    """Keep these files in place of those before.

    Args:
        store: where.
        files: texts by name; `lamplighter.yaml` among them.

    Returns:
        The version of what is kept now.

    Raises:
        UsageError: they are too long.
        VersionConflict: somebody else changed the definitions at the same time; nothing was written.
    """
    fresh: dict[str, str] = {}
    for name, text in files.items():
        for number, begin in enumerate(range(0, max(len(text), 1), _PART)):
            fresh[f"{name}#{number:04}"] = text[begin : begin + _PART]
    if len(fresh) > _PARTS:
        raise UsageError(
            f"the definitions are {sum(map(len, files.values())):,} characters long",
            hint=f"{_PART * _PARTS:,} can be kept; take long calendars out",
        )
    # Read first: what somebody else writes after the list of old parts was taken is then a conflict, not a mixture.
    before = version(store)
    old = {item.sort for item in store.query(TABLE, _FILES)}
    writes: list[Write] = [Put(TABLE, _FILES, key, {"text": text}) for key, text in fresh.items()]
    surplus = sorted(old - set(fresh))
    if len(writes) + len(surplus) >= 100:
        raise UsageError("too much would change at once", hint="put a shorter file first")
    writes += [Delete(TABLE, _FILES, key) for key in surplus]
    return _write(store, before, writes)


def put_entries(store: Store, known: Kept, put: Iterable[Entry], drop: Iterable[str]) -> int:
    """Keep entries and take others away, all or nothing.

    Args:
        store: where.
        known: what was read, and decided upon.
        put: entries to keep, in place of those of their keys.
        drop: keys of entries to take away.

    Returns:
        The version of what is kept now.

    Raises:
        UsageError: more than 99 entries change.
        VersionConflict: somebody else changed the definitions at the same time; nothing was written.
    """
    writes: list[Write] = [
        Put(TABLE, _STACKS, each.key, {"fields": dict(each.fields), "owner": each.owner}) for each in put
    ]
    writes += [Delete(TABLE, _STACKS, key) for key in drop]
    if len(writes) > 99:
        raise UsageError(f"{len(writes)} entries would change at once", hint="99 can; declare two schedules")
    return _write(store, known.version, writes)


def _write(store: Store, before: int, writes: list[Write]) -> int:
    expect: Expect = before or NEW
    store.transact([Put(TABLE, _HEAD, _HEAD, {"changed": True}, expect), *writes])
    return before + 1


def configuration(kept: Kept, defaults: Mapping[str, object], change_calendar: Callable[[str], str]) -> Configuration:
    """The configuration that kept definitions come to. What is wrong with an entry stops no other.

    Args:
        kept: what the store keeps; without a file, the entries of stacks alone.
        defaults: top-level sections, for those that the file does not have: `timezone`, `tag`, `targets`.
        change_calendar: gives the text of an SSM Change Calendar.

    Raises:
        DefinitionError: the file is not YAML.
    """

    def read_text(name: str) -> str:
        if name.startswith(CHANGE_CALENDAR):
            return change_calendar(name.removeprefix(CHANGE_CALENDAR))
        if name not in kept.files:
            raise FileNotFoundError(f"{name} is not among the definitions that are kept")
        return kept.files[name]

    document = _document(kept)
    merged, twice = _merged(document, kept.entries)
    config = configuration_of(replace(document, data={**defaults, **merged}), read_text)
    return replace(config, problems=(*config.problems, *twice))


def as_text(kept: Kept, defaults: Mapping[str, object]) -> str:
    """The same as one file, for commands that read files.

    Raises:
        DefinitionError: the file is not YAML.
    """
    return json.dumps({**defaults, **_merged(_document(kept), kept.entries)[0]}, indent=1)


def _document(kept: Kept) -> Document:
    return parse_yaml(kept.files.get(FILE) or "version: 1\n", FILE)


def _merged(document: Document, entries: Iterable[Entry]) -> tuple[dict[str, object], list[Problem]]:
    """The file's data with the entries of stacks; what stands in both is as the file says."""
    data: dict[str, object] = dict(document.data)
    twice = []
    for each in entries:
        section = data.get(each.section) or {}
        if not isinstance(section, Mapping):
            continue
        if each.name in section:
            where = f"{each.section}.{each.name}"
            twice.append(Problem(where, f"{each.owner} declares it as well", "the file's is used; rename one"))
        else:
            data[each.section] = {**section, each.name: dict(each.fields)}
    return data, twice
