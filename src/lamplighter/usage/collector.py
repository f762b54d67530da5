"""What a collector is: it counts what of one service is in use in one account and region, now."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar, Final

from lamplighter.aws.targets import Target
from lamplighter.lake.usage import Source, UsageSample
from lamplighter.resources.kind import Session

HOURLY: Final = 1
DAILY: Final = 24
ONE: Final = Decimal(1)
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that was seen in use, or put out by a schedule; attributes as of `UsageSample`."""

    resource_type: str
    quantity: Decimal = ONE
    platform: str = ""
    deployment: str = ""
    zone: str = ""
    schedule: str = ""
    spot: Decimal = ZERO
    scheduled_off: Decimal = ZERO
    covered: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Charged:
    """What the ledger says of one meter in an hour: charges of the same words, added up.

    Attributes:
        usage_type: as the bill has it, with the region's prefix: `EUC1-BoxUsage:m5.large`.
        operation: for example `RunInstances:0002`.
        instance_type: instance type, DB class or node type, empty if the bill does not say.
        system: operating system as the price list spells it, or empty.
        zone: Availability Zone, or empty.
        schedule: value of the schedule tag, or empty.
        quantity: in the meter's unit.
        covered: how much of it a commitment covered.
    """

    usage_type: str
    operation: str
    instance_type: str
    system: str
    zone: str
    schedule: str
    quantity: Decimal
    covered: Decimal


def _nobody(_: str) -> None:
    return None


def _nothing(_: str, __: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Around:
    """What a collector knows beside AWS's answers.

    Attributes:
        tag: key of the schedule tag.
        schedules: names that the tag can have.
        states: what the scheduler has stored of resources, by `kind/id`: `running`, `stopped`, ...
        known: the text that is kept under an id, None if there is none: AMI id -> operating system.
        learn: keeps a text under an id.
    """

    tag: str
    schedules: frozenset[str] = frozenset()
    states: Mapping[str, str] = field(default_factory=dict)
    known: Callable[[str], str | None] = _nobody
    learn: Callable[[str, str], None] = _nothing

    def put_out(self, key: str, schedule: str) -> bool:
        """Whether a schedule, and not somebody else, has put out a resource that stands still.

        Args:
            key: `kind/id`, as the scheduler stores it.
            schedule: value of its schedule tag.

        Returns:
            What the scheduler has stored, if it has stored something; else whether the tag names a schedule.
        """
        state = self.states.get(key)
        return state == "stopped" if state not in (None, "unknown") else schedule in self.schedules


class Collector(ABC):
    """One service. Subclasses stand in `lamplighter.usage.collectors`, and are found there.

    Attributes:
        service: its name in samples and looks.
        title: what is counted, for people.
        why: what the count is good for.
        source: AWS's page on what is charged.
        since: version of Lamplighter that had it first.
        hours: `HOURLY` or `DAILY`.
        keys: the kinds of keys under which table AWSCost has it.
        permissions: the IAM actions it calls.
        product: product code of its charges in bills.
    """

    service: ClassVar[str]
    title: ClassVar[str]
    why: ClassVar[str]
    source: ClassVar[str]
    since: ClassVar[str]
    hours: ClassVar[int]
    keys: ClassVar[tuple[str, ...]]
    permissions: ClassVar[tuple[str, ...]]
    product: ClassVar[str]

    @abstractmethod
    def look(self, session: Session, around: Around) -> Iterable[Seen]:
        """Everything that is charged now, and what schedules have put out.

        Raises:
            AwsError: a call failed; what was given before is not the whole and counts for nothing.
        """

    @abstractmethod
    def read(self, charged: Charged) -> Seen | None:
        """The same as a bill has it, in hours times how many; None for charges of something else."""

    @abstractmethod
    def values(self, sample: UsageSample) -> Mapping[str, str]:
        """The value under which a sample counts in table AWSCost, by kind of key; each of `keys` at most once."""


def samples_of(
    collector: Collector, target: Target, time: datetime, seen: Iterable[Seen], source: Source = Source.COLLECTED
) -> list[UsageSample]:
    """Samples of what was seen, with what is alike added up.

    Args:
        collector: of the service.
        target: where it was seen.
        time: beginning of the hour or day, aware.
        seen: in any order.
        source: how it came to be known.
    """
    sums: dict[Seen, Seen] = {}
    for one in seen:
        alike = replace(one, quantity=ZERO, spot=ZERO, scheduled_off=ZERO, covered=None)
        so_far = sums.get(alike)
        sums[alike] = _added(so_far, one) if so_far else one
    return [
        UsageSample(
            time, collector.hours, target.account, target.name or target.account, target.region, collector.service,
            one.resource_type, one.platform, one.deployment, one.zone, one.schedule,
            one.quantity, one.spot, one.scheduled_off, one.covered, source,
        )
        for one in sums.values()
        if one.quantity or one.scheduled_off
    ]  # fmt: skip


def _added(one: Seen, other: Seen) -> Seen:
    covered = None if one.covered is None or other.covered is None else one.covered + other.covered
    return replace(
        one,
        quantity=one.quantity + other.quantity,
        spot=one.spot + other.spot,
        scheduled_off=one.scheduled_off + other.scheduled_off,
        covered=covered,
    )


def beginning(time: datetime, hours: int) -> datetime:
    """The beginning of the hour or day (UTC) that a time is in.

    Args:
        time: aware.
        hours: `HOURLY` or `DAILY`.
    """
    start = time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return start.replace(hour=0) if hours == DAILY else start
