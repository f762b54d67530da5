"""RDS and Aurora DB instances."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from lamplighter.lake.usage import UsageSample
from lamplighter.pricing.price import MULTI_AZ, MULTI_AZ_CLUSTER, SINGLE_AZ, rds_key
from lamplighter.resources.kind import Session, tags_of
from lamplighter.usage.collector import HOURLY, ONE, ZERO, Around, Charged, Collector, Seen

_METER: Final = re.compile(r"(?:^|-)(InstanceUsage|Multi-AZUsage|Multi-AZClusterUsage)[^:]*:(db\..+)$")
_DEPLOYMENTS: Final = MappingProxyType(
    {"InstanceUsage": SINGLE_AZ, "Multi-AZUsage": MULTI_AZ, "Multi-AZClusterUsage": MULTI_AZ_CLUSTER}
)
_ENGINES: Final = MappingProxyType(
    {
        "0002": "mysql",
        "0003": "oracle-se1(byol)",
        "0004": "oracle-se(byol)",
        "0005": "oracle-ee(byol)",
        "0006": "oracle-se1(li)",
        "0008": "sqlserver-se(byol)",
        "0009": "sqlserver-ee(byol)",
        "0010": "sqlserver-ex(li)",
        "0011": "sqlserver-web(li)",
        "0012": "sqlserver-se(li)",
        "0014": "postgres",
        "0015": "sqlserver-ee(li)",
        "0016": "aurora-mysql",
        "0018": "mariadb",
        "0019": "oracle-se2(byol)",
        "0020": "oracle-se2(li)",
        "0021": "aurora-postgresql",
    }
)
"""Codes of CreateDBInstance. Source: attribute `operation` of AmazonRDS in the AWS Price List."""
_NOT_CHARGED: Final = frozenset(
    (
        "creating",
        "delete-precheck",
        "deleting",
        "failed",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "incompatible-network",
        "incompatible-restore",
        "insufficient-capacity",
        "starting",
        "stopped",
        "stopping",
    )
)
"""No instance hours are charged in these. Source: RDS User Guide, "Viewing Amazon RDS DB instance status"."""
_WITH_LICENCE: Final = ("oracle", "sqlserver", "db2")
_NOT_RDS: Final = ("neptune", "docdb")
"""Engines whose instances RDS lists too, but other services charge."""


class RdsUsage(Collector):
    """DB instances that are charged, by class, engine, deployment and schedule; those put out beside them."""

    service: ClassVar[str] = "rds"
    title: ClassVar[str] = "RDS and Aurora DB instances"
    why: ClassVar[str] = "Instance hours are what reserved DB instances and Database Savings Plans can cover."
    source: ClassVar[str] = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html"
    since: ClassVar[str] = "0.1.0"
    hours: ClassVar[int] = HOURLY
    keys: ClassVar[tuple[str, ...]] = ("rds",)
    permissions: ClassVar[tuple[str, ...]] = ("rds:DescribeDBInstances",)
    product: ClassVar[str] = "AmazonRDS"

    def look(self, session: Session, around: Around) -> Iterator[Seen]:
        """One list. Serverless instances are charged by the capacity they take, and are not in it."""
        for database in session.pages("rds", "describe_db_instances", "DBInstances"):
            if database["Engine"].startswith(_NOT_RDS) or database["DBInstanceClass"] == "db.serverless":
                continue
            schedule = tags_of(database.get("TagList")).get(around.tag, "")
            status = database["DBInstanceStatus"]
            if status not in _NOT_CHARGED:
                yield _seen(database, schedule, running=True)
            elif status == "stopped" and around.put_out(_key(database), schedule):
                yield _seen(database, schedule, running=False)

    def read(self, charged: Charged) -> Seen | None:
        """Instance hours; engine and licence by the operation's code, deployment by the meter."""
        meter = _METER.search(charged.usage_type)
        if meter is None or meter[2] == "db.serverless":
            return None
        _, _, code = charged.operation.partition(":")
        engine = _ENGINES.get(code, charged.operation)
        return Seen(
            meter[2],
            charged.quantity,
            engine,
            SINGLE_AZ if engine.startswith("aurora") else _DEPLOYMENTS[meter[1]],
            charged.zone if meter[1] == "InstanceUsage" else "",
            charged.schedule,
            covered=charged.covered,
        )

    def values(self, sample: UsageSample) -> Mapping[str, str]:
        """By class and engine."""
        return {"rds": f"{sample.resource_type}:{sample.platform}"}


def _key(database: Mapping[str, Any]) -> str:
    """Under which the scheduler stores it: members are put out with their cluster."""
    cluster = database.get("DBClusterIdentifier")
    return f"rds-cluster/{cluster}" if cluster else f"rds-instance/{database['DBInstanceIdentifier']}"


def _seen(database: Mapping[str, Any], schedule: str, *, running: bool) -> Seen:
    engine = rds_key("", database["DBInstanceClass"], database["Engine"]).engine
    if engine.startswith(_WITH_LICENCE):
        engine += "(byol)" if database.get("LicenseModel") == "bring-your-own-license" else "(li)"
    deployment = SINGLE_AZ
    if not engine.startswith("aurora"):
        both = MULTI_AZ if database.get("MultiAZ") else SINGLE_AZ
        deployment = MULTI_AZ_CLUSTER if database.get("DBClusterIdentifier") else both
    return Seen(
        database["DBInstanceClass"],
        ONE if running else ZERO,
        engine,
        deployment,
        database.get("AvailabilityZone", "") if deployment == SINGLE_AZ else "",
        schedule,
        scheduled_off=ZERO if running else ONE,
    )
