from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import product

import numpy as np
import pytest
from tests.commitments.sizing.worlds import problem

from lamplighter.commitments.sizing.breakpoints import best_commitment
from lamplighter.commitments.sizing.portfolio import Portfolio, remaining, solve
from lamplighter.commitments.sizing.problem import Problem, assemble
from lamplighter.commitments.sizing.programme import _joined, _Programme, _shape, relax
from lamplighter.commitments.sizing.simulate import Order, cost, exact, prepare

KINDS = {"r": "reservations", "c": "a Compute plan", "e": "EC2 Instance plans", "rc": "both", "ec": "two plans"}


def _enumerated(made: Problem) -> float:
    """Lowest cost over all numbers of reservations and, for each, all breakpoints of the plans one after the other."""
    order = prepare(made)
    whole = [place for place in made.offers if made.instruments[place].step == 1]
    plans = [place for place in made.offers if made.instruments[place].step != 1]
    tops = [int((made.quantity @ np.nan_to_num(made.draws[place])).max()) + 1 for place in whole]
    lowest = float("inf")
    for counts in product(*(range(top + 1) for top in tops)):
        amounts = np.zeros(len(made.instruments))
        amounts[whole] = counts
        lowest = min(lowest, _plans(made, order, amounts, plans))
    return lowest


def _plans(made: Problem, order: Order, amounts: np.ndarray, plans: list[int]) -> float:
    if not plans:
        return cost(order, amounts)
    first, *rest = plans
    if not rest:
        draws = np.nan_to_num(made.draws[first])
        columns = np.flatnonzero(draws)
        found = best_commitment(
            remaining(order, amounts, first)[:, columns],
            [made.items[column].rate for column in columns],
            [made.instruments[first].draw(made.items[column]) or Decimal(0) for column in columns],
            weight=made.weight,
        )
        trial = amounts.copy()
        trial[first] = found.amount
        return cost(order, trial)
    left = remaining(order, amounts, first)
    drawn = np.nan_to_num(made.draws[first])
    points = {0.0}
    for hour in left:
        sums = [0.0]
        for amount in hour * drawn:
            sums += [each + amount for each in sums]
        points |= {round(each, 9) for each in sums}
    lowest = float("inf")
    for point in points:
        trial = amounts.copy()
        trial[first] = point
        lowest = min(lowest, _plans(made, order, trial, rest))
    return lowest


def _grain(made: Problem, found: Portfolio) -> float:
    """What rounding commitments to thousandths may cost at most."""
    return 0.0005 * 3 * sum(1 for place in made.offers if made.instruments[place].step != 1) + 1e-9 * found.cost


@pytest.mark.slow
@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("block", range(6))
def test_nothing_that_can_be_bought_is_cheaper(kinds: str, block: int) -> None:
    for seed in range(block * 10, block * 10 + 10):
        made = problem(seed, families=1, hours=5, most=2, kinds=kinds)
        found, lowest = solve(made), _enumerated(made)
        assert found.bound <= lowest + 1e-9
        assert found.bound <= found.cost + 1e-9 <= found.before + 2e-9
        assert found.cost == pytest.approx(lowest, abs=_grain(made, found)), seed


def test_the_solver_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    relax(problem(1, kinds="rec"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("seed", range(40))
def test_two_families_with_everything_on_offer(seed: int) -> None:
    """The bound holds for random purchases, rounded or not; the gap says how much better one could be at most."""
    made = problem(500 + seed, families=2, hours=12, most=5, kinds="rec")
    found, order = solve(made), prepare(made)
    chance = np.random.default_rng(seed)
    tops = np.nan_to_num(made.draws).clip(min=0.0) @ made.quantity.max(axis=0)
    lowest = min(cost(order, chance.uniform(0, 1.2, len(tops)) * tops) for _ in range(50))
    assert found.bound <= found.cost * (1 + 1e-9)
    assert found.bound <= lowest
    assert found.cost <= lowest * (1 + 1e-3)
    assert found.gap == pytest.approx((found.cost - found.bound) / found.cost, abs=1e-9)
    exactly = exact(made, found.amounts)
    bought = sum(float(one) * price for one, price in zip(found.amounts, order.costs, strict=True))
    assert float(exactly.on_demand) + bought == pytest.approx(found.cost, rel=1e-9)


def test_prices_of_a_solver_that_stopped_early_still_give_a_bound() -> None:
    made = problem(7, families=2, hours=12, most=5, kinds="rec")
    programme = _Programme(_shape(made))
    rows = programme.cells + len(programme.shape.weight) * len(programme.several)
    best = solve(made)
    for seed in range(20):
        prices = np.random.default_rng(seed).normal(0.5, 1.0, rows)
        assert 0 <= programme.bound(prices) <= best.bound + 1e-9


def test_equally_good_purchases_give_the_smallest() -> None:
    """A reservation at half the price that is in use in half of the hours neither gains nor loses."""
    made = problem(1, kinds="r")
    (item, *_) = made.items
    offer = next(each for each in made.instruments if each.draw(item) is not None)
    half = replace(offer, hourly=item.rate / 2)
    two = assemble([item], np.array([[2.0], [1.0]]), (), [half])
    assert solve(two).amounts == (Decimal(1),)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_hours_that_are_joined_still_give_a_bound(seed: int) -> None:
    made = problem(900 + seed, families=2, hours=40, most=6, kinds="rec")
    whole, best = relax(made).bound, solve(made)
    bounds = []
    for most in (10, 40, 70):
        programme = _Programme(_joined(_shape(made), most))
        assert programme.shape.weight.sum() == pytest.approx(_shape(made).weight.sum())
        assert programme.shape.demand.size < most + programme.shape.demand.shape[1]
        _, prices = programme.solve(None)
        assert prices is not None
        bound = programme.bound(prices)
        assert 0.5 * whole < bound <= whole * (1 + 1e-6)
        assert bound <= best.cost
        bounds.append(bound)
    assert bounds[2] > 0.9 * whole


def test_hours_with_other_commitments_in_force_are_not_joined() -> None:
    made = problem(3, families=2, hours=10, kinds="rc")
    shape = _shape(made)
    force = shape.force.copy()
    force[::2, 0] = 0.0
    joined = _joined(replace(shape, force=force), 1)
    assert sorted(joined.force[:, 0].tolist()) == [0.0, 1.0]
    assert joined.weight.tolist() == [5.0, 5.0]
