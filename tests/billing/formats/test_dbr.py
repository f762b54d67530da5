from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.billing.bills import DBR_COLUMNS, DBR_ROW, dbr, table

from lamplighter.billing.load import Loaded, load
from lamplighter.lake.ledger import Ledger

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)
TOTALS = [
    {"RecordType": "InvoiceTotal", "UnBlendedCost": "6", "UsageStartDate": "", "UsageEndDate": ""},
    {"RecordType": "AccountTotal", "UnBlendedCost": "6", "UsageStartDate": "", "UsageEndDate": ""},
    {"RecordType": "StatementTotal", "UnBlendedCost": "6", "UsageStartDate": "", "UsageEndDate": ""},
]


def loaded(folder: Path, text: str, name: str = "dbr.csv") -> Loaded:
    (folder / name).write_text(text)
    return load([str(folder / name)], folder / "lake", at=AT)


def ask(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with Ledger.open(folder / "lake") as ledger:
        return list(ledger.query(sql).rows)


def at(day: int, hour: int = 0, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour)  # noqa: DTZ001 - the ledger's times are UTC without a zone


def test_totals_are_no_charges(tmp_path: Path) -> None:
    rounding = {"RecordType": "Rounding", "UnBlendedCost": "1", "UsageStartDate": "", "UsageEndDate": ""}
    found = loaded(tmp_path, dbr({}, rounding, *TOTALS))
    assert (found.rows_in, found.rows_loaded, found.not_charges, found.quarantined.rows) == (2, 2, 3, 0)
    assert ask(
        tmp_path,
        "SELECT x_LineItemType, BilledCost, ChargeCategory, ChargePeriodStart, ChargePeriodEnd FROM charges ORDER BY 1",
    ) == [
        ("Rounding", 1, "Adjustment", at(1), at(1, month=11)),
        ("Usage", 5, "Usage", at(5, 10), at(5, 11)),
    ]
    assert "a detailed billing report names no currency: US dollars" in found.notes


def test_an_unknown_record_type_is_put_aside_with_its_money(tmp_path: Path) -> None:
    found = loaded(tmp_path, dbr({}, {"RecordType": "Gift"}, {"RecordType": ""}))
    assert (found.rows_in, found.rows_loaded, found.quarantined.rows) == (3, 1, 2)
    assert found.quarantined.cost == 10
    assert found.quarantined.reasons == {"RecordType is none": 2}


def test_both_ways_of_writing_dates_and_ends(tmp_path: Path) -> None:
    month = {"UsageStartDate": "2026/10/01 00:00:00", "UsageEndDate": "2026/10/31 23:59:59"}
    loaded(tmp_path, dbr({}, month))
    assert ask(tmp_path, "SELECT ChargePeriodStart, ChargePeriodEnd FROM charges ORDER BY 1") == [
        (at(1), at(1, month=11)),
        (at(5, 10), at(5, 11)),
    ]


def test_the_month_is_that_of_most_lines(tmp_path: Path) -> None:
    late = {"UsageStartDate": "2026-09-30 23:00:00", "UsageEndDate": "2026-09-30 23:59:59"}
    found = loaded(
        tmp_path,
        dbr(
            {}, {"UnBlendedCost": "0.5"}, {**late, "UsageType": "PrevMon-DataXfer-Out", "UnBlendedCost": "0.5"}, *TOTALS
        ),
    )
    assert [(month.period, month.totals.rows) for month in found.months] == [("2026-10", 3)]
    assert ask(tmp_path, "SELECT MIN(ChargePeriodStart), MAX(ChargePeriodEnd) FROM charges") == [
        (at(30, 23, month=9), at(5, 11))
    ]


def test_two_months_in_one_folder_stay_two(tmp_path: Path) -> None:
    bills = tmp_path / "bills"
    bills.mkdir()
    (bills / "a.csv").write_text(dbr({}, {}))
    (bills / "b.csv").write_text(
        dbr({"UsageStartDate": "2026-09-05 10:00:00", "UsageEndDate": "2026-09-05 11:00:00", "UnBlendedCost": "7"})
    )
    found = load([str(bills)], tmp_path / "lake", at=AT)
    assert [(month.period, month.totals.costs["USD"]["billed"]) for month in found.months] == [
        ("2026-09", Decimal(7)),
        ("2026-10", Decimal(10)),
    ]


def test_reservations_credits_and_taxes(tmp_path: Path) -> None:
    fee = {"UsageType": "HeavyUsage:m5.large", "UsageQuantity": "644", "ReservedInstance": "Y"}
    rows = [
        {"ReservedInstance": "Y", "UnBlendedCost": "0"},
        {**fee, "UnBlendedCost": "37.2"},
        {**fee, "UnBlendedCost": "100", "SubscriptionId": ""},
        {"ItemDescription": "Tax for product code AmazonEC2", "UnBlendedCost": "2"},
        {"ItemDescription": "EDP Credit", "UnBlendedCost": "-3"},
        {"ItemDescription": "Sign up charge for subscription: 1", "UnBlendedCost": "50"},
        {"UsageType": "SpotUsage:m5.large", "UnBlendedCost": "0.03"},
    ]
    loaded(tmp_path, dbr(*rows))
    assert ask(
        tmp_path,
        "SELECT x_LineItemType, ChargeCategory, PricingCategory, BilledCost, x_UsageQuantity, x_OnDemandCost"
        " FROM charges ORDER BY BilledCost",
    ) == [
        ("Credit", "Credit", None, -3, None, None),
        ("DiscountedUsage", "Usage", "Committed", 0, 1, None),
        ("Usage", "Usage", "Dynamic", Decimal("0.03"), 1, None),
        ("Tax", "Tax", None, 2, None, None),
        ("RIFee", "Purchase", "Standard", Decimal("37.2"), None, None),
        ("Fee", "Purchase", "Standard", 50, None, None),
        ("Fee", "Purchase", "Standard", 100, None, None),
    ]


def test_the_report_of_an_account_that_pays_for_itself(tmp_path: Path) -> None:
    columns = [name for name in DBR_COLUMNS if "Blended" not in name] + ["Rate", "Cost"]
    row = {name: value for name, value in DBR_ROW.items() if name in columns}
    banner = "Don't see your tags in the report? New tags are excluded by default\n"
    loaded(tmp_path, banner + table(columns, row, [{"Cost": "4.2", "LinkedAccountId": ""}]))
    assert ask(tmp_path, "SELECT BilledCost, SubAccountId, RegionId, InvoiceId FROM charges") == [
        (Decimal("4.2"), "111122223333", "us-east-1", None)
    ]
