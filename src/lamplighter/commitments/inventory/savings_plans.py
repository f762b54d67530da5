"""Savings Plans: Compute, EC2 Instance, SageMaker, Database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final

from lamplighter.commitments.holdings import Held, noted, terms_of
from lamplighter.commitments.model import PlanKind
from lamplighter.commitments.source import Api, Where, exact, instant
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass
from lamplighter.resources.kind import Session

KEYS: Final = MappingProxyType(
    {
        PlanKind.COMPUTE: "sp-compute",
        PlanKind.EC2_INSTANCE: "sp-ec2",
        PlanKind.SAGEMAKER: "sp-sagemaker",
        PlanKind.DATABASE: "sp-database",
    }
)


class SavingsPlans(Api):
    """DescribeSavingsPlans: an account has one list for all regions; amounts and times are texts."""

    name: ClassVar[str] = "savings-plans"
    title: ClassVar[str] = "Savings Plans"
    why: ClassVar[str] = "Money an hour that was committed to, by type of plan; ended and queued ones too."
    source: ClassVar[str] = "https://docs.aws.amazon.com/savingsplans/latest/APIReference/API_DescribeSavingsPlans.html"
    permissions: ClassVar[tuple[str, ...]] = ("savingsplans:DescribeSavingsPlans",)
    keys: ClassVar[tuple[str, ...]] = tuple(KEYS.values())
    everywhere: ClassVar[bool] = True
    since: ClassVar[str] = "0.1.0"

    def rows(self, session: Session) -> Iterator[Mapping[str, Any]]:
        """All plans of the account."""
        yield from session.pages("savingsplans", "describe_savings_plans", "savingsPlans")

    def held(self, row: Mapping[str, Any], where: Where) -> Held:
        """One of them; a type that is not known here is kept under a key of its own and covers nothing."""
        word = str(row["savingsPlanType"])
        plan = next((each for each in PlanKind if each.value == word), None)
        narrow = plan is PlanKind.EC2_INSTANCE
        currency = str(row.get("currency") or where.currency)
        start = instant(row["start"])
        seconds = row.get("termDurationInSeconds")
        end = instant(row["end"]) if row.get("end") else start + timedelta(seconds=int(str(seconds)))
        offering = str(row.get("paymentOption") or "")
        terms = terms_of(start, end, offering, OfferingClass.STANDARD)
        return Held(
            source=self.name,
            id=str(row["savingsPlanId"]),
            arn=str(row["savingsPlanArn"]),
            account=where.account,
            account_name=where.account_name,
            region=str(row.get("region") or "") if narrow else "",
            key=KEYS[plan] if plan else f"sp-{word.lower()}",
            value=str(row.get("ec2InstanceFamily") or "") if narrow else "",
            attributes=None,
            resource_type="",
            size="",
            count=Decimal(1),
            zone="",
            units=None,
            plan=plan,
            commitment=Money(exact(row["commitment"]), currency),
            offering=offering,
            offering_class=OfferingClass.STANDARD,
            terms=terms,
            start=start,
            end=end,
            upfront=_money(row.get("upfrontPaymentAmount"), currency),
            hourly=_money(row.get("recurringPaymentAmount"), currency),
            state=str(row.get("state") or "unknown"),
            as_of=where.as_of,
            notes=noted(
                [
                    "" if plan else f"Savings Plans of type {word} are not known here: it covers nothing",
                    "" if terms else f"neither for one nor for three years: {offering or 'unknown'}",
                    ""
                    if not narrow or (row.get("region") and row.get("ec2InstanceFamily"))
                    else "region or family missing",
                ]
            ),
        )


def _money(value: object, currency: str) -> Money | None:
    return None if value in (None, "") else Money(exact(value), currency)
