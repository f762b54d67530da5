"""Databases over the wire: snapshots before stops, and what AWS starts again after seven days."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.rds.models import rds_backends
from tests.scheduler.conftest import configuration, decisions
from tests.scheduler.test_wire import Wire

from lamplighter.aws.access import Aws
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.resources.registry import kinds
from lamplighter.scheduler.passes import World
from lamplighter.store.sqlite import SqliteStore

pytestmark = pytest.mark.slow

NAMES = ("rds-instance", "rds-cluster", "neptune-cluster", "docdb-cluster")
YAML = f"""
targets:
  regions: [{REGION}]
periods:
  office: {{begintime: 08:00, endtime: 18:00, weekdays: mon-fri}}
schedules:
  office: {{periods: office, snapshot_before_stop: true}}
  closed: {{override_status: stopped}}
"""
ALL = ["graph", "orders", "papers", "shop"]
DAY = 24


def tagged(schedule: str) -> list[dict[str, str]]:
    return [{"Key": "Schedule", "Value": schedule}]


@pytest.fixture(scope="module")
def _probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        probe = EstateProbe(server)
        yield probe
        probe.close()


@pytest.fixture
def wire(_probe: EstateProbe, tmp_path: Path) -> Iterator[Wire]:
    _probe.fresh()
    store = SqliteStore(tmp_path / "lamp.db")
    with Aws(region=REGION, environ=_probe.server.environment, retries=0) as aws:
        config = configuration(YAML)
        assert config.problems == ()
        found = {name: kinds()[name] for name in NAMES}
        yield Wire(_probe, World(aws, store, config, found, _probe.control.now))
    store.close()


def build(estate: EstateProbe, schedule: str) -> None:
    """One database of each sort. moto makes no DocumentDB cluster: another is renamed to be one."""
    estate.database("orders", Tags=tagged(schedule))
    estate.cluster("shop", ("shop-a",), Tags=tagged(schedule))
    estate.cluster("graph", ("graph-a",), "neptune", Tags=tagged(schedule))
    estate.cluster("papers", ("papers-a",), "neptune", Tags=tagged(schedule))
    backend = rds_backends[MANAGEMENT][REGION]
    backend.clusters["papers"].engine = backend.databases["papers-a"].engine = "docdb"


def states(estate: EstateProbe) -> set[str]:
    return set(estate.statuses().values())


def snapshots(estate: EstateProbe) -> list[str]:
    rds = estate.client("rds")
    found = [one["DBSnapshotIdentifier"] for one in rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]]
    clusters = rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
    return sorted([*found, *(one["DBClusterSnapshotIdentifier"] for one in clusters)])


def test_snapshots_of_three_evenings(wire: Wire) -> None:
    estate = wire.estate
    build(estate, "office")
    estate.client("rds").create_db_cluster_snapshot(
        DBClusterIdentifier="shop", DBClusterSnapshotIdentifier="lamplighter-shop-20261101-180000"
    )
    wire.run(12)
    for day in range(3):
        report = wire.run(18 + day * DAY)
        assert not report.partial, report
        assert sorted(done.step.resource.id for done in report.targets[0].done if done.waiting) == [
            "graph",
            "papers",
            "shop",
        ]
        assert not wire.run(18.2 + day * DAY).partial
        assert states(estate) == {"stopped"}
        assert decisions(wire.run(18.4 + day * DAY))["shop"][0] == "none"
        wire.run(32 + day * DAY)
        assert states(estate) == {"available"}
    assert snapshots(estate) == [
        "lamplighter-graph-20261125-180000",
        "lamplighter-orders-20261124-180000",
        "lamplighter-orders-20261125-180000",
        "lamplighter-papers-20261125-180000",
        "lamplighter-shop-20261101-180000",
        "lamplighter-shop-20261125-180000",
    ]
    assert wire.journal()[:7] == [
        ("papers", "stop", "waiting"),
        ("graph", "stop", "waiting"),
        ("shop", "stop", "waiting"),
        ("orders", "stop", "done"),
        ("papers", "stop", "done"),
        ("graph", "stop", "done"),
        ("shop", "stop", "done"),
    ]


def test_a_quota_that_is_used_up_holds_the_stop_back(wire: Wire) -> None:
    estate = wire.estate
    build(estate, "office")
    wire.run(12)
    full = {"code": "SnapshotQuotaExceeded", "message": "Cannot create more than 100 manual snapshots", "status": 400}
    estate.control.inject({"service": "rds", "action": "CreateDBClusterSnapshot", "error": full})
    report = wire.run(18)
    assert report.partial
    said = {done.step.resource.id: done.error for done in report.targets[0].done if done.error}
    assert sorted(said) == ["graph", "papers", "shop"]
    assert said["shop"] is not None
    assert "remove manual snapshots that nobody needs" in (said["shop"].hint or "")
    assert estate.statuses()["shop"] == "available"


def test_what_aws_starts_again_is_stopped_again(wire: Wire) -> None:
    estate = wire.estate
    build(estate, "closed")
    wire.run(12)
    wire.run(12.2)
    assert states(estate) == {"stopped"}
    assert snapshots(estate) == []
    for week, hour in ((1, 12.1), (2, 12.3)):
        # Seven days after it was out, which was four minutes after it was asked to stop.
        waits = wire.run(week * 7 * DAY + hour)
        assert {id_: decisions(waits)[id_] for id_ in ALL} == dict.fromkeys(ALL, ("none", "wait"))
        again = wire.run(week * 7 * DAY + hour + 0.1)
        assert {id_: decisions(again)[id_] for id_ in ALL} == dict.fromkeys(ALL, ("stop", "restarted-by-aws"))
        assert states(estate) == {"stopped"}
    assert len(wire.journal()) == 12


def test_a_start_by_hand_is_left_alone_after_a_week_too(wire: Wire) -> None:
    estate = wire.estate
    build(estate, "closed")
    wire.run(12)
    estate.client("rds").start_db_cluster(DBClusterIdentifier="graph")
    wire.run(13)
    assert decisions(wire.run(14 + 7 * DAY))["graph"] == ("none", "unchanged")
    assert estate.statuses()["graph"] == "available"
