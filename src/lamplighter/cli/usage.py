"""`lamp usage`: count what is in use, hour by hour; see what was counted, and what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples, group
from lamplighter.cli.options import Output
from lamplighter.cli.usage_views import show_counted, show_filled, show_gaps, show_plan, show_results, show_summaries
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from lamplighter.scheduler.passes import World
    from lamplighter.usage.collector import Collector
    from lamplighter.usage.gaps import Filled

app = group("Count what is in use by the hour; see gaps and fill them.")

Services = Annotated[
    list[str] | None,
    typer.Option("--service", metavar="NAME", help="Only this service: ec2, rds, elasticache, ...; repeatable."),
]


@app.command(
    "collect",
    epilog=examples(
        "lamp usage collect",
        "lamp usage collect --dry-run --region all",
        "lamp usage collect --service ec2 --service rds --fill",
    ),
)
def collect(
    service: Services = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be asked; ask and write nothing.")
    ] = False,
    fill: Annotated[bool, typer.Option("--fill", help="Then fill gaps from the ledger where it knows them.")] = False,
    file: options.File = None,
    store: options.StoreUrl = None,
    lake: options.Lake = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    account: options.Accounts = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Count what is in use now. For cron: once an hour; what this hour knows already is not asked again."""
    from lamplighter.usage import collect as usage

    printer = context.printer(output, verbose, no_color)
    if dry_run and fill:
        raise UsageError("--dry-run asks and writes nothing, so there is nothing to --fill", hint="lamp usage gaps")
    chosen = context.settings(file, store, profile, region, account, endpoint_url)
    members = _members(service)
    with (
        printer.waiting("asking AWS") as tick,
        context.world(chosen, needs_file=False, writes=not dry_run, on_call=tick) as world,
    ):
        at, definition = world.clock(), world.config.targets
        found = world.aws.targets(definition, accounts=chosen.accounts, regions=chosen.regions)
        tasks = usage.plan(world.store, found.targets, members.values(), at)
        if not dry_run:
            results = usage.look(
                world.aws,
                world.store,
                tasks,
                tag=world.config.tag,
                schedules=frozenset(world.config.loaded.schedules),
                threads=definition.threads if definition else THREADS,
            )
            usage.keep(results, at=at, lake=context.lake_folder(lake), store=world.store)
            filled = _fill(world, members, context.lake_folder(lake), at) if fill else None
    if dry_run:
        code = show_plan(printer, tasks)
    else:
        code = show_results(printer, tasks, results)
        if filled is not None:
            show_filled(printer, filled)
    for failure in found.failures:
        printer.failure(failure.error, subject=failure.subject)
    exits.leave(exits.PARTIAL if found.failures else code)


THREADS = 25
"""Looks at a time where the file has no targets."""


@app.command(
    "show",
    epilog=examples(
        "lamp usage show", "lamp usage show --key ec2os --period 2026-11", "lamp usage show --key rds --hours -o csv"
    ),
)
def show(
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="NAME", help="Only this kind of key: ec2, ec2os, rds, es, ...; repeatable."),
    ] = None,
    period: Annotated[
        list[str] | None,
        typer.Option("--period", metavar="YYYY-MM", help="Only this month; repeatable; default: the last."),
    ] = None,
    hours: Annotated[bool, typer.Option("--hours", help="A row for each hour instead of one for all.")] = False,
    lake: options.Lake = None,
    region: options.Regions = None,
    account: options.Accounts = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Show what was in use, by key: least, mean and most of the hours that are known."""
    from lamplighter.lake.ledger import Ledger
    from lamplighter.lake.months import periods
    from lamplighter.lake.usage import LOOKS
    from lamplighter.usage.registry import collectors
    from lamplighter.usage.summary import counted, summaries

    printer = context.printer(output, verbose, no_color)
    _known("key", key, [name for member in collectors().values() for name in member.keys])
    folder = context.lake_folder(lake)
    months = period or periods(folder, LOOKS)[-1:]
    chosen = {"keys": key or (), "periods": months, "accounts": account or (), "regions": region or ()}
    with Ledger.open(folder) as ledger:
        if hours:
            show_counted(printer, counted(ledger, collectors(), **chosen))
        else:
            show_summaries(printer, summaries(ledger, collectors(), **chosen))
    if months:
        printer.note(f"usage of {', '.join(months)}")


@app.command(
    "gaps",
    epilog=examples(
        "lamp usage gaps", "lamp usage gaps --service ec2 -o csv", "lamp usage gaps --since 2026-10-01 --fill"
    ),
)
def gaps(
    service: Services = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Also what lies before the first look, from then on (UTC)."),
    ] = None,
    fill: Annotated[bool, typer.Option("--fill", help="Fill them from the ledger where it knows them.")] = False,
    file: options.File = None,
    store: options.StoreUrl = None,
    lake: options.Lake = None,
    region: options.Regions = None,
    account: options.Accounts = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """List the time whose usage nobody knows: looking failed, or nobody looked."""
    from zoneinfo import ZoneInfo

    from lamplighter.cli.values import moment
    from lamplighter.lake.ledger import Ledger
    from lamplighter.usage.gaps import fill as ask
    from lamplighter.usage.gaps import find_gaps
    from lamplighter.usage.record import record

    printer = context.printer(output, verbose, no_color)
    members, now, folder = _members(service), context.utc_now(), context.lake_folder(lake)
    begin = moment(since, now=now, zone=ZoneInfo("UTC")) if since else None
    tag = context.configuration(file, needed=False).tag if fill else ""
    only = {"accounts": account or (), "regions": region or (), "services": list(members)}
    with Ledger.open(folder) as ledger:
        found = find_gaps(ledger, since=begin, until=now, **only)
        filled = ask(ledger, found, members, tag) if fill else None
    if filled is not None:
        with context.state(store, writes=True) as opened:
            record(filled.samples, filled.looks, at=now, lake=folder, store=opened)
    show_gaps(printer, found if filled is None else filled.left)
    if filled is not None:
        show_filled(printer, filled)


def _fill(world: World, members: Mapping[str, Collector], lake: Path, at: datetime) -> Filled:
    from lamplighter.lake.ledger import Ledger
    from lamplighter.usage.gaps import fill, find_gaps
    from lamplighter.usage.record import record

    with Ledger.open(lake) as ledger:
        filled = fill(ledger, find_gaps(ledger, until=at, services=list(members)), members, world.config.tag)
    record(filled.samples, filled.looks, at=at, lake=lake, store=world.store)
    return filled


def _members(names: Sequence[str] | None) -> Mapping[str, Collector]:
    """The collectors that are asked for; all of them if none is named."""
    from lamplighter.usage.registry import collectors

    _known("service", names, list(collectors()))
    return {name: member for name, member in collectors().items() if not names or name in names}


def _known(what: str, names: Sequence[str] | None, known: Sequence[str]) -> None:
    from lamplighter.cli.lookup import unknown

    for name in names or ():
        if name not in known:
            raise unknown(what, name, known)
