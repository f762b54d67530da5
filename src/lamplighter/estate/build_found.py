"""What stands in a target of the demo estate, as AWS describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lamplighter.aws.access import TargetSession
from lamplighter.estate.fleet import SCHEDULE_TAG
from lamplighter.resources.kind import tags_of

ODD_SCHEDULES = frozenset({"broken-hours", "ignore", "nightly", "office-hours-munich"})
"""Values of the schedule tag that light nothing: one cannot be read, two do not exist, one says to leave alone."""


@dataclass(frozen=True, slots=True)
class Member:
    """One resource of the estate.

    Attributes:
        account: 12-digit account id.
        region: region.
        kind: `ec2-instance`, `rds-instance` or `rds-cluster`.
        id: instance id, or DB identifier.
        name: its Name tag, else its id.
        instance_type: instance type or DB instance class; empty for clusters.
        schedule: value of its schedule tag, or None.
        alone: whether it can be started and stopped by itself: not in an Auto Scaling group or a cluster, and
            neither a read replica nor the source of one.
    """

    account: str
    region: str
    kind: str
    id: str
    name: str
    instance_type: str
    schedule: str | None
    alone: bool

    @property
    def schedulable(self) -> bool:
        """Whether Lamplighter starts and stops it."""
        return self.alone and self.schedule is not None and self.schedule not in ODD_SCHEDULES


def find_members(session: TargetSession) -> tuple[Member, ...]:
    """Every instance, DB instance and DB cluster in the session's target.

    Raises:
        AwsError: a call failed.
    """
    return tuple(_instances(session)) + tuple(_databases(session)) + tuple(_clusters(session))


def _member(session: TargetSession, kind: str, id_: str, instance_type: str, tags: Any, alone: bool) -> Member:
    target, found = session.target, tags_of(tags)
    name = found.get("Name") or id_
    return Member(target.account, target.region, kind, id_, name, instance_type, found.get(SCHEDULE_TAG), alone)


def _instances(session: TargetSession) -> Iterator[Member]:
    for reservation in session.pages("ec2", "describe_instances", "Reservations"):
        for one in reservation["Instances"]:
            tags = one.get("Tags")
            alone = "aws:autoscaling:groupName" not in tags_of(tags)
            yield _member(session, "ec2-instance", one["InstanceId"], one["InstanceType"], tags, alone)


def _databases(session: TargetSession) -> Iterator[Member]:
    for one in session.pages("rds", "describe_db_instances", "DBInstances"):
        id_, kind = one["DBInstanceIdentifier"], one["DBInstanceClass"]
        yield _member(session, "rds-instance", id_, kind, one.get("TagList"), not _tied(one))


def _tied(database: Mapping[str, Any]) -> bool:
    ties = ("DBClusterIdentifier", "ReadReplicaSourceDBInstanceIdentifier", "ReadReplicaDBInstanceIdentifiers")
    return any(database.get(tie) for tie in ties)


def _clusters(session: TargetSession) -> Iterator[Member]:
    for one in session.pages("rds", "describe_db_clusters", "DBClusters"):
        yield _member(session, "rds-cluster", one["DBClusterIdentifier"], "", one.get("TagList"), alone=True)
