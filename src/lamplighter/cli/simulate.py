"""`lamp simulate`: what schedules would save."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options, views
from lamplighter.cli.commands import single
from lamplighter.cli.money import By, grouped, show_price_dates, show_tallies
from lamplighter.cli.options import Output
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from lamplighter.cli.show import Printer
    from lamplighter.pricing.book import PriceBook
    from lamplighter.scheduler.passes import PassReport
    from lamplighter.scheduler.plan import Step
    from lamplighter.scheduler.settings import Configuration

DAYS = timedelta(days=28)
"""Length of the simulation when no end is given: four whole weeks."""

app, command = single(
    "lamp simulate --from 2026-12-01 --to 2027-01-01",
    "lamp simulate --by account --region all",
    "lamp simulate --without-aws --from 2026-12-01 --to 2027-01-01",
)


@command
def simulate(
    begin: Annotated[str | None, typer.Option("--from", metavar="TIME", help="Begin; default: today.")] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="End, not included; default: four weeks later.")
    ] = None,
    by: Annotated[By, typer.Option("--by", help="What to group by.")] = By.SCHEDULE,
    without_aws: Annotated[
        bool, typer.Option("--without-aws", help="Ask nobody: hours of each schedule, without resources and money.")
    ] = False,
    file: options.File = None,
    store: options.StoreUrl = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    account: options.Accounts = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Estimate hours and money of the resources that are there, with their schedules and always on."""
    from lamplighter.cli.values import midnight, shown, span
    from lamplighter.pricing.book import PriceBook
    from lamplighter.scheduler.passes import run_pass

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, store, profile, region, account, endpoint_url)
    config = context.configuration(file, store=store)
    zone, now = context.zone_of(config), context.utc_now()
    first, last = span(begin, end, now=now, zone=zone, start=midnight(now, zone), stop=DAYS)
    if without_aws:
        if by is not By.SCHEDULE:
            raise UsageError(f"--without-aws knows no {by.value}s", hint="leave out --by")
        show_hours(printer, config, first, last)
    else:
        with printer.waiting("asking AWS") as tick, context.world(chosen, needs_file=True, on_call=tick) as world:
            report = run_pass(
                world,
                run=context.new_run(),
                accounts=chosen.accounts,
                regions=chosen.regions,
                dry_run=True,
            )
        code = show_estimate(printer, world.config, report, PriceBook.bundled(), first, last, by)
        printer.note(f"estimated from {shown(first, zone)} to {shown(last, zone)}")
        exits.leave(code)


def show_estimate(
    printer: Printer, config: Configuration, report: PassReport, book: PriceBook, start: datetime, end: datetime, by: By
) -> int:
    """Show the estimate for the resources of a dry run, and return the exit code."""
    from lamplighter.savings.estimate import Lot, estimate

    able = [step for step in report.steps if step.resource.unsupported is None and step.decision.rule != "opt-out"]
    lots = [Lot(step.resource.schedule or "", step.resource.prices, _labels(step)) for step in able]
    found = estimate(lots, config.loaded.schedules, book, start, end)
    groups = grouped((one.lot.labels[by.value], one.tally) for one in found)
    show_tallies(printer, groups, by, empty="no resource has the schedule tag here")
    notes: dict[str, int] = {}
    for one in found:
        if one.note:
            notes[one.note] = notes.get(one.note, 0) + 1
    for text, number in notes.items():
        printer.note(f"{views.counted(number, 'resource')}: {text}")
    if len(able) < len(report.steps):
        left = len(report.steps) - len(able)
        printer.note(f"{views.counted(left, 'resource')} left out: opted out, or not able to be stopped by itself")
    show_price_dates(printer, book)
    views.show_problems(printer, config)
    views.show_failures(printer, report)
    return exits.PARTIAL if report.partial else exits.OK


def _labels(step: Step) -> dict[str, str]:
    return {
        "schedule": step.resource.schedule or "",
        "account": step.target.name or step.target.account,
        "resource": f"{step.target.key}/{step.resource.key}",
    }


def show_hours(printer: Printer, config: Configuration, start: datetime, end: datetime) -> None:
    """Show the hours of every schedule, without resources."""
    from lamplighter.cli.show import Column
    from lamplighter.cli.upcoming import chosen_schedules
    from lamplighter.savings.estimate import lit_span
    from lamplighter.schedules.freezing import expected

    whole = Decimal(int((end - start).total_seconds())) / 3600
    found: Sequence[tuple[str, Decimal, int, int]] = [
        (name, *lit_span(expected(schedule, start, end)))
        for name, schedule in chosen_schedules(config, ()).items()
        if not schedule.definition.ignore
    ]
    printer.answer(
        [
            {
                "schedule": name,
                "from": start,
                "to": end,
                "lit_hours": round(lit, 6),
                "all_hours": round(whole, 6),
                "starts": starts,
                "stops": stops,
            }
            for name, lit, starts, stops in found
        ],
        (
            Column("Schedule", whole=True),
            Column("Lit h", right=True),
            Column("of h", right=True),
            Column("Out", right=True),
            Column("Starts", right=True),
            Column("Stops", right=True),
        ),
        [
            [name, f"{lit:,.1f}", f"{whole:,.1f}", f"{(1 - lit / whole) * 100:.0f} %", str(starts), str(stops)]
            for name, lit, starts, stops in found
        ],
        empty="no schedules",
    )
    views.show_problems(printer, config)
