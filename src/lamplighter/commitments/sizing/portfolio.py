"""The joint purchase: from the linear programme to what can be bought, with the gap that is left.

The programme's amounts are rounded to whole reservations and thousandths of a dollar in several ways, the best of them
by the simulator is improved step by step, and its cost is compared with the lower bound: no purchase whatever can be
cheaper than the bound, so none can beat this one by more than the gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from math import floor
from typing import TYPE_CHECKING, Final

from lamplighter.commitments.sizing.breakpoints import STEP, best_commitment
from lamplighter.commitments.sizing.programme import relax
from lamplighter.commitments.sizing.simulate import Order, cost, on_demand, prepare

if TYPE_CHECKING:
    from lamplighter.commitments.sizing.demand import Floats
    from lamplighter.commitments.sizing.problem import Problem

TOLERANCE: Final = 1e-4
"""Gap, as a share of the cost, from which no further search is worth its time."""
SMALL: Final = 3_000
"""Hours x usages up to which reservations are also tried as whole numbers within the programme."""
TRIES: Final = 8_000_000
"""Hours x usages x purchases that the search may simulate."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A joint purchase.

    Attributes:
        amounts: how much of each instrument, as it can be bought; 1 for what is held.
        cost: money an hour on average, on demand and for what is bought, simulated in AWS's order.
        bound: money an hour that no purchase can fall below.
        before: money an hour if nothing is bought.
    """

    amounts: tuple[Decimal, ...]
    cost: float
    bound: float
    before: float

    @property
    def gap(self) -> float:
        """Share of the cost by which it could at most be improved."""
        return max(self.cost - self.bound, 0.0) / self.cost if self.cost > 0 else 0.0


def solve(problem: Problem, *, tolerance: float = TOLERANCE) -> Portfolio:
    """The best purchase that was found, and how much better one could be at most.

    Args:
        problem: usage and instruments.
        tolerance: gap, as a share of the cost, below which the search ends.

    Raises:
        LamplighterError: the solver is not installed, or fails.
    """
    import numpy as np

    order = prepare(problem)
    nothing = np.array([1.0 if each.held else 0.0 for each in problem.instruments])
    relaxed = relax(problem)
    starts = [nothing, *_rounded(problem, relaxed.amounts)]
    if problem.offers and problem.quantity.size <= SMALL:
        starts.append(_down(problem, relax(problem, whole=True).amounts))
    search = _Search(problem, order)
    first = min(starts, key=lambda amounts: (search.cost(amounts), float(amounts.sum())))
    enough = relaxed.bound * (1 + tolerance)
    found = search.trim(search.improve(first, enough) if search.cost(first) > enough else first)
    bought = tuple(
        Decimal(1) if each.held else Decimal(round(float(amount) / float(each.step))) * each.step
        for each, amount in zip(problem.instruments, found, strict=True)
    )
    return Portfolio(bought, cost(order, [float(one) for one in bought]), relaxed.bound, cost(order, nothing))


def _rounded(problem: Problem, amounts: Floats) -> Iterator[Floats]:
    """The amounts as they can be bought: to the nearest, down, and up for reservations."""
    import numpy as np

    steps = np.array([float(each.step) for each in problem.instruments])
    whole = steps == 1
    for shift in (0.5, 1e-6, 1 - 1e-6):
        rounded = np.floor(amounts / steps + np.where(whole, shift, 0.5)) * steps
        yield np.where(_held(problem), 1.0, rounded)


def _down(problem: Problem, amounts: Floats) -> Floats:
    import numpy as np

    steps = np.array([float(each.step) for each in problem.instruments])
    return np.where(_held(problem), 1.0, np.round(amounts / steps) * steps)


def _held(problem: Problem) -> Floats:
    import numpy as np

    return np.array([each.held for each in problem.instruments])


class _Search:
    """Local search on the simulator: one purchase more or less, plans set anew exactly, and exchanges of two."""

    def __init__(self, problem: Problem, order: Order) -> None:
        self.problem = problem
        self.order = order
        self.whole = [place for place in problem.offers if problem.instruments[place].step == 1]
        self.plans = [place for place in problem.offers if problem.instruments[place].step != 1]
        self.seen: dict[bytes, float] = {}
        self.left = max(TRIES // max(problem.quantity.size, 1), 50)

    def cost(self, amounts: Floats) -> float:
        """Cost of a purchase, remembered."""
        key = amounts.tobytes()
        if key not in self.seen:
            self.left -= 1
            self.seen[key] = cost(self.order, amounts)
        return self.seen[key]

    def improve(self, amounts: Floats, enough: float) -> Floats:
        """Steps downhill until none is left, the cost is good enough, or the tries are used up."""
        best, lowest = amounts, self.cost(amounts)
        better = True
        while better and lowest > enough and self.left > 0:
            better = False
            for trial in self._near(best):
                if self.cost(trial) < lowest - 1e-12 * max(1.0, lowest):
                    best, lowest, better = trial, self.cost(trial), True
                    break
                if self.left <= 0:
                    break
        return best

    def trim(self, amounts: Floats) -> Floats:
        """The smaller of equally good purchases: what neither gains nor loses is not bought."""
        best, limit = amounts, self.cost(amounts) * (1 + 1e-12)
        for place in self.plans:
            for trial in self._set_anew(best, place):
                if trial[place] < best[place] and self.cost(trial) <= limit:
                    best = trial
        for place in self.whole:
            trial = best
            while trial[place] >= 1 and self.cost(trial) <= limit:
                best, trial = trial, trial.copy()
                trial[place] -= 1
            if trial[place] < 1 and self.cost(trial) <= limit:
                best = trial
        return best

    def _near(self, amounts: Floats) -> Iterator[Floats]:
        """Purchases a step away, the promising ones first."""
        for place in self.plans:
            yield from self._set_anew(amounts, place)
        yield from self._steps(amounts)
        for trial in self._steps(amounts):
            for place in self.plans:
                yield from self._set_anew(trial, place)
        for one in self.whole:
            for other in self.whole:
                if one != other and amounts[one] >= 1:
                    trial = amounts.copy()
                    trial[one] -= 1
                    trial[other] += 1
                    yield trial
        for one in self.plans:
            for other in self.plans:
                for part in (1.0, 0.1, 0.01):
                    moved = _grid(float(amounts[one]) * part)
                    if one != other and moved > 0:
                        trial = amounts.copy()
                        trial[one] = _grid(float(amounts[one]) - moved)
                        yield from self._set_anew(trial, other)

    def _steps(self, amounts: Floats) -> Iterator[Floats]:
        for place in self.whole:
            for step in (1, -1, 2, -2):
                if amounts[place] + step >= 0:
                    trial = amounts.copy()
                    trial[place] += step
                    yield trial

    def _set_anew(self, amounts: Floats, place: int) -> Iterator[Floats]:
        """The exact best of one plan on what all that comes before it leaves, and small steps around it."""
        self.left -= 1
        base = amounts.copy()
        base[place] = 0.0
        mine = [
            (column, rate)
            for column, use in enumerate(self.problem.items)
            if (rate := self.problem.instruments[place].draw(use)) is not None and rate > 0
        ]
        if not mine:
            return
        left = remaining(self.order, base, place)
        best = best_commitment(
            left[:, [column for column, _ in mine]],
            [self.problem.items[column].rate for column, _ in mine],
            [rate for _, rate in mine],
            price=float(self.order.costs[place]),
            weight=self.order.shares,
        )
        for amount in {floor(best.amount / float(STEP)) * float(STEP), _grid(best.amount), _grid(best.amount + 0.0005)}:
            trial = base.copy()
            trial[place] = amount
            yield trial


def remaining(order: Order, amounts: Floats, place: int) -> Floats:
    """Hours x usages that are left when a plan's turn comes, before it takes anything."""
    turn = next((number for number, step in enumerate(order.steps) if step[0] == place), len(order.steps))
    left = order.quantity.copy()
    on_demand(replace(order, steps=order.steps[:turn]), amounts, left)
    return left.T


def _grid(amount: float) -> float:
    return round(max(amount, 0.0) / float(STEP)) * float(STEP)
