"""What an estate has committed to: reservations of six services and Savings Plans in one shape.

`Held` is what AWS's APIs say (or the ledger, where AWS has no API); what is in force in an hour is handed to
`lamplighter.commitments.apply` as `Reservation` and `SavingsPlan`. Everything here is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from lamplighter.commitments.model import Attributes, PlanKind, Reservation, SavingsPlan
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass, Payment, Terms

YEAR: Final = timedelta(days=365)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_IN_FORCE: Final = frozenset({"active", "exchanging"})
_ENDED: Final = "retired"
_QUEUED: Final = "queued"


@dataclass(frozen=True, slots=True)
class Held:
    """A reservation or a Savings Plan.

    Amounts are for one instance (node, unit) of a reservation, and for the whole of a Savings Plan.

    Attributes:
        source: name of the source that found it, `ec2`, `savings-plans`, ...
        id: AWS's id of it.
        arn: its ARN, which bills know it by; made from the id where the API gives none.
        account: 12-digit id of the owner.
        account_name: its name, or the id again.
        region: region code; empty for a Savings Plan that is good everywhere.
        key: what kind of commitment, `ri-ec2`, `ri-rds`, ..., `sp-compute`, `sp-ec2`, `sp-sagemaker`, `sp-database`.
        value: what of it, as usage of the same kind is named: `linux-t2.small`, `db.r4.large:aurora-mysql`; of an EC2
            Instance Savings Plan the instance family; empty for other plans.
        attributes: what it has in common with the usage it covers; None for a Savings Plan.
        resource_type: type it was bought in, `m5.large`; empty for a Savings Plan.
        size: size of that type.
        count: how many instances, nodes or capacity units; 1 for a Savings Plan.
        zone: Availability Zone of a zonal one; empty for a regional one.
        units: normalised units of one instance if it is size-flexible, else None.
        plan: which Savings Plan it is; None for a reservation.
        commitment: money an hour that a Savings Plan commits to, paid upfront or not; None for a reservation.
        offering: how it is paid, as AWS spells it there (`Partial Upfront`, `PARTIAL_UPFRONT`, `Heavy Utilization`).
        offering_class: `standard` or `convertible`.
        terms: the same as terms of an offer; None when it is not for one or three years or not paid in one of today's
            three ways (bought on the marketplace, or long ago).
        start: aware UTC.
        end: first instant at which it is no longer good, aware UTC; None when not known (no API tells it).
        upfront: paid at once; None when not known.
        hourly: paid for every hour, used or not; None when not known.
        state: as AWS spells it: `active`, `queued`, `payment-pending`, `retired`, ...
        shared: whether other accounts of the organisation may use it; no API tells, so AWS's default is taken.
        as_of: when AWS said so, aware UTC.
        notes: what could not be told or is unusual, one line each.
    """

    source: str
    id: str
    arn: str
    account: str
    account_name: str
    region: str
    key: str
    value: str
    attributes: Attributes | None
    resource_type: str
    size: str
    count: Decimal
    zone: str
    units: Decimal | None
    plan: PlanKind | None
    commitment: Money | None
    offering: str
    offering_class: OfferingClass
    terms: Terms | None
    start: datetime
    end: datetime | None
    upfront: Money | None
    hourly: Money | None
    state: str
    as_of: datetime
    shared: bool = True
    notes: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        """`zone`, `region`, or `everywhere` for a Savings Plan that no region binds."""
        return "zone" if self.zone else "region" if self.region else "everywhere"

    @property
    def size_flexible(self) -> bool:
        """Whether it covers other sizes of its family."""
        return self.units is not None and not self.zone

    @property
    def effective(self) -> Money | None:
        """What an hour of all of it costs with the upfront payment spread over the term; None when not known."""
        if self.upfront is None or self.hourly is None or self.end is None or self.end <= self.start:
            return None
        hours = Decimal((self.end - self.start).total_seconds()) / 3600
        upfront = Money(self.upfront.amount / hours, self.upfront.currency)
        return (upfront + self.hourly) * self.count

    def in_force(self, at: datetime, *, queued: bool = False) -> bool:
        """Whether it covers usage at an instant.

        One that is retired because it ended did so until then. One that was retired before its end, is not paid yet,
        is queued, returned or about to be returned does not, whatever its dates say.

        Args:
            at: aware.
            queued: whether to count those that are queued from their start on, to look ahead.
        """
        if at < self.start or self.ended(at):
            return False
        if self.state in _IN_FORCE:
            return True
        return (self.state == _ENDED and self.ended(self.as_of)) or (queued and self.state == _QUEUED)

    def ended(self, at: datetime) -> bool:
        """Whether its term is known to be over at an instant."""
        return self.end is not None and self.end <= at

    @property
    def lives(self) -> bool:
        """Whether it is in force, or will be, as far as AWS knew then."""
        return not self.ended(self.as_of) and (self.state in _IN_FORCE or self.state in {_QUEUED, "payment-pending"})


def in_force(held: Iterable[Held], at: datetime, *, queued: bool = False) -> list[Held]:
    """Those that cover usage at an instant, see `Held.in_force`."""
    return [each for each in held if each.in_force(at, queued=queued)]


def reservations_at(held: Iterable[Held], at: datetime, *, queued: bool = False) -> list[Reservation]:
    """The reservations in force at an instant, for `lamplighter.commitments.apply`."""
    return [
        Reservation(each.arn, each.account, each.attributes, each.size, each.count, each.zone, each.units, each.shared)
        for each in in_force(held, at, queued=queued)
        if each.attributes is not None
    ]


def plans_at(held: Iterable[Held], at: datetime, *, queued: bool = False) -> list[SavingsPlan]:
    """The Savings Plans in force at an instant, for `lamplighter.commitments.apply`."""
    return [
        SavingsPlan(
            each.arn,
            each.account,
            each.plan,
            each.commitment.amount,
            each.region,
            each.value if each.plan is PlanKind.EC2_INSTANCE else "",
            each.shared,
        )
        for each in in_force(held, at, queued=queued)
        if each.plan is not None and each.commitment is not None
    ]


def expiring(held: Iterable[Held], at: datetime, days: int) -> list[Held]:
    """Those in force at an instant that end within so many days, the next to end first."""
    until = at + timedelta(days=days)
    return by_expiry(each for each in in_force(held, at) if each.ended(until))


def by_expiry(held: Iterable[Held]) -> list[Held]:
    """In order of their ends, those that are not known last; among equals by account, kind, value and id."""
    return sorted(held, key=lambda each: (each.end or _NEVER, each.account, each.key, each.value, each.id))


def terms_of(start: datetime, end: datetime, offering: str, offering_class: OfferingClass) -> Terms | None:
    """The terms of what lasts one or three years, give or take leap days, and is paid in one of today's three ways.

    Args:
        start: aware.
        end: aware.
        offering: as any of AWS's APIs spells it: `No Upfront`, `NO_UPFRONT`.
        offering_class: of it.
    """
    word = " ".join(offering.replace("_", " ").split()).title()
    payment = next((each for each in Payment if each.value == word), None)
    length = end - start
    years = next((years for years in (1, 3) if abs(length - years * YEAR) <= timedelta(days=2)), None)
    return Terms(years, payment, offering_class) if payment and years else None


def noted(notes: Sequence[str]) -> tuple[str, ...]:
    """Notes without the empty ones and without repeats."""
    return tuple(dict.fromkeys(note for note in notes if note))
