from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.resources.conftest import Recorder, cluster, database, tags

from lamplighter.errors import WrongState
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import PriceKey
from lamplighter.resources.kind import Resource, Search
from lamplighter.resources.rds_cluster import RdsCluster
from lamplighter.schedules.decision import Live

KIND = RdsCluster()


def member(name: str, of: str, class_: str = "db.r6g.large") -> dict[str, Any]:
    return database(name, DBClusterIdentifier=of, DBInstanceClass=class_, TagList=[])


def parse(members: Sequence[dict[str, Any]] = (), **more: Any) -> Resource:
    session = Recorder({"describe_db_clusters": [cluster(**more)], "describe_db_instances": list(members)})
    [resource] = KIND.discover(session, Search("Schedule"))
    return resource


def test_an_aurora_cluster_is_priced_by_its_members() -> None:
    members = [member("shop-a", "shop"), member("shop-b", "shop", "db.r6g.xlarge"), member("x", "other")]
    assert parse(members) == Resource(
        kind="rds-cluster",
        id="shop",
        arn="arn:aws:rds:eu-west-1:111122223333:cluster:shop",
        account="111122223333",
        region="eu-west-1",
        name="shop",
        tags={"Schedule": "office"},
        schedule="office",
        live=Live.RUNNING,
        state="available",
        instance_type="db.r6g.large, db.r6g.xlarge",
        prices=(
            PriceKey("rds", "eu-west-1", "db.r6g.large", engine="aurora-mysql", deployment="single-az"),
            PriceKey("rds", "eu-west-1", "db.r6g.xlarge", engine="aurora-mysql", deployment="single-az"),
        ),
    )


def test_its_weekly_window() -> None:
    assert parse(PreferredMaintenanceWindow="sun:23:45-mon:00:15").window == "sun:23:45-mon:00:15"
    assert parse().window == ""


def test_two_members_of_a_class_are_paid_twice() -> None:
    assert len(parse([member("shop-a", "shop"), member("shop-b", "shop")]).prices) == 2


def test_a_cluster_without_members_has_no_known_price() -> None:
    assert parse().prices == ()


def test_a_multi_az_cluster_is_priced_as_a_whole() -> None:
    members = [member(name, "shop", "db.m6gd.large") for name in ("a", "b", "c")]
    resource = parse(members, Engine="postgres", DBClusterInstanceClass="db.m6gd.large")
    assert resource.prices == (
        PriceKey("rds", "eu-west-1", "db.m6gd.large", engine="postgres", deployment="multi-az-cluster"),
    )
    assert parse(members, Engine="mysql").prices == ()


def test_serverless_members_have_no_price_an_hour() -> None:
    resource = parse([member("shop-a", "shop", "db.serverless")], ServerlessV2ScalingConfiguration={"MinCapacity": 0.5})
    assert PriceBook.bundled().find(resource.prices[0]) is None


def test_when_it_restarts_by_itself() -> None:
    soon = datetime(2026, 11, 30, 18, 5, tzinfo=UTC)
    assert parse(status="stopped", AutomaticRestartTime=soon).restarts_at == soon
    assert parse().restarts_at is None
    assert KIND.restarts_after == timedelta(days=7)


@pytest.mark.parametrize("engine", ["neptune", "docdb"])
def test_clusters_of_other_services_are_passed_over(engine: str) -> None:
    session = Recorder({"describe_db_clusters": [cluster(Engine=engine)]})
    assert list(KIND.discover(session, Search("Schedule"))) == []
    assert session.operations == ["describe_db_clusters"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"EngineMode": "serverless"}, "its engine mode is serverless, which RDS does not stop"),
        ({"EngineMode": "parallelquery"}, "its engine mode is parallelquery, which RDS does not stop"),
        ({"EngineMode": "multimaster"}, "its engine mode is multimaster, which RDS does not stop"),
        ({"EngineMode": "global"}, "its engine mode is global, which RDS does not stop"),
        ({"GlobalClusterIdentifier": "world"}, "it belongs to a global database, which RDS does not stop"),
        ({"GlobalWriteForwardingRequested": True}, "it belongs to a global database, which RDS does not stop"),
        (
            {"ReplicationSourceIdentifier": "arn:aws:rds:us-east-1:111122223333:cluster:main"},
            "it replicates arn:aws:rds:us-east-1:111122223333:cluster:main, and RDS does not stop replicas",
        ),
        ({"EngineMode": "provisioned", "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5}}, None),
        ({"GlobalWriteForwardingRequested": False}, None),
        (
            {"ReadReplicaIdentifiers": ["arn:aws:rds:us-east-1:111122223333:cluster:far"]},
            (
                "it has replicas in other Regions (arn:aws:rds:us-east-1:111122223333:cluster:far), "
                "and RDS does not stop their source"
            ),
        ),
        ({"Engine": "aurora-postgresql"}, None),
        ({"Engine": "aurora"}, None),
        ({"Engine": "postgres"}, "it is a Multi-AZ DB cluster (postgres), and RDS does not stop those"),
        ({"Engine": "mysql"}, "it is a Multi-AZ DB cluster (mysql), and RDS does not stop those"),
    ],
)
def test_what_rds_does_not_stop(more: dict[str, Any], words: str | None) -> None:
    assert parse(**more).unsupported == words


def test_an_answer_without_an_engine_mode_is_provisioned() -> None:
    answer = cluster()
    del answer["EngineMode"]
    [resource] = KIND.discover(Recorder({"describe_db_clusters": [answer]}), Search("Schedule"))
    assert resource.unsupported is None


def test_members_are_asked_for_by_cluster_fifty_at_a_time() -> None:
    names = [f"c{n:03}" for n in range(120)]
    session = Recorder(
        {"describe_db_clusters": [cluster(name) for name in names], "describe_db_instances": [member("a", "c007")]}
    )
    found = list(KIND.discover(session, Search("Schedule")))
    assert [resource.id for resource in found] == names
    asked = [params["Filters"] for _, operation, params in session.asked if operation == "describe_db_instances"]
    assert [[each["Name"] for each in filters] for filters in asked] == [["db-cluster-id"]] * 3
    assert [name for filters in asked for name in filters[0]["Values"]] == names


def test_only_wanted_clusters_are_looked_into() -> None:
    pages = [cluster(), cluster("lab", TagList=tags(Schedule="lab")), cluster("plain", TagList=[])]
    session = Recorder({"describe_db_clusters": pages})
    assert [r.id for r in KIND.discover(session, Search("Schedule", frozenset({"lab"})))] == ["lab"]
    assert session.asked[-1][2]["Filters"][0]["Values"] == ["lab"]


def test_one_call_each_and_failures_isolated() -> None:
    resources = [parse(name=name) for name in ("a", "b")]

    def answer(_operation: str, **params: Any) -> dict[str, Any]:
        if params["DBClusterIdentifier"] == "a":
            raise WrongState("InvalidDBClusterStateFault")
        return {}

    for act, operation in ((KIND.start, "start_db_cluster"), (KIND.stop, "stop_db_cluster")):
        session = Recorder(answer=answer)
        assert [(r.id, type(r.error)) for r in act(session, resources)] == [("a", WrongState), ("b", type(None))]
        assert session.operations == [operation] * 2
