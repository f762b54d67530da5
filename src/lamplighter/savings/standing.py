"""What goes on being paid while resources are out: asked of AWS, priced over a span."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from lamplighter.aws.parallel import each
from lamplighter.aws.targets import Target
from lamplighter.errors import LamplighterError
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.months import months_between
from lamplighter.pricing.price import BY_THE_MONTH, HOURS
from lamplighter.resources.kind import Kind, Resource, Session, Standing

_EXACT = Decimal("1e-12")
"""Amounts are rounded to this, so that sums do not depend on the order of their parts."""


@dataclass(frozen=True, slots=True)
class StandingCost:
    """What goes on being paid over a span.

    Attributes:
        costs: what is known, one amount a currency.
        whole: whether that is all.
        estimated: whether a price in it is an estimate.
    """

    costs: Mapping[str, Money] = field(default_factory=dict)
    whole: bool = True
    estimated: bool = False


def standing_cost(book: PriceBook, standing: Iterable[Standing] | None, start: datetime, end: datetime) -> StandingCost:
    """Price what goes on over [start, end), aware datetimes.

    What is paid by the month counts as its share of each calendar month, see `months_between`.

    Args:
        book: list prices.
        standing: what goes on; None if that is not known.
        start: begin.
        end: end, not included.
    """
    if standing is None:
        return StandingCost(whole=False)
    hours = Decimal((end - start).days * 86_400 + (end - start).seconds) / 3600
    costs: dict[str, Money] = {}
    whole, estimated = True, False
    for part in standing:
        price = book.find(part.key)
        if price is None or price.unit not in (HOURS, *BY_THE_MONTH):
            whole = False
            continue
        length = hours if price.unit == HOURS else months_between(start, end)
        amount = Money((price.rate.amount * part.quantity * length).quantize(_EXACT), price.rate.currency)
        costs[amount.currency] = costs[amount.currency] + amount if amount.currency in costs else amount
        estimated = estimated or price.estimated
    return StandingCost(costs, whole, estimated)


@dataclass(frozen=True, slots=True)
class Asked:
    """What AWS said goes on.

    Attributes:
        found: by target and `kind/id`; None, or no entry, if it is not known.
        failures: targets in which it could not be found out, in order.
    """

    found: Mapping[tuple[Target, str], tuple[Standing, ...] | None] = field(default_factory=dict)
    failures: Sequence[tuple[Target, LamplighterError]] = ()


def ask_standing(
    resources: Mapping[Target, Sequence[Resource]],
    kinds: Mapping[str, Kind],
    session: Callable[[Target], Session],
    *,
    threads: int,
) -> Asked:
    """Ask what goes on being paid for resources; a kind or target that cannot be asked stops no other.

    Args:
        resources: by their account and region.
        kinds: the kinds, by name.
        session: calls in a target.
        threads: how many targets at a time.
    """

    def ask(target: Target) -> tuple[dict[str, tuple[Standing, ...] | None], list[LamplighterError]]:
        here, errors = session(target), []
        found: dict[str, tuple[Standing, ...] | None] = {}
        for name in sorted({resource.kind for resource in resources[target]}):
            some = [resource for resource in resources[target] if resource.kind == name]
            try:
                answer = kinds[name].standing(here, some)
            except LamplighterError as error:
                errors.append(error)
            else:
                found.update({resource.key: answer.get(resource.id) for resource in some})
        return found, errors

    found: dict[tuple[Target, str], tuple[Standing, ...] | None] = {}
    failures: list[tuple[Target, LamplighterError]] = []
    for outcome in each(list(resources), ask, threads=threads):
        if outcome.error is not None:
            failures.append((outcome.target, outcome.error))
        if outcome.value is not None:
            found.update({(outcome.target, key): standing for key, standing in outcome.value[0].items()})
            failures += [(outcome.target, error) for error in outcome.value[1]]
    return Asked(found, failures)
