"""Lines of a recommendation: what a purchase costs, what it replaces, and why it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from lamplighter.commitments.model import Reservation, SavingsPlan
from lamplighter.commitments.sizing.capital import MONTH_HOURS, break_even_months
from lamplighter.commitments.sizing.explain import series_of
from lamplighter.commitments.sizing.pools import level
from lamplighter.commitments.sizing.quantile import Best, best
from lamplighter.commitments.sizing.recommendation import Bought, Line, PoolLine
from lamplighter.commitments.sizing.risk import by_hour, range_at
from lamplighter.commitments.sizing.simulate import Exact, prepare
from lamplighter.commitments.sizing.statistics import levels
from lamplighter.pricing.money import Money

if TYPE_CHECKING:
    from lamplighter.commitments.sizing.demand import Floats
    from lamplighter.commitments.sizing.market import Market
    from lamplighter.commitments.sizing.pools import Pool
    from lamplighter.commitments.sizing.problem import Instrument


def unit_cost(each: Instrument, capital_rate: float) -> Decimal:
    """What an hour of one purchase costs: as bills amortise it, or with interest."""
    return Decimal(str(each.cost(capital_rate))) if capital_rate else each.amortised


def lines_of(
    market: Market, quantity: Floats, amounts: Sequence[Decimal], found: Exact, draws: Sequence[Sequence[int]]
) -> list[tuple[int, Line]]:
    """(place of the instrument, line) of what is bought, the largest saving first.

    Args:
        market: what could be bought.
        quantity: known hours x usages.
        amounts: how much of each instrument.
        found: what came of it.
        draws: hours drawn anew; empty when the time is too short.
    """
    part = max(market.ahead, key=lambda each: each.hours)
    hourly = by_hour(market, quantity, part)
    order = prepare(hourly)
    floats = [float(amount) for amount in amounts]
    pools = {place: pool for pool, place in market.reserved.items()}
    lines = []
    for offer, each in enumerate(market.offers):
        place = len(market.held) + offer
        if amounts[place] <= 0:
            continue
        series = series_of(hourly, order, floats, place)
        limits = range_at(series, floats[place], draws) if draws else None
        lines.append((place, _line(market, each, amounts[place], found, limits, pools.get(offer))))
    lines.sort(key=lambda pair: (-pair[1].saving.amount, pair[1].id))
    return [(place, replace(line, number=number)) for number, (place, line) in enumerate(lines, 1)]


def _line(
    market: Market,
    each: Instrument,
    amount: Decimal,
    found: Exact,
    limits: tuple[float, float] | None,
    pool: int | None,
) -> Line:
    assert each.terms is not None
    currency = market.wishes.currency
    unit = unit_cost(each, market.wishes.capital_rate)
    replaced = found.replaced[each.id]
    block = each.made.count if isinstance(each.made, Reservation) else Decimal(1)
    # What was bought is within the range, rounding and all.
    ends = sorted((*(Decimal(str(end)) // each.step * each.step for end in limits), amount)) if limits else None
    ratio = None
    if pool is not None and market.on_demand.get(pool):
        ratio = unit / (market.on_demand[pool] * block)
    model = market.pools[pool].model if pool is not None else None
    evidence = market.evidence[each.id]
    kept = (model.platform, model.deployment) if model else ()
    return Line(
        number=0,
        id=each.id,
        what=Bought.RESERVATION if pool is not None else Bought.SAVINGS_PLAN,
        service=model.attributes.service if model else _plan(each).kind.value,
        region=model.attributes.region if model else _plan(each).region,
        resource_type=model.resource_type if model else _plan(each).family,
        platform=" ".join(part for part in kept if part and part != "default"),
        account=each.made.account,
        quantity=amount * block,
        terms=each.terms,
        upfront=Money(each.upfront * amount, currency),
        hourly=Money(each.hourly * amount, currency),
        monthly=Money(unit * amount * MONTH_HOURS, currency),
        saving=Money((replaced - unit * amount) * MONTH_HOURS, currency),
        utilisation=found.used[each.id],
        break_even=ratio,
        break_even_months=break_even_months(
            float(each.upfront * amount), float(each.hourly * amount), float(replaced), each.terms.hours
        ),
        low=ends[0] * block if ends else None,
        high=ends[-1] * block if ends else None,
        why=_why(found.used[each.id], ratio, replaced, unit * amount),
        source=evidence.source,
        estimated=evidence.estimated,
    )


def _plan(each: Instrument) -> SavingsPlan:
    assert isinstance(each.made, SavingsPlan)
    return each.made


def _why(used: Decimal | None, ratio: Decimal | None, replaced: Decimal, cost: Decimal) -> str:
    said = f"{(used or Decimal(0)) * 100:.1f} % of it is used"
    if ratio is not None:
        return f"{said}; it pays from {ratio * 100:.1f} % on"
    worth = replaced / cost if cost else Decimal(0)
    return f"{said}; each dollar takes the place of {worth:.3f} on demand"


def pool_lines(market: Market) -> list[PoolLine]:
    """Statistics of every pool, whether something is bought for it or not."""
    found = []
    for place, pool in enumerate(market.pools):
        series = level(market.demand, pool)
        mine = [(each, _covers(pool, each)) for each in market.held]
        offer = market.reserved.get(place)
        ratio = None
        if offer is not None and market.on_demand.get(place):
            each = market.offers[offer]
            ratio = each.cost(market.wishes.capital_rate) / float(market.on_demand[place] * pool.block)
        found.append(
            PoolLine(
                pool.account,
                pool.attributes.service,
                pool.attributes.region,
                pool.model.resource_type,
                " ".join(part for part in (pool.model.platform, pool.model.deployment) if part and part != "default"),
                pool.units is not None,
                levels(series),
                sum((many for _, many in mine), Decimal(0)),
                _alone(market, series, mine, ratio) if ratio is not None and len(series) else None,
            )
        )
    return found


def _covers(pool: Pool, each: Instrument) -> Decimal:
    """How many of the pool's size a reservation that is held covers."""
    made = each.made
    if not isinstance(made, Reservation) or made.attributes != pool.attributes:
        return Decimal(0)
    if pool.account and made.account != pool.account and not made.shared:
        return Decimal(0)
    if pool.units is None or made.units is None:
        return made.count / pool.block if made.size == pool.size else Decimal(0)
    return made.count * made.units / pool.units


def _alone(market: Market, series: Floats, mine: Sequence[tuple[Instrument, Decimal]], ratio: float) -> Best:
    """The best number, with what is held taken off until it ends; its range is that of the part with most hours."""
    import numpy as np

    left = []
    weight = []
    for part in market.ahead:
        there = sum((many for each, many in mine if each.id not in part.ended), Decimal(0))
        left.append(np.maximum(series - float(there), 0.0))
        weight.append(np.full(len(series), float(part.hours)))
    heaviest = max(range(len(left)), key=lambda place: market.ahead[place].hours)
    return best(np.concatenate(left), ratio, weight=np.concatenate(weight), seen=left[heaviest])
