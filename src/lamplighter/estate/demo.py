"""The demo: the estate is built, lives through a week, and is asked what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

from lamplighter.aws.access import Aws
from lamplighter.errors import UsageError
from lamplighter.estate.build import BuiltEstate, Progress, build_estate
from lamplighter.estate.build_found import Member
from lamplighter.estate.build_stacks import templates_folder
from lamplighter.estate.control import SimulatedAws, capacity
from lamplighter.estate.demo_bill import WeekBill, bill_of_week
from lamplighter.estate.demo_usage import read_inventory, week_usage
from lamplighter.estate.history import StateChange
from lamplighter.estate.truth import lit_hours
from lamplighter.estate.week import Lived, live
from lamplighter.pricing.book import PriceBook
from lamplighter.savings.measure import Measured, measure
from lamplighter.scheduler.overrides import set_override
from lamplighter.scheduler.passes import PassReport, World
from lamplighter.scheduler.settings import Configuration, load_configuration
from lamplighter.scheduler.why import Explanation, why
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.store import journal
from lamplighter.store.journal import Entry
from lamplighter.store.table import Store
from lamplighter.usage.record import record

WEEK = timedelta(days=7)
SETTLING = timedelta(minutes=30)
"""Built this long before the week begins, so that nothing is pending any more."""

OFFICE = "office-hours-berlin"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the demo has to show.

    Attributes:
        built: the estate.
        lived: what happened in the week.
        measured: lit hours and money of each resource, from the journal.
        differing: resources whose lit hours in the journal differ by a minute or more from what the
            simulated AWS recorded, with both figures.
        off: why one machine is off at the end.
        on: why one machine is on at the end: somebody holds it.
        scarce: what was done in the week to the machine that had no capacity for a while.
        bill: the bill of the week, and how it agrees with the journal; None without the extra `lake`.
    """

    built: BuiltEstate
    lived: Lived
    measured: Sequence[Measured]
    differing: Mapping[str, tuple[Decimal, Decimal]]
    off: Explanation
    on: Explanation
    scarce: Sequence[Entry]
    bill: WeekBill | None


def definitions() -> Path:
    """The definition file of the demo, beside the example templates."""
    return templates_folder().parent / "lamplighter.yaml"


def last_week(now: datetime) -> datetime:
    """The Monday, 00:00 UTC, with which the last whole week before `now` began."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=today.weekday()) - WEEK


def play(
    simulated: SimulatedAws,
    store: Store,
    start: datetime,
    home: Path,
    *,
    building: Progress | None = None,
    living: Callable[[datetime, PassReport], None] | None = None,
    billing: Callable[[], None] | None = None,
) -> Shown:
    """Build the estate and live through the week that begins at `start`, an aware datetime.

    On Tuesday morning one machine finds no capacity; on Friday somebody holds a machine over the weekend; one
    account has not been prepared, and one schedule cannot be read, all week.

    Args:
        simulated: an empty simulated AWS.
        store: an empty store.
        start: beginning of the week.
        home: folder for the bill and the lake that it is loaded into.
        building: told of every piece that is built.
        living: told of every pass.
        billing: told when the bill is begun.

    Raises:
        AwsError: the estate could not be built.
        Unreconciled: its bill does not add up.
    """
    control, end = simulated.control, start + WEEK
    control.set_clock(start - SETTLING)
    built = build_estate(simulated.url, progress=building)
    control.set_clock(start)
    outage = capacity(built.scarce.id)
    morning = start + timedelta(days=1)
    control.inject(outage.model_copy(update={"since": morning, "until": morning + timedelta(hours=8, minutes=20)}))
    held = _first(built, OFFICE)
    friday = start + timedelta(days=4, hours=14)
    set_override(
        store,
        Override(
            "rehearsal", Hold.RUNNING, held.id, end + timedelta(hours=6), "release rehearsal", "release-team", friday
        ),
    )
    config = demo_configuration()
    with Aws(endpoint_url=simulated.url, region=built.plan.regions[0], environ=simulated.environment) as aws:
        world = World(aws, store, config, config.kinds, lambda: end)
        lived = live(world, control, start, end, progress=living)
        entries = [entry for target in journal.targets(store) for entry in journal.read(store, target)]
        measured = measure(entries, PriceBook.bundled(), start, end)
        if billing is not None:
            billing()
        history = list(control.history())
        off = next(member for member in built.schedulable if _is_machine(member, OFFICE) and member.id != held.id)
        return Shown(
            built,
            lived,
            measured,
            _differing(measured, lit_hours(history, start, end)),
            _explain(world, off, end),
            _explain(world, held, end),
            [entry for entry in entries if entry.resource == f"{built.scarce.kind}/{built.scarce.id}"],
            _money(world, built, history, measured, start, end, home) if find_spec("duckdb") else None,
        )


def _money(
    world: World,
    built: BuiltEstate,
    history: Sequence[StateChange],
    measured: Sequence[Measured],
    start: datetime,
    end: datetime,
    home: Path,
) -> WeekBill:
    """The bill of the week; beside it in the lake the use of each hour, and what has been committed to."""
    bill = bill_of_week(built, history, measured, start, end, home)
    targets = built.plan.targets
    samples, looks = week_usage(bill.estates, targets, history, world.config.loaded.schedules, start, end)
    record(samples, looks, at=end, lake=bill.lake, store=world.store)
    read_inventory(world.aws, targets, bill.lake, end, threads=len(targets))
    return bill


def demo_configuration() -> Configuration:
    """The definitions of the demo, read anew."""
    path = definitions()
    return load_configuration(
        path.read_text(encoding="utf-8"), name=path.name, read_text=lambda name: (path.parent / name).read_text()
    )


def _first(built: BuiltEstate, schedule: str) -> Member:
    for member in built.schedulable:
        if _is_machine(member, schedule):
            return member
    raise UsageError(f"the demo estate has no machine with schedule {schedule}")


def _is_machine(member: Member, schedule: str) -> bool:
    return member.kind == "ec2-instance" and member.schedule == schedule


def _explain(world: World, member: Member, at: datetime) -> Explanation:
    answer = why(world, member.id, at=at, accounts=(member.account,), regions=(member.region,))
    return answer.found[0]


def _differing(
    measured: Sequence[Measured], truth: Mapping[tuple[str, str, str], Decimal]
) -> dict[str, tuple[Decimal, Decimal]]:
    found = {}
    recorded = {resource.partition("/")[0] for _, _, resource in truth}
    for each in measured:
        if each.resource.partition("/")[0] not in recorded:
            continue  # the simulated AWS keeps no record of this kind
        account, _, region = each.target.partition("/")
        true = truth.get((account, region, each.resource), Decimal(0))
        if abs(true - each.tally.lit_hours) * 60 >= 1:
            found[f"{each.target} {each.resource}"] = (each.tally.lit_hours, true)
    return found
