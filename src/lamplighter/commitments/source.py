"""What a source of commitments is: an API that lists reservations or Savings Plans in its own shape, or the ledger."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from lamplighter.commitments.holdings import Held, noted, terms_of
from lamplighter.commitments.matching import Fit
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass
from lamplighter.resources.kind import Session, partition_of


@dataclass(frozen=True, slots=True)
class Where:
    """Where a source was asked, and when.

    Attributes:
        account: 12-digit id.
        account_name: its name, or the id again.
        region: region code.
        as_of: when, aware UTC.
    """

    account: str
    account_name: str
    region: str
    as_of: datetime

    @property
    def currency(self) -> str:
        """What amounts are in where an API does not say: every part of AWS bills in one currency."""
        return "CNY" if self.region.startswith("cn-") else "USD"


class Source(ABC):
    """A place that tells what has been committed to. Members of the family are found by themselves, see `registry`.

    Attributes:
        name: stable name.
        title: name for people.
        why: what it tells.
        source: where its answers are documented.
        permissions: IAM actions it calls.
        keys: `Held.key` of what it finds.
        since: version of Lamplighter that brought it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    why: ClassVar[str]
    source: ClassVar[str]
    permissions: ClassVar[tuple[str, ...]]
    keys: ClassVar[tuple[str, ...]]
    since: ClassVar[str]

    @abstractmethod
    def held(self, row: Mapping[str, Any], where: Where) -> Held:
        """What one row says, in the common shape.

        Raises:
            KeyError: it lacks what every one must have.
            ValueError: an amount or a time cannot be read.
        """


class Api(Source):
    """An API that lists them.

    Attributes:
        everywhere: whether one answer holds for all regions of an account.
    """

    everywhere: ClassVar[bool] = False

    @abstractmethod
    def rows(self, session: Session) -> Iterator[Mapping[str, Any]]:
        """Everything that AWS lists in an account and region, in its own shape, whatever its state.

        Raises:
            AwsError: a call failed; what was yielded before is not the whole.
        """


class FromLedger(Source):
    """Where AWS has no API for it, the charges of the lake; they say less.

    Attributes:
        question: a SELECT over `charges` in DuckDB's SQL; its rows are what `held` reads, by column. There is
            `account` among them, `region`, and `until`: end of the last month of the ledger, naive UTC.
    """

    question: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Charges:
    """What one instance of a reservation costs.

    Attributes:
        upfront: at once.
        hourly: every hour, used or not; None when a charge recurs in another rhythm.
        notes: what is unusual.
    """

    upfront: Money
    hourly: Money | None
    notes: tuple[str, ...] = ()


def charges_of(
    row: Mapping[str, Any],
    currency: str,
    *,
    amount: str = "RecurringChargeAmount",
    rhythm: str = "RecurringChargeFrequency",
) -> Charges:
    """Read `FixedPrice`, `UsagePrice` and `RecurringCharges` as all six services have them.

    Args:
        row: a reservation.
        currency: of its amounts.
        amount: name of a recurring charge's amount.
        rhythm: name of its frequency; AWS knows `Hourly` only.
    """
    notes: list[str] = []
    total: Decimal | None = Decimal(0)
    for charge in row.get("RecurringCharges") or ():
        frequency = str(charge.get(rhythm) or "Hourly")
        if frequency.lower() != "hourly":
            notes.append(f"a charge recurs {frequency!r}, not hourly: what an hour costs is not known")
            total = None
        elif total is not None:
            total += exact(charge[amount])
    if usage := exact(row.get("UsagePrice") or 0):
        notes.append(f"{usage} {currency} is paid beside that for each hour of use")
    hourly = None if total is None else Money(total, currency)
    return Charges(Money(exact(row.get("FixedPrice") or 0), currency), hourly, tuple(notes))


def exact(value: object) -> Decimal:
    """An amount or count as AWS wrote it; botocore reads some as floats, whose shortest text is what was written.

    Raises:
        ValueError: it is no number.
    """
    try:
        found = Decimal(str(value))
    except ArithmeticError as error:
        raise ValueError(f"{value!r} is no number") from error
    if not found.is_finite():
        raise ValueError(f"{value!r} is no number")
    return found


def instant(value: object) -> datetime:
    """A time as botocore gives it, aware UTC: a datetime, or the text of a Savings Plan.

    Raises:
        ValueError: it is no time.
    """
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def reservation(
    source: Source,
    where: Where,
    fit: Fit,
    row: Mapping[str, Any],
    charges: Charges,
    *,
    id_: str,
    arn: str,
    value: str,
    resource_type: str,
    count: object,
    offering: str,
    start: datetime,
    end: datetime | None = None,
    zone: str = "",
    offering_class: OfferingClass = OfferingClass.STANDARD,
    notes: Iterable[str] = (),
) -> Held:
    """A reservation; `row` has `State`, and `Duration` in seconds where there is no `end`."""
    until = end or start + timedelta(seconds=int(row["Duration"]))
    terms = terms_of(start, until, offering, offering_class)
    unusual = "" if terms else f"not for one or three years in one of today's ways of paying: {offering or 'unknown'}"
    return Held(
        source=source.name,
        id=id_,
        arn=arn,
        account=where.account,
        account_name=where.account_name,
        region=where.region,
        key=source.keys[0],
        value=value,
        attributes=fit.attributes,
        resource_type=resource_type,
        size=fit.size,
        count=exact(count),
        zone=zone,
        units=None if zone else fit.units,
        plan=None,
        commitment=None,
        offering=offering,
        offering_class=offering_class,
        terms=terms,
        start=start,
        end=until,
        upfront=charges.upfront,
        hourly=charges.hourly,
        state=str(row.get("State") or "unknown"),
        as_of=where.as_of,
        notes=noted([*notes, fit.note if not zone else "", unusual, *charges.notes]),
    )


def arn_of(service: str, where: Where, resource: str) -> str:
    """An ARN, where an API gives none."""
    return f"arn:{partition_of(where.region)}:{service}:{where.region}:{where.account}:{resource}"


def first_of(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The first of these members that is there.

    Raises:
        KeyError: none is.
    """
    for name in names:
        if row.get(name) is not None:
            return row[name]
    raise KeyError(names[0])
