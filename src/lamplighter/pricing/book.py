"""The price book: what AWS lists for one hour, or one GB-month, of something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Protocol

from lamplighter.errors import PriceBookError
from lamplighter.pricing.addresses import address_price
from lamplighter.pricing.archive import bundled_archive
from lamplighter.pricing.money import Money
from lamplighter.pricing.price import HOURS, Price, PriceKey, address_key
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


class PriceBook:
    """Prices in layers: the first layer that knows a price gives it.

    Args:
        layers: the most trusted first. Use `bundled`, `from_rows` or `from_prices` rather than this.
    """

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        self.layers = layers
        self._found: dict[PriceKey, Price | None] = {}

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
    def from_prices(cls, prices: Mapping[PriceKey, Price], *, base: PriceBook | None = None) -> PriceBook:
        """Prices that are objects already, before those of `base`."""
        return cls((_OwnPrices(prices), *(base.layers if base else ())))

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


class _OwnPrices:
    """A layer held in memory."""

    def __init__(self, prices: Mapping[PriceKey, Price]) -> None:
        self._prices = dict(prices)
        self.partitions = frozenset((key.service, key.region) for key in self._prices)
        self.dates = tuple(price.as_of for price in self._prices.values())

    def find(self, key: PriceKey) -> Price | None:
        return self._prices.get(key)

    def items(self, service: str, region: str) -> Iterator[tuple[PriceKey, Price]]:
        return ((key, price) for key, price in self._prices.items() if (key.service, key.region) == (service, region))
