from __future__ import annotations

from math import comb

import numpy as np
import pytest

from lamplighter.commitments.sizing.statistics import MEANINGS, Levels, levels, levels_of, quantile_ranks


def test_every_figure_says_what_it_means() -> None:
    assert set(MEANINGS) == set(Levels.__slots__)


def test_both_readings_of_p95_by_hand() -> None:
    # 100 hours with 1, 2, ..., 100 instances in some order.
    hourly = np.random.default_rng(1).permutation(np.arange(1.0, 101.0))
    found = levels(hourly)
    assert found == Levels(p5=6.0, p50=51.0, p95=95.0, least=1.0, most=100.0, mean=50.5, hours=100)
    assert (hourly >= found.p5).mean() >= 0.95 > (hourly >= found.p5 + 1).mean()
    assert (hourly > found.p95).mean() <= 0.05 < (hourly > found.p95 - 1).mean()


@pytest.mark.parametrize("hours", [1, 2, 3, 19, 20, 21, 168])
def test_the_levels_keep_their_promise(hours: int) -> None:
    hourly = np.random.default_rng(hours).integers(0, 30, (5, hours)).astype(float)
    for row, found in zip(hourly, levels_of(hourly), strict=True):
        assert (row >= found.p5).mean() >= 0.95
        assert (row > found.p95).mean() <= 0.05
        assert (row >= found.p50).mean() >= 0.5
        for number, share in ((found.p5, 0.95), (found.p50, 0.5)):
            higher = row[row > number]
            assert not len(higher) or (row >= higher.min()).mean() < share
        assert (found.least, found.most, found.hours) == (row.min(), row.max(), hours)


def test_no_hour_is_no_statistic() -> None:
    assert levels(np.zeros(0)) is None
    with pytest.raises(ValueError, match="no hour"):
        levels_of(np.zeros((2, 0)))


@pytest.mark.parametrize(("hours", "share"), [(30, 0.37), (100, 0.5), (720, 0.6), (20, 0.05)])
def test_the_ranks_hold_the_quantile_as_often_as_they_say(hours: int, share: float) -> None:
    low, high = quantile_ranks(hours, share)
    chance = [comb(hours, k) * share**k * (1 - share) ** (hours - k) for k in range(hours + 1)]
    # X_(low+1) <= q < X_(high+1): between low + 1 and high hours are below q.
    assert sum(chance[: low + 1]) <= 0.026 or low == 0
    assert sum(chance[high + 1 :]) <= 0.0251
    assert low < hours * share < high + 1


def test_ranks_at_the_edges() -> None:
    assert quantile_ranks(10, 0.0) == (0, 0)
    assert quantile_ranks(10, 1.0) == (9, 9)
    assert quantile_ranks(8760, 0.37)[1] - quantile_ranks(8760, 0.37)[0] < 200
