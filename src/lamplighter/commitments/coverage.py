"""Coverage and utilisation, hour by hour: what commitments covered, and what became of them.

Every hour goes through `lamplighter.commitments.apply`; hours that are alike go through it once. Two kinds of rows come
out: what was used (`CoverageHour`) and what had been bought (`CommitmentHour`). In the words of an account: what its
commitments covered of its own usage is used, what they covered for others is lent, what those of others covered for it
is borrowed, and the rest of its usage is on demand.

What is not known is not zero. Usage of a target nobody could look at is not in the rows, and counted (`Blind`). A
commitment of which a part stayed unused in an hour in which usage that it may cover was not known has an unknown rest
(`CommitmentHour.unused` is None); one that was used up is known all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from lamplighter.commitments.apply import apply
from lamplighter.commitments.holdings import Held, in_force, plans_at, reservations_at
from lamplighter.commitments.model import Applied, PlanKind, Portion, Target, Use

ZERO: Final = Decimal(0)
PLANS: Final = "savingsplans"
"""What stands for the service of a Savings Plan."""
DATABASES: Final = frozenset({"rds", "elasticache", "dynamodb", "opensearch", "memorydb", "neptune", "docdb"})
"""Services that a Database Savings Plan may take."""

Quantities = tuple[tuple[int, Decimal], ...]
"""Number of an item, and how much of it ran in an hour."""


@dataclass(frozen=True, slots=True)
class Item:
    """Usage that is alike.

    Attributes:
        use: account, on-demand price, plan rates and so on of one of it; its quantity is not looked at, and its price
            is zero where it is not known.
        target: where it is looked for.
        family: instance family, `m5`, `db.r5`.
        resource_type: `m5.large`.
        currency: of its price; the region's where the price is not known.
        priced: whether the price is known.
        by_hour: whether its quantity is hours (of instances, nodes, vCPUs), and not capacity units, GB-seconds, ...
        units: normalised units of one of it; of DynamoDB one capacity unit; None where AWS publishes no factor.
    """

    use: Use
    target: Target
    family: str
    resource_type: str
    currency: str = "USD"
    priced: bool = True
    by_hour: bool = True
    units: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CoverageHour:
    """What an account used of a family in an hour, and how it was covered; Spot is not among it.

    Attributes:
        account: 12-digit id of who used it.
        region: region code.
        service: `ec2`, `rds`, ...
        family: instance family.
        currency: of the money.
        hours: instance hours (vCPU hours, ...); zero of what is not counted in hours.
        reserved_hours: of them covered by reservations.
        plan_hours: of them covered by Savings Plans.
        borrowed_hours: of both together, those covered by commitments of other accounts.
        units: in normalised units (of DynamoDB capacity units), where sizes have a factor; None where none has.
        covered_units: of them covered by either.
        cost: what has a price, at on-demand prices; None where nothing has.
        covered_cost: of it covered by either.
        unpriced_hours: hours without a known price, which are in no money.
    """

    account: str
    region: str
    service: str
    family: str
    currency: str
    hours: Decimal
    reserved_hours: Decimal
    plan_hours: Decimal
    borrowed_hours: Decimal
    units: Decimal | None
    covered_units: Decimal | None
    cost: Decimal | None
    covered_cost: Decimal | None
    unpriced_hours: Decimal

    @property
    def on_demand_hours(self) -> Decimal:
        """Hours that nothing covered."""
        return self.hours - self.reserved_hours - self.plan_hours


@dataclass(frozen=True, slots=True)
class CommitmentHour:
    """What became of a commitment in an hour.

    Attributes:
        commitment: its ARN.
        account: 12-digit id of the owner.
        region: region code; empty for a Savings Plan that is good everywhere.
        service: `ec2`, `rds`, ...; `savingsplans` of a Savings Plan.
        family: instance family; empty for a Savings Plan of many.
        unit: what it is measured in: `Units` (normalised, of a size-flexible reservation), `Hrs` (of other
            reservations), or a currency (what a Savings Plan commits to).
        total: what had been bought.
        used: of it by anybody.
        lent: of that by other accounts than the owner.
        unused: the rest; None where usage that it may have covered was not known.
        currency: of the money; the region's where the cost is not known.
        cost: amortised cost of the hour, upfront payment spread; None where it is not known.
        on_demand_cost: what it covered, at on-demand prices; None where a price is not known.
        priced_cost: of what it covered, what has a price, at on-demand prices.
    """

    commitment: str
    account: str
    region: str
    service: str
    family: str
    unit: str
    total: Decimal
    used: Decimal
    lent: Decimal
    unused: Decimal | None
    currency: str
    cost: Decimal | None
    on_demand_cost: Decimal | None
    priced_cost: Decimal = ZERO

    @property
    def used_cost(self) -> Decimal | None:
        """Amortised cost of what was used of it."""
        return None if self.cost is None else self.cost * self.used / self.total

    @property
    def unused_cost(self) -> Decimal | None:
        """Amortised cost of what was not; None where that is not known."""
        return None if self.cost is None or self.unused is None else self.cost * self.unused / self.total


@dataclass(frozen=True, slots=True)
class Blind:
    """Hours of a target whose usage is not known, and which are in no figure.

    Attributes:
        target: where.
        hours: how many hours.
        reason: the most frequent reason.
    """

    target: Target
    hours: int
    reason: str


@dataclass(frozen=True, slots=True)
class Alike:
    """Hours in which everything was the same.

    Attributes:
        times: their beginnings, aware UTC, in order.
        coverage: what was used in each of them, one row an account, region, service, family and currency.
        commitments: what had been bought, one row a commitment.
    """

    times: Sequence[datetime]
    coverage: Sequence[CoverageHour]
    commitments: Sequence[CommitmentHour]


@dataclass(slots=True)
class _Sums:
    hours: Decimal = ZERO
    reserved: Decimal = ZERO
    planned: Decimal = ZERO
    borrowed: Decimal = ZERO
    units: Decimal | None = None
    covered_units: Decimal | None = None
    cost: Decimal | None = None
    covered_cost: Decimal | None = None
    unpriced: Decimal = ZERO


def measure(
    items: Sequence[Item],
    hours: Mapping[datetime, Quantities],
    held: Sequence[Held],
    unknown: Mapping[datetime, frozenset[Target]] = MappingProxyType({}),
) -> list[Alike]:
    """Apply commitments to every hour.

    Args:
        items: usage that is alike.
        hours: what ran, by the beginning of each hour, aware UTC; an hour in which nothing ran is empty.
        held: reservations and Savings Plans of any state and time.
        unknown: targets whose usage is not known, by hour.

    Returns:
        Every hour once, in order of the first of those that are alike.
    """
    by_arn = {each.arn: each for each in held}
    groups: dict[tuple[Quantities, tuple[str, ...], frozenset[Target]], list[datetime]] = {}
    for at in sorted(hours):
        now = tuple(each.arn for each in in_force(held, at))
        groups.setdefault((hours[at], now, unknown.get(at, frozenset())), []).append(at)
    return [
        _hour(times, items, quantities, [by_arn[arn] for arn in now], missing)
        for (quantities, now, missing), times in groups.items()
    ]


def _hour(
    times: Sequence[datetime],
    items: Sequence[Item],
    quantities: Quantities,
    held: Sequence[Held],
    missing: frozenset[Target],
) -> Alike:
    uses = [_use(items[number].use, number, quantity) for number, quantity in quantities]
    reservations, plans = reservations_at(held, times[0]), plans_at(held, times[0])
    applied = apply(uses, reservations, plans)
    bought = {each.id for each in reservations} | {each.id for each in plans}
    return Alike(
        times,
        list(_covered(items, applied, {each.id for each in plans})),
        [_bought(one, items, applied, may_miss(one, missing)) for one in held if one.arn in bought],
    )


def _use(one: Use, number: int, quantity: Decimal) -> Use:
    return Use(
        str(number), one.account, quantity, one.rate, one.plan_rates, one.attributes, one.size, one.zone, one.units,
        one.own_rates,
    )  # fmt: skip


def _covered(items: Sequence[Item], applied: Applied, plans: set[str]) -> Iterator[CoverageHour]:
    sums: dict[tuple[Target, str, str], _Sums] = defaultdict(_Sums)
    for portion in applied.portions:
        item = items[int(portion.use)]
        _add(sums[item.target, item.family, item.currency], item, portion, portion.commitment in plans)
    for (target, family, currency), one in sorted(sums.items()):
        yield CoverageHour(
            target.account, target.region, target.service, family, currency, one.hours, one.reserved, one.planned,
            one.borrowed, one.units, one.covered_units, one.cost, one.covered_cost, one.unpriced,
        )  # fmt: skip


def _add(one: _Sums, item: Item, portion: Portion, planned: bool) -> None:
    share = ZERO if portion.commitment is None else Decimal(1)
    hours = portion.quantity if item.by_hour else ZERO
    one.hours += hours
    one.planned += hours * share if planned else ZERO
    one.reserved += ZERO if planned else hours * share
    one.borrowed += hours if portion.lent else ZERO
    if item.units is not None:
        one.units = (one.units or ZERO) + portion.quantity * item.units
        one.covered_units = (one.covered_units or ZERO) + portion.quantity * item.units * share
    if not item.priced:
        one.unpriced += hours
        return
    one.cost = (one.cost or ZERO) + portion.quantity * item.use.rate
    one.covered_cost = (one.covered_cost or ZERO) + portion.quantity * item.use.rate * share


def _bought(one: Held, items: Sequence[Item], applied: Applied, miss: bool) -> CommitmentHour:
    mine = [portion for portion in applied.portions if portion.commitment == one.arn]
    used, unused = applied.used[one.arn], applied.unused[one.arn]
    price = lent = ZERO
    priced = True
    for portion in mine:
        item = items[int(portion.use)]
        priced = priced and item.priced
        price += portion.quantity * item.use.rate if item.priced else ZERO
        lent += _drawn(one, item, portion) if portion.lent else ZERO
    money = one.commitment or one.effective or one.hourly
    return CommitmentHour(
        commitment=one.arn,
        account=one.account,
        region=one.region,
        service=one.attributes.service if one.attributes else PLANS,
        family=one.attributes.family if one.attributes else one.value,
        unit=one.commitment.currency if one.commitment else "Units" if one.size_flexible else "Hrs",
        total=used + unused,
        used=used,
        lent=lent,
        unused=None if miss and unused else unused,
        currency=money.currency if money else "CNY" if one.region.startswith("cn-") else "USD",
        cost=one.commitment.amount if one.commitment else one.effective.amount if one.effective else None,
        on_demand_cost=price if priced else None,
        priced_cost=price,
    )


def _drawn(one: Held, item: Item, portion: Portion) -> Decimal:
    if one.plan is not None:
        return portion.cost
    return portion.quantity * (item.use.units or ZERO) if one.size_flexible else portion.quantity


def may_miss(one: Held, missing: Iterable[Target]) -> bool:
    """Whether a commitment may have covered usage of targets that are not known."""
    return any(_serves(one, target) for target in missing)


def _serves(one: Held, target: Target) -> bool:
    if not one.shared and target.account != one.account:
        return False
    if one.attributes is not None:
        return (one.attributes.service, one.attributes.region) == (target.service, target.region)
    if one.plan is PlanKind.EC2_INSTANCE:
        return (target.service, target.region) == ("ec2", one.region)
    if one.plan is PlanKind.COMPUTE:
        return target.service in ("ec2", "fargate", "lambda")
    return one.plan is PlanKind.DATABASE and target.service in DATABASES
