"""Commitments applied to all hours of a problem as AWS applies them: in floats at once, and exactly.

`on_demand` does for arrays of hours what `commitments.apply` does for one, in the same order; tests hold it to that.
The search uses it. What is shown comes from `exact`, which puts every hour through `apply` in Decimals: reservations of
different attributes do not meet, so each group is applied apart, and hours in which a group is alike are applied once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from lamplighter.commitments.apply import apply
from lamplighter.commitments.model import PlanKind, Reservation, SavingsPlan, Use
from lamplighter.commitments.sizing.breakpoints import plan_order

if TYPE_CHECKING:
    from lamplighter.commitments.model import Attributes
    from lamplighter.commitments.sizing.demand import Floats
    from lamplighter.commitments.sizing.problem import Problem


@dataclass(frozen=True, slots=True)
class Order:
    """The order in which AWS lets instruments take usages; made once for a problem.

    Attributes:
        steps: (instrument, ((usage, share of one purchase that one of it takes), ...)).
        quantity: usages x hours.
        rates: on-demand prices of the usages.
        shares: weight of each hour, summing up to 1.
        costs: what an hour of each instrument costs.
        in_force: instruments x hours, 1 or 0.
    """

    steps: tuple[tuple[int, tuple[tuple[int, float], ...]], ...]
    quantity: Floats
    rates: Floats
    shares: Floats
    costs: Floats
    in_force: Floats


def prepare(problem: Problem) -> Order:
    """The order of application for a problem."""
    import numpy as np

    draws = problem.draws
    steps: list[tuple[int, tuple[tuple[int, float], ...]]] = []
    for place, own in _turns(problem):
        made = problem.instruments[place].made
        mine = [
            column
            for column, use in enumerate(problem.items)
            if not np.isnan(draws[place, column]) and (use.account == made.account) is own
        ]
        if mine:
            steps.append(
                (place, tuple((column, float(draws[place, column])) for column in _sorted(problem, place, mine)))
            )
    return Order(
        tuple(steps),
        np.ascontiguousarray(problem.quantity.T),
        np.array([float(use.rate) for use in problem.items]),
        problem.weight / problem.weight.sum(),
        problem.costs,
        np.ascontiguousarray(problem.in_force.T).astype(np.float64),
    )


def on_demand(order: Order, amounts: Sequence[float] | Floats, left: Floats | None = None) -> Floats:
    """Money that stays on demand, by hour.

    Args:
        order: see `prepare`.
        amounts: how much of each instrument; 1 for what is held.
        left: usages x hours, to begin with; changed to what is left on demand. The usage of `order` if None.
    """
    if left is None:
        left = order.quantity.copy()
    free = order.in_force * _column(amounts)
    for place, takers in order.steps:
        if amounts[place] <= 0:
            continue
        rest = free[place]
        for column, draw in takers:
            taken = _least(left[column], rest, draw, order.in_force[place])
            left[column] -= taken
            rest -= taken * draw
    money: Floats = order.rates @ left
    return money


def cost(order: Order, amounts: Sequence[float] | Floats) -> float:
    """Money an hour on average: on demand and for what is bought."""
    return float(order.shares @ on_demand(order, amounts)) + sum(
        float(price) * float(amount) for price, amount in zip(order.costs, amounts, strict=True) if price
    )


@dataclass(frozen=True, slots=True)
class Exact:
    """What came of a purchase, by the exact simulator.

    Attributes:
        on_demand: money an hour on average that stays on demand.
        used: by instrument: share of it that is used while it is in force, 0 to 1; None if there is none of it.
        replaced: by instrument: on-demand money an hour, on average, that it takes the place of.
    """

    on_demand: Decimal
    used: Mapping[str, Decimal | None]
    replaced: Mapping[str, Decimal]


def exact(problem: Problem, amounts: Sequence[Decimal]) -> Exact:
    """Put a purchase through `apply`, every different hour of it.

    Args:
        problem: usage and instruments.
        amounts: how much of each instrument; 1 for what is held.
    """
    there = [
        (place, _bought(each.made, amount))
        for place, (each, amount) in enumerate(zip(problem.instruments, amounts, strict=True))
        if amount > 0
    ]
    reserved: dict[tuple[Attributes, bytes, bytes], _Hour] = {}
    planned: dict[tuple[tuple[tuple[str, Decimal], ...], bytes], _Hour] = {}
    position = {use.id: column for column, use in enumerate(problem.items)}
    groups: dict[Attributes | None, list[int]] = {}
    for column, use in enumerate(problem.items):
        groups.setdefault(use.attributes, []).append(column)
    owners: dict[Attributes, list[tuple[int, Reservation]]] = {}
    for place, made in there:
        if isinstance(made, Reservation):
            owners.setdefault(made.attributes, []).append((place, made))
    plans = [(place, made) for place, made in there if isinstance(made, SavingsPlan)]
    total = _Sum()
    for row in range(len(problem.quantity)):
        weight = Decimal(float(problem.weight[row]))
        left: list[Use] = []
        for attributes, columns in groups.items():
            mine = owners.get(attributes, []) if attributes is not None else []
            here = problem.quantity[row, columns]
            if not mine or attributes is None:
                left += _uses(problem, columns, here)
                continue
            force = problem.in_force[row, [place for place, _ in mine]]
            key = (attributes, here.tobytes(), force.tobytes())
            if key not in reserved:
                acting = [made for (_, made), yes in zip(mine, force, strict=True) if yes]
                reserved[key] = _hour(_uses(problem, columns, here), acting, ())
            total.add(reserved[key], weight, rest=False)
            left += reserved[key].left
        force = problem.in_force[row, [place for place, _ in plans]]
        left.sort(key=lambda use: position[use.id])
        last = (tuple((use.id, use.quantity) for use in left), force.tobytes())
        if last not in planned:
            planned[last] = _hour(left, (), [made for (_, made), yes in zip(plans, force, strict=True) if yes])
        total.add(planned[last], weight, rest=True)
    return total.result(problem, there)


@dataclass(frozen=True, slots=True)
class _Hour:
    left: tuple[Use, ...]
    on_demand: Decimal
    used: Mapping[str, Decimal]
    replaced: Mapping[str, Decimal]


class _Sum:
    """Weighted sums over hours."""

    def __init__(self) -> None:
        self.on_demand = Decimal(0)
        self.used: dict[str, Decimal] = {}
        self.replaced: dict[str, Decimal] = {}

    def add(self, hour: _Hour, weight: Decimal, *, rest: bool) -> None:
        if rest:
            self.on_demand += hour.on_demand * weight
        for sums, values in ((self.used, hour.used), (self.replaced, hour.replaced)):
            for name, value in values.items():
                sums[name] = sums.get(name, Decimal(0)) + value * weight

    def result(self, problem: Problem, there: Sequence[tuple[int, Reservation | SavingsPlan]]) -> Exact:
        weight = Decimal(float(problem.weight.sum()))
        used: dict[str, Decimal | None] = {each.id: None for each in problem.instruments}
        for place, made in there:
            hours = Decimal(float(problem.weight[problem.in_force[:, place]].sum()))
            capacity = replace(problem.instruments[place], made=made).capacity * hours
            used[made.id] = self.used.get(made.id, Decimal(0)) / capacity if capacity else None
        return Exact(
            self.on_demand / weight,
            used,
            {each.id: self.replaced.get(each.id, Decimal(0)) / weight for each in problem.instruments},
        )


def _hour(uses: Sequence[Use], reservations: Sequence[Reservation], plans: Sequence[SavingsPlan]) -> _Hour:
    found = apply(uses, reservations, plans)
    by_id = {use.id: use for use in uses}
    replaced: dict[str, Decimal] = {}
    left = []
    for portion in found.portions:
        use = by_id[portion.use]
        if portion.commitment is None:
            left.append(replace(use, quantity=portion.quantity))
        else:
            worth = portion.quantity * use.rate
            replaced[portion.commitment] = replaced.get(portion.commitment, Decimal(0)) + worth
    return _Hour(tuple(left), found.on_demand, found.used, replaced)


def _uses(problem: Problem, columns: Sequence[int], quantities: Floats) -> list[Use]:
    """The usages of an hour. The shortest decimal of a float is what was written into it."""
    return [
        replace(problem.items[column], quantity=Decimal(str(float(quantity))))
        for column, quantity in zip(columns, quantities, strict=True)
        if quantity > 0
    ]


def _bought(made: Reservation | SavingsPlan, amount: Decimal) -> Reservation | SavingsPlan:
    if isinstance(made, SavingsPlan):
        return replace(made, commitment=made.commitment * amount)
    return replace(made, count=made.count * amount)


def _turns(problem: Problem) -> list[tuple[int, bool]]:
    """(instrument, whether it serves its own account) in AWS's order, see `commitments.apply`."""
    every = list(enumerate(problem.instruments))
    phases = [
        [place for place, each in every if isinstance(each.made, Reservation) and bool(each.made.zone) is zonal]
        for zonal in (True, False)
    ]
    phases += [
        [place for place, each in every if isinstance(each.made, SavingsPlan) and each.made.kind is kind]
        for kind in PlanKind
    ]
    return [(place, own) for phase in phases for own in (True, False) for place in phase]


def _sorted(problem: Problem, place: int, columns: list[int]) -> list[int]:
    each = problem.instruments[place]
    if isinstance(each.made, SavingsPlan):
        rates = [each.draw(problem.items[column]) or Decimal(0) for column in columns]
        return [columns[item] for item in plan_order([problem.items[column].rate for column in columns], rates)]
    if each.made.units is None or each.made.zone:
        return columns
    return sorted(columns, key=lambda column: problem.items[column].units or Decimal(0))


def _column(amounts: Sequence[float] | Floats) -> Floats:
    import numpy as np

    return np.array([float(amount) for amount in amounts])[:, None]


def _least(left: Floats, rest: Floats, draw: float, in_force: Floats) -> Floats:
    import numpy as np

    # A plan may take usage at no charge; then nothing but its term limits it.
    return np.minimum(left, rest / draw) if draw > 0 else left * in_force
