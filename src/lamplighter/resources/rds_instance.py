"""RDS DB instances that stand alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from lamplighter.pricing.price import MULTI_AZ, SINGLE_AZ, rds_key
from lamplighter.resources.kind import Kind, Permissions, Resource, Result, Search, Session, tags_of
from lamplighter.resources.metrics import MEASURE, Metric, connections, cpu
from lamplighter.resources.rds_snapshots import INSTANCE_PERMISSIONS, stop_instances
from lamplighter.resources.rds_standing import database_storage
from lamplighter.resources.rds_states import RESTARTS_AFTER, act_one_by_one, live_state
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions


class RdsInstance(Kind):
    """DB instances outside of clusters, without read replicas."""

    name: ClassVar[str] = "rds-instance"
    title: ClassVar[str] = "RDS DB instance"
    why: ClassVar[str] = "A stopped DB instance costs no instance hours; storage, backups and provisioned IOPS go on."
    source: ClassVar[str] = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html"
    permissions: ClassVar[Permissions] = Permissions(
        discover=("rds:DescribeDBInstances",),
        start=("rds:StartDBInstance",),
        stop=("rds:StopDBInstance",),
        tag=("tag:TagResources", "tag:UntagResources", "rds:AddTagsToResource", "rds:RemoveTagsFromResource"),
        cost=("rds:DescribeDBInstances",),
        snapshot=INSTANCE_PERMISSIONS,
        measure=MEASURE,
    )
    may_start_from: ClassVar[frozenset[str]] = frozenset({"stopped"})
    may_stop_from: ClassVar[frozenset[str]] = frozenset({"available"})
    batch: ClassVar[int] = 10
    since: ClassVar[str] = "0.1.0"
    metrics: ClassVar[tuple[Metric, ...]] = tuple(of("AWS/RDS", "DBInstanceIdentifier") for of in (cpu, connections))
    restarts_after: ClassVar[timedelta | None] = RESTARTS_AFTER
    standing = database_storage

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        """Find DB instances; AWS cannot filter them by tag, so all are read, 100 a page."""
        for database in session.pages("rds", "describe_db_instances", "DBInstances"):
            tags = tags_of(database.get("TagList"))
            if search.wants(database["DBInstanceIdentifier"], tags):
                yield _resource(database, tags, session, search.tag)

    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        """One StartDBInstance call each; RDS has no batch."""
        return act_one_by_one(session, "start_db_instance", "DBInstanceIdentifier", resources)

    def stop(self, session: Session, resources: Sequence[Resource], how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        """One StopDBInstance call each, with the snapshot if one is asked for; RDS has no batch."""
        if how.snapshot:
            return stop_instances(session, resources, how.snapshot)
        return act_one_by_one(session, "stop_db_instance", "DBInstanceIdentifier", resources)


def _resource(database: Mapping[str, Any], tags: Mapping[str, str], session: Session, tag: str) -> Resource:
    target, state = session.target, database["DBInstanceStatus"]
    return Resource(
        kind=RdsInstance.name,
        id=database["DBInstanceIdentifier"],
        arn=database["DBInstanceArn"],
        account=target.account,
        region=target.region,
        name=tags.get("Name") or database["DBInstanceIdentifier"],
        tags=tags,
        schedule=tags.get(tag),
        live=live_state(state),
        state=state,
        instance_type=database["DBInstanceClass"],
        prices=(
            rds_key(
                target.region,
                database["DBInstanceClass"],
                database["Engine"],
                MULTI_AZ if database.get("MultiAZ") else SINGLE_AZ,
            ),
        ),
        unsupported=_unsupported(database),
        restarts_at=database.get("AutomaticRestartTime"),
        window=database.get("PreferredMaintenanceWindow") or "",
    )


def _unsupported(database: Mapping[str, Any]) -> str | None:
    """Why AWS does not stop it, or None.

    Source: RDS User Guide, "Stopping an Amazon RDS DB instance temporarily", limitations; of RDS Custom, the API
    reference of StopDBInstance, and "Starting and stopping an RDS Custom for SQL Server DB instance".
    """
    if database.get("DBClusterIdentifier"):
        return f"it is a member of cluster {database['DBClusterIdentifier']}; tag the cluster instead"
    return _replication(database) or _engine(database)


def _replication(database: Mapping[str, Any]) -> str | None:
    source = database.get("ReadReplicaSourceDBInstanceIdentifier") or database.get(
        "ReadReplicaSourceDBClusterIdentifier"
    )
    if source:
        return f"it is a read replica of {source}, and RDS does not stop replicas"
    replicas = [
        *(database.get("ReadReplicaDBInstanceIdentifiers") or ()),
        *(database.get("ReadReplicaDBClusterIdentifiers") or ()),
    ]
    if replicas:
        return f"it has read replicas ({', '.join(replicas)}), and RDS does not stop their source"
    return None


def _engine(database: Mapping[str, Any]) -> str | None:
    engine = database["Engine"]
    # Mirrored ones are not always called Multi-AZ; they have a second zone.
    if "sqlserver" in engine and (database.get("MultiAZ") or database.get("SecondaryAvailabilityZone")):
        return "it is a Multi-AZ SQL Server, which RDS does not stop"
    if engine.startswith("custom-oracle"):
        return f"it is RDS Custom for Oracle ({engine}), which RDS does not stop"
    return None
