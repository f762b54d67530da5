"""RDS and Aurora as strict as AWS: what may be started and stopped, and what clusters and members show meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.rds.models import rds_backends

from lamplighter.estate.answers import Answer, Refusal
from lamplighter.estate.lifecycle import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from moto.rds.models import DBCluster, DBInstance

    from lamplighter.estate.request import AwsRequest

NAMESPACE = "http://rds.amazonaws.com/doc/2014-10-31/"
_ENTRANCE: Mapping[str, str] = {"available": "starting", "stopped": "stopping"}
_THEN: Mapping[str, tuple[str, str]] = {
    "starting": ("rds-start", "available"),
    "stopping": ("rds-stop", "stopped"),
    "stopped": ("rds-autostart", "starting"),
}
_SHOWN: Mapping[str, tuple[bytes, bytes]] = {
    "StartDBInstance": (b"DBInstanceStatus", b"starting"),
    "StopDBInstance": (b"DBInstanceStatus", b"stopping"),
    "StartDBCluster": (b"Status", b"starting"),
    "StopDBCluster": (b"Status", b"stopping"),
}
_NEEDS_AVAILABLE = frozenset({"ModifyDBInstance", "RebootDBInstance"})


def _write(database: DBInstance | DBCluster, state: str) -> None:
    database.status = state


def _enter(database: DBInstance | DBCluster, _state: str, _at: datetime, _timing: str | None) -> None:
    # moto shows what a database has under the name that the API's model gives it.
    database.automatic_restart_time = None  # type: ignore[union-attr]


def _ends(database: DBInstance | DBCluster, following: str, at: datetime) -> None:
    if following == "starting":
        database.automatic_restart_time = at  # type: ignore[union-attr]


def _cluster_status(cluster: DBCluster) -> str:
    # Reading moto's `creating` once turns it into `available`.
    status = cluster.status
    return cluster.status if status == "creating" else status


RDS_INSTANCE: Kind[DBInstance] = Kind(
    name="rds-instance",
    read=lambda database: str(database.status),
    write=_write,
    enter=_enter,
    entrance=_ENTRANCE,
    then=_THEN,
    born_slowly=False,
    ends=_ends,
)
RDS_CLUSTER: Kind[DBCluster] = Kind(
    name="rds-cluster",
    read=_cluster_status,
    write=_write,
    enter=_enter,
    entrance=_ENTRANCE,
    then=_THEN,
    born_slowly=False,
    ends=_ends,
)


def databases(account: str, region: str) -> Iterator[tuple[str, DBInstance]]:
    """(identifier, database) of all DB instances in an account and region, members of clusters included."""
    for database in list(rds_backends[account][region].databases.values()):
        yield str(database.db_instance_identifier), database


def clusters(account: str, region: str) -> Iterator[tuple[str, DBCluster]]:
    """(identifier, cluster) of all DB clusters in an account and region."""
    for cluster in list(rds_backends[account][region].clusters.values()):
        yield str(cluster.db_cluster_identifier), cluster


def refuse(request: AwsRequest) -> Refusal | None:
    """What AWS would refuse and moto would not; None lets moto handle the request.

    Wrong states of clusters are left to moto, which refuses them in AWS's own words once it sees true states.
    """
    id_ = request.params.get("DBInstanceIdentifier", "")
    database = rds_backends[request.account][request.region].databases.get(id_)
    if database is None:
        return None
    if request.action in {"StartDBInstance", "StopDBInstance"}:
        return _never(database) or _not_now(database, request.action)
    if request.action in _NEEDS_AVAILABLE and database.status != "available":
        return Refusal("InvalidDBInstanceState", "Database instance is not in available state.")
    return None


def _never(database: DBInstance) -> Refusal | None:
    if database.db_cluster_identifier:
        return Refusal(
            "InvalidParameterCombination", f"{database.engine} DB instances are not eligible for stopping and starting."
        )
    if database.is_replica:
        return Refusal("InvalidDBInstanceState", "Cannot stop or start a Read-Replica instance")
    if database.replicas:
        return Refusal("InvalidDBInstanceState", "Cannot stop or start an instance that has a Read-Replica")
    if database.multi_az and str(database.engine).startswith("sqlserver"):
        return Refusal("InvalidDBInstanceState", "Cannot stop or start a SQLServer MultiAz instance")
    return None


def _not_now(database: DBInstance, action: str) -> Refusal | None:
    id_ = database.db_instance_identifier
    if action == "StopDBInstance" and database.status != "available":
        return Refusal("InvalidDBInstanceState", f"Instance {id_} is not in available state.")
    if action == "StartDBInstance" and database.status != "stopped":
        return Refusal(
            "InvalidDBInstanceState",
            f"Instance {id_} cannot be started as it is not in one of the following statuses: "
            "'stopped, inaccessible-encryption-credentials-recoverable'.",
        )
    return None


def take_members_along(request: AwsRequest, answer: Answer) -> None:
    """Give the members of a cluster that was started or stopped the state moto gave the cluster alone."""
    if answer.status != 200 or request.action not in {"StartDBCluster", "StopDBCluster"}:
        return
    backend = rds_backends[request.account][request.region]
    cluster = backend.clusters[request.params["DBClusterIdentifier"]]
    for database in backend.databases.values():
        if database.db_cluster_identifier == cluster.db_cluster_identifier:
            database.status = cluster.status


def true_status(request: AwsRequest, answer: Answer) -> Answer:
    """The answer to a start or stop with the status AWS would show: `starting` or `stopping`."""
    if answer.status != 200 or request.action not in _SHOWN:
        return answer
    element, shown = _SHOWN[request.action]
    body = answer.body
    for moto in (b"available", b"stopped", b"started"):
        body = body.replace(b"<%s>%s</%s>" % (element, moto, element), b"<%s>%s</%s>" % (element, shown, element))
    return answer.with_body(body)
