"""Reserved prices for the packaged price book: how each source's rows read. `build_price_book.py` runs it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass, Payment, ReservationOffer, Terms, split
from lamplighter.pricing.price import PriceKey, ec2_key, elasticache_key, opensearch_key, rds_key, redshift_key

Row = Mapping[str, str]
ON_DEMAND_TERM = "ondemand"

_PAYMENTS = {
    "noUpfront": Payment.NO_UPFRONT,
    "partialUpfront": Payment.PARTIAL_UPFRONT,
    "allUpfront": Payment.ALL_UPFRONT,
}
_TERM = re.compile(r"yrTerm([13])Standard\.(noUpfront|partialUpfront|allUpfront)")


class NotAnOffer(Exception):
    """A cell that offers nothing; the text says why, and is counted."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One offer of a source, not yet judged.

    `effective` is given where the source tells nothing else, `upfront` and `hourly` otherwise.
    """

    key: PriceKey
    terms: Terms
    hourly: str = ""
    upfront: str = "0"
    effective: str = ""


@dataclass(frozen=True, slots=True)
class OfferFile:
    """A file of reserved prices: how to read a row of it, and what it says about itself."""

    file: str
    columns: tuple[str, ...]
    read: Callable[[Row], Iterator[Offered]]
    name: str
    licence: str
    as_of: date


def _ec2(row: Row) -> Iterator[Offered]:
    key = ec2_key(row["region"], row["instance_type"])
    for offering_class in OfferingClass:
        for years in (1, 3):
            if text := row[f"{offering_class}_{years}yr"]:
                yield Offered(key, Terms(years, Payment.NO_UPFRONT, offering_class), hourly=text)


def _listed(key: PriceKey, row: Row) -> Iterator[Offered]:
    years = {"1yr": 1, "3yr": 3}.get(row["lease"])
    if years is None or row["purchase_option"] not in {*Payment}:
        raise NotAnOffer("unknown term")
    terms = Terms(years, Payment(row["purchase_option"]))
    yield Offered(key, terms, hourly=row["usd_per_hour"], upfront=row["upfront_usd"])


def _rds(row: Row) -> Iterator[Offered]:
    return _listed(rds_key(row["region"], row["instance_class"], row["engine"], row["deployment"]), row)


def _redshift(row: Row) -> Iterator[Offered]:
    return _listed(redshift_key(row["region"], row["node_type"]), row)


def _effective(key: PriceKey, row: Row) -> Iterator[Offered]:
    if row["term"] == ON_DEMAND_TERM:
        return
    found = _TERM.fullmatch(row["term"])
    if not found:
        raise NotAnOffer("unknown term")
    yield Offered(key, Terms(int(found[1]), _PAYMENTS[found[2]]), effective=row["effective_usd_per_hour"])


def _elasticache(row: Row) -> Iterator[Offered]:
    return _effective(elasticache_key(row["region"], row["node_type"], row["engine"]), row)


def _opensearch(row: Row) -> Iterator[Offered]:
    return _effective(opensearch_key(row["region"], row["instance_type"]), row)


_RESERVED = ("lease", "purchase_option", "upfront_usd", "usd_per_hour")
OFFERS = (
    OfferFile(
        file="ec2_reserved_linux_no_upfront",
        columns=("region", "instance_type", "standard_1yr", "standard_3yr", "convertible_1yr", "convertible_3yr"),
        read=_ec2,
        name="yeo/ec2.shop, EC2 Linux reservations, No Upfront",
        licence="MIT",
        as_of=date(2025, 4, 1),
    ),
    OfferFile(
        file="rds_reserved",
        columns=("region", "engine", "deployment", "instance_class", *_RESERVED),
        read=_rds,
        name="yeo/ec2.shop, RDS reservations",
        licence="MIT",
        as_of=date(2025, 4, 4),
    ),
    OfferFile(
        file="elasticache_prices",
        columns=("region", "engine", "node_type", "term", "effective_usd_per_hour"),
        read=_elasticache,
        name="LeanerCloud/ec2-instances-info, ElastiCache",
        licence="MIT",
        as_of=date(2025, 4, 24),
    ),
    OfferFile(
        file="opensearch_prices",
        columns=("region", "instance_type", "term", "effective_usd_per_hour"),
        read=_opensearch,
        name="LeanerCloud/ec2-instances-info, OpenSearch",
        licence="MIT",
        as_of=date(2025, 4, 24),
    ),
    OfferFile(
        file="redshift_reserved",
        columns=("region", "node_type", *_RESERVED),
        read=_redshift,
        name="yeo/ec2.shop, Redshift reservations",
        licence="MIT",
        as_of=date(2025, 3, 19),
    ),
)


def judge_offer(offered: Offered, source: OfferFile) -> ReservationOffer:
    """The offer that a row makes.

    A Partial Upfront of which only the effective price is known is split by rule, and so an estimate.

    Raises:
        NotAnOffer: it makes none.
    """
    if not offered.key.region or not offered.key.resource_type:
        raise NotAnOffer("no region or type")
    currency = "CNY" if offered.key.region.startswith("cn-") else "USD"
    try:
        if offered.effective:
            upfront, hourly = split(Money(Decimal(offered.effective), currency), offered.terms)
        else:
            upfront, hourly = (Money(Decimal(text), currency) for text in (offered.upfront, offered.hourly))
    except (InvalidOperation, ValueError):
        raise NotAnOffer("not a number") from None
    if min(upfront.amount, hourly.amount) < 0 or not (upfront.amount or hourly.amount):
        raise NotAnOffer("zero or negative price")
    estimated = bool(offered.effective) and offered.terms.payment is Payment.PARTIAL_UPFRONT
    return ReservationOffer(offered.key, offered.terms, upfront, hourly, source.as_of, source.name, estimated)
