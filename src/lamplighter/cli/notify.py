"""`lamp notify`: who is told what; try it, and look at what would be told."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options, views
from lamplighter.cli.commands import examples, group
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from lamplighter.alerts import Told
    from lamplighter.alerts.addresses import Address
    from lamplighter.cli.show import Printer
    from lamplighter.errors import LamplighterError
    from lamplighter.notify.message import Message
    from lamplighter.notify.sender import Means
    from lamplighter.scheduler.passes import World
    from lamplighter.scheduler.settings import Configuration

app = group("Messages about passes: who is told what, whether it gets there, and what would be told now.")

Only = Annotated[
    list[str] | None, typer.Option("--to", metavar="ADDRESS", help="Only to this address of the file; repeatable.")
]


@app.command("list", epilog=examples("lamp notify list", "lamp notify list -o json"))
def list_all(
    file: options.File = None,
    store: options.StoreUrl = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """List the addresses: what each is told, what waits for it, and which errors it knows of."""
    from lamplighter.alerts.overview import overview

    printer = context.printer(output, verbose, no_color)
    config = context.configuration(file)
    with context.state(store, writes=False) as opened:
        rows = overview(config.notify, opened)
    printer.answer(
        [
            {
                "to": row.to,
                "sender": row.sender,
                "about": list(row.about),
                "after": row.after,
                "accounts": list(row.accounts),
                "schedules": list(row.schedules),
                "waiting": row.waiting,
                "last_error": row.last_error or None,
                "errors": row.errors,
                "permissions": list(row.permissions),
            }
            for row in rows
        ],
        (
            Column("To"),
            Column("About"),
            Column("Only"),
            Column("Waiting", right=True),
            Column("Errors", right=True),
            Column("Last failure"),
        ),
        [
            [
                row.to,
                ", ".join(row.about) + (f" (errors after {row.after} passes)" if row.after > 1 else ""),
                ", ".join((*row.accounts, *row.schedules)),
                str(row.waiting),
                str(row.errors),
                row.last_error,
            ]
            for row in rows
        ],
        empty="nobody is told anything: there are no rules in the section `notify`",
    )
    views.show_problems(printer, config)


@app.command("test", epilog=examples("lamp notify test", "lamp notify test --to slack:env:SLACK_WEBHOOK_URL"))
def try_out(
    to: Only = None,
    file: options.File = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Send a test message to every address of the file, and tell whether it was taken."""
    from lamplighter.alerts.trial import send_trial

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, None, profile, None, None, endpoint_url)
    config = context.configuration(file)
    wanted = _wanted(config, to)
    with context.open_aws(chosen) as aws:
        from lamplighter.alerts.means import means_of

        means = means_of(aws, os.environ, folder_of(file))
        lines = [send_trial(address, means, context.utc_now(), run=context.new_run()) for address in wanted]
    printer.answer(
        [
            {
                "to": line.to,
                "outcome": line.outcome.value if line.error is None else "failed",
                "error": line.error.message if line.error else None,
                "hint": line.error.hint if line.error else None,
                "note": line.note or None,
            }
            for line in lines
        ],
        (Column("To"), Column("Outcome"), Column("Note")),
        [[line.to, "failed" if line.error else "done", line.note] for line in lines],
        empty="nobody is told anything: there are no rules in the section `notify`",
    )
    views.show_problems(printer, config)
    for line in lines:
        if line.error is not None:
            printer.failure(line.error, subject=line.to)
    failed = sum(line.error is not None for line in lines)
    if failed:
        exits.leave(exits.PARTIAL if failed < len(lines) else exits.FAILED)


@app.command("preview", epilog=examples("lamp notify preview", "lamp notify preview --html > preview.html"))
def preview(
    to: Only = None,
    html: Annotated[bool, typer.Option("--html", help="The HTML of the messages instead of the text.")] = False,
    schedule: options.Schedules = None,
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
    """Show the messages that a pass would send now. Sends nothing, changes nothing."""
    from lamplighter.alerts import preview as messages_of
    from lamplighter.cli.lookup import wanted_schedules
    from lamplighter.scheduler.passes import run_pass

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, store, profile, region, account, endpoint_url)
    with printer.waiting("asking AWS") as tick, context.world(chosen, needs_file=True, on_call=tick) as world:
        keys = {address.to for address in _wanted(world.config, to)}
        report = run_pass(
            world,
            run=context.new_run(),
            accounts=chosen.accounts,
            regions=chosen.regions,
            schedules=wanted_schedules(world.config, schedule),
            dry_run=True,
        )
        whole = not (chosen.accounts or chosen.regions or schedule)
        found, warnings = messages_of(world, report, means_for(world, file), whole=whole)
    show_messages(printer, [(a, m) for a, m in found if a.to in keys], html=html)
    views.show_problems(printer, world.config)
    views.show_failures(printer, report)
    for warning in warnings:
        printer.warn(warning.message)


def show_messages(printer: Printer, found: Sequence[tuple[Address, Message]], *, html: bool) -> None:
    """Show messages as they would be sent."""
    if printer.for_programs:
        printer.data(
            [
                {
                    "to": address.to,
                    "kind": message.kind,
                    "subject": message.subject,
                    "text": message.text,
                    "html": message.html,
                    "data": message.data,
                    "trouble": asdict(message.trouble) if message.trouble else None,
                }
                for address, message in found
            ]
        )
        return
    if html:
        shown = [message.html or "" for _, message in found]
    else:
        shown = [f"To: {a.to}\nAbout: {m.kind}\nSubject: {m.subject}\n\n{m.text}" for a, m in found]
    if shown:
        printer.text("\n".join(shown))
    printer.note(f"{views.counted(len(found), 'message')} would be sent")


def _wanted(config: Configuration, to: Sequence[str] | None) -> list[Address]:
    """The addresses of the file, or those of them that are named.

    Raises:
        UsageError: one is named that no rule has.
    """
    from lamplighter.alerts.addresses import addresses

    found = addresses(config.notify)
    for name in to or ():
        if name not in {address.to for address in found}:
            raise UsageError(f"no rule of the file sends to {name!r}", hint="`lamp notify list` shows the addresses")
    return [address for address in found if not to or address.to in to]


def folder_of(file: Path | None) -> Path:
    """The folder of the definition file."""
    path = context.find_definitions(file)
    return path.parent if path else Path()


def means_for(world: World, file: Path | None) -> Means:
    """What senders work with in a command."""
    from lamplighter.alerts.means import means_of

    return means_of(world.aws, os.environ, folder_of(file))


def show_told(printer: Printer, told: Told) -> None:
    """Warn of messages that could not be sent; say on -v what was."""
    from lamplighter.alerts.outbox import Outcome

    for line in told.lines:
        if line.error is not None:
            after = "given up" if line.outcome is Outcome.GIVEN_UP else "the next pass tries again"
            printer.warn(f"message {line.subject!r} to {line.to}: {line.error.message}; {after}")
        elif line.note:
            printer.warn(f"message {line.subject!r} to {line.to}: {line.note}")
    for warning in told.warnings:
        printer.warn(warning.message)
    sent = sum(line.outcome is Outcome.SENT for line in told.lines)
    if sent:
        printer.note(f"{views.counted(sent, 'message')} sent")


def tell_failure(printer: Printer, world: World, error: LamplighterError, file: Path | None, run: str) -> None:
    """Tell that a pass ended with an error, before that error is shown."""
    from lamplighter.alerts import after_failure

    show_told(printer, after_failure(world, error, means_for(world, file), run=run))
