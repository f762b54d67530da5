"""What to buy: 2,000 usages of a year by quantiles, 20 families of a month as one purchase; against bare loops."""

from __future__ import annotations

import time
from decimal import Decimal
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lamplighter.commitments.sizing.problem import Problem

KEYS, YEAR = 2_000, 8_760
FAMILIES, MONTH = 20, 720
SAMPLE = 20
RATIO = 0.63


class Numbers(NamedTuple):
    """What one run measured; seconds, except where the name says otherwise."""

    quantiles: float
    bare: float
    loop: float
    same: int
    programme: float
    search: float
    exact: float
    hour_by_hour: float
    saving_percent: float
    gap_percent: float


def run() -> list[str]:
    """Lines to print; measured in a process of its own."""
    with get_context("spawn").Pool(1) as pool:
        n = pool.apply(measure)
    loop = n.loop * KEYS / SAMPLE
    whole = n.search + n.exact
    return [
        f"{KEYS:,} usages x {YEAR:,} hours, one core:",
        f"levels and best numbers            {n.quantiles:9.2f} s",
        f"bare numpy: one sort of everything {n.bare:9.2f} s, {n.bare / n.quantiles:.2f} times as long",
        f"loop over numbers and hours        {loop:9.2f} s, {loop / n.quantiles:,.0f} times as long",
        f"(loop measured on {SAMPLE}, extrapolated; {n.same} of {SAMPLE} numbers are the same)",
        f"{FAMILIES} families x {MONTH} hours, reservations, EC2 Instance and Compute plans:",
        f"linear programme and bound         {n.programme:9.2f} s",
        f"programme, rounding, search        {n.search:9.2f} s",
        f"exact simulator, all hours         {n.exact:9.2f} s",
        f"exact, hour by hour, uncounted     {n.hour_by_hour:9.2f} s, {n.hour_by_hour / n.exact:.1f} times as long",
        f"all of it                          {whole:9.2f} s; saves {n.saving_percent:.2f} %, gap {n.gap_percent:.4f} %",
    ]


def measure() -> Numbers:
    """Measure everything once."""
    quantiles, bare, loop, same = _quantiles()
    return Numbers(quantiles, bare, loop, same, *_portfolio())


def _quantiles() -> tuple[float, float, float, int]:
    import numpy as np

    from lamplighter.commitments.sizing.quantile import best_count
    from lamplighter.commitments.sizing.statistics import levels_of

    chance = np.random.default_rng(3)
    use = chance.poisson(chance.uniform(1, 40, (KEYS, 1)), (KEYS, YEAR)).astype(np.float64)
    began = time.process_time()
    levels_of(use)
    found = [best_count(level, RATIO) for level in use]
    quantiles = time.process_time() - began
    began = time.process_time()
    np.sort(use, axis=1)
    bare = time.process_time() - began
    began = time.process_time()
    slow = [_loop([float(hour) for hour in row]) for row in use[:SAMPLE]]
    loop = time.process_time() - began
    return quantiles, bare, loop, sum(int(one == other) for one, other in zip(found, slow, strict=False))


def _loop(hours: list[float]) -> int:
    """The best number as a spreadsheet finds it: the cost of each, summed up hour by hour."""
    costs = [sum(number * RATIO + max(hour - number, 0.0) for hour in hours) for number in range(int(max(hours)) + 1)]
    return costs.index(min(costs))


def _portfolio() -> tuple[float, float, float, float, float, float]:
    from lamplighter.commitments.sizing.portfolio import solve
    from lamplighter.commitments.sizing.programme import relax
    from lamplighter.commitments.sizing.simulate import exact

    made = families()
    began = time.process_time()
    relax(made)
    programme = time.process_time() - began
    began = time.process_time()
    found = solve(made)
    search = time.process_time() - began
    began = time.process_time()
    exact(made, found.amounts)
    exactly = time.process_time() - began
    began = time.process_time()
    _hour_by_hour(made, found.amounts)
    bare = time.process_time() - began
    saving = 100 * (1 - found.cost / found.before)
    return programme, search, exactly, bare, saving, 100 * found.gap


def families() -> Problem:
    """A problem of families with a working day and some noise."""
    import numpy as np

    from lamplighter.commitments.model import Attributes, PlanKind, Reservation, SavingsPlan, Use
    from lamplighter.commitments.sizing.problem import Instrument, assemble
    from lamplighter.pricing.offers import Payment, Terms

    chance = np.random.default_rng(1)
    hour = np.arange(MONTH)
    day = ((hour // 24) % 7 < 5) & (hour % 24 >= 8) & (hour % 24 < 18)
    uses, columns, offers = [], [], []
    terms = Terms(1, Payment.NO_UPFRONT)
    for number in range(FAMILIES):
        family = f"m{number}"
        attributes = Attributes("ec2", "eu-west-1", family, "Linux")
        unit = Decimal(int(chance.integers(500, 5000))) / 100_000
        own, compute = (Decimal(int(chance.integers(*range_))) / 1000 for range_ in ((630, 690), (700, 800)))
        for size, units in (("large", Decimal(4)), ("xlarge", Decimal(8))):
            rate = unit * units
            rates = {f"sp-{family}": rate * own, "sp-compute": rate * compute}
            uses.append(Use(f"{family}.{size}", "", Decimal(1), rate, {}, attributes, size, "", units, own_rates=rates))
            base, peak = chance.integers(3, 25, 2)
            columns.append(base + peak * day + chance.poisson(3, MONTH))
        made = Reservation(f"ri-{family}", "", attributes, "large", Decimal(1), units=Decimal(4))
        offers.append(Instrument(made.id, made, terms, hourly=unit * 4 * Decimal("0.63")))
        plan = SavingsPlan(f"sp-{family}", "", PlanKind.EC2_INSTANCE, Decimal(1), "eu-west-1", family)
        offers.append(Instrument(plan.id, plan, terms, hourly=Decimal(1)))
    plan = SavingsPlan("sp-compute", "", PlanKind.COMPUTE, Decimal(1))
    offers.append(Instrument(plan.id, plan, terms, hourly=Decimal(1)))
    return assemble(uses, np.array(columns, dtype=np.float64).T, (), offers)


def _hour_by_hour(made: Problem, amounts: Sequence[Decimal]) -> None:
    """Every hour through one call of `apply`."""
    from dataclasses import replace

    from lamplighter.commitments.apply import apply
    from lamplighter.commitments.model import Reservation

    bought = [(each.made, amount) for each, amount in zip(made.instruments, amounts, strict=True) if amount]
    reservations = [replace(one, count=one.count * n) for one, n in bought if isinstance(one, Reservation)]
    plans = [replace(one, commitment=n) for one, n in bought if not isinstance(one, Reservation)]
    for row in made.quantity:
        uses = [replace(use, quantity=Decimal(int(n))) for use, n in zip(made.items, row, strict=True) if n]
        apply(uses, reservations, plans)
