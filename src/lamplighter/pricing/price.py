"""What is priced, and what a price must say about itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lamplighter.pricing.money import Money

HOURS = "Hrs"
GB_MONTH = "GB-Mo"
IOPS_MONTH = "IOPS-Mo"
GIBPS_MONTH = "GiBps-Mo"
BY_THE_MONTH = frozenset({GB_MONTH, IOPS_MONTH, GIBPS_MONTH})
"""Units of what is paid for each month, see `lamplighter.pricing.months`."""

SINGLE_AZ = "single-az"
MULTI_AZ = "multi-az"
MULTI_AZ_CLUSTER = "multi-az-cluster"

_SYSTEMS = {
    "linux": "Linux",
    "linux/unix": "Linux",
    "windows": "Windows",
    "rhel": "RHEL",
    "red hat enterprise linux": "RHEL",
    "suse": "SUSE",
    "suse linux": "SUSE",
}
_ENGINES = {
    "postgresql": "postgres",
    "aurora": "aurora-mysql",
    "aurora mysql": "aurora-mysql",
    "aurora postgresql": "aurora-postgresql",
}


@dataclass(frozen=True, slots=True)
class PriceKey:
    """What one price is for. `ec2_key`, `rds_key`, `ebs_key`, ... write it in the price book's spelling.

    Attributes:
        service: `ec2`, `rds`, `ebs`, ...
        region: region code, for example `eu-west-1`.
        resource_type: instance type, DB instance class, volume type, node type.
        operating_system: as the Price List spells it (`Linux`, `Windows`, `RHEL`, `SUSE`); empty if not EC2.
        engine: as the service's API spells it (`postgres`, `aurora-mysql`); empty if there is none.
        deployment: RDS only: `single-az`, `multi-az` (the instance and its standby) or `multi-az-cluster`
            (the whole cluster: the writer and two readable standbys).
    """

    service: str
    region: str
    resource_type: str
    operating_system: str = ""
    engine: str = ""
    deployment: str = ""

    def __str__(self) -> str:
        kept = (self.resource_type, self.operating_system, self.engine, self.deployment)
        return f"{self.service} {' '.join(part for part in kept if part)} in {self.region}"


@dataclass(frozen=True, slots=True)
class Price:
    """A list price with its evidence.

    Attributes:
        rate: above zero; AWS lists no free hours, so a zero in a source is a gap in it.
        unit: what one rate buys: `Hrs`, `GB-Mo`, `IOPS-Mo`, `GiBps-Mo`.
        as_of: the day the source read the figure from AWS.
        source: where the figure comes from, for people.
        estimated: True when the figure is derived, or listed for something slightly different.

    Raises:
        ValueError: `rate` is not above zero, or `unit` or `source` is empty.
    """

    rate: Money
    unit: str
    as_of: date
    source: str
    estimated: bool = False

    def __post_init__(self) -> None:
        if self.rate.amount <= 0:
            raise ValueError(f"a price is above zero, not {self.rate}; leave an unknown price out")
        if not self.unit or not self.source:
            raise ValueError("a price names its unit and its source")


def ec2_key(region: str, instance_type: str, operating_system: str = "Linux") -> PriceKey:
    """The key of an EC2 instance on demand, shared tenancy.

    Args:
        region: region code.
        instance_type: for example `m5.large`.
        operating_system: `PlatformDetails` of the instance or image, or the Price List's word, in any case. One
            that has no price in the book (`Windows with SQL Server Standard`) makes a key that finds none.
    """
    return PriceKey(
        "ec2", region, instance_type, operating_system=_SYSTEMS.get(operating_system.lower(), operating_system)
    )


def rds_key(region: str, instance_class: str, engine: str, deployment: str = SINGLE_AZ) -> PriceKey:
    """The key of a DB instance on demand, without a licence to pay.

    Args:
        region: region code.
        instance_class: for example `db.m5.large`.
        engine: the RDS API's engine value or the Price List's name, in any case.
        deployment: `single-az`, `multi-az` or `multi-az-cluster`. An Aurora instance is always charged by
            itself, however many zones its cluster spans, so it is ignored for Aurora.
    """
    name = _ENGINES.get(engine.lower(), engine.lower())
    where = SINGLE_AZ if name.startswith("aurora") else deployment
    return PriceKey("rds", region, instance_class, engine=name, deployment=where)


def ebs_key(region: str, volume_type: str) -> PriceKey:
    """The key of a month of EBS.

    Args:
        region: region code.
        volume_type: a GB of volume in the EC2 API's words (`gp3`, `gp2`, `io1`, `io2`, `st1`, `sc1`, `standard`), or of
            `snapshot`; what is provisioned beside it: `gp3-iops`, `io1-iops`, `io2-iops` (up to 32,000),
            `io2-iops-tier2` (to 64,000), `io2-iops-tier3` (above) and `gp3-throughput` (a GiB/s).
    """
    return PriceKey("ebs", region, volume_type)


def rds_storage_key(region: str, storage_type: str) -> PriceKey:
    """The key of a month of storage of a DB instance in one zone; the packaged book has no such prices.

    Args:
        region: region code.
        storage_type: a GB in the RDS API's words (`gp3`, `gp2`, `io1`, `io2`, `standard`); what is provisioned beside
            it: `gp3-iops`, `gp3-throughput` (a GiB/s), `io1-iops`, `io2-iops`.
    """
    return PriceKey("rds-storage", region, storage_type)


def elasticache_key(region: str, node_type: str, engine: str = "redis") -> PriceKey:
    """The key of an ElastiCache node on demand.

    Args:
        region: region code.
        node_type: for example `cache.m6g.large`.
        engine: `redis`, `valkey` or `memcached`, in any case.
    """
    return PriceKey("elasticache", region, node_type, engine=engine.lower())


def opensearch_key(region: str, instance_type: str) -> PriceKey:
    """The key of an OpenSearch instance on demand.

    Args:
        region: region code.
        instance_type: for example `m6g.large.search`; `m4.large.elasticsearch` is an older spelling of the same.
    """
    return PriceKey("opensearch", region, instance_type.replace(".elasticsearch", ".search"))


def redshift_key(region: str, node_type: str) -> PriceKey:
    """The key of a Redshift node on demand, for example `ra3.xlplus`."""
    return PriceKey("redshift", region, node_type)


def fargate_key(region: str, what: str) -> PriceKey:
    """The key of an hour of Fargate on x86 Linux on demand; the packaged book has no such prices.

    Args:
        region: region code.
        what: `vcpu` or `gb`.
    """
    return PriceKey("fargate", region, what)


def lambda_key(region: str, what: str) -> PriceKey:
    """The key of Lambda on x86 on demand, first tier; the packaged book has no such prices.

    Args:
        region: region code.
        what: `gb-second` or `request`.
    """
    return PriceKey("lambda", region, what)


def address_key(region: str) -> PriceKey:
    """The key of an hour of a public IPv4 address that AWS provides."""
    return PriceKey("vpc", region, "public-ipv4")
