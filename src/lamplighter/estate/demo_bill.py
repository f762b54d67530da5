"""The bill of the demo's week: written from what the simulated AWS ran, loaded, and held against the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from lamplighter.billing.load import Loaded, load
from lamplighter.estate.bill.bought import compute_plan
from lamplighter.estate.bill.listed import listed
from lamplighter.estate.bill.lived import Estate, Running, describe, lived_used
from lamplighter.estate.bill.options import PLAIN
from lamplighter.estate.bill.used import Bought, Used, month_of
from lamplighter.estate.bill.write import prepare, write
from lamplighter.estate.build import BuiltEstate, ask_targets
from lamplighter.estate.history import StateChange
from lamplighter.estate.steering import EstateControl
from lamplighter.lake.ledger import Ledger
from lamplighter.pricing.book import PriceBook
from lamplighter.savings.measure import Measured

BILLS: Final = "bills"
LAKE: Final = "lake"
PLAN_SHARE: Final = Decimal("0.6")
"""Of what an average hour costs under the plan: more than a night, less than a working hour."""
OPTIONS: Final = replace(PLAIN, tax=Decimal("0.05"))
TAGS: Final = ("Schedule", "Team")
_ZERO: Final = Decimal(0)
_CENT: Final = Decimal("0.01")


@dataclass(slots=True)
class Compared:
    """What the bill and the journal say of some resources.

    Attributes:
        resources: how many.
        billed_hours: instance hours on the bill.
        journal_hours: the same by the journal: lit hours, for a cluster those of each member.
        billed: their on-demand cost on the bill.
        journal: the same by the journal.
        always: what they would have cost always on.
    """

    resources: int = 0
    billed_hours: Decimal = _ZERO
    journal_hours: Decimal = _ZERO
    billed: Decimal = _ZERO
    journal: Decimal = _ZERO
    always: Decimal = _ZERO

    @property
    def equal(self) -> bool:
        """Whether hours and money are the same, to the hundredth."""
        return abs(self.billed_hours - self.journal_hours) < _CENT / 2 and abs(self.billed - self.journal) < _CENT / 2

    def add(self, other: Compared) -> None:
        """Add another to it."""
        self.resources += other.resources
        self.billed_hours += other.billed_hours
        self.journal_hours += other.journal_hours
        self.billed += other.billed
        self.journal += other.journal
        self.always += other.always


@dataclass(frozen=True, slots=True)
class WeekBill:
    """The bill of the week.

    Attributes:
        loaded: what the load said, months and checks.
        lake: where it was loaded.
        estates: what stands in the targets.
        by_schedule: by the value of the schedule tag, what the bill and the journal say.
        differing: resources on which they do not agree, by `target kind/id`.
        left_out: resources of the journal that have no price, or are of a kind that the bill does not have one for one.
        commitment: an hour of the Compute Savings Plan that the estate has.
        used: what of it went into usage in the week.
        unused: what did not.
    """

    loaded: Loaded
    lake: Path
    estates: Sequence[Estate]
    by_schedule: Mapping[str, Compared]
    differing: Mapping[str, Compared]
    left_out: int
    commitment: Decimal
    used: Decimal
    unused: Decimal

    @property
    def total(self) -> Compared:
        """All schedules together."""
        total = Compared()
        for one in self.by_schedule.values():
            total.add(one)
        return total


def bill_of_week(
    built: BuiltEstate,
    history: Iterable[StateChange],
    measured: Sequence[Measured],
    start: datetime,
    end: datetime,
    home: Path,
) -> WeekBill:
    """Write the bill of [start, end), load it into a lake, and hold it against the journal.

    The estate lists the Savings Plan of its bill from then on.

    A week that touches two months has two bills, each with its hours only.

    Args:
        built: the estate, still running.
        history: true changes of state.
        measured: what the journal says.
        start: aware UTC.
        end: aware UTC.
        home: folder for `bills` and `lake`.

    Raises:
        AwsError: the estate cannot be described.
        Unreconciled: the bill does not add up.
    """
    book = PriceBook.bundled()
    estates = ask_targets(built.endpoint_url, built.plan, lambda session: describe(session, book))
    used = lived_used(estates, history, start, end)
    plan = compute_plan(used, PLAN_SHARE)
    EstateControl(built.endpoint_url).plant_commitments(listed(Bought(plans=(plan,)), end))
    folders = [str(_write(used, Bought(plans=(plan,)), month, home)) for month in sorted({*map(month_of, used.hours)})]
    loaded = load(folders, home / LAKE, at=end, tags=TAGS)
    with Ledger.open(home / LAKE) as ledger:
        span = (
            f"ChargePeriodStart >= TIMESTAMP '{start:%Y-%m-%d %H}:00:00'"
            f" AND ChargePeriodStart < TIMESTAMP '{end:%Y-%m-%d %H:%M:%S}'"
        )
        rows = ledger.query(
            "SELECT ResourceId, SUM(x_UsageQuantity), SUM(x_OnDemandCost) FROM charges"
            f" WHERE {span} AND x_InstanceType IS NOT NULL AND x_UsageQuantity IS NOT NULL AND ResourceId IS NOT NULL"
            " GROUP BY 1"
        ).rows
        [[drawn, idle]] = ledger.query(
            "SELECT SUM(x_AmortizedCost) FILTER (CommitmentDiscountStatus = 'Used'),"
            " SUM(x_AmortizedCost) FILTER (CommitmentDiscountStatus = 'Unused')"
            f" FROM charges WHERE {span}"
        ).rows
    billed = {resource: (hours, cost) for resource, hours, cost in rows}
    by_schedule, differing, left_out = compare(measured, billed_as(estates), billed)
    commitment = plan.holds.commitment
    return WeekBill(
        loaded, home / LAKE, estates, by_schedule, differing, left_out, commitment, drawn or _ZERO, idle or _ZERO
    )


def _write(used: Used, bought: Bought, month: datetime, home: Path) -> Path:
    folder = home / BILLS / f"{month:%Y-%m}"
    with prepare(used, bought, OPTIONS, month) as prepared:
        write(prepared, folder, "cur-csv")
    return folder


def billed_as(estates: Iterable[Estate]) -> dict[tuple[str, str], list[Running]]:
    """What stands on the bill for each resource of the journal, by (target, `kind/id`): for a cluster, its members."""
    found: dict[tuple[str, str], list[Running]] = {}
    for estate in estates:
        for one in estate.running:
            name = f"rds-cluster/{one.cluster}" if one.cluster else f"{one.kind}/{one.id}"
            found.setdefault((f"{one.account}/{one.region}", name), []).append(one)
    return found


def compare(
    measured: Iterable[Measured],
    running_of: Mapping[tuple[str, str], Sequence[Running]],
    billed: Mapping[str, tuple[Decimal, Decimal]],
) -> tuple[dict[str, Compared], dict[str, Compared], int]:
    """Hold the bill against the journal.

    Args:
        measured: the journal.
        running_of: as `billed_as` gives it.
        billed: hours and on-demand cost by ResourceId; what is not there was not used.

    Returns:
        Sums by schedule, resources that differ by `target kind/id`, and how many have no counterpart or no price.
    """
    by_schedule: dict[str, Compared] = {}
    differing: dict[str, Compared] = {}
    left_out = 0
    for each in measured:
        running = running_of.get((each.target, each.resource), ())
        if each.tally.unpriced or not running or any(one.meter is None for one in running):
            left_out += 1
            continue
        pairs = [billed.get(one.meter.resource, (_ZERO, _ZERO)) for one in running if one.meter is not None]
        one = Compared(
            1,
            sum((hours for hours, _ in pairs), _ZERO),
            each.tally.lit_hours * len(running),
            sum((cost for _, cost in pairs), _ZERO),
            sum((money.amount for money in each.tally.lit_cost.values()), _ZERO),
            sum((money.amount for money in each.tally.all_cost.values()), _ZERO),
        )
        by_schedule.setdefault(each.schedule, Compared()).add(one)
        if not one.equal:
            differing[f"{each.target} {each.resource}"] = one
    return dict(sorted(by_schedule.items())), differing, left_out
