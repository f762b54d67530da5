"""The file under the SQLite engine: opening it without harm, its schema, and what its errors mean."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lamplighter.errors import StoreCorrupt, StoreError, StoreUnavailable
from lamplighter.store.rules import DAMAGED

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY: Final = ":memory:"

# The bytes "Lamp": tells our files from the databases of other programs.
APPLICATION_ID: Final = 0x4C616D70

# Entry n leads from schema version n to n + 1. Nothing here needs an SQLite newer than 3.24, nor changes once released.
MIGRATIONS: Final = (
    """
    CREATE TABLE items (
        tbl TEXT NOT NULL, partition TEXT NOT NULL, sort TEXT NOT NULL, version INTEGER NOT NULL, data TEXT NOT NULL,
        PRIMARY KEY (tbl, partition, sort)
    ) WITHOUT ROWID
    """,
)

_SWITCH_TRIES: Final = 1_000

_CORRUPT: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_HINTS: Final = {
    sqlite3.SQLITE_BUSY: "another lamp process holds it: wait for it, or end it (see `fuser -v {path}`), and repeat",
    sqlite3.SQLITE_LOCKED: "another lamp process holds it: wait for it, or end it (see `fuser -v {path}`), and repeat",
    sqlite3.SQLITE_PROTOCOL: "too many lamp processes open it at once: repeat",
    sqlite3.SQLITE_CANTOPEN: "this user must be able to read and write {path} and its folder",
    sqlite3.SQLITE_READONLY: "this user must be able to write {path} and its folder",
    sqlite3.SQLITE_PERM: "this user must be able to read and write {path} and its folder",
    sqlite3.SQLITE_FULL: "the disk of {path} is full: make room, then repeat; nothing was half-written",
    sqlite3.SQLITE_IOERR: "the disk of {path} fails: check it before you go on",
}


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn what sqlite3 raises into the tree of errors.

    Raises:
        StoreCorrupt: damaged, or no database.
        StoreUnavailable: locked, not permitted, disk full or failing.
        StoreError: anything else that SQLite refuses.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        message = f"{path}: {error}"
        # Text that is not UTF-8 comes as an OperationalError without code.
        if primary in _CORRUPT or (primary is None and "decode" in str(error)):
            raise StoreCorrupt(message, hint=DAMAGED) from error
        if primary in _HINTS:
            raise StoreUnavailable(message, hint=_HINTS[primary].format(path=path)) from error
        raise StoreError(message) from error


def connect(path: str, busy_timeout: float) -> sqlite3.Connection:
    """Open a state file, making it and its folders if it is missing. What is not ours is left untouched.

    Args:
        path: absolute path, or `:memory:`.
        busy_timeout: seconds to wait for another process.

    Raises:
        StoreUnavailable: locked, not permitted, a folder, of another program, or of a newer Lamplighter.
        StoreCorrupt: damaged, or no database.
    """
    if path != MEMORY:
        _prepare_place(Path(path))
    with translated(path):
        connection = sqlite3.connect(path, timeout=busy_timeout, isolation_level=None, check_same_thread=False)
        try:
            _check_owner(connection, path)
            _switch_to_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            _migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare_place(path: Path) -> None:
    log = Path(f"{path}-wal")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise StoreUnavailable(f"{path}: is a folder", hint=f"name a file in it, for example {path / 'lamp.db'}")
        logged, size = _size(log), _size(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreUnavailable(f"{path}: {reason}", hint="this user must be able to write it and its folder") from error
    if size == 1:
        # SQLite takes a file of one byte for an empty one, and would write over it.
        raise StoreCorrupt(f"{path}: file is not a database", hint=DAMAGED)
    if logged and not size:
        # SQLite would delete such a log, and with it the writes it holds.
        raise StoreCorrupt(
            f"{path}: missing or empty, but {log.name} holds writes of it",
            hint=f"bring back {path.name}; or move {log.name} away to begin anew",
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _check_owner(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("BEGIN")
    owner, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    [objects] = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    connection.execute("COMMIT")
    if owner != APPLICATION_ID and (owner or version or objects):
        raise StoreUnavailable(f"{path}: a database of another program", hint="name another file for the state")
    if version > len(MIGRATIONS):
        raise StoreUnavailable(
            f"{path}: written by a newer Lamplighter (schema {version}, this one knows {len(MIGRATIONS)})",
            hint="upgrade Lamplighter, or name another file for the state",
        )


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    for _ in range(_SWITCH_TRIES):
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            # The switch does not wait for others as every other statement does, so wait with one that does.
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        else:
            return
    raise StoreUnavailable("the state file is too busy to be opened", hint="repeat when fewer lamp processes start")


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    if _pragma(connection, "user_version") < len(MIGRATIONS):
        connection.execute("BEGIN IMMEDIATE")
        # Another process may have been here between the look and the lock.
        for statement in MIGRATIONS[_pragma(connection, "user_version") :]:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'items'").fetchone()
    if found is None:
        raise StoreCorrupt(f"{path}: the table of items is missing", hint=DAMAGED)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    [value] = connection.execute(f"PRAGMA {name}").fetchone()
    assert isinstance(value, int)
    return value
