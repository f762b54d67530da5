"""Why a line is as large as it is: what the last one brings, what one more would, and what else could be bought."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from lamplighter.commitments.model import Reservation
from lamplighter.commitments.sizing.capital import MONTH_HOURS
from lamplighter.commitments.sizing.portfolio import remaining
from lamplighter.commitments.sizing.quantile import marginal
from lamplighter.commitments.sizing.recommendation import Alternative, Explanation, Line
from lamplighter.commitments.sizing.simulate import Order, cost, on_demand
from lamplighter.pricing.money import Money

if TYPE_CHECKING:
    from lamplighter.commitments.sizing.demand import Floats
    from lamplighter.commitments.sizing.problem import Instrument, Problem

PERCENTS: Final = (95, 90, 80, 75, 60, 50, 40, 25, 20, 10, 5)
"""Shares of the hours at which the demand curve is told."""


def monthly(hourly: float, currency: str) -> Money:
    """Money a month of what is an amount an hour; estimates, to a hundredth of a cent."""
    return Money(Decimal(str(round(hourly * MONTH_HOURS, 4))), currency)


def series_of(problem: Problem, order: Order, amounts: Sequence[float], place: int) -> Floats:
    """By hour, how much of an instrument would be used if there were no end of it, given everything else."""
    import numpy as np

    base = np.array([float(amount) for amount in amounts])
    base[place] = 0.0
    found: Floats = remaining(order, base, place) @ np.nan_to_num(problem.draws[place])
    return found


def explain(
    line: Line,
    problem: Problem,
    order: Order,
    amounts: Sequence[Decimal],
    place: int,
    others: Sequence[Instrument],
) -> Explanation:
    """Explain one line of a purchase.

    Args:
        line: the line.
        problem: usage and instruments.
        order: of the problem.
        amounts: the whole purchase.
        place: of the line's instrument.
        others: the same on other terms.
    """
    import numpy as np

    bought = np.array([float(amount) for amount in amounts])
    step = float(problem.instruments[place].step)
    reserved = isinstance(problem.instruments[place].made, Reservation)
    series = series_of(problem, order, [float(one) for one in amounts], place)
    price = float(order.costs[place]) * step
    here = float(order.shares @ on_demand(order, bought))
    worth = [
        abs(float(order.shares @ on_demand(order, _changed(bought, place, shift))) - here) / price if price else 0.0
        for shift in (-step, step)
    ]
    number = int(amounts[place])
    return Explanation(
        line.number,
        tuple((percent, at_least(series, order.shares, percent / 100)) for percent in PERCENTS),
        float(line.break_even) if line.break_even is not None else None,
        worth[0],
        worth[1],
        marginal(series, number, order.shares) if reserved else None,
        marginal(series, number + 1, order.shares) if reserved else None,
        tuple(_alternatives(problem, order, bought, place, others, line.monthly.currency)),
    )


def at_least(series: Floats, weight: Floats, share: float) -> float:
    """The highest level that is in use in at least this share of the hours."""
    import numpy as np

    falling = np.argsort(-series, kind="stable")
    reached = np.cumsum(weight[falling]) / weight.sum()
    return float(series[falling][min(int(np.searchsorted(reached, share - 1e-12)), len(series) - 1)])


def _changed(amounts: Floats, place: int, shift: float) -> Floats:
    found = amounts.copy()
    found[place] = max(found[place] + shift, 0.0)
    return found


def _alternatives(
    problem: Problem, order: Order, bought: Floats, place: int, others: Sequence[Instrument], currency: str
) -> Iterator[Alternative]:
    here = cost(order, bought)

    def told(what: str, hourly: float) -> Alternative:
        return Alternative(what, monthly(hourly, currency), monthly(hourly - here, currency))

    each = problem.instruments[place]
    if each.step == 1:
        for shift, what in ((-1, "one fewer"), (1, "one more")):
            yield told(what, cost(order, _changed(bought, place, shift)))
    else:
        for factor, what in ((-0.1, "a tenth less"), (0.1, "a tenth more")):
            yield told(what, cost(order, _changed(bought, place, factor * float(bought[place]))))
    yield told("none of it", cost(order, _changed(bought, place, -float(bought[place]))))
    for other in others:
        assert other.terms is not None
        more = other.cost(problem.capital_rate) - each.cost(problem.capital_rate)
        years = "1 year" if other.terms.years == 1 else f"{other.terms.years} years"
        yield told(f"{years} {other.terms.payment}", here + more * float(bought[place]))
