"""That text is CSV as DuckDB writes it. That all formats read back to the truth is tested with `write`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from lamplighter.estate.bill.render import render, text_sql
from lamplighter.estate.bill.shape import shape


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


def test_text_is_as_duckdb_writes_it(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    connection.execute(
        "CREATE TABLE odd AS SELECT * FROM (VALUES ('plain', 1.50, true), ('a,b', NULL, false),"
        " ('say \"so\"', -0.1, NULL), ('two\nlines', 0, true), ('', 7, true), (NULL, 8, true),"
        " (' spaces ', 9, true)) odd(name, amount, yes)"
    )
    connection.execute(f"COPY odd TO '{tmp_path / 'odd.csv'}' (FORMAT csv, HEADER false)")
    rows = connection.execute(text_sql(connection, "SELECT * FROM odd", 3)).fetchall()
    assert "".join(f"{row[0]}\n" for row in rows) == (tmp_path / "odd.csv").read_text()
    assert [row[0] for row in rows][1:3] == ['"a,b",,false', '"say ""so""",-0.10,']


@pytest.mark.parametrize("sql", ["arn || cost", "line_id || quantity", "line_id || resource"])
def test_a_column_is_a_lines_own_or_its_groups(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(ValueError, match="neither a line's own nor its group's"):
        render(connection, shape("cur-csv"), [("one", sql)], 1, "made")
