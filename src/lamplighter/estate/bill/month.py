"""A month's bill while it is made: its lines, and what they are about.

Every line is about a meter; fees, taxes and negations have meters of their own that name no resource. What only few
lines have (`more`) is by its CUR column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from lamplighter.estate.bill.meters import Meter
from lamplighter.estate.bill.options import Discounts, Options
from lamplighter.estate.bill.split import Split, hosts_of
from lamplighter.estate.bill.used import HOUR, Bought, Used, month_after, month_of

_ZERO = Decimal(0)


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


def discounted(bill: MonthBill, share: Decimal) -> Decimal:
    """What the contract takes off: nothing in a bill without discounts."""
    return share if bill.options.discounts is not Discounts.NONE else Decimal(0)
