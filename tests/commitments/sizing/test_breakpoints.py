from __future__ import annotations

from dataclasses import astuple
from decimal import Decimal
from random import Random

import numpy as np
import pytest

from lamplighter.commitments.apply import apply
from lamplighter.commitments.model import PlanKind, SavingsPlan, Use
from lamplighter.commitments.sizing.breakpoints import best_commitment, saving_percent

ACCOUNT = "111122223333"


def _uses(hour: list[int], rates: list[Decimal], plan: list[Decimal]) -> list[Use]:
    return [
        Use(str(place), ACCOUNT, Decimal(many), rate, {PlanKind.COMPUTE: drawn})
        for place, (many, rate, drawn) in enumerate(zip(hour, rates, plan, strict=True))
        if many
    ]


def _cost(amount: Decimal, hours: list[list[int]], rates: list[Decimal], plan: list[Decimal]) -> Decimal:
    made = SavingsPlan("sp", ACCOUNT, PlanKind.COMPUTE, amount)
    return sum((amount + apply(_uses(hour, rates, plan), (), [made]).on_demand for hour in hours), Decimal(0))


@pytest.mark.parametrize("block", range(20))
def test_no_breakpoint_is_cheaper_by_the_exact_simulator(block: int) -> None:
    chance = Random(block)
    for _ in range(10):
        many = chance.randint(1, 3)
        rates = [Decimal(chance.randint(5, 40)) / 10 for _ in range(many)]
        # Whole percentages often tie: 25 % of different rates.
        plan = [rate * Decimal(chance.choice(("0.5", "0.66", "0.75", "0.75", "0.754", "1"))) for rate in rates]
        hours = [[chance.randint(0, 3) for _ in range(many)] for _ in range(chance.randint(1, 5))]
        points = {Decimal(0)}
        for hour in hours:
            order = sorted(range(many), key=lambda item: (-saving_percent(rates[item], plan[item]), plan[item]))
            so_far = Decimal(0)
            for item in order:
                so_far += hour[item] * plan[item]
                points.add(so_far)
        lowest = min(_cost(point, hours, rates, plan) for point in points)
        found = best_commitment(np.array(hours, dtype=float), rates, plan)
        amount = Decimal(str(round(found.amount, 9)))
        assert float(_cost(amount, hours, rates, plan)) == pytest.approx(float(lowest), abs=1e-7)
        saving = (_cost(Decimal(0), hours, rates, plan) - lowest) / len(hours)
        assert found.saving == pytest.approx(float(saving), abs=1e-9)


def test_one_discount_is_a_quantile_of_what_the_plan_would_draw() -> None:
    # 10 hours at 1..10 instances of 1.00, 40 % off: commit while more than 60 % of the hours use it.
    hours = np.arange(1.0, 11.0)[:, None]
    found = best_commitment(hours, [Decimal(1)], [Decimal("0.6")])
    assert found.amount == pytest.approx(0.6 * 4)
    assert found.last == pytest.approx(0.7 / 0.6)
    assert found.next == pytest.approx(0.6 / 0.6)


def test_equally_good_commitments_give_the_smallest() -> None:
    hours = np.array([[2.0], [4.0]])
    assert best_commitment(hours, [Decimal(1)], [Decimal("0.5")]).amount == pytest.approx(1.0)


def test_weights_count_as_repeated_hours() -> None:
    rates, plan = [Decimal(1), Decimal(2)], [Decimal("0.7"), Decimal("1.2")]
    few = np.array([[1.0, 0.0], [3.0, 2.0]])
    many = np.array([[1.0, 0.0]] + [[3.0, 2.0]] * 4)
    weighted, repeated = (
        best_commitment(few, rates, plan, weight=np.array([1.0, 4.0])),
        best_commitment(many, rates, plan),
    )
    assert astuple(weighted) == pytest.approx(astuple(repeated), rel=1e-12)


@pytest.mark.parametrize("hours", [np.zeros((3, 1)), np.zeros((0, 1))])
def test_without_use_nothing_is_committed(hours: np.ndarray) -> None:
    found = best_commitment(hours, [Decimal(1)], [Decimal("0.5")])
    assert (found.amount, found.saving) == (0.0, 0.0)


def test_no_discount_and_dear_capital_commit_nothing() -> None:
    hours = np.full((4, 1), 5.0)
    assert best_commitment(hours, [Decimal(1)], [Decimal(1)]).amount == 0.0
    assert best_commitment(hours, [Decimal(1)], [Decimal("0.9")], price=1.2).amount == 0.0
