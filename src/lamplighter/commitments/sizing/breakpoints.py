"""How much to commit to one Savings Plan: exact, by breakpoints.

In an hour the plan takes the usage in AWS's order and draws its Savings Plan rate; one more dollar of commitment costs
a dollar and saves r = on-demand / plan rate of the usage it reaches, and nothing once there is none. So the cost of all
hours is piecewise linear in the commitment and bends only where in some hour one usage is used up. All these points are
sorted once, O(N log N), the slope is summed up along them, and the lowest is taken: where the sum of r over the hours
falls below the price of the commitment. Because every breakpoint is looked at, this holds also where AWS's order (whole
percentages, ties to the lower rate) makes the curve bend the other way for a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lamplighter.commitments.sizing.demand import Floats

STEP: Final = Decimal("0.001")
"""A commitment is bought in thousandths of a dollar an hour."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """The best commitment to one plan, alone.

    Attributes:
        amount: money an hour, exact optimum.
        saving: money an hour that it saves on average.
        last: what the last dollar committed saves, on demand dollars on average (above its price it pays).
        next: what one more would save.
    """

    amount: float
    saving: float
    last: float
    next: float


def plan_order(rates: Sequence[Decimal], plan_rates: Sequence[Decimal]) -> list[int]:
    """The order in which a plan takes usages: highest saving in whole percent, then lowest plan rate, then as given."""
    return sorted(
        range(len(rates)), key=lambda item: (-saving_percent(rates[item], plan_rates[item]), plan_rates[item])
    )


def saving_percent(rate: Decimal, plan_rate: Decimal) -> Decimal:
    """Percentage saved, whole, as AWS publishes it."""
    if not rate:
        return Decimal(0)
    return ((rate - plan_rate) / rate * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)


def best_commitment(
    quantity: Floats,
    rates: Sequence[Decimal],
    plan_rates: Sequence[Decimal],
    *,
    price: float = 1.0,
    weight: Floats | None = None,
) -> Commitment:
    """The commitment at which cost is lowest; the smallest of equals.

    Args:
        quantity: hours x usages, what reservations have left.
        rates: on-demand price of one of each usage.
        plan_rates: what one draws on the plan; above zero.
        price: what an hour of one dollar of commitment costs (1, or more with the cost of capital).
        weight: how often each hour stands for one; once if None.
    """
    import numpy as np

    points, drops, start = _bends(quantity, rates, plan_rates, weight)
    if not len(points):
        return Commitment(0.0, 0.0, 0.0, 0.0)
    order = np.argsort(points, kind="stable")
    points, drops = points[order], drops[order]
    # Slope of what is saved before each point; what is saved up to there.
    slopes = start - np.concatenate(([0.0], np.cumsum(drops)[:-1]))
    saved = np.cumsum(slopes * np.diff(points, prepend=0.0)) - price * points
    # Sums of floats: what differs by less than they carry is equal.
    noise = 1e-12 * max(1.0, float(np.abs(saved).max()))
    best = int(np.argmax(saved >= saved.max() - noise))
    if saved[best] <= noise:
        return Commitment(0.0, 0.0, 0.0, float(start))
    after = int(np.searchsorted(points, points[best], side="right"))
    return Commitment(
        float(points[best]),
        float(saved[best]),
        float(slopes[int(np.searchsorted(points, points[best], side="left"))]),
        float(slopes[after]) if after < len(slopes) else 0.0,
    )


def _bends(
    quantity: Floats, rates: Sequence[Decimal], plan_rates: Sequence[Decimal], weight: Floats | None
) -> tuple[Floats, Floats, float]:
    """Where the curve bends, by how much its slope falls there, and its slope at zero."""
    import numpy as np

    hours = quantity.shape[0]
    order = plan_order(rates, plan_rates)
    shares = np.full(hours, 1 / max(hours, 1)) if weight is None else weight / weight.sum()
    worth = np.array([float(rates[item]) / float(plan_rates[item]) for item in order])
    drawn = quantity[:, order] * np.array([float(plan_rates[item]) for item in order])
    # The slope in an hour is the worth of the first usage that is there; behind each, that of the next one there.
    ends = np.cumsum(drawn, axis=1)
    there = drawn > 0
    behind = np.zeros_like(drawn)
    following = np.zeros(hours)
    for column in range(len(order) - 1, -1, -1):
        behind[:, column] = following
        following = np.where(there[:, column], worth[column], following)
    drops = (worth - behind) * shares[:, None]
    return ends[there], drops[there], float(following @ shares)
