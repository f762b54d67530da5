from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import Payment, Plan, PlanRate, ReservationOffer, Terms, split
from lamplighter.pricing.price import ec2_key

M5 = ec2_key("us-east-1", "m5.large")
ALL_TERMS = [Terms(years, payment) for years in (1, 3) for payment in Payment]


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


@pytest.mark.parametrize(
    ("terms", "effective", "upfront", "hourly"),
    [
        (Terms(1, Payment.NO_UPFRONT), "0.106", "0", "0.106"),
        (Terms(3, Payment.ALL_UPFRONT), "0.0703957382", "1850", "0"),
        # As RDS lists db.m5.large for PostgreSQL: 476 USD and 0.0543 USD an hour.
        (Terms(1, Payment.PARTIAL_UPFRONT), "0.1086379", "476", "0.0543"),
    ],
)
def test_an_effective_price_is_split_by_payment(terms: Terms, effective: str, upfront: str, hourly: str) -> None:
    at_once, each_hour = split(usd(effective), terms)
    assert each_hour == usd(hourly)
    assert abs((at_once - usd(upfront)).amount) < Decimal("0.5")


@given(st.sampled_from(ALL_TERMS), st.decimals(Decimal("0.001"), 500, places=6))
def test_what_is_split_adds_up_again(terms: Terms, amount: Decimal) -> None:
    upfront, hourly = split(Money(amount, "USD"), terms)
    offer = ReservationOffer(M5, terms, upfront, hourly, date(2025, 4, 4), "somewhere")
    assert abs(offer.effective.amount - amount) <= Decimal("0.0050001") / terms.hours
    assert min(upfront.amount, hourly.amount) >= 0


def test_a_saving_is_a_share_and_currencies_do_not_mix() -> None:
    rate = PlanRate(Plan.COMPUTE, M5, Terms(1, Payment.NO_UPFRONT), usd("0.072"), date(2025, 4, 4), "somewhere")
    assert rate.saving(usd("0.096")) == Decimal("0.25")
    with pytest.raises(ValueError, match="do not mix"):
        rate.saving(Money(Decimal(1), "CNY"))
