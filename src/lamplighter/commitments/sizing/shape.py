"""From what was used to the price book's key of it."""

from __future__ import annotations

from typing import Final

from lamplighter.commitments import matching
from lamplighter.commitments.model import Attributes
from lamplighter.commitments.sizing.demand import UsageKey
from lamplighter.pricing.price import PriceKey

_BLOCK: Final = 100
"""Reserved capacity of DynamoDB comes in hundreds of units."""


def block_of(attributes: Attributes) -> int:
    """How many come in one purchase."""
    return _BLOCK if attributes.service == matching.DYNAMODB else 1


def price_key(key: UsageKey) -> PriceKey | None:
    """What the price book calls it; None for tenancies that it does not price."""
    made = key.attributes
    return matching.price_key(made.service, made.region, key.resource_type, key.platform, key.deployment)
