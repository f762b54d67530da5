"""Reserved capacity of DynamoDB, from the ledger: AWS has no API that lists it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.matching import dynamodb_fit
from lamplighter.commitments.source import FromLedger, Where, exact, instant
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass


class DynamoDb(FromLedger):
    """Recurring fees of reservations of DynamoDB, month by month.

    A fee tells how many units were reserved and what an hour of them costs. It does not tell what was paid upfront, for
    how long, nor when it ends: of what the last month of its payer has, the end is not known; the rest has ended.
    """

    name: ClassVar[str] = "dynamodb"
    title: ClassVar[str] = "DynamoDB reservations"
    why: ClassVar[str] = "Reserved read and write capacity, as far as bills tell; AWS has no API for it."
    source: ClassVar[str] = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/reserved-capacity.html"
    permissions: ClassVar[tuple[str, ...]] = ()
    keys: ClassVar[tuple[str, ...]] = ("ri-dynamodb",)
    since: ClassVar[str] = "0.1.0"
    question: ClassVar[str] = """
        WITH bounds AS (
            SELECT BillingAccountId AS payer, MAX(billing_period) AS last_period, MAX(BillingPeriodEnd) AS until
            FROM charges
            GROUP BY BillingAccountId
        )
        SELECT
            CommitmentDiscountId AS arn,
            COALESCE(SubAccountId, BillingAccountId) AS account,
            MAX(SubAccountName) AS account_name,
            RegionId AS region,
            x_UsageType AS usage_type,
            BillingCurrency AS currency,
            MIN(ChargePeriodStart) AS first_start,
            MAX(ChargePeriodEnd) AS last_end,
            SUM(PricingQuantity) AS unit_hours,
            SUM(CAST(date_diff('second', ChargePeriodStart, ChargePeriodEnd) AS DECIMAL(38, 0))) / 3600 AS hours,
            SUM(x_UnblendedCost) AS cost,
            BOOL_OR(billing_period = bounds.last_period) AS goes_on,
            MAX(bounds.until) AS until
        FROM charges JOIN bounds ON bounds.payer = charges.BillingAccountId
        WHERE ServiceName = 'Amazon DynamoDB' AND CommitmentDiscountCategory = 'Usage'
            AND ChargeCategory = 'Purchase' AND ChargeFrequency = 'Recurring'
        GROUP BY ALL
        ORDER BY ALL
    """

    def held(self, row: Mapping[str, Any], where: Where) -> Held:
        """One of them; the value is `read` or `write`, the count that of capacity units."""
        used = str(row["usage_type"] or "").lower()
        capacity = next((each for each in ("read", "write") if each in used), None)
        if capacity is None:
            raise ValueError(f"usage type {row['usage_type']!r} is neither of reading nor of writing")
        if not row["unit_hours"] or not row["hours"]:
            raise ValueError("the bill does not say how many units it is for")
        fit = dynamodb_fit(where.region, capacity)
        count = (exact(row["unit_hours"]) / exact(row["hours"])).quantize(Decimal(1))
        arn = str(row["arn"])
        return Held(
            source=self.name,
            id=arn.rpartition("/")[2],
            arn=arn,
            account=where.account,
            account_name=where.account_name,
            region=where.region,
            key=self.keys[0],
            value=capacity,
            attributes=fit.attributes,
            resource_type=capacity,
            size=fit.size,
            count=count,
            zone="",
            units=None,
            plan=None,
            commitment=None,
            offering="",
            offering_class=OfferingClass.STANDARD,
            terms=None,
            start=instant(row["first_start"]),
            end=None if row["goes_on"] else instant(row["last_end"]),
            upfront=None,
            hourly=Money(exact(row["cost"]) / exact(row["unit_hours"]), str(row["currency"])),
            state="active" if row["goes_on"] else "retired",
            as_of=where.as_of,
            notes=("from bills: what was paid upfront, the term and its end are not on them",),
        )
