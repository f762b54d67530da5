"""`lamp calendars`: named days and events, and the copies of SSM Change Calendars."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples, group
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column, Record
from lamplighter.cli.views import show_problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from lamplighter.cli.show import Printer
    from lamplighter.scheduler.change_calendars import Refreshed
    from lamplighter.scheduler.settings import Configuration
    from lamplighter.schedules.calendars import Calendar

AHEAD = timedelta(days=400)

app = group("Look at calendars, read SSM Change Calendars anew.")


@app.command("list", epilog=examples("lamp calendars list", "lamp calendars list -o json"))
def list_all(
    file: options.File = None,
    store: options.StoreUrl = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """List calendars: whether it is one of their times now, and whether they would forbid change in a freeze."""
    printer = context.printer(output, verbose, no_color)
    config = context.configuration(file, store=store)
    show_calendars(printer, config, context.utc_now(), context.zone_of(config))


def show_calendars(printer: Printer, config: Configuration, now: datetime, zone: ZoneInfo) -> None:
    """Show every calendar that can be read; problems tell of the others."""
    from lamplighter.cli.values import clock

    records = [calendar_record(config, one, now, zone) for one in config.loaded.calendars.values()]
    printer.answer(
        records,
        (
            Column("Calendar", whole=True),
            Column("Is"),
            Column("Now", whole=True),
            Column(f"Until ({zone.key})", whole=True),
            Column("In a freeze", whole=True),
        ),
        [
            [
                str(one["name"]),
                str(one["is"]),
                "in it" if one["in_it"] else "-",
                clock(until, zone) if (until := _until(config, str(one["name"]), now, zone)) else "-",
                "forbids change" if one["forbids_change"] else "allows change",
            ]
            for one in records
        ],
        empty="no calendars",
    )
    show_problems(printer, config)


def calendar_record(config: Configuration, calendar: Calendar, now: datetime, zone: ZoneInfo) -> Record:
    """A calendar for programs: what it is, and how it is now."""
    from lamplighter.schedules.compiler import freeze_of
    from lamplighter.schedules.timeline import State

    forbids = freeze_of(calendar, zone.key).state_at(now).state is State.STOPPED
    kind = "days"
    if calendar.change_calendar:
        kind = f"Change Calendar, {'closed' if calendar.closed_by_default else 'open'} by default"
    elif calendar.events is not None:
        kind = "days and events"
    until = _until(config, calendar.name, now, zone)
    return {
        "name": calendar.name,
        "is": kind,
        "document": config.loaded.change_calendars.get(calendar.name),
        "in_it": forbids is not calendar.closed_by_default,
        "forbids_change": forbids,
        "until": until.astimezone(zone) if until else None,
    }


def _until(config: Configuration, name: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    from lamplighter.schedules.compiler import freeze_of

    changes = freeze_of(config.loaded.calendars[name], zone.key).transitions(now, now + AHEAD)
    return changes[0].at if changes else None


@app.command("refresh", epilog=examples("lamp calendars refresh", "lamp calendars refresh --profile operations"))
def refresh(
    file: options.File = None,
    store: options.StoreUrl = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Read the SSM Change Calendars of the definition file, and keep copies for commands that do not talk to AWS."""
    from lamplighter.scheduler import change_calendars

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, store, profile, endpoint_url=endpoint_url)
    named = context.configuration(file, store=store).loaded.change_calendars
    found: Sequence[Refreshed] = ()
    if named:
        with (
            printer.waiting("asking AWS") as tick,
            context.state(store, writes=True, chosen=chosen) as opened,
            context.open_aws(chosen, tick) as aws,
        ):
            found = change_calendars.refresh(aws, opened, named.values(), now=context.utc_now)
    exits.leave(show_refreshed(printer, named, found))


def show_refreshed(printer: Printer, named: Mapping[str, str], found: Sequence[Refreshed]) -> int:
    """Show what was read and what failed, and return the exit code."""
    by_document = {one.document: one for one in found}
    rows = [(name, by_document[document]) for name, document in named.items()]
    printer.answer(
        [
            {
                "calendar": name,
                "document": one.document,
                "news": one.news or None,
                "as_of": one.copy.as_of if one.copy else None,
                "source": one.copy.source if one.copy else None,
                "sha256": one.copy.digest if one.copy else None,
                "error": one.error.message if one.error else None,
            }
            for name, one in rows
        ],
        (Column("Calendar", whole=True), Column("Document"), Column("Read in", whole=True), Column("Is", whole=True)),
        [[name, one.document, one.copy.source if one.copy else "-", one.news or "failed"] for name, one in rows],
        empty="the definition file names no SSM Change Calendar",
    )
    for name, one in rows:
        if one.error:
            printer.failure(one.error, subject=f"calendar {name}")
    return exits.PARTIAL if any(one.error for one in found) else exits.OK
