from __future__ import annotations

import pytest

from lamplighter.commitments.sizing.capital import break_even_months, hourly_cost, present_hours

YEAR = 8760


def test_without_interest_an_upfront_payment_is_spread_evenly() -> None:
    assert present_hours(YEAR, 0.0) == YEAR
    assert hourly_cost(876.0, 0.02, YEAR) == pytest.approx(0.12)


def test_interest_by_a_sum_over_all_hours() -> None:
    hourly = 1.08 ** (1 / YEAR) - 1
    by_hand = sum(1 / (1 + hourly) ** hour for hour in range(1, 3 * YEAR + 1))
    assert present_hours(3 * YEAR, 0.08) == pytest.approx(by_hand, rel=1e-9)
    spread = hourly_cost(1000.0, 0.0, 3 * YEAR, 0.08)
    assert spread * by_hand == pytest.approx(1000.0)
    assert spread > 1000 / (3 * YEAR)


def test_a_negative_rate_is_possible_and_minus_one_hundred_percent_is_not() -> None:
    assert present_hours(YEAR, -0.01) > YEAR
    with pytest.raises(ValueError, match="above -100 %"):
        present_hours(YEAR, -1.0)


def test_months_until_the_upfront_payment_has_come_back() -> None:
    # 365 upfront, 0.1 an hour replaces 0.2 an hour: 73 a month.
    assert break_even_months(365.0, 0.1, 0.2, YEAR) == pytest.approx(5.0)
    assert break_even_months(0.0, 0.1, 0.2, YEAR) == 0.0
    assert break_even_months(0.0, 0.2, 0.2, YEAR) is None
    assert break_even_months(1000.0, 0.1, 0.2, YEAR) is None
    assert break_even_months(1000.0, 0.1, 0.2, 3 * YEAR) == pytest.approx(1000 / 73)
