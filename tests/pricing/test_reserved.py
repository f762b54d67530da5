from __future__ import annotations

from decimal import Decimal

import pytest

from lamplighter.pricing import (
    OfferingClass,
    Payment,
    PriceBook,
    Terms,
    ec2_key,
    elasticache_key,
    rds_key,
    redshift_key,
)
from lamplighter.pricing.reserved import UPFRONT_FACTORS

BOOK = PriceBook.bundled()
M5 = ec2_key("us-east-1", "m5.large")


def test_what_a_source_lists_is_exact() -> None:
    offer = BOOK.reservation(M5, Terms(1, Payment.NO_UPFRONT))
    assert offer is not None
    assert (str(offer.upfront), str(offer.hourly), offer.estimated) == ("0.00 USD", "0.06 USD", False)
    partial = BOOK.reservation(rds_key("us-east-1", "db.m5.large", "postgres"), Terms(3, Payment.PARTIAL_UPFRONT))
    assert partial is not None
    assert (str(partial.upfront), str(partial.hourly), partial.estimated) == ("959.00 USD", "0.0365 USD", False)


def test_ec2_paid_in_advance_is_derived_and_marked() -> None:
    offers = BOOK.reservations(M5)
    assert len(offers) == 12
    assert [offer.terms for offer in offers] == sorted(offer.terms for offer in offers)
    for offer in offers:
        assert offer.estimated == (offer.terms in UPFRONT_FACTORS)
    paid = {offer.terms: offer.effective.rounded(3).amount for offer in offers}
    standard = [paid[Terms(1, payment)] for payment in Payment]
    assert standard == [Decimal("0.060"), Decimal("0.057"), Decimal("0.056")]
    partial = BOOK.reservation(M5, Terms(1, Payment.PARTIAL_UPFRONT))
    assert partial is not None
    assert "times 0.952 for Partial Upfront" in partial.source


# AWS's own Savings Plan rates of c5.xlarge with Windows in Tokyo, which reservations are taken to follow.
@pytest.mark.parametrize(
    ("terms", "rate"),
    [
        (Terms(1, Payment.NO_UPFRONT), "0.319"),
        (Terms(1, Payment.PARTIAL_UPFRONT), "0.312"),
        (Terms(1, Payment.ALL_UPFRONT), "0.310"),
        (Terms(3, Payment.PARTIAL_UPFRONT), "0.270"),
        (Terms(3, Payment.ALL_UPFRONT), "0.264"),
        (Terms(1, Payment.PARTIAL_UPFRONT, OfferingClass.CONVERTIBLE), "0.352"),
        (Terms(3, Payment.ALL_UPFRONT, OfferingClass.CONVERTIBLE), "0.299"),
    ],
)
def test_windows_costs_its_licence_more(terms: Terms, rate: str) -> None:
    offer = BOOK.reservation(ec2_key("ap-northeast-1", "c5.xlarge", "Windows"), terms)
    assert offer is not None
    assert offer.estimated
    assert abs(offer.effective.amount - Decimal(rate)) <= Decimal("0.001")


def test_where_no_rule_is_known_nothing_is_made_up() -> None:
    assert BOOK.reservations(ec2_key("us-east-1", "t3.medium", "Windows")) == ()
    assert BOOK.reservations(ec2_key("us-east-1", "m5.large", "RHEL")) == ()
    assert BOOK.reservations(rds_key("us-east-1", "db.r5.large", "aurora-mysql")) == ()
    known = {offer.terms for offer in BOOK.reservations(elasticache_key("us-east-1", "cache.m5.large"))}
    assert Terms(1, Payment.ALL_UPFRONT) not in known
    assert len(known) == 5
    assert len(BOOK.reservations(redshift_key("us-east-1", "ra3.xlplus"))) == 6
