"""Reserved Instances of EC2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.matching import ec2_fit
from lamplighter.commitments.source import Api, Where, arn_of, charges_of, instant, reservation
from lamplighter.pricing.offers import OfferingClass
from lamplighter.resources.kind import Session

_ZONAL = "Availability Zone"


class Ec2(Api):
    """DescribeReservedInstances: one answer without pages, with the end of each."""

    name: ClassVar[str] = "ec2"
    title: ClassVar[str] = "EC2 Reserved Instances"
    why: ClassVar[str] = "What is reserved of EC2, by zone or region; retired ones are listed for a while."
    source: ClassVar[str] = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeReservedInstances.html"
    permissions: ClassVar[tuple[str, ...]] = ("ec2:DescribeReservedInstances",)
    keys: ClassVar[tuple[str, ...]] = ("ri-ec2",)
    since: ClassVar[str] = "0.1.0"

    def rows(self, session: Session) -> Iterator[Mapping[str, Any]]:
        """Reserved Instances of the account in the region."""
        yield from session.pages("ec2", "describe_reserved_instances", "ReservedInstances")

    def held(self, row: Mapping[str, Any], where: Where) -> Held:
        """One of them; the value is `<system>-<type>`, as `linux-t2.small`."""
        kind = str(row["InstanceType"])
        fit = ec2_fit(where.region, kind, str(row["ProductDescription"]), str(row.get("InstanceTenancy") or "default"))
        start = instant(row["Start"])
        end = instant(row["End"]) if row.get("End") else start + timedelta(seconds=int(row["Duration"]))
        zonal = row.get("Scope") == _ZONAL or bool(row.get("AvailabilityZone"))
        return reservation(
            self,
            where,
            fit,
            row,
            charges_of(row, str(row.get("CurrencyCode") or where.currency), amount="Amount", rhythm="Frequency"),
            id_=str(row["ReservedInstancesId"]),
            arn=arn_of("ec2", where, f"reserved-instances/{row['ReservedInstancesId']}"),
            value=f"{fit.attributes.platform.lower().replace(' ', '-')}-{kind}",
            resource_type=kind,
            count=row["InstanceCount"],
            offering=str(row.get("OfferingType") or ""),
            start=start,
            end=end,
            zone=str(row.get("AvailabilityZone") or row.get("AvailabilityZoneId") or "") if zonal else "",
            offering_class=OfferingClass(str(row.get("OfferingClass") or "standard")),
        )
