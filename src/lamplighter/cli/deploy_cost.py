"""`lamp deploy cost`: what a deployment costs to run, beside the AWS Instance Scheduler."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, options
from lamplighter.cli.commands import examples
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.cli.views import counted
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lamplighter.cli.show import Printer, Record
    from lamplighter.deploy.cost import Estate, Line

_ESTATE = "Estate"
_RHYTHM = "Rhythm"
_REST = "Beside schedules"


def add_to(app: typer.Typer) -> None:
    """Add the command to its group."""
    lines = (
        "lamp deploy cost --accounts 100 --regions 4 --resources 10000 --frequency 5",
        "lamp deploy cost --resources 200 --detail",
        "lamp deploy cost --accounts 3 --regions 1 --resources 60 --without watch",
        "lamp deploy cost --accounts 100 --watched 20 --frequency 1 -o csv",
    )
    app.command("cost", epilog=examples(*lines))(cost)


def cost(
    accounts: Annotated[
        int, typer.Option("--accounts", min=1, metavar="N", help="How many.", rich_help_panel=_ESTATE)
    ] = 10,
    regions: Annotated[
        int, typer.Option("--regions", min=1, metavar="N", help="In each account.", rich_help_panel=_ESTATE)
    ] = 2,
    resources: Annotated[
        int, typer.Option("--resources", min=0, metavar="N", help="In all.", rich_help_panel=_ESTATE)
    ] = 1000,
    scheduled: Annotated[
        str, typer.Option("--scheduled", metavar="PERCENT", help="Of them, with a schedule.", rich_help_panel=_ESTATE)
    ] = "100",
    kinds: Annotated[
        int, typer.Option("--kinds", min=1, metavar="N", help="Of resources looked for.", rich_help_panel=_ESTATE)
    ] = 10,
    schedules: Annotated[
        int,
        typer.Option("--schedules", min=1, metavar="N", help="In one account and region.", rich_help_panel=_RHYTHM),
    ] = 2,
    transitions: Annotated[
        str,
        typer.Option(
            "--transitions", metavar="N", help="A day, of a schedule; 2 on weekdays.", rich_help_panel=_RHYTHM
        ),
    ] = "1.43",
    frequency: Annotated[
        int,
        typer.Option("--frequency", metavar="MINUTES", help="1, 2, 5, 10, 15, 30 or 60.", rich_help_panel=_RHYTHM),
    ] = 5,
    watched: Annotated[
        str,
        typer.Option(
            "--watched",
            metavar="PERCENT",
            help="Of targets with idle guards, windows or enforced schedules: looked at each interval.",
            rich_help_panel=_RHYTHM,
        ),
    ] = "0",
    reconcile: Annotated[
        int,
        typer.Option("--reconcile", min=1, metavar="HOURS", help="Between passes of all.", rich_help_panel=_RHYTHM),
    ] = 4,
    events: Annotated[
        str,
        typer.Option("--events", metavar="N", help="That ask for a look, a day and target.", rich_help_panel=_RHYTHM),
    ] = "2",
    collect: Annotated[
        bool, typer.Option("--collect/--no-collect", help="Usage, each hour.", rich_help_panel=_REST)
    ] = True,
    bill_lines: Annotated[
        int, typer.Option("--bill-lines", min=0, metavar="N", help="Of a month's bill.", rich_help_panel=_REST)
    ] = 1_000_000,
    reports: Annotated[
        int, typer.Option("--reports", min=0, metavar="N", help="Workbooks a month.", rich_help_panel=_REST)
    ] = 30,
    explorer_pages: Annotated[
        int, typer.Option("--explorer-pages", min=0, metavar="N", help="Of Cost Explorer.", rich_help_panel=_REST)
    ] = 0,
    scanned: Annotated[
        str, typer.Option("--scanned", metavar="GB", help="By Athena, a month.", rich_help_panel=_REST)
    ] = "0",
    log_days: Annotated[
        int, typer.Option("--log-days", min=1, metavar="DAYS", help="Logs are kept.", rich_help_panel=_REST)
    ] = 90,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="NAME",
            help="A stack that is left out: watch.",
            rich_help_panel=_REST,
            show_default=False,
        ),
    ] = None,
    region: Annotated[
        str, typer.Option("--hub-region", metavar="REGION", help="Of the hub; prices are us-east-1's.")
    ] = "us-east-1",
    request_seconds: Annotated[
        str | None,
        typer.Option(
            "--request-seconds",
            metavar="N",
            help="Mean length of a request of the Instance Scheduler; else counted calls.",
            show_default=False,
        ),
    ] = None,
    detail: Annotated[bool, typer.Option("--detail", help="Every quantity.")] = False,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Estimate a month's cost of running this, and of the AWS Instance Scheduler for the same; asks nobody."""
    from lamplighter.deploy.cost import Estate, lamplighter
    from lamplighter.deploy.cost_compared import instance_scheduler
    from lamplighter.deploy.family import left_out

    printer = context.printer(output, verbose, no_color)
    estate = Estate(
        accounts=accounts,
        regions=regions,
        resources=resources,
        scheduled=_number("--scheduled", scheduled),
        schedules=schedules,
        transitions=_number("--transitions", transitions),
        kinds=kinds,
        frequency=frequency,
        watched=_number("--watched", watched),
        reconcile=reconcile,
        events=_number("--events", events),
        collect=collect,
        bill_lines=bill_lines,
        reports=reports,
        log_days=log_days,
        watch="watch" not in left_out(without or ()),
        explorer=explorer_pages,
        scanned=_number("--scanned", scanned),
        region=region,
    )
    took = None if request_seconds is None else _number("--request-seconds", request_seconds)
    ours, theirs = lamplighter(estate), instance_scheduler(estate, took)
    if detail or printer.for_programs:
        _show_lines(printer, [*ours, *theirs])
    else:
        _show_parts(printer, ours, theirs)
    _say(printer, estate, ours, theirs)


def _number(option: str, text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise UsageError(f"{option} is {text!r}, not a number", hint="for example 12 or 1.5")
    return found


def _show_parts(printer: Printer, ours: Sequence[Line], theirs: Sequence[Line]) -> None:
    from lamplighter.deploy.cost import PARTS, SCHEDULING, total

    rows = []
    for part in PARTS:
        own = [each for each in ours if each.part == part]
        other = [each for each in theirs if each.part == part]
        if own or other:
            rows.append([part, _sum(own), _sum(other) if part in SCHEDULING else "-"])
    columns = (
        Column("Part", whole=True),
        Column("Lamplighter USD", right=True),
        Column("AWS scheduler USD", right=True),
    )
    foot = ["a month", f"{total(ours):,.2f}", f"{total(theirs):,.2f}"]
    printer.answer([], columns, rows, empty="", foot=foot)


def _sum(lines: Sequence[Line]) -> str:
    from lamplighter.deploy.cost import total

    if lines and all(each.usd is None for each in lines):
        return "unknown"
    return f"{total(lines):,.2f}"


def _show_lines(printer: Printer, lines: Sequence[Line]) -> None:
    from lamplighter.deploy.unit_prices import unit_prices

    prices = unit_prices()
    columns = (
        Column("System", whole=True),
        Column("Part", whole=True),
        Column("What"),
        Column("Quantity", right=True),
        Column("Unit"),
        Column("USD", right=True),
        Column("Basis"),
    )
    rows = [
        [
            each.system,
            each.part,
            each.what,
            f"{each.quantity:,.2f}",
            each.unit,
            "unknown" if each.usd is None else f"{each.usd:,.2f}",
            "estimate" if each.estimated else "counted",
        ]
        for each in lines
    ]
    records: list[Record] = [
        {
            "system": each.system,
            "part": each.part,
            "what": each.what,
            "quantity": round(each.quantity, 6),
            "unit": each.unit,
            "usd": None if each.usd is None else round(each.usd, 6),
            "estimated": each.estimated,
            "price": each.price,
            "unit_usd": prices[each.price].usd,
            "price_as_of": prices[each.price].as_of,
            "price_source": prices[each.price].source,
        }
        for each in lines
    ]
    printer.answer(records, columns, rows, empty="")


def _say(printer: Printer, estate: Estate, ours: Sequence[Line], theirs: Sequence[Line]) -> None:
    from lamplighter.deploy.cost import SCHEDULING, asked, lamplighter, total
    from lamplighter.deploy.cost_compared import requests

    passes = asked(estate)
    calls = requests(estate) * estate.intervals
    scheduling = total(each for each in ours if each.part in SCHEDULING)
    printer.note(
        f"scheduling alone: {scheduling:,.2f} USD a month; the AWS Instance Scheduler: {total(theirs):,.2f} USD"
    )
    other = total(lamplighter(replace(estate, watch=not estate.watch)))
    word = "without" if estate.watch else "with"
    printer.note(f"{word} the stack watch (dashboard, alarms): {other:,.2f} USD a month in all")
    printer.note(
        f"{passes.all:,.0f} passes a month: {passes.transition:,.0f} for transitions, {passes.reconcile:,.0f} of all,"
        f" {passes.watch:,.0f} of what is watched, {passes.event:,.0f} after events; the AWS Instance Scheduler makes"
        f" {calls:,.0f} requests"
    )
    if estate.region != "us-east-1":
        printer.warn(f"prices are those of us-east-1: for {estate.region} all of it is an estimate")
    unknown = [each for each in ours if each.usd is None]
    for each in unknown:
        printer.warn(f"{each.what}: no price is known for {each.quantity:,.2f} {each.unit}; it is in no sum")
    guessed = [each for each in ours if each.estimated and each.usd]
    printer.note(
        f"{counted(len(guessed), 'quantity', 'quantities')} rest on estimates: --detail; docs/cost-of-running.md"
    )
