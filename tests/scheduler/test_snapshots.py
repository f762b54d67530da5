"""Snapshots before stops over passes: one for each stop, whatever dies in between, and never none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from tests.scheduler.conftest import MONDAY, Cloud, FakeAws, FakeSession, Stage

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target
from lamplighter.errors import AwsError, OutcomeUnknown, WrongState
from lamplighter.resources.registry import kinds
from lamplighter.scheduler.snapshots import LASTS, keep_snapshot, snapshot_for
from lamplighter.schedules.decision import Action, Decision, Memory, Stored

YAML = """
version: 1
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
schedules:
  office: {periods: office, snapshot_before_stop: true}
  plain: {periods: office}
  strict: {periods: office, snapshot_before_stop: true, enforced: true}
"""
SIX = MONDAY + timedelta(hours=18)


class SnapshotSession(FakeSession):
    """The double, with snapshots: `snapshots` holds (sort, status, tags) by name, in the order they were made."""

    def __init__(self, target: Target, cloud: SnapshotCloud) -> None:
        super().__init__(target, cloud)
        self._snaps = cloud

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        snaps = self._snaps.snapshots
        name = params.get("DBClusterSnapshotIdentifier") or params.get("DBSnapshotIdentifier") or ""
        if operation == "stop_db_instance" and name:
            self._refuse(name)
            super().call(service, operation, DBInstanceIdentifier=params["DBInstanceIdentifier"])
            snaps[name] = (params["DBInstanceIdentifier"], "creating", {})
            return {}
        if "snapshot" not in operation and "tags" not in operation:
            return super().call(service, operation, **params)
        self._enter(operation, (name,))
        if operation == "create_db_cluster_snapshot":
            self._refuse(name)
            self._snaps.made.append(name)
            snaps[name] = (params["DBClusterIdentifier"], "creating", {p["Key"]: p["Value"] for p in params["Tags"]})
        elif operation == "add_tags_to_resource":
            name = params["ResourceName"].rpartition(":")[2]
            snaps[name] = (*snaps[name][:2], {p["Key"]: p["Value"] for p in params["Tags"]})
        elif operation.startswith("delete_"):
            snaps.pop(name)
        self._snaps.fewest = min(self._snaps.fewest, self._snaps.there())
        self._leave(operation, (name,))
        return {}

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        if "snapshot" not in operation:
            yield from super().pages(service, operation, key, **params)
            return
        self._enter(operation, ())
        of = params.get("DBClusterIdentifier") or params.get("DBInstanceIdentifier")
        sort = "DBClusterSnapshot" if "cluster" in operation else "DBSnapshot"
        found = [
            {
                f"{sort}Identifier": name,
                "Status": status,
                "TagList": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
            for name, (whose, status, tags) in self._snaps.snapshots.items()
            if whose == of
        ]
        self._leave(operation, ())
        yield from found

    def _refuse(self, name: str) -> None:
        if name in self._snaps.snapshots:
            raise AwsError("it exists", code="DBSnapshotAlreadyExists")
        if self._snaps.full:
            raise AwsError("100 snapshots are all there may be", code="SnapshotQuotaExceeded")


class SnapshotCloud(Cloud):
    def __init__(self) -> None:
        super().__init__()
        self.snapshots: dict[str, tuple[str, str, dict[str, str]]] = {}
        self.made: list[str] = []
        self.full = False
        self.fewest = 99

    def there(self) -> int:
        """How many snapshots are there to restore from."""
        return sum(status == "available" for _, status, _ in self.snapshots.values())

    def finish_snapshots(self) -> None:
        for name, (whose, _, tags) in list(self.snapshots.items()):
            self.snapshots[name] = (whose, "available", tags)


class SnapshotAws(FakeAws):
    def session(self, target: Target) -> FakeSession:
        return SnapshotSession(target, cast(SnapshotCloud, self.cloud))


class Night(Stage):
    """A stage whose cloud has snapshots."""

    def __init__(self) -> None:
        self.snaps = SnapshotCloud()
        super().__init__(YAML, cloud=self.snaps)
        self.world = replace(self.world, aws=cast(Aws, SnapshotAws(self.snaps)))


@pytest.fixture
def night() -> Night:
    """A cluster and a database that are lit at noon."""
    return lit()


def lit() -> Night:
    stage = Night()
    stage.cloud.cluster("shop", "office", state="available")
    stage.cloud.database("orders", "office", state="available")
    stage.run(12)
    stage.cloud.effects.clear()
    return stage


# --- which snapshot --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "at", "expected"),
    [
        ("", SIX, "20261123-180000"),
        ("20261123-180000", SIX + timedelta(minutes=5), "20261123-180000"),
        ("20261123-180000", SIX + LASTS - timedelta(seconds=1), "20261123-180000"),
        ("20261123-180000", SIX + LASTS, "20261124-000000"),
    ],
)
def test_every_attempt_asks_for_the_same_for_some_hours(memory: str, at: datetime, expected: str) -> None:
    decision = Decision(Action.STOP, Stored.STOPPED, "", "schedule", memory=Memory(snapshot=memory))
    schedule = lit().world.config.loaded.schedules["office"]
    assert snapshot_for(decision, schedule, kinds()["rds-cluster"], at) == expected


def test_when_none_is_taken() -> None:
    schedules = lit().world.config.loaded.schedules
    stop = Decision(Action.STOP, Stored.STOPPED, "", "schedule")
    office, cluster = schedules["office"], kinds()["rds-cluster"]
    assert snapshot_for(stop, office, cluster, SIX)
    assert snapshot_for(stop._replace(action=Action.START), office, cluster, SIX) == ""
    assert snapshot_for(stop._replace(action=Action.NONE), office, cluster, SIX) == ""
    assert snapshot_for(stop, schedules["plain"], cluster, SIX) == ""
    assert snapshot_for(stop, None, cluster, SIX) == ""
    assert snapshot_for(stop, office, kinds()["ec2-instance"], SIX) == ""
    assert snapshot_for(stop, office, None, SIX) == ""


def test_it_is_forgotten_with_the_stop() -> None:
    memory = Memory(snapshot="20261123-180000", window="w")
    decision = Decision(Action.NONE, Stored.RUNNING, "", "wait")
    assert keep_snapshot(memory, decision._replace(put_off=Action.STOP)) == memory
    assert keep_snapshot(memory, decision._replace(put_off=Action.START)) == Memory(window="w")
    for action in Action:
        assert keep_snapshot(memory, decision._replace(action=action)) == Memory(window="w")


# --- passes ----------------------------------------------------------------------------------------


def test_an_evening(night: Night) -> None:
    report = night.run(18)
    [cluster, instance] = report.targets[0].done
    assert (cluster.waiting, cluster.note) == (
        True,
        "its snapshot lamplighter-shop-20261123-180000 is being made first",
    )
    assert (instance.waiting, instance.note) == (False, "snapshot lamplighter-orders-20261123-180000")
    assert cluster.step.decision.reason == "no period is on, with a snapshot"
    assert (night.cloud.state("shop"), night.cloud.state("orders")) == ("available", "stopped")
    night.run(18, 5)
    assert night.stored("shop") == "running"
    night.snaps.finish_snapshots()
    night.run(18, 10)
    assert night.cloud.state("shop") == "stopped"
    assert set(night.snaps.snapshots) == {"lamplighter-orders-20261123-180000", "lamplighter-shop-20261123-180000"}
    night.snaps.full = False
    night.run(18, 15)
    night.snaps.finish_snapshots()
    night.run(18, 20)
    assert (night.cloud.state("shop"), night.cloud.state("orders")) == ("stopped", "stopped")
    assert night.snaps.made == ["lamplighter-shop-20261123-180000"]


def test_a_lost_answer_to_the_creation_makes_no_second_one(night: Night) -> None:
    lost = OutcomeUnknown("lost")
    night.cloud.after = lambda _target, operation, _ids: lost if operation == "create_db_cluster_snapshot" else None
    night.run(18)
    night.cloud.after = lambda *_: None
    night.snaps.finish_snapshots()
    night.run(18, 5)
    assert night.cloud.state("shop") == "stopped"
    assert night.snaps.made == ["lamplighter-shop-20261123-180000"]


def test_a_stop_refused_after_the_snapshot_uses_it_at_the_next_attempt(night: Night) -> None:
    night.run(18)
    night.snaps.finish_snapshots()
    night.cloud.before = lambda _target, operation, _ids: WrongState("no") if operation == "stop_db_cluster" else None
    night.run(18, 5)
    assert night.stored("shop") == "stop_failed"
    night.cloud.before = lambda *_: None
    night.run(18, 10)
    assert night.cloud.state("shop") == "stopped"
    assert night.snaps.made == ["lamplighter-shop-20261123-180000"]


@pytest.mark.parametrize("earlier", [0, 1], ids=["asking", "stopping"])
@pytest.mark.slow
def test_a_pass_that_dies_anywhere_makes_one_snapshot_and_one_stop(earlier: int) -> None:
    """Killed at every moment of the pass that asks for the snapshot, and of the one that stops."""
    deaths = 0
    while True:
        stage = lit()
        if earlier:
            stage.run(18)
            stage.snaps.finish_snapshots()
        stage.clock.at(18, 5)
        killed = stage.kill(deaths + 1)
        stage.cloud.settle()
        for minute in (15, 20, 25):
            stage.snaps.finish_snapshots()
            stage.run(18, minute)
        assert (stage.cloud.state("shop"), stage.cloud.state("orders")) == ("stopped", "stopped"), deaths
        assert sorted(effect.id for effect in stage.cloud.effects) == ["orders", "shop"], deaths
        assert stage.cloud.wasted == []
        assert len(stage.snaps.made) == 1, (deaths, stage.snaps.made)
        assert stage.intents() == []
        assert (stage.stored("shop"), stage.stored("orders")) == ("stopped", "stopped")
        if not killed:
            break
        deaths += 1
    assert deaths > 30


def test_a_resource_never_seen_before_is_treated_alike() -> None:
    stage = Night()
    stage.cloud.cluster("shop", "office", state="available")
    stage.clock.at(18)
    stage.kill_after("create_db_cluster_snapshot")
    stage.snaps.finish_snapshots()
    stage.run(18, 10)
    assert (stage.cloud.state("shop"), stage.stored("shop")) == ("stopped", "stopped")
    assert len(stage.snaps.made) == 1
