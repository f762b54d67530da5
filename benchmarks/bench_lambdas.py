"""Handlers: cold imports against a bare interpreter, what a tick reads, and memory of a pass over 5,000 machines."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from benchmarks.bench_passes import MACHINE

from lamplighter.aws.targets import Target, TargetList
from lamplighter.deploy.handlers import HANDLERS
from lamplighter.scheduler import kept_definitions
from lamplighter.scheduler.messages import Message
from lamplighter.scheduler.tick import tick
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import Item

TIMES, TARGETS, MACHINES = 3, 600, 5_000
YAML = """
periods: {office: {begintime: 08:00, endtime: 18:00}}
schedules: {office: {periods: office}}
"""
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
HERE = Target("111122223333", "eu-west-1")
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
    return [*lines, *_ticks(), *_memory()]


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


def _memory() -> list[str]:
    """In a process of its own: what it had loaded before does not count."""
    found = {}
    for count in (1, MACHINES):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.bench_lambdas", str(count)], check=True, capture_output=True, text=True
        )
        found[count] = json.loads(done.stdout.splitlines()[-1])
    small, large = found[1], found[MACHINES]
    return [
        f"a pass that starts {MACHINES:,} machines: {large['megabytes']:.0f} MB at most, {large['seconds']:.1f} s",
        f"a pass that starts one: {small['megabytes']:.0f} MB",
    ]


class Session:
    """Machines in one target that start at once."""

    target = HERE

    def __init__(self, count: int) -> None:
        self._states = {f"i-{n:017x}": "stopped" for n in range(count)}

    def call(self, _: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        state = "running" if operation == "start_instances" else "stopped"
        self._states.update(dict.fromkeys(params["InstanceIds"], state))
        return {}

    def pages(self, _: str, __: str, ___: str, **params: Any) -> Iterator[Any]:
        wanted = next((set(f["Values"]) for f in params["Filters"] if f["Name"] == "instance-id"), None)
        for id_, state in self._states.items():
            if wanted is None or id_ in wanted:
                yield {"Instances": [{**MACHINE, "InstanceId": id_, "State": {"Name": state}}]}


def _pass(count: int) -> None:
    """One message taken up, as the handler does it, and what the process needed at most."""
    from lamplighter.aws.access import Aws
    from lamplighter.lambdas import passes
    from lamplighter.lambdas.runtime import Runtime
    from lamplighter.resources import registry

    class Cloud:
        region = "eu-west-1"

        def __init__(self) -> None:
            self._session = Session(count)

        def targets(self, *_: object, **__: object) -> TargetList:
            return TargetList((HERE,))

        def session(self, _: Target) -> Session:
            return self._session

        def session_as(self, _: Target, __: None) -> Session:
            return self._session

    class Context:
        aws_request_id = invoked_function_arn = ""

        def get_remaining_time_in_millis(self) -> int:
            return 900_000

    store = MemoryStore()
    text = f"kinds: ec2-instance\n{YAML}"
    kept_definitions.put_files(store, {kept_definitions.FILE: text})
    environ = {"LAMPLIGHTER_QUEUE_URL": "https://queue", "POWERTOOLS_SERVICE_NAME": "passes"}
    with_ = Runtime(environ, clock=lambda: NINE, aws=cast(Aws, Cloud()), store=store)
    body = Message(HERE, "reconcile", NINE).text()
    record = {"messageId": "1", "body": body, "attributes": {}, "eventSource": "aws:sqs"}
    registry.kinds()
    began = time.perf_counter()
    assert passes.answer({"Records": [record]}, Context(), with_) == {"batchItemFailures": []}
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "megabytes": peak}) + os.linesep)


if __name__ == "__main__":
    _pass(int(sys.argv[1]))
