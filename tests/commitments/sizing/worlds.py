"""Small problems, made at random from a seed."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import numpy as np

from lamplighter.commitments.model import Attributes, PlanKind, Reservation, SavingsPlan, Use
from lamplighter.commitments.sizing.problem import Instrument, Problem, assemble
from lamplighter.pricing.offers import Payment, Terms

ACCOUNT, OTHER, PAYER = "111122223333", "444455556666", ""
YEAR = Terms(1, Payment.NO_UPFRONT)
ALL = Terms(1, Payment.ALL_UPFRONT)
SIZES = (("large", Decimal(4)), ("xlarge", Decimal(8)))


def cents(low: int, high: int, chance: Random) -> Decimal:
    return Decimal(chance.randint(low, high)) / 100


def usages(chance: Random, families: int, *, accounts: tuple[str, ...] = (ACCOUNT,)) -> list[Use]:
    """Usages of some families in two sizes, some of Windows (not size-flexible), with a rate for each of two plans."""
    found = []
    for family in (f"m{number}" for number in range(5, 5 + families)):
        unit = cents(2, 9, chance)
        own, compute = cents(55, 75, chance), cents(65, 95, chance)
        platform = chance.choice(("Linux", "Linux", "Windows"))
        for account in accounts:
            for size, units in SIZES[: chance.randint(1, 2)]:
                rate = unit * units
                found.append(
                    Use(
                        f"{family}-{size}-{account}",
                        account,
                        Decimal(1),
                        rate,
                        attributes=Attributes("ec2", "eu-west-1", family, platform),
                        size=size,
                        units=units if platform == "Linux" else None,
                        own_rates={f"sp-{family}": rate * own, "sp-compute": rate * compute},
                    )
                )
    return found


def offers(uses: list[Use], chance: Random, *, shared: bool = True, account: str = PAYER) -> list[Instrument]:
    """A reservation for each pool, an EC2 Instance plan for each family, a Compute plan."""
    found: list[Instrument] = []
    pools: dict[tuple[object, str], Use] = {}
    for use in uses:
        pools.setdefault((use.attributes, "" if use.units is not None else use.size), use)
    for use in pools.values():
        assert use.attributes is not None
        made = Reservation(f"ri-{use.id}", account, use.attributes, use.size, Decimal(1), "", use.units, shared)
        found.append(Instrument(made.id, made, YEAR, hourly=use.rate * cents(50, 90, chance)))
    for family in sorted({use.attributes.family for use in uses if use.attributes}):
        plan = SavingsPlan(
            f"sp-{family}", account, PlanKind.EC2_INSTANCE, Decimal(1), "eu-west-1", family, shared=shared
        )
        found.append(Instrument(plan.id, plan, YEAR, hourly=Decimal(1)))
    compute = SavingsPlan("sp-compute", account, PlanKind.COMPUTE, Decimal(1), shared=shared)
    found.append(Instrument(compute.id, compute, YEAR, hourly=Decimal(1)))
    return found


def problem(seed: int, *, families: int = 1, hours: int = 8, most: int = 4, kinds: str = "rep") -> Problem:
    """A problem; `kinds` chooses offers: r(eservations), e(c2 instance plans), c(ompute plan)."""
    chance = Random(seed)
    uses = usages(chance, families)
    chosen = [
        each
        for each in offers(uses, chance)
        if ("r" in kinds and each.id.startswith("ri"))
        or ("e" in kinds and each.id.startswith("sp-m"))
        or ("c" in kinds and each.id == "sp-compute")
    ]
    quantity = np.array([[chance.randint(0, most) for _ in uses] for _ in range(hours)], dtype=np.float64)
    return assemble(uses, quantity, (), chosen)
