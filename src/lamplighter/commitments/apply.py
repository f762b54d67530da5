"""How AWS applies commitments to one hour of usage.

Reservations come first, then Savings Plans; each serves its own account first, then the others it is shared with.

1. Zonal reservations: own, then what other accounts have left. Exact type and zone.
2. Regional reservations: own, then shared. Size-flexible ones take the smallest size first, measured in units.
3. EC2 Instance Savings Plans, then Compute ones (SageMaker and Database plans take usage of their own). Within a plan,
   usage with the highest saving first; among equals that with the lowest Savings Plan rate.

Nothing is carried over to the next hour. Savings are compared as whole percentages, as AWS publishes them.
Source: EC2 User Guide, "How Reserved Instances are applied"; Savings Plans User Guide, "Understanding how Savings Plans
apply to your usage". AWS does not say which of several equal commitments is used first: here, in the order given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext

from lamplighter.commitments.model import Applied, Attributes, Portion, Reservation, SavingsPlan, Use
from lamplighter.commitments.model import PlanKind as Kind

_NONE = Decimal(0)
_HUNDRED = Decimal(100)


class _Hour:
    """What is left of each use, and the portions so far."""

    def __init__(self, uses: Sequence[Use]) -> None:
        self.left = {use.id: use.quantity for use in uses}
        self.portions: list[Portion] = []

    def take(self, use: Use, quantity: Decimal, commitment: str | None, cost: Decimal, *, lent: bool) -> None:
        self.left[use.id] -= quantity
        self.portions.append(Portion(use.id, quantity, commitment, cost, lent))


def apply(uses: Sequence[Use], reservations: Sequence[Reservation] = (), plans: Sequence[SavingsPlan] = ()) -> Applied:
    """Apply commitments to the usage of one hour.

    Args:
        uses: the usage; ids unique.
        reservations: those in force in this hour.
        plans: those in force in this hour.

    Returns:
        Every use in portions, and what was used of each commitment.
    """
    with localcontext() as context:
        context.prec = 60
        hour = _Hour(uses)
        free = {each.id: _capacity(each) for each in reservations}
        zonal = [each for each in reservations if each.zone]
        regional = [each for each in reservations if not each.zone]
        alike: dict[Attributes | None, list[Use]] = defaultdict(list)
        for use in uses:
            alike[use.attributes].append(use)
        for group in (zonal, regional):
            for own in (True, False):
                for reservation in group:
                    _reserve(hour, alike.get(reservation.attributes, ()), reservation, free, own=own)
        money = {plan.id: plan.commitment for plan in plans}
        for kind in Kind:
            mine = [plan for plan in plans if plan.kind is kind]
            for own in (True, False):
                for plan in mine:
                    _spend(hour, uses, plan, money, own=own)
        for use in uses:
            if hour.left[use.id] > 0:
                hour.take(use, hour.left[use.id], None, hour.left[use.id] * use.rate, lent=False)
        unused = {**free, **money}
        used = {each.id: _capacity(each) - free[each.id] for each in reservations}
        used |= {plan.id: plan.commitment - money[plan.id] for plan in plans}
        return Applied(hour.portions, used, unused)


def _capacity(reservation: Reservation) -> Decimal:
    flexible = reservation.units is not None and not reservation.zone
    return reservation.count * (reservation.units if flexible and reservation.units is not None else 1)


def _mine(account: str, shared: bool, *, own: bool) -> Callable[[Use], bool]:
    return (lambda use: use.account == account) if own else (lambda use: shared and use.account != account)


def _reserve(
    hour: _Hour, uses: Iterable[Use], reservation: Reservation, free: dict[str, Decimal], *, own: bool
) -> None:
    flexible = reservation.units is not None and not reservation.zone
    serves = _mine(reservation.account, reservation.shared, own=own)
    wanted = [use for use in uses if serves(use) and covers(use, reservation)]
    if flexible:
        wanted.sort(key=lambda use: use.units or _NONE)
    for use in wanted:
        each = use.units if flexible and use.units else Decimal(1)
        quantity = min(hour.left[use.id], free[reservation.id] / each)
        if quantity > 0:
            free[reservation.id] -= quantity * each
            hour.take(use, quantity, reservation.id, _NONE, lent=not own)


def covers(use: Use, reservation: Reservation) -> bool:
    """Whether a reservation can cover a use, of whichever account."""
    flexible = reservation.units is not None and not reservation.zone
    if use.attributes != reservation.attributes:
        return False
    if reservation.zone:
        return use.zone == reservation.zone and use.size == reservation.size
    return use.units is not None if flexible else use.size == reservation.size


def _spend(hour: _Hour, uses: Iterable[Use], plan: SavingsPlan, money: dict[str, Decimal], *, own: bool) -> None:
    serves = _mine(plan.account, plan.shared, own=own)
    wanted = [use for use in uses if hour.left[use.id] > 0 and serves(use) and takes(use, plan)]
    rates = {use.id: plan_rate(use, plan) or _NONE for use in wanted}
    wanted.sort(key=lambda use: (-_saving(use, rates[use.id]), rates[use.id]))
    for use in wanted:
        rate, left = rates[use.id], hour.left[use.id]
        cost = min(left * rate, money[plan.id])
        quantity = left if cost == left * rate else cost / rate
        if quantity > 0:
            money[plan.id] -= cost
            hour.take(use, quantity, plan.id, cost, lent=not own)


def plan_rate(use: Use, plan: SavingsPlan) -> Decimal | None:
    """What one of the use draws on the plan: its own rate if it has one, else that of its kind; None if it has none."""
    return use.own_rates.get(plan.id, use.plan_rates.get(plan.kind))


def takes(use: Use, plan: SavingsPlan) -> bool:
    """Whether a plan can take a use, of whichever account."""
    if plan_rate(use, plan) is None:
        return False
    if plan.kind is not Kind.EC2_INSTANCE:
        return True
    made = use.attributes
    return made is not None and (made.region, made.family) == (plan.region, plan.family)


def _saving(use: Use, rate: Decimal) -> Decimal:
    """Percentage saved at this plan rate, as a whole number."""
    if not use.rate:
        return _NONE
    share = (use.rate - rate) / use.rate
    return (share * _HUNDRED).quantize(Decimal(1), rounding=ROUND_HALF_UP)
