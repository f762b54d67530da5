from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.billing.bills import FOCUS_1_0, FOCUS_1_2, focus_1_2

from lamplighter.billing.focus import SINCE_1_0
from lamplighter.billing.format import Table
from lamplighter.billing.load import load
from lamplighter.billing.registry import recognise
from lamplighter.lake.ledger import Ledger

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)


def test_the_columns_of_the_exports() -> None:
    assert (len(FOCUS_1_0), len(FOCUS_1_2), len(SINCE_1_0)) == (48, 60, 14)


@pytest.mark.slow
def test_what_1_2_adds(tmp_path: Path) -> None:
    path = tmp_path / "focus.csv"
    path.write_text(
        focus_1_2(
            {
                "InvoiceId": "42",
                "SkuPriceDetails": '{"InstanceType": "m5.large", "OperatingSystem": "Linux", "CoreCount": 2}',
                "PricingCurrency": "USD",
                "SubAccountType": "Account",
                "x_Discounts": '{"EDP": -0.5}',
            }
        )
    )
    found = load([str(path)], tmp_path / "lake", at=AT)
    assert found.months[0].totals.by_invoice == {("USD", "42"): 5}
    with Ledger.open(tmp_path / "lake") as ledger:
        assert ledger.query(
            "SELECT InvoiceId, x_InstanceType, x_OperatingSystem, SkuPriceDetails['CoreCount'], SubAccountType,"
            " x_Discounts['EDP'], SkuMeter, x_UsageType FROM charges"
        ).rows == [("42", "m5.large", "Linux", "2", "Account", "-0.5", "BoxUsage:m5.large", "BoxUsage:m5.large")]


@pytest.mark.parametrize("column", sorted(SINCE_1_0))
def test_any_newer_column_makes_it_newer(column: str) -> None:
    assert recognise(Table((*FOCUS_1_0, column), {}, {}), "it").name == "focus-1.2"
    assert recognise(Table((*FOCUS_1_0, column.lower()), {}, {}), "it").name == "focus-1.2"
