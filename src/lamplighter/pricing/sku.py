"""What AWS's price lists call things, in the words of the price book.

Source: AWS Price List bulk files (attributes of products), Savings Plans files (usage types and operations).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lamplighter.pricing.price import (
    MULTI_AZ,
    MULTI_AZ_CLUSTER,
    SINGLE_AZ,
    PriceKey,
    ec2_key,
    elasticache_key,
    fargate_key,
    lambda_key,
    opensearch_key,
    rds_key,
    redshift_key,
)

_SYSTEMS: Final = MappingProxyType(
    {"RunInstances": "Linux", "RunInstances:0002": "Windows", "RunInstances:0010": "RHEL", "RunInstances:000g": "SUSE"}
)
_ENGINES: Final = MappingProxyType(
    {
        "CreateDBInstance:0002": "mysql",
        "CreateDBInstance:0014": "postgres",
        "CreateDBInstance:0018": "mariadb",
        "CreateDBInstance:0016": "aurora-mysql",
        "CreateDBInstance:0021": "aurora-postgresql",
    }
)
_DEPLOYMENTS: Final = MappingProxyType(
    {
        "Single-AZ": SINGLE_AZ,
        "Multi-AZ": MULTI_AZ,
        "Multi-AZ (readable standbys)": MULTI_AZ_CLUSTER,
    }
)
_PLAIN_EC2: Final = MappingProxyType(
    {"tenancy": "Shared", "capacitystatus": "Used", "preInstalledSw": "NA", "marketoption": "OnDemand"}
)
_USAGE: Final = re.compile(r"(?:^|-)(BoxUsage|InstanceUsage|Multi-AZUsage|NodeUsage|ESInstance|Node):([^:]+)$")
_SERVERLESS: Final = MappingProxyType(
    {
        "Fargate-vCPU-Hours:perCPU": ("fargate", "vcpu"),
        "Fargate-GB-Hours": ("fargate", "gb"),
        "Lambda-GB-Second": ("lambda", "gb-second"),
        "Request": ("lambda", "request"),
    }
)


def product_key(attributes: Mapping[str, str]) -> PriceKey | None:
    """The key of a product of a Price List file; None for what the price book has no word for.

    Left out are, among others, capacity that a reservation keeps unused (`UnusedBox`), dedicated tenancy, software and
    licences that are paid for with the instance, and I/O-Optimized Aurora.

    Args:
        attributes: of the product, as the file spells them.
    """
    maker = {
        "AmazonEC2": _ec2,
        "AmazonRDS": _rds,
        "AmazonElastiCache": _elasticache,
        "AmazonES": _opensearch,
        "AmazonRedshift": _redshift,
    }.get(attributes.get("servicecode", ""))
    region, kind = attributes.get("regionCode", ""), attributes.get("instanceType", "")
    if maker is None or not region or not kind or attributes.get("locationType", "AWS Region") != "AWS Region":
        return None
    return maker(region, kind, attributes)


def usage_key(service: str, region: str, usage_type: str, operation: str) -> PriceKey | None:
    """The key of usage that a Savings Plan discounts; None for what the price book has no word for.

    Args:
        service: product code, `AmazonEC2`.
        region: region code.
        usage_type: with or without the region's prefix, `APN1-BoxUsage:c5.xlarge`.
        operation: `RunInstances:0002`.
    """
    found = _USAGE.search(usage_type)
    if found is None:
        return _serverless(service, region, usage_type)
    what, kind = found[1], found[2]
    if service == "AmazonEC2" and what == "BoxUsage" and operation in _SYSTEMS:
        return ec2_key(region, kind, _SYSTEMS[operation])
    if service == "AmazonRDS" and operation in _ENGINES and what in ("InstanceUsage", "Multi-AZUsage"):
        return rds_key(region, kind, _ENGINES[operation], MULTI_AZ if what == "Multi-AZUsage" else SINGLE_AZ)
    if service == "AmazonElastiCache" and what == "NodeUsage":
        # Of ElastiCache plans take Valkey only.
        return elasticache_key(region, kind, "valkey")
    return opensearch_key(region, kind) if service == "AmazonES" and what == "ESInstance" else None


def _serverless(service: str, region: str, usage_type: str) -> PriceKey | None:
    for ending, (kind, what) in _SERVERLESS.items():
        if usage_type != ending and not usage_type.endswith(f"-{ending}"):
            continue
        if kind == "fargate" and service in ("AmazonECS", "AmazonEKS"):
            return fargate_key(region, what)
        if kind == "lambda" and service == "AWSLambda":
            return lambda_key(region, what)
    return None


def _ec2(region: str, kind: str, attributes: Mapping[str, str]) -> PriceKey | None:
    plain = all(attributes.get(name, value) == value for name, value in _PLAIN_EC2.items())
    if not plain or attributes.get("licenseModel") == "Bring your own license":
        return None
    return ec2_key(region, kind, attributes.get("operatingSystem", ""))


def _rds(region: str, kind: str, attributes: Mapping[str, str]) -> PriceKey | None:
    deployment = _DEPLOYMENTS.get(attributes.get("deploymentOption", ""))
    licence = attributes.get("licenseModel", "No license required")
    if deployment is None or licence != "No license required" or "IOOptimized" in attributes.get("usagetype", ""):
        return None
    return rds_key(region, kind, attributes.get("databaseEngine", ""), deployment)


def _elasticache(region: str, kind: str, attributes: Mapping[str, str]) -> PriceKey | None:
    engine = attributes.get("cacheEngine", "")
    return elasticache_key(region, kind, engine) if engine else None


def _opensearch(region: str, kind: str, _: Mapping[str, str]) -> PriceKey | None:
    return opensearch_key(region, kind) if kind.endswith((".search", ".elasticsearch")) else None


def _redshift(region: str, kind: str, _: Mapping[str, str]) -> PriceKey | None:
    return redshift_key(region, kind)
