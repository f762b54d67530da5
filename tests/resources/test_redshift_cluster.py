from __future__ import annotations

from typing import Any

import pytest
from tests.resources.conftest import HERE, Recorder, tags, warehouse

from lamplighter.aws.targets import Target
from lamplighter.errors import CapacityUnavailable, WrongState
from lamplighter.pricing import PriceBook, PriceKey
from lamplighter.resources.kind import Resource, Search
from lamplighter.resources.redshift_cluster import RedshiftCluster
from lamplighter.schedules.decision import Live

KIND = RedshiftCluster()
KEY = PriceKey("redshift", "eu-west-1", "ra3.xlplus")


def parse(target: Target = HERE, **more: Any) -> Resource:
    [resource] = KIND.discover(Recorder({"describe_clusters": [warehouse(**more)]}, target=target), Search("Schedule"))
    return resource


def test_a_plain_cluster() -> None:
    assert parse(Tags=tags(Schedule="office", Name="numbers")) == Resource(
        kind="redshift-cluster",
        id="dwh",
        arn="arn:aws:redshift:eu-west-1:111122223333:cluster:dwh",
        account="111122223333",
        region="eu-west-1",
        name="numbers",
        tags={"Schedule": "office", "Name": "numbers"},
        schedule="office",
        live=Live.RUNNING,
        state="available",
        instance_type="ra3.xlplus",
        prices=(KEY, KEY),
    )


def test_its_weekly_window() -> None:
    assert parse(PreferredMaintenanceWindow="sun:23:45-mon:00:15").window == "sun:23:45-mon:00:15"
    assert parse().window == ""


def test_other_partitions() -> None:
    assert parse(Target("111122223333", "cn-north-1")).arn == "arn:aws-cn:redshift:cn-north-1:111122223333:cluster:dwh"


@pytest.mark.parametrize(
    ("status", "live"),
    [
        ("available", Live.RUNNING),
        ("pausing", Live.STOPPING),
        ("paused", Live.STOPPED),
        ("resuming", Live.STARTING),
        ("creating", Live.BUSY),
        ("modifying", Live.BUSY),
        ("rebooting", Live.BUSY),
        ("available, prep-for-resize", Live.BUSY),
        ("available, resize-cleanup", Live.BUSY),
        ("storage-full", Live.BUSY),
        ("hardware-failure", Live.BUSY),
        ("final-snapshot", Live.GONE),
        ("deleting", Live.GONE),
    ],
)
def test_states(status: str, live: Live) -> None:
    resource = parse(status=status)
    assert (resource.live, resource.state) == (live, status)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, None),
        ({"NumberOfNodes": 1}, None),
        ({"NodeType": "dc2.large"}, None),
        ({"HsmStatus": {}}, None),
        ({"AutomatedSnapshotRetentionPeriod": 35}, None),
        (
            {"AutomatedSnapshotRetentionPeriod": 0},
            "its automated snapshots are turned off, and Redshift does not pause without them; turn them on",
        ),
        (
            {"HsmStatus": {"HsmConfigurationIdentifier": "vault", "Status": "active"}},
            "it uses a hardware security module, and Redshift does not pause such clusters",
        ),
        (
            {"MultiAZ": "Enabled"},
            "it spans two Availability Zones (Multi-AZ), and Redshift does not pause such clusters",
        ),
        ({"MultiAZ": "true"}, "it spans two Availability Zones (Multi-AZ), and Redshift does not pause such clusters"),
    ],
)
def test_what_redshift_does_not_pause(more: dict[str, Any], words: str | None) -> None:
    assert parse(**more).unsupported == words


@pytest.mark.parametrize(("nodes", "count"), [(1, 1), (16, 16), (0, 0), (None, 0)])
def test_every_node_has_its_price(nodes: int | None, count: int) -> None:
    assert parse(NumberOfNodes=nodes).prices == (KEY,) * count


def test_nodes_of_two_zones_are_not_guessed() -> None:
    assert parse(MultiAZ="Enabled").prices == ()


def test_its_prices_are_in_the_book() -> None:
    hourly = PriceBook.bundled().hourly(KEY)
    assert hourly is not None
    assert hourly.amount > 1


@pytest.mark.parametrize("missing", ["Tags", "MultiAZ", "AutomatedSnapshotRetentionPeriod", "VpcId", "NumberOfNodes"])
def test_what_aws_may_leave_out(missing: str) -> None:
    answer = warehouse()
    del answer[missing]
    [resource] = KIND.discover(
        Recorder({"describe_clusters": [answer]}), Search("Schedule", ids=frozenset({"dwh", "other"}))
    )
    assert (resource.live, resource.unsupported) == (Live.RUNNING, None)


@pytest.mark.parametrize(
    ("search", "params", "found"),
    [
        (Search("Schedule"), {"TagKeys": ["Schedule"]}, ["a", "b"]),
        (Search("Schedule", frozenset({"lab"})), {"TagKeys": ["Schedule"]}, ["b"]),
        (Search("Schedule", ids=frozenset({"c"})), {}, ["c"]),
    ],
)
def test_aws_filters_by_the_tag(search: Search, params: dict[str, Any], found: list[str]) -> None:
    session = Recorder(
        {"describe_clusters": [warehouse("a"), warehouse("b", Tags=tags(Schedule="lab")), warehouse("c", Tags=[])]}
    )
    assert [resource.id for resource in KIND.discover(session, search)] == found
    assert session.asked == [("redshift", "describe_clusters", params)]


@pytest.mark.parametrize(
    ("act", "operation", "error"), [("start", "resume", CapacityUnavailable), ("stop", "pause", WrongState)]
)
def test_one_call_each_and_a_failure_is_its_own(act: str, operation: str, error: type[Exception]) -> None:
    def answer(_operation: str, **params: Any) -> dict[str, Any]:
        if params["ClusterIdentifier"] == "b":
            raise error("no recently available backup was found")
        return {}

    session = Recorder(answer=answer)
    results = getattr(KIND, act)(session, [parse(name=name) for name in "abc"])
    assert {result.id: type(result.error) for result in results} == {"a": type(None), "b": error, "c": type(None)}
    assert session.asked == [("redshift", f"{operation}_cluster", {"ClusterIdentifier": name}) for name in "abc"]
