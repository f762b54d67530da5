"""What money paid at once costs more than money paid later, and after how many months a purchase has paid for itself.

A payment of one unit an hour over T hours is worth (1 - (1 + i)^-T) / i today, with i the rate of an hour: an annual
rate r gives i = (1 + r)^(1 / 8760) - 1. An upfront payment is spread by its inverse, so that two ways of paying compare
by the hour. At r = 0 that is the amortisation that bills show.
"""

from __future__ import annotations

from math import expm1, log1p
from typing import Final

from lamplighter.pricing.offers import YEAR_HOURS

MONTH_HOURS: Final = 730
"""Hours of an average month, as AWS prices them."""


def present_hours(hours: int, capital_rate: float) -> float:
    """What one unit in each of so many hours, paid at their ends, is worth today; `capital_rate` is of a year."""
    if capital_rate <= -1:
        raise ValueError("a rate of capital is above -100 %")
    hourly = log1p(capital_rate) / YEAR_HOURS
    if not hourly:
        return float(hours)
    return -expm1(-hours * hourly) / expm1(hourly)


def hourly_cost(upfront: float, hourly: float, hours: int, capital_rate: float = 0.0) -> float:
    """What a commitment costs an hour, its upfront payment spread over the term with interest."""
    return upfront / present_hours(hours, capital_rate) + hourly


def break_even_months(upfront: float, hourly: float, worth: float, hours: int) -> float | None:
    """Months after which what was paid has come back: upfront / (on-demand money it replaces - what it costs a month).

    Args:
        upfront: paid at once.
        hourly: paid each hour.
        worth: on-demand money an hour that it really replaces.
        hours: of the term.

    Returns:
        0 without an upfront payment, if it pays; None when it does not pay within its term.
    """
    monthly = (worth - hourly) * MONTH_HOURS
    if monthly <= 0:
        return None
    months = upfront / monthly
    return months if months <= hours / MONTH_HOURS else None
