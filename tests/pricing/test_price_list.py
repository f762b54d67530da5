from __future__ import annotations

import copy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lamplighter.errors import PriceBookError
from lamplighter.pricing import Money, OfferingClass, Payment, Price, PriceBook, Terms, ec2_key, rds_key
from lamplighter.pricing.price_list import SOURCE, read_offer_file, read_products, terms_of

M5 = ec2_key("us-east-1", "m5.large")
PLAIN = {
    "servicecode": "AmazonEC2", "regionCode": "us-east-1", "locationType": "AWS Region", "instanceType": "m5.large",
    "tenancy": "Shared", "operatingSystem": "Linux", "licenseModel": "No License required", "capacitystatus": "Used",
    "preInstalledSw": "NA", "marketoption": "OnDemand", "usagetype": "BoxUsage:m5.large",
}  # fmt: skip


def rate(amount: str, unit: str = "Hrs", currency: str = "USD") -> dict[str, Any]:
    return {"unit": unit, "pricePerUnit": {currency: amount}}


def term(*rates: dict[str, Any], **attributes: str) -> dict[str, Any]:
    return {"priceDimensions": {str(number): each for number, each in enumerate(rates)}, "termAttributes": attributes}


ON_DEMAND = {"A.JRTCKXETXF": term(rate("0.0960000000"))}
RESERVED = {
    "A.1": term(rate("0.06"), LeaseContractLength="1yr", OfferingClass="standard", PurchaseOption="No Upfront"),
    "A.2": term(
        rate("0.025"), rate("648", "Quantity"), LeaseContractLength="3 yr", OfferingClass="convertible",
        PurchaseOption="PartialUpfront",
    ),
    "A.3": term(rate("0.05"), LeaseContractLength="1yr", PurchaseOption="Heavy Utilization"),
}  # fmt: skip
DOCUMENT: dict[str, Any] = {
    "publicationDate": "2025-09-12T22:53:08Z",
    "products": {
        "A": {"sku": "A", "attributes": PLAIN},
        "B": {"sku": "B", "attributes": {**PLAIN, "capacitystatus": "UnusedCapacityReservation"}},
        "C": {"sku": "C", "attributes": {"servicecode": "AmazonS3", "regionCode": "us-east-1"}},
    },
    "terms": {"OnDemand": {"A": ON_DEMAND, "B": {"B.1": term(rate("7"))}}, "Reserved": {"A": RESERVED}},
}


def test_an_offer_file_gives_prices_and_reservations() -> None:
    listed = read_offer_file(DOCUMENT)
    day = date(2025, 9, 12)
    assert listed.prices == {M5: Price(Money(Decimal("0.096"), "USD"), "Hrs", day, SOURCE)}
    assert [(offer.key, offer.terms, str(offer.upfront), str(offer.hourly)) for offer in listed.offers] == [
        (M5, Terms(1, Payment.NO_UPFRONT), "0.00 USD", "0.06 USD"),
        (M5, Terms(3, Payment.PARTIAL_UPFRONT, OfferingClass.CONVERTIBLE), "648.00 USD", "0.025 USD"),
    ]
    assert {(offer.as_of, offer.source, offer.estimated) for offer in listed.offers} == {(day, SOURCE, False)}
    assert listed.passed_over == 3


def test_the_query_api_nests_one_level_less() -> None:
    product = {
        "serviceCode": "AmazonRDS",
        "publicationDate": "2026-01-02T00:00:00Z",
        "product": {
            "attributes": {
                "regionCode": "eu-west-1", "instanceType": "db.m5.large", "databaseEngine": "PostgreSQL",
                "deploymentOption": "Multi-AZ", "licenseModel": "No license required",
            }
        },
        "terms": {"OnDemand": {"A.1": term(rate("0.392"))}},
    }  # fmt: skip
    listed = read_products([product])
    key = rds_key("eu-west-1", "db.m5.large", "postgres", "multi-az")
    assert {key: str(price.rate) for key, price in listed.prices.items()} == {key: "0.392 USD"}


def test_a_users_figures_win_over_packaged_and_derived_ones() -> None:
    listed = read_offer_file(DOCUMENT)
    book = PriceBook.from_prices(listed.prices, offers=listed.offers, base=PriceBook.bundled())
    offers = {offer.terms: offer for offer in book.reservations(M5)}
    assert len(offers) == 12
    mine = offers[Terms(3, Payment.PARTIAL_UPFRONT, OfferingClass.CONVERTIBLE)]
    assert (mine.source, mine.estimated) == (SOURCE, False)
    assert offers[Terms(3, Payment.NO_UPFRONT)].source.startswith("yeo/ec2.shop")


def test_a_damaged_file_is_refused_whole() -> None:
    broken = copy.deepcopy(DOCUMENT)
    broken["terms"]["OnDemand"]["A"]["A.JRTCKXETXF"]["priceDimensions"]["0"]["pricePerUnit"] = {"USD": "free"}
    for document in (broken, {}, {**DOCUMENT, "publicationDate": "May"}):
        with pytest.raises(PriceBookError, match="this offer file cannot be read"):
            read_offer_file(document)
    with pytest.raises(PriceBookError, match="answer of GetProducts cannot be read"):
        read_products([{}])


def test_terms_are_spelled_in_two_ways() -> None:
    assert terms_of("1 yr", "NoUpfront") == terms_of("1yr", "No Upfront", "standard") == Terms(1, Payment.NO_UPFRONT)
    with pytest.raises(ValueError, match="a term of 5yr"):
        terms_of("5yr", "No Upfront")
