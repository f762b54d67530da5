"""`lamp savings`: what was really lit, and what that saved."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, options
from lamplighter.cli.commands import single
from lamplighter.cli.grouping import ByKnown, grouped, labels_of, read_by
from lamplighter.cli.money import show_price_dates, show_tallies
from lamplighter.cli.options import Output

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lamplighter.cli.show import Printer
    from lamplighter.pricing.book import PriceBook
    from lamplighter.savings.measure import Measured

DAYS = timedelta(days=30)

app, command = single(
    "lamp savings --from 2026-11-01 --to 2026-12-01",
    "lamp savings --by account,team",
    "lamp savings --by resource -o csv",
)


@command
def savings(
    begin: Annotated[str | None, typer.Option("--from", metavar="TIME", help="Begin; default: 30 days ago.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="End, not included; default: now.")] = None,
    by: ByKnown = None,
    file: options.File = None,
    store: options.StoreUrl = None,
    region: options.Regions = None,
    account: options.Accounts = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Measure from the journal what was lit, and say what that saved against always on."""
    from lamplighter.cli.journal import entries
    from lamplighter.cli.values import shown, span
    from lamplighter.pricing.book import PriceBook
    from lamplighter.savings.measure import measure

    printer = context.printer(output, verbose, no_color)
    keys = read_by(by, no_tags="the journal does not know tags")
    chosen = context.settings(file, store, None, region, account)
    zone, now = context.zone_of(context.configuration(file, needed=False)), context.utc_now()
    first, last = span(begin, end, now=now, zone=zone, start=now - DAYS, stop=now)
    last = min(last, now) if first < now else last  # what is still to come is not measured
    book = PriceBook.bundled()
    with context.state(store, writes=False) as opened:
        measured = measure(entries(opened, chosen.accounts, chosen.regions, end=last), book, first, last)
    show_savings(printer, measured, book, keys)
    printer.note(
        f"measured from {shown(first, zone)} to {shown(last, zone)} by the journal, "
        "which does not know what was done by hand"
    )


def show_savings(printer: Printer, measured: Iterable[Measured], book: PriceBook, by: Sequence[str]) -> None:
    """Show what was measured."""
    from lamplighter.savings.tally import add

    groups = grouped(((labels_of(one.target, one.resource, one.schedule, one.team), one.tally) for one in measured), by)
    sums = {group: add(parts) for group, parts in groups.items()}
    show_tallies(printer, sums, by, empty="the journal says nothing about this time")
    show_price_dates(printer, book)
