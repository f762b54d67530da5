from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.billing.bills import dbr

from lamplighter.billing.load import Loaded, load
from lamplighter.errors import Unreconciled

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)
Row = dict[str, str]


def total(cost: str, kind: str = "StatementTotal", invoice: str = "") -> Row:
    return {"RecordType": kind, "UnBlendedCost": cost, "InvoiceID": invoice, "UsageStartDate": "", "UsageEndDate": ""}


def item(cost: str, invoice: str = "Estimated", **more: str) -> Row:
    return {"UnBlendedCost": cost, "InvoiceID": invoice, **more}


def loaded(folder: Path, *rows: Row) -> Loaded:
    (folder / "dbr.csv").write_text(dbr(*rows))
    return load([str(folder / "dbr.csv")], folder / "lake", at=AT)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([item("1.004"), total("1")], id="whole cents are rounded"),
        pytest.param([item("1.004"), total("1.004")], id="others are not"),
        pytest.param([item("1", "a"), item("2", "b"), total("1", "InvoiceTotal", "a"), total("3")], id="invoices"),
        pytest.param(
            [item("1", "a"), item("2"), item("3", "b"), total("1", "InvoiceTotal", "a"), total("5", "InvoiceTotal")],
            id="an invoice without id has the rest",
        ),
        pytest.param([item("5"), item("-1", RecordType="Discount"), total("5")], id="before discounts"),
        pytest.param([item("5"), item("-1", RecordType="Discount"), total("4")], id="after discounts"),
        pytest.param([item("5"), item("0.01", RecordType="Rounding"), total("5.01")], id="rounding counts"),
        pytest.param([item("5"), item("7", UsageQuantity="many"), total("12")], id="quarantine counts"),
        pytest.param([item("5"), total("", "InvoiceTotal")], id="a total without an amount says nothing"),
    ],
)
def test_totals_that_agree(tmp_path: Path, rows: list[Row]) -> None:
    found = loaded(tmp_path, *rows)
    stated = [check for check in found.months[0].checks if check.name == "stated total"]
    assert len(stated) == sum(
        row.get("RecordType", "").endswith("Total") and row["UnBlendedCost"] != "" for row in rows
    )
    assert all(check.holds and not check.unproven for check in stated)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param(
            [item("1.006"), total("1")], "StatementTotal of payer 111122223333: 1.0+ against 1.006", id="cents"
        ),
        pytest.param([item("1.004"), total("1.003")], "StatementTotal", id="all digits"),
        pytest.param(
            [item("1", "a"), total("1"), total("2", "InvoiceTotal", "a")], "invoice a: 2.0+ against 1.0+", id="a"
        ),
        pytest.param([item("1", "a"), total("1", "InvoiceTotal", "b")], "invoice b", id="an invoice without lines"),
    ],
)
def test_totals_that_do_not(tmp_path: Path, rows: list[Row], said: str) -> None:
    with pytest.raises(Unreconciled, match=f"stated total, .*{said}"):
        loaded(tmp_path, *rows)
    assert not list((tmp_path / "lake").glob("charges/*"))


def test_lines_whose_cost_cannot_be_read_may_be_what_is_missing(tmp_path: Path) -> None:
    found = loaded(tmp_path, item("5"), item("many"), total("12"))
    assert [str(check) for check in found.months[0].unproven] == [
        (
            "not provable from this file: stated total, StatementTotal of payer 111122223333:"
            " the cost of 1 lines cannot be read"
        )
    ]
    assert found.quarantined.rows == 1
