"""The truth of what the simulated AWS ran: its own record of changes, times what its resources are.

This is not what the journal says: resources are described anew, and hours come from the history of the simulated AWS.
Instances and DB instances count from the call that starts them to the call that stops them, as they do in the journal.
Volumes and storage of databases are there once a day, with a day's quantity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

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
class Estate:
    """What stands in a target.

    Attributes:
        running: what runs by the hour.
        stored: what is kept by the month.
    """

    running: tuple[Running, ...]
    stored: tuple[Stored, ...]


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
    stored = [*_volumes(session, tags, book), *_storage(session, databases)]
    return Estate(tuple(running), tuple(stored))


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
    return Used(tuple(meters), {at: tuple(found) for at, found in hours.items()})


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
    """Storage of DB instances; that of Aurora grows by itself, and how much it is, is not known."""
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
