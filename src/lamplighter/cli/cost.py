"""`lamp cost`: what it costs, by what people ask for. `lamp sql`: any other question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, options
from lamplighter.cli.commands import single
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.cli.views import counted
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from lamplighter.cli.show import Printer
    from lamplighter.lake.cost import Cost
    from lamplighter.lake.ledger import Answer

cost_app, cost_command = single(
    "lamp cost --by account,service --period 2026-10",
    "lamp cost --by day --where 'service=Amazon Elastic Compute Cloud' --measure net-amortized",
    "lamp cost --by tag:Team --where category=Usage -o csv",
)
sql_app, sql_command = single(
    "lamp sql 'SELECT service, SUM(effective_cost) FROM cost_by_service GROUP BY 1 ORDER BY 2 DESC'",
    "lamp sql --tables",
    "lamp sql --query-file question.sql -o csv",
)


@cost_command
def cost(
    by: Annotated[
        str, typer.Option("--by", metavar="NAMES", help="Comma list: account, service, region, day, tag:KEY, ...")
    ] = "service",
    period: Annotated[
        list[str] | None, typer.Option("--period", metavar="YYYY-MM", help="Only this month; repeatable; default: all.")
    ] = None,
    measure: Annotated[
        str, typer.Option("--measure", metavar="NAME", help="effective, billed, unblended, net-amortized, list, ...")
    ] = "effective",
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="COND", help="name=value, name!=value, name~part; repeatable, all must hold."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="So many rows; the rest in one more.")
    ] = None,
    lake: options.Lake = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Ask the ledger what it costs, by what you name; rows add up to the total shown."""
    from lamplighter.lake.cost import ask_cost
    from lamplighter.lake.ledger import Ledger

    printer = context.printer(output, verbose, no_color)
    names = [name.strip() for name in by.split(",") if name.strip()]
    if not names:
        raise UsageError("--by names nothing", hint="for example --by account,service")
    with Ledger.open(context.lake_folder(lake)) as ledger:
        found = ask_cost(ledger, names, periods=period or (), measure=measure, where=where or (), limit=limit)
        loaded = ledger.periods
    show_cost(printer, found, period or loaded)


def show_cost(printer: Printer, found: Cost, periods: Sequence[str]) -> None:
    """Show a cost: a row for each combination, and the total of each currency."""
    several = len(found.totals) > 1
    unit = next(iter(found.totals), "")
    title = f"{found.measure.replace('_', ' ').capitalize()} {'' if several else unit}".strip()
    columns = [Column(name, whole=True) for name in found.by]
    columns += [Column("Currency")] if several else []
    columns += [Column(title, right=True), Column("Share", right=True), Column("Charges", right=True)]
    rows = []
    for row in found.rows:
        whole = found.totals[row.currency]
        share = f"{row.cost / whole * 100:.1f} %" if whole else ""
        shown = ["(none)" if value is None else value for value in row.values]
        rows.append([*shown, *([row.currency] if several else []), _money(row.cost), share, f"{row.charges:,}"])
    charges = f"{sum(row.charges for row in found.rows):,}"
    foot = ["total", *("" for _ in found.by[1:]), _money(found.totals[unit]), "", charges] if unit else []
    printer.answer(
        [
            {
                **{name.replace("-", "_"): value for name, value in zip(found.by, row.values, strict=True)},
                "currency": row.currency,
                "measure": found.measure,
                "cost": _exact(row.cost),
                "charges": row.charges,
            }
            for row in found.rows
        ],
        columns,
        rows,
        empty="no charge fits" if periods else "nothing is loaded yet: lamp bill load",
        foot=() if several else foot,
    )
    if several and not printer.for_programs:
        for currency, amount in found.totals.items():
            printer.note(f"total {_money(amount)} {currency}")
    if found.unknown:
        what = f"no known {found.measure.replace('_', ' ')} cost"
        printer.warn(f"{counted(found.unknown, 'charge')} with {what}: in no row")
    if periods:
        printer.note(f"{found.measure.replace('_', ' ')} cost of {', '.join(periods)}")


@sql_command
def sql(
    question: Annotated[str | None, typer.Argument(help="One SELECT in DuckDB's SQL.", show_default=False)] = None,
    query_file: Annotated[
        Path | None, typer.Option("--query-file", metavar="PATH", help="Read the question from a file; - for stdin.")
    ] = None,
    tables: Annotated[bool, typer.Option("--tables", help="List what can be asked: views, columns, units.")] = False,
    dialect: Annotated[
        str | None, typer.Option("--for", metavar="ENGINE", help="Only write the question for spark or athena.")
    ] = None,
    to_parquet: Annotated[
        Path | None, typer.Option("--to-parquet", metavar="PATH", help="Write the answer as Parquet.")
    ] = None,
    lake: options.Lake = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Ask the ledger anything in SQL; only reads, and only files of the lake."""
    from lamplighter.lake.ledger import Ledger

    printer = context.printer(output, verbose, no_color)
    if tables:
        show_tables(printer)
        return
    text = _question(question, query_file)
    if dialect is not None:
        printer.text(_translated(text, dialect, context.lake_folder(lake)))
        return
    with Ledger.open(context.lake_folder(lake)) as ledger:
        if to_parquet is not None:
            rows = ledger.to_parquet(text, to_parquet)
            printer.note(f"{rows:,} rows written to {to_parquet}")
            return
        answer = ledger.query(text)
    show_answer(printer, answer)


def _translated(text: str, dialect: str, folder: Path) -> str:
    """For another engine; tags that are columns in every month of the lake are taken to be columns there too."""
    from lamplighter.lake.dialects import translate
    from lamplighter.lake.ledger import hot_everywhere

    return translate(text, dialect, hot_everywhere(folder))


def _question(question: str | None, file: Path | None) -> str:
    if (question is None) == (file is None):
        raise UsageError("ask one question", hint="lamp sql 'SELECT ...', or --query-file, or --tables")
    if question is not None:
        return question
    assert file is not None
    if str(file) == "-":
        return typer.get_text_stream("stdin").read()
    return context.read_text(file)


def show_answer(printer: Printer, answer: Answer) -> None:
    """Show an answer as it came: a column for each column."""
    numbers = [
        kind.startswith(("DECIMAL", "DOUBLE", "FLOAT", "BIGINT", "INTEGER", "HUGEINT", "UBIGINT", "SMALLINT"))
        for kind in answer.types
    ]
    printer.answer(
        [dict(zip(answer.columns, map(_value, row), strict=True)) for row in answer.rows],
        [Column(name, right=right) for name, right in zip(answer.columns, numbers, strict=True)],
        [[_shown(value) for value in row] for row in answer.rows],
        empty="no rows",
    )


def _money(amount: Decimal) -> str:
    """With two places, for people; never `-0.00`."""
    text = f"{amount:,.2f}"
    return text.lstrip("-") if not text.strip("-0.,") else text


def _exact(amount: Decimal) -> Decimal:
    """The same number without zeros at its end."""
    whole, _, part = format(amount, "f").partition(".")
    return Decimal(f"{whole}.{part.rstrip('0')}" if part.rstrip("0") else whole)


def _value(value: object) -> object:
    """A value as programs get it; what JSON does not know becomes text."""
    if isinstance(value, Decimal):
        return _exact(value) if value.is_finite() else str(value)
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): _value(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(part) for part in value]
    return value if value is None or isinstance(value, (bool, int, str, date, datetime)) else str(value)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        whole, _, part = format(value, "f").partition(".")
        return f"{whole}.{part.rstrip('0'):0<2}" if part else whole
    return str(value)


def show_tables(printer: Printer) -> None:
    """List what can be asked, with what a row and each column are."""
    from lamplighter.lake.catalog import views
    from lamplighter.lake.columns import CHARGE

    partition = ("billing_period", "VARCHAR", "month of the bill, YYYY-MM")
    charge = [*((column.name, column.type, column.about) for column in CHARGE), partition]
    records: list[dict[str, object]] = [
        {"view": "charges", "column": name, "unit": unit, "about": about} for name, unit, about in charge
    ]
    for view in views().values():
        records += [
            {"view": view.name, "column": column.name, "unit": column.unit, "about": column.about}
            for column in view.columns
        ]
    rows = [["charges", "One line of a bill; every column: -o json, or docs/ledger.md."]]
    rows += [[view.name, view.about] for view in views().values()]
    printer.answer(records, (Column("View", whole=True), Column("A row")), rows, empty="")
