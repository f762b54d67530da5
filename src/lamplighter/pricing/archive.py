"""The packaged price book: one zip, of which a look-up reads one small member.

    manifest.json                    {"format": 1, "sources": [{"name", "as_of", "licence"}, ...],
                                     "regions": {service: [region, ...]}, "offers": the same, of what is offered}
    prices/<service>/<region>.csv    resource_type, operating_system, engine, deployment, unit, currency, amount,
                                     source (index into the manifest's list), estimated (1 or empty)
    offers/<service>/<region>.csv    reservations on offer, see `lamplighter.pricing.offer_rows`
    tables/<name>.csv                facts that are not prices, such as instance types

Columns are found by name, so another service or another column needs no new format. Everything is sorted and carries
no time of its own: the same prices make the same bytes (with the same zlib).
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from operator import itemgetter

from lamplighter.errors import PriceBookError
from lamplighter.pricing.money import Money
from lamplighter.pricing.offer_rows import OfferTable, kind_of, write_offers
from lamplighter.pricing.offers import ReservationOffer
from lamplighter.pricing.price import Price, PriceKey

FORMAT = 1
_MANIFEST = "manifest.json"
_KEY_COLUMNS = ("resource_type", "operating_system", "engine", "deployment")
_PRICE_COLUMNS = ("unit", "currency", "amount", "source", "estimated")
_MADE_ON_UNIX = 3
_HINT = "reinstall Lamplighter, or rebuild the file with `make prices DATA=folder`"
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    csv.Error,
    InvalidOperation,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
)

Table = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a set of figures was read.

    Attributes:
        name: repository and file, for people.
        as_of: the day the source read them from AWS.
        licence: SPDX name of the licence that the source's copy is under.
    """

    name: str
    as_of: date
    licence: str


class Archive:
    """A price book file, opened and hardly read.

    Args:
        content: the bytes of the zip.

    Raises:
        PriceBookError: it is damaged, or in a format this version does not know. Damage inside one member shows
            when that member is first read.
    """

    def __init__(self, content: bytes) -> None:
        with _reading("the file"):
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        with _reading(_MANIFEST):
            manifest = json.loads(self._zip.read(_MANIFEST))
            self._refuse_other_format(manifest["format"])
            self.sources = tuple(
                Source(item["name"], date.fromisoformat(item["as_of"]), item["licence"]) for item in manifest["sources"]
            )
            self.partitions = _places(manifest["regions"])
            self.offered = _places(manifest.get("offers", {}))
        self._read: dict[tuple[str, str], dict[tuple[str, ...], tuple[str, ...]]] = {}
        self._offers: dict[tuple[str, str], OfferTable] = {}
        self._tables: dict[str, Table] = {}

    @property
    def dates(self) -> tuple[date, ...]:
        """The date of each source."""
        return tuple(source.as_of for source in self.sources)

    def find(self, key: PriceKey) -> Price | None:
        """The price of a key, or None.

        Raises:
            PriceBookError: the member that would hold it is damaged.
        """
        row = self._partition(key.service, key.region).get(kind_of(key))
        return None if row is None else self._price(row, str(key))

    def reservations(self, key: PriceKey) -> tuple[ReservationOffer, ...]:
        """What is offered to those who reserve a thing, in any order; empty if nothing is known.

        Raises:
            PriceBookError: the member that would hold it is damaged.
        """
        place = (key.service, key.region)
        if place not in self.offered:
            return ()
        if place not in self._offers:
            member = _member("offers", *place)
            with _reading(member):
                self._offers[place] = OfferTable.read(io.StringIO(self._zip.read(member).decode(), newline=""))
        with _reading(f"what is offered for {key}"):
            return self._offers[place].offers(key, [(source.name, source.as_of) for source in self.sources])

    def items(self, service: str, region: str) -> Iterator[tuple[PriceKey, Price]]:
        """Every price of a service in a region; none if the archive does not cover it."""
        for (resource_type, system, engine, deployment), row in self._partition(service, region).items():
            key = PriceKey(service, region, resource_type, system, engine, deployment)
            yield key, self._price(row, str(key))

    def table(self, name: str, columns: tuple[str, ...]) -> Table:
        """The wanted columns of a table of facts, by the first of them. Every caller wants the same ones.

        Raises:
            PriceBookError: the table is damaged or absent.
        """
        if name not in self._tables:
            self._tables[name] = {row[0]: row for row in self._rows(f"tables/{name}.csv", columns)}
        return self._tables[name]

    def _partition(self, service: str, region: str) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        place = (service, region)
        if place not in self._read:
            if place not in self.partitions:
                return {}
            rows = self._rows(_member("prices", service, region), _KEY_COLUMNS + _PRICE_COLUMNS)
            self._read[place] = {row[: len(_KEY_COLUMNS)]: row[len(_KEY_COLUMNS) :] for row in rows}
        return self._read[place]

    def _rows(self, member: str, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
        with _reading(member):
            reader = csv.reader(io.StringIO(self._zip.read(member).decode(), newline=""))
            header = next(reader, [])
            return list(map(itemgetter(*(header.index(column) for column in columns)), reader))

    def _price(self, row: tuple[str, ...], what: str) -> Price:
        unit, currency, amount, index, estimated = row
        with _reading(f"the price of {what}"):
            source = self.sources[int(index)]
            return Price(Money(Decimal(amount), currency), unit, source.as_of, source.name, estimated == "1")

    @staticmethod
    def _refuse_other_format(found: object) -> None:
        if found != FORMAT:
            raise PriceBookError(f"the price book has format {found!r}, this version reads {FORMAT}", hint=_HINT)


@cache
def bundled_archive() -> Archive:
    """The archive that is packaged with Lamplighter, opened once.

    Raises:
        PriceBookError: it is missing or damaged.
    """
    return Archive(bundled_content())


def bundled_content() -> bytes:
    """The bytes of the packaged archive.

    Raises:
        PriceBookError: the file is missing.
    """
    with _reading("the packaged file"):
        return resources.files("lamplighter.pricing").joinpath("data", "prices.zip").read_bytes()


def write_archive(
    prices: Mapping[PriceKey, Price],
    licences: Mapping[str, str],
    tables: Mapping[str, Iterable[tuple[str, ...]]],
    offers: Sequence[ReservationOffer] = (),
) -> bytes:
    """The bytes of an archive; the same for the same input, in whatever order it comes.

    Args:
        prices: every price, in any order.
        licences: SPDX name by source name, for every source the prices and offers name.
        tables: rows by table name, the header first; they are kept in the order given.
        offers: reservations on offer, each key and terms once, in any order.

    Raises:
        PriceBookError: a source has no licence.
    """
    named = sorted(
        {(price.source, price.as_of) for price in prices.values()} | {(offer.source, offer.as_of) for offer in offers}
    )
    missing = [name for name, _ in named if name not in licences]
    if missing:
        raise PriceBookError(f"no licence is given for the source {missing[0]}")
    sources = [asdict(Source(name, as_of, licences[name])) | {"as_of": as_of.isoformat()} for name, as_of in named]
    numbers = {place: str(number) for number, place in enumerate(named)}
    parts: dict[tuple[str, str], list[tuple[str, ...]]] = defaultdict(list)
    for key, price in prices.items():
        number, estimated = numbers[price.source, price.as_of], "1" if price.estimated else ""
        rate = (price.unit, price.rate.currency, format(price.rate.amount, "f"), number, estimated)
        parts[key.service, key.region].append(kind_of(key) + rate)
    offered: dict[tuple[str, str], list[ReservationOffer]] = defaultdict(list)
    for offer in offers:
        offered[offer.key.service, offer.key.region].append(offer)
    members = {
        _member("prices", *place): _csv([_KEY_COLUMNS + _PRICE_COLUMNS, *sorted(rows)])
        for place, rows in sorted(parts.items())
    }
    members |= {
        _member("offers", *place): _csv(write_offers(found, numbers)) for place, found in sorted(offered.items())
    }
    members |= {f"tables/{name}.csv": _csv(rows) for name, rows in sorted(tables.items())}
    manifest = {"format": FORMAT, "sources": sources, "regions": _regions(parts), "offers": _regions(offered)}
    return _zip({_MANIFEST: json.dumps(manifest, indent=1)} | members)


def _regions(places: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    regions: dict[str, list[str]] = defaultdict(list)
    for service, region in sorted(places):
        regions[service].append(region)
    return regions


def _places(regions: Mapping[str, Iterable[str]]) -> frozenset[tuple[str, str]]:
    return frozenset((service, region) for service in regions for region in regions[service])


def _member(folder: str, service: str, region: str) -> str:
    return f"{folder}/{service}/{region}.csv"


def _csv(rows: Iterable[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _zip(members: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in members.items():
            info = zipfile.ZipInfo(name)
            info.create_system = _MADE_ON_UNIX
            info.external_attr = 0o644 << 16
            archive.writestr(info, text, compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
    return out.getvalue()


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise PriceBookError(f"the price book is damaged: {what} cannot be read ({error!r})", hint=_HINT) from error
