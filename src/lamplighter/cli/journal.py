"""`lamp journal`: what was done, when, why, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, options
from lamplighter.cli.commands import single
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from lamplighter.cli.show import Printer, Record
    from lamplighter.store.journal import Entry
    from lamplighter.store.table import Store

app, command = single(
    "lamp journal", "lamp journal web-1 --from 2026-11-23", "lamp journal i-0abc1234def567890 --from 2026-11-01 -o json"
)


@command
def journal(
    resource: Annotated[str | None, typer.Argument(help="Id, ARN or name; else all.", show_default=False)] = None,
    begin: Annotated[str | None, typer.Option("--from", metavar="TIME", help="Since; default: all.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before; default: now.")] = None,
    file: options.File = None,
    store: options.StoreUrl = None,
    region: options.Regions = None,
    account: options.Accounts = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Show the journal, oldest first."""
    from lamplighter.cli.values import moment
    from lamplighter.store import journal as kept

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, store, None, region, account)
    zone, now = context.zone_of(context.configuration(file, needed=False)), context.utc_now()
    first = moment(begin, now=now, zone=zone) if begin else None
    last = moment(end, now=now, zone=zone) if end else None
    with context.state(store, writes=False) as opened:
        found = [
            entry
            for entry in entries(opened, chosen.accounts, chosen.regions, start=first, end=last)
            if resource is None or is_about(entry, resource)
        ]
    show_journal(printer, sorted(found, key=lambda entry: (entry.at, entry.action != kept.SEEN)), zone)


def entries(
    store: Store,
    accounts: Sequence[str] = (),
    regions: Sequence[str] = (),
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Iterator[Entry]:
    """Entries of the targets in these accounts and regions; target by target, each in order of time."""
    from lamplighter.store import journal as kept

    for target in kept.targets(store):
        account, _, region = target.partition("/")
        if (not accounts or account in accounts) and (not regions or "all" in regions or region in regions):
            yield from kept.read(store, target, start=start, end=end)


def is_about(entry: Entry, words: str) -> bool:
    """Whether an entry is about the resource that people call so: name, id, `kind/id` or ARN."""
    bare = entry.resource.partition("/")[2]
    if words.startswith("arn:"):
        account, region = [*words.split(":", 5), "", "", "", "", ""][4], [*words.split(":", 5), "", "", "", ""][3]
        return entry.target == f"{account}/{region}" and words.rsplit(":", 1)[-1].rsplit("/", 1)[-1] == bare
    return words in (entry.name, entry.resource, bare)


def show_journal(printer: Printer, found: Sequence[Entry], zone: ZoneInfo) -> None:
    """Show entries in the order they come in."""
    from lamplighter.cli.values import clock

    printer.answer(
        [_record(entry) for entry in found],
        (
            Column(f"When ({zone.key})", whole=True),
            Column("Resource", whole=True),
            Column("Done", whole=True),
            Column("Why"),
        ),
        [
            [
                clock(entry.at, zone),
                (entry.name if f"/{entry.name}" not in entry.resource else "", entry.resource, entry.target),
                (entry.action, entry.outcome),
                f"{entry.reason}; {entry.note}" if entry.note else entry.reason,
            ]
            for entry in found
        ],
        empty="the journal holds nothing of that",
    )


def _record(entry: Entry) -> Record:
    account, _, region = entry.target.partition("/")
    kind, _, bare = entry.resource.partition("/")
    return {
        "at": entry.at,
        "run": entry.run,
        "action": entry.action,
        "outcome": entry.outcome,
        "kind": kind,
        "id": bare,
        "name": entry.name,
        "account": account,
        "region": region,
        "state": entry.state,
        "schedule": entry.schedule,
        "reason": entry.reason,
        "note": entry.note,
        "code": entry.code,
    }
