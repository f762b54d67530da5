"""Snapshots before a stop: the new one first, and the old ones removed once a newer one is there, so never none.

A snapshot is ours by its name and its tag together; whoever takes the tag away keeps the snapshot. For a cluster a
snapshot is made and waited for, then the cluster is stopped; a DB instance takes it in the course of its stop.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lamplighter.errors import AwsError
from lamplighter.resources.kind import Resource, Result, Session, tags_of

TAG: Final = "lamplighter:snapshot"
"""Its value is the id of the database or cluster."""

PREFIX: Final = "lamplighter-"
"""What the name of every snapshot begins with; permissions reach no others."""

_LONGEST_STEM = 34
"""RDS takes 63 characters for the name of a cluster's snapshot, and one as long for that of a cluster."""


@dataclass(frozen=True, slots=True)
class Api:
    """What RDS calls the snapshots of one sort of database."""

    listing: str
    key: str
    name: str
    of: str
    arn: str
    deletion: str


CLUSTERS: Final = Api(
    "describe_db_cluster_snapshots",
    "DBClusterSnapshots",
    "DBClusterSnapshotIdentifier",
    "DBClusterIdentifier",
    "DBClusterSnapshotArn",
    "delete_db_cluster_snapshot",
)
INSTANCES: Final = Api(
    "describe_db_snapshots",
    "DBSnapshots",
    "DBSnapshotIdentifier",
    "DBInstanceIdentifier",
    "DBSnapshotArn",
    "delete_db_snapshot",
)


CLUSTER_PERMISSIONS: Final = (
    "rds:DescribeDBClusterSnapshots",
    "rds:CreateDBClusterSnapshot",
    "rds:DeleteDBClusterSnapshot",
    "rds:AddTagsToResource",
    "rds:ListTagsForResource",
)
# StopDBInstance with a name for a snapshot asks for its creation and, where the database says that snapshots take over
# its tags, for those (Service Authorization Reference of RDS, dependent actions; so since August 2024).
INSTANCE_PERMISSIONS: Final = (
    "rds:DescribeDBSnapshots",
    "rds:CreateDBSnapshot",
    "rds:DeleteDBSnapshot",
    "rds:AddTagsToResource",
    "rds:ListTagsForResource",
)


def snapshot_name(resource_id: str, moment: str) -> str:
    """The name of the snapshot of a database for a moment, `yyyymmdd-hhmmss`; the same for the same two, always.

    Source of the form: CreateDBClusterSnapshot, 1 to 63 letters, digits and single hyphens, none at the end.
    """
    return f"{_stem(resource_id)}-{moment}"


def _stem(resource_id: str) -> str:
    if len(resource_id) <= _LONGEST_STEM:
        return f"{PREFIX}{resource_id}"
    digest = hashlib.sha256(resource_id.encode()).hexdigest()[:8]
    return f"{PREFIX}{resource_id[: _LONGEST_STEM - 9].rstrip('-')}-{digest}"


def stop_clusters(session: Session, resources: Sequence[Resource], moment: str) -> list[Result]:
    """Make the snapshot of each cluster, or stop it if that is there; a failure belongs to its cluster."""
    return [_isolated(session, resource, moment, CLUSTERS) for resource in resources]


def stop_instances(session: Session, resources: Sequence[Resource], moment: str) -> list[Result]:
    """Stop each DB instance with its snapshot; a failure belongs to its instance."""
    return [_isolated(session, resource, moment, INSTANCES) for resource in resources]


def _isolated(session: Session, resource: Resource, moment: str, api: Api) -> Result:
    name = snapshot_name(resource.id, moment)
    try:
        found = {
            each[api.name]: each
            for each in session.pages("rds", api.listing, api.key, SnapshotType="manual", **{api.of: resource.id})
            if _form(resource.id).fullmatch(each[api.name])
        }
        if name in found and found[name]["Status"] == "failed":
            session.call("rds", api.deletion, **{api.name: name})
            raise _failed(session, name)
        unfinished = sorted(each for each, snapshot in found.items() if snapshot["Status"] in ("creating", "deleting"))
        if unfinished:
            return Result(resource.id, waiting=_being_made(unfinished[-1]))
        stop = _stop_cluster if api is CLUSTERS else _stop_instance
        return stop(session, resource, name, found)
    except AwsError as error:
        if error.code.removesuffix("Fault") in ("DBSnapshotAlreadyExists", "DBClusterSnapshotAlreadyExists"):
            return Result(resource.id, waiting=_being_made(name))
        return Result(resource.id, error)


def _stop_cluster(session: Session, resource: Resource, name: str, found: Mapping[str, Any]) -> Result:
    if name not in found:
        session.call(
            "rds",
            "create_db_cluster_snapshot",
            DBClusterIdentifier=resource.id,
            DBClusterSnapshotIdentifier=name,
            Tags=[{"Key": TAG, "Value": resource.id}],
        )
        return Result(resource.id, waiting=_being_made(name))
    session.call("rds", "stop_db_cluster", DBClusterIdentifier=resource.id)
    return Result(resource.id, note=_noted(name, _tidy(session, resource, found, CLUSTERS)))


def _stop_instance(session: Session, resource: Resource, name: str, found: Mapping[str, Any]) -> Result:
    troubles: list[str] = []
    if name in found:
        session.call("rds", "stop_db_instance", DBInstanceIdentifier=resource.id)
    else:
        session.call("rds", "stop_db_instance", DBInstanceIdentifier=resource.id, DBSnapshotIdentifier=name)
        try:
            arn = f"{resource.arn.rpartition(':db:')[0]}:snapshot:{name}"
            session.call("rds", "add_tags_to_resource", ResourceName=arn, Tags=[{"Key": TAG, "Value": resource.id}])
        except AwsError as error:
            troubles.append(f"it could not be tagged, so it will be kept: {error}")
    return Result(resource.id, note=_noted(name, [*troubles, *_tidy(session, resource, found, INSTANCES)]))


def _tidy(session: Session, resource: Resource, found: Mapping[str, Any], api: Api) -> list[str]:
    """Remove those of ours that are older than the newest one that is there; what could not be removed, for people."""
    there = sorted(name for name, each in found.items() if each["Status"] == "available")
    troubles = []
    try:
        ours = [name for name in there if _tags(session, found[name], api).get(TAG) == resource.id]
    except AwsError as error:
        return [f"it is not known which old snapshots may be removed: {error}"]
    for name in ours[:-1]:
        try:
            session.call("rds", api.deletion, **{api.name: name})
        except AwsError as error:
            troubles.append(f"the old snapshot {name} could not be removed: {error}")
    return troubles


def _tags(session: Session, snapshot: Mapping[str, Any], api: Api) -> Mapping[str, str]:
    # The models of Neptune and DocumentDB know no tags in a listing; what is not told is asked for.
    listed = snapshot.get("TagList")
    if listed is None:
        listed = session.call("rds", "list_tags_for_resource", ResourceName=snapshot[api.arn]).get("TagList")
    return tags_of(listed)


def _form(resource_id: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(_stem(resource_id))}-[0-9]{{8}}-[0-9]{{6}}")


def _being_made(name: str) -> str:
    return f"its snapshot {name} is being made first"


def _noted(name: str, troubles: Sequence[str]) -> str:
    return "; ".join([f"snapshot {name}", *troubles])


def _failed(session: Session, name: str) -> AwsError:
    return AwsError(
        f"{session.target.key}: the snapshot {name} failed",
        hint="it is removed and made anew by the next pass; look at the events of the database",
        code="SnapshotFailed",
        target=session.target.key,
    )
