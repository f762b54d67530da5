"""What the store costs beside bare sqlite3 that writes the same rows with the same durability."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from lamplighter.store.sqlite import SqliteStore
from lamplighter.store.table import JSON, Put

WRITES = 2_000
BATCH = 50
GETS = 20_000
ROUNDS = 3
QUERY_ITEMS = 10_000
DATA: dict[str, JSON] = {
    "state": "running",
    "reason": "inside period office-hours of schedule berlin",
    "until": "2026-03-02T17:00:00+00:00",
}

SCHEMA = (
    "CREATE TABLE rows (tbl TEXT, partition TEXT, sort TEXT, version INTEGER, data TEXT,"
    " PRIMARY KEY (tbl, partition, sort)) WITHOUT ROWID"
)
INSERT = "INSERT OR REPLACE INTO rows VALUES ('t', ?, ?, 1, ?)"
UPDATE = (
    "UPDATE rows SET version = version + 1, data = ? WHERE tbl = 't' AND partition = ? AND sort = ? AND version = ?"
)
SELECT = "SELECT data, version FROM rows WHERE tbl = 't' AND partition = ? AND sort = ?"
RANGE = "SELECT sort, data, version FROM rows WHERE tbl = 't' AND partition = ? ORDER BY sort"

KEYS = [(f"111122223333/eu-west-{n % 4}", f"i-{n:017x}") for n in range(WRITES)]


def bare_connection(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(SCHEMA)
    return connection


def seconds(work: Callable[[], None]) -> float:
    begun = perf_counter()
    work()
    return perf_counter() - begun


def bare(connection: sqlite3.Connection) -> dict[str, float]:
    def puts() -> None:
        for key in KEYS:
            connection.execute(INSERT, (*key, json.dumps(DATA)))

    def conditional_puts() -> None:
        for key in KEYS:
            connection.execute(UPDATE, (json.dumps(DATA), *key, 1))

    def transactions() -> None:
        for start in range(0, WRITES, BATCH):
            connection.execute("BEGIN IMMEDIATE")
            for key in KEYS[start : start + BATCH]:
                connection.execute(INSERT, (*key, json.dumps(DATA)))
            connection.execute("COMMIT")

    def gets() -> None:
        for n in range(GETS):
            json.loads(connection.execute(SELECT, KEYS[n % WRITES]).fetchone()[0])

    def query() -> None:
        assert len([json.loads(row[1]) for row in connection.execute(RANGE, ("many",))]) == QUERY_ITEMS

    taken = {"put": seconds(puts), "conditional put": seconds(conditional_puts)}
    taken |= {f"write in transactions of {BATCH}": seconds(transactions), "get": seconds(gets)}
    connection.execute("BEGIN")
    connection.executemany(INSERT, (("many", f"{n:06}", json.dumps(DATA)) for n in range(QUERY_ITEMS)))
    connection.execute("COMMIT")
    return taken | {"item of a query": seconds(query)}


def ours(store: SqliteStore) -> dict[str, float]:
    def puts() -> None:
        for key in KEYS:
            store.put("t", *key, DATA)

    def conditional_puts() -> None:
        for key in KEYS:
            store.put("t", *key, DATA, expect=1)

    def transactions() -> None:
        for start in range(0, WRITES, BATCH):
            store.transact([Put("t", *key, DATA) for key in KEYS[start : start + BATCH]])

    def gets() -> None:
        for n in range(GETS):
            store.get("t", *KEYS[n % WRITES])

    def query() -> None:
        assert len(list(store.query("t", "many"))) == QUERY_ITEMS

    taken = {"put": seconds(puts), "conditional put": seconds(conditional_puts)}
    taken |= {f"write in transactions of {BATCH}": seconds(transactions), "get": seconds(gets)}
    store.put_many(Put("t", "many", f"{n:06}", DATA) for n in range(QUERY_ITEMS))
    return taken | {"item of a query": seconds(query)}


def run() -> list[str]:
    """One line an operation: best rate of three rounds, and the rate of bare sqlite3."""
    rounds: list[tuple[dict[str, float], dict[str, float]]] = []
    for _ in range(ROUNDS):
        with TemporaryDirectory() as folder:
            with closing(SqliteStore(Path(folder, "lamp.db"))) as store:
                mine = ours(store)
            with closing(bare_connection(Path(folder, "bare.db"))) as connection:
                rounds.append((mine, bare(connection)))
    lines = []
    for name in rounds[0][0]:
        count = {"get": GETS, "item of a query": QUERY_ITEMS}.get(name, WRITES)
        mine_best, bare_best = (min(taken[side][name] for taken in rounds) for side in (0, 1))
        lines.append(
            f"{name:<28} {count / mine_best:>9,.0f}/s   bare sqlite3 {count / bare_best:>9,.0f}/s"
            f"   {mine_best / bare_best:.2f} times its time"
        )
    return lines
