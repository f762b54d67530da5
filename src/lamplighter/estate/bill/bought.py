"""What the made-up estate has bought: some of each kind, none of it quite used up.

Reservations and plans are sized on what runs, a little too large, so that a bill shows used and unused, own and lent.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from lamplighter.commitments.model import PlanKind, Reservation, SavingsPlan
from lamplighter.estate.bill.fleet import PAYER
from lamplighter.estate.bill.meters import RESERVED_SHARE, Meter
from lamplighter.estate.bill.used import YEAR_HOURS, Bought, Planned, Reserved, Used, month_of

_FINE: Final = Decimal("0.0001")


def buy(used: Used) -> Bought:
    """Buy for what is used: zonal, regional and database reservations; an EC2 Instance and a Compute Savings Plan.

    Some were bought months ago, some on the second day of the first month, so that their purchase is on its bill.
    What there is no usage for is not bought.
    """
    start = month_of(next(iter(used.hours)))
    long_ago, lately = start - timedelta(days=100), start + timedelta(days=1, hours=9)
    ran = Counter(number for hour in used.hours.values() for number, _ in hour)
    meters = [
        (used.meters[number], count) for number, count in ran.most_common() if not used.meters[number].only_reserved
    ]
    flexible = [each for each, _ in meters if each.units is not None and each.service == "AmazonEC2"]
    fixed = [each for each, _ in meters if each.system == "Windows" and each.attributes is not None]
    databases = [each for each, _ in meters if each.service == "AmazonRDS" and each.attributes is not None]
    reservations = []
    if flexible:
        reservations.append(_reserve(1, flexible[0], long_ago, Decimal(2), upfront=Decimal("0.5")))
        reservations.append(_reserve(2, flexible[-1], lately, Decimal(1), upfront=Decimal(1), account=PAYER))
    if fixed:
        reservations.append(_reserve(3, fixed[0], long_ago, Decimal(2), upfront=Decimal(0), zonal=True))
    if databases:
        reservations.append(_reserve(4, databases[0], long_ago, Decimal(1), upfront=Decimal("0.5")))
    return Bought(tuple(reservations), tuple(_plans(used, flexible, long_ago, lately)))


def compute_plan(used: Used, share: Decimal) -> Planned:
    """A Compute Savings Plan without upfront payment, for a share of what an average hour costs under it.

    Raises:
        ValueError: nothing is used that such a plan takes.
    """
    takes = {number for number, each in enumerate(used.meters) if PlanKind.COMPUTE in each.plan_rates}
    commitment = _average(used, PlanKind.COMPUTE, takes) * share
    if not commitment:
        raise ValueError("nothing is used that a Compute Savings Plan takes")
    start = month_of(next(iter(used.hours))) - timedelta(days=100)
    return _plan(6, PlanKind.COMPUTE, commitment, start, Decimal(0))


def _reserve(
    number: int,
    meter: Meter,
    start: datetime,
    count: Decimal,
    *,
    upfront: Decimal,
    zonal: bool = False,
    account: str = "",
) -> Reserved:
    """A reservation of the meter's type; `upfront` is the share that is paid at once."""
    made = meter.attributes
    assert made is not None
    hour = (meter.list_rate * RESERVED_SHARE * count).quantize(_FINE, ROUND_HALF_UP)
    first = (hour * upfront).quantize(_FINE, ROUND_HALF_UP)
    owner = account or meter.account
    service = "ec2" if meter.service == "AmazonEC2" else "rds"
    noun = "reserved-instances/" if service == "ec2" else "ri:"
    arn = f"arn:aws:{service}:{meter.region}:{owner}:{noun}{number:08x}-2222-3333-4444-555566667777"
    units = None if zonal else meter.units
    holds = Reservation(arn, owner, made, meter.size, count, meter.zone if zonal else "", units)
    return Reserved(
        holds,
        meter.service,
        meter.instance_type,
        meter.usage_type,
        meter.operation,
        start,
        first * YEAR_HOURS,
        hour - first,
        meter.units,
    )


def _plans(used: Used, flexible: list[Meter], long_ago: datetime, lately: datetime) -> list[Planned]:
    """Plans for about a third of what an average hour costs under each."""
    plans = []
    if flexible:
        # Of a family that the first reservation does not take, if there is one.
        made = [each.attributes for each in flexible if each.attributes is not None]
        one = next((each for each in made if each != made[0]), made[0])
        family = [
            number
            for number, each in enumerate(used.meters)
            if each.attributes and (each.attributes.region, each.attributes.family) == (one.region, one.family)
        ]
        commitment = _average(used, PlanKind.EC2_INSTANCE, set(family)) / 3
        plans.append(_plan(5, PlanKind.EC2_INSTANCE, commitment, lately, Decimal("0.5"), one.region, one.family))
    takes = {number for number, each in enumerate(used.meters) if PlanKind.COMPUTE in each.plan_rates}
    if takes:
        plans.append(_plan(6, PlanKind.COMPUTE, _average(used, PlanKind.COMPUTE, takes) / 3, long_ago, Decimal(0)))
    return plans


def _average(used: Used, kind: PlanKind, numbers: set[int]) -> Decimal:
    total = sum(
        quantity * used.meters[number].plan_rates[kind]
        for hour in used.hours.values()
        for number, quantity in hour
        if number in numbers
    )
    return Decimal(total) / len(used.hours)


def _plan(
    number: int,
    kind: PlanKind,
    commitment: Decimal,
    start: datetime,
    upfront: Decimal,
    region: str = "",
    family: str = "",
) -> Planned:
    whole = max(commitment.quantize(_FINE), _FINE)
    arn = f"arn:aws:savingsplans::{PAYER}:savingsplan/{number:08x}-2222-3333-4444-555566667777"
    first = (whole * upfront).quantize(_FINE)
    return Planned(SavingsPlan(arn, PAYER, kind, whole, region, family), start, first * YEAR_HOURS)
