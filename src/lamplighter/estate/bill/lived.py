"""The truth of what the simulated AWS ran: its own record of changes, times what its resources are.

This is not what the journal says: resources are described anew, and hours come from the history of the simulated AWS.
Instances and DB instances count from the call that starts them to the call that stops them, as they do in the journal.
Volumes, storage of databases, and what is used while something runs, such as data transfer, are there once a day, with
a day's quantity.

What the simulated AWS does not know is made up, the same for the same resource: how much data an instance sends, how
much an Aurora cluster stores, how often it reads and writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zlib import crc32

from lamplighter.aws.access import TargetSession
from lamplighter.estate.bill.meters import Meter, hourly, other, volume
from lamplighter.estate.bill.used import FINE, HOUR, Used, month_after, month_of, spread
from lamplighter.estate.history import StateChange
from lamplighter.estate.truth import lit_spells
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import MULTI_AZ, SINGLE_AZ, ec2_key, rds_key
from lamplighter.resources.kind import tags_of

COST_TAGS: Final = frozenset(
    {"Name", "Schedule", "Environment", "Team", "Owner", "Service", "Spend_Category", "CostCenter", "Application"}
)
"""Keys that are activated for cost allocation."""

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Running:
    """An instance or DB instance, and what an hour of it is.

    Attributes:
        kind: `ec2-instance` or `rds-instance`, as the history calls it.
        id: instance id, or DB identifier.
        cluster: DB cluster that it is a member of, or empty.
        meter: an hour of it; None when its price is not known.
        account: 12-digit account id.
        region: region code.
    """

    kind: str
    id: str
    cluster: str
    meter: Meter | None
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Stored:
    """Storage that costs whether anything runs or not.

    Attributes:
        meter: a GB-month of it.
        gib: how much there is.
    """

    meter: Meter
    gib: Decimal


@dataclass(frozen=True, slots=True)
class Moved:
    """What is used while something runs: data sent, reads and writes.

    Attributes:
        meter: one unit of it.
        an_hour: how much in an hour of each.
        by: what runs, as the history calls it: `ec2-instance/i-1`.
    """

    meter: Meter
    an_hour: Decimal
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Estate:
    """What stands in a target.

    Attributes:
        running: what runs by the hour.
        stored: what is kept by the month.
        moved: what is used while something runs; its account and region are those of its meter.
    """

    running: tuple[Running, ...]
    stored: tuple[Stored, ...]
    moved: tuple[Moved, ...] = ()


def describe(session: TargetSession, book: PriceBook) -> Estate:
    """Everything in a target that the bill prices.

    Raises:
        AwsError: a call failed.
    """
    machines = [
        instance
        for reservation in session.pages("ec2", "describe_instances", "Reservations")
        for instance in reservation["Instances"]
    ]
    databases = list(session.pages("rds", "describe_db_instances", "DBInstances"))
    tags = {one["InstanceId"]: _tags(one.get("Tags")) for one in machines}
    running = [
        *(_machine(session, one, book) for one in machines),
        *(_database(session, one, book) for one in databases),
    ]
    clusters = list(session.pages("rds", "describe_db_clusters", "DBClusters"))
    stored = [
        *_volumes(session, tags, book),
        *_storage(session, databases),
        *(Stored(_cluster(session, one, "aurora-storage"), _made_up(_id(one), 40, 400)) for one in clusters),
    ]
    moved = [
        *(_sent(session, one) for one in machines),
        *(_requests(session, one, databases) for one in clusters),
    ]
    return Estate(tuple(running), tuple(stored), tuple(moved))


def lived_used(estates: Iterable[Estate], history: Iterable[StateChange], start: datetime, end: datetime) -> Used:
    """What was used over [start, end), aware UTC times; days of storage begin at `start`."""
    spells = lit_spells(history, start, end)
    meters: list[Meter] = []
    hours: dict[datetime, list[tuple[int, Decimal]]] = {}
    first = at = start.replace(minute=0, second=0, microsecond=0)
    while at < end:
        hours[at] = []
        at += HOUR
    for estate in estates:
        for one in estate.running:
            if one.meter is None:
                continue
            lit = spells.get((one.account, one.region, f"{one.kind}/{one.id}"), ())
            for at, share in spread(lit).items():
                hours[at].append((len(meters), share))
            meters.append(one.meter)
        for kept in estate.stored:
            at = first
            while at < end:
                length = (month_after(month_of(at)) - month_of(at)) / DAY
                hours[at].append((len(meters), (kept.gib / Decimal(length)).quantize(FINE)))
                at += DAY
            meters.append(kept.meter)
        for moved in estate.moved:
            where = moved.meter.account, moved.meter.region
            for day, much in _by_day(first, (spells.get((*where, name), ()) for name in moved.by)).items():
                hours[day].append((len(meters), (much * moved.an_hour).quantize(FINE)))
            meters.append(moved.meter)
    return Used(tuple(meters), {at: tuple(found) for at, found in hours.items()})


def _by_day(first: datetime, spells: Iterable[Iterable[tuple[datetime, datetime]]]) -> Mapping[datetime, Decimal]:
    """Hours of each day, counted from `first`, that lie in spells of time; days without any are left out."""
    days: dict[datetime, Decimal] = {}
    for each in spells:
        for at, share in spread(each).items():
            day = first + (at - first) // DAY * DAY
            days[day] = days.get(day, Decimal(0)) + share
    return days


def _made_up(name: str, low: int, high: int) -> Decimal:
    """A whole number in [low, high], the same for the same name."""
    return Decimal(low + crc32(name.encode()) % (high - low + 1))


def _sent(session: TargetSession, one: Mapping[str, Any]) -> Moved:
    """Data that an instance sends to the internet, in GB."""
    target, name = session.target, one["InstanceId"]
    meter = other("transfer-out", target.region, resource=name, account=target.account, tags=_tags(one.get("Tags")))
    return Moved(meter, _made_up(name, 1, 40) / 100, (f"ec2-instance/{name}",))


def _requests(session: TargetSession, one: Mapping[str, Any], databases: Iterable[Mapping[str, Any]]) -> Moved:
    """Reads and writes of a cluster."""
    name = _id(one)
    members = (each for each in databases if each.get("DBClusterIdentifier") == name)
    by = tuple(f"rds-instance/{each['DBInstanceIdentifier']}" for each in members)
    return Moved(_cluster(session, one, "aurora-io"), _made_up(name, 20, 900) * 1000, by)


def _cluster(session: TargetSession, one: Mapping[str, Any], what: str) -> Meter:
    target = session.target
    return other(
        what, target.region, resource=one["DBClusterArn"], account=target.account, tags=_tags(one.get("TagList"))
    )


def _id(cluster: Mapping[str, Any]) -> str:
    return str(cluster["DBClusterIdentifier"])


def _tags(given: Any) -> Mapping[str, str]:
    return {key: value for key, value in tags_of(given).items() if key in COST_TAGS}


def _machine(session: TargetSession, one: Mapping[str, Any], book: PriceBook) -> Running:
    account, region = session.target.account, session.target.region
    system = one.get("PlatformDetails") or ("Windows" if one.get("Platform") == "windows" else "Linux/UNIX")
    meter = hourly(
        ec2_key(region, one["InstanceType"], system),
        book,
        resource=one["InstanceId"],
        account=account,
        zone=one["Placement"]["AvailabilityZone"],
        tags=_tags(one.get("Tags")),
    )
    return Running("ec2-instance", one["InstanceId"], "", meter, account, region)


def _database(session: TargetSession, one: Mapping[str, Any], book: PriceBook) -> Running:
    account, region = session.target.account, session.target.region
    meter = hourly(
        rds_key(region, one["DBInstanceClass"], one["Engine"], MULTI_AZ if one.get("MultiAZ") else SINGLE_AZ),
        book,
        resource=one["DBInstanceArn"],
        account=account,
        zone="",
        tags=_tags(one.get("TagList")),
    )
    cluster = one.get("DBClusterIdentifier") or ""
    return Running("rds-instance", one["DBInstanceIdentifier"], cluster, meter, account, region)


def _volumes(session: TargetSession, tags: Mapping[str, Mapping[str, str]], book: PriceBook) -> Iterator[Stored]:
    target = session.target
    for one in session.pages("ec2", "describe_volumes", "Volumes"):
        owner = next((each["InstanceId"] for each in one.get("Attachments", ())), "")
        meter = volume(
            one.get("VolumeType") or "gp2",
            book,
            target.region,
            resource=one["VolumeId"],
            account=target.account,
            zone=one["AvailabilityZone"],
            tags=_tags(one.get("Tags")) or tags.get(owner, {}),
        )
        yield Stored(meter, Decimal(one["Size"]))


def _storage(session: TargetSession, databases: Sequence[Mapping[str, Any]]) -> Iterator[Stored]:
    """Storage of DB instances; members of Aurora clusters have none of their own."""
    target = session.target
    for one in databases:
        if not one["Engine"].startswith("aurora"):
            meter = other(
                "rds-storage",
                target.region,
                resource=one["DBInstanceArn"],
                account=target.account,
                tags=_tags(one.get("TagList")),
            )
            yield Stored(meter, Decimal(one["AllocatedStorage"]))
