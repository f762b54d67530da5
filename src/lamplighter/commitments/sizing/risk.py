"""How sure a purchase is: other weeks, later weeks, bought by and by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import floor
from typing import TYPE_CHECKING, Final

from lamplighter.commitments.sizing.portfolio import solve
from lamplighter.commitments.sizing.problem import Part, Problem
from lamplighter.commitments.sizing.simulate import cost, on_demand, prepare

if TYPE_CHECKING:
    from lamplighter.commitments.sizing.demand import Bools, Floats
    from lamplighter.commitments.sizing.market import Market

WEEK: Final = 168
DRAWS: Final = 400
SEED: Final = 20260101
LEAST: Final = 2 * WEEK
"""Known hours below which nothing is said about other weeks."""


def week_draws(hours: Bools, draws: int = DRAWS, seed: int = SEED) -> list[list[int]]:
    """Hours drawn anew by whole weeks, with a fixed seed: the days of a week belong together.

    Args:
        hours: which hours of the period are known.
        draws: how many.
        seed: of the draws.

    Returns:
        Each draw as places among the known hours; nothing when there are not two weeks of them.
    """
    import numpy as np

    known = np.flatnonzero(hours)
    if len(known) < LEAST:
        return []
    weeks = [np.flatnonzero(known // WEEK == week) for week in np.unique(known // WEEK)]
    chance = np.random.default_rng(seed)
    return [
        [int(hour) for week in chance.integers(0, len(weeks), len(weeks)) for hour in weeks[week]] for _ in range(draws)
    ]


def by_hour(market: Market, quantity: Floats, part: Part) -> Problem:
    """A problem of these hours, each for itself, with what is in force in a part of the time ahead."""
    import numpy as np

    instruments = (*market.held, *market.offers)
    force = np.array([each.id not in part.ended for each in instruments], dtype=bool)
    return Problem(
        market.items,
        quantity,
        np.ones(len(quantity)),
        instruments,
        np.broadcast_to(force, (len(quantity), len(instruments))),
        market.wishes.capital_rate,
    )


def saving_by_hour(market: Market, quantity: Floats, amounts: Sequence[Decimal]) -> Floats:
    """Money that a purchase saves in each known hour, averaged over the parts of the time ahead."""
    import numpy as np

    whole = sum(part.hours for part in market.ahead)
    saved = np.zeros(len(quantity))
    bought = [float(amount) for amount in amounts]
    price = 0.0
    for part in market.ahead:
        problem = by_hour(market, quantity, part)
        order = prepare(problem)
        nothing = [1.0 if each.held else 0.0 for each in problem.instruments]
        saved += (on_demand(order, nothing) - on_demand(order, bought)) * (part.hours / whole)
        price = float(order.costs @ np.array(bought))
    return saved - price


def spread(values: Floats, draws: Sequence[Sequence[int]], confidence: float = 0.95) -> tuple[float, float]:
    """Range of the mean of values over hours drawn anew."""
    import numpy as np

    means = np.sort([float(values[list(hours)].mean()) for hours in draws])
    tail = floor((1 - confidence) / 2 * (len(means) - 1))
    return float(means[tail]), float(means[len(means) - 1 - tail])


def range_at(series: Floats, amount: float, draws: Sequence[Sequence[int]]) -> tuple[float, float]:
    """Range of the amount that is in use as often as this one is, over hours drawn anew.

    Args:
        series: use by hour, in what the amount counts.
        amount: how much is bought.
        draws: see `week_draws`.
    """
    import numpy as np

    share = float(np.mean(series < amount * (1 - 1e-9)))
    found = np.sort([float(np.quantile(series[list(hours)], share, method="inverted_cdf")) for hours in draws])
    tail = floor(0.025 * (len(found) - 1))
    return float(found[tail]), float(found[len(found) - 1 - tail])


@dataclass(frozen=True, slots=True)
class Walk:
    """A purchase by the first part of the hours, scored on the rest; money an hour."""

    trained: int
    scored: int
    before: float
    cost: float
    best: float


def walk_forward(market: Market, quantity: Floats, share: float = 2 / 3) -> Walk | None:
    """Buy by the first part of the hours and see what it costs in the rest.

    Args:
        market: what can be bought.
        quantity: known hours x usages.
        share: of the hours that are looked at, in whole days.

    Returns:
        None when there are not two weeks.
    """
    if len(quantity) < LEAST:
        return None
    cut = int(len(quantity) * share) // 24 * 24
    early, late = market.problem(quantity[:cut]), market.problem(quantity[cut:])
    bought = [float(amount) for amount in solve(early).amounts]
    best = solve(late)
    reached = cost(prepare(late), bought)
    # What was bought for other hours may by chance beat what the search found for these.
    return Walk(cut, len(quantity) - cut, best.before, reached, min(best.cost, reached))


def ladder(problem: Problem, amounts: Sequence[Decimal], months: int) -> list[tuple[tuple[Decimal, ...], float]]:
    """Buy a part each month, so that not everything ends at once.

    Args:
        problem: usage and instruments.
        amounts: all that is to be bought.
        months: in how many months; above zero.

    Returns:
        For each month, how much of each instrument to buy, and the cost an hour from then on.
    """
    order = prepare(problem)
    found = []
    before = tuple(Decimal(0) for _ in amounts)
    for month in range(1, months + 1):
        now = tuple(
            Decimal(0) if each.held else (amount * month / months / each.step).to_integral_value() * each.step
            for each, amount in zip(problem.instruments, amounts, strict=True)
        )
        there = [1.0 if each.held else float(one) for each, one in zip(problem.instruments, now, strict=True)]
        buy = tuple(one - old for one, old in zip(now, before, strict=True))
        found.append((buy, cost(order, there)))
        before = now
    return found


def without_schedules(market: Market, quantity: Floats) -> tuple[Decimal, ...]:
    """What would be bought for other quantities of the same usages."""
    return solve(market.problem(quantity)).amounts
