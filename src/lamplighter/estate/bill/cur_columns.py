"""The columns of a Cost and Usage Report, by their CUR names, as SQL over `table.copy_sql`.

Source: Cost and Usage Report user guide, "Data dictionary"; product columns as reports of 2019 to 2025 have them.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Final

from lamplighter.estate.bill.options import Discounts, Options
from lamplighter.estate.bill.table import MORE

TEXT: Final = "text"
NUMBER: Final = "number"
TIME: Final = "time"

_USAGE: Final = "kind IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')"
_PLAN: Final = "starts_with(kind, 'SavingsPlan')"
_AVERAGED: Final = "kind IN ('Usage', 'DiscountedUsage')"
BLENDED_RATE: Final = f"CASE WHEN {_AVERAGED} THEN blended_rate WHEN kind = 'SavingsPlanCoveredUsage' THEN rate END"
BLENDED: Final = (
    f"CASE WHEN {_AVERAGED} THEN CAST(blended_rate * quantity AS DECIMAL(18,10))"
    " WHEN kind = 'RIFee' THEN CAST(\"reservation/UnusedRecurringFee\" AS DECIMAL(18,10))"
    " WHEN NOT ends_with(kind, 'Discount') THEN cost END"
)
"""lineItem/BlendedCost: see `blended`."""
UNUSED_CAPACITY: Final = "(capacity IS NOT NULL AND contains(usage_type, 'UnusedBox:'))"
RESERVED_CAPACITY: Final = "(capacity IS NOT NULL AND regexp_matches(usage_type, '(^|-)Reservation:'))"
"""Says what is reserved, and costs nothing: it is billed as what is used and what is not used of it."""
CONTAINED: Final = "parent IS NOT NULL"
"""Split cost allocation data."""
_RESERVED: Final = "kind IN ('DiscountedUsage', 'RIFee') OR (kind = 'Fee' AND arn IS NOT NULL)"
KEEP: Final = "(1 - discount)"


def _if(condition: str, value: str) -> str:
    return f"CASE WHEN {condition} THEN {value} END"


_IDENTITY: Final = (
    ("identity/LineItemId", TEXT, "line_id"),
    ("identity/TimeInterval", TEXT, "strftime(start, '{stamp}') || '/' || strftime(stop, '{stamp}')"),
)
_BILL: Final = (
    ("bill/InvoiceId", TEXT, "{invoice}"),
    ("bill/InvoicingEntity", TEXT, "'Amazon Web Services, Inc.'"),
    ("bill/BillingEntity", TEXT, "COALESCE(\"bill/BillingEntity\", 'AWS')"),
    ("bill/BillType", TEXT, "CASE kind WHEN 'Refund' THEN 'Refund' WHEN 'Fee' THEN 'Purchase' ELSE 'Anniversary' END"),
    ("bill/PayerAccountId", TEXT, "'{payer}'"),
    ("bill/BillingPeriodStartDate", TIME, "TIMESTAMP '{month_start}'"),
    ("bill/BillingPeriodEndDate", TIME, "TIMESTAMP '{month_end}'"),
)
_LINE_ITEM: Final = (
    ("lineItem/UsageAccountId", TEXT, "account"),
    ("lineItem/LineItemType", TEXT, "kind"),
    ("lineItem/UsageStartDate", TIME, "start"),
    ("lineItem/UsageEndDate", TIME, "stop"),
    ("lineItem/ProductCode", TEXT, "service"),
    ("lineItem/UsageType", TEXT, "usage_type"),
    ("lineItem/Operation", TEXT, "operation"),
    ("lineItem/AvailabilityZone", TEXT, "zone"),
    ("lineItem/ResourceId", TEXT, "resource"),
    ("lineItem/UsageAmount", NUMBER, "quantity"),
    ("lineItem/NormalizationFactor", NUMBER, _if(_USAGE, "factor")),
    (
        "lineItem/NormalizedUsageAmount",
        NUMBER,
        _if(f"{_USAGE} AND factor IS NOT NULL", "CAST(quantity * factor AS DECIMAL(18,10))"),
    ),
    ("lineItem/CurrencyCode", TEXT, "'USD'"),
    ("lineItem/UnblendedRate", TEXT, _if("kind IN ('Usage', 'SavingsPlanCoveredUsage')", "rate")),
    ("lineItem/UnblendedCost", NUMBER, "cost"),
    ("lineItem/BlendedRate", TEXT, BLENDED_RATE),
    ("lineItem/BlendedCost", NUMBER, BLENDED),
    ("lineItem/LineItemDescription", TEXT, "description"),
    ("lineItem/TaxType", TEXT, '"lineItem/TaxType"'),
    ("lineItem/LegalEntity", TEXT, "COALESCE(\"lineItem/LegalEntity\", 'Amazon Web Services, Inc.')"),
)
_LINE_ITEM_NET: Final = (
    ("lineItem/NetUnblendedRate", TEXT, _if("kind IN ('Usage', 'SavingsPlanCoveredUsage')", f"rate * {KEEP}")),
    ("lineItem/NetUnblendedCost", NUMBER, f"cost * {KEEP}"),
)
_KNOWN_PRODUCT: Final = {
    "ProductName": "CASE service WHEN 'AmazonEC2' THEN 'Amazon Elastic Compute Cloud' WHEN 'AmazonRDS' THEN"
    " 'Amazon Relational Database Service' WHEN 'AmazonS3' THEN 'Amazon Simple Storage Service' ELSE service END",
    "capacitystatus": f"CASE WHEN {UNUSED_CAPACITY} THEN 'UnusedCapacityReservation' WHEN {RESERVED_CAPACITY}"
    f" THEN 'AllocatedCapacityReservation' WHEN system IS NOT NULL AND {_USAGE} THEN 'Used' END",
    "currentGeneration": _if("instance_type IS NOT NULL", "'Yes'"),
    "databaseEngine": "engine",
    "deploymentOption": "deployment",
    "instanceFamily": _if("instance_type IS NOT NULL", "'General purpose'"),
    "instanceType": "instance_type",
    "instanceTypeFamily": "instance_family",
    "licenseModel": "CASE WHEN engine IS NOT NULL OR instance_type IS NOT NULL THEN 'No License required' END",
    "location": "location",
    "locationType": _if("region IS NOT NULL", "'AWS Region'"),
    "memory": "memory",
    "operatingSystem": "system",
    "operation": "operation",
    "preInstalledSw": _if("system IS NOT NULL", "'NA'"),
    "productFamily": _if("kind NOT IN ('Tax', 'Credit', 'Refund')", "family"),
    "region": "region",
    "regionCode": "region",
    "servicecode": "service",
    "servicename": "service",
    "sku": _if(_USAGE, "upper(left(md5(usage_type || operation), 16))"),
    "tenancy": _if("system IS NOT NULL", "'Shared'"),
    "transferType": _if("family = 'Data Transfer'", "'AWS Outbound'"),
    "usagetype": "usage_type",
    "vcpu": "vcpu",
    "volumeApiName": _if("family = 'Storage' AND service = 'AmazonEC2'", "split_part(usage_type, '.', -1)"),
}
PRODUCT: Final = tuple(
    files("lamplighter.estate.bill").joinpath("data/product_columns.txt").read_text(encoding="utf-8").split()
)
"""Product columns of a report of an estate that uses some forty services; most are empty on most lines."""
_PRICING: Final = (
    ("pricing/LeaseContractLength", TEXT, '"pricing/LeaseContractLength"'),
    ("pricing/OfferingClass", TEXT, '"pricing/OfferingClass"'),
    ("pricing/PurchaseOption", TEXT, '"pricing/PurchaseOption"'),
    (
        "pricing/RateCode",
        TEXT,
        _if(_USAGE, "upper(left(md5(usage_type || operation), 16)) || '.JRTCKXETXF.6YS6EN2CT7'"),
    ),
    ("pricing/RateId", TEXT, _if(_USAGE, "left(md5(usage_type || operation), 10)")),
    ("pricing/currency", TEXT, "'USD'"),
    ("pricing/publicOnDemandCost", NUMBER, "COALESCE(on_demand, 0)"),
    ("pricing/publicOnDemandRate", TEXT, _if(_USAGE, "list_rate")),
    ("pricing/term", TEXT, f'COALESCE("pricing/term", {_if(_USAGE, chr(39) + "OnDemand" + chr(39))})'),
    ("pricing/unit", TEXT, "unit"),
)
_RESERVATION_NUMBERS: Final = (
    "AmortizedUpfrontFeeForBillingPeriod",
    "UnusedAmortizedUpfrontFeeForBillingPeriod",
    "UnusedNormalizedUnitQuantity",
    "UnusedQuantity",
    "UnusedRecurringFee",
    "UpfrontValue",
)
_DISCOUNTED: Final = "kind = 'DiscountedUsage'"
_RESERVATION: Final = (
    ("reservation/AmortizedUpfrontCostForUsage", NUMBER, _if(_DISCOUNTED, "upfront")),
    ("reservation/EffectiveCost", NUMBER, _if(_DISCOUNTED, "effective")),
    ("reservation/RecurringFeeForUsage", NUMBER, _if(_DISCOUNTED, "effective - upfront")),
    ("reservation/ReservationARN", TEXT, _if(_RESERVED, "arn")),
    ("reservation/SubscriptionId", TEXT, _if(_RESERVED, "left(md5(arn), 10)")),
)


def _reservation_more(*, net: bool) -> list[tuple[str, str, str]]:
    found = []
    for name in MORE:
        if name.startswith("reservation/"):
            short = name.partition("/")[2]
            number = short in _RESERVATION_NUMBERS
            sql = f'CAST("{name}" AS DECIMAL(18,10))' if number else f'"{name}"'
            found.append((name, NUMBER if number else TEXT, sql))
            if net and number and "Quantity" not in short:
                found.append((f"reservation/Net{short}", NUMBER, f"{sql} * {KEEP}"))
    if net:
        for name, kind, sql in _RESERVATION[:3]:
            found.append((name.replace("/", "/Net"), kind, f"({sql}) * {KEEP}"))
    return found


_PLAN_NUMBERS: Final = (
    "AmortizedUpfrontCommitmentForBillingPeriod",
    "RecurringCommitmentForBillingPeriod",
    "SavingsPlanRate",
    "TotalCommitmentToDate",
)


def _plan(*, net: bool) -> list[tuple[str, str, str]]:
    covered = _if("kind = 'SavingsPlanCoveredUsage'", "effective")
    found = [
        ("savingsPlan/SavingsPlanARN", TEXT, _if(_PLAN, "arn")),
        ("savingsPlan/SavingsPlanEffectiveCost", NUMBER, covered),
    ]
    if net:
        found.append(("savingsPlan/NetSavingsPlanEffectiveCost", NUMBER, f"({covered}) * {KEEP}"))
    for name in MORE:
        if name.startswith("savingsPlan/"):
            short = name.partition("/")[2]
            number = short in _PLAN_NUMBERS
            sql = f'CAST("{name}" AS DECIMAL(18,10))' if number else f'"{name}"'
            found.append((name, NUMBER if number else TEXT, sql))
            if net and short.endswith("ForBillingPeriod"):
                found.append((f"savingsPlan/Net{short}", NUMBER, f"{sql} * {KEEP}"))
    total = 'CAST("savingsPlan/TotalCommitmentToDate" AS DECIMAL(18,10))'
    used = _if("kind = 'SavingsPlanRecurringFee'", f"CAST({total} - unused AS DECIMAL(18,10))")
    found.append(("savingsPlan/UsedCommitment", NUMBER, used))
    return found


DISCOUNTS: Final = (
    ("discount/EdpDiscount", NUMBER, "CASE WHEN discount <> 0 THEN -cost * (discount - private) END"),
    ("discount/PrivateRateDiscount", NUMBER, "CASE WHEN private <> 0 THEN -cost * private END"),
    ("discount/TotalDiscount", NUMBER, "CASE WHEN discount <> 0 THEN -cost * discount END"),
)


_SPLIT: Final = (
    ("ActualUsage", "split_actual"),
    ("ParentResourceId", "parent"),
    ("PublicOnDemandSplitCost", "split_public"),
    ("PublicOnDemandUnusedCost", "split_public_unused"),
    ("ReservedUsage", "split_reserved"),
    ("SplitCost", "split_cost"),
    ("SplitUsage", "split_usage"),
    ("SplitUsageRatio", "split_ratio"),
    ("UnusedCost", "split_unused"),
)
_SPLIT_COSTS: Final = ("SplitCost", "UnusedCost")


def _split(*, net: bool) -> list[tuple[str, str, str]]:
    found = [(f"splitLineItem/{name}", TEXT if name == "ParentResourceId" else NUMBER, sql) for name, sql in _SPLIT]
    if net:
        found += [(f"splitLineItem/Net{name}", NUMBER, f"{dict(_SPLIT)[name]} * {KEEP}") for name in _SPLIT_COSTS]
    return found


_CAPACITY_STATUS: Final = (
    f"CASE WHEN {UNUSED_CAPACITY} THEN 'Unused' WHEN {RESERVED_CAPACITY} THEN 'Reserved'"
    " WHEN capacity IS NOT NULL THEN 'Used' END"
)
CAPACITY: Final = (
    ("capacity_reservation_capacity_reservation_arn", "capacity"),
    ("capacity_reservation_capacity_reservation_status", _CAPACITY_STATUS),
    ("capacity_reservation_capacity_reservation_type", "CASE WHEN capacity IS NOT NULL THEN 'ODCR' END"),
)
"""Columns of CUR 2.0 with `INCLUDE_CAPACITY_RESERVATION_DATA`, and their SQL; version 1 has none of them."""


def cur_columns(options: Options, *, plans: bool) -> list[tuple[str, str, str]]:
    """(CUR name, type, SQL) of all columns but tags, in the order of a report.

    SQL has places for `stamp`, `invoice`, `payer`, `month_start`, `month_end`.

    Args:
        options: `*/Net*` and `discount/*` are there only with net discounts, `splitLineItem/*` only with split cost
            allocation data; missing columns are left out.
        plans: whether a Savings Plan was ever bought; without one a report has no `savingsPlan/*`.
    """
    net = options.discounts is Discounts.NET
    product = [(f"product/{name}", TEXT, _KNOWN_PRODUCT.get(name, "CAST(NULL AS VARCHAR)")) for name in PRODUCT]
    columns = [
        *_IDENTITY,
        *_BILL,
        *_LINE_ITEM,
        *(_LINE_ITEM_NET if net else ()),
        *product,
        *_PRICING,
        *_RESERVATION,
        *_reservation_more(net=net),
        *(_plan(net=net) if plans else ()),
        *(DISCOUNTS if net else ()),
        *(_split(net=net) if options.split else ()),
    ]
    return [each for each in columns if not any(fnmatchcase(each[0], name) for name in options.missing)]
