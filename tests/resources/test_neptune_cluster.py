from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.resources.conftest import Recorder, cluster, database, tags

from lamplighter.errors import WrongState
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import PriceKey
from lamplighter.resources.kind import Resource, Search
from lamplighter.resources.neptune_cluster import NeptuneCluster
from lamplighter.schedules.decision import Live

KIND = NeptuneCluster()
SOON = datetime(2026, 11, 30, 18, 5, tzinfo=UTC)


def parse(members: Sequence[str] = (), **more: Any) -> Resource:
    listed = [database(f"graph-{n}", DBClusterIdentifier="graph", DBInstanceClass=c) for n, c in enumerate(members)]
    session = Recorder(
        {"describe_db_clusters": [cluster("graph", Engine="neptune", **more)], "describe_db_instances": listed}
    )
    [resource] = KIND.discover(session, Search("Schedule"))
    return resource


def test_a_cluster_and_its_members() -> None:
    assert parse(["db.r6g.large", "db.r5.large"], status="stopped", AutomaticRestartTime=SOON) == Resource(
        kind="neptune-cluster",
        id="graph",
        arn="arn:aws:rds:eu-west-1:111122223333:cluster:graph",
        account="111122223333",
        region="eu-west-1",
        name="graph",
        tags={"Schedule": "office"},
        schedule="office",
        live=Live.STOPPED,
        state="stopped",
        instance_type="db.r5.large, db.r6g.large",
        prices=(PriceKey("neptune", "eu-west-1", "db.r6g.large"), PriceKey("neptune", "eu-west-1", "db.r5.large")),
        restarts_at=SOON,
    )


@pytest.mark.parametrize("instance_class", ["db.r6g.large", "db.serverless"])
def test_its_price_is_unknown_not_nothing(instance_class: str) -> None:
    [key] = parse([instance_class]).prices
    assert PriceBook.bundled().find(key) is None


def test_only_its_own_engine_is_asked_for_and_taken() -> None:
    listed = [cluster("graph", Engine="neptune"), cluster("shop"), cluster("plain", Engine="neptune", TagList=[])]
    session = Recorder({"describe_db_clusters": listed})
    assert [each.id for each in KIND.discover(session, Search("Schedule"))] == ["graph"]
    assert session.asked == [
        ("rds", "describe_db_clusters", {"Filters": [{"Name": "engine", "Values": ["neptune"]}]}),
        ("rds", "describe_db_instances", {"Filters": [{"Name": "db-cluster-id", "Values": ["graph"]}]}),
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"GlobalClusterIdentifier": "world"},
            "it belongs to a global database, whose clusters are not stopped by themselves",
        ),
        (
            {"ReplicationSourceIdentifier": "arn:aws:rds:us-east-1:111122223333:cluster:main"},
            "it replicates arn:aws:rds:us-east-1:111122223333:cluster:main, and Neptune does not stop replicas",
        ),
        ({"ServerlessV2ScalingConfiguration": {"MinCapacity": 1, "MaxCapacity": 8}}, None),
        ({"EngineMode": "provisioned"}, None),
    ],
)
def test_what_is_left_alone(more: dict[str, Any], words: str | None) -> None:
    assert parse(**more).unsupported == words


def test_one_call_each_and_failures_isolated() -> None:
    resources = [parse(TagList=tags(Schedule="office")), parse(TagList=tags(Schedule="office", Name="second"))]
    answers = iter([WrongState("InvalidDBClusterStateFault"), None] * 2)

    def answer(_operation: str, **_params: Any) -> dict[str, Any]:
        if error := next(answers):
            raise error
        return {}

    for act, operation in ((KIND.start, "start_db_cluster"), (KIND.stop, "stop_db_cluster")):
        session = Recorder(answer=answer)
        assert [type(each.error) for each in act(session, resources)] == [WrongState, type(None)]
        assert session.asked == [("rds", operation, {"DBClusterIdentifier": "graph"})] * 2
