from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.price import GB_MONTH, HOURS, Price, ec2_key
from lamplighter.savings.tally import Tally, add, tally

DOLLARS, YUAN, GUESS, STORAGE, UNKNOWN = (
    ec2_key("eu-west-1", "m5.large"),
    ec2_key("cn-north-1", "m5.large"),
    ec2_key("eu-west-1", "m5.xlarge"),
    ec2_key("eu-west-1", "gp3"),
    ec2_key("eu-west-1", "x99.large"),
)


def price(amount: str, currency: str = "USD", *, unit: str = HOURS, estimated: bool = False) -> Price:
    return Price(Money(Decimal(amount), currency), unit, date(2026, 1, 1), "a test", estimated)


BOOK = PriceBook.from_prices(
    {
        DOLLARS: price("0.10"),
        YUAN: price("0.70", "CNY"),
        GUESS: price("0.20", estimated=True),
        STORAGE: price("0.08", unit=GB_MONTH),
    }
)


def dollars(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def test_one_resource() -> None:
    found = tally(BOOK, [DOLLARS], Decimal(50), Decimal(168), starts=5, stops=4)
    assert found == Tally(1, Decimal(50), Decimal(168), {"USD": dollars("5.00")}, {"USD": dollars("16.80")}, 0, 0, 5, 4)
    assert found.saved == {"USD": dollars("11.80")}
    assert found.saved_share == 1 - Decimal(50) / 168


def test_members_add_up_in_their_currencies() -> None:
    found = tally(BOOK, [DOLLARS, DOLLARS, YUAN], Decimal(10), Decimal(20))
    assert found.lit_cost == {"USD": dollars("2.00"), "CNY": Money(Decimal("7.00"), "CNY")}
    assert found.saved == {"USD": dollars("2.00"), "CNY": Money(Decimal("7.00"), "CNY")}


def test_an_unknown_price_is_no_price_of_zero() -> None:
    for prices in ([UNKNOWN], [], [DOLLARS, UNKNOWN], [STORAGE], [DOLLARS, STORAGE]):
        found = tally(BOOK, prices, Decimal(10), Decimal(20))
        assert (found.lit_cost, found.all_cost, found.saved) == ({}, {}, {})
        assert (found.unpriced, found.lit_hours, found.all_hours) == (1, Decimal(10), Decimal(20))


def test_an_estimate_is_marked() -> None:
    assert tally(BOOK, [GUESS], Decimal(1), Decimal(1)).estimated == 1
    assert tally(BOOK, [GUESS, DOLLARS], Decimal(1), Decimal(1)).estimated == 1
    assert tally(BOOK, [GUESS, UNKNOWN], Decimal(1), Decimal(1)).estimated == 0
    assert tally(BOOK, [DOLLARS], Decimal(1), Decimal(1)).estimated == 0


def test_no_hours_have_no_share() -> None:
    assert Tally().saved_share is None
    assert add([]) == Tally()


tallies = st.builds(
    lambda keys, lit, more, starts, stops, stands: replace(
        tally(BOOK, keys, Decimal(lit), Decimal(lit + more), starts=starts, stops=stops),
        standing={currency: Money(Decimal(cents) / 100, currency) for currency, cents in stands.items()},
        standing_unknown=int(not stands),
    ),
    st.lists(st.sampled_from([DOLLARS, YUAN, GUESS, UNKNOWN]), max_size=3),
    *[st.integers(0, 800)] * 4,
    st.dictionaries(st.sampled_from(["USD", "CNY"]), st.integers(0, 10_000)),
)


@given(st.lists(tallies), st.lists(tallies))
def test_sums_add_up(left: list[Tally], right: list[Tally]) -> None:
    total = add([*left, *right])
    assert total == add([add(left), add(right)])
    assert total.resources == len(left) + len(right)
    assert total.all_hours == sum(each.all_hours for each in (*left, *right))
    for currency in ("USD", "CNY"):
        parts = [each.saved[currency] for each in (*left, *right) if currency in each.saved]
        assert (currency in total.saved) == bool(parts)
        if parts:
            assert total.saved[currency].amount == sum(part.amount for part in parts)
        for name in ("cost", "cost_always_on", "standing"):
            costs = [getattr(each, name) for each in (*left, *right)]
            amounts = [cost[currency].amount for cost in costs if currency in cost]
            assert (currency in getattr(total, name)) == bool(amounts)
            assert sum(amounts) == (getattr(total, name)[currency].amount if amounts else 0)
        if currency in total.saved:
            assert total.cost_always_on[currency] - total.cost[currency] == total.saved[currency]
    assert total.standing_unknown == sum(each.standing_unknown for each in (*left, *right))
