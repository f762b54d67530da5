"""What goes on being paid while DB instances are out: their storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from lamplighter.pricing.price import rds_storage_key
from lamplighter.resources.kind import Kind, Resource, Session, Standing

_VALUES_AT_ONCE = 50
"""Values in one filter; RDS does not say how many it takes, the AWS Instance Scheduler gives it 50."""


def database_storage(
    kind: Kind,  # noqa: ARG001 - the method `standing` of DB instances
    session: Session,
    resources: Sequence[Resource],
) -> Mapping[str, tuple[Standing, ...] | None]:
    """Storage of DB instances with what is provisioned for it, doubled by a standby; backups are not counted.

    Raises:
        AwsError: a call failed.
    """
    found: dict[str, tuple[Standing, ...] | None] = {resource.id: None for resource in resources}
    ids = sorted(found)
    for first in range(0, len(ids), _VALUES_AT_ONCE):
        chosen = [{"Name": "db-instance-id", "Values": ids[first : first + _VALUES_AT_ONCE]}]
        for database in session.pages("rds", "describe_db_instances", "DBInstances", Filters=chosen):
            if database["DBInstanceIdentifier"] in found and database.get("StorageType"):
                found[database["DBInstanceIdentifier"]] = tuple(_storage(database, session.target.region))
    return found


def _storage(database: Mapping[str, Any], region: str) -> Iterator[Standing]:
    kind, copies = database["StorageType"], 2 if database.get("MultiAZ") else 1
    size, iops = int(database["AllocatedStorage"]), int(database.get("Iops") or 0)
    yield Standing(rds_storage_key(region, kind), Decimal(size * copies))
    if kind in ("io1", "io2") and iops:
        yield Standing(rds_storage_key(region, f"{kind}-iops"), Decimal(iops * copies))
    if kind == "gp3":
        free_iops, free_mibps = _included(database["Engine"], size)
        if iops > free_iops:
            yield Standing(rds_storage_key(region, "gp3-iops"), Decimal((iops - free_iops) * copies))
        mibps = int(database.get("StorageThroughput") or 0)
        if mibps > free_mibps:
            yield Standing(rds_storage_key(region, "gp3-throughput"), Decimal((mibps - free_mibps) * copies) / 1024)


def _included(engine: str, gib: int) -> tuple[int, int]:
    """IOPS and MiB/s that are part of gp3 storage (RDS User Guide, "gp3 storage")."""
    large = gib >= (200 if engine.startswith("oracle") else 400) and not engine.startswith("sqlserver")
    return (12_000, 500) if large else (3_000, 125)
