"""What a reservation and the usage it covers must have in common, service by service.

Usage and reservations are both put through these functions, so that `apply` can compare them: who builds a `Use` of
`lamplighter.commitments.model` calls the same one. Rules of size flexibility: `lamplighter.commitments.units`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from lamplighter.commitments.model import Attributes
from lamplighter.commitments.units import (
    is_size_flexible,
    memorydb_units,
    normalization_factor,
    rds_is_size_flexible,
    rds_units,
    split_type,
)
from lamplighter.pricing.price import (
    SINGLE_AZ,
    PriceKey,
    ec2_key,
    elasticache_key,
    opensearch_key,
    rds_key,
    redshift_key,
)

EC2: Final = "ec2"
RDS: Final = "rds"
ELASTICACHE: Final = "elasticache"
MEMORYDB: Final = "memorydb"
OPENSEARCH: Final = "opensearch"
REDSHIFT: Final = "redshift"
DYNAMODB: Final = "dynamodb"

_VPC: Final = " (Amazon VPC)"
_SEARCH: Final = (".search", ".elasticsearch")


@dataclass(frozen=True, slots=True)
class Fit:
    """Where something stands among what can be reserved.

    Attributes:
        attributes: what both sides must have in common.
        size: size of the type, `large`; the whole type where sizes are not compared.
        units: normalised units of one of it; None when its reservations are for one size only.
        note: what could not be told, one line: a size without a factor is taken for one that is not flexible.
    """

    attributes: Attributes
    size: str
    units: Decimal | None = None
    note: str = ""


def _flexible(attributes: Attributes, resource_type: str, units: Decimal | None) -> Fit:
    note = "" if units is not None else f"AWS publishes no size factor for {resource_type}: not taken as size-flexible"
    return Fit(attributes, split_type(resource_type)[1], units, note)


def ec2_fit(region: str, instance_type: str, platform: str = "Linux", tenancy: str = "default") -> Fit:
    """An EC2 instance, or a reservation of some.

    Args:
        region: region code.
        instance_type: `m5.large`.
        platform: the price book's word, `PlatformDetails`, or the `ProductDescription` of a reservation.
        tenancy: `default`, `dedicated` or `host`.
    """
    family, size = split_type(instance_type)
    system = ec2_key(region, instance_type, platform.removesuffix(_VPC)).operating_system
    attributes = Attributes(EC2, region, family, system, tenancy or "default")
    if not is_size_flexible(family, system, attributes.tenancy):
        return Fit(attributes, size)
    return _flexible(attributes, instance_type, normalization_factor(instance_type))


def rds_fit(region: str, instance_class: str, engine: str, deployment: str = SINGLE_AZ) -> Fit:
    """A DB instance, or a reservation of some. Flexible ones serve every deployment: units tell the difference.

    Args:
        region: region code.
        instance_class: `db.m5.large`.
        engine: the RDS API's engine value or the Price List's name; with the licence behind it where there are
            several, as `ProductDescription` of a reservation has it: `oracle-se2(byol)`, `oracle-se2(li)`.
        deployment: `single-az`, `multi-az` or `multi-az-cluster`.
    """
    name, _, rest = engine.strip().lower().partition("(")
    licence = rest.strip(" )")
    key = rds_key(region, instance_class, name.strip(), deployment)
    family, size = split_type(instance_class)
    # Only Oracle and Db2 are sold both ways; of the others the licence says nothing that the engine does not say.
    platform = f"{key.engine}({licence})" if licence and key.engine.startswith(("oracle", "db2")) else key.engine
    if not rds_is_size_flexible(key.engine, licence):
        return Fit(Attributes(RDS, region, family, platform, key.deployment), size)
    return _flexible(
        Attributes(RDS, region, family, platform), instance_class, rds_units(instance_class, key.deployment)
    )


def elasticache_fit(region: str, node_type: str, engine: str, _deployment: str = "") -> Fit:
    """A cache node, or a reservation of some: flexible within family and engine (`redis`, `valkey`, `memcached`).

    AWS also lets reserved nodes of Redis OSS serve Valkey; that is left out, so coverage is rather told too low.
    """
    attributes = Attributes(ELASTICACHE, region, split_type(node_type)[0], engine.lower())
    return _flexible(attributes, node_type, normalization_factor(node_type))


def memorydb_fit(region: str, node_type: str, engine: str = "", _deployment: str = "") -> Fit:
    """A MemoryDB node, or a reservation of some: flexible within the family, for both engines."""
    attributes = Attributes(MEMORYDB, region, split_type(node_type)[0])
    return _flexible(attributes, node_type, memorydb_units(node_type, engine.lower()))


def opensearch_fit(region: str, instance_type: str, _platform: str = "", _deployment: str = "") -> Fit:
    """An OpenSearch instance, or a reservation of some: exactly this type; `.search` and `.elasticsearch` are one."""
    family, size = split_type(plain_search_type(instance_type))
    return Fit(Attributes(OPENSEARCH, region, family), size)


def redshift_fit(region: str, node_type: str, _platform: str = "", _deployment: str = "") -> Fit:
    """A Redshift node, or a reservation of some: exactly this type."""
    family, size = split_type(node_type)
    return Fit(Attributes(REDSHIFT, region, family), size)


def dynamodb_fit(region: str, capacity: str, table_class: str = "", deployment: str = "") -> Fit:
    """Provisioned capacity of DynamoDB, or reserved capacity, which is for the Standard class and not for replicas.

    Args:
        region: region code.
        capacity: `read` or `write`.
        table_class: empty for Standard, `standard-ia`.
        deployment: `global` of writes that are replicated, else empty.

    Source: Amazon DynamoDB Developer Guide, "Reserved capacity".
    """
    return Fit(Attributes(DYNAMODB, region, capacity, table_class, deployment or "default"), capacity)


def plain_search_type(instance_type: str) -> str:
    """`m5.large` of `m5.large.search` and of `m5.large.elasticsearch`."""
    for ending in _SEARCH:
        instance_type = instance_type.removesuffix(ending)
    return instance_type


FITS: Final[Mapping[str, Callable[[str, str, str, str], Fit]]] = MappingProxyType(
    {
        EC2: ec2_fit,
        RDS: rds_fit,
        ELASTICACHE: elasticache_fit,
        MEMORYDB: memorydb_fit,
        OPENSEARCH: opensearch_fit,
        REDSHIFT: redshift_fit,
        DYNAMODB: dynamodb_fit,
    }
)
"""By service: region, resource type, platform, deployment, as `UsageSample` of the lake has them, to a `Fit`."""


def price_key(service: str, region: str, resource_type: str, platform: str, deployment: str) -> PriceKey | None:
    """What the price book calls usage, in the words of a sample; None for tenancies that it does not price."""
    if service == "ec2":
        return ec2_key(region, resource_type, platform or "Linux") if deployment in ("", "default") else None
    if service == "rds":
        return rds_key(region, resource_type, platform.partition("(")[0], deployment or SINGLE_AZ)
    if service == "elasticache":
        return elasticache_key(region, resource_type, platform)
    if service == "opensearch":
        return opensearch_key(region, resource_type)
    if service == "redshift":
        return redshift_key(region, resource_type)
    return PriceKey(service, region, resource_type, engine=platform)
