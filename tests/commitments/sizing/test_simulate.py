from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from tests.commitments.sizing.worlds import ACCOUNT, OTHER, offers, usages

from lamplighter.commitments.apply import apply
from lamplighter.commitments.model import PlanKind, Reservation, SavingsPlan, Use
from lamplighter.commitments.sizing.problem import Instrument, Part, Problem, assemble
from lamplighter.commitments.sizing.simulate import cost, exact, on_demand, prepare


def _held(uses: list[Use], chance: Random) -> list[Instrument]:
    """Zonal, regional and shared reservations and plans of both accounts."""
    found = []
    for number in range(chance.randint(0, 3)):
        use = chance.choice(uses)
        assert use.attributes is not None
        zone = chance.choice(("", "eu-west-1a"))
        made = Reservation(
            f"held-{number}",
            chance.choice((ACCOUNT, OTHER)),
            use.attributes,
            use.size,
            Decimal(chance.randint(1, 3)),
            zone,
            None if zone else use.units,
            shared=chance.random() < 0.7,
        )
        found.append(Instrument(made.id, made))
    if chance.random() < 0.5:
        plan = SavingsPlan("sp-compute", OTHER, PlanKind.COMPUTE, Decimal(1), shared=chance.random() < 0.7)
        found.append(Instrument("sp-compute", plan))
    return found


def _problem(seed: int) -> tuple[Problem, list[Decimal]]:
    chance = Random(seed)
    uses = [
        replace(use, zone=chance.choice(("eu-west-1a", "eu-west-1b")))
        for use in usages(chance, 2, accounts=(ACCOUNT, OTHER))
    ]
    held = _held(uses, chance)
    names = {each.id for each in held}
    new = [
        each
        for account in (ACCOUNT, OTHER)
        for each in offers(uses, chance, shared=chance.random() < 0.8, account=account)
        if each.id not in names and not names.add(each.id)  # type: ignore[func-returns-value]
    ]
    quantity = np.array([[chance.randint(0, 6) / 2 for _ in uses] for _ in range(6)])
    ahead = [Part(3, frozenset()), Part(5, frozenset(sorted(each.id for each in held)[:1]))]
    made = assemble(uses, quantity, held, new, ahead=ahead)
    amounts = [
        Decimal(1)
        if each.held
        else Decimal(chance.randint(0, 2))
        if each.step == 1
        else Decimal(chance.randint(0, 1500)) / 1000
        for each in made.instruments
    ]
    return made, amounts


def _by_hand(made: Problem, amounts: list[Decimal], row: int) -> Decimal:
    """On demand in one hour, by one call of the exact simulator."""
    uses = [
        replace(use, quantity=Decimal(str(float(made.quantity[row, column]))))
        for column, use in enumerate(made.items)
        if made.quantity[row, column]
    ]
    reservations, plans = [], []
    for place, (each, amount) in enumerate(zip(made.instruments, amounts, strict=True)):
        if not amount or not made.in_force[row, place]:
            continue
        if isinstance(each.made, Reservation):
            reservations.append(replace(each.made, count=each.made.count * amount))
        else:
            plans.append(replace(each.made, commitment=each.made.commitment * amount))
    return apply(uses, reservations, plans).on_demand


@pytest.mark.slow
@pytest.mark.parametrize("block", range(15))
def test_all_hours_at_once_are_as_hour_by_hour(block: int) -> None:
    for seed in range(block * 10, block * 10 + 10):
        made, amounts = _problem(seed)
        by_hand = [_by_hand(made, amounts, row) for row in range(len(made.quantity))]
        at_once = on_demand(prepare(made), [float(amount) for amount in amounts])
        assert at_once == pytest.approx([float(each) for each in by_hand], abs=1e-9)
        weight = [Decimal(int(each)) for each in made.weight]
        average = sum((each * hours for each, hours in zip(by_hand, weight, strict=True)), Decimal(0)) / sum(weight)
        assert float(exact(made, amounts).on_demand) == pytest.approx(float(average), rel=1e-20, abs=1e-20)


def test_what_is_used_and_replaced_by_hand() -> None:
    """Two m5.large of 0.10 in three hours of four; one reserved; 0.05 of a plan at 0.07."""
    chance = Random(0)
    use = replace(
        usages(chance, 1)[0], rate=Decimal("0.10"), own_rates={"sp-compute": Decimal("0.07")}, units=Decimal(4)
    )
    assert use.attributes is not None
    reservation = Reservation("ri", "", use.attributes, "large", Decimal(1), "", Decimal(4))
    plan = SavingsPlan("sp-compute", "", PlanKind.COMPUTE, Decimal(1))
    terms = offers([use], chance)[0].terms
    new = [
        Instrument("ri", reservation, terms, hourly=Decimal("0.06")),
        Instrument("sp-compute", plan, terms, hourly=Decimal(1)),
    ]
    made = assemble([use], np.array([[2.0], [2.0], [2.0], [0.0]]), (), new)
    assert list(made.weight) == [3.0, 1.0]
    found = exact(made, [Decimal(1), Decimal("0.035")])
    assert found.used == {"ri": Decimal("0.75"), "sp-compute": Decimal("0.75")}
    assert found.replaced == {"ri": Decimal("0.075"), "sp-compute": Decimal("0.0375")}
    assert found.on_demand == Decimal("0.0375")
    assert cost(prepare(made), [1.0, 0.035]) == pytest.approx(0.0375 + 0.06 + 0.035)
    assert exact(made, [Decimal(0), Decimal(0)]).used == {"ri": None, "sp-compute": None}
