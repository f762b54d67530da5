"""ElastiCache nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from lamplighter.lake.usage import UsageSample
from lamplighter.resources.kind import Session
from lamplighter.usage.collector import HOURLY, Around, Charged, Collector, Seen

_METER: Final = re.compile(r"(?:^|-)(?:NodeUsage|HeavyUsage):(cache\..+)$")
_ENGINES: Final = MappingProxyType({"0001": "memcached", "0002": "redis"})
"""Codes of CreateCacheCluster. Source: attribute `operation` of AmazonElastiCache in the AWS Price List."""
_NOT_CHARGED: Final = frozenset(("creating", "create-failed", "deleted", "deleting", "restore-failed"))
_NODE_NOT_CHARGED: Final = frozenset(("creating", "create-failed", "deleted", "deleting"))


class ElastiCacheUsage(Collector):
    """Nodes by type, engine and zone, those of replication groups too. Serverless caches have no nodes."""

    service: ClassVar[str] = "elasticache"
    title: ClassVar[str] = "ElastiCache nodes"
    why: ClassVar[str] = "Node hours are what reserved nodes can cover; nodes cannot be stopped."
    source: ClassVar[str] = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheNodes.Reserved.html"
    since: ClassVar[str] = "0.1.0"
    hours: ClassVar[int] = HOURLY
    keys: ClassVar[tuple[str, ...]] = ("elasticache",)
    permissions: ClassVar[tuple[str, ...]] = ("elasticache:DescribeCacheClusters",)
    product: ClassVar[str] = "AmazonElastiCache"

    def look(self, session: Session, around: Around) -> Iterator[Seen]:  # noqa: ARG002 - nobody puts them out, and their tags are not listed
        """One list, with each node and its zone."""
        listed = session.pages("elasticache", "describe_cache_clusters", "CacheClusters", ShowCacheNodeInfo=True)
        for cluster in listed:
            if cluster["CacheClusterStatus"] in _NOT_CHARGED:
                continue
            zone = cluster.get("PreferredAvailabilityZone", "")
            nodes = cluster.get("CacheNodes") or [{}] * cluster["NumCacheNodes"]
            for node in nodes:
                if node.get("CacheNodeStatus") not in _NODE_NOT_CHARGED:
                    yield Seen(
                        cluster["CacheNodeType"],
                        platform=cluster["Engine"],
                        zone=node.get("CustomerAvailabilityZone") or ("" if zone == "Multiple" else zone),
                    )

    def read(self, charged: Charged) -> Seen | None:
        """Node hours; the engine by the operation's code."""
        meter = _METER.search(charged.usage_type)
        if meter is None:
            return None
        engine = _ENGINES.get(charged.operation.partition(":")[2], charged.operation)
        return Seen(meter[1], charged.quantity, engine, zone=charged.zone, covered=charged.covered)

    def values(self, sample: UsageSample) -> Mapping[str, str]:
        """By node type."""
        return {"elasticache": sample.resource_type}
