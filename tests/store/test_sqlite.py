"""What the SQLite engine promises beyond the contract."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from subprocess import Popen

import pytest

from lamplighter.errors import StoreUnavailable
from lamplighter.store.sqlite import SqliteStore
from lamplighter.store.table import NEW, Item, Put

Spawn = Callable[..., "Popen[str]"]


def test_what_was_written_is_there_when_opened_again(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "lamp.db")) as store:
        store.put("t", "p", "s", {"n": 1})
        store.put("t", "p", "s", {"n": 2})
    with closing(SqliteStore(tmp_path / "lamp.db")) as store:
        assert store.get("t", "p", "s") == Item("p", "s", {"n": 2}, 2)
    assert [file.name for file in tmp_path.iterdir()] == ["lamp.db"]


def test_two_stores_on_one_file_see_each_other(tmp_path: Path) -> None:
    path = tmp_path / "lamp.db"
    with closing(SqliteStore(path)) as one, closing(SqliteStore(path)) as two:
        one.put("t", "p", "s", {"n": 1}, expect=NEW)
        assert two.put("t", "p", "s", {"n": 2}, expect=1).version == 2
        assert one.get("t", "p", "s") == Item("p", "s", {"n": 2}, 2)


def test_threads_never_see_half_a_transaction(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "lamp.db")) as store, ThreadPoolExecutor(1) as pool:

        def write() -> None:
            for n in range(60):
                store.transact([Put("t", "p", "left", {"n": n}), Put("t", "p", "right", {"n": n})])

        writing = pool.submit(write)
        while not writing.done():
            assert len({item.version for item in store.query("t", "p")}) <= 1
        writing.result()
        assert [item.version for item in store.query("t", "p")] == [60, 60]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "lamp.db")) as store:
        store.put("t", "p", "s", {"n": 1})
        [pages] = store._connection.execute("PRAGMA page_count").fetchone()
        store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreUnavailable, match="full") as caught:
            store.transact([Put("t", "p", "s", {"n": 2}), Put("t", "p", "big", {"x": "x" * 100_000})])
        assert "make room" in caught.value.hint
        assert list(store.query("t", "p")) == [Item("p", "s", {"n": 1}, 1)]
        assert store.put("t", "p", "s", {"n": 3}).version == 2


def test_put_many_lets_others_write_between_chunks(tmp_path: Path) -> None:
    path = tmp_path / "lamp.db"
    with closing(SqliteStore(path)) as one, closing(SqliteStore(path, busy_timeout=0)) as two:

        def writes() -> Iterator[Put]:
            for n in range(1_100):
                if n in {0, 499, 500, 999, 1_000, 1_099}:
                    two.put("t", "seen", f"{n:04}", {"n": sum(1 for _ in two.query("t", "p"))})
                yield Put("t", "p", f"{n:04}", {})

        one.put_many(writes())
        assert [item.data["n"] for item in two.query("t", "seen")] == [0, 0, 500, 500, 1_000, 1_000]


# --- damage


def test_a_sound_file_has_no_problems(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "lamp.db")) as store:
        assert store.integrity() == []
        store.put_many(Put("t", "p", f"{n:03}", {"x": "x" * 100}) for n in range(300))
        assert store.integrity() == []


def test_every_unreadable_item_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lamp.db"
    with closing(SqliteStore(path)) as store:
        store.put_many(Put("t", partition, sort, {}) for partition in "pq" for sort in "abc")
        with closing(sqlite3.connect(path)) as other:
            other.execute("UPDATE items SET data = '{' WHERE sort = 'b'")
            other.execute("UPDATE items SET data = '{\"x\":1.5}' WHERE partition = 'q' AND sort = 'c'")
            other.commit()
        problems = store.integrity()
        assert [problem.split(":")[0] for problem in problems] == ["t/p/b", "t/q/b", "t/q/c"]
        assert "1.5 is a float" in problems[-1]


def test_a_damaged_page_is_a_problem_and_not_an_exception(tmp_path: Path) -> None:
    path = tmp_path / "lamp.db"
    with closing(SqliteStore(path)) as store:
        store.put_many(Put("t", "p", f"{n:03}", {"x": "x" * 100}) for n in range(300))
    content = path.read_bytes()
    path.write_bytes(content[:20_480] + b"\xaa" * 4_096 + content[24_576:])
    with closing(SqliteStore(path)) as store:
        problems = store.integrity()
    assert problems
    assert all("\n" not in problem for problem in problems)


def test_a_backup_made_as_documented_is_a_store(tmp_path: Path) -> None:
    path, copy = tmp_path / "lamp.db", tmp_path / "copy.db"
    with closing(SqliteStore(path)) as store:
        store.put("t", "p", "s", {"n": 1})
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"VACUUM INTO '{copy}'")
        store.put("t", "p", "s", {"n": 2})
    with closing(SqliteStore(copy)) as store:
        assert store.integrity() == []
        assert store.put("t", "p", "s", {"n": 3}, expect=1).version == 2


# --- several processes

COUNTER = """
import sys
from lamplighter.errors import VersionConflict
from lamplighter.store.sqlite import SqliteStore
store = SqliteStore(sys.argv[1], busy_timeout=60)
print("ready", flush=True)
sys.stdin.readline()
conflicts = 0
for _ in range(int(sys.argv[2])):
    while True:
        item = store.get("t", "p", "counter")
        try:
            store.put("t", "p", "counter", {"n": item.data["n"] + 1}, expect=item.version)
            break
        except VersionConflict:
            conflicts += 1
store.close()
print(conflicts, flush=True)
"""


@pytest.mark.slow
def test_two_processes_lose_no_update(tmp_path: Path, child: Spawn) -> None:
    path, times = tmp_path / "lamp.db", 400
    with closing(SqliteStore(path)) as store:
        store.put("t", "p", "counter", {"n": 0})
        processes = [child(COUNTER, path, times) for _ in range(2)]
        assert [process.stdout.readline() for process in processes if process.stdout] == ["ready\n"] * 2
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        assert [process.wait() for process in processes] == [0, 0]
        assert store.get("t", "p", "counter") == Item("p", "counter", {"n": 2 * times}, 2 * times + 1)


WRITER = """
import sys
from lamplighter.store.sqlite import SqliteStore
from lamplighter.store.table import Put
print("ready", flush=True)
store = SqliteStore(sys.argv[1])
n = sum(1 for _ in store.query("t", "written"))
while True:
    store.transact([Put("t", "written", f"{n:06}", {"n": n}), Put("t", "count", "s", {"n": n + 1})])
    print(n, flush=True)
    n += 1
"""


@pytest.mark.slow
def test_a_killed_writer_loses_nothing_it_was_told_is_written(tmp_path: Path, child: Spawn) -> None:
    path = tmp_path / "lamp.db"
    acknowledged = -1
    for lines in [0, 0, 1, 3, 20, 150, 400, 7, 1500, 0, 2, 60]:
        writer = child(WRITER, path)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        for _ in range(lines):
            writer.stdout.readline()
        writer.kill()
        told = [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        writer.wait()
        with closing(SqliteStore(path)) as store:
            written = [item.data["n"] for item in store.query("t", "written")]
            count = store.get("t", "count", "s")
            assert written == list(range(len(written)))
            assert (count.data["n"] if count else 0) == len(written)
            acknowledged = max(acknowledged + lines, *told, -1)
            assert len(written) > acknowledged
            assert store.integrity() == []
            acknowledged = len(written) - 1
    assert acknowledged > 2_000
