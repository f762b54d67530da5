"""From what was used to the price book's key of it."""

from __future__ import annotations

from typing import Final

from lamplighter.commitments.matching import DYNAMODB, EC2, ELASTICACHE, RDS
from lamplighter.commitments.model import Attributes
from lamplighter.commitments.sizing.demand import UsageKey
from lamplighter.pricing.price import SINGLE_AZ, PriceKey, ec2_key, elasticache_key, rds_key

_BLOCK: Final = 100
"""Reserved capacity of DynamoDB comes in hundreds of units."""


def block_of(attributes: Attributes) -> int:
    """How many come in one purchase."""
    return _BLOCK if attributes.service == DYNAMODB else 1


def price_key(key: UsageKey) -> PriceKey | None:
    """What the price book calls it; None for tenancies that it does not price."""
    made = key.attributes
    if made.service == EC2:
        shared = made.tenancy == "default"
        return ec2_key(made.region, key.resource_type, key.platform or "Linux") if shared else None
    if made.service == RDS:
        return rds_key(made.region, key.resource_type, key.platform, key.deployment or SINGLE_AZ)
    if made.service == ELASTICACHE:
        return elasticache_key(made.region, key.resource_type, key.platform or "redis")
    return PriceKey(made.service, made.region, key.resource_type)
