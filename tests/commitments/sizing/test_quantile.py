from __future__ import annotations

from random import Random

import numpy as np
import pytest

from lamplighter.commitments.sizing.quantile import best, best_count, confidence, marginal


def _cost(level: list[float], number: int, ratio: float) -> float:
    return sum(number * ratio + max(hour - number, 0.0) for hour in level)


@pytest.mark.parametrize("block", range(20))
def test_whole_use_is_covered_as_enumeration_does(block: int) -> None:
    chance = Random(block)
    for _ in range(25):
        level = [float(chance.randint(0, 9)) for _ in range(chance.randint(1, 30))]
        # Odd thousandths: no tie with a share of 1 to 30 hours.
        ratio = chance.randint(20, 98) / 100 + 0.0037
        costs = [_cost(level, number, ratio) for number in range(12)]
        assert best_count(np.array(level), ratio) == costs.index(min(costs))


@pytest.mark.parametrize("block", range(20))
def test_parts_and_weights_are_covered_as_enumeration_does(block: int) -> None:
    chance = Random(1000 + block)
    for _ in range(15):
        level = [chance.randint(0, 40) / 4 for _ in range(chance.randint(1, 20))]
        weight = [chance.randint(1, 5) for _ in level]
        ratio = chance.randint(20, 98) / 100 + 0.0037
        repeated = [hour for hour, times in zip(level, weight, strict=True) for _ in range(times)]
        costs = [_cost(repeated, number, ratio) for number in range(14)]
        assert best_count(np.array(level), ratio, np.array(weight, dtype=float)) == costs.index(min(costs))


def test_at_exactly_the_ratio_nothing_is_bought() -> None:
    level = np.array([1.0, 1.0, 1.0, 0.0])
    assert best_count(level, 0.75) == 0
    assert best_count(level, 0.7499) == 1
    assert best_count(np.array([2.0, 0.0]), 0.5) == 0


def test_what_there_is_to_say() -> None:
    level = np.array([4.0] * 60 + [10.0] * 40)
    found = best(level, 0.63)
    assert (found.count, found.last, found.next) == (4, 1.0, 0.4)
    assert found.utilisation == 1.0
    assert found.coverage == pytest.approx(4 / 6.4)
    assert found.saving == pytest.approx(4 * 0.37 / 6.4)
    # Hindsight by the hour would save 37 % of everything.
    assert found.regret == pytest.approx(0.37 - 4 * 0.37 / 6.4)
    cheaper = best(level, 0.39)
    assert (cheaper.count, cheaper.last, cheaper.next) == (10, 0.4, 0.0)


def test_too_dear_or_no_use_is_nothing() -> None:
    assert best(np.array([5.0, 5.0]), 1.2).count == 0
    found = best(np.zeros(4), 0.5)
    assert (found.count, found.coverage, found.utilisation, found.saving, found.regret) == (0, None, None, 0.0, 0.0)
    with pytest.raises(ValueError, match="less than nothing"):
        best_count(np.ones(3), -0.1)


def test_utilisation_of_the_nth() -> None:
    level = np.array([0.0, 1.0, 1.5, 3.0])
    assert [marginal(level, number) for number in (1, 2, 3, 4)] == [0.75, 0.375, 0.25, 0.0]


def test_ranges_hold_the_best_number() -> None:
    chance = np.random.default_rng(5)
    level = chance.poisson(20, 720).astype(float)
    low, high = confidence(level, 0.63)
    assert low <= best_count(level, 0.63) <= high
    assert 0 < high - low <= 3


def test_the_range_is_that_of_the_hours_that_were_seen() -> None:
    """A part that hardly counts, and hours that are only repeated, make it neither wider nor narrower."""
    level = np.array(list(range(20)) * 10, dtype=float)
    part = np.maximum(level - 8, 0.0)
    both, weight = np.concatenate([level, part]), np.repeat([99.0, 1.0], len(level))
    found = best(both, 0.5, weight=weight, seen=level)
    low, high = confidence(level, 0.5)
    assert (found.low, found.high) == (min(low, found.count), max(high, found.count))
    again = best(np.tile(level, 9), 0.5, seen=level)
    assert (again.low, again.high) == (min(low, again.count), max(high, again.count))
    assert confidence(np.tile(level, 9), 0.5) != (low, high)
