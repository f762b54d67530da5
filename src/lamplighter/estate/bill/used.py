"""The truth of what ran, hour by hour, and what had been bought to cover it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from lamplighter.commitments.model import Reservation, SavingsPlan
from lamplighter.estate.bill.meters import Meter

HOUR: Final = timedelta(hours=1)
YEAR_HOURS: Final = 8760
FINE: Final = Decimal("0.00000001")
"""Quantities have eight decimals."""

Quantities = tuple[tuple[int, Decimal], ...]
"""Number of a meter, and how much it counted in an hour; equal hours are the same object where that is cheap."""


@dataclass(frozen=True, slots=True)
class Used:
    """What ran.

    Attributes:
        meters: everything that was metered.
        hours: by the beginning of each hour, aware UTC, in order: what was used, every meter at most once.
    """

    meters: tuple[Meter, ...]
    hours: Mapping[datetime, Quantities]


@dataclass(frozen=True, slots=True)
class Reserved:
    """A reservation and its price, for all its instances together.

    Attributes:
        holds: what it covers; its id is the ARN.
        service: product code.
        instance_type: it was bought in.
        usage_type: of the usage it is for.
        operation: of the usage it is for.
        start: aware UTC.
        upfront: paid once, a multiple of `YEAR_HOURS` hours' shares.
        hourly: paid for every hour.
        units: normalised units of one instance.
    """

    holds: Reservation
    service: str
    instance_type: str
    usage_type: str
    operation: str
    start: datetime
    upfront: Decimal
    hourly: Decimal
    units: Decimal | None

    @property
    def end(self) -> datetime:
        """First instant after its term of a year."""
        return self.start + YEAR_HOURS * HOUR

    @property
    def upfront_hour(self) -> Decimal:
        """Share of the upfront payment in an hour."""
        return self.upfront / YEAR_HOURS


@dataclass(frozen=True, slots=True)
class Planned:
    """A Savings Plan and how it is paid.

    Attributes:
        holds: what it covers; its id is the ARN, its commitment is what an hour comes to.
        start: aware UTC.
        upfront: paid once, a multiple of `YEAR_HOURS` hours' shares; the rest of the commitment is paid hour by hour.
    """

    holds: SavingsPlan
    start: datetime
    upfront: Decimal = Decimal(0)

    @property
    def end(self) -> datetime:
        """First instant after its term of a year."""
        return self.start + YEAR_HOURS * HOUR

    @property
    def upfront_hour(self) -> Decimal:
        """Share of the upfront payment in an hour."""
        return self.upfront / YEAR_HOURS

    @property
    def hourly(self) -> Decimal:
        """What is paid for every hour."""
        return self.holds.commitment - self.upfront_hour

    @property
    def payment(self) -> str:
        """`No Upfront`, `Partial Upfront` or `All Upfront`."""
        return "No Upfront" if not self.upfront else "Partial Upfront" if self.hourly else "All Upfront"


@dataclass(frozen=True, slots=True)
class Bought:
    """Everything that had been bought.

    Attributes:
        reservations: reservations.
        plans: Savings Plans.
    """

    reservations: tuple[Reserved, ...] = ()
    plans: tuple[Planned, ...] = ()


def month_of(at: datetime) -> datetime:
    """The first instant of the calendar month, UTC."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(month: datetime) -> datetime:
    """The first instant of the next month."""
    return month_of(month + timedelta(days=32))


def spread(spells: Iterable[tuple[datetime, datetime]]) -> dict[datetime, Decimal]:
    """How much of each hour lies in spells of time, as a fraction with eight decimals; whole spells keep their length.

    Args:
        spells: [start, end) of aware UTC times that do not overlap.
    """
    found: dict[datetime, Decimal] = {}
    for start, end in spells:
        at = start.replace(minute=0, second=0, microsecond=0)
        while at < end:
            seconds = int((min(end, at + HOUR) - max(start, at)).total_seconds())
            if seconds:
                found[at] = found.get(at, Decimal(0)) + Decimal(seconds)
            at += HOUR
    return {at: (seconds / 3600).quantize(FINE, ROUND_HALF_UP) for at, seconds in sorted(found.items())}
