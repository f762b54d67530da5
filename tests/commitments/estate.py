"""The generated estate as `measure` wants it: one item a meter, in the order of the bill."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from lamplighter.commitments.coverage import Item, Quantities
from lamplighter.commitments.holdings import Held
from lamplighter.commitments.model import PlanKind, Target, Use
from lamplighter.estate.bill.bought import buy
from lamplighter.estate.bill.fleet import make_used
from lamplighter.estate.bill.meters import Meter
from lamplighter.estate.bill.used import Bought, Used
from lamplighter.lake.usage import Look, Source, UsageSample
from lamplighter.pricing import Money, OfferingClass

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
SERVICES = {"AmazonEC2": "ec2", "AmazonRDS": "rds", "AWSLambda": "lambda", "AmazonECS": "fargate"}


def made(seed: int, resources: int, end: datetime) -> tuple[Used, Bought]:
    """What ran from the first of October 2026 on, and what had been bought."""
    used = make_used(seed, resources, OCTOBER, end)
    return used, buy(used)


def items_of(used: Used) -> tuple[list[Item], dict[datetime, Quantities]]:
    """What commitments could cover."""
    chosen = [
        number for number, meter in enumerate(used.meters) if meter.attributes is not None or meter.plan_rates
    ]  # fmt: skip
    place = {number: index for index, number in enumerate(chosen)}
    hours = {
        at: tuple((place[number], much) for number, much in quantities if number in place)
        for at, quantities in used.hours.items()
    }
    return [_item(used.meters[number]) for number in chosen], hours


def _item(meter: Meter) -> Item:
    made = (meter.rate, meter.plan_rates, meter.attributes, meter.size, meter.zone, meter.units)
    use = Use("", meter.account, Decimal(1), *made)
    family = meter.attributes.family if meter.attributes else ""
    target = Target(meter.account, meter.region, SERVICES[meter.service])
    return Item(use, target, family, meter.instance_type, by_hour=bool(meter.instance_type), units=meter.units)


def held_of(bought: Bought) -> list[Held]:
    """What had been bought, as the inventory would tell it."""
    found = []
    for one in bought.reservations:
        holds = one.holds
        found.append(
            held(
                holds.id, holds.account, one.start, one.end, one.upfront / holds.count, one.hourly / holds.count,
                region=holds.attributes.region, key=f"ri-{holds.attributes.service}", attributes=holds.attributes,
                resource_type=one.instance_type, size=holds.size, count=holds.count, zone=holds.zone, units=holds.units,
            )
        )  # fmt: skip
    for each in bought.plans:
        plan = each.holds
        found.append(
            held(
                plan.id, plan.account, each.start, each.end, each.upfront, each.hourly, region=plan.region,
                key="sp-compute" if plan.kind is PlanKind.COMPUTE else "sp-ec2", value=plan.family, plan=plan.kind,
                commitment=Money(plan.commitment, "USD"),
            )
        )  # fmt: skip
    return found


def held(
    arn: str, account: str, start: datetime, end: datetime, upfront: Decimal, hourly: Decimal, **more: object
) -> Held:
    """A commitment that is in force."""
    facts: dict[str, object] = {
        "source": "test", "id": arn, "arn": arn, "account": account, "account_name": account, "region": "", "key": "",
        "value": "", "attributes": None, "resource_type": "", "size": "", "count": Decimal(1), "zone": "",
        "units": None, "plan": None, "commitment": None, "offering": "",
        "offering_class": OfferingClass.STANDARD, "terms": None,
        "start": start, "end": end, "upfront": Money(upfront, "USD"), "hourly": Money(hourly, "USD"),
        "state": "active", "as_of": end,
    }  # fmt: skip
    return Held(**(facts | more))  # type: ignore[arg-type]


def facts(*values: object) -> tuple[object, ...]:
    """Values to compare with plain numbers."""
    return values


def samples_of(used: Used) -> list[UsageSample]:
    """What ran as collectors would have told it, had they seen parts of hours: EC2 and RDS, alike usage once."""
    sums: dict[tuple[datetime, str, str, str, str, str, str, str], Decimal] = {}
    for at, quantities in used.hours.items():
        for number, much in quantities:
            meter = used.meters[number]
            made = meter.attributes
            if made is None:
                continue
            deployment = meter.deployment.lower() or made.tenancy
            what = (made.service, meter.instance_type, made.platform, deployment, meter.zone)
            key = (at, meter.account, meter.region, *what)
            sums[key] = sums.get(key, Decimal(0)) + much
    return [
        UsageSample(at, 1, account, account, region, service, kind, platform, deployment, zone, "", much)
        for (at, account, region, service, kind, platform, deployment, zone), much in sums.items()
    ]


def looks_of(samples: Iterable[UsageSample], hours: Iterable[datetime]) -> list[Look]:
    """Every hour of every target of these samples was looked at."""
    targets = sorted({(each.account, each.region, each.service) for each in samples})
    return [
        Look(at, account, account, region, service, Source.COLLECTED)
        for at in hours
        for account, region, service in targets
    ]
