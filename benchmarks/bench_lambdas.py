"""Handlers: cold imports against a bare interpreter, and what a tick reads; their memory is in `bench_memory`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from lamplighter.aws.targets import Target, TargetList
from lamplighter.deploy.handlers import HANDLERS
from lamplighter.scheduler import kept_definitions
from lamplighter.scheduler.messages import Message
from lamplighter.scheduler.tick import tick
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import Item

TIMES, TARGETS = 3, 600
YAML = """
periods: {office: {begintime: 08:00, endtime: 18:00}}
schedules: {office: {periods: office}}
"""
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
SERVICES = (
    "lamplighter.scheduler.take, lamplighter.scheduler.kept_definitions, lamplighter.aws.access, "
    "lamplighter.alerts, aws_lambda_powertools.utilities.batch"
)


def run() -> list[str]:
    """Lines to print."""
    bare = _seconds("pass")
    lines = [f"bare interpreter {bare:8.2f} s; cold import of each handler, median of {TIMES}:"]
    for name in HANDLERS:
        seconds = _seconds(f"import lamplighter.lambdas.{name}")
        lines.append(f"{name:<16} {seconds:8.2f} s, {seconds / bare:5.1f} x")
    first = _seconds(f"import {SERVICES}")
    lines.append(f"what a first pass loads besides {first:8.2f} s, {first / bare:5.1f} x")
    return [*lines, *_ticks()]


def _seconds(code: str) -> float:
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        found.append(time.perf_counter() - began)
    return statistics.median(found)


class Counted(MemoryStore):
    """Counts the items that are read."""

    read = 0

    def get(self, table: str, partition: str, sort: str) -> Item | None:
        self.read += 1
        return super().get(table, partition, sort)

    def query(self, *args: Any, **options: Any) -> Iterator[Item]:
        for item in super().query(*args, **options):
            self.read += 1
            yield item


def _ticks() -> list[str]:
    store = Counted()
    sent: list[Message] = []
    kept_definitions.put_files(store, {kept_definitions.FILE: YAML})
    targets = TargetList(tuple(Target(f"{n:012}", "eu-west-1") for n in range(TARGETS)))
    lines = []
    for at, what in ((NINE, "everything is due"), (NINE + timedelta(minutes=9), "nothing is due")):
        store.read = 0
        sent.clear()
        began = time.perf_counter()
        done = tick(
            store,
            at,
            config=lambda: kept_definitions.configuration(kept_definitions.read(store), {}, lambda name: name),
            resolve=lambda _: targets,
            send=sent.extend,
        )
        seconds = time.perf_counter() - began
        for target in targets.targets:
            store.put("clock", "roster", target.key, {"schedules": ["office"], "watch": False})
        lines.append(f"{what}: {store.read} items read, {len(done.messages)} messages {seconds * 1000:8.1f} ms")
    return [f"a tick over {TARGETS} targets:", *lines]
