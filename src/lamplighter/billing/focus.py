"""What the FOCUS exports share: the columns of a charge are there already, and are only made whole.

FOCUS knows what is invoiced (BilledCost) and what is used (EffectiveCost), both after discounts; it does not know gross
costs. So that no measure is empty:

    x_UnblendedCost, x_NetUnblendedCost    BilledCost
    x_AmortizedCost, x_NetAmortizedCost    EffectiveCost
    x_OnDemandCost                         ListCost of usage that was made

Line item types, fees and negations of AWS are not in it: `x_LineItemType` is NULL, and what is proven is BilledCost by
charge category and invoice.

AWS's exports leave `""` for what is NULL, the official sample the word NULL; both are read as NULL. Columns that must
not be NULL get the nearest that the row says: the publisher's name for the issuer's, the contracted cost for the list
cost. Members of an enumeration are read whatever their capitals are; what is no member is a problem of its row in
ChargeCategory, and NULL elsewhere.

Sources: FOCUS 1.0, 1.1 and 1.2; Data Exports user guide, "FOCUS with AWS columns" and its conformance gaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lamplighter.billing.columns import Columns
from lamplighter.billing.format import Reading, Table, checked
from lamplighter.billing.maps import EMPTY, whole_map
from lamplighter.billing.services import known_sql, service_sql
from lamplighter.lake.columns import CHARGE, FOCUS, MAP, MONEY, TIME, Column, literal

REQUIRED: Final = ("BilledCost", "BillingAccountId", "BillingPeriodStart", "ChargeCategory", "ChargePeriodStart")
"""What every FOCUS export that can be read has."""

SINCE_1_0: Final = frozenset(
    (
        "BillingAccountType",
        "CapacityReservationId",
        "CapacityReservationStatus",
        "CommitmentDiscountQuantity",
        "CommitmentDiscountUnit",
        "InvoiceId",
        "PricingCurrency",
        "PricingCurrencyContractedUnitPrice",
        "PricingCurrencyEffectiveCost",
        "PricingCurrencyListUnitPrice",
        "ServiceSubcategory",
        "SkuMeter",
        "SkuPriceDetails",
        "SubAccountType",
    )
)
"""Columns that came after 1.0."""

_ENUMS: Final[Mapping[str, tuple[str, ...]]] = {
    "CapacityReservationStatus": ("Used", "Unused"),
    "ChargeCategory": ("Usage", "Purchase", "Tax", "Credit", "Adjustment"),
    "ChargeClass": ("Correction",),
    "ChargeFrequency": ("One-Time", "Recurring", "Usage-Based"),
    "CommitmentDiscountCategory": ("Spend", "Usage"),
    "CommitmentDiscountStatus": ("Used", "Unused"),
    "PricingCategory": ("Standard", "Dynamic", "Committed", "Other"),
}
_MUST: Final = (
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargeCategory",
    "ChargePeriodStart",
    "ChargePeriodEnd",
)


def known(table: Table) -> dict[str, str]:
    """The columns of a charge that a table has, capitals aside, with the table's own names."""
    names = {column.name.lower(): column.name for column in CHARGE}
    found: dict[str, str] = {}
    for own in table.columns:
        if own.lower() in names:
            found.setdefault(names[own.lower()], own)
    return found


def is_focus(table: Table) -> bool:
    """Whether the columns are those of a FOCUS export, of any version."""
    return set(REQUIRED) <= set(known(table))


def reading(table: Table) -> Reading:
    """How to read an export."""
    c = Columns(known(table), table.types, nothing=("", "NULL"))
    found = {column.name: _value(c, column) for column in FOCUS}
    billed, effective = found["BilledCost"], found["EffectiveCost"]
    category, status = found["ChargeCategory"], found["CommitmentDiscountStatus"]
    code = c.text("x_ServiceCode")
    provider = f"COALESCE({found['ProviderName']}, 'AWS')"
    # Usage-of-a-commitment rows that nobody used are usage in FOCUS, yet no use.
    used = f"{category} = 'Usage' AND COALESCE({status}, '') <> 'Unused'"
    found |= {
        "BilledCost": billed,
        "EffectiveCost": f"COALESCE({effective}, {billed})",
        "ContractedCost": f"COALESCE({found['ContractedCost']}, {billed})",
        "ListCost": f"COALESCE({found['ListCost']}, {found['ContractedCost']}, {billed})",
        "ProviderName": provider,
        "PublisherName": f"COALESCE({found['PublisherName']}, {provider})",
        "InvoiceIssuerName": f"COALESCE({found['InvoiceIssuerName']}, {found['PublisherName']}, {provider})",
        "ServiceCategory": f"COALESCE({found['ServiceCategory']}, 'Other')",
        "ServiceName": service_sql(code, found["ServiceName"], c.once("service", known_sql(code))),
        "SkuMeter": f"COALESCE({found['SkuMeter']}, {c.text('x_UsageType')})",
        "x_ServiceCode": code,
        "x_UsageType": f"COALESCE({c.text('x_UsageType')}, {found['SkuMeter']})",
        "x_Operation": c.text("x_Operation"),
        "x_InstanceType": f"({found['SkuPriceDetails']})['InstanceType']",
        "x_OperatingSystem": f"({found['SkuPriceDetails']})['OperatingSystem']",
        "x_UsageQuantity": f"CASE WHEN {used} THEN {found['ConsumedQuantity']} END",
        "x_UnblendedCost": billed,
        "x_NetUnblendedCost": billed,
        "x_AmortizedCost": f"COALESCE({effective}, {billed})",
        "x_NetAmortizedCost": f"COALESCE({effective}, {billed})",
        "x_OnDemandCost": f"CASE WHEN {used} THEN {found['ListCost']} END",
        "x_Discounts": whole_map(c, "x_Discounts"),
        "x_CostCategories": whole_map(c, "x_CostCategories"),
    }
    unknown = c.text("ChargeCategory")
    problem = (
        f"COALESCE(CASE WHEN {unknown} IS NOT NULL AND {category} IS NULL"
        f" THEN 'ChargeCategory is none: ' || left({unknown}, 60) END, {checked(found, c, _MUST)})"
    )
    return Reading(found, problem, c.raw("BilledCost"), category, notes=tuple(_notes(c)), values=c.values)


def _value(c: Columns, column: Column) -> str:
    """A column of FOCUS as the export has it."""
    if column.type == MAP:
        return whole_map(c, column.name) if c.has(column.name) else EMPTY
    if column.type == TIME:
        return c.time(column.name)
    if column.type == MONEY:
        return c.number(column.name)
    if column.name in _ENUMS and c.has(column.name):
        cases = " ".join(f"WHEN {literal(word.lower())} THEN {literal(word)}" for word in _ENUMS[column.name])
        return f"CASE lower({c.text(column.name)}) {cases} END"
    return c.text(column.name)


def _notes(c: Columns) -> list[str]:
    given = {"EffectiveCost": "BilledCost", "ContractedCost": "BilledCost", "ListCost": "ContractedCost or BilledCost"}
    return [
        "a FOCUS export has no costs before discounts: unblended cost is billed cost, amortised cost is effective cost",
        *(f"column {name} is missing: {other} stands for it" for name, other in given.items() if not c.has(name)),
    ]
