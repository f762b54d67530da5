from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.lake.conftest import write_month

from lamplighter.errors import LakeError
from lamplighter.lake.catalog import TABLES, views
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


@pytest.mark.slow
def test_a_month_replaced_under_an_open_ledger_is_seen(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}])
    with Ledger.open(tmp_path) as ledger:
        assert list(ledger.query("SELECT SUM(BilledCost) FROM charges").rows) == [(Decimal(1),)]
        write_month(tmp_path, "2026-10", [{"BilledCost": "2"}])
        write_month(tmp_path, "2026-11", [{"BilledCost": "3", "x_Tag_Team": "'a'"}])
        assert list(ledger.query("SELECT SUM(BilledCost) FROM charges").rows) == [(Decimal(5),)]
        named = ledger.query("SELECT x_Tag_Team FROM charges ORDER BY billing_period")
        assert list(named.rows) == [(None,), ("a",)]


@pytest.mark.slow
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
        "COPY (SELECT 1) TO '{lake}/never.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{lake}/never.csv'",
        "DROP VIEW charges",
        "CREATE TABLE charges2 AS SELECT 1",
        "SELECT 1; DROP VIEW charges",
        "SELECT 1) TO '{lake}/never.csv'; --",
        "",
    ],
)
def test_a_question_reads_the_lake_and_nothing_else(tmp_path: Path, sql: str) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}])
    sql = sql.format(lake=tmp_path)
    with Ledger.open(tmp_path) as ledger:
        for ask in (ledger.query, ledger.arrow, lambda text: ledger.to_parquet(text, tmp_path / "out.parquet")):
            with pytest.raises(LakeError) as raised:
                ask(sql)
            assert "\n" not in raised.value.message
            assert raised.value.hint
        assert list(ledger.query("SELECT SUM(BilledCost) FROM charges").rows) == [(Decimal(1),)]
    assert not Path("/tmp/never.csv").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".loading", "charges"]


def test_columns_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        assert list(ledger.query("SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS b").columns) == ["a", "a_2", "a_2_2", "b"]


@pytest.mark.slow
def test_what_can_be_asked_is_listed(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        listed = {row[0] for row in ledger.query("SHOW TABLES").rows}
        assert listed == {*TABLES, *views()}
        assert ledger.query("DESCRIBE top_movers").rows[0][0] == "billing_period"


@pytest.mark.slow
def test_an_answer_becomes_a_parquet_file(tmp_path: Path) -> None:
    lake, out = tmp_path / "lake", tmp_path / "it's.parquet"
    write_month(lake, "2026-10", [{"BilledCost": "1.25"}, {"BilledCost": "2", "Tags": "MAP {'Team': 'a'}"}])
    with Ledger.open(lake) as ledger:
        assert ledger.to_parquet("SELECT BilledCost, tag('Team') AS team FROM charges ORDER BY 1; -- all", out) == 2
        found = duckdb.read_parquet(str(out))
        assert found.fetchall() == [(Decimal("1.25"), None), (Decimal(2), "a")]
        assert [str(kind) for kind in found.types] == ["DECIMAL(38,18)", "VARCHAR"]
        assert ledger.to_parquet("SELECT service FROM cost_by_service", out) == 1
        with pytest.raises(LakeError):
            ledger.to_parquet("SELECT nothing FROM charges", out)
        with pytest.raises(LakeError, match=r"none/x\.parquet"):
            ledger.to_parquet("SELECT 1", tmp_path / "none" / "x.parquet")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["it's.parquet", "lake"]
    assert duckdb.read_parquet(str(out)).columns == ["service"]


def test_the_names_of_the_package() -> None:
    import lamplighter.lake as package

    assert package.Ledger is Ledger
    assert [getattr(package, name).__name__ for name in package.__all__] == package.__all__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


def test_limits_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="Memory must have a number"):
        Ledger.open(tmp_path, memory="much")
    with Ledger.open(tmp_path, memory="200MB", threads=1) as ledger:
        assert list(ledger.query("SELECT current_setting('threads')").rows) == [(1,)]


@pytest.mark.slow
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
