from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.pricing import months_between

MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-02-01", "2026-03-01", "1"),
        ("2026-03-01", "2026-04-01", "1"),
        ("2026-01-01", "2027-01-01", "12"),
        ("2026-12-01", "2027-01-01", "1"),
        ("2026-06-01", "2026-06-16", "0.5"),
        ("2026-06-16", "2026-07-01", "0.5"),
        ("2024-02-01", "2024-03-01", "1"),
        ("2026-06-10", "2026-06-10", "0"),
    ],
)
def test_a_day_is_its_share_of_its_own_month(start: str, end: str, expected: str) -> None:
    first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end))
    assert months_between(first, last) == Decimal(expected)


def test_the_example_of_aws() -> None:
    """2,000 GB for 12 hours (43,200 seconds) of a 30-day month at 0.08 are 2.67 dollars."""
    twelve = months_between(datetime(2026, 4, 3, tzinfo=UTC), datetime(2026, 4, 3, 12, tzinfo=UTC))
    assert round(Decimal("0.08") * 2000 * twelve, 2) == Decimal("2.67")


def test_months_are_those_of_utc() -> None:
    """Midnight in Berlin lies in the month before."""
    berlin = timezone(timedelta(hours=1))
    start, end = datetime(2026, 3, 1, tzinfo=berlin), datetime(2026, 4, 1, tzinfo=berlin)
    assert months_between(start, end) == Decimal(1) / (28 * 24) + Decimal(31 * 24 - 1) / (31 * 24)


@given(st.integers(0, 3_000_000), st.integers(0, 90_000_000), st.integers(0, 90_000_000))
def test_parts_add_up(offset: int, first: int, second: int) -> None:
    start = MARCH + timedelta(seconds=offset)
    middle = start + timedelta(seconds=first)
    end = middle + timedelta(seconds=second)
    whole, parts = months_between(start, end), months_between(start, middle) + months_between(middle, end)
    assert abs(whole - parts) < Decimal("1e-20")
    days = Decimal((end - start).total_seconds()) / 86_400
    assert days / 31 - Decimal("1e-20") <= whole <= days / 28 + Decimal("1e-20")


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        months_between(MARCH.replace(tzinfo=None), MARCH)
    with pytest.raises(ValueError, match="before"):
        months_between(MARCH, MARCH - timedelta(seconds=1))
