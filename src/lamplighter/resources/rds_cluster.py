"""RDS clusters: Aurora and Multi-AZ DB clusters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from lamplighter.pricing.price import MULTI_AZ_CLUSTER, rds_key
from lamplighter.resources.kind import Kind, Permissions, Resource, Result, Search, Session, tags_of
from lamplighter.resources.rds_states import act_one_by_one, live_state
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions

_OTHER_SERVICES = ("neptune", "docdb")
_VALUES_AT_ONCE = 50
"""Values in one filter; RDS does not say how many it takes, the AWS Instance Scheduler gives it 50."""


class RdsCluster(Kind):
    """Aurora and Multi-AZ DB clusters, started and stopped with all their members."""

    name: ClassVar[str] = "rds-cluster"
    title: ClassVar[str] = "RDS DB cluster"
    why: ClassVar[str] = "A stopped cluster costs no instance hours for any member; storage and backups go on."
    source: ClassVar[str] = (
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-cluster-stop-start.html"
    )
    permissions: ClassVar[Permissions] = Permissions(
        discover=("rds:DescribeDBClusters", "rds:DescribeDBInstances"),
        start=("rds:StartDBCluster",),
        stop=("rds:StopDBCluster",),
        tag=("tag:TagResources", "tag:UntagResources", "rds:AddTagsToResource", "rds:RemoveTagsFromResource"),
    )
    may_start_from: ClassVar[frozenset[str]] = frozenset({"stopped"})
    may_stop_from: ClassVar[frozenset[str]] = frozenset({"available"})
    batch: ClassVar[int] = 10
    since: ClassVar[str] = "0.1.0"

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        """Find clusters, then the classes of their members in one more listing."""
        found: list[tuple[Mapping[str, Any], dict[str, str]]] = []
        for cluster in session.pages("rds", "describe_db_clusters", "DBClusters"):
            tags = tags_of(cluster.get("TagList"))
            mine = not cluster["Engine"].startswith(_OTHER_SERVICES)
            if mine and search.wants(cluster["DBClusterIdentifier"], tags):
                found.append((cluster, tags))
        if not found:
            return
        names = [cluster["DBClusterIdentifier"] for cluster, _ in found]
        members: dict[str, list[str]] = {name: [] for name in names}
        for first in range(0, len(names), _VALUES_AT_ONCE):
            chosen = [{"Name": "db-cluster-id", "Values": names[first : first + _VALUES_AT_ONCE]}]
            for database in session.pages("rds", "describe_db_instances", "DBInstances", Filters=chosen):
                if database.get("DBClusterIdentifier") in members:
                    members[database["DBClusterIdentifier"]].append(database["DBInstanceClass"])
        for cluster, tags in found:
            yield _resource(cluster, tags, members[cluster["DBClusterIdentifier"]], session, search.tag)

    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        """One StartDBCluster call each; RDS has no batch."""
        return act_one_by_one(session, "start_db_cluster", "DBClusterIdentifier", resources)

    def stop(self, session: Session, resources: Sequence[Resource], _how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        """One StopDBCluster call each; RDS has no batch."""
        return act_one_by_one(session, "stop_db_cluster", "DBClusterIdentifier", resources)


def _resource(
    cluster: Mapping[str, Any], tags: Mapping[str, str], classes: Sequence[str], session: Session, tag: str
) -> Resource:
    target, state, engine = session.target, cluster["Status"], cluster["Engine"]
    # A Multi-AZ DB cluster is priced as a whole, an Aurora cluster by its members.
    priced = classes if engine.startswith("aurora") else [cluster.get("DBClusterInstanceClass", "")]
    return Resource(
        kind=RdsCluster.name,
        id=cluster["DBClusterIdentifier"],
        arn=cluster["DBClusterArn"],
        account=target.account,
        region=target.region,
        name=tags.get("Name") or cluster["DBClusterIdentifier"],
        tags=tags,
        schedule=tags.get(tag),
        live=live_state(state),
        state=state,
        instance_type=", ".join(sorted(classes)),
        prices=tuple(rds_key(target.region, each, engine, MULTI_AZ_CLUSTER) for each in priced if each),
        unsupported=_unsupported(cluster),
    )


def _unsupported(cluster: Mapping[str, Any]) -> str | None:
    """Source: Aurora User Guide, "Limitations for stopping and starting Aurora clusters"."""
    mode = cluster.get("EngineMode", "provisioned")
    if mode in ("serverless", "parallelquery", "multimaster", "global"):
        return f"its engine mode is {mode}, which RDS does not stop"
    if cluster.get("GlobalWriteForwardingRequested") or cluster.get("GlobalClusterIdentifier"):
        return "it belongs to a global database, which RDS does not stop"
    if cluster.get("ReplicationSourceIdentifier"):
        return f"it replicates {cluster['ReplicationSourceIdentifier']}, and RDS does not stop replicas"
    return None
