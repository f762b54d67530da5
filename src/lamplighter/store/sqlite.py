"""Engine on one SQLite file: the default.

Threads share one connection behind a lock. SQLite has a single writer in any case; a lock hands over at once,
where connections of their own would poll each other, and it serves `:memory:` alike. Processes each open the
file; write-ahead logging lets them read while one writes, and `busy_timeout` is how long they wait for each other.

Every write is one transaction that takes the write lock first (BEGIN IMMEDIATE), so that conditions are checked against
what is written, and ends with an fsync of the log (synchronous=FULL). So a write that has returned survives a
`kill -9` and a power cut. NORMAL would be faster and survive the kill, but a power cut could forget the last intents,
and a forgotten intent is an action nobody knows of. A disk that lies about fsync can still forget the last writes.
The file must lie on a local disk: write-ahead logging does not work over a network.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from lamplighter.errors import StoreCorrupt, StoreUnavailable, UsageError
from lamplighter.store import rules
from lamplighter.store.sqlite_file import MEMORY, connect, translated
from lamplighter.store.table import ANY, JSON, Delete, Expect, Item, Put, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from lamplighter.store.table import Store

PAGE: Final = 500
"""Items read or written before others get their turn."""

_GET = "SELECT data, version FROM items WHERE tbl = ? AND partition = ? AND sort = ?"
_VERSION = "SELECT version FROM items WHERE tbl = ? AND partition = ? AND sort = ?"
_PUT = "INSERT OR REPLACE INTO items (tbl, partition, sort, version, data) VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM items WHERE tbl = ? AND partition = ? AND sort = ?"
_QUERY = "SELECT sort, data, version FROM items WHERE tbl = ? AND partition = ? AND sort >= ?"
_ORDER = {False: " ORDER BY sort LIMIT ?", True: " ORDER BY sort DESC LIMIT ?"}


class SqliteStore:
    """A `Store` in one file. Open it after a fork, not before.

    Args:
        path: the file; made with its folders if missing. `:memory:` for one that ends with the store.
        busy_timeout: seconds to wait for another process before `StoreUnavailable`.
    """

    def __init__(self, path: str | Path, *, busy_timeout: float = 5.0) -> None:
        self.path = MEMORY if str(path) == MEMORY else str(Path(path).absolute())
        self._lock = Lock()
        self._process = os.getpid()
        self._closed = False
        self._connection = connect(self.path, busy_timeout)

    def get(self, table: str, partition: str, sort: str) -> Item | None:
        """The item, or None."""
        rules.check_key(table, partition, sort)
        with self._session() as connection:
            row = connection.execute(_GET, (table, partition, sort)).fetchone()
        return None if row is None else _item(table, partition, sort, *row)

    def get_many(self, table: str, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """The items that exist, by key."""
        wanted = list(keys)
        rules.check_table(table)
        for partition, sort in wanted:
            rules.check_key(table, partition, sort)
        found: dict[tuple[str, str], Item] = {}
        for start in range(0, len(wanted), PAGE):
            chunk = wanted[start : start + PAGE]
            with self._transaction("BEGIN") as connection:
                rows = [connection.execute(_GET, (table, *key)).fetchone() for key in chunk]
            found |= {key: _item(table, *key, *row) for key, row in zip(chunk, rows, strict=True) if row is not None}
        return found

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
        """The items of a partition in order, read in pages."""
        rules.check_partition(table, partition)
        rules.check_limit(limit)
        first, end = rules.span(prefix, after, descending=descending)
        return self._pages(table, partition, first, end, descending=descending, limit=limit)

    def _pages(
        self, table: str, partition: str, first: str, end: str | None, *, descending: bool, limit: int | None
    ) -> Iterator[Item]:
        while True:
            size = PAGE if limit is None else min(PAGE, limit)
            bounds = [first] if end is None else [first, end]
            statement = _QUERY + ("" if end is None else " AND sort < ?") + _ORDER[descending]
            with self._session() as connection:
                rows = connection.execute(statement, (table, partition, *bounds, size)).fetchall()
            for sort, text, version in rows:
                yield _item(table, partition, sort, text, version)
            limit = None if limit is None else limit - len(rows)
            if len(rows) < size or limit == 0:
                return
            if descending:
                end = rows[-1][0]
            else:
                first = rows[-1][0] + "\0"

    def partitions(self, table: str) -> list[str]:
        """Every partition key of a table, sorted."""
        rules.check_table(table)
        statement = "SELECT DISTINCT partition FROM items WHERE tbl = ? ORDER BY partition"
        with self._session() as connection:
            return [partition for (partition,) in connection.execute(statement, (table,))]

    def put(self, table: str, partition: str, sort: str, data: Mapping[str, JSON], *, expect: Expect = ANY) -> Item:
        """Create or replace an item."""
        write = Put(table, partition, sort, data, expect)
        text = rules.check_write(write)
        [version] = self._apply([write], [text])
        return _item(table, partition, sort, text, version)

    def delete(self, table: str, partition: str, sort: str, *, expect: Expect = ANY) -> None:
        """Remove an item."""
        write = Delete(table, partition, sort, expect)
        self._apply([write], [rules.check_write(write)])

    def put_many(self, writes: Iterable[Put]) -> None:
        """Write many items without conditions, one transaction for each 500."""
        remaining = iter(writes)
        while chunk := list(islice(remaining, PAGE)):
            self._apply(chunk, [rules.check_unconditional(write) for write in chunk])

    def transact(self, writes: Sequence[Write]) -> None:
        """Do all of these writes or none."""
        self._apply(writes, rules.check_transaction(writes))

    def integrity(self) -> list[str]:
        """What is damaged, one line each; empty when all is well. Reads the whole file.

        Raises:
            StoreUnavailable: it cannot be read now.
        """
        try:
            with self._session() as connection:
                lines = [str(line) for (line,) in connection.execute("PRAGMA quick_check")]
                keys = connection.execute("SELECT DISTINCT tbl, partition FROM items").fetchall()
        except StoreCorrupt as error:
            return [error.message]
        problems = [] if lines == ["ok"] else lines
        for table, partition in keys:
            problems += self._unreadable(table, partition)
        return problems

    def _unreadable(self, table: str, partition: str) -> Iterator[str]:
        """Items of which the text is no data, which SQLite cannot know."""
        try:
            with self._session() as connection:
                rows = connection.execute(_QUERY, (table, partition, "")).fetchall()
        except StoreCorrupt as error:
            yield error.message
            return
        for sort, text, version in rows:
            try:
                _item(table, partition, sort, text, version)
            except StoreCorrupt as error:
                yield error.message

    def close(self) -> None:
        """Close the file. The last process to close it folds the log into it."""
        with self._lock:
            if self._process == os.getpid() and not self._closed:
                self._closed = True
                with translated(self.path):
                    self._connection.close()

    def _apply(self, writes: Sequence[Write], texts: Sequence[str]) -> list[int]:
        versions: list[int] = []
        with self._transaction("BEGIN IMMEDIATE") as connection:
            for write, text in zip(writes, texts, strict=True):
                key = (write.table, write.partition, write.sort)
                row = connection.execute(_VERSION, key).fetchone()
                version = rules.next_version(write, None if row is None else row[0])
                if isinstance(write, Put):
                    connection.execute(_PUT, (*key, version, text))
                else:
                    connection.execute(_DELETE, key)
                versions.append(version)
        return versions

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._session() as connection:
            try:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _session(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._closed:
                raise StoreUnavailable(f"{self.path}: the store is closed")
            # SQLite's locks do not survive a fork: two processes on one connection damage the file.
            if self._process != os.getpid():
                raise StoreUnavailable(f"{self.path}: opened by another process", hint="open the store after the fork")
            with translated(self.path):
                yield self._connection


def _item(table: str, partition: str, sort: str, text: str, version: int) -> Item:
    return Item(partition, sort, rules.decode(text, f"{table}/{partition}/{sort}"), version)


def open_path(path: str) -> SqliteStore:
    """The store in a file; `~` is the user's home."""
    try:
        return SqliteStore(path if path == MEMORY else Path(path).expanduser())
    except RuntimeError as error:
        raise UsageError(f"{path}: {error}", hint="write the whole path") from error


def open_url(url: str) -> SqliteStore:
    """The store of a URL: `sqlite:///relative/path`, `sqlite:////absolute/path`, `sqlite:///:memory:`."""
    host, slash, path = url.removeprefix("sqlite:").removeprefix("//").partition("/")
    if not url.startswith("sqlite://") or host or not slash or not path:
        raise UsageError(
            f"{url!r}: no path of a state file", hint="say sqlite:///lamp.db or sqlite:////var/lib/lamp.db"
        )
    return open_path(path)


# The empty scheme is a plain path.
SCHEMES: Mapping[str, Callable[[str], Store]] = {"sqlite": open_url, "": open_path}
