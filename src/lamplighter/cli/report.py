"""`lamp report`: reports as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples, group
from lamplighter.cli.commit_recommend import known_schedules
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.cli.views import counted

app = group("Write reports: the workbook of usage and commitments.")


@app.command(
    name="ri-usage",
    epilog=examples(
        "lamp report ri-usage --period 2026-10", "lamp report ri-usage --organization Example --out reports"
    ),
)
def ri_usage(
    period: Annotated[
        str | None, typer.Option("--period", metavar="YYYY-MM", help="Month; default: the one that has begun.")
    ] = None,
    organization: Annotated[
        str, typer.Option("--organization", metavar="NAME", help="In titles and the file's name; default: the payer's.")
    ] = "",
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write it.")] = Path(),
    file: options.File = None,
    lake: options.Lake = None,
    prices: options.Prices = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Write the workbook AwsRIUsageReport: usage, statistics, coverage, utilisation, what to buy, what ends when."""
    from lamplighter.reports.ri_usage.gather import gathered
    from lamplighter.reports.ri_usage.report import sheets, write_report

    printer = context.printer(output, verbose, no_color)
    now = context.utc_now()
    month = period or f"{now:%Y-%m}"
    schedules = known_schedules(file)
    with (
        printer.waiting("working it out"),
        gathered(
            context.lake_folder(lake), month, organization, context.price_book(prices), now, schedules=schedules
        ) as facts,
    ):
        path = write_report(facts, out)
        made = list(sheets(facts))
    printer.answer(
        [{"file": str(path), "sheet": sheet.name, "rows": len(sheet.rows), "source": sheet.source} for sheet in made],
        (Column("Sheet", whole=True), Column("Rows", right=True), Column("What it is")),
        [[sheet.name, f"{len(sheet.rows):,}", sheet.title] for sheet in made],
        empty="no sheets",
    )
    printer.note(f"{path} is written: {counted(len(made), 'sheet')}")
    for warning in facts.warnings:
        printer.warn(warning)
    if facts.recommendation is None:
        printer.warn(f"it recommends nothing: {facts.missing}")
        exits.leave(exits.PARTIAL)
