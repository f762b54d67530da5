"""Neptune clusters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from lamplighter.resources.db_clusters import NEPTUNE, DbCluster, other_clusters
from lamplighter.resources.kind import Permissions, Resource, Search, Session
from lamplighter.resources.metrics import MEASURE, Metric, cpu
from lamplighter.resources.rds_snapshots import CLUSTER_PERMISSIONS
from lamplighter.resources.rds_states import RESTARTS_AFTER


class NeptuneCluster(DbCluster):
    """Neptune clusters, started and stopped with all their members, serverless ones too."""

    name: ClassVar[str] = "neptune-cluster"
    title: ClassVar[str] = "Neptune cluster"
    why: ClassVar[str] = (
        "A stopped cluster costs no instance hours for any member; storage and backups go on. "
        "How much is saved is unknown: the price book has no prices of Neptune."
    )
    source: ClassVar[str] = "https://docs.aws.amazon.com/neptune/latest/userguide/manage-console-stop-start.html"
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
    metrics: ClassVar[tuple[Metric, ...]] = (cpu("AWS/Neptune", "DBClusterIdentifier"),)
    restarts_after: ClassVar[timedelta | None] = RESTARTS_AFTER

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        """Find clusters by their engine, then the classes of their members in one more listing."""
        return other_clusters(self.name, session, search, NEPTUNE, "Neptune")
