"""The rules of FOCUS 1.2 that can be told from rows, as a table, over the charges made of every format.

The public validator needs older libraries than ours, so the rules stand here. Source: FOCUS 1.2, "Columns" and the
normative requirements of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from tests.billing.bills import SAMPLES, Row, cur, cur2, dbr, focus_1_0, focus_1_2
from tests.billing.conftest import BOUGHT, PLAN, line, write_cur

from lamplighter.billing.load import load
from lamplighter.lake.columns import CHARGE, FOCUS, MONEY, NUMBER, OWN, TEXT, TIME
from lamplighter.lake.ledger import Ledger

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)
MANDATORY = (
    *("BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory"),
    *("ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost"),
    *("ProviderName", "PublisherName", "ServiceCategory", "ServiceName"),
)
CATEGORIES = (
    "AI and Machine Learning",
    "Analytics",
    "Business Applications",
    "Compute",
    "Databases",
    "Developer Tools",
    "Multicloud",
    "Identity",
    "Integration",
    "Internet of Things",
    "Management and Governance",
    "Media",
    "Migration",
    "Mobile",
    "Networking",
    "Security",
    "Storage",
    "Web",
    "Other",
)
ENUMS = {
    "ChargeCategory": ("Usage", "Purchase", "Tax", "Credit", "Adjustment"),
    "ChargeClass": ("Correction",),
    "ChargeFrequency": ("One-Time", "Recurring", "Usage-Based"),
    "PricingCategory": ("Standard", "Dynamic", "Committed", "Other"),
    "CommitmentDiscountCategory": ("Spend", "Usage"),
    "CommitmentDiscountStatus": ("Used", "Unused"),
    "CapacityReservationStatus": ("Used", "Unused"),
    "ServiceCategory": CATEGORIES,
}
TEXTS = [column.name for column in CHARGE if column.type == TEXT]


def _rules() -> Iterator[tuple[str, str]]:
    """(rule, SQL condition of rows that break it)."""
    for name in MANDATORY:
        yield f"{name} is not null", f"{name} IS NULL"
    for name, members in ENUMS.items():
        yield f"{name} is one of its members", f"{name} NOT IN ({', '.join(map(repr, members))})"
    for name in TEXTS:
        yield f"{name} is null, never empty", f"{name} IN ('', 'NULL') OR {name} <> trim({name})"
    for name in ("BillingCurrency", "PricingCurrency"):
        yield f"{name} is an ISO 4217 code", f"NOT regexp_full_match({name}, '[A-Z]{{3}}')"
    for name in ("ListUnitPrice", "ContractedUnitPrice", "PricingCurrencyListUnitPrice"):
        yield f"{name} is not negative", f"{name} < 0"
    for one, other in (("ConsumedQuantity", "ConsumedUnit"), ("CommitmentDiscountQuantity", "CommitmentDiscountUnit")):
        yield f"{other} has a {one}", f"{other} IS NOT NULL AND {one} IS NULL"
    yield from (
        ("billing periods are whole months", "BillingPeriodEnd <> BillingPeriodStart + INTERVAL 1 MONTH"),
        ("billing periods begin with the month", "BillingPeriodStart <> date_trunc('month', BillingPeriodStart)"),
        ("charges end after they begin", "ChargePeriodEnd <= ChargePeriodStart"),
        ("charges begin within the billing period", "ChargePeriodStart >= BillingPeriodEnd"),
        ("purchases are not usage-based", "ChargeCategory = 'Purchase' AND ChargeFrequency = 'Usage-Based'"),
        (
            "a purchase of a commitment has no effective cost",
            "ChargeCategory = 'Purchase' AND CommitmentDiscountId IS NOT NULL AND EffectiveCost <> 0",
        ),
        ("usage of a commitment is invoiced as nothing", "CommitmentDiscountStatus IS NOT NULL AND BilledCost <> 0"),
        (
            "a commitment has a category and a type",
            "CommitmentDiscountId IS NOT NULL AND COALESCE(CommitmentDiscountCategory, CommitmentDiscountType) IS NULL",
        ),
        (
            "usage of a commitment is used or unused",
            "CommitmentDiscountId IS NOT NULL AND ChargeCategory = 'Usage' AND CommitmentDiscountStatus IS NULL",
        ),
        (
            "only usage of a commitment is used or unused",
            "CommitmentDiscountStatus IS NOT NULL AND ChargeCategory <> 'Usage'",
        ),
        (
            "what a commitment covers is priced so",
            "CommitmentDiscountStatus = 'Used' AND PricingCategory <> 'Committed'",
        ),
        (
            "usage and purchases have a pricing category",
            "ChargeCategory IN ('Usage', 'Purchase') AND PricingCategory IS NULL AND x_LineItemType <> 'Tax'",
        ),
        ("tax has no pricing category", "ChargeCategory = 'Tax' AND PricingCategory IS NOT NULL"),
        ("tax has no SKU", "ChargeCategory = 'Tax' AND (SkuId IS NOT NULL OR SkuPriceId IS NOT NULL)"),
        ("zones lie in their region", "AvailabilityZone NOT LIKE RegionId || '%'"),
        ("sub accounts with a name have an id", "SubAccountName IS NOT NULL AND SubAccountId IS NULL"),
        ("nothing consumed where nothing is used", "ChargeCategory <> 'Usage' AND ConsumedQuantity IS NOT NULL"),
        ("SKU prices belong to SKUs", "SkuPriceId IS NOT NULL AND SkuId IS NULL AND x_SourceFormat NOT LIKE 'cur%'"),
    )


RULES = dict(_rules())


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """Charges of every format, each of a payer of its own; the reports with every line that matters."""
    folder = tmp_path_factory.mktemp("rules")
    plan = {
        "CommitmentDiscountId": PLAN,
        "CommitmentDiscountCategory": "Spend",
        "CommitmentDiscountType": "Savings Plan",
    }
    focus: tuple[Row, ...] = (
        {},
        {
            **plan,
            "ChargeCategory": "Purchase",
            "ChargeFrequency": "One-Time",
            "EffectiveCost": "0",
            "ConsumedQuantity": "",
            "ConsumedUnit": "",
        },
        {**plan, "CommitmentDiscountStatus": "Used", "BilledCost": "0", "PricingCategory": "Committed"},
        {**plan, "CommitmentDiscountStatus": "Unused", "BilledCost": "0", "PricingCategory": "Committed"},
    )
    texts = {
        "cur2": cur2({}, {"line_item_line_item_type": "Tax"}),
        "focus10": focus_1_0(*focus),
        "focus12": focus_1_2(*focus),
        "dbr": dbr({}, {"RecordType": "Rounding", "UsageStartDate": "", "UsageEndDate": ""}),
        "cur": cur(),
    }
    lake = folder / "lake"
    for payer, (name, text) in enumerate(texts.items(), start=2):
        path = folder / f"{name}.csv"
        path.write_text(text.replace("111122223333", str(payer) * 12))
        load([str(path)], lake, at=AT)
    spot = line("Usage", "0.03", lineItem__UsageType="SpotUsage:m5.large")
    load([str(write_cur(folder / "bought.csv", [*BOUGHT, spot]))], lake, at=AT)
    with Ledger.open(lake) as opened:
        yield opened


def test_all_formats_are_there(ledger: Ledger) -> None:
    found = ledger.query("SELECT DISTINCT x_SourceFormat FROM charges ORDER BY 1").rows
    assert {name for (name,) in found} == {name for name, _ in SAMPLES.values()} - {"cur-parquet"}


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: str, ledger: Ledger) -> None:
    shown = "x_SourceFormat, x_LineItemType, ChargeCategory, CommitmentDiscountStatus"
    assert ledger.query(f"SELECT {shown} FROM charges WHERE {RULES[rule]}").rows == []


def test_used_and_unused_are_what_was_bought(ledger: Ledger) -> None:
    # The reservation: 7.44 of its upfront fee and 37.2 of recurring ones; the plan: a commitment of 0.1.
    assert ledger.query(
        "SELECT CommitmentDiscountType, CommitmentDiscountStatus, SUM(EffectiveCost) FROM charges"
        " WHERE CommitmentDiscountId IS NOT NULL AND BillingAccountId = '111122223333'"
        " AND (ChargeCategory = 'Usage' OR EffectiveCost <> 0) GROUP BY ALL ORDER BY 1, 2"
    ).rows == [
        ("Reserved Instance", "Unused", Decimal("44.58")),
        ("Reserved Instance", "Used", Decimal("0.06")),
        ("Savings Plan", "Unused", Decimal("0.03")),
        ("Savings Plan", "Used", Decimal("0.07")),
    ]


def test_names_and_types_of_columns(ledger: Ledger) -> None:
    assert len(FOCUS) == 57
    assert [column.name for column in FOCUS] == sorted(column.name for column in FOCUS)
    assert all(re.fullmatch(r"[A-Z][A-Za-z]{1,49}", column.name) for column in FOCUS)
    assert all(re.fullmatch(r"x_[A-Z][A-Za-z]{1,47}", column.name) for column in OWN)
    assert {column.name for column in FOCUS if column.need == "always"} == set(MANDATORY)
    kinds = {"Cost": MONEY, "Price": MONEY, "Quantity": NUMBER, "PeriodStart": TIME, "PeriodEnd": TIME, "Id": TEXT}
    for column in FOCUS:
        for ending, kind in kinds.items():
            if column.name.endswith(ending):
                assert column.type == kind, column
    answer = ledger.query("SELECT * FROM charges LIMIT 0")
    assert list(answer.columns)[: len(CHARGE)] == [column.name for column in CHARGE]
