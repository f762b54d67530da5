"""Reservations of EC2 that no source lists, derived from those that one does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from lamplighter.pricing.offers import OfferingClass, Payment, ReservationOffer, Terms, split
from lamplighter.pricing.price import HOURS, Price, PriceKey
from lamplighter.pricing.specs import InstanceType
from lamplighter.pricing.windows import windows_estimate

UPFRONT_FACTORS: Final[Mapping[Terms, Decimal]] = MappingProxyType({
    Terms(1, Payment.PARTIAL_UPFRONT, OfferingClass.STANDARD): Decimal(1) / Decimal("1.05"),
    Terms(1, Payment.PARTIAL_UPFRONT, OfferingClass.CONVERTIBLE): Decimal(1) / Decimal("1.05"),
    Terms(1, Payment.ALL_UPFRONT, OfferingClass.STANDARD): Decimal("0.98") / Decimal("1.05"),
    Terms(1, Payment.ALL_UPFRONT, OfferingClass.CONVERTIBLE): Decimal("0.98") / Decimal("1.05"),
    Terms(3, Payment.PARTIAL_UPFRONT, OfferingClass.STANDARD): Decimal(1) / Decimal("1.08"),
    Terms(3, Payment.PARTIAL_UPFRONT, OfferingClass.CONVERTIBLE): Decimal(1) / Decimal("1.08"),
    Terms(3, Payment.ALL_UPFRONT, OfferingClass.STANDARD): Decimal("0.94") / Decimal("1.08"),
    Terms(3, Payment.ALL_UPFRONT, OfferingClass.CONVERTIBLE): Decimal("0.98") / Decimal("1.08"),
})  # fmt: skip
"""Effective hourly price of a reservation paid in advance, as a share of the one with nothing upfront.

Read from AWS's rates of x2iedn.32xlarge, which hold these ratios in 25 regions; the Savings Plan rates of c5.xlarge in
ap-northeast-1 agree within 1 %.
"""


def pay_upfront(listed: Mapping[Terms, ReservationOffer]) -> dict[Terms, ReservationOffer]:
    """EC2 reservations paid in advance, from those with nothing upfront of the same length and class.

    Args:
        listed: what is known to be offered for one type, by terms.

    Returns:
        What `listed` lacks and the rule gives, marked as estimated.
    """
    derived: dict[Terms, ReservationOffer] = {}
    for terms, factor in UPFRONT_FACTORS.items():
        base = listed.get(replace(terms, payment=Payment.NO_UPFRONT))
        if base is None or terms in listed:
            continue
        upfront, hourly = split((base.hourly * factor).rounded(6), terms)
        source = f"{base.source}, times {factor:.3f} for {terms.payment}"
        derived[terms] = ReservationOffer(base.key, terms, upfront, hourly, base.as_of, source, estimated=True)
    return derived


def with_windows(offer: ReservationOffer, key: PriceKey, instance_type: InstanceType | None) -> ReservationOffer | None:
    """The Windows reservation beside a Linux one: the licence is not discounted.

    AWS's Savings Plan rates of c5.xlarge in ap-northeast-1 with Windows are those of Linux and 0.184 USD, the price of
    the licence on demand, for all twelve terms; reservations are taken to follow them.

    Args:
        offer: the Linux reservation.
        key: the same thing with Windows.
        instance_type: what the type is, or None if that is not known.

    Returns:
        A reservation marked as estimated; None where the rule for Windows is not known to hold.
    """
    price = windows_estimate(Price(offer.effective, HOURS, offer.as_of, offer.source), instance_type)
    if price is None:
        return None
    upfront, hourly = split(price.rate, offer.terms)
    return ReservationOffer(key, offer.terms, upfront, hourly, price.as_of, price.source, estimated=True)
