"""`lamp run`: one pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options, views
from lamplighter.cli.commands import single
from lamplighter.cli.options import Output
from lamplighter.errors import LamplighterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lamplighter.alerts import Told
    from lamplighter.cli.show import Printer
    from lamplighter.scheduler.act import Done
    from lamplighter.scheduler.passes import PassReport, TargetReport
    from lamplighter.scheduler.settings import Configuration

app, command = single(
    "lamp run",
    "lamp run --dry-run",
    "lamp run --schedule office-hours --region eu-central-1",
    "lamp run --max-changes 20",
    "lamp run --follow 15m",
)


@command
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide, but write and change nothing.")] = False,
    follow: Annotated[
        str | None,
        typer.Option(
            "--follow",
            metavar="LENGTH",
            help="While something waits for its order, its turn or a state in between, run again, for so long: 15m.",
        ),
    ] = None,
    pause: Annotated[
        int, typer.Option("--pause", min=1, max=3600, metavar="SECONDS", help="Between the passes of --follow.")
    ] = 15,
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
    from lamplighter.cli.notify import means_for, tell_failure
    from lamplighter.cli.values import length
    from lamplighter.scheduler.follow import follow as passes
    from lamplighter.scheduler.passes import run_pass

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, store, profile, region, account, endpoint_url)
    time = length(follow) if follow else timedelta()
    if time and dry_run:
        raise UsageError("--follow waits for what a pass did; --dry-run does nothing", hint="leave one of them out")
    ticks: list[Callable[[object], None]] = []
    told: list[Told] = []

    def tell(call: object) -> None:
        for tick in ticks:
            tick(call)

    with context.world(chosen, needs_file=True, writes=not dry_run, on_call=tell) as world:

        def once() -> PassReport:
            id_ = context.new_run()
            with printer.waiting("asking AWS") as tick:
                ticks[:] = [tick]
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
                told[:] = [] if dry_run else [after_pass(world, report, means_for(world, file), whole=whole)]
                return report

        reports = passes(once, clock=world.clock, sleep=world.sleep, length=time, pause=timedelta(seconds=pause))
        # Where nothing is to be followed up, the first pass is the only one.
        code = show_passes(printer, world.config, reports if time else [once()], told, dry_run=dry_run)
    exits.leave(code)


def limited(config: Configuration, changes: int | None, percent: int | None) -> Configuration:
    """The configuration with the limits that the command line gives."""
    given = {"max_changes": changes, "max_changes_percent": percent}
    update = {name: value for name, value in given.items() if value is not None}
    return replace(config, guardrails=config.guardrails.model_copy(update=update))


def show_passes(
    printer: Printer,
    config: Configuration,
    reports: Iterable[PassReport],
    told: Sequence[Told],
    *,
    dry_run: bool = False,
) -> int:
    """Show what passes did, each as it ends, as records in one list at the end; and return the exit code of the last.

    Args:
        printer: where to.
        config: the definitions.
        reports: of each pass, when it has ended.
        told: what became of the messages of the pass that ended last.
        dry_run: whether the passes only decided.
    """
    from lamplighter.cli.notify import show_told

    code = exits.OK
    targets: list[TargetReport] = []
    for report in reports:
        targets += report.targets
        code = show_run(printer, config, report, dry_run=dry_run, data=not printer.for_programs)
        for each in told:
            show_told(printer, each)
    if printer.for_programs:
        views.show_done(printer, targets, dry_run=dry_run, empty="")
    return code


def show_run(
    printer: Printer, config: Configuration, report: PassReport, *, dry_run: bool = False, data: bool = True
) -> int:
    """Show what a pass did, without the data if others follow, and return the exit code."""
    if data:
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
