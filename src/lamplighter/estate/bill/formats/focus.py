"""FOCUS 1.2 as Data Exports write it (FOCUS_1_2_AWS): CSV and Parquet.

Usage that a Savings Plan covers is there once, and its negation is not. What of a commitment was not used is usage of
its own, beside the purchase, which has no effective cost.
Source: FOCUS 1.2; Data Exports user guide, "FOCUS 1.2 with AWS columns".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from lamplighter.billing.services import category_sql, service_sql
from lamplighter.estate.bill.cur_columns import CONTAINED, KEEP, RESERVED_CAPACITY, UNUSED_CAPACITY
from lamplighter.estate.bill.formats.cur2 import export_file, export_manifests, tags_sql
from lamplighter.estate.bill.shape import NAME, Selected, Shape, Sheet
from lamplighter.lake.columns import FOCUS, MAP, MONEY, NUMBER, TIME

_NAME: Final = f"{NAME}-focus"
_USAGE: Final = "kind IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')"
_COMMITTED: Final = "kind IN ('DiscountedUsage', 'SavingsPlanCoveredUsage')"
_FEE: Final = (
    "(kind IN ('RIFee', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee') OR (kind = 'Fee' AND arn IS NOT NULL))"
)
_PLAN: Final = "starts_with(kind, 'SavingsPlan')"

_SQL: Final = {
    "AvailabilityZone": "zone",
    "BilledCost": f"CASE WHEN made OR kind = 'SavingsPlanCoveredUsage' THEN 0 ELSE cost * {KEEP} END",
    "BillingAccountId": "'{payer}'",
    "BillingAccountName": "'Example Corp.'",
    "BillingAccountType": "'Billing Account'",
    "BillingCurrency": "'USD'",
    "BillingPeriodEnd": "TIMESTAMP '{month_end}'",
    "BillingPeriodStart": "TIMESTAMP '{month_start}'",
    "CapacityReservationId": "capacity",
    "CapacityReservationStatus": f"CASE WHEN {UNUSED_CAPACITY} THEN 'Unused' WHEN capacity IS NOT NULL THEN 'Used' END",
    "ChargeCategory": f"CASE WHEN made OR {_USAGE} THEN 'Usage' WHEN {_FEE} OR kind = 'Fee' THEN 'Purchase'"
    " WHEN kind = 'Tax' THEN 'Tax' WHEN kind = 'Credit' THEN 'Credit' ELSE 'Adjustment' END",
    "ChargeClass": "CASE WHEN kind = 'Refund' THEN 'Correction' END",
    "ChargeDescription": "description",
    "ChargeFrequency": f"CASE WHEN made OR {_USAGE} THEN 'Usage-Based'"
    " WHEN kind IN ('RIFee', 'SavingsPlanRecurringFee') THEN 'Recurring' ELSE 'One-Time' END",
    "ChargePeriodEnd": "stop",
    "ChargePeriodStart": "start",
    "CommitmentDiscountCategory": f"CASE WHEN arn IS NULL THEN NULL WHEN {_PLAN} THEN 'Spend' ELSE 'Usage' END",
    "CommitmentDiscountId": "arn",
    "CommitmentDiscountQuantity": "CASE WHEN made THEN unused WHEN kind = 'SavingsPlanCoveredUsage' THEN effective"
    " WHEN kind = 'DiscountedUsage' THEN quantity END",
    "CommitmentDiscountStatus": f"CASE WHEN made THEN 'Unused' WHEN {_COMMITTED} THEN 'Used' END",
    "CommitmentDiscountType": f"CASE WHEN arn IS NULL THEN NULL WHEN {_PLAN} THEN 'Savings Plan' ELSE 'Reserved' END",
    "CommitmentDiscountUnit": f"CASE WHEN arn IS NULL THEN NULL WHEN {_PLAN} THEN 'USD' ELSE 'Hours' END",
    "ConsumedQuantity": f"CASE WHEN {_USAGE} THEN quantity END",
    "ConsumedUnit": f"CASE WHEN {_USAGE} THEN unit END",
    "ContractedCost": f"CASE WHEN made THEN 0 WHEN {_COMMITTED} THEN on_demand ELSE cost * {KEEP} END",
    "ContractedUnitPrice": f"CASE WHEN {_USAGE} AND NOT made THEN rate END",
    "EffectiveCost": f"CASE WHEN made THEN unused * {KEEP} WHEN {_COMMITTED} THEN effective * {KEEP}"
    f" WHEN {_FEE} THEN 0 ELSE cost * {KEEP} END",
    "InvoiceId": "{invoice}",
    "InvoiceIssuerName": "'Amazon Web Services, Inc.'",
    "ListCost": f"CASE WHEN made THEN 0 WHEN {_USAGE} THEN on_demand ELSE cost END",
    "ListUnitPrice": f"CASE WHEN {_USAGE} AND NOT made THEN list_rate END",
    "PricingCategory": f"CASE WHEN made OR {_COMMITTED} THEN 'Committed' WHEN kind = 'Usage' AND"
    " usage_type LIKE '%SpotUsage%' THEN 'Dynamic' WHEN kind IN ('Usage', 'Fee', 'RIFee') OR"
    f" {_FEE} THEN 'Standard' END",
    "PricingCurrency": "'USD'",
    "PricingQuantity": f"CASE WHEN {_USAGE} OR ({_FEE} AND NOT made) THEN quantity END",
    "PricingUnit": f"CASE WHEN {_USAGE} OR ({_FEE} AND NOT made) THEN unit END",
    "ProviderName": "'AWS'",
    "PublisherName": "COALESCE(\"lineItem/LegalEntity\", 'Amazon Web Services, Inc.')",
    "RegionId": "region",
    "RegionName": "location",
    "ResourceId": "resource",
    "ResourceType": f"CASE WHEN {_USAGE} AND resource IS NOT NULL THEN family END",
    "ServiceCategory": category_sql("service"),
    "ServiceName": service_sql("service", "service"),
    "SkuId": f"CASE WHEN {_USAGE} THEN upper(left(md5(usage_type || operation), 16)) END",
    "SkuMeter": "usage_type",
    "SkuPriceDetails": "CASE WHEN instance_type IS NOT NULL THEN MAP {'InstanceType': instance_type} END",
    "SkuPriceId": f"CASE WHEN {_USAGE} THEN upper(left(md5(usage_type || operation), 16)) || '.JRTCKXETXF' END",
    "SubAccountId": "account",
    "SubAccountName": "'account ' || right(account, 4)",
    "SubAccountType": "'AWS Account'",
}


class FocusCsv(Shape):
    """CSV: times end with `.000Z`, maps are JSON."""

    name: ClassVar[str] = "focus-1.2-csv"
    parquet: ClassVar[bool] = False
    keys: ClassVar[tuple[str, ...]] = ("made",)

    def rows(self, relation: str) -> str:
        """Negations are not there, nor containers and what is only reserved; what was not used of a commitment is."""
        return (
            f"SELECT *, false AS made FROM {relation} WHERE kind <> 'SavingsPlanNegation'"
            f" AND NOT ({CONTAINED}) AND NOT {RESERVED_CAPACITY}"
            f" UNION ALL SELECT *, true FROM {relation} WHERE unused <> 0"
        )

    def columns(self, sheet: Sheet) -> Sequence[Selected]:
        """The columns of FOCUS, then AWS's three."""
        own = {
            **_SQL,
            "Tags": tags_sql(sheet, "plain"),
            "x_Discounts": "CASE WHEN discount <> 0 THEN MAP {'EdpDiscount': CAST(-cost * discount AS VARCHAR)} END",
            "x_Operation": "operation",
            "x_ServiceCode": "service",
        }
        types = {column.name: column.type for column in FOCUS} | {"x_Discounts": MAP}
        names = [*types, "x_Operation", "x_ServiceCode"]
        kept = [name for name in names if name not in sheet.options.missing]
        return [(name, self._value(types.get(name, "VARCHAR"), sheet.fill(own.get(name, "NULL")))) for name in kept]

    def _value(self, kind: str, sql: str) -> str:
        if self.parquet:
            return f"CAST({sql} AS {'DOUBLE' if kind in (MONEY, NUMBER) else kind})"
        if kind == TIME:
            return f"strftime({sql}, '%Y-%m-%dT%H:%M:%S.000Z')"
        return f"CAST(CAST(CAST({sql} AS {MAP}) AS JSON) AS VARCHAR)" if kind == MAP else f"CAST({sql} AS VARCHAR)"

    def file(self, sheet: Sheet, number: int) -> str:
        """As data exports lie."""
        return export_file(sheet, number, _NAME, "snappy.parquet" if self.parquet else sheet.ending)

    def manifests(self, sheet: Sheet, files: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Beside the data, in `metadata`."""
        return export_manifests(sheet, files, _NAME)


class FocusParquet(FocusCsv):
    """Parquet: costs are binary numbers, maps are maps."""

    name: ClassVar[str] = "focus-1.2-parquet"
    parquet: ClassVar[bool] = True
