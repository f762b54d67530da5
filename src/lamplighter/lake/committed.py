"""Coverage and utilisation by collected usage in the lake: months of `coverage_hours` and `commitment_hours`.

`lamplighter.commitments.kept_hours` works them out; a month is replaced as a whole.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from lamplighter.errors import LakeError
from lamplighter.lake import months
from lamplighter.lake.columns import MONEY, NUMBER, TEXT, TIME, Column

COVERAGE: Final = "coverage_hours"
COMMITMENTS: Final = "commitment_hours"
COVERAGE_COLUMNS: Final = (
    Column("time", TIME, "beginning of the hour", "always"),
    Column("account_id", TEXT, "account that used it, 12 digits", "always"),
    Column("region", TEXT, "region code", "always"),
    Column("service", TEXT, "ec2, rds, ...", "always"),
    Column("family", TEXT, "instance family", "always"),
    Column("currency", TEXT, "ISO 4217 code", "always"),
    Column("hours", NUMBER, "instance hours", "always"),
    Column("reserved_hours", NUMBER, "of them covered by reservations", "always"),
    Column("plan_hours", NUMBER, "of them covered by Savings Plans", "always"),
    Column("borrowed_hours", NUMBER, "of both, those covered by commitments of other accounts", "always"),
    Column("units", NUMBER, "in normalised units; NULL where no size has a factor"),
    Column("covered_units", NUMBER, "of them covered"),
    Column("cost", MONEY, "at on-demand prices, as far as they are known; NULL where none is"),
    Column("covered_cost", MONEY, "of it covered"),
    Column("unpriced_hours", NUMBER, "hours without a known price", "always"),
)
COMMITMENT_COLUMNS: Final = (
    Column("time", TIME, "beginning of the hour", "always"),
    Column("commitment_id", TEXT, "ARN", "always"),
    Column("owner_account_id", TEXT, "account that pays for it", "always"),
    Column("region", TEXT, "region code; empty for a Savings Plan that is good everywhere", "always"),
    Column("service", TEXT, "ec2, rds, ...; savingsplans", "always"),
    Column("family", TEXT, "instance family; empty for a Savings Plan of many", "always"),
    Column("unit", TEXT, "Units, Hrs, or a currency", "always"),
    Column("total", NUMBER, "what had been bought", "always"),
    Column("used", NUMBER, "of it used by anybody", "always"),
    Column("lent", NUMBER, "of that by other accounts", "always"),
    Column("unused", NUMBER, "the rest; NULL where it is not known"),
    Column("currency", TEXT, "ISO 4217 code", "always"),
    Column("cost", MONEY, "amortised cost; NULL where it is not known"),
    Column("used_cost", MONEY, "of it of what was used"),
    Column("unused_cost", MONEY, "of it of what was not"),
    Column("on_demand_cost", MONEY, "what it covered, at on-demand prices; NULL where a price is not known"),
)

Row = Sequence[object]
_NULL: Final = "\\N"


def write_hours(
    lake: Path, period: str, coverage: Iterable[Row], commitments: Iterable[Row], record: Mapping[str, Any]
) -> None:
    """Replace a month of both tables.

    Args:
        lake: the lake's folder; it is made.
        period: YYYY-MM.
        coverage: rows of `COVERAGE_COLUMNS`; times naive UTC.
        commitments: rows of `COMMITMENT_COLUMNS`.
        record: what the month was made of, as JSON.

    Raises:
        LakeError: DuckDB is not installed, another load is at work, or the folder cannot be written.
        ValueError: the period is not YYYY-MM.
    """
    tables = ((COVERAGE, COVERAGE_COLUMNS, coverage), (COMMITMENTS, COMMITMENT_COLUMNS, commitments))
    try:
        with months.loading(lake):
            for table, columns, rows in tables:
                staged = months.stage(lake, table, period)
                count = write_parquet(columns, rows, staged / "hours.parquet")
                months.publish(lake, table, period, staged, {**record, "rows": count})
    except OSError as error:
        raise LakeError(f"{lake} cannot be written: {error.strerror or error}", hint="check the path") from error


def write_parquet(columns: Sequence[Column], rows: Iterable[Row], path: Path) -> int:
    """Write rows as a Parquet file, and give their number.

    Raises:
        LakeError: DuckDB is not installed, or refuses.
        OSError: the file cannot be written.
    """
    try:
        import duckdb
    except ImportError as error:
        raise LakeError("DuckDB is not installed", hint="pip install 'lamplighter[lake]'") from error
    text = path.with_suffix(".csv")
    with text.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([_text(value) for value in row] for row in rows)
    types = ", ".join(f"'{column.name}': '{column.type}'" for column in columns)
    source = (
        f"read_csv($1, columns = {{{types}}}, header = false, auto_detect = false, delim = ',', quote = '\"', "
        f"escape = '\"', new_line = '\\n', nullstr = '{_NULL}')"
    )
    target = str(path).replace("'", "''")
    try:
        with duckdb.connect() as connection:
            row = connection.execute(
                f"COPY (FROM {source}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)", [str(text)]
            ).fetchone()
    except duckdb.Error as error:
        raise LakeError(f"{path.parent}: {str(error).strip().partition(chr(10))[0]}", hint="check the disk") from error
    finally:
        text.unlink(missing_ok=True)
    return int(row[0]) if row else 0


def _text(value: object) -> str:
    if value is None:
        return _NULL
    # The type of the file holds eighteen decimals; exact quotients have more.
    return format(round(value, 18), "f") if isinstance(value, Decimal) else str(value)
