"""AWS's own figures: bulk offer files and GetProducts answers, with what they list on demand and reserved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any, Final

from lamplighter.errors import PriceBookError
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass, Payment, PlanRate, ReservationOffer, Terms
from lamplighter.pricing.price import HOURS, Price, PriceKey
from lamplighter.pricing.sku import product_key

SOURCE: Final = "AWS Price List"
_ZERO: Final = Decimal(0)
_DAMAGE: Final = (KeyError, TypeError, ValueError, InvalidOperation, AttributeError)

Document = Mapping[str, Any]


@dataclass(slots=True)
class Listed:
    """What was read.

    Attributes:
        prices: on demand, by the hour.
        offers: reservations.
        rates: of Savings Plans.
        passed_over: products and rates for which the price book has no word, or that are free.
    """

    prices: dict[PriceKey, Price] = field(default_factory=dict)
    offers: list[ReservationOffer] = field(default_factory=list)
    rates: list[PlanRate] = field(default_factory=list)
    passed_over: int = 0

    def add(self, other: Listed) -> None:
        """Add what was read elsewhere; what comes later wins."""
        self.prices |= other.prices
        self.offers += other.offers
        self.rates += other.rates
        self.passed_over += other.passed_over


def read_offer_file(document: Document) -> Listed:
    """Read a bulk offer file, `/offers/v1.0/aws/<service>/<version>/<region>/index.json`.

    Raises:
        PriceBookError: it is no such file, or damaged.
    """
    listed = Listed()
    try:
        as_of, terms = day_of(document["publicationDate"]), document["terms"]
        for sku, product in document["products"].items():
            on_demand = terms.get("OnDemand", {}).get(sku, {})
            _product(listed, product, on_demand, terms.get("Reserved", {}).get(sku, {}), as_of)
    except _DAMAGE as error:
        raise _damaged("offer file", error) from error
    return listed


def read_products(products: Iterable[Document]) -> Listed:
    """Read what `pricing:GetProducts` answers: the texts of `PriceList`, parsed.

    Raises:
        PriceBookError: one of them is damaged.
    """
    listed = Listed()
    try:
        for each in products:
            terms, as_of = each["terms"], day_of(each["publicationDate"])
            attributes = {"servicecode": each["serviceCode"], **each["product"]["attributes"]}
            product = {**each["product"], "attributes": attributes}
            _product(listed, product, terms.get("OnDemand", {}), terms.get("Reserved", {}), as_of)
    except _DAMAGE as error:
        raise _damaged("answer of GetProducts", error) from error
    return listed


def day_of(text: str) -> date:
    """The day of a publication date, `2025-09-12T22:53:08Z`.

    Raises:
        ValueError: it is none.
    """
    return datetime.fromisoformat(text).date()


def terms_of(years: str, payment: str, offering_class: str = "") -> Terms:
    """Terms as price lists spell them: `1yr` or `1 yr`, `No Upfront` or `NoUpfront`, `convertible`.

    Raises:
        ValueError: they are not of today's.
    """
    number = int(years.replace(" ", "").removesuffix("yr"))
    if number not in (1, 3):
        raise ValueError(f"a term of {years}")
    spelled = {each.replace(" ", ""): each for each in Payment}
    return Terms(number, spelled[payment.replace(" ", "")], OfferingClass(offering_class or "standard"))


def _product(listed: Listed, product: Document, on_demand: Document, reserved: Document, as_of: date) -> None:
    key = product_key(product["attributes"])
    if key is None:
        listed.passed_over += 1
        return
    for term in on_demand.values():
        for rate in _rates(term):
            if rate["unit"] == HOURS and (money := _money(rate)).amount > _ZERO:
                listed.prices[key] = Price(money, HOURS, as_of, SOURCE)
    for term in reserved.values():
        offer = _offer(key, term, as_of)
        listed.passed_over += offer is None
        listed.offers += [offer] if offer else []


def _offer(key: PriceKey, term: Document, as_of: date) -> ReservationOffer | None:
    facts = term["termAttributes"]
    try:
        terms = terms_of(facts["LeaseContractLength"], facts["PurchaseOption"], facts.get("OfferingClass", ""))
    except (KeyError, ValueError):
        # Old files also list what is no longer sold.
        return None
    rates = list(_rates(term))
    once = [_money(rate) for rate in rates if rate["unit"] == "Quantity"]
    hourly = [_money(rate) for rate in rates if rate["unit"] == HOURS]
    currency = next((each.currency for each in chain(hourly, once)), "USD")
    nothing = Money(_ZERO, currency)
    offer = ReservationOffer(key, terms, sum(once, nothing), sum(hourly, nothing), as_of, SOURCE)
    return offer if offer.effective.amount > _ZERO else None


def _rates(term: Document) -> Iterator[Document]:
    yield from term["priceDimensions"].values()


def _money(rate: Document) -> Money:
    [(currency, amount)] = rate["pricePerUnit"].items()
    return Money(Decimal(amount), currency)


def _damaged(what: str, error: Exception) -> PriceBookError:
    return PriceBookError(f"this {what} cannot be read: {error!r}", hint="download it again, whole")
