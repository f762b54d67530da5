"""Coverage and utilisation added up, and the ratios of the sums. Ratios are never averaged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from lamplighter.commitments.coverage import ZERO, Alike, CommitmentHour, CoverageHour


class By(StrEnum):
    """What to add up by."""

    SERVICE = "service"
    REGION = "region"
    FAMILY = "family"
    ACCOUNT = "account"
    HOUR = "hour"
    COMMITMENT = "commitment"


@dataclass(slots=True)
class Coverage:
    """What a group of usage came to; fields as of `CoverageHour`, summed.

    Attributes:
        group: values of what it was added up by.
        currency: of the money.
    """

    group: tuple[str, ...]
    currency: str
    hours: Decimal = ZERO
    reserved_hours: Decimal = ZERO
    plan_hours: Decimal = ZERO
    borrowed_hours: Decimal = ZERO
    units: Decimal | None = None
    covered_units: Decimal | None = None
    cost: Decimal | None = None
    covered_cost: Decimal | None = None
    unpriced_hours: Decimal = ZERO

    @property
    def covered_hours(self) -> Decimal:
        """Hours covered by reservations and plans."""
        return self.reserved_hours + self.plan_hours

    @property
    def on_demand_hours(self) -> Decimal:
        """Hours that nothing covered."""
        return self.hours - self.covered_hours

    @property
    def on_demand_cost(self) -> Decimal | None:
        """What nothing covered, at on-demand prices; None where nothing has a price."""
        return None if self.cost is None or self.covered_cost is None else self.cost - self.covered_cost

    @property
    def by_hours(self) -> Decimal | None:
        """Covered share of the hours, 0 to 1; None when there are none. Cost Explorer's coverage of reservations."""
        return share(self.covered_hours, self.hours)

    @property
    def by_units(self) -> Decimal | None:
        """Covered share of the normalised units, 0 to 1; None when there are none."""
        return share(self.covered_units, self.units)

    @property
    def by_cost(self) -> Decimal | None:
        """Covered share of the cost at on-demand prices, 0 to 1. Cost Explorer's coverage of Savings Plans."""
        return share(self.covered_cost, self.cost)


@dataclass(slots=True)
class Utilisation:
    """What a group of commitments came to; fields as of `CommitmentHour`, summed over the hours that are known.

    Attributes:
        group: values of what it was added up by.
        unit: of `total`, `used`, `lent` and `unused`.
        currency: of the money.
        unknown_hours: hours of commitments whose rest is not known; they are in no figure.
        unpriced_hours: hours of commitments whose cost is not known; they are in no money.
        on_demand_cost: what it covered, at on-demand prices; None where a price is not known.
    """

    group: tuple[str, ...]
    unit: str
    currency: str
    total: Decimal = ZERO
    used: Decimal = ZERO
    lent: Decimal = ZERO
    unused: Decimal = ZERO
    cost: Decimal | None = None
    used_cost: Decimal | None = None
    unused_cost: Decimal | None = None
    on_demand_cost: Decimal | None = ZERO
    unknown_hours: int = 0
    unpriced_hours: int = 0

    @property
    def utilisation(self) -> Decimal | None:
        """Used share of what had been bought, 0 to 1: hours, units or commitment. None when there is nothing."""
        return share(self.used, self.total)

    @property
    def saving(self) -> Decimal | None:
        """What it covered at on-demand prices, less all that it cost; negative when it was not worth it.

        None where a price or a cost is not known: of a part of the hours it would be a figure of something else.
        """
        if self.on_demand_cost is None or self.cost is None or self.unpriced_hours:
            return None
        return self.on_demand_cost - self.cost


@dataclass(frozen=True, slots=True)
class SavingsRate:
    """Effective savings rate: the share of the on-demand price of everything that commitments took off.

    Attributes:
        currency: of the money.
        on_demand_equivalent: all usage that commitments could cover, at on-demand prices.
        actual: what was paid for it: the rest on demand, and the commitments with all that nobody used of them. None
            where it cannot be told apart from what was paid for usage without a price.
        unpriced_hours: hours of usage without a price, which are in neither.
        left_out_hours: hours of commitments whose cost is not known, or that covered usage without a price: they and
            what they covered are in neither.
    """

    currency: str
    on_demand_equivalent: Decimal
    actual: Decimal | None
    unpriced_hours: Decimal = ZERO
    left_out_hours: int = 0

    @property
    def rate(self) -> Decimal | None:
        """1 - actual / on-demand equivalent; below 0 if commitments cost more than they save; None without usage."""
        if self.actual is None or not self.on_demand_equivalent:
            return None
        return 1 - self.actual / self.on_demand_equivalent


def share(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """Part of a whole, None when it is not known or there is none."""
    return None if part is None or not whole else part / whole


def coverage_by(hours: Iterable[Alike], by: Sequence[By]) -> list[Coverage]:
    """Usage added up, in order of the groups; currencies stay apart.

    Raises:
        ValueError: usage has no commitment to be added up by.
    """
    if By.COMMITMENT in by:
        raise ValueError("usage is added up by account, service, region, family or hour")
    sums: dict[tuple[tuple[str, ...], str], Coverage] = {}
    for alike in hours:
        for row in alike.coverage:
            for group, times in _groups(row, alike.times, by):
                key = (group, row.currency)
                add_coverage(sums.setdefault(key, Coverage(*key)), row, times)
    return [sums[key] for key in sorted(sums)]


def utilisation_by(hours: Iterable[Alike], by: Sequence[By]) -> list[Utilisation]:
    """Commitments added up, in order of the groups; units and currencies stay apart."""
    sums: dict[tuple[tuple[str, ...], str, str], Utilisation] = {}
    for alike in hours:
        for row in alike.commitments:
            for group, times in _groups(row, alike.times, by):
                key = (group, row.unit, row.currency)
                add_utilisation(sums.setdefault(key, Utilisation(*key)), row, times)
    return [sums[key] for key in sorted(sums)]


def add_coverage(one: Coverage, row: CoverageHour, times: int = 1) -> None:
    """Add what an hour came to, so many times."""
    one.hours += times * row.hours
    one.reserved_hours += times * row.reserved_hours
    one.plan_hours += times * row.plan_hours
    one.borrowed_hours += times * row.borrowed_hours
    one.unpriced_hours += times * row.unpriced_hours
    one.units = _plus(one.units, row.units, times)
    one.covered_units = _plus(one.covered_units, row.covered_units, times)
    one.cost = _plus(one.cost, row.cost, times)
    one.covered_cost = _plus(one.covered_cost, row.covered_cost, times)


def add_utilisation(one: Utilisation, row: CommitmentHour, times: int = 1) -> None:
    """Add what an hour of a commitment came to, so many times."""
    if row.unused is None:
        one.unknown_hours += times
        return
    one.total += times * row.total
    one.used += times * row.used
    one.lent += times * row.lent
    one.unused += times * row.unused
    one.unpriced_hours += times * (row.cost is None)
    one.cost = _plus(one.cost, row.cost, times)
    one.used_cost = _plus(one.used_cost, row.used_cost, times)
    one.unused_cost = _plus(one.unused_cost, row.unused_cost, times)
    known = one.on_demand_cost is not None and row.on_demand_cost is not None
    one.on_demand_cost = _plus(one.on_demand_cost, row.on_demand_cost, times) if known else None


def savings_rates(hours: Iterable[Alike]) -> list[SavingsRate]:
    """Effective savings rate of each currency.

    Of an hour of a commitment whose rest is not known only what was used counts as paid. An hour of a commitment whose
    cost is not known, or that covered usage without a price, is left out with all that it covered, and counted.
    """
    full: dict[str, Decimal] = defaultdict(Decimal)
    paid: dict[str, Decimal] = defaultdict(Decimal)
    unknown: dict[str, Decimal] = defaultdict(Decimal)
    left_out: dict[str, int] = defaultdict(int)
    for alike in hours:
        times = len(alike.times)
        for row in alike.coverage:
            full[row.currency] += times * (row.cost or ZERO)
            paid[row.currency] += times * ((row.cost or ZERO) - (row.covered_cost or ZERO))
            unknown[row.currency] += times * row.unpriced_hours
        for one in alike.commitments:
            cost = one.cost if one.unused is not None else one.used_cost
            if cost is None or one.on_demand_cost is None:
                full[one.currency] -= times * one.priced_cost
                left_out[one.currency] += times
            else:
                paid[one.currency] += times * cost
    return [SavingsRate(each, full[each], paid[each], unknown[each], left_out[each]) for each in sorted({*full, *paid})]


def _groups(
    row: CoverageHour | CommitmentHour, times: Sequence[datetime], by: Sequence[By]
) -> Iterator[tuple[tuple[str, ...], int]]:
    """The groups that a row of alike hours belongs to, and how often to each."""
    values = ["" if each is By.HOUR else str(getattr(row, each)) for each in by]
    if By.HOUR not in by:
        yield tuple(values), len(times)
        return
    place = list(by).index(By.HOUR)
    for at in times:
        yield (*values[:place], f"{at:%Y-%m-%dT%H:%MZ}", *values[place + 1 :]), 1


def _plus(total: Decimal | None, more: Decimal | None, times: int) -> Decimal | None:
    """The sum of what is known; None while nothing is."""
    return total if more is None else (total or ZERO) + times * more
