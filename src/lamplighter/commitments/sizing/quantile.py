"""How many reservations of one kind to buy: the quantile at which one more is used too seldom to pay.

A reservation costs `ratio` (theta) of the on-demand price in every hour, used or not. The n-th of them serves the part
of the use between n - 1 and n; it pays exactly if the share of the hours in which that part is in use is above theta.
So the best number is the largest n whose marginal utilisation exceeds theta, for whole numbers n* = max{n : P(D >= n) >
theta}, the (1 - theta) quantile; at exactly theta nothing is gained and nothing is bought. This is the newsvendor's
critical ratio with underage 1 - theta and overage theta. Proven against enumeration in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING

from lamplighter.commitments.sizing.statistics import quantile_ranks

if TYPE_CHECKING:
    from lamplighter.commitments.sizing.demand import Floats


@dataclass(frozen=True, slots=True)
class Best:
    """The best number of reservations of one kind, alone.

    Attributes:
        count: how many to buy.
        ratio: theta: what one costs an hour, as a share of its on-demand price; above it a reservation pays, so this is
            also the utilisation at which one breaks even.
        last: utilisation of the last one bought; None when none is.
        next: utilisation that one more would have.
        utilisation: share of what is bought that is used; None when nothing is.
        coverage: share of the use that is covered; None when there is no use.
        saving: share of the on-demand cost that is saved, 0 to 1.
        regret: what it costs more than buying for each hour what that hour uses (perfect hindsight with hourly terms),
            as a share of the on-demand cost.
        low: lower end of the range of `count`, see `confidence`.
        high: its upper end.
    """

    count: int
    ratio: float
    last: float | None
    next: float
    utilisation: float | None
    coverage: float | None
    saving: float
    regret: float
    low: int
    high: int


def marginal(level: Floats, number: int, weight: Floats | None = None) -> float:
    """Share of the hours in which the `number`-th instance (from 1) would be in use; parts of an hour count in part."""
    import numpy as np

    part = np.clip(level - (number - 1), 0.0, 1.0)
    return float(np.average(part, weights=weight))


def best_count(level: Floats, ratio: float, weight: Floats | None = None) -> int:
    """The number of reservations at which cost is lowest; the smaller one when two are equally good.

    Args:
        level: use by hour, in instances; what is held already taken off.
        ratio: theta, at least 0.
        weight: how often each hour stands for one; once if None.
    """
    import numpy as np

    if not len(level) or ratio >= 1:
        return 0
    top = floor(float(level.max())) + 1
    if ratio < 0:
        raise ValueError("what is paid for cannot cost less than nothing")
    order = np.argsort(level, kind="stable")
    weights = np.ones(len(level)) if weight is None else weight
    # P(D >= n) of the quantile's two neighbours brackets the marginal utilisation of the parts in between.
    above = np.cumsum(weights[order][::-1])[::-1] / weights.sum()
    good = above > ratio * (1 - 1e-12)
    near = floor(float(level[order][good][-1])) if good.any() else 0
    for number in range(min(near + 1, top), 0, -1):
        if marginal(level, number, weights) > ratio + 1e-12:
            return number
    return 0


def best(level: Floats, ratio: float, *, weight: Floats | None = None, seen: Floats | None = None) -> Best:
    """The best number of reservations of one kind, and what there is to say about it.

    Args:
        level: use by hour, in instances; what is held already taken off. At least one hour.
        ratio: theta, at least 0.
        weight: how often each hour stands for one; once if None.
        seen: the hours that the range is taken from, each of them seen once: hours that stand in `level` several times
            are no further evidence. `level` if None.
    """
    import numpy as np

    count = best_count(level, ratio, weight)
    used = float(np.average(np.minimum(level, count), weights=weight))
    mean = float(np.average(level, weights=weight))
    gain = used - count * ratio
    low, high = confidence(level if seen is None else seen, ratio)
    return Best(
        count,
        ratio,
        marginal(level, count, weight) if count else None,
        marginal(level, count + 1, weight),
        used / count if count else None,
        used / mean if mean else None,
        gain / mean if mean else 0.0,
        (mean * max(0.0, 1 - ratio) - gain) / mean if mean else 0.0,
        min(low, count),
        max(high, count),
    )


def confidence(level: Floats, ratio: float, confidence: float = 0.95) -> tuple[int, int]:
    """Range of the best number by order statistics: another month of the same kind would ask for a number within it."""
    import numpy as np

    low, high = quantile_ranks(len(level), 1 - ratio, confidence)
    ordered = np.sort(level)
    return floor(float(ordered[low])), floor(float(ordered[high]))
