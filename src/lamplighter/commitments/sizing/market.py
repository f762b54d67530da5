"""From usage, prices and what is held to a problem: what each hour costs, and what could be bought for it.

Of offers that cover the same (one reservation on different terms), only the cheapest by the hour enters, interest
included; of plans of one kind every one that is not dearer for all usage than another. Neither can change the optimum.
Where accounts share, purchases belong to an account without usage of its own, as AWS advises, and usage of accounts
that hold nothing is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.model import PlanKind, Reservation, SavingsPlan, Use
from lamplighter.commitments.sizing.plan_offers import TAKES, plans_worth
from lamplighter.commitments.sizing.pools import Pool, pools
from lamplighter.commitments.sizing.problem import Instrument, Part, Problem, assemble, parts
from lamplighter.commitments.sizing.shape import price_key
from lamplighter.commitments.sizing.wishes import Evidence, Wishes
from lamplighter.pricing.offers import OfferingClass, Payment, Plan, ReservationOffer, Terms
from lamplighter.pricing.price import HOURS, PriceKey

if TYPE_CHECKING:
    from lamplighter.commitments.sizing.demand import Bools, Demand, Floats, UsageKey
    from lamplighter.pricing.book import PriceBook


@dataclass(frozen=True, slots=True)
class Market:
    """Usage with prices, and what can be bought.

    Attributes:
        demand: usage.
        rows: keys of the demand that have a price and are sized.
        columns: by row of the demand, its usage in `items`.
        items: usages, each with quantity 1.
        held: what is held.
        offers: what can be bought.
        ahead: parts of the time ahead.
        wishes: what was asked for.
        pools: what reservations could serve, priced or not.
        reserved: by pool (place), the place in `offers` of its reservation.
        others: by id of an offer, the same purchase on other terms.
        evidence: by id of an offer.
        on_demand: by pool (place), price of one of its size; None when not known.
        unknown: what has no price or no offer, in words.
        notes: what was assumed about what is held, in words.
    """

    demand: Demand
    rows: tuple[int, ...]
    columns: Mapping[int, int]
    items: tuple[Use, ...]
    held: tuple[Instrument, ...]
    offers: tuple[Instrument, ...]
    ahead: tuple[Part, ...]
    wishes: Wishes
    pools: tuple[Pool, ...]
    reserved: Mapping[int, int]
    others: Mapping[str, tuple[Instrument, ...]]
    evidence: Mapping[str, Evidence]
    on_demand: Mapping[int, Decimal]
    unknown: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def hours(self) -> Bools:
        """The hours that are known everywhere."""
        return self.demand.known_for(self.rows)

    def quantity(self, demand: Demand) -> Floats:
        """Known hours x usages of a demand with the same keys."""
        import numpy as np

        found = np.zeros((demand.hours, len(self.items)))
        for row in self.rows:
            found[:, self.columns[row]] += demand.quantity[row]
        return found[self.hours]

    def problem(self, quantity: Floats) -> Problem:
        """What to size, for these hours.

        Raises:
            ValueError: there is no hour.
        """
        return assemble(
            self.items, quantity, self.held, self.offers, ahead=self.ahead, capital_rate=self.wishes.capital_rate
        )


def market(demand: Demand, book: PriceBook, held: Iterable[Held], as_of: datetime, wishes: Wishes) -> Market:
    """Put prices to a demand.

    Args:
        demand: usage.
        book: prices on demand, of reservations and of plans.
        held: what is held; what has ended, or never came into force, is passed over, and a plan in another currency
            than the one that is asked for, which cannot cover usage in it.
        as_of: when a purchase would begin, aware.
        wishes: what may be bought.

    Raises:
        PriceBookError: the price book is damaged.
    """
    mine, notes = _held(held, as_of, wishes.currency)
    unknown: list[str] = []
    prices: dict[int, tuple[PriceKey, Decimal]] = {}
    for row, key in enumerate(demand.keys):
        name, found = _price(book, key, wishes.currency)
        if name is not None and found is not None:
            prices[row] = name, found
        elif demand.quantity[row].any() or demand.off[row].any():
            unknown.append(f"{_words(key)}: no price on demand in {wishes.currency}")
    rows = tuple(row for row in prices)
    plans, rates = plans_worth(demand, rows, prices, book, wishes)
    held_rates, more = _held_rates(mine, demand, prices, book, wishes.currency)
    for row, found_rates in held_rates.items():
        rates[row] |= found_rates
    items, columns = _items(demand, rows, prices, rates, [each for each, _ in mine], wishes)
    served = pools(demand, shared=wishes.shared)
    reservations, reserved, others, evidence, missing = _reservations(served, book, wishes)
    return Market(
        demand,
        rows,
        columns,
        items,
        tuple(each for each, _ in mine),
        (*reservations, *(plan for plan, _ in plans)),
        tuple(parts([each for each, _ in mine], as_of, wishes.ahead)),
        wishes,
        tuple(served),
        reserved,
        others,
        {**evidence, **{plan.id: found for plan, found in plans}},
        {
            place: prices[row][1]
            for place, pool in enumerate(served)
            for row in pool.rows
            if demand.keys[row] is pool.model and row in prices
        },
        tuple(dict.fromkeys((*unknown, *missing))),
        (*notes, *more),
    )


def _price(book: PriceBook, key: UsageKey, currency: str) -> tuple[PriceKey | None, Decimal | None]:
    name = price_key(key)
    found = book.find(name) if name else None
    # A price of one's own may be by another unit than the hour: the rest of the usage is sized all the same.
    if found is None or found.unit != HOURS or found.rate.currency != currency:
        return name, None
    return name, found.rate.amount


def _words(key: UsageKey) -> str:
    kept = (key.attributes.service, key.resource_type, key.platform, key.deployment)
    return f"{' '.join(part for part in kept if part and part != 'default')} in {key.attributes.region}"


def _held(held: Iterable[Held], as_of: datetime, currency: str) -> tuple[list[tuple[Instrument, Held]], list[str]]:
    """What is held as instruments. What is queued counts from the beginning: it is bought already."""
    found: list[tuple[Instrument, Held]] = []
    foreign: list[str] = []
    later = 0
    for each in held:
        if not (each.in_force(as_of) or (each.lives and each.start > as_of)) or each.ended(as_of):
            continue
        if each.plan is not None and each.commitment is not None and each.commitment.currency != currency:
            foreign.append(f"{each.id} is paid in {each.commitment.currency}: it covers no usage in {currency}")
            continue
        later += each.start > as_of
        made: Reservation | SavingsPlan
        if each.plan is not None and each.commitment is not None:
            family = each.value if each.plan is PlanKind.EC2_INSTANCE else ""
            made = SavingsPlan(
                each.arn, each.account, each.plan, each.commitment.amount, each.region, family, each.shared
            )
        elif each.attributes is not None:
            made = Reservation(
                each.arn, each.account, each.attributes, each.size, each.count, each.zone, each.units, each.shared
            )
        else:
            continue
        found.append((Instrument(each.arn, made, end=each.end), each))
    notes = [f"{later} purchases that are queued count as if they were in force already"] if later else []
    endless = sum(1 for each, _ in found if each.end is None)
    if endless:
        notes.append(f"{endless} commitments whose end is not known are taken to stay in force")
    return found, [*notes, *foreign]


def _held_rates(
    mine: Sequence[tuple[Instrument, Held]],
    demand: Demand,
    prices: Mapping[int, tuple[PriceKey, Decimal]],
    book: PriceBook,
    currency: str,
) -> tuple[dict[int, dict[str, Decimal]], list[str]]:
    """By row, what a use draws on each plan that is held."""
    rates: dict[int, dict[str, Decimal]] = {}
    notes = []
    for each, record in mine:
        if not isinstance(each.made, SavingsPlan):
            continue
        terms = record.terms or Terms(1, Payment.NO_UPFRONT)
        if record.terms is None:
            notes.append(f"terms of {record.id} are not known: its rates are taken to be those of 1 year, No Upfront")
        for row, (name, _) in prices.items():
            if demand.keys[row].attributes.service in TAKES[each.made.kind]:
                found = book.plan_rate(Plan(each.made.kind.value), name, terms)
                if found is not None and found.rate.currency == currency:
                    rates.setdefault(row, {})[each.id] = found.rate.amount
    return rates, notes


def _items(
    demand: Demand,
    rows: Sequence[int],
    prices: Mapping[int, tuple[PriceKey, Decimal]],
    rates: Mapping[int, Mapping[str, Decimal]],
    held: Sequence[Instrument],
    wishes: Wishes,
) -> tuple[tuple[Use, ...], dict[int, int]]:
    """Usages that nothing tells apart are one."""
    owners = {each.made.account for each in held}
    zonal = {each.made.attributes for each in held if isinstance(each.made, Reservation) and each.made.zone}
    found: list[Use] = []
    columns: dict[int, int] = {}
    places: dict[tuple[object, ...], int] = {}
    for row in rows:
        key = demand.keys[row]
        account = key.account if not wishes.shared or key.account in owners else ""
        zone = key.zone if key.attributes in zonal else ""
        price = prices[row][1]
        alike = (account, key.attributes, key.size, zone, key.units, price, tuple(sorted(rates[row].items())))
        if alike not in places:
            places[alike] = len(found)
            found.append(
                Use(
                    f"u{len(found)}",
                    account,
                    Decimal(1),
                    price,
                    {},
                    key.attributes,
                    key.size,
                    zone,
                    key.units,
                    dict(rates[row]),
                )
            )
        columns[row] = places[alike]
    return tuple(found), columns


def _reservations(
    served: Sequence[Pool], book: PriceBook, wishes: Wishes
) -> tuple[list[Instrument], dict[int, int], dict[str, tuple[Instrument, ...]], dict[str, Evidence], list[str]]:
    found: list[Instrument] = []
    reserved: dict[int, int] = {}
    others: dict[str, tuple[Instrument, ...]] = {}
    evidence: dict[str, Evidence] = {}
    missing = []
    for place, pool in enumerate(served):
        name = price_key(pool.model)
        listed = book.reservations(name) if name else ()
        wanted = [offer for offer in listed if _wanted(offer, wishes)]
        if not wanted:
            why = "on these terms" if listed else "at all"
            missing.append(f"{_words(pool.model)}: no reservation is known {why}")
            continue
        made = [_offer(pool, offer) for offer in wanted]
        order = sorted(range(len(made)), key=lambda number: made[number].cost(wishes.capital_rate))
        best = made[order[0]]
        reserved[place] = len(found)
        found.append(best)
        others[best.id] = tuple(made[number] for number in order[1:])
        evidence[best.id] = Evidence(wanted[order[0]].source, wanted[order[0]].estimated)
    return found, reserved, others, evidence, missing


def _wanted(offer: ReservationOffer, wishes: Wishes) -> bool:
    terms = offer.terms
    return (
        terms.years in wishes.years
        and terms.payment in wishes.payments
        and terms.offering_class is OfferingClass.STANDARD
        and offer.hourly.currency == wishes.currency
    )


def _offer(pool: Pool, offer: ReservationOffer) -> Instrument:
    made = pool.attributes
    terms = f"{offer.terms.years}y {offer.terms.payment}"
    kept = (made.service, pool.model.resource_type, pool.model.platform, pool.model.deployment, made.region)
    name = "ri:" + ":".join(part for part in (*kept, pool.account, terms) if part)
    reservation = Reservation(
        name, pool.account, made, pool.size, Decimal(pool.block), "", pool.units, shared=not pool.account
    )
    return Instrument(
        name, reservation, offer.terms, offer.upfront.amount * pool.block, offer.hourly.amount * pool.block
    )
