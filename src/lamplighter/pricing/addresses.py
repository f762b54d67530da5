"""What a public IPv4 address costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from lamplighter.pricing.money import Money
from lamplighter.pricing.price import HOURS, Price

_ELSEWHERE = ("cn-", "us-gov-", "us-iso", "eu-iso", "eusc-")
_PRICE = Price(
    rate=Money(Decimal("0.005"), "USD"),
    unit=HOURS,
    as_of=date(2024, 2, 1),
    source="AWS News Blog, New - AWS Public IPv4 Address Charge + Public IP Insights",
)


def address_price(region: str) -> Price | None:
    """The price of an hour of a public IPv4 address from AWS's pool, in use or idle; None where it is not known.

    One price for every commercial region since 2024-02-01. The announcement says nothing certain of the other
    partitions (China, GovCloud, isolated ones, the European Sovereign Cloud).

    Args:
        region: region code.
    """
    return None if region.startswith(_ELSEWHERE) else _PRICE
