from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.lake.conftest import write_month

from lamplighter.errors import LakeError
from lamplighter.lake.columns import CHARGE
from lamplighter.lake.ledger import Ledger


def test_an_empty_lake_answers_with_no_rows(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "none") as ledger:
        answer = ledger.query("SELECT * FROM charges")
        assert list(answer.columns) == [*(column.name for column in CHARGE), "billing_period"]
        assert list(answer.rows) == []
        assert list(ledger.query("FROM cost_by_service").rows) == []
        assert ledger.periods == []


def test_money_is_exact_and_tags_are_a_map(tmp_path: Path) -> None:
    write_month(
        tmp_path,
        "2026-10",
        [{"BilledCost": "0.1", "Tags": "MAP {'Team': 'a'}"}] * 3 + [{"BilledCost": "0.000000000000000001"}],
    )
    with Ledger.open(tmp_path) as ledger:
        answer = ledger.query("SELECT Tags['Team'], SUM(BilledCost) FROM charges GROUP BY 1 ORDER BY 1")
    assert list(answer.rows) == [("a", Decimal("0.3")), (None, Decimal("1E-18"))]


def test_a_month_replaced_under_an_open_ledger_is_seen(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}])
    with Ledger.open(tmp_path) as ledger:
        assert list(ledger.query("SELECT SUM(BilledCost) FROM charges").rows) == [(Decimal(1),)]
        write_month(tmp_path, "2026-10", [{"BilledCost": "2"}])
        write_month(tmp_path, "2026-11", [{"BilledCost": "3", "x_Tag_Team": "'a'"}])
        assert list(ledger.query("SELECT SUM(BilledCost) FROM charges").rows) == [(Decimal(5),)]
        named = ledger.query("SELECT x_Tag_Team FROM charges ORDER BY billing_period")
        assert list(named.rows) == [(None,), ("a",)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/hostname')",
        "COPY (SELECT 1) TO '/tmp/never.csv'",
        "ATTACH '/tmp/never.db'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "SELECT nothing FROM charges",
        "SELEC 1",
    ],
)
def test_a_question_reads_the_lake_and_nothing_else(tmp_path: Path, sql: str) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}])
    with Ledger.open(tmp_path) as ledger, pytest.raises(LakeError) as raised:
        ledger.query(sql)
    assert "\n" not in raised.value.message
    assert not Path("/tmp/never.csv").exists()


def test_frames(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1.25"}])
    sql = "SELECT ServiceName, BilledCost FROM charges WHERE billing_period = ?"
    with Ledger.open(tmp_path) as ledger:
        assert ledger.arrow(sql, ["2026-10"]).to_pylist()[0]["BilledCost"] == Decimal("1.25")
        assert ledger.pandas(sql, ["2026-10"]).iloc[0]["BilledCost"] == Decimal("1.25")
        assert ledger.polars(sql, ["2026-10"]).row(0)[1] == Decimal("1.25")
        assert ledger.polars(sql, ["1999-01"]).height == 0


def test_a_damaged_file_is_an_error_of_the_lake(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}])
    (tmp_path / "charges" / "billing_period=2026-10" / "part-0.parquet").write_bytes(b"PAR1 no parquet")
    with Ledger.open(tmp_path) as ledger, pytest.raises(LakeError):
        ledger.query("SELECT COUNT(*) FROM charges")


def test_a_lake_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match="is no folder"):
        Ledger.open(tmp_path / "file")
