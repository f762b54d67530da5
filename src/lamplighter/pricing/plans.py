"""Savings Plan rates that no source lists, derived from what one does. Every result is marked as estimated.

AWS's own figures win: see `lamplighter.pricing.plan_list`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass, Payment, Plan, PlanRate, ReservationOffer, Terms
from lamplighter.pricing.price import Price, PriceKey

LIKE: Final[Mapping[Plan, OfferingClass]] = MappingProxyType(
    {Plan.COMPUTE: OfferingClass.CONVERTIBLE, Plan.EC2_INSTANCE: OfferingClass.STANDARD}
)
"""The reservation of EC2 that a plan's rates are like, of the same term and payment.

AWS's rates of c5.xlarge in ap-northeast-1: Compute 0.177 and 0.126 beside 0.177 and 0.127 of convertible reservations
(1 and 3 years), EC2 Instance 0.135 and 0.092 beside 0.135 and 0.092 of standard ones. One type in one region.
"""

_EXAMPLE = "AWS Savings Plans User Guide, example of how plans apply"
_COMPUTE: Final[Mapping[tuple[str, str], Decimal]] = MappingProxyType({
    ("fargate", "vcpu"): Decimal("0.25"),
    ("fargate", "gb"): Decimal("0.25"),
    ("lambda", "gb-second"): Decimal("0.15"),
    ("lambda", "request"): Decimal(0),
})  # fmt: skip
_PROVISIONED = (Decimal("0.20"), "AWS announcement of Database Savings Plans, up to 20 % off provisioned instances")
_SERVERLESS = (Decimal("0.35"), "AWS announcement of Database Savings Plans, up to 35 % off serverless")
_DATABASES = frozenset({"rds", "elasticache", "opensearch", "neptune", "docdb"})
_DATABASE_TERMS = Terms(1, Payment.NO_UPFRONT)
_NEWEST_WITHOUT = 6
_GENERATION = re.compile(r"^(?:db\.|cache\.)?[a-z]+(\d+)[a-z-]*\.")


def like_reservation(plan: Plan, offer: ReservationOffer) -> PlanRate:
    """The rate of an EC2 instance under a plan, taken from the reservation that `LIKE` names."""
    return PlanRate(
        plan=plan,
        key=offer.key,
        terms=Terms(offer.terms.years, offer.terms.payment),
        rate=offer.effective.rounded(6),
        as_of=offer.as_of,
        source=f"{offer.source}; {plan} plans taken to cost what {offer.terms.offering_class} reservations do",
        estimated=True,
    )


def below_on_demand(plan: Plan, price: Price, key: PriceKey, terms: Terms) -> PlanRate | None:
    """The rate of what is no EC2 instance, as a published share of its price on demand.

    Compute plans: Fargate 25 %, Lambda's duration 15 % off and its requests nothing off (yet they draw on the plan), as
    in the example of the Savings Plans User Guide, which are used for all terms; AWS advertises up to 52 % and 17 % for
    the longest. Database plans: 20 % off provisioned instances and 35 % off serverless, the announced
    maxima; one year with nothing upfront, seventh generation and newer, of ElastiCache only Valkey, not in China.

    Args:
        plan: which kind of plan.
        price: on demand.
        key: what it is for.
        terms: how long, how paid.

    Returns:
        None where no such figure is published, or the plan does not take the usage.
    """
    if plan is Plan.COMPUTE and (key.service, key.resource_type) in _COMPUTE:
        off, source = _COMPUTE[key.service, key.resource_type], _EXAMPLE
    elif plan is Plan.DATABASE and terms == _DATABASE_TERMS and _takes(key):
        off, source = _SERVERLESS if "serverless" in key.resource_type else _PROVISIONED
    else:
        return None
    rate = Money(price.rate.amount * (1 - off), price.rate.currency)
    return PlanRate(plan, key, terms, rate, price.as_of, f"{price.source}, less {off:.0%}: {source}", estimated=True)


def _takes(key: PriceKey) -> bool:
    if key.service not in _DATABASES or key.region.startswith("cn-"):
        return False
    if key.service == "elasticache" and key.engine != "valkey":
        return False
    if "serverless" in key.resource_type:
        return True
    found = _GENERATION.match(key.resource_type)
    return found is not None and int(found[1]) > _NEWEST_WITHOUT
