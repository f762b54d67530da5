"""DB clusters of RDS, Neptune and DocumentDB share one list; each kind takes its own out of it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.models import service_model
from tests.resources.conftest import Recorder, cluster

from lamplighter.resources.db_clusters import DbCluster, replication
from lamplighter.resources.kind import Search
from lamplighter.resources.registry import kinds

KINDS = [kind for kind in kinds().values() if isinstance(kind, DbCluster)]


def test_the_kinds_of_clusters() -> None:
    assert [kind.name for kind in KINDS] == ["docdb-cluster", "neptune-cluster", "rds-cluster"]


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        ("aurora", "rds-cluster"),
        ("aurora-mysql", "rds-cluster"),
        ("aurora-postgresql", "rds-cluster"),
        ("mysql", "rds-cluster"),
        ("postgres", "rds-cluster"),
        ("neptune", "neptune-cluster"),
        ("docdb", "docdb-cluster"),
        ("neptune-next", "rds-cluster"),
        ("something-new", "rds-cluster"),
    ],
)
def test_every_cluster_belongs_to_exactly_one_kind(engine: str, name: str) -> None:
    session = Recorder({"describe_db_clusters": [cluster(Engine=engine)]})
    assert [each.kind for kind in KINDS for each in kind.discover(session, Search("Schedule"))] == [name]


@pytest.mark.parametrize("service", ["rds", "neptune", "docdb"])
def test_one_api_serves_them_all(service: str) -> None:
    """Their clients have one endpoint, one signature and the same operations; only that of RDS tells everything."""
    model = service_model(service)
    assert (model.endpoint_prefix, model.signing_name) == ("rds", "rds")
    for operation in ("DescribeDBClusters", "DescribeDBInstances", "StartDBCluster", "StopDBCluster"):
        mine = service_model("rds").operation_model(operation)
        theirs = model.operation_model(operation)
        assert set(mine.input_shape.required_members) == set(theirs.input_shape.required_members)
    described = model.operation_model("DescribeDBClusters").output_shape.members["DBClusters"].member.members
    assert {"TagList", "AutomaticRestartTime"} <= set(described) or service != "rds"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"ReplicationSourceIdentifier": "arn:aws:rds:us-east-1:111122223333:cluster:main"},
            "it replicates arn:aws:rds:us-east-1:111122223333:cluster:main, and Neptune does not stop replicas",
        ),
        (
            {"ReadReplicaIdentifiers": ["arn:aws:rds:us-east-1:111122223333:cluster:far"]},
            (
                "it has replicas in other Regions (arn:aws:rds:us-east-1:111122223333:cluster:far), "
                "and Neptune does not stop their source"
            ),
        ),
        ({"ReadReplicaIdentifiers": ["arn:aws:rds:eu-west-1:111122223333:cluster:near"]}, None),
        ({"ReadReplicaIdentifiers": ["near"]}, None),
        ({"ReadReplicaIdentifiers": []}, None),
        ({}, None),
    ],
)
def test_replication(more: dict[str, Any], words: str | None) -> None:
    assert replication(cluster(**more), "Neptune") == words
