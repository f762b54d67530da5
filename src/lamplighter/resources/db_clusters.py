"""What the kinds of DB clusters share: RDS, Neptune and DocumentDB answer to one API, that of RDS, and share one list.

Their own clients have the same operations, but models of them lack the tags and the time of the restart.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lamplighter.pricing.price import PriceKey
from lamplighter.resources.kind import Kind, Resource, Result, Search, Session, tags_of
from lamplighter.resources.rds_snapshots import stop_clusters
from lamplighter.resources.rds_states import act_one_by_one, live_state
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions

NEPTUNE: Final = "neptune"
DOCDB: Final = "docdb"
_OTHERS: Final = (NEPTUNE, DOCDB)
_VALUES_AT_ONCE = 50
"""Values in one filter; RDS does not say how many it takes, the AWS Instance Scheduler gives it 50."""


class DbCluster(Kind, ABC):
    """DB clusters of any service, started and stopped with all their members."""

    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        """One StartDBCluster call each; there is no batch."""
        return act_one_by_one(session, "start_db_cluster", "DBClusterIdentifier", resources)

    def stop(self, session: Session, resources: Sequence[Resource], how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        """One StopDBCluster call each; there is no batch. With a snapshot, that is made and waited for before."""
        if how.snapshot:
            return stop_clusters(session, resources, how.snapshot)
        return act_one_by_one(session, "stop_db_cluster", "DBClusterIdentifier", resources)


def find_clusters(
    session: Session, search: Search, engine: str = ""
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, str], Sequence[str]]]:
    """Clusters as DescribeDBClusters tells them, their tags, and the classes of their members in one more listing.

    Args:
        session: calls in one account and region.
        search: which clusters.
        engine: only those of this engine; empty for all that are not of another kind.

    Raises:
        AwsError: a call failed.
    """
    asked = {"Filters": [{"Name": "engine", "Values": [engine]}]} if engine else {}
    found: list[tuple[Mapping[str, Any], dict[str, str]]] = []
    for cluster in session.pages("rds", "describe_db_clusters", "DBClusters", **asked):
        tags = tags_of(cluster.get("TagList"))
        mine = cluster["Engine"] == engine if engine else cluster["Engine"] not in _OTHERS
        if mine and search.wants(cluster["DBClusterIdentifier"], tags):
            found.append((cluster, tags))
    names = [cluster["DBClusterIdentifier"] for cluster, _ in found]
    members: dict[str, list[str]] = {name: [] for name in names}
    for first in range(0, len(names), _VALUES_AT_ONCE):
        chosen = [{"Name": "db-cluster-id", "Values": names[first : first + _VALUES_AT_ONCE]}]
        for database in session.pages("rds", "describe_db_instances", "DBInstances", Filters=chosen):
            if database.get("DBClusterIdentifier") in members:
                members[database["DBClusterIdentifier"]].append(database["DBInstanceClass"])
    for cluster, tags in found:
        yield cluster, tags, members[cluster["DBClusterIdentifier"]]


def cluster_resource(
    kind: str,
    session: Session,
    found: tuple[Mapping[str, Any], Mapping[str, str], Sequence[str]],
    schedule: str | None,
    prices: Sequence[PriceKey],
    unsupported: str | None,
) -> Resource:
    """A cluster as `find_clusters` found it, as a resource."""
    cluster, tags, classes = found
    target, state = session.target, cluster["Status"]
    return Resource(
        kind=kind,
        id=cluster["DBClusterIdentifier"],
        arn=cluster["DBClusterArn"],
        account=target.account,
        region=target.region,
        name=tags.get("Name") or cluster["DBClusterIdentifier"],
        tags=tags,
        schedule=schedule,
        live=live_state(state),
        state=state,
        instance_type=", ".join(sorted(classes)),
        prices=tuple(prices),
        unsupported=unsupported,
        restarts_at=cluster.get("AutomaticRestartTime"),
        window=cluster.get("PreferredMaintenanceWindow") or "",
    )


def other_clusters(kind: str, session: Session, search: Search, engine: str, service: str) -> Iterator[Resource]:
    """Clusters of a service beside RDS, priced by their members.

    Those of a global database are left alone: AWS says of Aurora that it does not stop them, and nothing of the others.

    Args:
        kind: name of the kind.
        session: calls in one account and region.
        search: which clusters.
        engine: its only engine, and its name in price keys.
        service: its name for people.

    Raises:
        AwsError: a call failed.
    """
    for found in find_clusters(session, search, engine):
        cluster, tags, classes = found
        prices = [PriceKey(engine, session.target.region, each) for each in classes]
        whole = "it belongs to a global database, whose clusters are not stopped by themselves"
        unsupported = whole if is_global(cluster) else replication(cluster, service)
        yield cluster_resource(kind, session, found, tags.get(search.tag), prices, unsupported)


def is_global(cluster: Mapping[str, Any]) -> bool:
    """Whether it is part of a global database."""
    return bool(cluster.get("GlobalWriteForwardingRequested") or cluster.get("GlobalClusterIdentifier"))


def replication(cluster: Mapping[str, Any], service: str) -> str | None:
    """Why it cannot be stopped for its replication, or None.

    Source: Aurora User Guide, "Limitations for stopping and starting Aurora clusters": neither a cluster that
    replicates another, nor one that has a replica in another Region.
    """
    source = cluster.get("ReplicationSourceIdentifier")
    if source:
        return f"it replicates {source}, and {service} does not stop replicas"
    here = cluster["DBClusterArn"].split(":")[3]
    abroad = [name for name in cluster.get("ReadReplicaIdentifiers") or () if f":{here}:" not in name and ":" in name]
    if abroad:
        return f"it has replicas in other Regions ({', '.join(abroad)}), and {service} does not stop their source"
    return None
