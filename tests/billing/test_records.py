from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.billing.conftest import line, write_cur

from lamplighter.billing.checking import check_months
from lamplighter.billing.load import load
from lamplighter.billing.records import earlier_loads, loads_of

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)
ONE, TWO = "111122223333", "222233334444"


def put(folder: Path, name: str, days: int, **costs: str) -> None:
    rows = [{**line(cost=cost), "bill/PayerAccountId": payer.strip("_")} for payer, cost in costs.items()]
    load([str(write_cur(folder / name, rows))], folder / "lake", at=AT + timedelta(days=days))


@pytest.mark.slow
def test_the_record_of_a_month_names_every_payer_with_its_load(tmp_path: Path) -> None:
    put(tmp_path, "both.csv", 0, **{ONE: "1", TWO: "2"})
    put(tmp_path, "again.csv", 1, **{TWO: "30"})
    path = tmp_path / "lake/charges/billing_period=2026-10/_load.json"
    record = json.loads(path.read_text())
    assert record["payers"] == [ONE, TWO]
    assert {
        payer: (
            told["at"][:10],
            [file["name"] for file in told["files"]],
            Decimal(told["totals"]["costs"]["USD"]["billed"]),
        )
        for payer, told in record["loads"].items()
    } == {ONE: ("2026-11-03", ["both.csv"], Decimal(1)), TWO: ("2026-11-04", ["again.csv"], Decimal(30))}
    assert (record["at"][:10], [file["name"] for file in record["files"]]) == ("2026-11-04", ["again.csv"])
    assert (record["totals"]["rows"], Decimal(record["totals"]["costs"]["USD"]["billed"])) == (2, Decimal(31))
    [checked] = check_months(tmp_path / "lake")
    assert (checked.rows, [check for check in checked.checks if not check.holds]) == (2, [])
    record["loads"][ONE]["totals"]["rows"] = 7
    path.write_text(json.dumps(record))
    [checked] = check_months(tmp_path / "lake")
    assert [str(check) for check in checked.checks if not check.holds] == [
        f"rows as recorded, payer {ONE}: 7 against 1, difference -6"
    ]


def test_charges_of_a_payer_that_no_load_brought_are_found(tmp_path: Path) -> None:
    put(tmp_path, "both.csv", 0, **{ONE: "1", TWO: "2"})
    path = tmp_path / "lake/charges/billing_period=2026-10/_load.json"
    record = json.loads(path.read_text())
    del record["loads"][TWO]
    path.write_text(json.dumps(record))
    [checked] = check_months(tmp_path / "lake")
    assert [str(check) for check in checked.checks if not check.holds] == [
        f"rows as recorded, payer {TWO}: 0 against 1, difference 1"
    ]


def test_records_of_before(tmp_path: Path) -> None:
    assert loads_of({"payers": [ONE], "totals": {}}) == {ONE: {"payers": [ONE], "totals": {}}}
    assert loads_of({"payers": [ONE, TWO], "totals": {}}) == {}
    assert earlier_loads(tmp_path, "2026-10") == {}
    put(tmp_path, "a.csv", 0, **{ONE: "1"})
    path = tmp_path / "lake/charges/billing_period=2026-10/_load.json"
    path.write_text("{")
    assert earlier_loads(tmp_path, "2026-10") == {}
