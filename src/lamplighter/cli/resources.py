"""`lamp resources`: what can be scheduled, as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamplighter.cli import context, exits, options, views
from lamplighter.cli.commands import examples, group
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column

if TYPE_CHECKING:
    from lamplighter.cli.show import Printer
    from lamplighter.scheduler.passes import PassReport
    from lamplighter.scheduler.plan import Step

app = group("Resources that have the schedule tag.")


@app.command("list", epilog=examples("lamp resources list", "lamp resources list --schedule office-hours -o json"))
def list_resources(
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
    """List what has the schedule tag: state, schedule, and what a pass would decide."""
    from lamplighter.scheduler.passes import run_pass

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, store, profile, region, account, endpoint_url)
    with printer.waiting("asking AWS") as tick, context.world(chosen, needs_file=False, on_call=tick) as world:
        report = run_pass(
            world,
            run=context.new_run(),
            accounts=chosen.accounts,
            regions=chosen.regions,
            schedules=frozenset(schedule) if schedule else None,
            dry_run=True,
        )
    exits.leave(show_resources(printer, report))


def show_resources(printer: Printer, report: PassReport) -> int:
    """Show every resource of a dry run, and return the exit code."""
    printer.answer(
        [views.step_record(step) for step in report.steps],
        (
            Column("Resource", whole=True),
            Column("Where", whole=True),
            Column("State", whole=True),
            Column("Schedule and decision"),
        ),
        [
            [views.name_cell(step), views.where_cell(step), step.resource.state, _decision(step)]
            for step in report.steps
        ],
        empty="no resource has the schedule tag here",
    )
    views.show_failures(printer, report)
    return exits.PARTIAL if report.partial else exits.OK


def _decision(step: Step) -> str:
    would = f"would {step.decision.action.value}, " if step.acts else ""
    return f"{step.resource.schedule or '(none)'}: {would}{step.decision.reason}"
