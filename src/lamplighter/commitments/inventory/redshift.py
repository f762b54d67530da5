"""Reserved nodes of Redshift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.matching import redshift_fit
from lamplighter.commitments.source import Api, Where, arn_of, charges_of, instant, reservation
from lamplighter.resources.kind import Session


class Redshift(Api):
    """DescribeReservedNodes: pages; a duration in seconds, no end."""

    name: ClassVar[str] = "redshift"
    title: ClassVar[str] = "Redshift reserved nodes"
    why: ClassVar[str] = "What is reserved of Redshift, by exact node type."
    source: ClassVar[str] = "https://docs.aws.amazon.com/redshift/latest/APIReference/API_DescribeReservedNodes.html"
    permissions: ClassVar[tuple[str, ...]] = ("redshift:DescribeReservedNodes",)
    keys: ClassVar[tuple[str, ...]] = ("ri-redshift",)
    since: ClassVar[str] = "0.1.0"

    def rows(self, session: Session) -> Iterator[Mapping[str, Any]]:
        """Reserved nodes of the account in the region."""
        yield from session.pages("redshift", "describe_reserved_nodes", "ReservedNodes")

    def held(self, row: Mapping[str, Any], where: Where) -> Held:
        """One of them; the value is the node type, as `dc2.8xlarge`."""
        kind = str(row["NodeType"])
        return reservation(
            self,
            where,
            redshift_fit(where.region, kind),
            row,
            charges_of(row, str(row.get("CurrencyCode") or where.currency)),
            id_=str(row["ReservedNodeId"]),
            arn=arn_of("redshift", where, f"reserved-node:{row['ReservedNodeId']}"),
            value=kind,
            resource_type=kind,
            count=row["NodeCount"],
            offering=str(row.get("OfferingType") or ""),
            start=instant(row["StartTime"]),
        )
