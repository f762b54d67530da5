"""Levels of hourly use, each with its meaning in words: people mean two different things by "P95".

Source of the range: the binomial confidence interval of a quantile by order statistics (Conover, Practical
Nonparametric Statistics, 3.2). It takes hours as independent; they are not, so the true uncertainty is larger.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log, log1p
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lamplighter.commitments.sizing.demand import Floats

MEANINGS: Final = MappingProxyType(
    {
        "p5": "level in use in at least 95 % of the hours",
        "p50": "level in use in at least half of the hours",
        "p95": "95th percentile: no more than 5 % of the hours use more",
        "least": "lowest hour",
        "most": "highest hour",
        "mean": "average hour",
        "hours": "hours that are known, and counted here",
    }
)
"""What each figure of `Levels` means."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Statistics of hourly use; see `MEANINGS`. In whatever is counted: instances, units, money."""

    p5: float
    p50: float
    p95: float
    least: float
    most: float
    mean: float
    hours: int


def levels(hourly: Floats) -> Levels | None:
    """Statistics of one series of hours; None when there is no hour."""
    return levels_of(hourly[None, :])[0] if len(hourly) else None


def levels_of(hourly: Floats) -> list[Levels]:
    """Statistics of many series, keys x hours, with the same hours known. Each figure is a level that did occur.

    Raises:
        ValueError: there is no hour.
    """
    import numpy as np

    hours = hourly.shape[1]
    if not hours:
        raise ValueError("no hour is known")
    ranks = [floor(0.05 * hours), hours - ceil(0.5 * hours), ceil(0.95 * hours) - 1]
    ordered = np.partition(hourly, sorted({0, *ranks, hours - 1}), axis=1)
    picked = ordered[:, [*ranks, 0, hours - 1]]
    means = hourly.mean(axis=1)
    return [
        Levels(float(p5), float(p50), float(p95), float(least), float(most), float(mean), hours)
        for (p5, p50, p95, least, most), mean in zip(picked, means, strict=True)
    ]


def quantile_ranks(hours: int, share: float, confidence: float = 0.95) -> tuple[int, int]:
    """Ranks (from 0, in ascending order) between which the true quantile lies with the given confidence.

    Args:
        hours: how many were seen; above zero.
        share: the quantile, 0 to 1.
        confidence: 0 to 1.
    """
    import numpy as np

    if not 0 < share < 1:
        edge = 0 if share <= 0 else hours - 1
        return edge, edge
    steps = np.arange(hours)
    logs = np.concatenate(
        ([hours * log1p(-share)], np.log((hours - steps) / (steps + 1)) + (log(share) - log1p(-share)))
    )
    below = np.cumsum(np.exp(np.cumsum(logs)))
    tail = (1 - confidence) / 2
    low = int(np.searchsorted(below, tail, side="right")) - 1
    high = int(np.searchsorted(below, 1 - tail))
    return min(max(low, 0), hours - 1), min(max(high, 0), hours - 1)
