from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.billing.conftest import BOUGHT, line, write_cur

from lamplighter.billing.load import load
from lamplighter.billing.records import Accepted
from lamplighter.errors import BillError, Unreconciled
from lamplighter.lake import months
from lamplighter.lake.ledger import Ledger

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)


def costs(lake: Path, column: str) -> dict[str, Decimal]:
    with Ledger.open(lake) as ledger:
        rows = ledger.query(
            f"SELECT x_LineItemType || CASE WHEN CommitmentDiscountStatus = 'Unused' THEN ' unused' ELSE '' END,"
            f" SUM({column}) FROM charges GROUP BY 1"
        ).rows
    return {kind: cost for kind, cost in rows if cost}


def test_a_month_with_commitments(tmp_path: Path) -> None:
    bill = write_cur(tmp_path / "a.csv.gz", BOUGHT)
    loaded = load([str(bill)], tmp_path / "lake", at=AT, tags=["Team"])
    [month] = loaded.months
    assert (month.period, month.payers, month.published) == ("2026-10", ("111122223333",), True)
    assert (loaded.rows_in, loaded.rows_loaded, loaded.quarantined.rows) == (11, 11, 0)
    assert (month.totals.rows, month.totals.unused_rows) == (11, 2)
    assert month.differences == []
    assert loaded.formats == {"cur-csv": 1}
    assert costs(tmp_path / "lake", "EffectiveCost") == {
        "Usage": Decimal("0.096"),
        "DiscountedUsage": Decimal("0.06"),
        "RIFee unused": Decimal("44.58"),
        "SavingsPlanCoveredUsage": Decimal("0.07"),
        "SavingsPlanRecurringFee unused": Decimal("0.03"),
        "Tax": Decimal("12.5"),
        "Credit": Decimal(-5),
        "Refund": Decimal("-1.25"),
    }
    assert costs(tmp_path / "lake", "BilledCost") == {
        "Usage": Decimal("0.096"),
        "RIFee": Decimal("37.2"),
        "Fee": Decimal("87.6"),
        "SavingsPlanRecurringFee": Decimal("0.06"),
        "SavingsPlanUpfrontFee": Decimal("350.4"),
        "Tax": Decimal("12.5"),
        "Credit": Decimal(-5),
        "Refund": Decimal("-1.25"),
    }
    with Ledger.open(tmp_path / "lake") as ledger:
        assert ledger.query("SELECT SUM(BilledCost), SUM(x_UnblendedCost) FROM charges").rows == [
            (Decimal("481.606"), Decimal("481.606"))
        ]
        assert ledger.query(
            "SELECT DISTINCT x_Tag_Team, Tags['Team'] FROM charges WHERE x_Tag_Team IS NOT NULL"
        ).rows == [("shop", "shop")]


def test_a_restated_month_replaces_the_month_of_its_payer_only(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    other = {"bill/PayerAccountId": "222233334444"}
    load([str(write_cur(tmp_path / "a.csv", [line(cost="1")]))], lake, at=AT)
    load([str(write_cur(tmp_path / "b.csv", [{**line(cost="10"), **other}]))], lake, at=AT)
    again = load([str(write_cur(tmp_path / "c.csv", [line(cost="2"), line(cost="3")]))], lake, at=AT)
    assert again.months[0].before["USD"]["unblended"] == 1
    with Ledger.open(lake) as ledger:
        rows = ledger.query("SELECT BillingAccountId, SUM(BilledCost) FROM charges GROUP BY 1 ORDER BY 1").rows
    assert rows == [("111122223333", Decimal(5)), ("222233334444", Decimal(10))]


def test_rows_that_cannot_be_read_are_kept_with_line_and_reason(tmp_path: Path) -> None:
    rows = [line(cost="1"), line(cost="1e400"), line(cost="NaN"), line(cost="2", lineItem__UsageAmount="many")]
    loaded = load([str(write_cur(tmp_path / "a.csv", rows))], tmp_path / "lake", at=AT)
    assert (loaded.rows_in, loaded.rows_loaded, loaded.quarantined.rows) == (4, 1, 3)
    assert loaded.quarantined.cost == 2
    assert loaded.quarantined.without_cost == 2
    assert loaded.quarantined.path is not None
    kept = [json.loads(text) for text in loaded.quarantined.path.read_text().splitlines()]
    assert [(row["file"], row["line"], row["reason"]) for row in kept] == [
        ("a.csv", 3, "lineItem/UnblendedCost is no number: 1e400"),
        ("a.csv", 4, "lineItem/UnblendedCost is no number: NaN"),
        ("a.csv", 5, "lineItem/UsageAmount is no number: many"),
    ]


def test_what_does_not_add_up_is_not_published(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    load([str(write_cur(tmp_path / "a.csv", [line(cost="1")]))], lake, at=AT)
    # The negation is missing.
    bad = write_cur(
        tmp_path / "b.csv", [row for row in BOUGHT if row["lineItem/LineItemType"] != "SavingsPlanNegation"]
    )
    with pytest.raises(Unreconciled, match="covered by a plan and negated"):
        load([str(bad)], lake, at=AT)
    assert costs(lake, "BilledCost") == {"Usage": Decimal(1)}
    load([str(bad)], lake, at=AT, accept=Accepted("ada", "known to be cut"))
    record = months.record_of(lake, "charges", "2026-10")
    assert record is not None
    assert record["accepted"] == {"who": "ada", "why": "known to be cut"}
    assert sorted(path.name for path in (lake / "charges").iterdir()) == ["billing_period=2026-10"]


def test_a_cut_off_file_leaves_the_month(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    load([str(write_cur(tmp_path / "a.csv", [line(cost="1")]))], lake, at=AT)
    whole = write_cur(tmp_path / "b.csv.gz", [line(cost="2")] * 5000).read_bytes()
    for number, data in enumerate((whole[: len(whole) // 2], whole[:-4], whole[:-8] + b"\0\0\0\0" + whole[-4:])):
        path = tmp_path / f"cut-{number}.csv.gz"
        path.write_bytes(data)
        with pytest.raises(BillError):
            load([str(path)], lake, at=AT)
    assert costs(lake, "BilledCost") == {"Usage": Decimal(1)}
