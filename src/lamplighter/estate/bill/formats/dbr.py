"""Detailed billing report with resources and tags: one zipped CSV a month, totals at its end.

It is older than Savings Plans and knows no amortisation: costs are unblended ones. Source: Billing user guide of 2019,
"Detailed billing report".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from lamplighter.estate.bill.cur_columns import BLENDED, BLENDED_RATE, CONTAINED
from lamplighter.estate.bill.formats.cur import spelled
from lamplighter.estate.bill.shape import Selected, Shape, Sheet
from lamplighter.lake.columns import literal

_RATED: Final = "kind IN ('Usage', 'SavingsPlanCoveredUsage')"
_RESERVED: Final = "kind IN ('DiscountedUsage', 'RIFee')"

_UNUSED: Final = 'CAST("reservation/UnusedQuantity" AS DECIMAL(18,8))'
_PRODUCT: Final = (
    "CASE service WHEN 'AmazonEC2' THEN 'Amazon Elastic Compute Cloud' WHEN 'AmazonRDS' THEN 'Amazon RDS Service'"
    " WHEN 'AmazonS3' THEN 'Amazon Simple Storage Service' WHEN 'AWSLambda' THEN 'AWS Lambda' ELSE service END"
)
_DESCRIPTION: Final = (
    "CASE WHEN kind = 'RIFee' THEN description || ' (' || CAST(quantity AS DECIMAL(18,0)) || ' hours purchased, '"
    f" || CAST(quantity - {_UNUSED} AS DECIMAL(18,0)) || ' hours used)' ELSE description END"
)
_COST: Final = "CAST(cost AS DECIMAL(38,10))"
_BLENDED: Final = f"CAST({BLENDED} AS DECIMAL(38,10))"
_SQL: Final = (
    ("InvoiceID", "COALESCE({invoice}, 'Estimated')"),
    ("PayerAccountId", "'{payer}'"),
    ("LinkedAccountId", "account"),
    ("RecordType", "'LineItem'"),
    ("RecordId", "line_id"),
    ("ProductName", _PRODUCT),
    ("RateId", f"CASE WHEN {_RATED} THEN left(md5(usage_type || operation), 8) END"),
    ("SubscriptionId", "left(md5(COALESCE(arn, account)), 9)"),
    ("PricingPlanId", "left(md5(service), 7)"),
    ("UsageType", "usage_type"),
    ("Operation", "operation"),
    ("AvailabilityZone", "zone"),
    ("ReservedInstance", f"CASE WHEN {_RESERVED} THEN 'Y' ELSE 'N' END"),
    ("ItemDescription", _DESCRIPTION),
    ("UsageStartDate", "strftime(start, '%Y-%m-%d %H:%M:%S')"),
    ("UsageEndDate", "strftime(stop, '%Y-%m-%d %H:%M:%S')"),
    ("UsageQuantity", f"CASE WHEN kind = 'RIFee' THEN {_UNUSED} ELSE quantity END"),
    ("BlendedRate", BLENDED_RATE),
    ("BlendedCost", _BLENDED),
    ("UnBlendedRate", f"CASE WHEN {_RATED} THEN rate END"),
    ("UnBlendedCost", _COST),
    ("ResourceId", "resource"),
)


class Dbr(Shape):
    """The report with resources and tags."""

    name: ClassVar[str] = "dbr"
    parquet: ClassVar[bool] = False
    split: ClassVar[bool] = False

    def columns(self, sheet: Sheet) -> Sequence[Selected]:
        """The columns of the report, then tags."""
        found = [(name, sheet.fill(sql)) for name, sql in _SQL if name not in sheet.options.missing]
        return found + [(spelled(key), f"tag_{place}") for place, key in enumerate(sheet.tags)]

    def rows(self, relation: str) -> str:
        """It is older than split cost allocation data."""
        return f"SELECT * FROM {relation} WHERE NOT ({CONTAINED})"

    def file(self, sheet: Sheet, number: int) -> str:
        """At the top of the bucket."""
        del number
        middle = "aws-billing-detailed-line-items-with-resources-and-tags"
        return f"{sheet.options.payer}-{middle}-{sheet.start:%Y-%m}.csv.{'zip' if sheet.ending == 'zip' else 'gz'}"

    def last_rows(self, sheet: Sheet, copies: int) -> str | None:
        """Totals of accounts, of the invoice, of the statement; they are not charges."""
        names = [name for name, _ in self.columns(sheet)]
        totals = (
            ("AccountTotal", "account", "'Total for linked account# ' || account", "GROUP BY account"),
            ("InvoiceTotal", "NULL", "'Total amount for invoice'", ""),
            ("StatementTotal", "NULL", "'Total statement amount for period'", ""),
        )
        selects = []
        for record, account, text, grouped in totals:
            values = {
                "PayerAccountId": literal(sheet.options.payer),
                "LinkedAccountId": account,
                "RecordType": literal(record),
                "ItemDescription": text,
                "BlendedCost": f"SUM({_BLENDED}) * {copies}",
                "UnBlendedCost": f"SUM({_COST}) * {copies}",
            }
            order = f"{grouped} ORDER BY account" if grouped else ""
            selects.append(f"(SELECT {', '.join(values.get(name, 'NULL') for name in names)} FROM lines {order})")
        return " UNION ALL ".join(selects)
