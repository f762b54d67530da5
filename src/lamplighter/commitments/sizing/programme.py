"""The joint purchase as a linear programme, and a lower bound on what any purchase costs.

    minimise   sum_k f_k x_k W + sum_h w_h sum_i o_hi
    demand     o_hi + sum_{k serves only i} c_hk x_k / a_ki + sum_{k serves several} y_hik  >=  D_hi
    capacity   sum_i a_ki y_hik  <=  c_hk x_k                     for each hour and each k that serves several

x_k is how much is bought of offer k at f_k an hour, o what stays on demand, y what is covered, in on-demand money; c_hk
says whether k is in force, a_ki which share of one k a dollar of usage i takes, w_h how often hour h occurs, W their
sum. What is held has x = 1.
Usages that no instrument tells apart are one. The programme may give cover to whichever usage it likes, while AWS has
an order, and may buy parts: its value is a lower bound on every bill.

The bound does not rest on the solver: from its prices a feasible solution of the dual is made by scaling them down, and
weak duality holds for every such solution. A solver that stopped early gives a lower bound, never a wrong one.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lamplighter.commitments.model import Reservation
from lamplighter.errors import LamplighterError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lamplighter.commitments.sizing.demand import Floats
    from lamplighter.commitments.sizing.problem import Problem

    Ints = NDArray[np.int64]


EQUAL: Final = 2e-6
"""By how much dearer a reservation seems: at the same price a Savings Plan also covers other sizes and systems."""


CELLS: Final = 40_000
"""Hours x groups of usage that the programme takes; more are joined, see `_joined`."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Answer of the linear programme.

    Attributes:
        amounts: how much of each instrument; 1 for what is held.
        bound: money an hour that no purchase can fall below, on average.
    """

    amounts: Floats
    bound: float


@dataclass(frozen=True, slots=True)
class _Shape:
    """The programme before it is written down.

    Attributes:
        demand: hours x groups, on-demand money.
        takes: instruments x groups: share of one instrument that a dollar takes; NaN if it cannot serve it.
        weight: of each hour.
        costs: of one of each instrument, an hour.
        held: whether each instrument is held.
        force: hours x instruments.
        dislike: factor of the costs that decides between equals.
    """

    demand: Floats
    takes: Floats
    weight: Floats
    costs: Floats
    held: Any
    force: Floats
    dislike: Floats

    @property
    def several(self) -> list[int]:
        """Instruments that serve several groups."""
        import numpy as np

        return [int(k) for k in np.flatnonzero((~np.isnan(self.takes)).sum(axis=1) > 1)]

    @property
    def single(self) -> list[tuple[int, int]]:
        """(instrument, group) of those that serve one."""
        import numpy as np

        there = ~np.isnan(self.takes)
        return [(int(k), int(np.flatnonzero(there[k])[0])) for k in np.flatnonzero(there.sum(axis=1) == 1)]


def relax(problem: Problem, *, whole: bool = False) -> Relaxed:
    """Solve the programme.

    Args:
        problem: usage and instruments.
        whole: whether reservations are bought whole (a mixed-integer programme; only for small problems). The bound
            stays that of the linear one.

    Raises:
        LamplighterError: the solver is not installed, or fails.
    """
    import numpy as np

    shape = _shape(problem)
    if not shape.demand.size or shape.demand.max(initial=0.0) <= 0 or all(shape.held):
        amounts = np.where(shape.held, 1.0, 0.0)
        return Relaxed(amounts, _held_only(shape)) if all(shape.held) and len(shape.held) else Relaxed(amounts, 0.0)
    programme = _Programme(shape)
    found, prices = programme.solve(problem if whole else None)
    return Relaxed(np.where(shape.held, 1.0, found), programme.bound(prices) if prices is not None else 0.0)


def _held_only(shape: _Shape) -> float:
    """Nothing is on offer: the programme only spreads what is held."""
    programme = _Programme(shape)
    _, prices = programme.solve(None)
    return programme.bound(prices) if prices is not None else 0.0


def _shape(problem: Problem) -> _Shape:
    import numpy as np

    rates = np.array([float(use.rate) for use in problem.items])
    with np.errstate(divide="ignore", invalid="ignore"):
        takes = problem.draws / rates
    takes[:, rates <= 0] = np.nan
    groups: dict[tuple[str, ...], list[int]] = {}
    for column in range(len(rates)):
        if rates[column] > 0:
            groups.setdefault(tuple(f"{each:.9e}" for each in takes[:, column]), []).append(column)
    money = problem.quantity * rates
    demand = (
        np.stack([money[:, columns].sum(axis=1) for columns in groups.values()], axis=1) if groups else money[:, :0]
    )
    firsts = [columns[0] for columns in groups.values()]
    held = np.array([each.held for each in problem.instruments], dtype=bool)
    force = problem.in_force.astype(np.float64)
    weight = problem.weight / problem.weight.mean()
    dislike = np.array([1.0 + (EQUAL if isinstance(each.made, Reservation) else 0.0) for each in problem.instruments])
    shape = _Shape(demand, takes[:, firsts], weight, problem.costs, held, force, dislike)
    # What is held and serves one group only covers it, whatever else is bought: done before hours are joined.
    for k, group in shape.single:
        if held[k]:
            shape.demand[:, group] -= np.minimum(shape.demand[:, group], force[:, k] / shape.takes[k, group])
            shape.takes[k, group] = np.nan
    return _joined(shape)


def _joined(shape: _Shape, most: int = CELLS) -> _Shape:
    """Hours that are similar made one by their mean, until the programme is small enough to be solved in seconds.

    The cost of an hour is convex in its demand, so the mean of hours costs no more than the hours on average: the bound
    stays a bound (Jensen), only a little lower. Hours with different commitments in force are never joined.
    """
    import numpy as np

    hours, groups = shape.demand.shape
    if hours * groups <= most:
        return shape
    many = -(-hours * groups // most)
    kinds = np.unique(shape.force, axis=0, return_inverse=True)[1].reshape(-1)
    order = np.lexsort((shape.demand.sum(axis=1), kinds))
    place = np.concatenate([np.arange(count) // many for count in np.bincount(kinds)])
    fresh = np.r_[True, (np.diff(kinds[order]) != 0) | (np.diff(place) != 0)]
    starts = np.flatnonzero(fresh)
    weight = shape.weight[order]
    sums = np.add.reduceat(weight, starts)
    demand = np.add.reduceat(shape.demand[order] * weight[:, None], starts, axis=0) / sums[:, None]
    return replace(shape, demand=demand, weight=sums, force=shape.force[order][starts])


class _Programme:
    """The programme in the solver's words. Columns: x of offers, then o, then y; rows: demand, then capacity."""

    def __init__(self, shape: _Shape) -> None:
        import numpy as np

        self.shape = shape
        self.hour, self.group = (np.asarray(each) for each in np.nonzero(shape.demand > 0))
        self.wanted = shape.demand[self.hour, self.group]
        self.cells = len(self.wanted)
        self.offers = [int(k) for k in np.flatnonzero(~shape.held)]
        self.several = shape.several
        self.served = {k: np.flatnonzero(~np.isnan(shape.takes[k, self.group])) for k in self.several}
        self.place = {k: place for place, k in enumerate(self.offers)}

    def solve(self, whole: Problem | None) -> tuple[Floats, Floats | None]:
        """(amounts by instrument, prices of the rows; None from a mixed-integer programme)."""
        import numpy as np

        solver, module = _solver()
        program = module.HighsLp()
        first = len(self.offers)
        hours, sums = len(self.shape.weight), float(self.shape.weight.sum())
        served = sum(len(each) for each in self.served.values())
        columns, rows = first + self.cells + served, self.cells + hours * len(self.several)
        costs = np.zeros(columns)
        costs[:first] = self.shape.costs[self.offers] * self.shape.dislike[self.offers] * sums
        costs[first : first + self.cells] = self.shape.weight[self.hour]
        upper = np.full(columns, np.inf)
        upper[first : first + self.cells] = self.wanted
        lower_rows = np.zeros(rows)
        lower_rows[: self.cells] = self.wanted
        entries = _Entries()
        self._fill(entries, upper, lower_rows)
        program.num_col_, program.num_row_ = columns, rows
        program.col_cost_, program.col_lower_, program.col_upper_ = costs, np.zeros(columns), upper
        program.row_lower_, program.row_upper_ = lower_rows, np.full(rows, np.inf)
        matrix = program.a_matrix_
        matrix.format_ = module.MatrixFormat.kRowwise
        matrix.start_, matrix.index_, matrix.value_ = entries.by_rows(rows)
        if whole is not None:
            kinds = [module.HighsVarType.kContinuous] * columns
            for place, k in enumerate(self.offers):
                if whole.instruments[k].step == 1:
                    kinds[place] = module.HighsVarType.kInteger
            program.integrality_ = kinds
        else:
            solver.setOptionValue("solver", "ipm")
            solver.setOptionValue("run_crossover", "off")
        solver.passModel(program)
        solver.run()
        solution = solver.getSolution()
        values = np.maximum(np.array(solution.col_value), 0.0)
        if len(values) != columns:
            raise LamplighterError(f"the solver ended without an answer: {solver.getModelStatus()}")
        amounts = np.zeros(len(self.shape.costs))
        amounts[self.offers] = values[:first]
        prices = np.array(solution.row_dual)
        return amounts, prices if whole is None and len(prices) == rows else None

    def _fill(self, entries: _Entries, upper: Floats, lower_rows: Floats) -> None:
        import numpy as np

        shape, first, hours = self.shape, len(self.offers), len(self.shape.weight)
        cell = np.arange(self.cells)
        entries.add(cell, first + cell, np.ones(self.cells))
        for k, group in shape.single:
            if k in self.place:
                mine = np.flatnonzero(self.group == group)
                entries.add(mine, np.full(len(mine), self.place[k]), np.full(len(mine), 1 / shape.takes[k, group]))
        column = first + self.cells
        for number, k in enumerate(self.several):
            mine = self.served[k]
            row = self.cells + number * hours
            entries.add(mine, column + np.arange(len(mine)), np.ones(len(mine)))
            upper[column : column + len(mine)] = self.wanted[mine]
            drawn = shape.takes[k, self.group[mine]]
            entries.add(row + self.hour[mine], column + np.arange(len(mine)), -drawn)
            if shape.held[k]:
                lower_rows[row : row + hours] = -shape.force[:, k]
            else:
                entries.add(row + np.arange(hours), np.full(hours, self.place[k]), np.ones(hours))
            column += len(mine)

    def bound(self, prices: Floats) -> float:
        """Money an hour that no purchase falls below, by weak duality from these prices of the rows."""
        import numpy as np

        shape, hours = self.shape, len(self.shape.weight)
        sums = float(shape.weight.sum())
        worth = np.clip(prices[: self.cells], 0.0, shape.weight[self.hour])
        paid = 0.0
        for number, k in enumerate(self.several):
            begin = self.cells + number * hours
            price = np.maximum(prices[begin : begin + hours], 0.0)
            limit = shape.costs[k] * sums
            if shape.held[k]:
                paid += float(price @ shape.force[:, k])
            elif price.sum() > limit:
                price = price * (limit / price.sum())
            mine = self.served[k]
            worth[mine] = np.minimum(worth[mine], shape.takes[k, self.group[mine]] * price[self.hour[mine]])
        for k, group in shape.single:
            if k in self.place:
                mine = np.flatnonzero(self.group == group)
                total, limit = float(worth[mine].sum()), shape.costs[k] * sums * shape.takes[k, group]
                if total > limit:
                    worth[mine] *= limit / total
        return max(float(self.wanted @ worth) - paid, 0.0) / sums


class _Entries:
    """Entries of a sparse matrix."""

    def __init__(self) -> None:
        self.parts: list[tuple[Ints, Ints, Floats]] = []

    def add(self, rows: Ints, columns: Ints, values: Floats) -> None:
        """Add entries."""
        self.parts.append((rows, columns, values))

    def by_rows(self, rows: int) -> tuple[Ints, Ints, Floats]:
        """(start of each row, columns, values)."""
        import numpy as np

        row, column, value = (np.concatenate([part[each] for part in self.parts]) for each in range(3))
        order = np.lexsort((column, row))
        starts = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=rows))))
        return starts, column[order], value[order]


def _solver() -> tuple[Any, Any]:
    try:
        import highspy
    except ImportError as error:
        raise LamplighterError(
            "the joint purchase needs HiGHS, which is not installed", hint="pip install 'lamplighter[commit]'"
        ) from error
    with _silence():
        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    return solver, highspy


@contextmanager
def _silence() -> Iterator[None]:
    """The first solver of a process writes its name to the real stdout before it can be told not to."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            yield
            ctypes.CDLL(None).fflush(None)
    finally:
        os.dup2(kept, 1)
        os.close(kept)
