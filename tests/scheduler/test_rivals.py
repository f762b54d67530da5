"""Passes at the same time, in threads and in processes, and processes that are killed for real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from threading import Barrier, Thread
from typing import Any, cast

import pytest
from tests.scheduler.conftest import HERE, KINDS, MONDAY, Clock, Cloud, Stage, configuration

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target, TargetList
from lamplighter.errors import VersionConflict
from lamplighter.scheduler.passes import LEASE, PassReport, World, run_pass
from lamplighter.store import journal
from lamplighter.store.sqlite import SqliteStore
from lamplighter.store.table import NEW, Put

ROOT = Path(__file__).parents[2]
EVERY_OTHER_HOUR = """
periods:
  even: {times: ["00:00-01:00", "02:00-03:00", "04:00-05:00", "06:00-07:00", "08:00-09:00", "10:00-11:00",
                 "12:00-13:00", "14:00-15:00", "16:00-17:00", "18:00-19:00", "20:00-21:00", "22:00-23:00"]}
schedules:
  even: {periods: even, retain_running: true}
"""
PLACES = tuple(
    Target(account, region) for account in ("111122223333", "444455556666") for region in ("eu-west-1", "us-east-1")
)


def test_while_one_pass_works_another_does_nothing_there() -> None:
    stage = Stage(cloud=Cloud(HERE))
    id_ = stage.cloud.instance()
    stage.clock.at(8)
    rivals: list[PassReport] = []

    def meanwhile(_target: object, operation: str, _ids: object) -> None:
        if not rivals:
            rivals.append(cast(PassReport, None))
            calls = len(stage.cloud.calls)
            rivals[0] = run_pass(stage.world, run=f"rival-{operation}")
            assert len(stage.cloud.calls) == calls

    stage.cloud.after = meanwhile
    report = stage.run()
    assert not report.partial
    assert "another pass is at work here" in str(rivals[0].targets[0].error)
    assert stage.journal() == [(id_, "start", "done")]


@pytest.mark.parametrize("round_", range(5))
def test_threads_share_the_targets(round_: int) -> None:
    stage = Stage(cloud=Cloud(*(Target("111122223333", f"eu-west-{n}") for n in range(1, 9)), quick=True))
    ids = [stage.cloud.instance(at=target) for target in stage.cloud.targets for _ in range(3)]
    stage.clock.at(8)
    reports: list[PassReport] = []
    start = Barrier(3)

    def work(name: str) -> None:
        start.wait()
        reports.append(run_pass(stage.world, run=name))

    threads = [Thread(target=work, args=(f"rival-{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert stage.cloud.wasted == []
    assert Counter(effect.id for effect in stage.cloud.effects) == dict.fromkeys(ids, 1)
    done = [entry for target in stage.cloud.targets for entry in stage.journal(target)]
    assert sorted(done) == sorted((id_, "start", "done") for id_ in ids)
    for report in reports:
        for target in report.targets:
            assert target.error is None or "another pass is at work here" in str(target.error)
    acted = Counter(done.step.resource.id for report in reports for target in report.targets for done in target.done)
    assert acted == dict.fromkeys(ids, 1)
    assert stage.intents() == []


class FileAws:
    """An AWS in a file: what reached it survives whatever happens to the process that called."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(path)

    def targets(self, *_: object, **__: object) -> TargetList:
        return TargetList(PLACES)

    def session(self, target: Target) -> FileSession:
        return FileSession(target, self.store)


class FileSession:
    """Instances only; a start or stop takes effect at once, one instance after the other."""

    def __init__(self, target: Target, store: SqliteStore) -> None:
        self.target = target
        self._store = store

    def call(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        action = operation.partition("_")[0]
        for id_ in cast(Sequence[str], params["InstanceIds"]):
            while not self._move(id_, action, "running" if action == "start" else "stopped"):
                pass
        return {}

    def _move(self, id_: str, action: str, state: str) -> bool:
        item = self._store.get("things", self.target.key, id_)
        assert item is not None
        effect = {"id": id_, "action": action, "met": item.data["state"]}
        serial = f"{item.version:09}-{id_}-{time.monotonic_ns()}-{os.getpid()}"
        try:
            self._store.transact(
                [
                    Put("things", self.target.key, id_, {"state": state}, item.version),
                    Put("effects", self.target.key, serial, dict(effect), NEW),
                ]
            )
        except VersionConflict:
            return False
        return True

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        for item in self._store.query("things", self.target.key) if service == "ec2" else ():
            tags = [{"Key": "Schedule", "Value": "even"}]
            instance = {"InstanceId": item.sort, "State": {"Name": item.data["state"]}, "Tags": tags}
            yield {"Instances": [{**instance, "InstanceType": "m5.large"}]}


def one_pass(folder: Path, at: datetime, name: str) -> None:
    """What a process does: open, one pass, end."""
    aws = FileAws(folder / "aws.db")
    store = SqliteStore(folder / "lamp.db", busy_timeout=30)
    found = {"ec2-instance": KINDS["ec2-instance"]}
    run_pass(World(cast(Aws, aws), store, configuration(EVERY_OTHER_HOUR), found, Clock(at)), run=name)
    store.close()


def fork_pass(folder: Path, at: datetime, name: str) -> int:
    """A process of its own that makes one pass."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            one_pass(folder, at, name)
            code = 0
        finally:
            os._exit(code)
    return child


def kill_at_random(folder: Path, rounds: int) -> None:
    """Rounds of: a pass killed at a random moment, perhaps another, then one that is left in peace."""
    random, died = Random(7), 0
    began = time.monotonic()
    os.waitpid(fork_pass(folder, MONDAY, "warm"), 0)
    usual = time.monotonic() - began
    for number in range(1, rounds):
        at = MONDAY + timedelta(hours=number)
        for attempt in range(random.choice((1, 1, 2))):
            child = fork_pass(folder, at + attempt * LEASE, f"killed-{number}-{attempt}")
            time.sleep(random.random() * usual * 1.2)
            os.kill(child, signal.SIGKILL)
            died += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        _, status = os.waitpid(fork_pass(folder, at + 2 * LEASE, f"left-{number}"), 0)
        assert status == 0
    sys.stdout.write(f"{died}\n")


def all_at_once(folder: Path, rounds: int) -> None:
    """Rounds of four passes at the same time; then one more, for the targets that were held."""
    for number in range(rounds):
        at = MONDAY + timedelta(hours=number)
        children = [fork_pass(folder, at, f"rival-{number}-{n}") for n in range(4)]
        assert all(os.waitpid(child, 0)[1] == 0 for child in children)
    sys.stdout.write("0\n")


def play(work: str, folder: Path, rounds: int) -> int:
    """Run one of the two above in a fresh process; how many passes were killed."""
    aws = SqliteStore(folder / "aws.db")
    for target in PLACES:
        aws.put_many(Put("things", target.key, f"i-{n:017x}", {"state": "stopped"}) for n in range(10))
    aws.close()
    code = f"from tests.scheduler.test_rivals import *; {work}(Path({str(folder)!r}), {rounds})"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return int(found.stdout)


def check(folder: Path, rounds: int) -> None:
    """Every change of the schedule was made once, and the journal tells of each once."""
    aws, store = SqliteStore(folder / "aws.db"), SqliteStore(folder / "lamp.db")
    last = "running" if (rounds - 1) % 2 == 0 else "stopped"
    for target in PLACES:
        changes: dict[str, list[str]] = defaultdict(list)
        for item in aws.query("effects", target.key):
            assert item.data["met"] == ("stopped" if item.data["action"] == "start" else "running")
            changes[str(item.data["id"])].append(str(item.data["action"]))
        expected = [["start", "stop"][n % 2] for n in range(rounds)]
        assert changes == {f"i-{n:017x}": expected for n in range(10)}
        done: dict[str, list[str]] = defaultdict(list)
        for entry in journal.read(store, target.key):
            if entry.action != journal.SEEN and entry.outcome in (journal.DONE, journal.FOUND):
                done[entry.resource.partition("/")[2]].append(entry.action)
        assert done == changes
        assert {str(item.data["state"]) for item in aws.query("things", target.key)} == {last}
        assert {str(item.data["stored"]) for item in store.query("state", target.key)} == {last}
        assert list(store.query("intents", target.key)) == []
    assert store.integrity() == []
    aws.close()
    store.close()


@pytest.mark.slow
def test_processes_killed_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    died = play("kill_at_random", tmp_path, 40)
    assert died > 0
    check(tmp_path, 40)


@pytest.mark.slow
def test_processes_at_once_do_nothing_twice(tmp_path: Path) -> None:
    play("all_at_once", tmp_path, 8)
    check(tmp_path, 8)
