from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.billing.bills import FOCUS_1_0, FOCUS_ROW, focus_1_0, table

from lamplighter.billing.load import Loaded, load
from lamplighter.lake.ledger import Ledger

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)


def loaded(folder: Path, text: str) -> Loaded:
    (folder / "focus.csv").write_text(text)
    return load([str(folder / "focus.csv")], folder / "lake", at=AT)


def ask(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with Ledger.open(folder / "lake") as ledger:
        return list(ledger.query(sql).rows)


def test_costs_before_discounts_are_not_known_and_that_is_said(tmp_path: Path) -> None:
    found = loaded(tmp_path, focus_1_0({"BilledCost": "5", "EffectiveCost": "3.5", "ListCost": "8"}))
    assert found.months[0].totals.costs["USD"] == {
        "billed": 5,
        "effective": Decimal("3.5"),
        "list": 8,
        "contracted": 5,
        "unblended": 5,
        "net_unblended": 5,
        "amortized": Decimal("3.5"),
        "net_amortized": Decimal("3.5"),
        "on_demand": 8,
    }
    assert any("no costs before discounts" in note for note in found.notes)


def test_totals_are_proven_by_category_and_invoice(tmp_path: Path) -> None:
    found = loaded(tmp_path, focus_1_0({}, {"ChargeCategory": "Tax", "BilledCost": "0.95", "EffectiveCost": "0.95"}))
    [month] = found.months
    assert month.totals.by_kind == {("USD", "Usage"): (1, Decimal(5)), ("USD", "Tax"): (1, Decimal("0.95"))}
    assert {check.name for check in month.checks} >= {"rows", "unblended cost", "currencies"}
    assert month.differences == []


def test_a_purchase_without_effective_cost_needs_no_bridge(tmp_path: Path) -> None:
    plan = {"CommitmentDiscountId": "arn:sp", "CommitmentDiscountCategory": "Spend"}
    rows = [
        {**plan, "ChargeCategory": "Purchase", "BilledCost": "100", "EffectiveCost": "0"},
        {**plan, "CommitmentDiscountStatus": "Used", "BilledCost": "0", "EffectiveCost": "60", "ListCost": "90"},
        {**plan, "CommitmentDiscountStatus": "Unused", "BilledCost": "0", "EffectiveCost": "40", "ListCost": "0"},
    ]
    found = loaded(tmp_path, focus_1_0(*rows))
    assert found.months[0].differences == []
    assert ask(tmp_path, "SELECT used_cost, unused_cost, on_demand_cost, saving FROM commitments") == [
        (60, 40, 90, -10)
    ]
    # What nobody used is usage in FOCUS, yet no quantity of use.
    assert ask(tmp_path, "SELECT COUNT(x_UsageQuantity) FROM charges") == [(1,)]


def test_the_oddities_of_the_official_sample(tmp_path: Path) -> None:
    row = {
        **FOCUS_ROW,
        "Id": "17",
        "ChargeFrequency": "Usage-based",
        "ChargeClass": "NULL",
        "CommitmentDiscountId": "NULL",
        "CommitmentDiscountStatus": "NULL",
        "ResourceId": "NULL",
        "BillingPeriodStart": "2026-10-01 00:00:00",
        "BillingPeriodEnd": "2026-11-01 00:00:00",
        "ChargePeriodStart": "2026-10-05 10:00:00",
        "ChargePeriodEnd": "2026-10-05 11:00:00",
        "BilledCost": "6.123E-7",
        "EffectiveCost": "6.123E-7",
        "InvoiceIssuerName": "NULL",
        "Tags": "NULL",
    }
    text = table(("Id", *FOCUS_1_0), FOCUS_ROW, [row])
    found = loaded(tmp_path, text)
    assert (found.rows_loaded, found.quarantined.rows) == (1, 0)
    assert ask(
        tmp_path,
        "SELECT BilledCost, ChargeFrequency, ChargeClass, CommitmentDiscountId, CommitmentDiscountStatus, ResourceId,"
        " InvoiceIssuerName, Tags, ChargePeriodStart FROM charges",
    ) == [
        (
            Decimal("6.123E-7"),
            "Usage-Based",
            None,
            None,
            None,
            None,
            "Amazon Web Services, Inc.",
            None,
            datetime(2026, 10, 5, 10),  # noqa: DTZ001 - the ledger's times are UTC without a zone
        )
    ]


def test_what_must_not_be_null_gets_the_nearest_that_is_there(tmp_path: Path) -> None:
    gaps = dict.fromkeys(("InvoiceIssuerName", "PublisherName", "ProviderName", "ServiceCategory", "ListCost"), "")
    loaded(tmp_path, focus_1_0({**gaps, "ServiceName": "", "x_ServiceCode": "NewThing", "ContractedCost": "4"}))
    assert ask(
        tmp_path,
        "SELECT InvoiceIssuerName, PublisherName, ProviderName, ServiceCategory, ServiceName, ListCost FROM charges",
    ) == [("AWS", "AWS", "AWS", "Other", "NewThing", Decimal(4))]


def test_a_column_of_costs_that_was_not_exported_is_said(tmp_path: Path) -> None:
    columns = [name for name in FOCUS_1_0 if name not in ("ListCost", "EffectiveCost")]
    row = {name: value for name, value in FOCUS_ROW.items() if name in columns}
    found = loaded(tmp_path, table(columns, row, [{"BilledCost": "2", "ContractedCost": "3"}]))
    assert ask(tmp_path, "SELECT EffectiveCost, ListCost FROM charges") == [(2, 3)]
    assert "column EffectiveCost is missing: BilledCost stands for it" in found.notes
    assert "column ListCost is missing: ContractedCost or BilledCost stands for it" in found.notes


def test_values_that_are_none_put_their_row_aside(tmp_path: Path) -> None:
    bad = [
        {"ChargeCategory": "Gift"},
        {"ChargeCategory": ""},
        {"EffectiveCost": "many"},
        {"Tags": "[1]"},
        {"Tags": '{"a": "1", "a": "2"}'},
        {"ChargePeriodStart": "2026-10-05T10:00:00+02:00"},
        {"BillingCurrency": ""},
    ]
    found = loaded(tmp_path, focus_1_0({}, *bad))
    assert (found.rows_in, found.rows_loaded, found.quarantined.rows) == (8, 1, 7)
    assert found.quarantined.cost == 35
    assert found.quarantined.reasons == {
        "BillingCurrency is empty": 1,
        "ChargeCategory is empty": 1,
        "ChargeCategory is none": 1,
        "ChargePeriodStart is no time in UTC": 1,
        "EffectiveCost is no number": 1,
        "Tags is no JSON object with different keys": 2,
    }


def test_tags_that_come_to_the_same_key_do_no_harm(tmp_path: Path) -> None:
    loaded(tmp_path, focus_1_0({"Tags": '{"team": "a", "user:team": "b", "Team": "c"}'}))
    assert ask(tmp_path, "SELECT Tags FROM charges") == [({"team": "a", "Team": "c"},)]
