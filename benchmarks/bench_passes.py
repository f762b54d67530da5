"""A pass in which 2,000 machines change: against a loop that asks about and starts one after the other."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target, TargetList
from lamplighter.resources.registry import kinds
from lamplighter.scheduler.passes import World, run_pass
from lamplighter.scheduler.settings import load_configuration
from lamplighter.store.sqlite import SqliteStore

TARGETS, EACH, LATENCY, SAMPLE = 10, 200, 0.05, 20
YAML = """
periods: {office: {begintime: 08:00, endtime: 18:00}}
schedules: {office: {periods: office}}
"""
TAGS = [{"Key": "Schedule", "Value": "office"}]


class Cloud:
    """Machines in several targets; every call takes 50 ms."""

    def __init__(self) -> None:
        self.states = {
            Target("111122223333", f"region-{n}"): {f"i-{n:02}{m:015x}": "stopped" for m in range(EACH)}
            for n in range(TARGETS)
        }
        self.calls: Counter[str] = Counter()

    def targets(self, *_: object, **__: object) -> TargetList:
        return TargetList(tuple(self.states))

    def session(self, target: Target) -> Session:
        return Session(target, self)


class Session:
    """Calls in one target."""

    def __init__(self, target: Target, cloud: Cloud) -> None:
        self.target = target
        self._cloud = cloud

    def call(self, _: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        self._wait(operation)
        state = "running" if operation == "start_instances" else "stopped"
        self._cloud.states[self.target].update(dict.fromkeys(params["InstanceIds"], state))
        return {}

    def pages(self, _: str, operation: str, __: str, **params: Any) -> Iterator[Any]:
        self._wait(operation)
        wanted = next((set(f["Values"]) for f in params["Filters"] if f["Name"] == "instance-id"), None)
        for id_, state in self._cloud.states[self.target].items():
            if wanted is None or id_ in wanted:
                yield {"Instances": [{**MACHINE, "InstanceId": id_, "State": {"Name": state}}]}

    def _wait(self, operation: str) -> None:
        self._cloud.calls[operation] += 1
        time.sleep(LATENCY)


MACHINE = {
    "InstanceType": "m5.large",
    "PlatformDetails": "Linux/UNIX",
    "RootDeviceType": "ebs",
    "Architecture": "x86_64",
    "VirtualizationType": "hvm",
    "Tags": TAGS,
}


def run() -> list[str]:
    """Lines to print."""
    config = load_configuration(YAML, name="bench", read_text=lambda _: "")
    machines = {"ec2-instance": kinds()["ec2-instance"]}
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "lamp.sqlite")
        cloud = Cloud()
        for hour, what in ((9, "all are started"), (9, "nothing changes"), (19, "all are stopped")):
            at = datetime(2026, 11, 23, hour, len(lines), tzinfo=UTC)
            world = World(cast(Aws, cloud), store, config, machines, lambda at=at: at)  # type: ignore[misc]
            cloud.calls.clear()
            began = time.perf_counter()
            report = run_pass(world, run=f"bench-{len(lines)}")
            seconds = time.perf_counter() - began
            done = sum(len(target.done) for target in report.targets)
            made = sum(cloud.calls.values())
            per = made / (TARGETS * EACH / 50)
            lines.append(f"{what}: {done:,} changed, {made} calls ({per:.2f} for 50 machines) {seconds:8.2f} s")
            if len(lines) == 1:
                first = seconds
        store.close()
    naive = _naive(Cloud()) / SAMPLE * TARGETS * EACH
    return [
        f"{TARGETS * EACH:,} machines in {TARGETS} targets, {LATENCY * 1000:.0f} ms a call, SQLite, one process:",
        *lines,
        f"one by one (measured on {SAMPLE}, extrapolated) {naive:8.2f} s, {naive / first:.0f} x the pass",
    ]


def _naive(cloud: Cloud) -> float:
    """Ask about each machine, start it, ask again: nothing announced, nothing written down."""
    target = next(iter(cloud.states))
    session = cloud.session(target)
    began = time.perf_counter()
    for id_ in list(cloud.states[target])[:SAMPLE]:
        mine = [{"Name": "instance-id", "Values": [id_]}]
        list(session.pages("ec2", "describe_instances", "Reservations", Filters=mine))
        session.call("ec2", "start_instances", InstanceIds=[id_])
    return time.perf_counter() - began
