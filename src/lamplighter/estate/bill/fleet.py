"""A made-up estate of any size: instances and databases with schedules, and all that goes with them.

The same seed and size give the same truth. Every resource follows one of a few weekly patterns, so most hours of a
month are like an hour of another week.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Final

from lamplighter.estate.bill import meters as make
from lamplighter.estate.bill.meters import Meter
from lamplighter.estate.bill.used import FINE, HOUR, Quantities, Used, month_after, month_of
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import MULTI_AZ, SINGLE_AZ, ec2_key, rds_key

ACCOUNTS: Final = ("444455556666", "777788889999", "123456789012", "222233334444")
PAYER: Final = "111122223333"
REGIONS: Final = ("us-east-1", "eu-central-1")
TEAMS: Final = ("shop", "payments", "data-science", "cloud-platform", "finance-systems")
RESERVED_CAPACITY: Final = 2
_LINUX: Final = ("m5.large", "m5.xlarge", "m5.2xlarge", "c6i.large", "c6i.xlarge", "r6i.large", "t3.medium")
_WINDOWS: Final = ("m5.large", "m6i.xlarge")
_DATABASES: Final = ("db.m6g.large", "db.m6g.xlarge", "db.r6g.large")

Pattern = Callable[[int, int], Decimal]
"""Share of an hour that something runs, by weekday (0 is Monday) and hour, UTC."""


def _always(day: int, hour: int) -> Decimal:
    del day, hour
    return Decimal(1)


def _office(day: int, hour: int) -> Decimal:
    if day > 4 or not 6 <= hour <= 18:
        return Decimal(0)
    # Started at 06:50, stopped at 18:15.
    return {6: Decimal("0.16666667"), 18: Decimal("0.25")}.get(hour, Decimal(1))


PATTERNS: Final[Mapping[str, Pattern]] = {
    "always-on": _always,
    "office-hours": _office,
    "two-shifts": lambda day, hour: Decimal(int(day < 6 and 5 <= hour < 21)),
    "weekends-off": lambda day, _hour: Decimal(int(day < 5)),
    "overnight-batch": lambda _day, hour: Decimal(int(hour >= 22 or hour < 4)),
}


@dataclass(frozen=True, slots=True)
class _Metered:
    """A meter, and how much of it counts in an hour of a week; times the length of the month where `monthly`."""

    meter: Meter
    pattern: Pattern
    amount: Decimal = Decimal(1)
    monthly: bool = False
    varies: bool = False


def make_used(seed: int, resources: int, start: datetime, end: datetime, book: PriceBook | None = None) -> Used:
    """What an estate of this size used over [start, end).

    Args:
        seed: any whole number.
        resources: how many instances, databases, functions, buckets and so on.
        start: aware UTC, a full hour.
        end: aware UTC, a full hour.
        book: prices.
    """
    draw = Random(f"{seed} bill")  # noqa: S311 - a bill is no secret
    prices = book or PriceBook.bundled()
    found = [each for number in range(resources) for each in _resource(number, draw, prices)]
    weeks: dict[tuple[int, int, datetime], Quantities] = {}
    hours: dict[datetime, Quantities] = {}
    at = start
    while at < end:
        key = (at.weekday(), at.hour, month_of(at))
        if key not in weeks:
            weeks[key] = tuple(_quantities(found, *key))
        hours[at] = weeks[key]
        at += HOUR
    return Used(tuple(each.meter for each in found), hours)


def _quantities(found: list[_Metered], day: int, hour: int, month: datetime) -> Iterator[tuple[int, Decimal]]:
    length = (month_after(month) - month) // HOUR
    for number, each in enumerate(found):
        quantity = each.pattern(day, hour) * each.amount
        if each.varies:
            # A daily tide that is the same in every week, between a half and one and a half.
            quantity = quantity * (50 + (hour * 37 + number * 13 + day * 7) % 101) / 100
        if each.monthly:
            quantity /= length
        quantity = quantity.quantize(FINE)
        if quantity:
            yield number, quantity


def _resource(number: int, draw: Random, book: PriceBook) -> Iterator[_Metered]:
    """One resource, by its place in a round of twenty, so that every size has a bit of all."""
    account, region = draw.choice(ACCOUNTS), REGIONS[draw.random() < 0.3]
    zone = region + draw.choice("ab")
    tags = _tags(number, draw)
    place = number % 20
    if place < 12:
        yield from _instance(place, draw, book, account, region, zone, tags)
    elif place < 16:
        yield from _database(place, draw, book, account, region, tags, number)
    else:
        yield from _serverless(place, draw, account, region, tags, number)


def _tags(number: int, draw: Random) -> Mapping[str, str]:
    name = draw.choice(tuple(PATTERNS)) if number % 4 else "always-on"
    if draw.random() < 0.15:
        return {}
    return {
        "Name": f"resource-{number:05}",
        "Team": draw.choice(TEAMS),
        "Environment": draw.choice(("production", "staging", "development")),
        "Schedule": name,
        "Spend_Category": draw.choice(("customer-facing", "internal-tools", "analytics")),
    }


def _pattern(tags: Mapping[str, str]) -> Pattern:
    return PATTERNS[tags.get("Schedule", "always-on")]


def _hex(draw: Random) -> str:
    return f"{draw.getrandbits(68):017x}"


def _instance(
    place: int, draw: Random, book: PriceBook, account: str, region: str, zone: str, tags: Mapping[str, str]
) -> Iterator[_Metered]:
    if place == 6 and tags:
        tags = {**tags, "Schedule": "office-hours"}
    system = "Windows" if place in (5, 11) else "Linux"
    kind = draw.choice(_WINDOWS if system == "Windows" else _LINUX)
    instance, pattern = f"i-{_hex(draw)}", _office if place == 6 else _pattern(tags)
    meter = make.hourly(
        ec2_key(region, kind, system), book, resource=instance, account=account, zone=zone, tags=tags
    )  # fmt: skip
    assert meter is not None, f"the price book lost {kind} in {region}"
    if place == 6:
        meter = replace(meter, capacity=f"arn:aws:ec2:{region}:{account}:capacity-reservation/cr-{instance[2:]}")
        yield from _capacity(meter, pattern)
    yield _Metered(make.spot(meter) if place == 8 else meter, pattern)
    if place in (3, 4):
        yield from _containers(meter, pattern, eks=place == 3)
    size = Decimal(draw.choice((30, 60, 100)))
    disk = f"vol-{_hex(draw)}"
    yield _Metered(
        make.volume("gp3", book, region, resource=disk, account=account, zone=zone, tags=tags), _always, size, True
    )
    if place == 2:
        traffic = make.other("transfer-out", region, resource=instance, account=account, tags=tags)
        yield _Metered(traffic, pattern, Decimal("1.5"), varies=True)
        address = make.other("ip-used", region, resource=f"eipalloc-{_hex(draw)}", account=account, tags=tags)
        yield _Metered(address, _always)
    if place == 7:
        disk = f"vol-{_hex(draw)}"
        left = make.volume("gp2", book, region, resource=disk, account=account, zone=zone, waste="unattached volume")
        yield _Metered(left, _always, Decimal(200), True)


def _capacity(meter: Meter, pattern: Pattern) -> Iterator[_Metered]:
    """A capacity reservation for two instances, of which at most one runs; its owners give it back in the night."""
    memo, unused = make.capacity(meter, meter.capacity)
    reserved = PATTERNS["two-shifts"]
    yield _Metered(memo, reserved, Decimal(RESERVED_CAPACITY))
    yield _Metered(unused, lambda day, hour: reserved(day, hour) * RESERVED_CAPACITY - pattern(day, hour))


def _containers(meter: Meter, pattern: Pattern, *, eks: bool) -> Iterator[_Metered]:
    """Pods or tasks that run as long as their instance does, and use now less, now more than is reserved for them."""
    draw = Random(f"{meter.resource} containers")  # noqa: S311 - a bill is no secret
    for name, cpus, memory in (("web", "0.5", "1"), ("worker", "1", "2.5"), ("cache", "0.25", "1.5")):
        reserved = Decimal(cpus), Decimal(memory)
        where, ids = f"{meter.region}:{meter.account}", f"{draw.getrandbits(48):012x}"
        if eks:
            arn = f"arn:aws:eks:{where}:pod/main/{name}s/{name}-0/2f1d-4c57-{ids}"
            tags = {
                "aws:eks:cluster-name": "main", "aws:eks:namespace": f"{name}s", "aws:eks:node": meter.resource,
                "aws:eks:workload-name": name, "aws:eks:workload-type": "Deployment",
            }  # fmt: skip
        else:
            arn = f"arn:aws:ecs:{where}:task/tasks/{ids}"
            tags = {"aws:ecs:clusterName": "tasks", "aws:ecs:serviceName": name}
        for one, amount in zip(make.container(meter, arn, reserved, tags), reserved, strict=True):
            yield _Metered(one, pattern, amount, varies=True)


def _database(
    place: int,
    draw: Random,
    book: PriceBook,
    account: str,
    region: str,
    tags: Mapping[str, str],
    number: int,
) -> Iterator[_Metered]:
    engine = ("mysql", "postgres", "postgres", "aurora-mysql")[place - 12]
    kind = "db.r6g.large" if engine.startswith("aurora") else draw.choice(_DATABASES)
    deployment = MULTI_AZ if place == 14 else SINGLE_AZ
    arn = f"arn:aws:rds:{region}:{account}:db:{draw.getrandbits(32):08x}-{number:05}"
    key = rds_key(region, kind, engine, deployment)
    meter = make.hourly(key, book, resource=arn, account=account, zone="", tags=tags)
    if meter is None:  # Aurora's prices are older than some of its classes
        key = replace(key, resource_type="db.r5.large")
        meter = make.hourly(key, book, resource=arn, account=account, zone="", tags=tags)
    assert meter is not None, f"the price book lost {kind} in {region}"
    yield _Metered(meter, _pattern(tags))
    storage = make.other("rds-storage", region, resource=arn, account=account, tags=tags)
    yield _Metered(storage, _always, Decimal(200), True)


def _serverless(
    place: int, draw: Random, account: str, region: str, tags: Mapping[str, str], number: int
) -> Iterator[_Metered]:
    where = f"{region}:{account}"
    name = f"{draw.getrandbits(32):08x}-{number:05}"
    if place == 16:
        arn = f"arn:aws:lambda:{where}:function:{name}"
        duration = make.other("lambda-duration", region, resource=arn, account=account, tags=tags)
        yield _Metered(duration, _always, Decimal(4_000), varies=True)
        requests = make.other("lambda-requests", region, resource=arn, account=account, tags=tags)
        yield _Metered(requests, _always, Decimal(20_000), varies=True)
    elif place == 17:
        for what, amount, monthly in (("s3-storage", 5_000, True), ("s3-get", 30_000, False), ("s3-put", 2_000, False)):
            meter = make.other(what, region, resource=f"bucket-{name}", account=account, tags=tags)
            yield _Metered(meter, _always, Decimal(amount), monthly, varies=not monthly)
    elif place == 18:
        nat = f"arn:aws:ec2:{where}:natgateway/nat-{_hex(draw)}"
        yield _Metered(make.other("nat-hours", region, resource=nat, account=account, tags=tags), _always)
        yield _Metered(
            make.other("nat-bytes", region, resource=nat, account=account, tags=tags), _always, Decimal(8), varies=True
        )
        yield _Metered(
            make.other("transfer-zone", region, account=account, taggable=False), _always, Decimal(20), varies=True
        )
        idle = make.other("ip-idle", region, resource=f"eipalloc-{_hex(draw)}", account=account, waste="idle address")
        yield _Metered(idle, _always)
    else:
        task = f"arn:aws:ecs:{where}:task/{name}/{_hex(draw)}"
        pattern = _pattern(tags)
        vcpu = make.other("fargate-vcpu", region, resource=task, account=account, tags=tags)
        yield _Metered(vcpu, pattern, Decimal(2))
        memory = make.other("fargate-memory", region, resource=task, account=account, tags=tags)
        yield _Metered(memory, pattern, Decimal(4))
        yield _Metered(
            make.other("logs", region, resource=f"arn:aws:logs:{where}:log-group:/{name}", account=account, tags=tags),
            pattern,
            Decimal("0.2"),
            varies=True,
        )
