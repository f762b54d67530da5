from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.pricing.money import Money
from lamplighter.pricing.offer_rows import OfferTable, write_offers
from lamplighter.pricing.offers import OfferingClass, Payment, ReservationOffer, Terms
from lamplighter.pricing.price import PriceKey

SOURCES = [("one", date(2025, 4, 4)), ("two", date(2026, 1, 1))]
AMOUNTS = st.decimals(0, 10**6, places=4).map(lambda amount: Money(amount, "USD"))
TERMS = st.builds(Terms, st.sampled_from([1, 3]), st.sampled_from(Payment), st.sampled_from(OfferingClass))


@given(st.dictionaries(st.tuples(st.sampled_from(["a", "b.large"]), TERMS), st.tuples(AMOUNTS, AMOUNTS, st.booleans())))
def test_any_offers_come_back(figures: dict[tuple[str, Terms], tuple[Money, Money, bool]]) -> None:
    offers = [
        ReservationOffer(PriceKey("ec2", "x-1", name, "Linux"), terms, upfront, hourly, as_of, source, estimated)
        for (name, terms), (upfront, hourly, estimated) in figures.items()
        for source, as_of in SOURCES[estimated:][:1]
    ]
    rows = write_offers(offers, {place: str(number) for number, place in enumerate(SOURCES)})
    table = OfferTable.read(",".join(row) for row in rows)
    keys = [PriceKey("ec2", "x-1", name, "Linux") for name in ("a", "b.large")]
    found = [offer for key in keys for offer in table.offers(key, SOURCES)]
    assert sorted(found, key=lambda each: (each.key.resource_type, each.terms)) == sorted(
        offers, key=lambda each: (each.key.resource_type, each.terms)
    )


def test_a_cell_is_short() -> None:
    key = PriceKey("ec2", "x-1", "m5.large", "Linux")
    paid = Money(Decimal("490.50"), "USD"), Money(Decimal("0.0280"), "USD")
    offer = ReservationOffer(key, Terms(1, Payment.PARTIAL_UPFRONT), *paid, *SOURCES[0][::-1], estimated=True)
    assert write_offers([offer], {SOURCES[0]: "0"}) == [
        (
            "resource_type",
            "operating_system",
            "engine",
            "deployment",
            "currency",
            "source",
            "1 standard Partial Upfront",
        ),
        ("m5.large", "Linux", "", "", "USD", "0", "490.5+0.028~"),
    ]
