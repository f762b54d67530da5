"""From the words of a usage sample to what a reservation asks for, and to the price book's key."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from lamplighter.commitments.model import Attributes
from lamplighter.commitments.units import is_size_flexible, normalization_factor
from lamplighter.pricing.price import SINGLE_AZ, PriceKey, ec2_key, rds_key

_RIGID_ENGINES: Final = ("sqlserver", "oracle-ee", "oracle-se", "oracle-li", "custom-")
"""RDS engines with a licence inside; Oracle is flexible only with a licence of one's own, which a sample cannot tell."""
_RIGID_SERVICES: Final = frozenset({"opensearch", "redshift", "dynamodb"})
_DYNAMODB_BLOCK: Final = 100
"""Reserved capacity of DynamoDB comes in hundreds of units."""


def attributes_of(
    service: str, region: str, resource_type: str, platform: str, deployment: str
) -> tuple[Attributes, str]:
    """(attributes, size) of a sample: `m5.large` of EC2 is family `m5`, size `large`; `db.r5.large`, `db.r5`, `large`.

    `m5.large.search` of OpenSearch is family `m5` and size `large.search`: its suffix belongs to the size.
    """
    family, size = split(service, resource_type)
    return Attributes(service, region, family, platform, deployment or "default"), size


def split(service: str, resource_type: str) -> tuple[str, str]:
    """(family, size) of a resource type."""
    if service == "dynamodb":
        return resource_type, ""
    if service in ("ec2", "opensearch", "redshift"):
        family, _, size = resource_type.partition(".")
    else:
        family, _, size = resource_type.rpartition(".")
    return family, size


def resource_type(attributes: Attributes, size: str) -> str:
    """The resource type again."""
    return f"{attributes.family}.{size}" if size else attributes.family


def is_flexible(attributes: Attributes) -> bool:
    """Whether a reservation of this covers other sizes of its family.

    Source: user guides of EC2, RDS ("Size-flexible reserved DB instances"), ElastiCache (since October 2024), MemoryDB.
    """
    if attributes.service == "ec2":
        return is_size_flexible(attributes.family, attributes.platform, attributes.tenancy)
    if attributes.service == "rds":
        return not attributes.platform.lower().startswith(_RIGID_ENGINES)
    return attributes.service not in _RIGID_SERVICES


def units_of(attributes: Attributes, name: str) -> Decimal | None:
    """Normalised units of one instance of this type; None when reservations of it are not size-flexible."""
    return normalization_factor(name) if is_flexible(attributes) else None


def block_of(attributes: Attributes) -> int:
    """How many come in one purchase."""
    return _DYNAMODB_BLOCK if attributes.service == "dynamodb" else 1


def price_key(attributes: Attributes, size: str) -> PriceKey | None:
    """What the price book calls it; None for tenancies that it does not price."""
    name = resource_type(attributes, size)
    if attributes.service == "ec2":
        if attributes.tenancy != "default":
            return None
        return ec2_key(attributes.region, name, attributes.platform or "Linux")
    if attributes.service == "rds":
        deployment = attributes.tenancy if attributes.tenancy != "default" else SINGLE_AZ
        return rds_key(attributes.region, name, attributes.platform, deployment)
    return PriceKey(attributes.service, attributes.region, name, engine=attributes.platform)
