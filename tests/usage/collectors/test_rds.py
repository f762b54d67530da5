from __future__ import annotations

from decimal import Decimal

import pytest
from tests.resources.conftest import database
from tests.usage.conftest import charged, counted, looked, values

from lamplighter.usage.collector import Around, Seen
from lamplighter.usage.collectors.rds import RdsUsage

RDS = RdsUsage()
ZONE = {"AvailabilityZone": "eu-west-1a"}


def test_instances_are_counted_by_class_engine_and_deployment() -> None:
    aurora = {"DBInstanceClass": "db.r4.large", "Engine": "aurora-mysql", "DBClusterIdentifier": "shop", **ZONE}
    found = [
        database("a", **ZONE),
        database("b", "backing-up", **ZONE),
        database("c", MultiAZ=True, **ZONE),
        database("d", **aurora),
        database("e", **aurora),
        database("f", Engine="mysql", DBClusterIdentifier="three", **ZONE),
        database("g", Engine="oracle-se2", LicenseModel="bring-your-own-license", **ZONE),
        database("h", Engine="sqlserver-se", LicenseModel="license-included", TagList=[], **ZONE),
    ]
    assert counted(looked(RDS, {"describe_db_instances": found})) == {
        ("db.m5.large", "postgres", "single-az", "eu-west-1a", "office"): (2, 0, 0),
        ("db.m5.large", "postgres", "multi-az", "", "office"): (1, 0, 0),
        ("db.r4.large", "aurora-mysql", "single-az", "eu-west-1a", "office"): (2, 0, 0),
        ("db.m5.large", "mysql", "multi-az-cluster", "", "office"): (1, 0, 0),
        ("db.m5.large", "oracle-se2(byol)", "single-az", "eu-west-1a", "office"): (1, 0, 0),
        ("db.m5.large", "sqlserver-se(li)", "single-az", "eu-west-1a", ""): (1, 0, 0),
    }


@pytest.mark.parametrize("status", ["creating", "deleting", "failed", "incompatible-network", "starting", "stopping"])
def test_what_is_not_charged_is_not_counted(status: str) -> None:
    assert looked(RDS, {"describe_db_instances": [database("a", status)]}) == []


@pytest.mark.parametrize("status", ["available", "modifying", "storage-full", "incompatible-parameters", "upgrading"])
def test_what_is_charged_is_counted(status: str) -> None:
    assert list(counted(looked(RDS, {"describe_db_instances": [database("a", status)]})).values()) == [(1, 0, 0)]


def test_what_others_charge_or_by_capacity_is_not_counted() -> None:
    found = [database("a", Engine="neptune"), database("b", Engine="docdb")]
    assert looked(RDS, {"describe_db_instances": [*found, database("c", DBInstanceClass="db.serverless")]}) == []


def test_what_schedules_have_put_out_stands_beside() -> None:
    found = [
        database("a", "stopped"),
        database("b", "stopped", TagList=[]),
        database("c", "stopped", TagList=[], Engine="aurora-mysql", DBClusterIdentifier="shop"),
    ]
    around = Around("Schedule", frozenset({"office"}), {"rds-cluster/shop": "stopped", "rds-instance/b": "running"})
    samples = looked(RDS, {"describe_db_instances": found}, around)
    assert [(each.platform, int(each.quantity), int(each.scheduled_off)) for each in samples] == [
        ("postgres", 0, 1),
        ("aurora-mysql", 0, 1),
    ]


def test_the_key_is_that_of_the_table() -> None:
    assert values(RDS, Seen("db.r4.large", platform="aurora-mysql")) == {"rds": "db.r4.large:aurora-mysql"}


@pytest.mark.parametrize(
    ("usage_type", "code", "engine", "deployment", "zone"),
    [
        ("EUC1-InstanceUsage:db.r4.large", "0016", "aurora-mysql", "single-az", "a"),
        ("InstanceUsageIOOptimized:db.r4.large", "0021", "aurora-postgresql", "single-az", "a"),
        ("Multi-AZUsage:db.r4.large", "0002", "mysql", "multi-az", ""),
        ("USW2-Multi-AZUsage:db.r4.large", "0014", "postgres", "multi-az", ""),
        ("EU-Multi-AZClusterUsage:db.r4.large", "0014", "postgres", "multi-az-cluster", ""),
        ("InstanceUsage:db.r4.large", "0020", "oracle-se2(li)", "single-az", "a"),
        ("InstanceUsage:db.r4.large", "0099", "CreateDBInstance:0099", "single-az", "a"),
    ],
)
def test_instance_hours_of_a_bill(usage_type: str, code: str, engine: str, deployment: str, zone: str) -> None:
    found = RDS.read(charged(usage_type, f"CreateDBInstance:{code}", zone="a", schedule="office"))
    assert found == Seen("db.r4.large", Decimal(2), engine, deployment, zone, "office", covered=Decimal(1))


@pytest.mark.parametrize(
    "usage_type",
    [
        "RDS:GP3-Storage",
        "EUC1-RDS:Multi-AZ-GP2-Storage",
        "Aurora:StorageUsage",
        "Aurora:ServerlessV2Usage",
        "RDS:ChargedBackupUsage",
        "InstanceUsage:db.serverless",
    ],
)
def test_other_charges_are_none_of_instances(usage_type: str) -> None:
    assert RDS.read(charged(usage_type, "CreateDBInstance:0016")) is None
