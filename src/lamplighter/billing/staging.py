"""From the files of a bill to staged rows: charges in SQL, beside the bill's own cost and what is wrong with a row.

Reading text costs far more than all the rest, so it is read once: what is staged is already the month's Parquet, unless
some of its rows must not go there. Columns that begin with `_` are ours alone; the ledger does not show them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from lamplighter.billing.columns import quoted
from lamplighter.billing.format import Format, Reading
from lamplighter.billing.lines import count_lines, prove_lines
from lamplighter.billing.raw import Raw, Reject, read_tables, rejects
from lamplighter.billing.registry import formats, recognise
from lamplighter.billing.sources import PARQUET, Bill, Part
from lamplighter.billing.unread import Read, write_unread
from lamplighter.errors import UsageError
from lamplighter.lake.columns import CHARGE, MONEY, Column, literal
from lamplighter.lake.tags import map_sql, spellings, tag_columns

if TYPE_CHECKING:
    import duckdb

UNREAD: Final = "unread.jsonl"
_EXTRA: Final = ("_unused", "_net_unused", "_used_units")
_LAYOUT: Final = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880, FILE_SIZE_BYTES '256MB'"


@dataclass(frozen=True, slots=True)
class Staged:
    """A bill, or some of its files, whose rows are staged. What it was staged from is not needed any more.

    Attributes:
        bill: what was staged.
        sources: name and bytes of each file that was staged.
        files: the staged Parquet.
        unread: JSON lines of what cannot be read, see `lamplighter.billing.unread`.
        rows: rows and lines that are no rows, as the reader counted them.
        rejected: lines that are no rows, by reason.
        not_charges: rows that are sums or remarks in their format.
        formats: names of formats, with the number of files.
        notes: what was assumed.
    """

    bill: Bill
    sources: Sequence[Mapping[str, str | int]]
    files: Sequence[Path]
    unread: Sequence[Path]
    rows: int
    rejected: Mapping[str, int]
    not_charges: int
    formats: Mapping[str, int]
    notes: Sequence[str]

    @property
    def relation(self) -> str:
        """FROM item of its rows.

        Columns of a charge, `_ok`, `_problem`, `_period`, `_cost` and `_kind` (the bill's own), `_unused`,
        `_net_unused`, `_used_units` (of reservations, normalised).
        """
        return f"(SELECT *, _keep AND _problem IS NULL AS _ok FROM {parquet(self.files)} WHERE _keep)"


def stage_bill(
    connection: duckdb.DuckDBPyConnection,
    bill: Bill,
    folder: Path,
    tags: Sequence[str] = (),
    only_format: str | None = None,
) -> Staged:
    """Stage the rows of a bill as Parquet, with what cannot be read beside it. Every line of its text is accounted for.

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
    folder.mkdir(parents=True)
    with ThreadPoolExecutor(1) as beside:
        lines = {part.path: beside.submit(count_lines, part) for part in bill.parts if part.kind != PARQUET}
        try:
            return _stage(connection, bill, folder, tags, only_format, lambda part: lines[part.path].result())
        finally:
            beside.shutdown(cancel_futures=True)


def _stage(
    connection: duckdb.DuckDBPyConnection,
    bill: Bill,
    folder: Path,
    tags: Sequence[str],
    only_format: str | None,
    lines: Callable[[Part], int],
) -> Staged:
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
        problem = _problem(reading, bill.period)
        sql = _staged_sql(raw, reading, chosen.name, problem, tags)
        rows = copy_rows(connection, sql, folder / str(number))
        wrong = list(rejects(connection)) if raw.is_text else []
        refused += wrong
        if reading.keep != "true" and rows:
            written = literal(str(folder / str(number) / "*.parquet"))
            row = connection.execute(f"SELECT COUNT(*) FROM {written} WHERE NOT _keep").fetchone()
            skipped += row[0] if row else 0
        reads.append(Read(raw, reading, problem, rows + len(wrong)))
        found[chosen.name] = found.get(chosen.name, 0) + len(raw.parts)
        notes.update(dict.fromkeys(reading.notes))
    for read in (read for read in reads if read.raw.is_text):
        prove_lines(connection, read.raw, sum(map(lines, read.raw.parts)), read.rows)
    staged = Staged(
        replace(bill, parts=()),
        [{"name": part.name, "bytes": part.path.stat().st_size} for part in bill.parts],
        sorted(folder.rglob("*.parquet")),
        (),
        sum(read.rows for read in reads),
        Counter(reject.reason.partition(":")[0] for reject in refused),
        skipped,
        found,
        tuple(notes),
    )
    sql = f"SELECT DISTINCT x_SourceFile FROM {staged.relation} WHERE NOT _ok"
    bad = {row[0] for row in connection.execute(sql).fetchall()} if staged.files else set()
    if not bad and not refused:
        return staged
    write_unread(connection, folder / UNREAD, reads, refused, bad)
    return replace(staged, unread=(folder / UNREAD,))


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


def _period_sql(reading: Reading) -> str:
    return f"strftime({reading.charges['BillingPeriodStart']}, '%Y-%m')"


def _problem(reading: Reading, period: str | None) -> str:
    """SQL of the reason why a row cannot be read, or NULL."""
    if period is None:
        return reading.problem
    of_period = _period_sql(reading)
    return (
        f"COALESCE({reading.problem}, CASE WHEN {of_period} <> {literal(period)}"
        f" THEN 'it belongs to another month than its bill: ' || {of_period} END)"
    )


def _staged_sql(raw: Raw, reading: Reading, name: str, problem: str, tags: Sequence[str]) -> str:
    given = {
        **reading.charges,
        "x_SourceFile": _by_file({str(part.path): part.name for part in raw.parts}),
        "x_SourceFormat": literal(name),
    }
    own = {
        "_keep": f"COALESCE({reading.keep}, false)",
        "_problem": problem,
        "_period": _period_sql(reading),
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
