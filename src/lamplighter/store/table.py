"""What a store is: items in tables, found by partition and sort key, each with a version.

The contract is the part of DynamoDB that other engines can keep as well, so that what runs on one file runs deployed:

- Keys are non-empty texts: partition up to 2,048 and sort up to 1,024 bytes of UTF-8. Table names are made of letters,
  digits, `_`, `.` and `-`. Tables need not be created; in DynamoDB they are made beforehand, by the list `TABLES` of
  `lamplighter.store.dynamodb_layout`.
- Data is a JSON object without floats (money and times are texts), at most 256 KiB as JSON and 29 levels deep. Numbers
  have at most 38 digits. Names of members are not empty, and come back sorted.
- Versions begin at 1 and grow by one with every write. Deleting an item forgets its version: the next put begins at 1
  again, so whoever relies on versions that never come back keeps the item and marks it instead.
- A write that has returned is seen by every later read, of any thread and process, and survives the death of the
  process. What an engine does at a power cut stands in its own docstring.
- What was handed out or taken in is a copy: changing it later changes nothing in the store.

Errors of every engine: ValueError and TypeError for what breaks the rules above (a mistake of the caller);
`StoreUnavailable` and `StoreCorrupt` when the store fails; `VersionConflict` when a condition does not hold.
A store that has been closed raises `StoreUnavailable`.
Source of the limits: DynamoDB developer guide, "Quotas" (item 400 KB, transaction 100 items and 4 MB, nesting 32).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

JSON: TypeAlias = "bool | int | str | list[JSON] | dict[str, JSON] | None"
"""What an item may hold. Floats are refused."""


class Sentinel(Enum):
    """Conditions of a write that are not a version."""

    ANY = "any"
    NEW = "new"

    def __repr__(self) -> str:
        return self.name


ANY: Final = Sentinel.ANY
"""No condition."""

NEW: Final = Sentinel.NEW
"""The item must not exist."""

Expect: TypeAlias = int | Sentinel
"""Condition of a write: the version the item must have now, `NEW`, or `ANY`."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item as it was read or written.

    Attributes:
        partition: partition key.
        sort: sort key.
        data: the content, a copy of its own.
        version: 1 after the first write, one more after each other.
    """

    partition: str
    sort: str
    data: Mapping[str, JSON]
    version: int


@dataclass(frozen=True, slots=True)
class Put:
    """A write as data: create or replace an item if `expect` holds."""

    table: str
    partition: str
    sort: str
    data: Mapping[str, JSON]
    expect: Expect = ANY


@dataclass(frozen=True, slots=True)
class Delete:
    """A write as data: remove an item if `expect` holds. Without condition, an absent item is fine."""

    table: str
    partition: str
    sort: str
    expect: Expect = ANY


Write: TypeAlias = Put | Delete


class Store(Protocol):
    """A place for small state. Safe for use by many threads at once."""

    def get(self, table: str, partition: str, sort: str) -> Item | None:
        """The item, or None if there is none."""
        ...

    def get_many(self, table: str, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """The items of these (partition, sort) keys that exist, by key. Not one snapshot of all of them."""
        ...

    def query(
        self,
        table: str,
        partition: str,
        *,
        prefix: str = "",
        after: str | None = None,
        descending: bool = False,
        limit: int | None = None,
    ) -> Iterator[Item]:
        """The items of a partition in the order of their sort keys (bytes of UTF-8, as DynamoDB sorts).

        Reads in pages while it is consumed: an item written meanwhile may or may not appear, none appears twice.

        Args:
            table: name of the table.
            partition: partition key.
            prefix: only sort keys that begin with this text.
            after: only what comes after this sort key in the order asked for; it need not exist.
            descending: from the last to the first.
            limit: at most so many items; None for all.
        """
        ...

    def partitions(self, table: str) -> list[str]:
        """Every partition key of a table, sorted. Scans the table: for small ones only."""
        ...

    def put(self, table: str, partition: str, sort: str, data: Mapping[str, JSON], *, expect: Expect = ANY) -> Item:
        """Create or replace an item.

        Returns:
            The item as it is now, with its new version.

        Raises:
            VersionConflict: `expect` does not hold; nothing was written.
        """
        ...

    def delete(self, table: str, partition: str, sort: str, *, expect: Expect = ANY) -> None:
        """Remove an item. Without condition, an absent item is fine.

        Raises:
            VersionConflict: `expect` does not hold; nothing was removed.
        """
        ...

    def put_many(self, writes: Iterable[Put]) -> None:
        """Write many items without conditions, in chunks, in order; versions grow as with `put`.

        Not atomic: after an error any number of the leading chunks has been written, and any part of the one under way.
        Repeating all of it is harmless to the content.

        Raises:
            ValueError: a write carries a condition.
        """
        ...

    def transact(self, writes: Sequence[Write]) -> None:
        """Do all of these writes or none. A query that runs meanwhile may see a part of them (DynamoDB's may).

        Raises:
            ValueError: more than 100 writes, more than 2.5 MiB of JSON, or two writes of one key.
            VersionConflict: a condition does not hold; names the first such key. Nothing was written.
        """
        ...

    def close(self) -> None:
        """Give back what the store holds. Harmless when repeated."""
        ...
