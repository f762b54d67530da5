"""`lamp bill`: load bills into the lake, see what is there, check it again."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples, group
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.cli.views import counted

if TYPE_CHECKING:
    from lamplighter.billing.checking import Checked
    from lamplighter.billing.load import Loaded
    from lamplighter.billing.prepared import Month
    from lamplighter.cli.show import Printer, Record

app = group("Load bills into the lake, see what is there, check it again.")


@app.command(
    epilog=examples(
        "lamp bill load reports/cur/20261001-20261101",
        "lamp bill load s3://billing-bucket/cur/ --tag Team --tag Spend_Category",
        "lamp bill load october.csv.gz --accept-difference 'refund arrives next month'",
    )
)
def load(
    files: Annotated[list[str], typer.Argument(help="Files, folders, patterns, s3:// addresses.", show_default=False)],
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY", help="A tag that is asked for often: a column of its own; repeatable."),
    ] = None,
    accept: Annotated[
        str | None,
        typer.Option("--accept-difference", metavar="REASON", help="Publish although totals differ; kept on record."),
    ] = None,
    format_name: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="Instead of recognising it.")
    ] = None,
    memory: Annotated[
        str, typer.Option("--memory", metavar="SIZE", help="What the work may take; more goes to disk.")
    ] = "1500MB",
    lake: options.Lake = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Load bills: read, prove the totals, publish each month as a whole, or not at all."""
    from lamplighter.billing.load import load as load_bills
    from lamplighter.billing.records import Accepted

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(None, None, profile, None, None, endpoint_url)
    accepted = Accepted(getpass.getuser(), accept) if accept is not None else None
    folder = context.lake_folder(lake)
    with printer.waiting("loading") as tick:

        def fetch(address: str, into: Path) -> Path:
            from lamplighter.billing.fetch import fetch_address

            with context.open_aws(chosen, tick) as aws:
                return fetch_address(aws, address, into)

        loaded = load_bills(
            files,
            folder,
            at=context.utc_now(),
            fetch=fetch,
            accept=accepted,
            tags=tag or (),
            memory=memory,
            only_format=format_name,
        )
    exits.leave(show_loaded(printer, loaded, folder))


def show_loaded(printer: Printer, loaded: Loaded, lake: Path) -> int:
    """Show what a load came to: the months with their totals, what was compared, what was left out."""
    printer.answer(
        [_month_record(month) for month in loaded.months],
        (
            Column("Month", whole=True),
            Column("Payer", whole=True),
            Column("Charges", right=True),
            Column("Unblended", right=True),
            Column("Amortised", right=True),
            Column("Billed", right=True),
            Column("Was", right=True),
            Column("Change", right=True),
            Column("Checks", whole=True),
        ),
        [
            [
                month.period,
                tuple(month.payers),
                f"{month.totals.rows:,}",
                *(_amounts(month, name) for name in ("unblended", "amortized", "billed")),
                tuple(f"{costs['unblended']:,.2f} {currency}" for currency, costs in month.before.items()),
                tuple(f"{costs['unblended']:+,.2f} {currency}" for currency, costs in month.changes.items()),
                f"{len(month.checks) - len(month.differences) - len(month.unproven)} of {len(month.checks)} hold",
            ]
            for month in loaded.months
        ],
        empty="no month was loaded",
    )
    for month in loaded.months:
        for check in month.differences:
            printer.warn(f"{month.period}: {check}; accepted")
        for check in month.unproven:
            printer.note(f"{month.period}: {check}")
    for note in loaded.notes:
        printer.note(note)
    made = sum(month.totals.unused_rows for month in loaded.months)
    printer.note(
        f"{counted(loaded.rows_in, 'row')} read as {', '.join(loaded.formats)}, {loaded.rows_loaded:,} loaded, "
        f"{loaded.quarantined.rows:,} in quarantine; {counted(made, 'row')} made of unused commitments"
    )
    if loaded.not_charges:
        printer.note(f"{counted(loaded.not_charges, 'row')} of totals and remarks are no charges")
    if not loaded.quarantined.rows:
        return exits.OK
    kept = lake / loaded.quarantined.path if loaded.quarantined.path else lake
    cost = f"{loaded.quarantined.cost:,.2f} of cost" if loaded.quarantined.cost else "no cost that can be read"
    printer.warn(f"{counted(loaded.quarantined.rows, 'row')} cannot be read, with {cost}: {kept}")
    for reason, count in list(loaded.quarantined.reasons.items())[:5]:
        printer.note(f"  {count:,} x {reason}")
    return exits.PARTIAL


def _month_record(month: Month) -> Record:
    return {
        "period": month.period,
        "payers": list(month.payers),
        "published": month.published,
        "totals": month.totals.as_json(),
        "before": {currency: {n: str(c) for n, c in costs.items()} for currency, costs in month.before.items()},
        "changes": {currency: {n: str(c) for n, c in costs.items()} for currency, costs in month.changes.items()},
        "checks": len(month.checks),
        "differences": [str(check) for check in month.differences],
        "unproven": [str(check) for check in month.unproven],
    }


def _amounts(month: Month, name: str) -> tuple[str, ...]:
    return tuple(f"{costs[name]:,.2f} {currency}" for currency, costs in month.totals.costs.items())


@app.command(epilog=examples("lamp bill periods", "lamp bill periods -o json"))
def periods(
    lake: options.Lake = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """List the months in the lake: what they were made of, when, and what they came to."""
    from lamplighter.lake import months

    printer = context.printer(output, verbose, no_color)
    folder = context.lake_folder(lake)
    records = [
        {"period": period, **(months.record_of(folder, months.CHARGES, period) or {})}
        for period in months.periods(folder, months.CHARGES)
    ]
    printer.answer(
        records,
        (
            Column("Month", whole=True),
            Column("Loaded", whole=True),
            Column("Payer", whole=True),
            Column("Format"),
            Column("Charges", right=True),
            Column("Billed", right=True),
            Column("Quarantine", right=True),
        ),
        [
            [
                str(record["period"]),
                str(record.get("at", ""))[:16],
                tuple(str(payer) for payer in record.get("payers", ())),
                ", ".join(record.get("formats", ())),
                f"{record.get('totals', {}).get('rows', 0):,}",
                tuple(
                    f"{Decimal(costs['billed']):,.2f} {currency}"
                    for currency, costs in record.get("totals", {}).get("costs", {}).items()
                ),
                str(record.get("quarantined", {}).get("rows", 0)),
            ]
            for record in records
        ],
        empty=f"no month is loaded in {folder}",
    )


@app.command(epilog=examples("lamp bill check", "lamp bill check 2026-10"))
def check(
    period: Annotated[list[str] | None, typer.Argument(help="Months, YYYY-MM; else all.", show_default=False)] = None,
    lake: options.Lake = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Count the months again: against their records, and what must hold in any month."""
    from lamplighter.billing.checking import check_months

    printer = context.printer(output, verbose, no_color)
    found = check_months(context.lake_folder(lake), tuple(period or ()))
    exits.leave(show_checked(printer, found))


def show_checked(printer: Printer, found: Sequence[Checked]) -> int:
    """Show a row for each month, and what does not hold."""
    printer.answer(
        [
            {
                "period": one.period,
                "rows": one.rows,
                "checks": len(one.checks),
                "differences": [str(each) for each in one.checks if not each.holds],
                "unproven": [str(each) for each in one.checks if each.unproven],
            }
            for one in found
        ],
        (
            Column("Month", whole=True),
            Column("Charges", right=True),
            Column("Checks", right=True),
            Column("State", whole=True),
        ),
        [
            [
                one.period,
                f"{one.rows:,}",
                f"{len(one.checks):,}",
                "ok" if all(each.holds for each in one.checks) else "fail",
            ]
            for one in found
        ],
        empty="no month is loaded",
    )
    for one in found:
        for each in one.checks:
            if each.unproven:
                printer.note(f"{one.period}: {each}")
    bad = [(one.period, each) for one in found for each in one.checks if not each.holds]
    for month, each in bad:
        printer.warn(f"{month}: {each}")
    return exits.FINDINGS if bad else exits.OK
