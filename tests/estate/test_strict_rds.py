from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from lamplighter.estate.testing import MONDAY, EstateProbe, refusal

NOT_AVAILABLE = ("InvalidDBInstanceState", "Instance orders is not in available state.", 400)
NOT_STOPPED = (
    "InvalidDBInstanceState",
    (
        "Instance orders cannot be started as it is not in one of the following statuses: "
        "'stopped, inaccessible-encryption-credentials-recoverable'."
    ),
    400,
)


def test_a_database_takes_four_minutes_to_stop_and_to_start(estate: EstateProbe) -> None:
    estate.database("orders")
    rds = estate.client("rds")

    assert rds.stop_db_instance(DBInstanceIdentifier="orders")["DBInstance"]["DBInstanceStatus"] == "stopping"
    estate.control.advance(239)
    assert estate.statuses() == {"orders": "stopping"}
    estate.control.advance(1)
    assert estate.statuses() == {"orders": "stopped"}

    assert rds.start_db_instance(DBInstanceIdentifier="orders")["DBInstance"]["DBInstanceStatus"] == "starting"
    estate.control.advance(239)
    assert estate.statuses() == {"orders": "starting"}
    estate.control.advance(1)
    assert estate.statuses() == {"orders": "available"}


def test_a_database_is_started_only_when_stopped_and_stopped_only_when_available(estate: EstateProbe) -> None:
    estate.database("orders")
    rds = estate.client("rds")

    def start() -> tuple[str, str, int]:
        with pytest.raises(ClientError) as error:
            rds.start_db_instance(DBInstanceIdentifier="orders")
        return refusal(error.value)

    def stop() -> tuple[str, str, int]:
        with pytest.raises(ClientError) as error:
            rds.stop_db_instance(DBInstanceIdentifier="orders")
        return refusal(error.value)

    assert start() == NOT_STOPPED
    rds.stop_db_instance(DBInstanceIdentifier="orders")
    assert (start(), stop()) == (NOT_STOPPED, NOT_AVAILABLE)
    estate.control.advance(240)
    assert stop() == NOT_AVAILABLE
    rds.start_db_instance(DBInstanceIdentifier="orders")
    assert (start(), stop()) == (NOT_STOPPED, NOT_AVAILABLE)


def test_aws_starts_a_stopped_database_after_seven_days(estate: EstateProbe) -> None:
    estate.database("orders")
    estate.client("rds").stop_db_instance(DBInstanceIdentifier="orders")
    stopped = estate.control.advance(240)

    estate.control.set_clock(stopped + timedelta(days=7, seconds=-1))
    assert estate.statuses() == {"orders": "stopped"}
    estate.control.advance(1)
    assert estate.statuses() == {"orders": "starting"}
    estate.control.advance(240)
    assert estate.statuses() == {"orders": "available"}
    last = estate.control.history()[-2:]
    assert [(change.at, change.to_state) for change in last] == [
        (stopped + timedelta(days=7), "starting"),
        (stopped + timedelta(days=7, seconds=240), "available"),
    ]


def test_a_database_started_in_time_is_not_started_by_aws(estate: EstateProbe) -> None:
    estate.database("orders")
    rds = estate.client("rds")
    rds.stop_db_instance(DBInstanceIdentifier="orders")
    estate.control.advance(timedelta(days=1))
    rds.start_db_instance(DBInstanceIdentifier="orders")
    before = len(estate.control.history())
    estate.control.advance(timedelta(days=30))
    assert [change.to_state for change in estate.control.history(since=before)] == ["available"]


def test_an_unknown_database_is_not_found(estate: EstateProbe) -> None:
    with pytest.raises(ClientError) as error:
        estate.client("rds").stop_db_instance(DBInstanceIdentifier="nowhere")
    assert refusal(error.value) == ("DBInstanceNotFound", "DBInstance nowhere not found.", 404)


@pytest.mark.parametrize("action", ["start_db_instance", "stop_db_instance"])
def test_a_member_of_a_cluster_is_neither_started_nor_stopped_alone(estate: EstateProbe, action: str) -> None:
    estate.cluster("shop", ["shop-a"])
    with pytest.raises(ClientError) as error:
        getattr(estate.client("rds"), action)(DBInstanceIdentifier="shop-a")
    assert refusal(error.value) == (
        "InvalidParameterCombination",
        "aurora-mysql DB instances are not eligible for stopping and starting.",
        400,
    )
    assert estate.statuses() == {"shop": "available", "shop-a": "available"}


def test_a_read_replica_and_its_source_cannot_be_stopped_until_it_is_promoted(estate: EstateProbe) -> None:
    estate.database("orders")
    rds = estate.client("rds")
    rds.create_db_instance_read_replica(DBInstanceIdentifier="orders-read", SourceDBInstanceIdentifier="orders")

    with pytest.raises(ClientError) as replica:
        rds.stop_db_instance(DBInstanceIdentifier="orders-read")
    with pytest.raises(ClientError) as source:
        rds.stop_db_instance(DBInstanceIdentifier="orders")

    assert refusal(replica.value)[:2] == ("InvalidDBInstanceState", "Cannot stop or start a Read-Replica instance")
    assert refusal(source.value)[0] == "InvalidDBInstanceState"
    assert "has a Read-Replica" in refusal(source.value)[1]
    assert estate.statuses() == {"orders": "available", "orders-read": "available"}

    rds.delete_db_instance(DBInstanceIdentifier="orders-read", SkipFinalSnapshot=True)
    rds.stop_db_instance(DBInstanceIdentifier="orders")
    assert estate.statuses() == {"orders": "stopping"}


def test_sql_server_in_two_zones_cannot_be_stopped(estate: EstateProbe) -> None:
    estate.database("ledger", Engine="sqlserver-se", MultiAZ=True, LicenseModel="license-included")
    with pytest.raises(ClientError) as error:
        estate.client("rds").stop_db_instance(DBInstanceIdentifier="ledger")
    assert refusal(error.value)[0] == "InvalidDBInstanceState"


@pytest.mark.parametrize("action", ["modify_db_instance", "reboot_db_instance"])
def test_a_stopped_database_is_neither_modified_nor_rebooted(estate: EstateProbe, action: str) -> None:
    estate.database("orders")
    rds = estate.client("rds")
    getattr(rds, action)(DBInstanceIdentifier="orders")
    rds.stop_db_instance(DBInstanceIdentifier="orders")
    estate.control.advance(240)

    with pytest.raises(ClientError) as error:
        getattr(rds, action)(DBInstanceIdentifier="orders")

    assert refusal(error.value)[:2] == ("InvalidDBInstanceState", "Database instance is not in available state.")


def test_a_cluster_takes_its_members_along(estate: EstateProbe) -> None:
    estate.cluster("shop", ["shop-a", "shop-b"])
    estate.database("orders")
    rds = estate.client("rds")

    def shop() -> set[str]:
        shown = estate.statuses()
        assert shown.pop("orders") == "available"
        return set(shown.values())

    assert rds.stop_db_cluster(DBClusterIdentifier="shop")["DBCluster"]["Status"] == "stopping"
    assert shop() == {"stopping"}
    estate.control.advance(240)
    assert shop() == {"stopped"}
    assert rds.start_db_cluster(DBClusterIdentifier="shop")["DBCluster"]["Status"] == "starting"
    assert shop() == {"starting"}
    estate.control.advance(240)
    assert shop() == {"available"}


def test_a_cluster_in_the_wrong_state_is_refused_with_its_state(estate: EstateProbe) -> None:
    estate.cluster("shop", ["shop-a"])
    rds = estate.client("rds")

    with pytest.raises(ClientError) as available:
        rds.start_db_cluster(DBClusterIdentifier="shop")
    rds.stop_db_cluster(DBClusterIdentifier="shop")
    with pytest.raises(ClientError) as stopping:
        rds.stop_db_cluster(DBClusterIdentifier="shop")

    assert refusal(available.value) == (
        "InvalidDBClusterStateFault",
        (
            "DbCluster shop is in available state but expected it to be one of "
            "stopped,inaccessible-encryption-credentials-recoverable."
        ),
        400,
    )
    assert refusal(stopping.value)[1] == "DbCluster shop is in stopping state but expected it to be one of available."


def test_a_cluster_can_be_stopped_right_after_it_was_created(estate: EstateProbe) -> None:
    estate.cluster("shop", [])
    estate.client("rds").stop_db_cluster(DBClusterIdentifier="shop")
    assert estate.statuses() == {"shop": "stopping"}


def test_a_deleted_database_is_recorded_as_deleted(estate: EstateProbe) -> None:
    estate.database("orders")
    estate.client("rds").delete_db_instance(DBInstanceIdentifier="orders", SkipFinalSnapshot=True)
    told = [(change.kind, change.id, change.from_state, change.to_state) for change in estate.control.history()]
    assert told == [
        ("rds-instance", "orders", None, "available"),
        ("rds-instance", "orders", "available", "deleted"),
    ]


def test_what_cloudformation_creates_is_followed(estate: EstateProbe) -> None:
    template = """
Resources:
  Web: {Type: "AWS::EC2::Instance", Properties: {ImageId: ami-12345678, InstanceType: t3.micro}}
  Db:
    Type: AWS::RDS::DBInstance
    Properties: {DBInstanceIdentifier: stacked, Engine: mysql, DBInstanceClass: db.t3.micro,
                 AllocatedStorage: "20", MasterUsername: root, MasterUserPassword: not-a-secret}
"""
    formation = estate.client("cloudformation")
    formation.create_stack(StackName="three-tier", TemplateBody=template)

    told = {(change.kind, change.from_state, change.to_state) for change in estate.control.history()}

    assert told == {("ec2-instance", None, "pending"), ("rds-instance", None, "available")}
    formation.delete_stack(StackName="three-tier")
    assert [change.to_state for change in estate.control.history(since=2)] == ["shutting-down", "deleted"]


def test_what_is_out_tells_when_it_will_be_started_again(estate: EstateProbe) -> None:
    estate.database("orders")
    estate.cluster("shop", ("shop-a",))
    rds = estate.client("rds")

    def told() -> dict[str, object]:
        found = {one["DBInstanceIdentifier"]: one for one in rds.describe_db_instances()["DBInstances"]}
        found |= {one["DBClusterIdentifier"]: one for one in rds.describe_db_clusters()["DBClusters"]}
        return {name: one.get("AutomaticRestartTime") for name, one in found.items()}

    assert set(told().values()) == {None}
    rds.stop_db_instance(DBInstanceIdentifier="orders")
    rds.stop_db_cluster(DBClusterIdentifier="shop")
    assert set(told().values()) == {None}
    estate.control.advance(240)
    assert set(told().values()) == {MONDAY + timedelta(days=7, seconds=240)}
    estate.control.advance(7 * 24 * 3600)
    assert set(told().values()) == {None}
    assert set(estate.statuses().values()) == {"starting"}
