"""`lamp deploy event`: start or stop a list of resources again and again, without a schedule of theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lamplighter.cli import context, options
from lamplighter.cli.commands import examples
from lamplighter.cli.options import Output
from lamplighter.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command(
        "event",
        epilog=examples(
            "lamp deploy event evening i-0abc1234def567890 --action stop --when 'at 19:00' --region eu-west-1",
            "lamp deploy event morning web-1 web-2 --action start --when 'mon-fri at 7:30' --zone Europe/Berlin "
            "--region eu-west-1 --account 111122223333 --out morning.yaml",
            "lamp deploy event watchdog db-1 --action stop --when 'every 15 minutes' --region eu-west-1 --crontab",
        ),
    )(event)


def event(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the event.", show_default=False)],
    resources: Annotated[
        list[str], typer.Argument(metavar="RESOURCE", help="Ids, ARNs or Name tags.", show_default=False)
    ],
    when: Annotated[
        str,
        typer.Option(
            "--when",
            metavar="TEXT",
            help="every 5 minutes, hourly, at 19:00, mon-fri at 7:30, rate(...), cron(...).",
            show_default=False,
        ),
    ],
    region: Annotated[str, typer.Option("--region", metavar="REGION", help="Where they are.", show_default=False)],
    action: Annotated[str, typer.Option("--action", metavar="WORD", help="start or stop.", show_default=False)],
    account: Annotated[
        str, typer.Option("--account", metavar="ID", help="Whose they are; default: the account of the hub.")
    ] = "",
    zone: Annotated[str, typer.Option("--zone", metavar="NAME", help="IANA zone of the times.")] = "UTC",
    hibernate: Annotated[bool, typer.Option("--hibernate", help="Hibernate what can; stop the others.")] = False,
    prefix: Annotated[str, typer.Option("--prefix", metavar="NAME", help="What names of the hub begin with.")] = (
        "lamplighter"
    ),
    crontab: Annotated[
        bool, typer.Option("--crontab", help="Lines for crontab instead, without a deployment.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it to a file.")] = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Print a stack that starts or stops resources again and again, as a start or stop by hand.

    It is deployed beside the hub and calls its function `remote`.
    """
    from lamplighter.deploy import event_stack
    from lamplighter.scheduler.plain_events import read_wish

    printer = context.printer(output, verbose, no_color)
    asked = event_stack.PlainEvent(name, when, zone, action, tuple(resources), region, account, hibernate)
    read_wish(asked.said())
    text = event_stack.crontab(asked) if crontab else event_stack.template(asked, prefix)
    if out is None:
        printer.text(text.rstrip("\n"))
        printer.note(event_stack.UNTAGGED)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        hint = "" if out.parent.is_dir() else f"make the folder {out.parent} first"
        raise UsageError(f"{out} cannot be written: {error.strerror}", hint=hint) from error
    printer.note(f"{out} is written")
    printer.note(event_stack.UNTAGGED)
