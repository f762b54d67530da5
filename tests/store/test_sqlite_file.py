"""Opening a state file: nothing foreign or damaged is taken for a store, nothing is lost or overwritten."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

import pytest

from lamplighter.errors import StoreCorrupt, StoreError, StoreUnavailable
from lamplighter.store.sqlite import SqliteStore
from lamplighter.store.sqlite_file import APPLICATION_ID, MIGRATIONS, translated
from lamplighter.store.table import Put

Spawn = Callable[..., "Popen[str]"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state file of 300 items, closed."""
    path = tmp_path / "lamp.db"
    with closing(SqliteStore(path)) as store:
        store.put_many(Put("t", "p", f"{n:03}", {"text": "x" * 100}) for n in range(300))
    return path


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def refused(path: Path) -> StoreError:
    """The error of opening or reading a file, which stays as it is."""
    before = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    with pytest.raises(StoreError) as caught, closing(SqliteStore(path)) as store:
        list(store.query("t", "p"))
    after = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    assert after | before == after
    assert str(path) in caught.value.message or "t/p/" in caught.value.message
    assert caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint
    return caught.value


# --- places


def test_missing_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "lamp.db"
    with closing(SqliteStore(path)) as store:
        store.put("t", "p", "s", {})
    assert path.is_file()


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "lamp.db"
    path.touch()
    with closing(SqliteStore(path)) as store:
        assert store.put("t", "p", "s", {}).version == 1


@pytest.mark.parametrize("name", ["file:lamp.db?mode=memory", "a b#c?d%20.db", "лампа.db", "-lamp"])
def test_any_name_is_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore(name)) as store:
        store.put("t", "p", "s", {})
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_relative_path_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore("lamp.db")) as store:
        monkeypatch.chdir("/")
        store.put("t", "p", "s", {})
    with closing(SqliteStore(tmp_path / "lamp.db")) as store:
        assert store.get("t", "p", "s") is not None


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    error = refused(tmp_path)
    assert isinstance(error, StoreUnavailable)
    assert str(tmp_path / "lamp.db") in error.hint


def test_a_file_is_no_folder(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"Not a directory|File exists") as caught:
        SqliteStore(path / "lamp.db")
    assert "write" in caught.value.hint


# Root may write everywhere, so the child becomes somebody else once it has imported what it needs.
READ_ONLY = """
import json, os, sys
from lamplighter.errors import StoreError
from lamplighter.store.sqlite import SqliteStore
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    store = SqliteStore(sys.argv[1])
    print(json.dumps(["read", len(list(store.query("t", "p")))]), flush=True)
    store.put("t", "p", "new", {})
except StoreError as error:
    print(json.dumps([type(error).__name__, error.hint]))
"""


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user can reach, which those of pytest are not."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["read-only/lamp.db", "read-only/deep/lamp.db"])
def test_a_new_store_in_a_read_only_folder(place: str, shared_folder: Path, child: Spawn) -> None:
    (shared_folder / "read-only").mkdir()
    (shared_folder / "read-only").chmod(0o555)
    output, _ = child(READ_ONLY, shared_folder / place).communicate()
    name, hint = json.loads(output)
    assert name == "StoreUnavailable"
    assert "write" in hint
    assert list((shared_folder / "read-only").iterdir()) == []


@pytest.mark.slow
def test_an_existing_store_in_a_read_only_folder(path: Path, shared_folder: Path, child: Spawn) -> None:
    copy = shared_folder / "lamp.db"
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o444)
    shared_folder.chmod(0o555)
    output, _ = child(READ_ONLY, copy).communicate()
    name, hint = json.loads(output.splitlines()[-1])
    assert name == "StoreUnavailable"
    assert "write" in hint
    assert copy.read_bytes() == path.read_bytes()


@pytest.mark.slow
def test_a_read_only_file_can_be_read(path: Path, shared_folder: Path, child: Spawn) -> None:
    copy = shared_folder / "lamp.db"
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o444)
    shared_folder.chmod(0o777)
    read, written = child(READ_ONLY, copy).communicate()[0].splitlines()
    assert json.loads(read) == ["read", 300]
    name, hint = json.loads(written)
    assert name == "StoreUnavailable"
    assert "write" in hint
    assert copy.read_bytes() == path.read_bytes()


# --- damage


def test_garbage_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "lamp.db"
    for content in [b"\0" * 4096, b"\xff" * 10_000, b"schedules:\n  - name: office\n", b"x", b"SQLite format 3\0"]:
        path.write_bytes(content)
        assert isinstance(refused(path), StoreCorrupt)


@pytest.mark.parametrize("fraction", [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99])
def test_a_truncated_file_is_corrupt(path: Path, fraction: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * fraction)])
    error = refused(path)
    assert isinstance(error, StoreCorrupt)
    assert "backup" in error.hint


@pytest.mark.parametrize("lost", [1, 100, 4095, 4096, 4097])
def test_a_file_that_lost_its_end_is_corrupt(path: Path, lost: int) -> None:
    path.write_bytes(path.read_bytes()[:-lost])
    assert isinstance(refused(path), StoreCorrupt)


def test_a_file_emptied_beside_its_log_is_corrupt(path: Path) -> None:
    log = path.with_name("lamp.db-wal")
    for content in [b"", None]:
        log.write_bytes(b"writes not yet in the file")
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        error = refused(path)
        assert isinstance(error, StoreCorrupt)
        assert "lamp.db-wal" in error.hint


def test_an_overwritten_page_is_corrupt(path: Path) -> None:
    content = path.read_bytes()
    for page in range(1, len(content) // 4096):
        path.write_bytes(content[: page * 4096] + b"\xaa" * 4096 + content[(page + 1) * 4096 :])
        assert isinstance(refused(path), StoreCorrupt)


def test_text_that_is_not_utf8_is_corrupt(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"x" * 50, b"x" * 49 + b"\xff"))
    assert isinstance(refused(path), StoreCorrupt)


def test_a_missing_table_is_corrupt(path: Path) -> None:
    change(path, "DROP TABLE items")
    error = refused(path)
    assert isinstance(error, StoreCorrupt)
    assert "table of items" in error.message


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE bookmarks (url TEXT)", "PRAGMA user_version = 7", "PRAGMA application_id = 7"]
)
def test_the_database_of_another_program_is_left_alone(statement: str, tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    change(path, statement)
    error = refused(path)
    assert isinstance(error, StoreUnavailable)
    assert "another program" in error.message


def test_a_newer_schema_asks_for_an_upgrade(path: Path) -> None:
    change(path, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    error = refused(path)
    assert isinstance(error, StoreUnavailable)
    assert f"schema {len(MIGRATIONS) + 1}, this one knows {len(MIGRATIONS)}" in error.message
    assert "upgrade" in error.hint


def test_the_file_says_what_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    assert found == [APPLICATION_ID, len(MIGRATIONS)]
    assert APPLICATION_ID.to_bytes(4, "big") == b"Lamp"


def test_commits_reach_the_disk(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        found = [store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]


# --- meanings of errors


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_BUSY, StoreUnavailable),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreUnavailable),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreUnavailable),
        (sqlite3.SQLITE_READONLY_DIRECTORY, StoreUnavailable),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreCorrupt),
        (sqlite3.SQLITE_MISUSE, StoreError),
    ],
)
def test_extended_codes_mean_what_their_family_means(code: int, expected: type[StoreError]) -> None:
    error = sqlite3.OperationalError("something")
    error.sqlite_errorcode = code
    with pytest.raises(StoreError) as caught, translated("lamp.db"):
        raise error
    assert type(caught.value) is expected
    assert caught.value.message == "lamp.db: something"


# --- other processes

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
print("held", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
print("free", flush=True)
sys.stdin.readline()
"""


def tell(process: Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def told(process: Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_file_locked_by_another_process(path: Path, child: Spawn) -> None:
    holder = child(HOLDER, path, "BEGIN IMMEDIATE")
    with closing(SqliteStore(path, busy_timeout=0.01)) as store:
        assert told(holder) == "held"
        with pytest.raises(StoreUnavailable, match="locked") as caught:
            store.put("t", "p", "new", {})
        assert "another lamp process" in caught.value.hint
        assert str(path) in caught.value.hint
        assert len(list(store.query("t", "p"))) == 300
        tell(holder)
        assert told(holder) == "free"
        assert store.put("t", "p", "new", {}).version == 1


def test_a_file_locked_while_it_is_opened(tmp_path: Path, child: Spawn) -> None:
    path = tmp_path / "lamp.db"
    path.touch()
    holder = child(HOLDER, path, "BEGIN EXCLUSIVE")
    assert told(holder) == "held"
    with pytest.raises(StoreUnavailable, match="locked"):
        SqliteStore(path, busy_timeout=0.01)
    tell(holder)
    assert told(holder) == "free"
    with closing(SqliteStore(path)) as store:
        assert store.put("t", "p", "s", {}).version == 1


OPENER = """
import os, sys
from lamplighter.store.sqlite import SqliteStore
print("ready", flush=True)
sys.stdin.readline()
store = SqliteStore(sys.argv[1])
store.put("t", "p", str(os.getpid()), {})
print("done", flush=True)
"""


@pytest.mark.slow
def test_processes_that_open_a_new_file_at_once(tmp_path: Path, child: Spawn) -> None:
    for number in range(5):
        path = tmp_path / f"{number}.db"
        processes = [child(OPENER, path) for _ in range(5)]
        assert [told(process) for process in processes] == ["ready"] * 5
        for process in processes:
            tell(process)
        assert [told(process) for process in processes] == ["done"] * 5
        with closing(SqliteStore(path)) as store:
            assert {item.sort for item in store.query("t", "p")} == {str(process.pid) for process in processes}


FORKED = """
import os, sys
from lamplighter.errors import StoreUnavailable
from lamplighter.store.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
child = os.fork()
if not child:
    try:
        store.get("t", "p", "s")
    except StoreUnavailable as error:
        store.close()
        print(error.hint, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(store.put("t", "p", "s", {}).version)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_store_is_not_carried_over_a_fork(tmp_path: Path, child: Spawn) -> None:
    output, _ = child(FORKED, tmp_path / "lamp.db").communicate()
    assert output.splitlines() == ["open the store after the fork", "1"]
