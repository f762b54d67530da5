"""Savings Plans that could be bought: of each kind, the terms that are worth a thought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from lamplighter.commitments.model import PlanKind, SavingsPlan
from lamplighter.commitments.sizing.capital import hourly_cost
from lamplighter.commitments.sizing.problem import Instrument
from lamplighter.commitments.sizing.wishes import Evidence, Wishes
from lamplighter.pricing.offers import Payment, Plan, Terms
from lamplighter.pricing.price import PriceKey

if TYPE_CHECKING:
    from lamplighter.commitments.sizing.demand import Demand
    from lamplighter.pricing.book import PriceBook
    from lamplighter.pricing.money import Money

DATABASES: Final = frozenset({"rds", "elasticache", "opensearch", "dynamodb", "memorydb"})
TAKES: Final[Mapping[PlanKind, frozenset[str]]] = {
    PlanKind.EC2_INSTANCE: frozenset({"ec2"}),
    PlanKind.COMPUTE: frozenset({"ec2", "fargate", "lambda"}),
    PlanKind.DATABASE: DATABASES,
    PlanKind.SAGEMAKER: frozenset({"sagemaker"}),
}
"""Services whose usage a kind of plan can take; whether it does, its rates tell."""


def plans_worth(
    demand: Demand,
    rows: Sequence[int],
    prices: Mapping[int, tuple[PriceKey, Decimal]],
    book: PriceBook,
    wishes: Wishes,
) -> tuple[list[tuple[Instrument, Evidence]], dict[int, dict[str, Decimal]]]:
    """Plans that no other terms beat for all usage, and by row of the demand what a use draws on each."""
    rates: dict[int, dict[str, Decimal]] = {row: {} for row in rows}
    scopes: dict[tuple[PlanKind, str, str, str], list[int]] = {}
    for row in rows:
        made = demand.keys[row].attributes
        account = "" if wishes.shared else demand.keys[row].account
        for kind, services in TAKES.items():
            if made.service in services:
                where = (made.region, made.family) if kind is PlanKind.EC2_INSTANCE else ("", "")
                scopes.setdefault((kind, *where, account), []).append(row)
    found = []
    for (kind, region, family, account), served in scopes.items():
        for terms, drawn, evidence in _frontier(kind, served, prices, book, wishes):
            plan, upfront, hourly = one_dollar(kind, region, family, account, terms)
            found.append((Instrument(plan.id, plan, terms, upfront, hourly), evidence))
            for row, rate in drawn.items():
                rates[row][plan.id] = rate
    return found, rates


def one_dollar(
    kind: PlanKind, region: str, family: str, account: str, terms: Terms
) -> tuple[SavingsPlan, Decimal, Decimal]:
    """A dollar an hour of a plan, and what it costs upfront and by the hour: Partial Upfront pays half at once."""
    name = "sp:" + ":".join(
        part for part in (kind.value, region, family, account, f"{terms.years}y {terms.payment}") if part
    )
    plan = SavingsPlan(name, account, kind, Decimal(1), region, family, shared=not account)
    upfront = {Payment.NO_UPFRONT: Decimal(0), Payment.PARTIAL_UPFRONT: Decimal("0.5"), Payment.ALL_UPFRONT: Decimal(1)}
    at_once = upfront[terms.payment]
    return plan, at_once * terms.hours, 1 - at_once


def _frontier(
    kind: PlanKind,
    rows: Sequence[int],
    prices: Mapping[int, tuple[PriceKey, Decimal]],
    book: PriceBook,
    wishes: Wishes,
) -> list[tuple[Terms, dict[int, Decimal], Evidence]]:
    """Terms of a plan that no other terms beat for all usage."""
    found: list[tuple[Terms, dict[int, Decimal], Evidence, dict[int, float]]] = []
    for terms in wishes.terms:
        listed = {row: book.plan_rate(Plan(kind.value), prices[row][0], terms) for row in rows}
        known = {row: rate for row, rate in listed.items() if rate is not None and _fits(rate.rate, wishes)}
        if not known:
            continue
        _, upfront, hourly = one_dollar(kind, "", "", "", terms)
        price = hourly_cost(float(upfront), float(hourly), terms.hours, wishes.capital_rate)
        sources = Counter(rate.source for rate in known.values()).most_common(1)[0][0]
        evidence = Evidence(sources, any(rate.estimated for rate in known.values()))
        drawn = {row: rate.rate.amount for row, rate in known.items()}
        found.append((terms, drawn, evidence, {row: float(rate) * price for row, rate in drawn.items()}))
    kept: list[tuple[Terms, dict[int, Decimal], Evidence, dict[int, float]]] = []
    for one in sorted(found, key=lambda each: sum(each[3].values()) / len(each[3])):
        if not any(_beats(other[3], one[3]) for other in kept):
            kept.append(one)
    return [(terms, drawn, evidence) for terms, drawn, evidence, _ in kept]


def _fits(rate: Money, wishes: Wishes) -> bool:
    return rate.currency == wishes.currency and rate.amount > 0


def _beats(one: Mapping[int, float], other: Mapping[int, float]) -> bool:
    return all(row in one and one[row] <= cost * (1 + 1e-9) for row, cost in other.items())
