from __future__ import annotations

import operator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.pricing.money import Money, total

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=6)
USD = st.builds(Money, AMOUNTS, st.just("USD"))


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


@given(USD, USD)
def test_addition_and_subtraction_undo_each_other(left: Money, right: Money) -> None:
    assert left + right == right + left
    assert (left + right) - right == left
    assert left - right == -(right - left)


@given(st.lists(USD, max_size=20))
def test_total_is_the_exact_sum_in_any_order(moneys: list[Money]) -> None:
    cents = sum(int(money.amount * 10**6) for money in moneys)
    assert total(moneys, "USD").amount == Decimal(cents).scaleb(-6)
    assert total(reversed(moneys), "USD") == total(moneys, "USD")


@given(USD, st.integers(min_value=0, max_value=50))
def test_a_multiple_is_a_repeated_sum(money: Money, times: int) -> None:
    assert money * times == total([money] * times, "USD") == times * money


@given(USD, USD)
def test_order_follows_the_amounts(left: Money, right: Money) -> None:
    assert (left < right) == (left.amount < right.amount)
    assert (left <= right) == (not left > right)
    assert (left >= right) == (not left < right)


@given(USD, st.integers(min_value=0, max_value=6))
def test_rounding_moves_by_half_a_unit_at_most_and_mirrors_around_zero(money: Money, places: int) -> None:
    rounded = money.rounded(places)
    assert abs(rounded.amount - money.amount) <= Decimal("0.5").scaleb(-places)
    assert rounded == rounded.rounded(places) == -((-money).rounded(places))
    assert rounded.amount.as_tuple().exponent == -places


@pytest.mark.parametrize(
    ("exact", "cents"),
    [("0.005", "0.01"), ("0.015", "0.02"), ("0.025", "0.03"), ("-0.025", "-0.03"), ("2.4949", "2.49")],
)
def test_a_half_rounds_away_from_zero_as_in_a_spreadsheet(exact: str, cents: str) -> None:
    assert usd(exact).rounded() == usd(cents)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("12.34", "12.34 USD"),
        ("12.3", "12.30 USD"),
        ("12", "12.00 USD"),
        ("1E+3", "1000.00 USD"),
        ("0.04160", "0.0416 USD"),
        ("-0", "0.00 USD"),
        ("-1.5", "-1.50 USD"),
        ("5E-8", "0.00000005 USD"),
    ],
)
def test_text_is_exact_and_has_two_decimals_at_least(amount: str, text: str) -> None:
    assert str(usd(amount)) == text


@given(USD, USD)
def test_equal_amounts_print_and_hash_alike(left: Money, right: Money) -> None:
    assert (left == right) == (str(left) == str(right))
    padded = Money(left.amount + Decimal("0.00000000"), "USD")
    assert padded == left
    assert hash(padded) == hash(left)
    assert str(padded) == str(left)


def test_a_rounded_trace_of_a_loss_is_not_minus_zero() -> None:
    assert str(usd("-0.001").rounded()) == "0.00 USD"
    assert not usd("-0.001").rounded().amount.is_signed()


def test_currencies_do_not_mix() -> None:
    yuan = Money(Decimal(1), "CNY")
    for mix in (operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(ValueError, match="do not mix"):
            mix(usd("1"), yuan)
    with pytest.raises(ValueError, match="do not mix"):
        total([yuan], "USD")
    assert usd("1") != yuan


@pytest.mark.parametrize("factor", [0.5, 2.0, True, "2", None, usd("1")])
def test_only_exact_numbers_multiply(factor: Any) -> None:
    with pytest.raises(TypeError):
        usd("1") * factor
    with pytest.raises(TypeError):
        factor * usd("1")


@pytest.mark.parametrize("other", [1, 0.5, Decimal(1), "1 USD", None])
def test_money_adds_and_compares_to_money_only(other: Any) -> None:
    for mix in (operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError):
            mix(usd("1"), other)
    assert usd("1") != other


@pytest.mark.parametrize("amount", [1, 0.1, "1", None, True])
def test_an_amount_is_a_decimal(amount: Any) -> None:
    with pytest.raises(TypeError, match="Decimal"):
        Money(amount, "USD")


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_an_amount_is_finite(amount: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        usd(amount)


@pytest.mark.parametrize("currency", ["", "usd", "US", "USDT", "U$D", "ÀÉÎ"])
def test_a_currency_is_a_code(currency: str) -> None:
    with pytest.raises(ValueError, match="capital letters"):
        Money(Decimal(1), currency)


def test_the_total_of_nothing_is_zero_of_its_currency() -> None:
    assert total([], "EUR") == Money(Decimal(0), "EUR")
