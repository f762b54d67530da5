"""From the files of a bill to staged rows: charges in SQL, beside the bill's own cost and what is wrong with a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lamplighter.billing.columns import literal
from lamplighter.billing.format import Format, Reading
from lamplighter.billing.raw import Raw, Reject, read_tables, rejects
from lamplighter.billing.registry import formats, recognise
from lamplighter.billing.sources import Bill
from lamplighter.errors import UsageError
from lamplighter.lake.columns import CHARGE, MONEY

if TYPE_CHECKING:
    import duckdb

_EXTRA: Final = ("_unused", "_net_unused")
_ORDER: Final = "SubAccountId, ServiceName, ChargePeriodStart"


@dataclass(frozen=True, slots=True)
class Staged:
    """A bill whose rows are staged.

    Attributes:
        name: of the bill.
        relation: FROM item of its rows: columns of a charge, `_ok`, `_problem`, `_period`, `_cost` (the bill's own),
            `_kind` (the bill's own), `_unused`, `_net_unused`.
        reads: for each group of files with the same columns: the raw table and how it is read.
        rejects: lines that are no rows.
        not_charges: rows that are sums or remarks in their format.
        formats: names of formats, with the number of files.
        notes: what was assumed.
    """

    name: str
    relation: str
    reads: Sequence[tuple[Raw, Reading]]
    rejects: Sequence[Reject]
    not_charges: int
    formats: Mapping[str, int]
    notes: Sequence[str]


def stage_bill(
    connection: duckdb.DuckDBPyConnection, bill: Bill, folder: Path, only_format: str | None = None
) -> Staged:
    """Stage the rows of a bill as Parquet.

    Args:
        connection: for the work.
        bill: its files.
        folder: a new folder for the staged rows.
        only_format: name of the format, instead of recognising it.

    Raises:
        BillError: a file is no bill, or cannot be read.
        UsageError: there is no such format.
        duckdb.Error: a file is damaged.
    """
    folder.mkdir()
    reads: list[tuple[Raw, Reading]] = []
    refused: list[Reject] = []
    found: dict[str, int] = {}
    notes: dict[str, None] = {}
    skipped = 0
    for number, raw in enumerate(read_tables(bill.parts, connection)):
        chosen = _format(only_format) if only_format else recognise(raw.table, raw.parts[0].name)
        reading = chosen.reading(raw.table)
        target = folder / f"{number}.parquet"
        connection.execute(
            f"COPY ({_staged_sql(raw, reading, chosen.name, bill.period)}) TO {literal(str(target))}"
            " (FORMAT parquet, COMPRESSION snappy)"
        )
        if raw.is_text:
            refused += rejects(connection)
        if reading.keep != "true":
            row = connection.execute(f"SELECT COUNT(*) FROM {literal(str(target))} WHERE NOT _keep").fetchone()
            skipped += row[0] if row else 0
        reads.append((raw, reading))
        found[chosen.name] = found.get(chosen.name, 0) + len(raw.parts)
        notes.update(dict.fromkeys(reading.notes))
    kept = "_keep IS NOT DISTINCT FROM true"
    relation = (
        f"(SELECT *, {kept} AND _problem IS NULL AS _ok FROM"
        f" read_parquet({literal(str(folder / '*.parquet'))}, union_by_name = true) WHERE {kept})"
    )
    return Staged(bill.name, relation, reads, refused, skipped, found, tuple(notes))


def _format(name: str) -> Format:
    if name not in formats():
        raise UsageError(f"there is no format {name!r}", hint=f"known: {', '.join(formats())}")
    return formats()[name]


def _staged_sql(raw: Raw, reading: Reading, name: str, period: str | None) -> str:
    given = reading.charges
    columns = [
        f'CAST({given[column.name]} AS {column.type}) AS "{column.name}"' for column in CHARGE if column.name in given
    ]
    columns += [f"CAST({given[extra]} AS {MONEY}) AS {extra}" for extra in _EXTRA if extra in given]
    paths = {str(part.path): part.name for part in raw.parts}
    names = "MAP([" + ", ".join(map(literal, paths)) + "], [" + ", ".join(map(literal, paths.values())) + "])[filename]"
    of_period = f"strftime({given['BillingPeriodStart']}, '%Y-%m')"
    problem = reading.problem
    if period is not None:
        problem = (
            f"COALESCE({problem}, CASE WHEN {of_period} <> {literal(period)}"
            f" THEN 'it belongs to ' || {of_period} || ', the bill is of {period}' END)"
        )
    columns += [
        f"{names} AS x_SourceFile",
        f"{literal(name)} AS x_SourceFormat",
        f"{reading.keep} AS _keep",
        f"{problem} AS _problem",
        f"{of_period} AS _period",
        f"TRY_CAST({reading.cost} AS {MONEY}) AS _cost",
        f"{reading.kind} AS _kind",
    ]
    return f"SELECT {', '.join(columns)} FROM {raw.sql()}"


def month_sql(staged: str, period: str, tags: Sequence[str]) -> str:
    """SQL of the finished charges of a month, sorted, with a row of its own for each unused part of a commitment.

    Args:
        staged: FROM item of staged rows.
        period: YYYY-MM.
        tags: keys of tags that become columns.
    """
    hot = "".join(f", Tags[{literal(key)}] AS {tag_column(key)}" for key in tags)
    zero = ("BilledCost", "ListCost", "ContractedCost", "x_UnblendedCost", "x_NetUnblendedCost")
    made = {
        **dict.fromkeys(zero, "0"),
        "ChargeCategory": "'Usage'",
        "CommitmentDiscountStatus": "'Unused'",
        "x_AmortizedCost": "_unused",
        "x_NetAmortizedCost": "_net_unused",
        "EffectiveCost": "_net_unused",
        "PricingCategory": "'Committed'",
        **dict.fromkeys(
            ("x_AmortizedUpfront", "x_CommitmentTotal", "x_CommitmentUsed", "PricingQuantity", "x_OnDemandCost"), "NULL"
        ),
    }
    always = {column.name for column in CHARGE if column.need == "always"}

    def columns(given: Mapping[str, str]) -> str:
        parts = []
        for column in CHARGE:
            value = given.get(column.name, f'"{column.name}"')
            if column.name in always and column.type == MONEY:
                value = f"COALESCE({value}, 0)"
            parts.append(f'CAST({value} AS {column.type}) AS "{column.name}"')
        return ", ".join(parts)

    where = f"FROM rows WHERE _ok AND _period = {literal(period)}"
    full = f"SELECT * FROM (SELECT {_nulls()} WHERE false UNION ALL BY NAME SELECT * FROM {staged})"
    return (
        f"WITH rows AS ({full}) SELECT {columns({})}{hot} {where}"
        f" UNION ALL SELECT {columns(made)}{hot} {where} AND (_unused <> 0 OR _net_unused <> 0)"
        f" ORDER BY {_ORDER}"
    )


def tag_column(key: str) -> str:
    """Name of the column of a tag that is asked for often, quoted."""
    return '"x_Tag_' + "".join(letter if letter.isalnum() else "_" for letter in key) + '"'


def _nulls() -> str:
    columns = [f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in CHARGE]
    return ", ".join([*columns, *(f"CAST(NULL AS {MONEY}) AS {extra}" for extra in _EXTRA)])
