"""Reserved cache nodes of ElastiCache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.matching import elasticache_fit
from lamplighter.commitments.source import Api, Where, arn_of, charges_of, instant, reservation
from lamplighter.resources.kind import Session


class ElastiCache(Api):
    """DescribeReservedCacheNodes: pages; a duration in seconds, no end, no currency."""

    name: ClassVar[str] = "elasticache"
    title: ClassVar[str] = "ElastiCache reserved nodes"
    why: ClassVar[str] = "What is reserved of ElastiCache, by engine and node type."
    source: ClassVar[str] = (
        "https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeReservedCacheNodes.html"
    )
    permissions: ClassVar[tuple[str, ...]] = ("elasticache:DescribeReservedCacheNodes",)
    keys: ClassVar[tuple[str, ...]] = ("ri-elasticache",)
    since: ClassVar[str] = "0.1.0"

    def rows(self, session: Session) -> Iterator[Mapping[str, Any]]:
        """Reserved nodes of the account in the region."""
        yield from session.pages("elasticache", "describe_reserved_cache_nodes", "ReservedCacheNodes")

    def held(self, row: Mapping[str, Any], where: Where) -> Held:
        """One of them; the value is the node type, as `cache.r4.large`."""
        kind = str(row["CacheNodeType"])
        id_ = str(row["ReservedCacheNodeId"])
        return reservation(
            self,
            where,
            elasticache_fit(where.region, kind, str(row["ProductDescription"])),
            row,
            charges_of(row, where.currency),
            id_=id_,
            arn=str(row.get("ReservationARN") or arn_of("elasticache", where, f"reserved-instance:{id_}")),
            value=kind,
            resource_type=kind,
            count=row["CacheNodeCount"],
            offering=str(row.get("OfferingType") or ""),
            start=instant(row["StartTime"]),
        )
