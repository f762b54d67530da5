"""The detailed billing report, with or without resources and tags.

Its lines are of several record types. LineItem and Rounding are charges; InvoiceTotal, AccountTotal, StatementTotal and
Discount repeat them or add them up, and are counted apart (`lamplighter.billing.stated` holds totals against them). One
that is not known is a problem.

What it lacks, and what stands for it:

- A billing period: the month that most of a file's lines begin in. Usage that arrives late keeps its own dates.
- A currency: US dollars.
- Amortised cost: reserved usage costs nothing and its fees are purchases, so EffectiveCost is BilledCost.
- List prices: the cost of the line.

Ends of periods are the last second (`23:59:59`) or the first instant after; dates are written with `-` or with `/`.
Lines of heavy-utilisation reservations have hours that nobody used as their quantity, so it counts as no usage.

Source: Billing user guide, "Detailed billing report" and "Migrating from Detailed Billing Reports".
"""

from __future__ import annotations

from typing import ClassVar, Final

from lamplighter.billing.columns import Columns
from lamplighter.billing.format import Format, Reading, Table, checked
from lamplighter.billing.maps import by_key, flat_map
from lamplighter.billing.raw import AGAIN
from lamplighter.billing.services import category_sql, code_sql, known_sql, service_sql

_TOTALS: Final = "('InvoiceTotal', 'AccountTotal', 'StatementTotal', 'Discount')"
_CHARGES: Final = "('LineItem', 'Rounding')"
_MUST: Final = ("BilledCost", "BillingAccountId", "BillingPeriodStart", "ChargePeriodStart", "ChargePeriodEnd")


class DetailedBilling(Format):
    """The report that came before the Cost and Usage Report; closed to new customers since 2019."""

    name: ClassVar[str] = "dbr"
    title: ClassVar[str] = "Detailed billing report"
    why: ClassVar[str] = "Years of history in it; no amortised cost, no list price, no currency."
    source: ClassVar[str] = "https://docs.aws.amazon.com/cur/latest/userguide/detailed-billing.html"
    since: ClassVar[str] = "0.1.0"

    def recognises(self, table: Table) -> bool:
        """By its record types beside dates of usage, and one of the two names of the cost."""
        columns = set(table.columns)
        fixed = {"RecordType", "PayerAccountId", "UsageStartDate", "UsageEndDate", "ItemDescription"}
        return fixed <= columns and bool(columns & {"UnBlendedCost", "Cost"})

    def reading(self, table: Table) -> Reading:
        """As this module says."""
        c = Columns({name: name for name in table.columns}, table.types)
        record = c.text("RecordType")
        tags = _tags(table)
        found = _charges(c, flat_map(c, tags, table.filled))
        unknown = (
            f"CASE WHEN {record} IS NULL OR {record} NOT IN {_CHARGES} THEN 'RecordType is none: '"
            f" || COALESCE(left({record}, 60), '') END"
        )
        return Reading(
            found,
            f"COALESCE({unknown}, {checked(found, c, _MUST)})",
            c.text("UnBlendedCost", "Cost"),
            f"CASE WHEN {record} IN {_TOTALS} THEN {record} ELSE {found['x_LineItemType']} END",
            keep=f"COALESCE({record}, '') NOT IN {_TOTALS}",
            notes=(
                "a detailed billing report names no currency: US dollars",
                "a detailed billing report spreads no commitments: the effective cost is the billed one",
            ),
            values=c.values,
            tags=by_key(c, tags),
            month=f"CASE WHEN {record} = 'LineItem' THEN strftime({c.time('UsageStartDate')}, '%Y-%m') END",
        )


def _charges(c: Columns, tags: str) -> dict[str, str]:
    cost, quantity = c.number("UnBlendedCost", "Cost"), c.number("UsageQuantity")
    product, meter, about = c.text("ProductName"), c.text("UsageType"), c.text("ItemDescription")
    month = "CAST(_month || '-01' AS TIMESTAMP)"
    end = c.time("UsageEndDate")
    code, zone, resource = code_sql(product), c.text("AvailabilityZone"), c.text("ResourceId")
    known = c.once("service", known_sql(code))
    kind = _kind(c)
    usage = f"{kind} IN ('Usage', 'DiscountedUsage')"
    spot = f"COALESCE({meter}, '') LIKE '%SpotUsage%'"
    return {
        **dict.fromkeys(
            (
                "BilledCost",
                "EffectiveCost",
                "ListCost",
                "ContractedCost",
                "x_UnblendedCost",
                "x_NetUnblendedCost",
                "x_AmortizedCost",
                "x_NetAmortizedCost",
            ),
            cost,
        ),
        "AvailabilityZone": zone,
        "BillingAccountId": c.text("PayerAccountId"),
        "BillingCurrency": "'USD'",
        "BillingPeriodStart": month,
        "BillingPeriodEnd": f"{month} + INTERVAL 1 MONTH",
        "ChargeCategory": (
            f"CASE {kind} WHEN 'Tax' THEN 'Tax' WHEN 'Credit' THEN 'Credit' WHEN 'Rounding' THEN 'Adjustment'"
            " WHEN 'Fee' THEN 'Purchase' WHEN 'RIFee' THEN 'Purchase' ELSE 'Usage' END"
        ),
        "ChargeDescription": about,
        "ChargeFrequency": (
            f"CASE WHEN {usage} THEN 'Usage-Based' WHEN {kind} = 'RIFee' THEN 'Recurring' ELSE 'One-Time' END"
        ),
        "ChargePeriodStart": f"COALESCE({c.time('UsageStartDate')}, {month})",
        "ChargePeriodEnd": (
            f"COALESCE(CASE WHEN second({end}) = 59 THEN {end} + INTERVAL 1 SECOND ELSE {end} END,"
            f" {month} + INTERVAL 1 MONTH)"
        ),
        "CommitmentDiscountCategory": f"CASE WHEN {kind} IN ('DiscountedUsage', 'RIFee') THEN 'Usage' END",
        "CommitmentDiscountStatus": f"CASE WHEN {kind} = 'DiscountedUsage' THEN 'Used' END",
        "CommitmentDiscountType": f"CASE WHEN {kind} IN ('DiscountedUsage', 'RIFee') THEN 'Reserved Instance' END",
        "ConsumedQuantity": f"CASE WHEN {usage} THEN {quantity} END",
        "InvoiceId": f"NULLIF({c.text('InvoiceID')}, 'Estimated')",
        "InvoiceIssuerName": "'Amazon Web Services, Inc.'",
        "PricingCategory": (
            f"CASE WHEN {kind} = 'DiscountedUsage' THEN 'Committed' WHEN {spot} THEN 'Dynamic'"
            f" WHEN {kind} IN ('Usage', 'Fee', 'RIFee') THEN 'Standard' END"
        ),
        "PricingCurrency": "'USD'",
        "PricingQuantity": f"CASE WHEN {usage} THEN {quantity} END",
        "ProviderName": "'AWS'",
        "PublisherName": "'AWS'",
        "RegionId": f"NULLIF(regexp_extract({zone}, '^[a-z]+(-[a-z]+)+-[0-9]+'), '')",
        "ResourceId": resource,
        "ServiceCategory": category_sql(code, known),
        "ServiceName": service_sql(code, product, known),
        "SkuMeter": meter,
        "SubAccountId": f"COALESCE({c.text('LinkedAccountId')}, {c.text('PayerAccountId')})",
        "Tags": tags,
        "x_LineItemType": kind,
        "x_ServiceCode": code,
        "x_UsageType": meter,
        "x_Operation": c.text("Operation"),
        "x_UsageQuantity": f"CASE WHEN {usage} THEN {quantity} END",
        "x_OnDemandCost": f"CASE WHEN {kind} = 'Usage' AND NOT {spot} THEN {cost} END",
    }


def _kind(c: Columns) -> str:
    """SQL of the line item type that the Cost and Usage Report would have."""
    about, meter = f"COALESCE({c.text('ItemDescription')}, '')", f"COALESCE({c.text('UsageType')}, '')"
    upfront = f"{meter} LIKE '%HeavyUsage%' AND {c.text('SubscriptionId')} IS NULL"
    return (
        f"CASE WHEN {c.text('RecordType')} = 'Rounding' THEN 'Rounding' WHEN {about} ILIKE 'tax %' THEN 'Tax'"
        f" WHEN {about} ILIKE '%credit%' AND {c.number('UnBlendedCost', 'Cost')} < 0 THEN 'Credit'"
        f" WHEN {about} ILIKE 'sign up charge%' OR {upfront} THEN 'Fee' WHEN {meter} LIKE '%HeavyUsage%' THEN 'RIFee'"
        f" WHEN {c.text('ReservedInstance')} = 'Y' THEN 'DiscountedUsage' ELSE 'Usage' END"
    )


def _tags(table: Table) -> dict[str, str]:
    """Own column name -> key in the map."""
    return {
        column: column.removeprefix("user:").partition(AGAIN)[0]
        for column in table.columns
        if column.startswith(("user:", "aws:"))
    }
