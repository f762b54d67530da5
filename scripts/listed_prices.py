"""On-demand prices for the packaged price book: how each source's rows read. `build_price_book.py` runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from lamplighter.pricing.price import (
    GB_MONTH,
    GIBPS_MONTH,
    HOURS,
    IOPS_MONTH,
    MULTI_AZ_CLUSTER,
    PriceKey,
    ebs_key,
    ec2_key,
    elasticache_key,
    opensearch_key,
    rds_key,
    redshift_key,
)
from reserved_prices import ON_DEMAND_TERM

ON_DEMAND = "ec2_ondemand_linux"

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Listing:
    """One row of a source, not yet judged. `note` qualifies the source where the row is not quite what is wanted."""

    key: PriceKey
    amount: str
    unit: str = HOURS
    as_of: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of prices: how to read a row of it (or raise NotAPrice), and what it says about itself."""

    file: str
    columns: tuple[str, ...]
    read: Callable[[Row], Listing]
    name: str
    licence: str
    as_of: date


class NotAPrice(Exception):
    """A row that gives no price; the text says why, and is counted."""


_VOLUMES = {
    "Storage General Purpose gp3 GB Mo": ("gp3", GB_MONTH),
    "Storage General Purpose gp2 GB Mo": ("gp2", GB_MONTH),
    "Storage Provisioned IOPS io1 GB Mo": ("io1", GB_MONTH),
    "Storage Provisioned IOPS io2 GB month": ("io2", GB_MONTH),
    "Storage Throughput Optimized HDD st1 GB Mo": ("st1", GB_MONTH),
    "Storage Cold HDD sc1 GB Mo": ("sc1", GB_MONTH),
    "Storage Magnetic standard GB Mo": ("standard", GB_MONTH),
    "Storage Snapshot Amazon S3 GB Mo": ("snapshot", GB_MONTH),
    "Provisioned EBS IOPS gp3 Volumes per IOPS Mo": ("gp3-iops", IOPS_MONTH),
    "Provisioned EBS IOPS io1 Volumes per IOPS Mo": ("io1-iops", IOPS_MONTH),
    "Provisioned EBS IOPS io2 Volumes per IOPS Mo": ("io2-iops", IOPS_MONTH),
    "Provisioned EBS IOPS Tier 2 io2 Volumes per IOPS Mo": ("io2-iops-tier2", IOPS_MONTH),
    "Provisioned EBS IOPS Tier 3 io2 Volumes per IOPS Mo": ("io2-iops-tier3", IOPS_MONTH),
    "Provisioned Throughput gp3 per GiBps mo": ("gp3-throughput", GIBPS_MONTH),
}
_READABLE_STANDBYS = "multi-az-readable-standbys"


def _ec2(row: Row) -> Listing:
    return Listing(ec2_key(row["region"], row["instance_type"], row["os"]), row["usd_per_hour"])


def _ec2_latest(row: Row) -> Listing:
    # Karpenter asks the Price List for metal types with tenancy Dedicated, which costs up to 10 % more than shared.
    note = "bare metal at dedicated tenancy" if ".metal" in row["instance_type"] else ""
    return Listing(ec2_key(row["region"], row["instance_type"]), row["price"], as_of=row["generated"], note=note)


def _rds(row: Row) -> Listing:
    deployment = MULTI_AZ_CLUSTER if row["deployment"] == _READABLE_STANDBYS else row["deployment"]
    return Listing(rds_key(row["region"], row["instance_class"], row["engine"], deployment), row["usd_per_hour"])


def _aurora(row: Row) -> Listing:
    return Listing(rds_key(row["region"], row["instance_class"], row["engine"]), row["usd_per_hour"])


def _ebs(row: Row) -> Listing:
    known = _VOLUMES.get(row["dimension"])
    if known is None:
        raise NotAPrice("not packaged")
    what, unit = known
    return Listing(ebs_key(row["region"], what), row["usd"], unit=unit)


def _redshift(row: Row) -> Listing:
    return Listing(redshift_key(row["region"], row["node_type"]), row["usd_per_hour"])


def _elasticache(row: Row) -> Listing:
    if row["term"] != ON_DEMAND_TERM:
        raise NotAPrice("reserved, see below")
    return Listing(elasticache_key(row["region"], row["node_type"], row["engine"]), row["effective_usd_per_hour"])


def _opensearch(row: Row) -> Listing:
    if row["term"] != ON_DEMAND_TERM:
        raise NotAPrice("reserved, see below")
    return Listing(opensearch_key(row["region"], row["instance_type"]), row["effective_usd_per_hour"])


SOURCES = (
    SourceFile(
        file=ON_DEMAND,
        columns=("region", "instance_type", "os", "generation", "usd_per_hour"),
        read=_ec2,
        name="yeo/ec2.shop, EC2 Linux on demand",
        licence="MIT",
        as_of=date(2025, 4, 4),
    ),
    SourceFile(
        file="ec2_ondemand_linux_latest",
        columns=("region", "instance_type", "price", "generated"),
        read=_ec2_latest,
        name="aws/karpenter-provider-aws, EC2 Linux on demand",
        licence="Apache-2.0",
        as_of=date(2026, 7, 20),
    ),
    SourceFile(
        file="rds_ondemand",
        columns=("region", "engine", "deployment", "instance_class", "usd_per_hour"),
        read=_rds,
        name="yeo/ec2.shop, RDS on demand",
        licence="MIT",
        as_of=date(2024, 9, 28),
    ),
    SourceFile(
        file="rds_ondemand_aurora_2021",
        columns=("region", "engine", "instance_class", "usd_per_hour"),
        read=_aurora,
        name="vantage-sh/ec2instances.info, Aurora on demand",
        licence="MIT",
        as_of=date(2021, 8, 1),
    ),
    SourceFile(
        file="ebs_prices",
        columns=("region", "dimension", "usd"),
        read=_ebs,
        name="yeo/ec2.shop, EBS",
        licence="MIT",
        as_of=date(2024, 7, 18),
    ),
    SourceFile(
        file="redshift_ondemand",
        columns=("region", "node_type", "usd_per_hour"),
        read=_redshift,
        name="yeo/ec2.shop, Redshift on demand",
        licence="MIT",
        as_of=date(2025, 3, 19),
    ),
    SourceFile(
        file="elasticache_prices",
        columns=("region", "engine", "node_type", "term", "effective_usd_per_hour"),
        read=_elasticache,
        name="LeanerCloud/ec2-instances-info, ElastiCache",
        licence="MIT",
        as_of=date(2025, 4, 24),
    ),
    SourceFile(
        file="opensearch_prices",
        columns=("region", "instance_type", "term", "effective_usd_per_hour"),
        read=_opensearch,
        name="LeanerCloud/ec2-instances-info, OpenSearch",
        licence="MIT",
        as_of=date(2025, 4, 24),
    ),
)
