"""`lamp simulate`: what schedules would save, and whether what was done is what they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options, views
from lamplighter.cli.commands import single
from lamplighter.cli.grouping import By, grouped, read_by
from lamplighter.cli.money import show_price_dates, show_tallies
from lamplighter.cli.options import Output
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from lamplighter.cli.show import Printer
    from lamplighter.pricing.book import PriceBook
    from lamplighter.savings.estimate import Lot
    from lamplighter.savings.standing import Asked
    from lamplighter.scheduler.passes import PassReport, World
    from lamplighter.scheduler.plan import Step
    from lamplighter.scheduler.settings import Configuration
    from lamplighter.schedules.overrides import Override

DAYS = timedelta(days=28)
"""Length of the simulation when no end is given: four whole weeks."""

app, command = single(
    "lamp simulate --from 2026-12-01 --to 2027-01-01",
    "lamp simulate --by account,tag:Team --region all -o csv",
    "lamp simulate --without-aws --from 2026-12-01 --to 2027-01-01",
    "lamp simulate --compare --from 2026-11-01 --to 2026-12-01",
)


@command
def simulate(
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Begin; default: today, or four weeks ago to compare.")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="End, not included; default: four weeks later, or now to compare."),
    ] = None,
    by: By = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Hold the schedules against the journal of a time that is past.")
    ] = False,
    without_storage: Annotated[
        bool, typer.Option("--without-storage", help="Do not ask what goes on being paid: volumes, addresses.")
    ] = False,
    without_aws: Annotated[
        bool, typer.Option("--without-aws", help="Ask nobody: hours of each schedule, without resources and money.")
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
    """Estimate hours and money of the resources that are there, with their schedules and always on."""
    from lamplighter.cli.values import midnight, shown, span
    from lamplighter.pricing.book import PriceBook

    printer = context.printer(output, verbose, no_color)
    keys = read_by(by, no_tags="the journal does not know tags" if compare else "")
    if compare and without_aws:
        raise UsageError("--compare goes by the journal and asks nobody", hint="leave out --without-aws")
    chosen = context.settings(file, store, profile, region, account, endpoint_url)
    config = context.configuration(file, store=store)
    zone, now = context.zone_of(config), context.utc_now()
    today = midnight(now, zone)
    if compare:
        from lamplighter.cli.simulate_compare import compare_with_journal

        first, last = span(begin, end, now=now, zone=zone, start=today - DAYS, stop=now)
        compare_with_journal(printer, config, chosen, keys, first, last, now=now)
        return
    first, last = span(begin, end, now=now, zone=zone, start=today, stop=DAYS)
    if without_aws:
        if keys != ("schedule",):
            raise UsageError(f"--without-aws knows no {keys[0]}s", hint="leave out --by")
        show_hours(printer, config, first, last)
        return
    with printer.waiting("asking AWS") as tick, context.world(chosen, needs_file=True, on_call=tick) as world:
        report, asked, overrides = look(world, chosen, storage=not without_storage)
    lots = lots_of(report, keys, asked, overrides, first, last)
    code = show_estimate(printer, world.config, report, lots, PriceBook.bundled(), first, last, keys, asked)
    printer.note(f"estimated from {shown(first, zone)} to {shown(last, zone)}")
    exits.leave(code)


def look(world: World, chosen: context.Settings, *, storage: bool) -> tuple[PassReport, Asked | None, list[Override]]:
    """A dry run, what goes on being paid for what it found (None if that is not asked), and every override."""
    from lamplighter.savings.standing import ask_standing
    from lamplighter.scheduler.overrides import list_overrides
    from lamplighter.scheduler.passes import run_pass

    report = run_pass(world, run=context.new_run(), accounts=chosen.accounts, regions=chosen.regions, dry_run=True)
    overrides = list_overrides(world.store)
    if not storage:
        return report, None, overrides
    found = {one.target: [step.resource for step in one.steps if _counts(step)] for one in report.targets}
    resources = {target: some for target, some in found.items() if some}
    threads = world.config.targets.threads if world.config.targets else 25
    return report, ask_standing(resources, world.kinds, world.aws.session, threads=threads), overrides


def _counts(step: Step) -> bool:
    """Whether a resource is one that schedules can put out."""
    return step.resource.unsupported is None and step.decision.rule != "opt-out"


def lots_of(
    report: PassReport,
    by: Sequence[str],
    asked: Asked | None,
    overrides: Sequence[Override],
    start: datetime,
    end: datetime,
) -> list[Lot]:
    """What a dry run found, as an estimate takes it."""
    from lamplighter.savings.estimate import Lot

    within = [override for override in overrides if override.created < end and start < override.until]

    def lot(step: Step) -> Lot:
        resource = step.resource
        holds = [override for override in within if override.matches(resource.names, resource.tags)]
        return Lot(
            resource.schedule or "",
            resource.prices,
            _labels(step, by),
            () if asked is None else asked.found.get((step.target, resource.key)),
            resource.instance_type,
            f"{holds[-1].words()}; not counted" if holds else "",
        )

    return [lot(step) for step in report.steps if _counts(step)]


def _labels(step: Step, by: Iterable[str]) -> dict[str, str | None]:
    resource, target = step.resource, step.target
    return {
        "schedule": resource.schedule or "",
        "account": target.account,
        "region": target.region,
        "kind": resource.kind,
        "resource": f"{target.key}/{resource.key}",
        "team": step.team or None,
        **{key: resource.tags.get(key.removeprefix("tag:")) for key in by if key.startswith("tag:")},
    }


def show_estimate(
    printer: Printer,
    config: Configuration,
    report: PassReport,
    lots: Sequence[Lot],
    book: PriceBook,
    start: datetime,
    end: datetime,
    by: Sequence[str],
    asked: Asked | None,
) -> int:
    """Show the estimate for the resources of a dry run, and return the exit code."""
    from lamplighter.savings.estimate import estimate
    from lamplighter.savings.tally import add

    found = grouped(((one.lot.labels, one) for one in estimate(lots, config.loaded.schedules, book, start, end)), by)
    show_tallies(
        printer,
        {group: add(one.tally for one in some) for group, some in found.items()},
        by,
        empty="no resource has the schedule tag here",
        standing=asked is not None,
        names={one.target.account: one.target.name or "" for one in report.targets},
        notes={group: [note for one in some for note in one.notes] for group, some in found.items()},
    )
    if left := len(report.steps) - len(lots):
        printer.note(f"{views.counted(left, 'resource')} left out: opted out, or not able to be stopped by itself")
    show_price_dates(printer, book)
    views.show_problems(printer, config)
    views.show_failures(printer, report)
    failures = asked.failures if asked else ()
    for target, error in failures:
        printer.failure(error, subject=target.key)
    return exits.PARTIAL if report.partial or failures else exits.OK


def show_hours(printer: Printer, config: Configuration, start: datetime, end: datetime) -> None:
    """Show the hours of every schedule, without resources."""
    from lamplighter.cli.show import Column
    from lamplighter.cli.upcoming import chosen_schedules
    from lamplighter.savings.estimate import lit_span
    from lamplighter.schedules.freezing import expected

    whole = Decimal(int((end - start).total_seconds())) / 3600
    found: Sequence[tuple[str, Decimal, int, int]] = [
        (name, *lit_span(expected(schedule, start, end)))
        for name, schedule in chosen_schedules(config, ()).items()
        if not schedule.definition.ignore
    ]
    printer.answer(
        [
            {
                "schedule": name,
                "from": start,
                "to": end,
                "lit_hours": round(lit, 6),
                "all_hours": round(whole, 6),
                "starts": starts,
                "stops": stops,
            }
            for name, lit, starts, stops in found
        ],
        (
            Column("Schedule", whole=True),
            Column("Lit h", right=True),
            Column("of h", right=True),
            Column("Out", right=True),
            Column("Starts", right=True),
            Column("Stops", right=True),
        ),
        [
            [name, f"{lit:,.1f}", f"{whole:,.1f}", f"{(1 - lit / whole) * 100:.0f} %", str(starts), str(stops)]
            for name, lit, starts, stops in found
        ],
        empty="no schedules",
    )
    views.show_problems(printer, config)
