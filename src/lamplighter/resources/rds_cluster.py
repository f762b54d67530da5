"""RDS clusters: Aurora, and Multi-AZ DB clusters, which AWS does not stop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from lamplighter.pricing.price import MULTI_AZ_CLUSTER, rds_key
from lamplighter.resources.db_clusters import DbCluster, cluster_resource, find_clusters, is_global, replication
from lamplighter.resources.kind import Permissions, Resource, Search, Session
from lamplighter.resources.metrics import MEASURE, Metric, connections, cpu
from lamplighter.resources.rds_snapshots import CLUSTER_PERMISSIONS
from lamplighter.resources.rds_states import RESTARTS_AFTER


class RdsCluster(DbCluster):
    """Aurora clusters, started and stopped with all their members; Multi-AZ DB clusters are found and left alone."""

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
        snapshot=CLUSTER_PERMISSIONS,
        measure=MEASURE,
    )
    may_start_from: ClassVar[frozenset[str]] = frozenset({"stopped"})
    may_stop_from: ClassVar[frozenset[str]] = frozenset({"available"})
    batch: ClassVar[int] = 10
    since: ClassVar[str] = "0.1.0"
    metrics: ClassVar[tuple[Metric, ...]] = tuple(of("AWS/RDS", "DBClusterIdentifier") for of in (cpu, connections))
    restarts_after: ClassVar[timedelta | None] = RESTARTS_AFTER

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        """Find clusters, then the classes of their members in one more listing."""
        for found in find_clusters(session, search):
            cluster, tags, classes = found
            engine = cluster["Engine"]
            # A Multi-AZ DB cluster is priced as a whole, an Aurora cluster by its members.
            priced = classes if _is_aurora(engine) else [cluster.get("DBClusterInstanceClass", "")]
            prices = [rds_key(session.target.region, each, engine, MULTI_AZ_CLUSTER) for each in priced if each]
            yield cluster_resource(self.name, session, found, tags.get(search.tag), prices, _unsupported(cluster))


def _is_aurora(engine: str) -> bool:
    return engine.startswith("aurora")


def _unsupported(cluster: Mapping[str, Any]) -> str | None:
    """Why AWS does not stop it, or None. A blue/green deployment is not told of: AWS's refusal is shown.

    Source: Aurora User Guide, "Limitations for stopping and starting Aurora clusters"; of modes that are no longer
    offered, its earlier editions; RDS User Guide, "Limitations of Multi-AZ DB clusters for Amazon RDS".
    """
    if not _is_aurora(cluster["Engine"]):
        return f"it is a Multi-AZ DB cluster ({cluster['Engine']}), and RDS does not stop those"
    mode = cluster.get("EngineMode") or "provisioned"
    if mode in ("serverless", "parallelquery", "multimaster", "global"):
        return f"its engine mode is {mode}, which RDS does not stop"
    if is_global(cluster):
        return "it belongs to a global database, which RDS does not stop"
    return replication(cluster, "RDS")
