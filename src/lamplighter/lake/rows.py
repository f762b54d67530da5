"""Rows of Python as Parquet files of the lake, any number of them: through a text file that DuckDB reads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lamplighter.errors import LakeError
from lamplighter.lake.columns import Column, literal

if TYPE_CHECKING:
    import duckdb

Row = Sequence[object]
_NULL: Final = "\\N"


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own, whose times are UTC.

    Raises:
        LakeError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise LakeError("DuckDB is not installed", hint="pip install 'lamplighter[lake]'") from error
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def copy(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> int:
    """Write what a question answers as a Parquet file, and give the number of its rows.

    Raises:
        LakeError: DuckDB refuses, or the file cannot be written.
    """
    import duckdb

    try:
        row = connection.execute(
            f"COPY ({sql}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
        ).fetchone()
    except duckdb.Error as error:
        said = str(error).strip().partition("\n")[0]
        raise LakeError(f"{path.parent}: {said}", hint="check the disk and the files of the month") from error
    return int(row[0]) if row else 0


def write_rows(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[Column], rows: Iterable[Row], path: Path
) -> int:
    """Write rows as a Parquet file, and give their number.

    Args:
        connection: of `connect`.
        columns: of the file, in the order of the values of a row.
        rows: values; times are naive and UTC, None is NULL.
        path: of the file; a text file stands beside it meanwhile.

    Raises:
        LakeError: DuckDB refuses.
        OSError: the text file cannot be written.
    """
    text = path.with_suffix(".csv")
    try:
        with text.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writerows([_text(value) for value in row] for row in rows)
        types = ", ".join(f"'{column.name}': '{column.type}'" for column in columns)
        source = (
            f"read_csv({literal(str(text))}, columns = {{{types}}}, header = false, auto_detect = false, delim = ',', "
            f"quote = '\"', escape = '\"', new_line = '\\n', nullstr = '{_NULL}')"
        )
        return copy(connection, f"SELECT * FROM {source}", path)
    finally:
        text.unlink(missing_ok=True)


def _text(value: object) -> str:
    if value is None:
        return _NULL
    # The type of the file holds eighteen decimals; exact quotients have more.
    return format(round(value, 18), "f") if isinstance(value, Decimal) else str(value)
