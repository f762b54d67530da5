"""From the files of a bill to staged rows: charges in SQL, beside the bill's own cost and what is wrong with a row.

Reading text costs far more than all the rest, so it is read once: what is staged is already the month's Parquet, unless
some of its rows must not go there. Columns that begin with `_` are ours alone; the ledger does not show them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from lamplighter.billing.columns import quoted
from lamplighter.billing.format import Format, Reading
from lamplighter.billing.raw import Raw, Reject, read_tables, rejects
from lamplighter.billing.registry import formats, recognise
from lamplighter.billing.sources import Bill
from lamplighter.errors import UsageError
from lamplighter.lake.columns import CHARGE, MONEY, Column, literal
from lamplighter.lake.tags import map_sql, spellings, tag_columns

if TYPE_CHECKING:
    import duckdb

_EXTRA: Final = ("_unused", "_net_unused", "_used_units")
_LAYOUT: Final = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880, FILE_SIZE_BYTES '256MB'"


@dataclass(frozen=True, slots=True)
class Read:
    """Files with the same columns, and how they were read.

    Attributes:
        raw: the files.
        reading: how.
        rows: rows and lines that are no rows, as the reader counted them.
    """

    raw: Raw
    reading: Reading
    rows: int


@dataclass(frozen=True, slots=True)
class Staged:
    """A bill whose rows are staged.

    Attributes:
        bill: what was staged.
        files: the staged Parquet.
        relation: FROM item of its rows: columns of a charge, `_ok`, `_problem`, `_period`, `_cost` (the bill's own),
            `_kind` (the bill's own), `_unused`, `_net_unused`, `_used_units` (of reservations, normalised).
        reads: each group of files with the same columns.
        rejects: lines that are no rows.
        not_charges: rows that are sums or remarks in their format.
        formats: names of formats, with the number of files.
        notes: what was assumed.
    """

    bill: Bill
    files: Sequence[Path]
    relation: str
    reads: Sequence[Read]
    rejects: Sequence[Reject]
    not_charges: int
    formats: Mapping[str, int]
    notes: Sequence[str]


def stage_bill(
    connection: duckdb.DuckDBPyConnection,
    bill: Bill,
    folder: Path,
    tags: Sequence[str] = (),
    only_format: str | None = None,
) -> Staged:
    """Stage the rows of a bill as Parquet.

    Args:
        connection: for the work.
        bill: its files.
        folder: a new folder for the staged rows.
        tags: keys of tags that become columns.
        only_format: name of the format, instead of recognising it.

    Raises:
        BillError: a file is no bill, or cannot be read.
        UsageError: there is no such format.
        duckdb.Error: a file is damaged.
    """
    folder.mkdir()
    reads: list[Read] = []
    refused: list[Reject] = []
    found: dict[str, int] = {}
    notes: dict[str, None] = {}
    skipped = 0
    for number, raw in enumerate(read_tables(bill.parts, connection)):
        chosen = _format(only_format) if only_format else recognise(raw.table, raw.parts[0].name)
        reading = chosen.reading(raw.table)
        raw = replace(raw, values=reading.values)
        if reading.month is not None:
            raw = replace(raw, months=_months(connection, raw, reading.month))
        sql = _staged_sql(raw, reading, chosen.name, bill.period, tags)
        rows = copy_rows(connection, sql, folder / str(number))
        wrong = list(rejects(connection)) if raw.is_text else []
        refused += wrong
        if reading.keep != "true":
            written = literal(str(folder / str(number) / "*.parquet"))
            row = connection.execute(f"SELECT COUNT(*) FROM {written} WHERE NOT _keep").fetchone()
            skipped += row[0] if row else 0
        reads.append(Read(raw, reading, rows + len(wrong)))
        found[chosen.name] = found.get(chosen.name, 0) + len(raw.parts)
        notes.update(dict.fromkeys(reading.notes))
    files = sorted(folder.rglob("*.parquet"))
    relation = f"(SELECT *, _keep AND _problem IS NULL AS _ok FROM {parquet(files)} WHERE _keep)"
    return Staged(bill, files, relation, reads, refused, skipped, found, tuple(notes))


def _months(connection: duckdb.DuckDBPyConnection, raw: Raw, month: str) -> dict[str, str]:
    """The most frequent month of each file; of several the first. Files whose rows have none are left out."""
    counted = connection.execute(
        f"SELECT filename, {month} AS month, COUNT(*) FROM {raw.sql()} GROUP BY ALL HAVING month IS NOT NULL"
        " ORDER BY 3 DESC, 2"
    ).fetchall()
    list(rejects(connection))
    found: dict[str, str] = {}
    for path, value, _ in counted:
        found.setdefault(str(path), str(value))
    return found or {"": ""}


def copy_rows(connection: duckdb.DuckDBPyConnection, sql: str, folder: Path) -> int:
    """Write rows as Parquet into a folder, beside what is there, sized for scanning; how many is given back."""
    token = uuid4().hex[:8]
    fresh = folder / f".{token}"
    fresh.mkdir(parents=True)
    row = connection.execute(
        f"COPY ({sql}) TO {literal(str(fresh))} ({_LAYOUT}, FILENAME_PATTERN 'part-{token}-{{i}}')"
    ).fetchone()
    for path in sorted(fresh.glob("*.parquet")):
        path.rename(folder / path.name)
    fresh.rmdir()
    return int(row[0]) if row else 0


def parquet(files: Sequence[Path]) -> str:
    """FROM item of Parquet files whose columns may differ."""
    listed = ", ".join(literal(str(path)) for path in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def _format(name: str) -> Format:
    if name not in formats():
        raise UsageError(f"there is no format {name!r}", hint=f"known: {', '.join(formats())}")
    return formats()[name]


def _staged_sql(raw: Raw, reading: Reading, name: str, period: str | None, tags: Sequence[str]) -> str:
    given = {
        **reading.charges,
        "x_SourceFile": _by_file({str(part.path): part.name for part in raw.parts}),
        "x_SourceFormat": literal(name),
    }
    of_period = f"strftime({given['BillingPeriodStart']}, '%Y-%m')"
    problem = reading.problem
    if period is not None:
        problem = (
            f"COALESCE({problem}, CASE WHEN {of_period} <> {literal(period)}"
            f" THEN 'it belongs to another month than its bill: ' || {of_period} END)"
        )
    own = {
        "_keep": f"COALESCE({reading.keep}, false)",
        "_problem": problem,
        "_period": of_period,
        "_cost": f"TRY_CAST({reading.cost} AS {MONEY})",
        "_kind": reading.kind,
        **{extra: f"CAST({given.get(extra, 'NULL')} AS {MONEY})" for extra in _EXTRA},
    }
    columns = [_column(column, given.get(column.name, "NULL")) for column in CHARGE]
    columns += [f"{_tag(reading, key)} AS {quoted(name)}" for key, name in tag_columns(tags).items()]
    columns += [f"{sql} AS {column}" for column, sql in own.items()]
    return f"SELECT {', '.join(columns)} FROM {raw.sql()}"


def _column(column: Column, value: str) -> str:
    if column.need == "always" and column.type == MONEY:
        value = f"COALESCE({value}, 0)"
    return f'CAST({value} AS {column.type}) AS "{column.name}"'


def _tag(reading: Reading, key: str) -> str:
    """A tag that becomes a column: as `tag('KEY')` would find it in the map."""
    if reading.tags is None:
        return map_sql(key, f"({reading.charges.get('Tags', 'NULL')})")
    having = [reading.tags[each] for each in spellings(key) if each in reading.tags]
    return f"COALESCE({', '.join([*having, 'CAST(NULL AS VARCHAR)'])})"


def _by_file(names: Mapping[str, str]) -> str:
    if len(names) == 1:
        return literal(next(iter(names.values())))
    keys, values = ", ".join(map(literal, names)), ", ".join(map(literal, names.values()))
    return f"MAP([{keys}], [{values}])[filename]"


def unused_sql(relation: str, period: str, tags: Sequence[str]) -> str:
    """SQL of a row of its own for each unused part of a commitment, in a month.

    Args:
        relation: FROM item of staged rows.
        period: YYYY-MM.
        tags: keys of tags that are columns.
    """
    zero = ("BilledCost", "ListCost", "ContractedCost", "x_UnblendedCost", "x_NetUnblendedCost")
    none = ("x_AmortizedUpfront", "x_CommitmentTotal", "x_CommitmentUsed", "PricingQuantity", "x_OnDemandCost")
    made = {
        **dict.fromkeys(zero, "0"),
        **dict.fromkeys(none, "NULL"),
        "ChargeCategory": "'Usage'",
        "CommitmentDiscountStatus": "'Unused'",
        "PricingCategory": "'Committed'",
        "x_AmortizedCost": "_unused",
        "x_NetAmortizedCost": "_net_unused",
        "EffectiveCost": "_net_unused",
    }
    columns = ", ".join(_column(column, made.get(column.name, f'"{column.name}"')) for column in CHARGE)
    return (
        f"SELECT {columns}{''.join(f', {quoted(name)}' for name in tag_columns(tags).values())} FROM {relation}"
        f" WHERE _ok AND _period = {literal(period)} AND (_unused <> 0 OR _net_unused <> 0)"
    )
