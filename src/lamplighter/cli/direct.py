"""`lamp start` and `lamp stop`: now, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options, views
from lamplighter.cli.commands import single
from lamplighter.cli.context import Settings
from lamplighter.cli.options import Output

if TYPE_CHECKING:
    from lamplighter.cli.show import Printer
    from lamplighter.scheduler.passes import TargetReport

Resources = Annotated[list[str], typer.Argument(metavar="RESOURCE", help="Ids, ARNs or Name tags.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Look and decide, but change nothing.")]
Author = Annotated[str | None, typer.Option("--author", metavar="NAME", help="Who asks; default: your user name.")]

start_app, start_command = single("lamp start i-0abc1234def567890", "lamp start web-1 web-2 --dry-run")
stop_app, stop_command = single("lamp stop i-0abc1234def567890", "lamp stop web-1 --hibernate --region eu-central-1")


@start_command
def start(
    resources: Resources,
    dry_run: DryRun = False,
    author: Author = None,
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
    """Start resources now, tagged or not. To the schedule this is a start by hand: it lasts until the next change."""
    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, store, profile, region, account, endpoint_url)
    exits.leave(_act(printer, chosen, resources, "start", author=author, dry_run=dry_run))


@stop_command
def stop(
    resources: Resources,
    hibernate: Annotated[bool, typer.Option("--hibernate", help="Hibernate what can; stop the others.")] = False,
    dry_run: DryRun = False,
    author: Author = None,
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
    """Stop resources now, tagged or not. To the schedule this is a stop by hand: it lasts until the next change."""
    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, store, profile, region, account, endpoint_url)
    exits.leave(_act(printer, chosen, resources, "stop", author=author, dry_run=dry_run, hibernate=hibernate))


def _act(
    printer: Printer,
    chosen: Settings,
    resources: Sequence[str],
    action: str,
    *,
    author: str | None,
    dry_run: bool,
    hibernate: bool = False,
) -> int:
    from lamplighter.scheduler.direct import start_or_stop
    from lamplighter.schedules.decision import Action

    wanted = list(dict.fromkeys(resources))
    with (
        printer.waiting("asking AWS") as tick,
        context.world(chosen, needs_file=False, writes=not dry_run, on_call=tick) as world,
    ):
        reports = start_or_stop(
            world,
            wanted,
            Action(action),
            run=context.new_run(),
            author=author or context.this_user(),
            accounts=chosen.accounts,
            regions=chosen.regions,
            hibernate=hibernate,
            dry_run=dry_run,
        )
    return show_direct(printer, reports, wanted, dry_run=dry_run)


def show_direct(printer: Printer, reports: Sequence[TargetReport], wanted: Sequence[str], *, dry_run: bool) -> int:
    """Show what was done to the resources asked for, and return the exit code."""
    views.show_done(printer, reports, dry_run=dry_run, empty="nothing to do")
    steps = [step for report in reports for step in report.steps]
    for step in steps:
        if not step.acts:
            printer.note(f"{step.resource.name}: {step.decision.reason}")
    views.show_target_failures(printer, reports)
    views.show_tagging(printer, reports)
    names = {name for step in steps for name in step.resource.names}
    missing = [name for name in wanted if name not in names]
    if missing:
        printer.warn(f"not found where AWS answered: {', '.join(missing)}")
    refused = any(step.decision.rule in ("unsupported", "wait") for step in steps)
    return exits.PARTIAL if missing or refused or any(report.failed for report in reports) else exits.OK
