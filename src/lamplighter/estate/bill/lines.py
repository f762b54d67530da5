"""Usage on one month's bill, by AWS's line item types, with what had been bought applied to it.

Hours that are alike have the same lines, so a line is made once for all of them (`Block`). Source of what each type
carries: Cost and Usage Report user guide, "Line item details", "Reservation details", "Savings Plans details".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from lamplighter.estate.bill.fees import plan_facts, plan_fees, reservation_fees
from lamplighter.estate.bill.hours import Applying
from lamplighter.estate.bill.meters import Meter, rounded
from lamplighter.estate.bill.month import Block, Line, MonthBill, discounted
from lamplighter.estate.bill.split import Host, splits
from lamplighter.estate.bill.used import FINE, Planned, Quantities, Reserved, Used

_ZERO = Decimal(0)


def make_blocks(bill: MonthBill, used: Used) -> Iterator[Block]:
    """Usage and commitments of the month, each sort of hour once, then the fees of reservations.

    Read one block to its end before the next: what reservations covered is added up meanwhile.
    """
    ran = {each.holds.id: [_ZERO, _ZERO, _ZERO] for each in bill.bought.reservations}
    applying = Applying(used.meters, bill.bought)
    for starts in _alike(bill, used):
        yield Block(starts, _hour(bill, applying, starts, used.hours[starts[0]], ran))
    for one in bill.bought.reservations:
        yield Block([bill.first], reservation_fees(bill, one, *ran[one.holds.id]), apart=True)


def _alike(bill: MonthBill, used: Used) -> Iterable[list[datetime]]:
    """Hours of the month in groups: those in which the same was used, held, and bought.

    That the same was used is seen by the object, as `Used` keeps it: to compare long hours costs more than it saves.
    """
    groups: dict[tuple[int, tuple[str, ...], tuple[str, ...]], list[datetime]] = {}
    held: tuple[Reserved | Planned, ...] = (*bill.bought.reservations, *bill.bought.plans)
    for at, quantities in used.hours.items():
        if bill.first <= at < bill.until:
            force = tuple(each.holds.id for each in held if each.start <= at < each.end)
            begins = tuple(each.holds.id for each in held if each.start == at)
            groups.setdefault((id(quantities), force, begins), []).append(at)
    return groups.values()


def _hour(
    bill: MonthBill,
    applying: Applying,
    starts: Sequence[datetime],
    quantities: Quantities,
    ran: Mapping[str, list[Decimal]],
) -> Iterator[Line]:
    at, times = starts[0], len(starts)
    plans = {each.holds.id: each for each in bill.bought.plans}
    reserved = {each.holds.id: each for each in bill.bought.reservations}
    drawn = dict.fromkeys(plans, _ZERO)
    negated: dict[tuple[str, int], list[Decimal]] = {}
    hosts = {name: Host() for name in bill.hosts}
    for part in applying.parts(at, quantities):
        meter = bill.meters[part.meter]
        if meter.parent:
            if meter.parent in hosts:
                hosts[meter.parent].contained.append((part.meter, meter, part.quantity))
            continue
        if part.commitment in reserved:
            one = reserved[part.commitment]
            line = _discounted(bill, part.meter, part.quantity, one)
            sums = ran[part.commitment]
            sums[0] += part.quantity * _each(meter, one) * times
            sums[1] += ((line.effective or _ZERO) - (line.upfront or _ZERO)) * times
            sums[2] += (line.upfront or _ZERO) * times
        elif part.commitment:
            drawn[part.commitment] += part.drawn
            line = _covered(bill, part.meter, part.quantity, plans[part.commitment], part.drawn)
            sums = negated.setdefault((part.commitment, bill.number(_nameless(meter))), [_ZERO, _ZERO])
            sums[0] += part.quantity
            sums[1] += line.cost
        else:
            line = _plain(bill, part.meter, part.quantity)
        if meter.resource in hosts and meter.instance_type:
            _host(hosts[meter.resource], meter, line)
        yield line
    for (arn, number), (quantity, cost) in negated.items():
        yield Line(
            "SavingsPlanNegation", number, quantity, -cost, arn,
            discount=discounted(bill, bill.options.enterprise),
            more=plan_facts(plans[arn]),
        )  # fmt: skip
    for arn, plan in plans.items():
        if plan.start <= at < plan.end:
            yield from plan_fees(bill, at, plan, drawn[arn])
    for host in hosts.values():
        if host.contained:
            yield from _contained(bill, host)


def _host(host: Host, meter: Meter, line: Line) -> None:
    host.instance_type = meter.instance_type
    host.hours += line.quantity
    host.cost += line.cost if line.effective is None else line.effective
    host.public += line.on_demand or _ZERO


def _contained(bill: MonthBill, host: Host) -> Iterator[Line]:
    for number, one in splits(host):
        yield Line(
            "Usage", number, one.usage.quantize(FINE), _ZERO,
            on_demand=_ZERO,
            discount=discounted(bill, bill.options.enterprise),
            split=one,
        )  # fmt: skip


def _plain(bill: MonthBill, number: int, quantity: Decimal) -> Line:
    meter = bill.meters[number]
    if bill.options.restated and meter.usage_type.endswith("Requests-Tier2"):
        quantity /= 2  # what the restatement corrects
    private = discounted(bill, bill.options.private) if meter.family == "Data Transfer" else _ZERO
    return Line(
        "Usage", number, quantity, rounded(quantity * meter.rate),
        on_demand=rounded(quantity * meter.list_rate),
        discount=discounted(bill, bill.options.enterprise) + private,
        private=private,
    )  # fmt: skip


def _discounted(bill: MonthBill, number: int, quantity: Decimal, one: Reserved) -> Line:
    meter, holds = bill.meters[number], one.holds
    # Share of an hour of the whole reservation that this takes.
    taken = quantity * _each(meter, one) / (holds.count * (holds.units or 1))
    upfront, recurring = rounded(one.upfront_hour * taken, ROUND_DOWN), rounded(one.hourly * taken, ROUND_DOWN)
    return Line(
        "DiscountedUsage", number, quantity, _ZERO, holds.id,
        effective=upfront + recurring,
        upfront=upfront,
        on_demand=rounded(quantity * meter.list_rate),
        discount=discounted(bill, bill.options.enterprise),
        more={"reservation/AvailabilityZone": holds.zone, "pricing/term": "Reserved"},
    )  # fmt: skip


def _each(meter: Meter, one: Reserved) -> Decimal:
    """What one of the usage takes of a reservation: units if it is size-flexible, else one."""
    return meter.units if one.holds.units is not None and meter.units is not None else Decimal(1)


def _covered(bill: MonthBill, number: int, quantity: Decimal, plan: Planned, drawn: Decimal) -> Line:
    meter = bill.meters[number]
    return Line(
        "SavingsPlanCoveredUsage", number, quantity, rounded(quantity * meter.rate), plan.holds.id,
        effective=drawn,
        on_demand=rounded(quantity * meter.list_rate),
        discount=discounted(bill, bill.options.enterprise),
        more={"savingsPlan/SavingsPlanRate": f"{meter.plan_rates[plan.holds.kind]:f}", **plan_facts(plan)},
    )  # fmt: skip


def _nameless(meter: Meter) -> Meter:
    """The meter of the negation of its usage: no resource, no tags."""
    return Meter(
        "", meter.account, meter.region, meter.service, meter.family, meter.usage_type, meter.operation, meter.unit,
        meter.rate, meter.list_rate, "SavingsPlanNegation used by AccountId", meter.zone, taggable=False,
        instance_type=meter.instance_type, system=meter.system,
    )  # fmt: skip
