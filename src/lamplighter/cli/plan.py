"""`lamp plan`: what a pass would do now, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options, views
from lamplighter.cli.commands import single
from lamplighter.cli.options import Output

if TYPE_CHECKING:
    from lamplighter.cli.show import Printer
    from lamplighter.scheduler.passes import PassReport
    from lamplighter.scheduler.settings import Configuration

app, command = single(
    "lamp plan",
    "lamp plan --all --region all",
    "lamp plan --at '2026-12-24 20:00'",
    "lamp plan --detailed-exitcode -o json",
)


@command
def plan(
    everything: Annotated[bool, typer.Option("--all", help="Every resource, also those left as they are.")] = False,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="Decide for this time instead of now.")] = None,
    schedule: options.Schedules = None,
    detailed: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 0 for no changes, 2 for changes, 1 for an error.")
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
    """Show what a pass would start and stop now, and why. Changes nothing."""
    from lamplighter.cli.lookup import wanted_schedules
    from lamplighter.cli.values import moment
    from lamplighter.scheduler.passes import run_pass

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, store, profile, region, account, endpoint_url)
    with printer.waiting("asking AWS") as tick, context.world(chosen, needs_file=True, on_call=tick) as world:
        when = moment(at, now=world.clock(), zone=context.zone_of(world.config)) if at else world.clock()
        report = run_pass(
            world,
            run=context.new_run(),
            at=when,
            accounts=chosen.accounts,
            regions=chosen.regions,
            schedules=wanted_schedules(world.config, schedule),
            dry_run=True,
        )
    exits.leave(show_plan(printer, world.config, report, everything=everything, detailed=detailed))


def show_plan(
    printer: Printer, config: Configuration, report: PassReport, *, everything: bool = False, detailed: bool = False
) -> int:
    """Show the steps of a dry run, changes first, then what waits, and return the exit code."""
    changes = [step for step in report.steps if step.acts]
    waiting = [step for step in report.steps if step.waits]
    rest = [step for step in report.steps if not step.acts and not step.waits]
    steps = [*changes, *waiting, *(rest if everything else ())]
    printer.answer(
        [views.step_record(step) for step in steps],
        views.STEP_COLUMNS,
        [views.step_row(step) for step in steps],
        empty="nothing to change" if report.steps else "no resources found",
    )
    views.show_problems(printer, config)
    views.show_failures(printer, report)
    starts = sum(step.decision.action.value == "start" for step in changes)
    later = f"{len(waiting)} that wait, " if waiting else ""
    printer.note(
        f"{starts} to start, {len(changes) - starts} to stop, {later}{len(rest)} to leave as they are, "
        f"in {views.counted(len(report.targets), 'target')}"
    )
    views.show_tagging(printer, report.targets, dry_run=True)
    if report.refused is not None:
        printer.warn(f"`lamp run` would be refused: {report.refused}")
    if report.partial:
        return exits.PARTIAL
    return exits.CHANGES if detailed and changes else exits.OK
