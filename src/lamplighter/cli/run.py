"""`lamp run`: one pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options, views
from lamplighter.cli.commands import single
from lamplighter.cli.options import Output
from lamplighter.errors import LamplighterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lamplighter.cli.show import Printer
    from lamplighter.scheduler.act import Done
    from lamplighter.scheduler.passes import PassReport
    from lamplighter.scheduler.settings import Configuration

app, command = single(
    "lamp run",
    "lamp run --dry-run",
    "lamp run --schedule office-hours --region eu-central-1",
    "lamp run --max-changes 20",
)


@command
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide, but write and change nothing.")] = False,
    schedule: options.Schedules = None,
    max_changes: Annotated[
        int | None,
        typer.Option("--max-changes", min=0, metavar="N", help="Refuse to change more; instead of the file's limit."),
    ] = None,
    max_changes_percent: Annotated[
        int | None,
        typer.Option("--max-changes-percent", min=0, max=100, metavar="N", help="The same, of the resources found."),
    ] = None,
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
    """Run a pass: start and stop what is due, and write it down. For cron: every few minutes."""
    from lamplighter.alerts import after_pass
    from lamplighter.cli.lookup import wanted_schedules
    from lamplighter.cli.notify import means_for, show_told, tell_failure
    from lamplighter.scheduler.passes import run_pass

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, store, profile, region, account, endpoint_url)
    with (
        printer.waiting("asking AWS") as tick,
        context.world(chosen, needs_file=True, writes=not dry_run, on_call=tick) as world,
    ):
        id_ = context.new_run()
        try:
            report = run_pass(
                replace(world, config=limited(world.config, max_changes, max_changes_percent)),
                run=id_,
                accounts=chosen.accounts,
                regions=chosen.regions,
                schedules=wanted_schedules(world.config, schedule),
                dry_run=dry_run,
            )
        except LamplighterError as error:
            if not dry_run and not isinstance(error, UsageError):
                tell_failure(printer, world, error, file, id_)
            raise
        whole = not (chosen.accounts or chosen.regions or schedule)
        told = None if dry_run else after_pass(world, report, means_for(world, file), whole=whole)
    code = show_run(printer, world.config, report, dry_run=dry_run)
    if told is not None:
        show_told(printer, told)
    exits.leave(code)


def limited(config: Configuration, changes: int | None, percent: int | None) -> Configuration:
    """The configuration with the limits that the command line gives."""
    given = {"max_changes": changes, "max_changes_percent": percent}
    update = {name: value for name, value in given.items() if value is not None}
    return replace(config, guardrails=config.guardrails.model_copy(update=update))


def show_run(printer: Printer, config: Configuration, report: PassReport, *, dry_run: bool = False) -> int:
    """Show what a pass did, and return the exit code."""
    views.show_done(printer, report.targets, dry_run=dry_run, empty="nothing to change")
    views.show_problems(printer, config)
    views.show_failures(printer, report)
    done = [done for target in report.targets for done in target.done]
    acting = sum(step.acts for step in report.steps)
    put_off = sum(step.waits for step in report.steps)
    said = f"{acting} would change" if dry_run else _counts(done)
    said += f", {put_off} put off" if put_off else ""
    printer.note(
        f"{said}, {len(report.steps) - acting - put_off} left as they are, "
        f"in {views.counted(len(report.targets), 'target')}"
    )
    views.show_tagging(printer, report.targets, dry_run=dry_run)
    if report.refused is not None:
        printer.failure(report.refused)
        return exits.REFUSED
    return exits.PARTIAL if report.partial else exits.OK


def _counts(done: Sequence[Done]) -> str:
    failed, waiting = sum(each.error is not None for each in done), sum(each.waiting for each in done)
    return f"{len(done) - failed - waiting} done, {failed} failed" + (f", {waiting} waiting" if waiting else "")
