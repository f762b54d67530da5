"""Build the packaged price book from a folder of gathered price facts.

    python scripts/build_price_book.py DATA_FOLDER [-o FILE] [--as-of FILE=DATE ...]

DATA_FOLDER (or its `prices` folder) holds the files named in SOURCES, OFFERS and SPECS. What cannot be a
price is dropped and counted, never guessed. docs/prices.md describes the sources.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

from lamplighter.errors import PriceBookError
from lamplighter.pricing.archive import write_archive
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import ReservationOffer, Terms
from lamplighter.pricing.price import (
    MULTI_AZ,
    MULTI_AZ_CLUSTER,
    Price,
    PriceKey,
)
from lamplighter.pricing.specs import TABLE, InstanceType, type_table
from listed_prices import ON_DEMAND, SOURCES, Listing, NotAPrice, Row, SourceFile
from reserved_prices import OFFERS, NotAnOffer, OfferFile, judge_offer

PACKAGED = Path(__file__).parents[1] / "src" / "lamplighter" / "pricing" / "data" / "prices.zip"
SPECS = "ec2_specs"


@dataclass(slots=True)
class Tally:
    """What became of a file's rows."""

    read: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


# A standby doubles the price and two readable ones at most quadruple it; outside, the source is in error.
_TIMES_SINGLE = {MULTI_AZ: (Decimal("1.5"), Decimal("2.5")), MULTI_AZ_CLUSTER: (Decimal(2), Decimal(4))}
# AWS advertises at most 76 % off for reserving; outside, the source is in error or older than a fall in price.
_TIMES_ON_DEMAND = (Decimal("0.2"), Decimal(1))


def read_csv(folder: Path, file: str, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a gzip CSV with a header.

    Raises:
        PriceBookError: the file is absent or damaged, lacks a column, or has a row of another length.
    """
    path = folder / f"{file}.csv.gz"
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            absent = [name for name in columns if name not in (reader.fieldnames or ())]
            if absent:
                raise PriceBookError(f"{path.name} has no column {absent[0]}", hint="is this the right file?")
            for row in reader:
                if None in row or None in row.values():
                    raise PriceBookError(f"{path.name}, line {reader.line_num}: not as many cells as the header")
                yield row
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise PriceBookError(f"{path.name} cannot be read: {error}", hint=f"is {folder} the data folder?") from error


def judge(listing: Listing, source: SourceFile) -> Price:
    """The price that a row gives.

    Raises:
        NotAPrice: it gives none.
    """
    key = listing.key
    if not key.region or not key.resource_type:
        raise NotAPrice("no region or type")
    text = listing.amount.strip()
    if not text:
        raise NotAPrice("empty price")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise NotAPrice("not a number") from None
    if not amount.is_finite():
        raise NotAPrice("not a number")
    if amount <= 0:
        raise NotAPrice("zero price" if amount == 0 else "negative price")
    try:
        as_of = source.as_of if listing.as_of is None else date.fromisoformat(listing.as_of)
    except ValueError:
        raise NotAPrice("malformed date") from None
    name = f"{source.name} ({listing.note})" if listing.note else source.name
    currency = "CNY" if key.region.startswith("cn-") else "USD"
    return Price(Money(amount, currency), listing.unit, as_of, name, estimated=bool(listing.note))


def read_prices(folder: Path, source: SourceFile) -> tuple[dict[PriceKey, Price], Tally]:
    """The prices of one file, and what became of its rows.

    Raises:
        PriceBookError: the file cannot be read, or gives two prices for one thing.
    """
    prices: dict[PriceKey, Price] = {}
    tally = Tally()
    for row in read_csv(folder, source.file, source.columns):
        tally.read += 1
        try:
            listing = source.read(row)
            price = judge(listing, source)
        except NotAPrice as reason:
            tally.dropped[str(reason)] += 1
            continue
        if prices.setdefault(listing.key, price) != price:
            raise PriceBookError(
                f"{source.file}: two prices for {listing.key}, {prices[listing.key].rate} and {price.rate}"
            )
    for key in [key for key, price in prices.items() if _implausible(key, price, prices)]:
        tally.dropped[f"{key.deployment} price implausible beside single-az"] += 1
        del prices[key]
    return prices, tally


def _implausible(key: PriceKey, price: Price, prices: Mapping[PriceKey, Price]) -> bool:
    single = prices.get(replace(key, deployment="single-az"))
    if key.deployment not in _TIMES_SINGLE or single is None:
        return False
    low, high = _TIMES_SINGLE[key.deployment]
    return not low <= price.rate.amount / single.rate.amount <= high


def merge(by_file: Mapping[str, tuple[Mapping[PriceKey, Price], Tally]]) -> dict[PriceKey, Price]:
    """One price a key: what is exact beats what is estimated, then the newer date wins. Fills in the tallies."""
    best: dict[PriceKey, Price] = {}
    for prices, _ in by_file.values():
        for key, price in prices.items():
            if key not in best or _rank(price) > _rank(best[key]):
                best[key] = price
    for prices, tally in by_file.values():
        tally.kept = sum(best[key] is price for key, price in prices.items())
        if superseded := len(prices) - tally.kept:
            tally.dropped["superseded by another file"] = superseded
    return best


def _rank(price: Price) -> tuple[bool, date]:
    return not price.estimated, price.as_of


def read_types(folder: Path) -> list[InstanceType]:
    """The instance types.

    Raises:
        PriceBookError: a file cannot be read, or a row is not what an instance type looks like.
    """
    generations = read_csv(folder, ON_DEMAND, ("instance_type", "generation"))
    previous = {row["instance_type"] for row in generations if row["generation"] == "previous"}
    flags = ("bare_metal", "hibernation", "burstable", "instance_storage")
    columns = ("instance_type", "vcpu", "memory_mib", "arch", "hypervisor", *flags)
    types: dict[str, InstanceType] = {}
    for row in read_csv(folder, SPECS, columns):
        name = row["instance_type"]
        if not name or name in types:
            raise PriceBookError(f"{SPECS}: the instance type {name!r} is empty or comes twice")
        try:
            bare_metal, hibernation, burstable, instance_storage = (
                {"True": True, "False": False}[row[c]] for c in flags
            )
            types[name] = InstanceType(
                name=name,
                vcpu=_positive(row["vcpu"]),
                memory_mib=_positive(row["memory_mib"]),
                architectures=tuple(row["arch"].split("|")),
                hypervisor=row["hypervisor"],
                bare_metal=bare_metal,
                hibernation=hibernation,
                burstable=burstable,
                instance_storage=instance_storage,
                previous_generation=name in previous,
            )
        except (KeyError, ValueError) as error:
            raise PriceBookError(f"{SPECS}: {name} cannot be read: {error!r}") from error
    return list(types.values())


def _positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise ValueError(f"{text} is not above zero")
    return number


def read_offers(
    folder: Path, source: OfferFile, prices: Mapping[PriceKey, Price]
) -> tuple[list[ReservationOffer], Tally]:
    """The reservations of one file, and what became of what it offers.

    Args:
        folder: where the file is.
        source: the file.
        prices: on-demand prices, which an offer must be plausible beside.

    Raises:
        PriceBookError: the file cannot be read, or offers the same twice.
    """
    offers: dict[tuple[PriceKey, Terms], ReservationOffer] = {}
    tally = Tally()
    for row in read_csv(folder, source.file, source.columns):
        try:
            for offered in source.read(row):
                tally.read += 1
                offer = judge_offer(offered, source)
                if offers.setdefault((offer.key, offer.terms), offer) != offer:
                    raise PriceBookError(f"{source.file}: two offers for {offer.key}, {offer.terms}")
        except NotAnOffer as reason:
            tally.dropped[str(reason)] += 1
    kept = []
    for offer in offers.values():
        if doubt := _doubt(offer, prices.get(offer.key)):
            tally.dropped[doubt] += 1
        else:
            kept.append(offer)
    tally.kept = len(kept)
    return kept, tally


def _doubt(offer: ReservationOffer, price: Price | None) -> str:
    if price is None:
        return "no price on demand to compare with"
    low, high = _TIMES_ON_DEMAND
    share = offer.effective.amount / price.rate.amount
    return "" if low <= share < high else "implausible beside on demand"


def build(
    folder: Path, sources: Sequence[SourceFile] = SOURCES, offer_files: Sequence[OfferFile] = OFFERS
) -> tuple[bytes, dict[str, Tally]]:
    """The bytes of the price book, and what became of each file's rows."""
    by_file = {source.file: read_prices(folder, source) for source in sources}
    prices = merge(by_file)
    licences = {price.source: source.licence for source in sources for price in by_file[source.file][0].values()}
    offered = {source.file: read_offers(folder, source, prices) for source in offer_files}
    licences |= {source.name: source.licence for source in offer_files}
    offers = [offer for found, _ in offered.values() for offer in found]
    content = write_archive(prices, licences, {TABLE: type_table(read_types(folder))}, offers)
    tallies = {file: tally for file, (_, tally) in by_file.items()}
    return content, tallies | {f"{file}, reserved": tally for file, (_, tally) in offered.items()}


Dated = TypeVar("Dated", SourceFile, OfferFile)


def dated(sources: Sequence[Dated], days: Mapping[str, date]) -> tuple[Dated, ...]:
    """The sources with other dates, for figures gathered anew."""
    return tuple(replace(source, as_of=days.get(source.file, source.as_of)) for source in sources)


def read_days(changes: Sequence[str]) -> dict[str, date]:
    """Dates by file, from `ebs_prices=2026-09-01`."""
    known = {source.file for source in (*SOURCES, *OFFERS)}
    days: dict[str, date] = {}
    for change in changes:
        file, _, day = change.partition("=")
        if file not in known:
            raise PriceBookError(
                f"--as-of {change}: there is no source {file!r}", hint="one of " + ", ".join(sorted(known))
            )
        try:
            days[file] = date.fromisoformat(day)
        except ValueError as error:
            raise PriceBookError(f"--as-of {change}: {error}", hint="write it like ebs_prices=2026-09-01") from error
    return days


def report(tallies: Mapping[str, Tally]) -> Iterator[str]:
    """What was kept, and what was dropped and why, in lines for people."""
    for file, tally in tallies.items():
        yield f"{file}: {tally.kept:,} of {tally.read:,} rows kept"
        for reason, count in sorted(tally.dropped.items()):
            yield f"  {count:,} dropped: {reason}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the file and say what became of the rows."""
    parser = argparse.ArgumentParser(description="Build the packaged price book.")
    parser.add_argument("folder", type=Path, help="folder of gathered price facts")
    parser.add_argument("-o", "--output", type=Path, default=PACKAGED)
    parser.add_argument("--as-of", action="append", default=[], metavar="FILE=DATE", help="a file's date, if newer")
    options = parser.parse_args(arguments)
    inner = options.folder / "prices"
    try:
        days = read_days(options.as_of)
        folder = inner if inner.is_dir() else options.folder
        content, tallies = build(folder, dated(SOURCES, days), dated(OFFERS, days))
    except PriceBookError as error:
        print(f"{error}" + (f" ({error.hint})" if error.hint else ""), file=sys.stderr)
        return 1
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_bytes(content)
    print("\n".join(report(tallies)))
    print(f"{options.output.name}: {len(content):,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
