from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.resources.conftest import Recorder, database, tags

from lamplighter.errors import AwsError, OutcomeUnknown, WrongState
from lamplighter.pricing.price import PriceKey
from lamplighter.resources.kind import Resource, Search
from lamplighter.resources.rds_instance import RdsInstance
from lamplighter.schedules.decision import Live

KIND = RdsInstance()


def parse(**more: Any) -> Resource:
    [resource] = KIND.discover(Recorder({"describe_db_instances": [database(**more)]}), Search("Schedule"))
    return resource


def test_a_plain_database() -> None:
    assert parse(TagList=tags(Schedule="office", Name="Orders")) == Resource(
        kind="rds-instance",
        id="orders",
        arn="arn:aws:rds:eu-west-1:111122223333:db:orders",
        account="111122223333",
        region="eu-west-1",
        name="Orders",
        tags={"Schedule": "office", "Name": "Orders"},
        schedule="office",
        live=Live.RUNNING,
        state="available",
        instance_type="db.m5.large",
        prices=(PriceKey("rds", "eu-west-1", "db.m5.large", engine="postgres", deployment="single-az"),),
    )


def test_its_weekly_window() -> None:
    assert parse(PreferredMaintenanceWindow="sun:23:45-mon:00:15").window == "sun:23:45-mon:00:15"
    assert parse(PreferredMaintenanceWindow=None).window == parse().window == ""


@pytest.mark.parametrize(("multi_az", "deployment"), [(True, "multi-az"), (False, "single-az"), (None, "single-az")])
def test_a_standby_is_priced(multi_az: bool | None, deployment: str) -> None:
    assert parse(MultiAZ=multi_az).prices[0].deployment == deployment


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"DBClusterIdentifier": "shop"}, "it is a member of cluster shop; tag the cluster instead"),
        (
            {"DBClusterIdentifier": "graph", "Engine": "neptune"},
            "it is a member of cluster graph; tag the cluster instead",
        ),
        (
            {"ReadReplicaSourceDBInstanceIdentifier": "orders-main"},
            "it is a read replica of orders-main, and RDS does not stop replicas",
        ),
        (
            {"ReadReplicaSourceDBClusterIdentifier": "shop"},
            "it is a read replica of shop, and RDS does not stop replicas",
        ),
        (
            {"ReadReplicaDBInstanceIdentifiers": ["a", "b"]},
            "it has read replicas (a, b), and RDS does not stop their source",
        ),
        (
            {"ReadReplicaDBClusterIdentifiers": ["c"]},
            "it has read replicas (c), and RDS does not stop their source",
        ),
        (
            {"Engine": "sqlserver-se", "MultiAZ": True},
            "it is a Multi-AZ SQL Server, which RDS does not stop",
        ),
        (
            {"Engine": "sqlserver-ee", "MultiAZ": False, "SecondaryAvailabilityZone": "eu-west-1b"},
            "it is a Multi-AZ SQL Server, which RDS does not stop",
        ),
        (
            {"Engine": "custom-sqlserver-ee", "MultiAZ": True},
            "it is a Multi-AZ SQL Server, which RDS does not stop",
        ),
        ({"Engine": "custom-sqlserver-ee", "MultiAZ": False}, None),
        (
            {"Engine": "custom-oracle-ee-cdb"},
            "it is RDS Custom for Oracle (custom-oracle-ee-cdb), which RDS does not stop",
        ),
        (
            {"DBClusterIdentifier": "three", "Engine": "mysql"},
            "it is a member of cluster three; tag the cluster instead",
        ),
        ({"Engine": "oracle-ee", "MultiAZ": True, "SecondaryAvailabilityZone": "eu-west-1b"}, None),
        ({"Engine": "sqlserver-se", "MultiAZ": False}, None),
        ({"Engine": "sqlserver-web", "BackupRetentionPeriod": 0}, None),
        ({"Engine": "db2-se"}, None),
        ({"Engine": "postgres", "MultiAZ": True}, None),
        ({"ReadReplicaDBInstanceIdentifiers": None}, None),
        ({"DBClusterIdentifier": ""}, None),
    ],
)
def test_what_rds_does_not_stop(more: dict[str, Any], words: str | None) -> None:
    assert parse(**more).unsupported == words


def test_when_it_restarts_by_itself() -> None:
    soon = datetime(2026, 11, 30, 18, 5, tzinfo=UTC)
    assert parse(status="stopped", AutomaticRestartTime=soon).restarts_at == soon
    assert parse().restarts_at is None
    assert KIND.restarts_after == timedelta(days=7)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search("Schedule"), ["orders", "lab"]),
        (Search("Schedule", frozenset({"lab"})), ["lab"]),
        (Search("Schedule", ids=frozenset({"plain"})), ["plain"]),
    ],
)
def test_the_kind_filters_what_aws_cannot(search: Search, found: list[str]) -> None:
    pages = [database(), database("lab", TagList=tags(Schedule="lab")), database("plain", TagList=[])]
    session = Recorder({"describe_db_instances": pages})
    assert [resource.id for resource in KIND.discover(session, search)] == found
    assert session.asked == [("rds", "describe_db_instances", {})]


def test_one_call_each_and_failures_isolated() -> None:
    resources = [parse(name=name) for name in ("a", "b", "c")]

    def answer(_operation: str, **params: Any) -> dict[str, Any]:
        if params["DBInstanceIdentifier"] == "b":
            raise WrongState("InvalidDBInstanceState")
        if params["DBInstanceIdentifier"] == "c":
            raise OutcomeUnknown("lost")
        return {}

    for act, operation in ((KIND.start, "start_db_instance"), (KIND.stop, "stop_db_instance")):
        session = Recorder(answer=answer)
        kinds_of_error: dict[str, type[AwsError] | None] = {"a": None, "b": WrongState, "c": OutcomeUnknown}
        results = act(session, resources)
        assert {result.id: type(result.error) if result.error else None for result in results} == kinds_of_error
        assert [params for _, _, params in session.asked] == [
            {"DBInstanceIdentifier": name} for name in ("a", "b", "c")
        ]
        assert set(session.operations) == {operation}
