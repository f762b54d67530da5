"""The lines of one month's bill, by AWS's line item types.

Hours that are alike have the same lines, so a line is made once for all of them (`Block`). Every line is about a meter; fees, taxes and negations have meters of their own that name no resource. What only few
lines have (`more`) is by its CUR column. Source of what each type carries: Cost and Usage Report user guide, "Line item
details", "Reservation details", "Savings Plans details".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from lamplighter.commitments.model import PlanKind
from lamplighter.estate.bill.hours import Applying
from lamplighter.estate.bill.meters import Meter, prefix, rounded
from lamplighter.estate.bill.options import Discounts, Options
from lamplighter.estate.bill.split import Host, Split, hosts_of, splits
from lamplighter.estate.bill.used import FINE, HOUR, Bought, Planned, Quantities, Reserved, Used, month_after, month_of

_ZERO = Decimal(0)
STAMP = "%Y-%m-%dT%H:%M:%S.000Z"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, in every hour of its block.

    Attributes:
        kind: lineItem/LineItemType.
        meter: number of its meter in `MonthBill.meters`.
        quantity: lineItem/UsageAmount.
        cost: lineItem/UnblendedCost.
        commitment: ARN, or empty.
        effective: reservation/EffectiveCost or savingsPlan/SavingsPlanEffectiveCost, where there is one.
        upfront: part of `effective` that was paid at once (reservations).
        unused: on fees: what of the commitment was not used.
        spread: on fees: share of the upfront payment.
        on_demand: pricing/publicOnDemandCost, on usage.
        discount: share that the contract takes off; the part of a private price in `private`.
        private: see `discount`.
        more: other columns, by CUR name.
        split: of a container's line, its part of what the instance costs.
        start: aware UTC; None for the hours of the block.
        end: aware UTC; None for an hour after it starts.
    """

    kind: str
    meter: int
    quantity: Decimal
    cost: Decimal
    commitment: str = ""
    effective: Decimal | None = None
    upfront: Decimal | None = None
    unused: Decimal | None = None
    spread: Decimal | None = None
    on_demand: Decimal | None = None
    discount: Decimal = _ZERO
    private: Decimal = _ZERO
    more: Mapping[str, str] = field(default_factory=dict)
    split: Split | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that stand on the bill once for each of some hours, one after the other.

    Attributes:
        starts: beginnings of the hours, aware UTC.
        lines: the lines; to be read once.
        apart: they belong to the month, not to an hour, and follow all hours.
    """

    starts: Sequence[datetime]
    lines: Iterable[Line]
    apart: bool = False


@dataclass(slots=True)
class MonthBill:
    """The lines of one month as they are made.

    Attributes:
        start: first instant of the month.
        first: first instant that the bill covers.
        until: first instant that it does not.
        options: what was chosen.
        bought: commitments.
        meters: all meters, those of fees and negations at the end.
        hosts: ids of instances whose containers have lines of their own.
    """

    start: datetime
    first: datetime
    until: datetime
    options: Options
    bought: Bought
    meters: list[Meter]
    hosts: frozenset[str]
    _numbers: dict[tuple[str, ...], int] = field(default_factory=dict)

    def number(self, meter: Meter) -> int:
        """The number of a meter that names no resource; the same for equal ones."""
        key = (meter.account, meter.region, meter.zone, meter.service, meter.usage_type, meter.operation)
        if key not in self._numbers:
            self._numbers[key] = len(self.meters)
            self.meters.append(meter)
        return self._numbers[key]

    @property
    def end(self) -> datetime:
        """First instant of the next month."""
        return month_after(self.start)


def month_bill(used: Used, bought: Bought, options: Options, month: datetime) -> MonthBill:
    """The bill of a month before its lines are made.

    Args:
        used: what ran, in this month and others.
        bought: what had been bought.
        options: what is chosen.
        month: first instant of the month.

    Raises:
        ValueError: nothing ran in the month.
    """
    hours = [at for at in used.hours if month_of(at) == month]
    if not hours:
        raise ValueError(f"nothing ran in {month:%Y-%m}")
    hosts = hosts_of(used.meters) if options.split else frozenset()
    return MonthBill(month, hours[0], hours[-1] + HOUR, options, bought, list(used.meters), hosts)


def make_blocks(bill: MonthBill, used: Used) -> Iterator[Block]:
    """Usage and commitments of the month, each sort of hour once, then the fees of reservations.

    Read one block to its end before the next: what reservations covered is added up meanwhile.
    """
    ran = {each.holds.id: [_ZERO, _ZERO, _ZERO] for each in bill.bought.reservations}
    applying = Applying(used.meters, bill.bought)
    for starts in _alike(bill, used):
        yield Block(starts, _hour(bill, applying, starts, used.hours[starts[0]], ran))
    for one in bill.bought.reservations:
        yield Block([bill.first], _reservation_fees(bill, one, *ran[one.holds.id]), apart=True)


def _alike(bill: MonthBill, used: Used) -> Iterable[list[datetime]]:
    """Hours of the month in groups: those in which the same was used, held, and bought.

    That the same was used is seen by the object, as `Used` keeps it: comparing long hours would cost more than it saves.
    """
    groups: dict[tuple[int, tuple[str, ...], tuple[str, ...]], list[datetime]] = {}
    held = (*bill.bought.reservations, *bill.bought.plans)
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
            discount=_share(bill, bill.options.enterprise),
            more=_plan_facts(plans[arn]),
        )  # fmt: skip
    for arn, plan in plans.items():
        if plan.start <= at < plan.end:
            yield from _plan_fees(bill, at, plan, drawn[arn])
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
            discount=_share(bill, bill.options.enterprise),
            split=one,
        )  # fmt: skip


def _share(bill: MonthBill, share: Decimal) -> Decimal:
    return share if bill.options.discounts is not Discounts.NONE else _ZERO


def _plain(bill: MonthBill, number: int, quantity: Decimal) -> Line:
    meter = bill.meters[number]
    if bill.options.restated and meter.usage_type.endswith("Requests-Tier2"):
        quantity /= 2  # what the restatement corrects
    private = _share(bill, bill.options.private) if meter.family == "Data Transfer" else _ZERO
    return Line(
        "Usage", number, quantity, rounded(quantity * meter.rate),
        on_demand=rounded(quantity * meter.list_rate),
        discount=_share(bill, bill.options.enterprise) + private,
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
        discount=_share(bill, bill.options.enterprise),
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
        discount=_share(bill, bill.options.enterprise),
        more={"savingsPlan/SavingsPlanRate": f"{meter.plan_rates[plan.holds.kind]:f}", **_plan_facts(plan)},
    )  # fmt: skip


def _nameless(meter: Meter) -> Meter:
    """The meter of the negation of its usage: no resource, no tags."""
    return Meter(
        "", meter.account, meter.region, meter.service, meter.family, meter.usage_type, meter.operation, meter.unit,
        meter.rate, meter.list_rate, "SavingsPlanNegation used by AccountId", meter.zone, taggable=False,
        instance_type=meter.instance_type, system=meter.system,
    )  # fmt: skip


def _plan_facts(plan: Planned) -> dict[str, str]:
    kind = plan.holds.kind
    return {
        "savingsPlan/OfferingType": "ComputeSavingsPlans" if kind is PlanKind.COMPUTE else "EC2InstanceSavingsPlans",
        "savingsPlan/PaymentOption": plan.payment,
        "savingsPlan/PurchaseTerm": "1yr",
        "savingsPlan/Region": plan.holds.region,
        "savingsPlan/InstanceTypeFamily": plan.holds.family,
        "savingsPlan/StartTime": f"{plan.start:{STAMP}}",
        "savingsPlan/EndTime": f"{plan.end:{STAMP}}",
    }


def _plan_fees(bill: MonthBill, at: datetime, plan: Planned, drawn: Decimal) -> Iterator[Line]:
    holds = plan.holds
    kind = "ComputeSP" if holds.kind is PlanKind.COMPUTE else "EC2SP"
    where = prefix(holds.region) if holds.region else ""
    name = f"{where}{kind}:{holds.family + '.' if holds.family else ''}1yr{plan.payment.replace(' ', '')}"
    number = bill.number(_fee_meter(holds.account, holds.region, "ComputeSavingsPlans", name, "1 year Savings Plan"))
    share = _share(bill, bill.options.enterprise)
    if plan.start == at and plan.upfront:
        yield Line(
            "SavingsPlanUpfrontFee", number, Decimal(1), plan.upfront, holds.id, discount=share,
            more=_plan_facts(plan),
        )  # fmt: skip
    yield Line(
        "SavingsPlanRecurringFee", number, Decimal(1), plan.hourly, holds.id,
        unused=holds.commitment - drawn,
        spread=plan.upfront_hour,
        discount=share,
        more={
            **_plan_facts(plan),
            "savingsPlan/TotalCommitmentToDate": f"{holds.commitment:f}",
            "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod": f"{plan.upfront_hour:f}",
            "savingsPlan/RecurringCommitmentForBillingPeriod": f"{plan.hourly:f}",
        },
    )  # fmt: skip


def _fee_meter(account: str, region: str, service: str, usage_type: str, description: str) -> Meter:
    return Meter(
        "", account, region, service, "Fee", usage_type, "", "Hrs", _ZERO, _ZERO, description, taggable=False
    )  # fmt: skip


def _reservation_fees(
    bill: MonthBill, one: Reserved, taken: Decimal, recurring: Decimal, upfront: Decimal
) -> Iterator[Line]:
    """The monthly fee with what was not used of it, and the upfront payment if it was made in this month.

    Args:
        bill: the month.
        one: the reservation.
        taken: hours that it covered, in units if it is size-flexible, else in instances.
        recurring: recurring fee that went into usage.
        upfront: upfront payment that went into usage.
    """
    first, until = max(bill.first, one.start), min(bill.until, one.end)
    if first >= until:
        return
    hours, holds = (until - first) // HOUR, one.holds
    number = bill.number(_reservation_meter(one))
    share, facts = _share(bill, bill.options.enterprise), _reservation_facts(one)
    if bill.first <= one.start < bill.until and one.upfront:
        term = holds.count * ((one.end - one.start) // HOUR)
        yield Line(
            "Fee", number, holds.count, one.upfront, holds.id, discount=share, start=one.start,
            more={**facts, "reservation/TotalReservedUnits": f"{term:f}"},
        )  # fmt: skip
    whole = holds.count * hours
    spread, paid = one.upfront_hour * hours, one.hourly * hours
    flexible: dict[str, str] = {}
    unused = whole - taken
    if holds.units is not None:
        left = whole * holds.units - taken
        unused = left / holds.units
        flexible = {
            "reservation/TotalReservedNormalizedUnits": f"{whole * holds.units:f}",
            "reservation/NormalizedUnitsPerReservation": f"{holds.units * hours:f}",
            "reservation/UnusedNormalizedUnitQuantity": f"{left:f}",
        }
    yield Line(
        "RIFee", number, whole, paid, holds.id,
        start=first,
        end=until,
        unused=(spread - upfront) + (paid - recurring),
        spread=spread,
        discount=share,
        more={
            **facts,
            **flexible,
            "reservation/TotalReservedUnits": f"{whole:f}",
            "reservation/UnitsPerReservation": f"{hours}",
            "reservation/UnusedQuantity": f"{unused:f}",
            "reservation/AmortizedUpfrontFeeForBillingPeriod": f"{spread:f}",
            "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": f"{spread - upfront:f}",
            "reservation/UnusedRecurringFee": f"{paid - recurring:f}",
        },
    )  # fmt: skip


def _reservation_facts(one: Reserved) -> dict[str, str]:
    payment = "No Upfront" if not one.upfront else "Partial Upfront" if one.hourly else "All Upfront"
    return {
        "reservation/AvailabilityZone": one.holds.zone,
        "reservation/StartTime": f"{one.start:{STAMP}}",
        "reservation/EndTime": f"{one.end:{STAMP}}",
        "reservation/ModificationStatus": "Original",
        "reservation/NumberOfReservations": f"{one.holds.count:f}",
        "reservation/UpfrontValue": f"{one.upfront:f}",
        "pricing/term": "Reserved",
        "pricing/LeaseContractLength": "1yr",
        "pricing/OfferingClass": "standard",
        "pricing/PurchaseOption": payment,
    }


def _reservation_meter(one: Reserved) -> Meter:
    holds = one.holds
    kind = one.usage_type.replace("BoxUsage", "HeavyUsage").replace("InstanceUsage", "HeavyUsage")
    family = "Compute Instance" if one.service == "AmazonEC2" else "Database Instance"
    return Meter(
        "", holds.account, holds.attributes.region, one.service, family, kind, one.operation, "Hrs", _ZERO, _ZERO,
        f"USD {one.hourly:f} hourly fee per {one.instance_type} reservation", taggable=False,
        instance_type=one.instance_type,
    )  # fmt: skip
