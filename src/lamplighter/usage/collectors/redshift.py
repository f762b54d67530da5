"""Nodes of Redshift clusters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import ClassVar, Final

from lamplighter.lake.usage import UsageSample
from lamplighter.resources.kind import Session, tags_of
from lamplighter.usage.collector import DAILY, ZERO, Around, Charged, Collector, Seen

_METER: Final = re.compile(r"(?:^|-)(?:Node|HeavyUsage):(.+)$")
_NOT_CHARGED: Final = frozenset(
    ("creating", "deleting", "final-snapshot", "hardware-failure", "paused", "pausing", "resuming")
)
_NOT_CHARGED_BEGINS: Final = "incompatible-"


class RedshiftUsage(Collector):
    """Compute nodes of clusters by type, zone and schedule, once a day; those of paused clusters beside them."""

    service: ClassVar[str] = "redshift"
    title: ClassVar[str] = "Redshift nodes"
    why: ClassVar[str] = "Node hours are what reserved nodes can cover; a paused cluster has none."
    source: ClassVar[str] = "https://docs.aws.amazon.com/redshift/latest/mgmt/purchase-reserved-node-instance.html"
    since: ClassVar[str] = "0.1.0"
    hours: ClassVar[int] = DAILY
    keys: ClassVar[tuple[str, ...]] = ("redshift",)
    permissions: ClassVar[tuple[str, ...]] = ("redshift:DescribeClusters",)
    product: ClassVar[str] = "AmazonRedshift"

    def look(self, session: Session, around: Around) -> Iterator[Seen]:
        """One list. A cluster in two zones has its nodes in both."""
        for cluster in session.pages("redshift", "describe_clusters", "Clusters"):
            schedule = tags_of(cluster.get("Tags")).get(around.tag, "")
            status = cluster["ClusterStatus"]
            zones = 2 if str(cluster.get("MultiAZ", "")).lower() in ("enabled", "true") else 1
            nodes = Decimal(cluster["NumberOfNodes"] * zones)
            if status == "paused" and around.put_out(f"redshift-cluster/{cluster['ClusterIdentifier']}", schedule):
                quantity, off = ZERO, nodes
            elif status in _NOT_CHARGED or status.startswith(_NOT_CHARGED_BEGINS):
                continue
            else:
                quantity, off = nodes, ZERO
            yield Seen(
                cluster["NodeType"],
                quantity,
                zone=cluster.get("AvailabilityZone", ""),
                schedule=schedule,
                scheduled_off=off,
            )

    def read(self, charged: Charged) -> Seen | None:
        """Node hours."""
        meter = _METER.search(charged.usage_type)
        if meter is None:
            return None
        return Seen(
            meter[1], charged.quantity, zone=charged.zone, schedule=charged.schedule, covered=charged.covered
        )  # fmt: skip

    def values(self, sample: UsageSample) -> Mapping[str, str]:
        """By node type."""
        return {"redshift": sample.resource_type}
