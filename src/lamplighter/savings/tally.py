"""Hours and money that add up: lit against always on, unknown prices counted apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.price import HOURS, PriceKey


@dataclass(frozen=True, slots=True)
class Tally:
    """What some resources did, or would do, over a span of time.

    Attributes:
        resources: how many.
        lit_hours: hours in which they ran, summed over resources.
        all_hours: hours they would have run if always on.
        lit_cost: on-demand cost of the lit hours whose price is known, one amount a currency.
        all_cost: the same for all hours.
        unpriced: resources whose price is not known; their hours are counted, their money is not.
        estimated: resources with a price that is an estimate.
        starts: transitions to lit.
        stops: transitions to out.
        standing: what went on being paid, lit or out, as far as it is known; part of both costs.
        standing_unknown: resources of which it is not, or not wholly, known.
    """

    resources: int = 0
    lit_hours: Decimal = Decimal(0)
    all_hours: Decimal = Decimal(0)
    lit_cost: Mapping[str, Money] = field(default_factory=dict)
    all_cost: Mapping[str, Money] = field(default_factory=dict)
    unpriced: int = 0
    estimated: int = 0
    starts: int = 0
    stops: int = 0
    standing: Mapping[str, Money] = field(default_factory=dict)
    standing_unknown: int = 0

    @property
    def cost(self) -> dict[str, Money]:
        """Known cost of the lit hours and of what went on, by currency."""
        return _merge((self.lit_cost, self.standing))

    @property
    def cost_always_on(self) -> dict[str, Money]:
        """Known cost of all hours and of what went on, by currency."""
        return _merge((self.all_cost, self.standing))

    @property
    def saved(self) -> dict[str, Money]:
        """All hours minus lit hours in money, by currency."""
        return {currency: cost - self.lit_cost[currency] for currency, cost in self.all_cost.items()}

    @property
    def saved_share(self) -> Decimal | None:
        """Share of all hours that were out, 0 to 1; None when there were no hours."""
        return 1 - self.lit_hours / self.all_hours if self.all_hours else None


def tally(
    book: PriceBook, prices: Iterable[PriceKey], lit: Decimal, whole: Decimal, *, starts: int = 0, stops: int = 0
) -> Tally:
    """The tally of one resource.

    Args:
        book: on-demand prices.
        prices: what is paid for each hour lit; if empty, or any of it unknown or not by the hour, the money is unknown.
        lit: hours lit.
        whole: hours of the span.
        starts: how often it was lit.
        stops: how often it was put out.
    """
    found = [book.find(key) for key in prices]
    known = [price for price in found if price is not None and price.unit == HOURS]
    priced = bool(known) and len(known) == len(found)
    lit_cost: dict[str, Money] = {}
    all_cost: dict[str, Money] = {}
    if priced:
        for price in known:
            currency = price.rate.currency
            nothing = Money(Decimal(0), currency)
            lit_cost[currency] = lit_cost.get(currency, nothing) + price.rate * lit
            all_cost[currency] = all_cost.get(currency, nothing) + price.rate * whole
    estimated = int(priced and any(price.estimated for price in known))
    return Tally(1, lit, whole, lit_cost, all_cost, int(not priced), estimated, starts, stops)


def add(tallies: Iterable[Tally]) -> Tally:
    """The sum of tallies."""
    parts = list(tallies)
    return Tally(
        sum(part.resources for part in parts),
        sum((part.lit_hours for part in parts), Decimal(0)),
        sum((part.all_hours for part in parts), Decimal(0)),
        _merge(part.lit_cost for part in parts),
        _merge(part.all_cost for part in parts),
        sum(part.unpriced for part in parts),
        sum(part.estimated for part in parts),
        sum(part.starts for part in parts),
        sum(part.stops for part in parts),
        _merge(part.standing for part in parts),
        sum(part.standing_unknown for part in parts),
    )


def _merge(costs: Iterable[Mapping[str, Money]]) -> dict[str, Money]:
    merged: dict[str, Money] = {}
    for cost in costs:
        for currency, money in cost.items():
            merged[currency] = merged[currency] + money if currency in merged else money
    return merged
