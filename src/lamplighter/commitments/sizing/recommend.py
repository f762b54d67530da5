"""The whole recommendation, from usage to lines with reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.sizing.capital import MONTH_HOURS
from lamplighter.commitments.sizing.demand import HOUR, Demand, usable
from lamplighter.commitments.sizing.explain import explain, monthly
from lamplighter.commitments.sizing.lines import lines_of, pool_lines, unit_cost
from lamplighter.commitments.sizing.market import Market, market
from lamplighter.commitments.sizing.portfolio import solve
from lamplighter.commitments.sizing.problem import amounts_of
from lamplighter.commitments.sizing.recommendation import Line, Recommendation, Regret, Rung, Waste
from lamplighter.commitments.sizing.risk import ladder, saving_by_hour, spread, walk_forward, week_draws
from lamplighter.commitments.sizing.simulate import Exact, exact, prepare
from lamplighter.commitments.sizing.wishes import Wishes
from lamplighter.errors import UsageError
from lamplighter.pricing.money import Money

if TYPE_CHECKING:
    from lamplighter.commitments.model import Target
    from lamplighter.commitments.sizing.demand import Floats
    from lamplighter.commitments.sizing.problem import Problem
    from lamplighter.pricing.book import PriceBook


@dataclass(frozen=True, slots=True)
class Options:
    """How to go about it.

    Attributes:
        months: of a ladder; 1 buys everything at once.
        tests: whether to walk forward and to draw weeks anew, which takes three times as long.
    """

    months: int = 1
    tests: bool = True


def recommend(
    demand: Demand,
    book: PriceBook,
    held: Iterable[Held],
    as_of: datetime,
    wishes: Wishes,
    *,
    awake: Demand | None = None,
    options: Options = Options(),
) -> Recommendation:
    """What to buy.

    Args:
        demand: usage that is left to cover, schedules taken into account.
        book: prices.
        held: what is held.
        as_of: when a purchase would begin, aware.
        wishes: what may be bought.
        awake: the same keys as if no schedule put anything out, to tell what would be wasted; None leaves that out.
        options: how to go about it.

    Raises:
        UsageError: no hour is known everywhere.
        LamplighterError: the solver is not installed.
        PriceBookError: the price book is damaged.
    """
    sized, aside = usable(demand)
    rows = [row for row, key in enumerate(demand.keys) if key.target not in set(aside)]
    found = market(sized, book, held, as_of, wishes)
    quantity = found.quantity(sized)
    if not len(quantity) or not sized.keys:
        raise UsageError(_unknown(demand, aside), hint="see `lamp usage gaps`")
    problem = found.problem(quantity)
    bought = solve(problem)
    nothing, after = exact(problem, amounts_of(problem, {})), exact(problem, bought.amounts)
    draws = week_draws(found.hours) if options.tests else []
    lines = lines_of(found, quantity, bought.amounts, after, draws)
    order = prepare(problem)
    before_cost, after_cost = _total(found, nothing, problem, ()), _total(found, after, problem, bought.amounts)
    rungs, late = _rungs(found, problem, bought.amounts, lines, options.months)
    cost_now = after_cost.amount
    return Recommendation(
        begin=demand.start,
        end=demand.start + demand.hours * HOUR,
        hours=demand.hours,
        known=len(quantity),
        list_cost=_all_on_demand(problem, wishes.currency),
        before=before_cost,
        after=after_cost,
        bound=Money(min(Decimal(str(round(bought.bound * MONTH_HOURS, 6))), cost_now), wishes.currency),
        committed=_committed(found, problem, bought.amounts),
        gap=bought.gap,
        lines=tuple(line for _, line in lines),
        explanations={
            line.number: explain(line, problem, order, bought.amounts, place, found.others.get(line.id, ()))
            for place, line in lines
        },
        pools=tuple(pool_lines(found)),
        range=_range(found, quantity, bought.amounts, draws),
        waste=_waste(found, problem, awake.of(rows) if awake else None, bought.amounts, after_cost),
        regret=_regret(found, quantity) if options.tests else None,
        ladder=rungs,
        ladder_cost=late,
        gaps=demand.gaps,
        aside=aside,
        unknown=found.unknown,
        assumptions=tuple(_assumptions(found, len(quantity), as_of)),
    )


def _total(found: Market, came: Exact, problem: Problem, amounts: Iterable[Decimal]) -> Money:
    """Money a month: on demand, and for what is bought."""
    return Money(came.on_demand * MONTH_HOURS, found.wishes.currency) + _committed(found, problem, amounts)


def _committed(found: Market, problem: Problem, amounts: Iterable[Decimal]) -> Money:
    rate = found.wishes.capital_rate
    hourly = sum(
        (unit_cost(each, rate) * amount for each, amount in zip(problem.instruments, amounts, strict=False)),
        Decimal(0),
    )
    return Money(hourly * MONTH_HOURS, found.wishes.currency)


def _all_on_demand(problem: Problem, currency: str) -> Money:
    shares = problem.weight / problem.weight.sum()
    means = shares @ problem.quantity
    hourly = sum((use.rate * Decimal(str(mean)) for use, mean in zip(problem.items, means, strict=True)), Decimal(0))
    return Money((hourly * MONTH_HOURS).quantize(Decimal("0.000001")), currency)


def _range(
    found: Market, quantity: Floats, amounts: tuple[Decimal, ...], draws: list[list[int]]
) -> tuple[Money, Money] | None:
    if not draws:
        return None
    low, high = spread(saving_by_hour(found, quantity, amounts), draws)
    return monthly(low, found.wishes.currency), monthly(high, found.wishes.currency)


def _waste(
    found: Market, problem: Problem, awake: Demand | None, amounts: tuple[Decimal, ...], best: Money
) -> Waste | None:
    if awake is None:
        return None
    lit = found.quantity(awake)
    off = float((lit - found.quantity(found.demand)).clip(min=0.0).sum()) / len(lit)
    if off <= 0:
        return None
    other = solve(found.problem(lit)).amounts
    came = exact(problem, other)
    cost, bought = _total(found, came, problem, other), _committed(found, problem, other)
    unused = sum(
        (
            unit_cost(each, found.wishes.capital_rate) * amount * (1 - (came.used[each.id] or Decimal(0)))
            for each, amount in zip(problem.instruments, other, strict=True)
            if not each.held and amount
        ),
        Decimal(0),
    )
    return Waste(
        cost,
        cost - best,
        bought,
        Money(unused * MONTH_HOURS, found.wishes.currency),
        _committed(found, problem, amounts),
        Decimal(str(round(off * MONTH_HOURS, 3))),
    )


def _regret(found: Market, quantity: Floats) -> Regret | None:
    walk = walk_forward(found, quantity)
    if walk is None:
        return None
    before, cost, best = (monthly(each, found.wishes.currency) for each in (walk.before, walk.cost, walk.best))
    return Regret(walk.trained, walk.scored, before, cost, best)


def _rungs(
    found: Market, problem: Problem, amounts: tuple[Decimal, ...], lines: list[tuple[int, Line]], months: int
) -> tuple[tuple[Rung, ...], Money]:
    """Months of a ladder, and what it costs to buy later."""
    currency = found.wishes.currency
    if months <= 1 or not lines:
        return (), Money(Decimal(0), currency)
    steps = ladder(problem, amounts, months)
    blocks = {place: line.quantity / amounts[place] for place, line in lines}
    rungs = [
        Rung(
            month,
            {line.number: buy[place] * blocks[place] for place, line in lines if buy[place]},
            monthly(hourly, currency),
        )
        for month, (buy, hourly) in enumerate(steps, 1)
    ]
    last = steps[-1][1]
    return tuple(rungs), monthly(sum(max(hourly - last, 0.0) for _, hourly in steps), currency)


def _assumptions(found: Market, known: int, as_of: datetime) -> Iterator[str]:
    wishes = found.wishes
    yield f"the {known} known hours stand for the {wishes.ahead} hours from {as_of:%Y-%m-%d} on; no growth, no decline"
    yield (
        "accounts share; what is bought belongs to an account without usage of its own"
        if wishes.shared
        else "each account buys for itself, and shares nothing"
    )
    if len(found.ahead) > 1:
        yield f"what is held counts until it ends: {len(found.ahead)} parts of the time ahead, weighted by their length"
    if wishes.capital_rate:
        yield f"money costs {wishes.capital_rate * 100:g} % a year: costs of what is bought include the interest"
    if any(each.estimated for each in found.evidence.values()):
        yield "some prices of offers are estimated"
    if any(each.startswith("sp:") for each in found.evidence):
        yield "usage that is neither EC2 nor a database (Fargate, Lambda, SageMaker) is not known, and not covered"
    yield from found.notes


def _unknown(demand: Demand, aside: Sequence[Target]) -> str:
    """Why there is nothing to reckon with."""
    if not demand.keys and demand.known.all():
        return "nothing was in use that a commitment could cover"
    if not aside:
        return "no hour is known in which all usage was seen"
    known = {target: int(hours.sum()) for target, hours in zip(demand.targets, demand.known, strict=True)}
    worst = min(aside, key=known.__getitem__)
    where = f"{worst.account}/{worst.region} {worst.service}"
    return (
        f"too few hours are known of all usage at once: set aside were {len(aside)} targets, "
        f"least is known of {where} ({known[worst]} of {demand.hours} hours)"
    )
