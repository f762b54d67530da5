"""Meters: what a line of usage is about, and what one unit of it costs.

Prices of EC2, RDS and EBS are those of the price book. All others stand in `data/unit_prices.csv`: AWS's list prices of
us-east-1 as its public pricing pages showed them in 2025, taken for every region. What plans and reservations save is
made up, of the size that AWS publishes for one year (`PLAN_SHARE`, `RESERVED_SHARE`).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from lamplighter.commitments.matching import ec2_fit, rds_fit
from lamplighter.commitments.model import Attributes, PlanKind
from lamplighter.commitments.units import split_type
from lamplighter.errors import UsageError
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import GB_MONTH, HOURS, MULTI_AZ, PriceKey, ebs_key
from lamplighter.pricing.specs import find_type

PLAN_SHARE: Final = MappingProxyType({PlanKind.EC2_INSTANCE: Decimal("0.63"), PlanKind.COMPUTE: Decimal("0.73")})
RESERVED_SHARE: Final = Decimal("0.62")
SPOT_SHARE: Final = Decimal("0.35")
DIGITS: Final = Decimal("0.0000000001")
"""Amounts and rates have ten decimals, as in AWS's own bills."""

PREFIXES: Final = MappingProxyType(
    {
        "us-east-1": "",
        "us-east-2": "USE2-",
        "us-west-2": "USW2-",
        "eu-west-1": "EU-",
        "eu-central-1": "EUC1-",
        "ap-southeast-2": "APS2-",
    }
)
"""How usage types of a region begin."""
LOCATIONS: Final = MappingProxyType(
    {
        "us-east-1": "US East (N. Virginia)",
        "us-east-2": "US East (Ohio)",
        "us-west-2": "US West (Oregon)",
        "eu-west-1": "EU (Ireland)",
        "eu-central-1": "EU (Frankfurt)",
        "ap-southeast-2": "Asia Pacific (Sydney)",
    }
)
_ENGINES: Final = MappingProxyType(
    {
        "mysql": ("0002", "MySQL"),
        "postgres": ("0014", "PostgreSQL"),
        "mariadb": ("0018", "MariaDB"),
        "aurora-mysql": ("0016", "Aurora MySQL"),
        "aurora-postgresql": ("0021", "Aurora PostgreSQL"),
    }
)


@dataclass(frozen=True, slots=True)
class Meter:
    """One thing that is metered: what of which resource.

    Attributes:
        resource: as lineItem/ResourceId has it; empty where a line names none.
        account: 12-digit id of the account that used it.
        region: region code.
        zone: Availability Zone, or empty.
        service: product code, `AmazonEC2`.
        family: product family, `Compute Instance`.
        usage_type: with the region's prefix.
        operation: lineItem/Operation.
        unit: pricing/unit.
        rate: what one unit costs on demand, or on the Spot market.
        list_rate: public on-demand price of one unit.
        description: lineItem/LineItemDescription.
        tags: resource tags, keys as users wrote them.
        instance_type: instance type, DB class or node type, or empty.
        system: operating system as the price list spells it, or empty.
        engine: database engine as the price list spells it, or empty.
        deployment: `Single-AZ`, `Multi-AZ` or empty.
        attributes: for reservations, or None.
        units: normalised units of one of it, or None.
        plan_rates: what one unit costs under Savings Plans.
        taggable: whether AWS lets users tag what it is about.
        waste: why it is wasted, or empty.
        capacity: ARN of the On-Demand Capacity Reservation that it runs in, or that it is about; or empty.
        parent: of a container: id of the instance that it runs on and that carries its cost; or empty.
        reserved: of a container: vCPUs or GB that are reserved for it.
    """

    resource: str
    account: str
    region: str
    service: str
    family: str
    usage_type: str
    operation: str
    unit: str
    rate: Decimal
    list_rate: Decimal
    description: str
    zone: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    instance_type: str = ""
    system: str = ""
    engine: str = ""
    deployment: str = ""
    attributes: Attributes | None = None
    units: Decimal | None = None
    plan_rates: Mapping[PlanKind, Decimal] = field(default_factory=dict)
    taggable: bool = True
    waste: str = ""
    capacity: str = ""
    parent: str = ""
    reserved: Decimal = Decimal(0)

    @property
    def size(self) -> str:
        """Size of the instance type, `large`."""
        return split_type(self.instance_type)[1]

    @property
    def is_cpu(self) -> bool:
        """Of a container: whether it is about vCPUs, not memory."""
        return self.usage_type.endswith("vCPU-Hours")

    @property
    def only_reserved(self) -> bool:
        """Whether it is about a capacity reservation itself, not about an instance in it."""
        return bool(self.capacity) and self.resource == self.capacity


def prefix(region: str) -> str:
    """How usage types of a region begin; an unknown region stands for itself."""
    return PREFIXES.get(region, f"{region.upper()}-")


def rounded(amount: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """An amount with ten decimals."""
    return amount.quantize(DIGITS, rounding)


def hourly(
    key: PriceKey, book: PriceBook, *, resource: str, account: str, zone: str, tags: Mapping[str, str]
) -> Meter | None:
    """The meter of an instance, DB instance or node by what its price is for; None when the price is not known.

    Args:
        key: of EC2, RDS or Redshift.
        book: prices.
        resource: instance id, or ARN.
        account: 12-digit account id.
        zone: Availability Zone.
        tags: of the resource.
    """
    price = book.find(key)
    if price is None or price.unit != HOURS:
        return None
    maker = {"ec2": _ec2, "rds": _rds, "redshift": _redshift}[key.service]
    made = maker(key, price.rate.amount)
    return replace(made, resource=resource, account=account, zone=zone, tags=tags)


def spot(meter: Meter) -> Meter:
    """The same instance on the Spot market: cheaper, and nothing that was bought covers it."""
    rate = rounded(meter.rate * SPOT_SHARE).normalize()
    kind = meter.usage_type.replace("BoxUsage", "SpotUsage")
    text = f"{meter.instance_type} {meter.system} Spot Instance-hour in {meter.region}"
    return replace(
        meter, usage_type=kind, operation="RunInstances:SV001", rate=rate, description=text, attributes=None,
        plan_rates={},
    )  # fmt: skip


def capacity(meter: Meter, arn: str) -> tuple[Meter, Meter]:
    """Two meters of the capacity reservation that an instance runs in: what is reserved, and what of it is not used.

    What is reserved costs nothing: it is billed as the instances in it. What is not used costs as much as an instance,
    and what was bought covers it likewise. Source: Cost and Usage Report user guide, "Monitoring your On-Demand
    capacity reservations".
    """
    about = replace(meter, resource=arn, capacity=arn, tags={})
    kind, system = meter.instance_type, meter.system
    memo = replace(
        about, usage_type=meter.usage_type.replace("BoxUsage", "Reservation"), rate=Decimal(0), list_rate=Decimal(0),
        attributes=None, plan_rates={}, units=None,
        description=f"$0.00 per Reservation {system} {kind} Instance Hour",
    )  # fmt: skip
    unused = replace(
        about, usage_type=meter.usage_type.replace("BoxUsage", "UnusedBox"), waste="unused capacity",
        description=f"${meter.rate} per Unused Reservation {system} {kind} Instance Hour",
    )  # fmt: skip
    return memo, unused


def container(
    meter: Meter, name: str, reserved: tuple[Decimal, Decimal], tags: Mapping[str, str]
) -> tuple[Meter, Meter]:
    """Two meters of a container on an instance: vCPUs and memory.

    Args:
        meter: of the instance.
        name: ARN of the EKS pod or ECS task.
        reserved: vCPUs and GB that are reserved for it.
        tags: of the container; those that AWS makes begin with `aws:`.
    """
    service = "EKS" if name.startswith("arn:aws:eks") else "ECS"
    operation = "EKSPod-EC2" if service == "EKS" else "ECSTask-EC2"
    cpu, memory = (
        Meter(
            name, meter.account, meter.region, f"Amazon{service}", "", f"{prefix(meter.region)}{service}-EC2-{unit}",
            operation, unit, Decimal(0), Decimal(0), f"{unit} of a container on {meter.instance_type}", tags=tags,
            parent=meter.resource, reserved=amount,
        )
        for unit, amount in zip(("vCPU-Hours", "GB-Hours"), reserved, strict=True)
    )  # fmt: skip
    return cpu, memory


def volume(kind: str, book: PriceBook, region: str, **more: object) -> Meter:
    """The meter of an EBS volume, by the GB-month.

    Raises:
        UsageError: the price book does not know the type there.
    """
    price = book.find(ebs_key(region, kind))
    if price is None or price.unit != GB_MONTH:
        raise UsageError(f"there is no price of {kind} in {region}")
    rate = price.rate.amount
    made = Meter(
        "", "", region, "AmazonEC2", "Storage", f"{prefix(region)}EBS:VolumeUsage.{kind}", "CreateVolume", GB_MONTH,
        rate, rate, f"${rate} per GB-month of {kind} provisioned storage - {LOCATIONS.get(region, region)}",
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def other(name: str, region: str, **more: object) -> Meter:
    """The meter of a row of `data/unit_prices.csv`.

    Raises:
        KeyError: there is no such row.
    """
    row = unit_prices()[name]
    rate = Decimal(row["price"])
    plans: Mapping[PlanKind, Decimal] = {}
    if row["family"] in ("Compute", "Serverless") and name != "lambda-requests":
        plans = {PlanKind.COMPUTE: rounded(rate * Decimal("0.83")).normalize()}
    made = Meter(
        "", "", region, row["service"], row["family"], prefix(region) + row["usage_type"], row["operation"],
        row["unit"], rate, rate, f"${rate:f} {row['description']} - {LOCATIONS.get(region, region)}", plan_rates=plans,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


@cache
def unit_prices() -> MappingProxyType[str, Mapping[str, str]]:
    """The rows of `data/unit_prices.csv` by name."""
    text = files("lamplighter.estate.bill").joinpath("data/unit_prices.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["name"]: row for row in csv.DictReader(text.splitlines())})


def _ec2(key: PriceKey, rate: Decimal) -> Meter:
    system = key.operating_system
    fit = ec2_fit(key.region, key.resource_type, system)
    return Meter(
        "", "", key.region, "AmazonEC2", "Compute Instance", f"{prefix(key.region)}BoxUsage:{key.resource_type}",
        "RunInstances:0002" if system == "Windows" else "RunInstances", HOURS, rate, rate,
        f"${rate} per On Demand {system} {key.resource_type} Instance Hour",
        instance_type=key.resource_type,
        system=system,
        attributes=fit.attributes,
        units=fit.units,
        plan_rates={kind: rounded(rate * share).normalize() for kind, share in PLAN_SHARE.items()},
    )  # fmt: skip


def _rds(key: PriceKey, rate: Decimal) -> Meter:
    fit = rds_fit(key.region, key.resource_type, key.engine, key.deployment)
    code, engine = _ENGINES.get(key.engine, ("0000", key.engine))
    both = key.deployment == MULTI_AZ
    deployment = "Multi-AZ" if both else "Single-AZ"
    return Meter(
        "", "", key.region, "AmazonRDS", "Database Instance",
        f"{prefix(key.region)}{'Multi-AZUsage' if both else 'InstanceUsage'}:{key.resource_type}",
        f"CreateDBInstance:{code}", HOURS, rate, rate,
        f"${rate} per RDS {key.resource_type} {deployment} instance hour (or partial hour) running {engine}",
        instance_type=key.resource_type,
        engine=engine,
        deployment=deployment,
        attributes=fit.attributes,
        units=fit.units,
    )  # fmt: skip


def _redshift(key: PriceKey, rate: Decimal) -> Meter:
    return Meter(
        "", "", key.region, "AmazonRedshift", "Compute Instance", f"{prefix(key.region)}Node:{key.resource_type}",
        "RunComputeNode:0001", HOURS, rate, rate, f"${rate} per Redshift {key.resource_type} Compute Node-hour",
        instance_type=key.resource_type,
    )  # fmt: skip


def memory_of(instance_type: str) -> tuple[str, str]:
    """(vCPUs, memory) as the price list writes them, empty when not known: ("2", "8 GiB")."""
    facts = find_type(instance_type.removeprefix("db."))
    return (str(facts.vcpu), f"{Decimal(facts.memory_mib) / 1024:g} GiB") if facts else ("", "")
