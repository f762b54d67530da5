"""How many months a span of time is, as AWS bills what is paid for each month."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache


@lru_cache(maxsize=64)
def months_between(start: datetime, end: datetime) -> Decimal:
    """The months in [start, end): each second counts as its share of its own calendar month in UTC.

    So a whole February and a whole March are a month each, although an hour of February costs more.
    Source: the examples of the "Amazon EBS pricing" page, which divide the seconds by those of "a 30-day month"; bills
    close at midnight UTC (AWS Billing User Guide, "Understanding your bill").

    Args:
        start: aware datetime.
        end: aware datetime, not before the start.

    Returns:
        Exact to 28 digits.

    Raises:
        ValueError: a naive datetime, or an end before the start.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError("a span needs a time zone at both ends")
    at, last = start.astimezone(UTC), end.astimezone(UTC)
    if last < at:
        raise ValueError("the end must not come before the start")
    found = Decimal(0)
    while at < last:
        first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
        found += _seconds(at, min(following, last)) / _seconds(first, following)
        at = following
    return found


def _seconds(start: datetime, end: datetime) -> Decimal:
    length = end - start
    return length.days * 86_400 + length.seconds + Decimal(length.microseconds) / 1_000_000
