"""Offers of reservations as the packaged price book writes them: a row a thing, a column for each terms.

    resource_type, operating_system, engine, deployment, currency, source, "1 standard No Upfront", ...

A cell is `hourly` or `upfront+hourly`, with `~` behind it if it is estimated, and empty if that is not offered.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass, Payment, ReservationOffer, Terms
from lamplighter.pricing.price import PriceKey

_FIXED = ("resource_type", "operating_system", "engine", "deployment", "currency", "source")
_KIND = 4
_ESTIMATED = "~"

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfferTable:
    """The offers of one service in one region, read as far as one look-up needs.

    Attributes:
        terms: of the columns behind the fixed ones.
        rows: by what they are for.
    """

    terms: tuple[Terms, ...]
    rows: Mapping[Row, Sequence[Row]]

    @classmethod
    def read(cls, lines: Iterable[str]) -> OfferTable:
        """The table that was written as CSV.

        Raises:
            ValueError: the header is another, or a row has another length.
        """
        header, *rows = csv.reader(lines)
        if tuple(header[: len(_FIXED)]) != _FIXED:
            raise ValueError(f"the columns are {header}")
        found: dict[Row, list[Row]] = defaultdict(list)
        for row in rows:
            if len(row) != len(header):
                raise ValueError(f"not as many cells as columns: {row}")
            found[tuple(row[:_KIND])].append(tuple(row[_KIND:]))
        return cls(tuple(_read_terms(column) for column in header[len(_FIXED) :]), found)

    def offers(self, key: PriceKey, sources: Sequence[tuple[str, date]]) -> tuple[ReservationOffer, ...]:
        """What is offered for a key.

        Args:
            key: what to cover, in this service and region.
            sources: name and date of each source, by its number.

        Raises:
            ArithmeticError, LookupError, ValueError: a cell cannot be read.
        """
        return tuple(
            _read_cell(key, terms, cell, currency, sources[int(number)])
            for currency, number, *cells in self.rows.get(kind_of(key), ())
            for terms, cell in zip(self.terms, cells, strict=True)
            if cell
        )


def write_offers(offers: Iterable[ReservationOffer], numbers: Mapping[tuple[str, date], str]) -> list[Row]:
    """The rows of one service and region, header first, sorted.

    Args:
        offers: what is offered there, each key and terms once.
        numbers: of a source, by its name and date.
    """
    cells: dict[Row, dict[Terms, str]] = defaultdict(dict)
    for offer in offers:
        number = numbers[offer.source, offer.as_of]
        cells[(*kind_of(offer.key), offer.hourly.currency, number)][offer.terms] = _cell(offer)
    columns = sorted({terms for row in cells.values() for terms in row})
    header = (*_FIXED, *(f"{each.years} {each.offering_class} {each.payment}" for each in columns))
    return [header, *sorted((*start, *(row.get(each, "") for each in columns)) for start, row in cells.items())]


def kind_of(key: PriceKey) -> Row:
    """What a key is for, without its place."""
    return key.resource_type, key.operating_system, key.engine, key.deployment


def _read_terms(column: str) -> Terms:
    years, offering_class, payment = column.split(" ", 2)
    return Terms(int(years), Payment(payment), OfferingClass(offering_class))


def _read_cell(key: PriceKey, terms: Terms, cell: str, currency: str, source: tuple[str, date]) -> ReservationOffer:
    upfront, _, hourly = cell.rstrip(_ESTIMATED).rpartition("+")
    name, as_of = source
    return ReservationOffer(
        key=key,
        terms=terms,
        upfront=Money(Decimal(upfront or 0), currency),
        hourly=Money(Decimal(hourly), currency),
        as_of=as_of,
        source=name,
        estimated=cell.endswith(_ESTIMATED),
    )


def _cell(offer: ReservationOffer) -> str:
    upfront = f"{_text(offer.upfront)}+" if offer.upfront.amount else ""
    return upfront + _text(offer.hourly) + (_ESTIMATED if offer.estimated else "")


def _text(money: Money) -> str:
    text = format(money.amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
