"""What Windows adds to an instance's price."""

from __future__ import annotations

from decimal import Decimal

from lamplighter.pricing.money import Money
from lamplighter.pricing.price import HOURS, Price
from lamplighter.pricing.specs import InstanceType

LICENCE_PER_VCPU_HOUR = Money(Decimal("0.046"), "USD")


def windows_estimate(linux: Price, instance_type: InstanceType | None) -> Price | None:
    """The on-demand Windows price, derived from the Linux price and the number of vCPUs.

    The rule (Linux + 0.046 USD per vCPU-hour) was checked on published rates of x2iedn.32xlarge (5.888 USD for the
    licence) and c5.xlarge (0.184 USD). It is known not to hold for burstable types (t3.medium adds 0.0184 USD,
    the rule says 0.092), was never checked for previous generations, and has no meaning outside x86-64 or USD.

    Args:
        linux: the Linux price of the same type and region.
        instance_type: what the type is, or None if that is not known.

    Returns:
        A price marked as estimated, of the Linux price's date; None where the rule is not known to hold.
    """
    if instance_type is None or linux.unit != HOURS or linux.rate.currency != LICENCE_PER_VCPU_HOUR.currency:
        return None
    if instance_type.burstable or instance_type.previous_generation or "x86_64" not in instance_type.architectures:
        return None
    return Price(
        rate=linux.rate + LICENCE_PER_VCPU_HOUR * instance_type.vcpu,
        unit=HOURS,
        as_of=linux.as_of,
        source=f"{linux.source}, plus {LICENCE_PER_VCPU_HOUR} x {instance_type.vcpu} vCPU for Windows",
        estimated=True,
    )
