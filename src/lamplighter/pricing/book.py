"""The price book: what AWS lists for one hour, or one GB-month, of something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Protocol

from lamplighter.errors import PriceBookError
from lamplighter.pricing.addresses import address_price
from lamplighter.pricing.archive import bundled_archive
from lamplighter.pricing.files import read_files
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import Plan, PlanRate, ReservationOffer, Terms
from lamplighter.pricing.plans import LIKE, below_on_demand, like_reservation
from lamplighter.pricing.price import HOURS, Price, PriceKey, address_key
from lamplighter.pricing.reserved import pay_upfront, with_windows
from lamplighter.pricing.rows import read_rows
from lamplighter.pricing.specs import find_type
from lamplighter.pricing.windows import windows_estimate

__all__ = ["Price", "PriceBook", "PriceKey"]


class Layer(Protocol):
    """A set of prices. `Archive` is one, a user's own rows are another."""

    @property
    def partitions(self) -> frozenset[tuple[str, str]]:
        """Every (service, region) it has prices for."""
        ...

    @property
    def dates(self) -> tuple[date, ...]:
        """The dates of its prices, in any order."""
        ...

    def find(self, key: PriceKey) -> Price | None:
        """The price of a key, or None."""
        ...

    def items(self, service: str, region: str) -> Iterator[tuple[PriceKey, Price]]:
        """Every price of a service in a region."""
        ...

    def reservations(self, key: PriceKey) -> tuple[ReservationOffer, ...]:
        """What is offered to those who reserve it, each terms once."""
        ...


class PriceBook:
    """Prices in layers: the first layer that knows a price gives it.

    Args:
        layers: the most trusted first. Use `bundled`, `from_rows` or `from_prices` rather than this.
    """

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        self.layers = layers
        self._found: dict[PriceKey, Price | None] = {}
        self._offered: dict[PriceKey, tuple[ReservationOffer, ...]] = {}

    @classmethod
    def bundled(cls) -> PriceBook:
        """The list prices that are packaged with Lamplighter; docs/prices.md says where they come from.

        Opening it reads a table of contents; a look-up reads the prices of its service and region, once.

        Raises:
            PriceBookError: the packaged file is missing or damaged (here, or at the look-up that needs the damage).
        """
        return cls((bundled_archive(),))

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, str]], *, base: PriceBook | None = None) -> PriceBook:
        """A user's own prices, which win over those of `base`.

        Args:
            rows: see `lamplighter.pricing.rows.read_rows`.
            base: where to look for what the rows do not price; nowhere when None.

        Raises:
            PriceBookError: a row cannot be read.
        """
        return cls.from_prices(read_rows(rows), base=base)

    @classmethod
    def from_prices(
        cls,
        prices: Mapping[PriceKey, Price],
        *,
        offers: Iterable[ReservationOffer] = (),
        rates: Iterable[PlanRate] = (),
        base: PriceBook | None = None,
    ) -> PriceBook:
        """Prices that are objects already, before those of `base`.

        Args:
            prices: on demand, by what they are for.
            offers: reservations on offer; of several for the same thing and terms the last one counts.
            rates: of Savings Plans; the same.
            base: where to look for what is not given; nowhere when None.
        """
        return cls((_OwnPrices(prices, offers, rates), *(base.layers if base else ())))

    @classmethod
    def from_files(cls, paths: Iterable[Path], *, base: PriceBook | None = None) -> PriceBook:
        """AWS's own price files before the prices of `base`; see `lamplighter.pricing.files.read_files`.

        Raises:
            PriceBookError: a file cannot be read.
        """
        listed = read_files(paths)
        return cls.from_prices(listed.prices, offers=listed.offers, rates=listed.rates, base=base)

    def find(self, key: PriceKey) -> Price | None:
        """The price of a key; None means unknown, and unknown is not free.

        Windows on EC2 is derived from the Linux price where the rule is known to hold (see `windows_estimate`), and a
        public IPv4 address has one price in many regions (see `address_price`).

        Raises:
            PriceBookError: the packaged file is damaged where the price would be.
        """
        try:
            return self._found[key]
        except KeyError:
            price = next((price for layer in self.layers if (price := layer.find(key))), None) or self._derive(key)
            self._found[key] = price
            return price

    def hourly(self, key: PriceKey) -> Money | None:
        """The rate of an hour; None means unknown.

        Raises:
            PriceBookError: the price is known, and is not by the hour.
        """
        price = self.find(key)
        if price is None:
            return None
        if price.unit != HOURS:
            raise PriceBookError(f"{key} is priced per {price.unit}, not per hour", hint="use find() and its unit")
        return price.rate

    def reservations(self, key: PriceKey) -> tuple[ReservationOffer, ...]:
        """What is offered to those who reserve a thing, sorted by terms; empty means that nothing is known.

        The first layer that knows terms gives them. What no layer lists is derived for EC2 where a rule is published
        (see `pay_upfront` and `with_windows`), and marked as estimated.

        Raises:
            PriceBookError: the packaged file is damaged where the offers would be.
        """
        if key not in self._offered:
            known: dict[Terms, ReservationOffer] = {}
            for layer in self.layers:
                known |= {offer.terms: offer for offer in layer.reservations(key) if offer.terms not in known}
            if key.service == "ec2":
                known |= self._derive_offers(key, known)
            self._offered[key] = tuple(known[terms] for terms in sorted(known))
        return self._offered[key]

    def reservation(self, key: PriceKey, terms: Terms) -> ReservationOffer | None:
        """The reservation of a thing on given terms; None means that it is not known."""
        return next((offer for offer in self.reservations(key) if offer.terms == terms), None)

    def plan_rate(self, plan: Plan, key: PriceKey, terms: Terms) -> PlanRate | None:
        """What one unit of usage draws on a Savings Plan; None: it is not known, or the plan does not take it.

        AWS's own figures are in the book if they were read into it (`lamplighter.pricing.plan_list`). What no layer
        lists is derived where a rule is published (`lamplighter.pricing.plans`), and marked as estimated.

        Args:
            plan: which kind of plan.
            key: the usage.
            terms: length and payment of the plan; the offering class of reservations is ignored.

        Raises:
            PriceBookError: the packaged file is damaged where the price would be.
        """
        mine = Terms(terms.years, terms.payment)
        for layer in self.layers:
            if isinstance(layer, _OwnPrices) and (found := layer.plan_rate(plan, key, mine)):
                return found
        if key.service == "ec2" and plan in LIKE:
            offer = self.reservation(key, replace(mine, offering_class=LIKE[plan]))
            return like_reservation(plan, offer) if offer else None
        price = self.find(key)
        return below_on_demand(plan, price, key, mine) if price else None

    def items(self, service: str, region: str) -> Iterator[tuple[PriceKey, Price]]:
        """Every listed price of a service in a region, each key once; derived prices are not listed."""
        seen: set[PriceKey] = set()
        for layer in self.layers:
            for key, price in layer.items(service, region):
                if key not in seen:
                    seen.add(key)
                    yield key, price

    def services(self) -> tuple[str, ...]:
        """The services that have prices, sorted."""
        return tuple(sorted({service for layer in self.layers for service, _ in layer.partitions}))

    def regions(self, service: str | None = None) -> tuple[str, ...]:
        """The regions that have prices, for one service or for any, sorted.

        A local zone with prices of its own counts as one: `us-west-2-lax-1`.
        """
        places = {place for layer in self.layers for place in layer.partitions}
        return tuple(sorted({region for name, region in places if service in (None, name)}))

    def as_of_range(self) -> tuple[date, date] | None:
        """The oldest and the newest date of the prices; None when there are none."""
        dates = [day for layer in self.layers for day in layer.dates]
        return (min(dates), max(dates)) if dates else None

    def _derive(self, key: PriceKey) -> Price | None:
        if key == address_key(key.region):
            return address_price(key.region)
        if key.service != "ec2" or key.operating_system != "Windows":
            return None
        linux = self.find(replace(key, operating_system="Linux"))
        return windows_estimate(linux, find_type(key.resource_type)) if linux else None

    def _derive_offers(self, key: PriceKey, known: Mapping[Terms, ReservationOffer]) -> dict[Terms, ReservationOffer]:
        if key.operating_system == "Linux":
            return pay_upfront(known)
        if key.operating_system != "Windows":
            return {}
        kind = find_type(key.resource_type)
        linux = self.reservations(replace(key, operating_system="Linux"))
        derived = (with_windows(offer, key, kind) for offer in linux if offer.terms not in known)
        return {offer.terms: offer for offer in derived if offer}


class _OwnPrices:
    """A layer held in memory."""

    def __init__(
        self,
        prices: Mapping[PriceKey, Price],
        offers: Iterable[ReservationOffer] = (),
        rates: Iterable[PlanRate] = (),
    ) -> None:
        self._prices = dict(prices)
        self._offers: dict[PriceKey, dict[Terms, ReservationOffer]] = {}
        for offer in offers:
            self._offers.setdefault(offer.key, {})[offer.terms] = offer
        self._rates = {(rate.plan, rate.key, rate.terms): rate for rate in rates}
        self.partitions = frozenset((key.service, key.region) for key in self._prices)
        self.dates = tuple(price.as_of for price in self._prices.values())

    def find(self, key: PriceKey) -> Price | None:
        return self._prices.get(key)

    def items(self, service: str, region: str) -> Iterator[tuple[PriceKey, Price]]:
        return ((key, price) for key, price in self._prices.items() if (key.service, key.region) == (service, region))

    def reservations(self, key: PriceKey) -> tuple[ReservationOffer, ...]:
        return tuple(self._offers.get(key, {}).values())

    def plan_rate(self, plan: Plan, key: PriceKey, terms: Terms) -> PlanRate | None:
        return self._rates.get((plan, key, terms))
