"""Reserved DB instances of RDS and Aurora."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.matching import rds_fit
from lamplighter.commitments.source import Api, Where, arn_of, charges_of, instant, reservation
from lamplighter.pricing.price import MULTI_AZ, SINGLE_AZ
from lamplighter.resources.kind import Session


class Rds(Api):
    """DescribeReservedDBInstances: pages; a start and a duration in seconds, no end."""

    name: ClassVar[str] = "rds"
    title: ClassVar[str] = "RDS reserved DB instances"
    why: ClassVar[str] = "What is reserved of RDS and Aurora, by engine, class and deployment."
    source: ClassVar[str] = (
        "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeReservedDBInstances.html"
    )
    permissions: ClassVar[tuple[str, ...]] = ("rds:DescribeReservedDBInstances",)
    keys: ClassVar[tuple[str, ...]] = ("ri-rds",)
    since: ClassVar[str] = "0.1.0"

    def rows(self, session: Session) -> Iterator[Mapping[str, Any]]:
        """Reserved DB instances of the account in the region."""
        yield from session.pages("rds", "describe_reserved_db_instances", "ReservedDBInstances")

    def held(self, row: Mapping[str, Any], where: Where) -> Held:
        """One of them; the value is `<class>:<engine>`, as `db.r4.large:aurora-mysql`."""
        kind = str(row["DBInstanceClass"])
        deployment = MULTI_AZ if row.get("MultiAZ") else SINGLE_AZ
        fit = rds_fit(where.region, kind, str(row["ProductDescription"]), deployment)
        return reservation(
            self,
            where,
            fit,
            row,
            charges_of(row, str(row.get("CurrencyCode") or where.currency)),
            id_=str(row["ReservedDBInstanceId"]),
            arn=str(row.get("ReservedDBInstanceArn") or arn_of("rds", where, f"ri:{row['ReservedDBInstanceId']}")),
            value=f"{kind}:{fit.attributes.platform}",
            resource_type=kind,
            count=row["DBInstanceCount"],
            offering=str(row.get("OfferingType") or ""),
            start=instant(row["StartTime"]),
        )
