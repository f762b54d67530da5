"""Coverage and utilisation by collected usage in the lake: months of `coverage_hours` and `commitment_hours`.

`lamplighter.commitments.kept_hours` works them out; a month is replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from lamplighter.errors import LakeError
from lamplighter.lake import months
from lamplighter.lake.columns import MONEY, NUMBER, TEXT, TIME, Column
from lamplighter.lake.rows import Row, connect, write_rows

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
        with months.loading(lake), connect() as connection:
            for table, columns, rows in tables:
                staged = months.stage(lake, table, period)
                count = write_rows(connection, columns, rows, staged / "hours.parquet")
                months.publish(lake, table, period, staged, {**record, "rows": count})
    except OSError as error:
        raise LakeError(f"{lake} cannot be written: {error.strerror or error}", hint="check the path") from error
