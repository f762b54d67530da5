"""The engines that the contract is held against, and processes to disturb them with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.store.dynamodb_servers import OneByOne, dynalite, empty_store, way

from lamplighter.aws.access import Aws
from lamplighter.estate.control import start_process
from lamplighter.store.dynamodb_layout import Layout
from lamplighter.store.memory import MemoryStore
from lamplighter.store.sqlite import SqliteStore
from lamplighter.store.table import Store

FLAT = Layout("id", "time", flat=True)
Engine = Callable[[pytest.FixtureRequest, Path], Store]

# One more engine is one more entry: a function that opens an empty store. The path is unique, in a folder of the test;
# the request leads to the fixtures an engine may need, for example a server of the session.
ENGINES: dict[str, Engine] = {
    "memory": lambda _request, _path: MemoryStore(),
    "sqlite-memory": lambda _request, _path: SqliteStore(":memory:"),
    "sqlite-file": lambda _request, path: SqliteStore(path),
    # moto's threads look at a condition and write in two steps, so it gets one call at a time; dynalite takes them all.
    "dynamodb-moto": lambda request, _path: empty_store(request.getfixturevalue("on_moto"), wrap=OneByOne),
    "dynamodb-flat": lambda request, _path: empty_store(
        request.getfixturevalue("on_moto"), wrap=OneByOne, layouts=dict.fromkeys(["t", "u", "other"], FLAT)
    ),
    "dynamodb-dynalite": lambda request, _path: empty_store(request.getfixturevalue("on_dynalite")),
}
WIRED = {"dynamodb-moto": 25, "dynamodb-flat": 50, "dynamodb-dynalite": 10}
"""Engines behind a server, and how many times fewer items they get where there are many: a write costs milliseconds."""


@pytest.fixture(scope="session")
def on_moto() -> Iterator[Aws]:
    """DynamoDB as moto plays it, over the wire; in a process of its own, beside the servers of other tests."""
    with start_process() as server, way(server.url) as aws:
        yield aws


@pytest.fixture(scope="session")
def on_dynalite() -> Iterator[Aws]:
    """DynamoDB as dynalite plays it, over the wire. It has no transactions."""
    with dynalite() as url, way(url) as aws:
        yield aws


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow) if name in WIRED else name for name in ENGINES])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens empty stores of one engine after the other engine; closed at the end of the test."""
    opened: list[Store] = []

    def make() -> Store:
        opened.append(ENGINES[request.param](request, tmp_path / f"{len(opened)}.db"))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> int:
    """Tests of many items take so many times fewer of them."""
    return WIRED.get(request.node.callspec.params["new_store"], 1)


@pytest.fixture
def store(new_store: Callable[[], Store]) -> Store:
    """One empty store of every engine in turn."""
    return new_store()


@pytest.fixture
def child() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a Python process with a script, its arguments, and pipes; ended with the test."""
    with ExitStack() as stack:

        def start(script: str, *arguments: object) -> subprocess.Popen[str]:
            command = [sys.executable, "-c", script, *map(str, arguments)]
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            stack.callback(process.kill)
            return process

        yield start
