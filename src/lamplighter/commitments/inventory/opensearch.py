"""Reserved instances of OpenSearch Service, Elasticsearch included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.matching import opensearch_fit, plain_search_type
from lamplighter.commitments.source import Api, Where, arn_of, charges_of, first_of, instant, reservation
from lamplighter.resources.kind import Session


class OpenSearch(Api):
    """DescribeReservedInstances: pages; members of the older Elasticsearch API have other names."""

    name: ClassVar[str] = "opensearch"
    title: ClassVar[str] = "OpenSearch reserved instances"
    why: ClassVar[str] = "What is reserved of OpenSearch and Elasticsearch, by exact instance type."
    source: ClassVar[str] = (
        "https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_DescribeReservedInstances.html"
    )
    permissions: ClassVar[tuple[str, ...]] = ("es:DescribeReservedInstances",)
    keys: ClassVar[tuple[str, ...]] = ("ri-es",)
    since: ClassVar[str] = "0.1.0"

    def rows(self, session: Session) -> Iterator[Mapping[str, Any]]:
        """Reserved instances of the account in the region."""
        yield from session.pages("opensearch", "describe_reserved_instances", "ReservedInstances")

    def held(self, row: Mapping[str, Any], where: Where) -> Held:
        """One of them; the value is the type as usage has it, `m4.large.elasticsearch`, whatever API names it."""
        kind = str(first_of(row, ("InstanceType", "ElasticsearchInstanceType")))
        id_ = str(first_of(row, ("ReservedInstanceId", "ReservedElasticsearchInstanceId")))
        return reservation(
            self,
            where,
            opensearch_fit(where.region, kind),
            row,
            charges_of(row, str(row.get("CurrencyCode") or where.currency)),
            id_=id_,
            arn=arn_of("es", where, f"reserved-instances/{id_}"),
            value=f"{plain_search_type(kind)}.elasticsearch",
            resource_type=kind,
            count=first_of(row, ("InstanceCount", "ElasticsearchInstanceCount")),
            offering=str(row.get("PaymentOption") or ""),
            start=instant(row["StartTime"]),
        )
