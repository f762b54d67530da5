"""Redshift clusters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from lamplighter.pricing.price import PriceKey
from lamplighter.resources.group_sizes import one_by_one
from lamplighter.resources.kind import Kind, Permissions, Resource, Result, Search, Session, partition_of, tags_of
from lamplighter.resources.metrics import MEASURE, Metric, connections, cpu
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions
from lamplighter.schedules.decision import Live

_LIVE = {
    "available": Live.RUNNING,
    "pausing": Live.STOPPING,
    "paused": Live.STOPPED,
    "resuming": Live.STARTING,
    "deleting": Live.GONE,
    "final-snapshot": Live.GONE,
}


class RedshiftCluster(Kind):
    """Provisioned Redshift clusters, paused and resumed.

    Redshift refuses a pause while it has no recent snapshot of the cluster; it succeeds in a pass after the next one.
    """

    name: ClassVar[str] = "redshift-cluster"
    title: ClassVar[str] = "Redshift cluster"
    why: ClassVar[str] = "A paused cluster costs no node hours on demand; its storage and snapshots go on."
    source: ClassVar[str] = "https://docs.aws.amazon.com/redshift/latest/mgmt/rs-mgmt-pause-resume-cluster.html"
    permissions: ClassVar[Permissions] = Permissions(
        discover=("redshift:DescribeClusters",),
        start=("redshift:ResumeCluster",),
        stop=("redshift:PauseCluster",),
        tag=("tag:TagResources", "tag:UntagResources", "redshift:CreateTags", "redshift:DeleteTags"),
        measure=MEASURE,
    )
    may_start_from: ClassVar[frozenset[str]] = frozenset({"paused"})
    may_stop_from: ClassVar[frozenset[str]] = frozenset({"available"})
    batch: ClassVar[int] = 10
    since: ClassVar[str] = "0.1.0"
    metrics: ClassVar[tuple[Metric, ...]] = tuple(of("AWS/Redshift", "ClusterIdentifier") for of in (cpu, connections))

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        """Find clusters; Redshift filters by the tag's key, and not by several ids."""
        asked = {"TagKeys": [search.tag]} if search.ids is None else {}
        for cluster in session.pages("redshift", "describe_clusters", "Clusters", **asked):
            tags = tags_of(cluster.get("Tags"))
            if search.wants(cluster["ClusterIdentifier"], tags):
                yield _resource(cluster, tags, session, search.tag)

    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        """One ResumeCluster call each; Redshift has no batch."""
        return _each(session, "resume_cluster", resources)

    def stop(self, session: Session, resources: Sequence[Resource], _how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        """One PauseCluster call each; Redshift has no batch."""
        return _each(session, "pause_cluster", resources)


def _each(session: Session, operation: str, resources: Sequence[Resource]) -> list[Result]:
    def act(resource: Resource) -> str:
        session.call("redshift", operation, ClusterIdentifier=resource.id)
        return ""

    return one_by_one(resources, act)


def _resource(cluster: Mapping[str, Any], tags: Mapping[str, str], session: Session, tag: str) -> Resource:
    target, name, state = session.target, cluster["ClusterIdentifier"], cluster["ClusterStatus"]
    return Resource(
        kind=RedshiftCluster.name,
        id=name,
        arn=f"arn:{partition_of(target.region)}:redshift:{target.region}:{target.account}:cluster:{name}",
        account=target.account,
        region=target.region,
        name=tags.get("Name") or name,
        tags=tags,
        schedule=tags.get(tag),
        live=_LIVE.get(state, Live.BUSY),
        state=state,
        instance_type=cluster["NodeType"],
        prices=_prices(cluster, target.region),
        unsupported=_unsupported(cluster),
        window=cluster.get("PreferredMaintenanceWindow") or "",
    )


def _prices(cluster: Mapping[str, Any], region: str) -> tuple[PriceKey, ...]:
    """One price a compute node; the leader is free. Whether Multi-AZ counts the nodes of both zones is not told."""
    if _spans_zones(cluster):
        return ()
    return (PriceKey("redshift", region, cluster["NodeType"]),) * int(cluster.get("NumberOfNodes") or 0)


def _spans_zones(cluster: Mapping[str, Any]) -> bool:
    return str(cluster.get("MultiAZ", "")).lower() in ("enabled", "true")


def _unsupported(cluster: Mapping[str, Any]) -> str | None:
    """Source: Redshift Management Guide, "Pausing and resuming a cluster"; for Multi-AZ, AWS MDAA's Redshift module."""
    if _spans_zones(cluster):
        return "it spans two Availability Zones (Multi-AZ), and Redshift does not pause such clusters"
    if (cluster.get("HsmStatus") or {}).get("HsmConfigurationIdentifier"):
        return "it uses a hardware security module, and Redshift does not pause such clusters"
    if cluster.get("AutomatedSnapshotRetentionPeriod") == 0:
        return "its automated snapshots are turned off, and Redshift does not pause without them; turn them on"
    return None
