"""`lamp override`: keep something running, stopped or untouched for a while."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from lamplighter.cli import context, options
from lamplighter.cli.commands import examples, group
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from lamplighter.cli.show import Printer
    from lamplighter.schedules.overrides import Override

app = group("Keep something running, stopped or untouched for a while, whatever its schedule says.")


class Keep(StrEnum):
    """What an override asks for."""

    RUNNING = "running"
    STOPPED = "stopped"
    LEAVE_ALONE = "leave-alone"


Tag = Annotated[str | None, typer.Option("--tag", metavar="KEY=VALUE", help="All resources with this tag.")]


@app.command(
    "set",
    epilog=examples(
        "lamp override set i-0abc1234def567890 --keep running --for 2h --reason 'late release'",
        "lamp override set --tag Team=web --keep stopped --until '2026-12-28 08:00' --reason 'year end'",
    ),
)
def set_one(
    keep: Annotated[Keep, typer.Option("--keep", help="What to keep it.", show_default=False)],
    resources: Annotated[
        list[str] | None, typer.Argument(metavar="RESOURCE", help="Ids, ARNs or Name tags.", show_default=False)
    ] = None,
    tag: Tag = None,
    how_long: Annotated[str | None, typer.Option("--for", metavar="LENGTH", help="90m, 2h, 1d12h.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Instead of --for.")] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; shown wherever it decides.")] = "",
    author: Annotated[str | None, typer.Option("--author", metavar="NAME", help="Default: your user name.")] = None,
    file: options.File = None,
    store: options.StoreUrl = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Set an override; it decides from the next pass on, and ends by itself."""
    from lamplighter.cli.values import length, moment
    from lamplighter.scheduler.overrides import set_override
    from lamplighter.schedules.overrides import Hold, Override

    printer = context.printer(output, verbose, no_color)
    if (how_long is None) == (until is None):
        raise UsageError("an override needs an end: --for or --until", hint="for example --for 2h")
    zone, now = context.zone_of(context.configuration(file, needed=False)), context.utc_now()
    end = now + length(how_long) if how_long else moment(until or "", now=now, zone=zone)
    made = [
        Override(uuid4().hex[:8], Hold(keep.value), selector, end, reason, author or context.this_user(), now)
        for selector in selectors(resources, tag)
    ]
    with context.state(store, writes=True) as opened:
        for one in made:
            set_override(opened, one)
    show_overrides(printer, made, now, zone)
    printer.note("it decides from the next pass on (`lamp run`)")


def selectors(resources: Sequence[str] | None, tag: str | None) -> list[str]:
    """What overrides select: resources by what people call them, and a tag.

    Raises:
        UsageError: neither is given, or the tag is none.
    """
    from lamplighter.cli.values import key_and_value

    found = list(dict.fromkeys(resources or ()))
    if tag is not None:
        key, value = key_and_value(tag)
        found.append(f"tag:{key}={value}")
    if not found:
        raise UsageError("name a resource, or a tag with --tag KEY=VALUE")
    return found


@app.command("list", epilog=examples("lamp override list", "lamp override list --all -o json"))
def list_all(
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    file: options.File = None,
    store: options.StoreUrl = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """List the overrides in force."""
    from lamplighter.scheduler.overrides import list_overrides

    printer = context.printer(output, verbose, no_color)
    zone, now = context.zone_of(context.configuration(file, needed=False)), context.utc_now()
    with context.state(store, writes=False) as opened:
        found = list_overrides(opened, at=None if everything else now)
    show_overrides(printer, found, now, zone)


@app.command(
    "clear",
    epilog=examples(
        "lamp override clear web-1", "lamp override clear --id 1a2b3c4d", "lamp override clear --tag Team=web"
    ),
)
def clear(
    resources: Annotated[
        list[str] | None,
        typer.Argument(metavar="RESOURCE", help="As they were named when set.", show_default=False),
    ] = None,
    tag: Tag = None,
    ids: Annotated[list[str] | None, typer.Option("--id", metavar="ID", help="By id; repeatable.")] = None,
    file: options.File = None,
    store: options.StoreUrl = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Take overrides away before they end."""
    from lamplighter.scheduler.overrides import PARTITION, TABLE, clear_overrides

    printer = context.printer(output, verbose, no_color)
    wanted = selectors(resources, tag) if resources or tag or not ids else []
    zone, now = context.zone_of(context.configuration(file, needed=False)), context.utc_now()
    with context.state(store, writes=True) as opened:
        absent = [f"id {one}" for one in ids or () if opened.get(TABLE, PARTITION, one) is None]
        cleared = clear_overrides(opened, at=now, ids=frozenset(ids)) if ids else []
        for selector in wanted:
            taken = clear_overrides(opened, at=now, selector=selector)
            cleared += taken
            absent += [] if taken else [selector]
    show_overrides(printer, cleared, now, zone)
    if absent:
        raise UsageError(f"there is no override for {', '.join(absent)}", hint="`lamp override list --all` lists them")
    printer.note("taken away")


def show_overrides(printer: Printer, found: Sequence[Override], now: datetime, zone: ZoneInfo) -> None:
    """Show overrides in the order they come in."""
    from lamplighter.cli.values import clock

    printer.answer(
        [
            {
                "id": one.id,
                "keep": one.hold.value,
                "selector": one.selector,
                "until": one.until,
                "reason": one.reason,
                "author": one.author,
                "created": one.created,
                "in_force": one.created <= now < one.until,
            }
            for one in found
        ],
        (
            Column("Id", whole=True),
            Column("Keep"),
            Column("What"),
            Column(f"Until ({zone.key})", whole=True),
            Column("Author"),
            Column("Reason"),
        ),
        [
            [one.id, one.hold.value, one.selector, clock(one.until, zone), one.author, one.reason]
            if now < one.until
            else [one.id, f"{one.hold.value} (ended)", one.selector, clock(one.until, zone), one.author, one.reason]
            for one in found
        ],
        empty="no overrides",
    )
