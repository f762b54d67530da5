"""What commitments are applied to, and what comes of it: one hour at a time. Amounts are in one currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class PlanKind(StrEnum):
    """Kinds of Savings Plans, in the order in which AWS applies them to the same usage."""

    EC2_INSTANCE = "EC2Instance"
    SAGEMAKER = "SageMaker"
    DATABASE = "Database"
    COMPUTE = "Compute"


class Target(NamedTuple):
    """Where usage is looked for: one service of one region of one account."""

    account: str
    region: str
    service: str


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a reservation must have in common with the usage it covers.

    Attributes:
        service: `ec2`, `rds`, `elasticache`, `opensearch`, `redshift`, ...
        region: region code.
        family: instance family, `m5`, `db.r5`, `cache.m6g`.
        platform: operating system or engine with licence, `Linux`, `mysql`.
        tenancy: `default`, `dedicated`; for RDS the deployment.
    """

    service: str
    region: str
    family: str
    platform: str = ""
    tenancy: str = "default"


@dataclass(frozen=True, slots=True)
class Use:
    """Usage of one hour that is charged by quantity.

    Attributes:
        id: unique in the hour.
        account: 12-digit id of the account that used it.
        quantity: how much, for example instance hours, vCPU hours, GB-seconds; above zero.
        rate: on-demand price of one of it.
        plan_rates: price of one of it under each kind of Savings Plan that takes it, as bought (term and payment).
        attributes: for reservations; None when no reservation takes it.
        size: instance size, `large`.
        zone: Availability Zone; empty when it has none.
        units: normalised units of one of it; None when the size has no factor.
        own_rates: by id of a Savings Plan, the price under it, where plans of one kind were bought at different terms.
    """

    id: str
    account: str
    quantity: Decimal
    rate: Decimal
    plan_rates: Mapping[PlanKind, Decimal] = field(default_factory=dict)
    attributes: Attributes | None = None
    size: str = ""
    zone: str = ""
    units: Decimal | None = None
    own_rates: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation.

    Attributes:
        id: its ARN or id.
        account: owner.
        attributes: what it covers.
        size: instance size it was bought in.
        count: how many instances.
        zone: Availability Zone of a zonal one, empty for a regional one.
        units: normalised units of one instance if it is size-flexible, else None.
        shared: whether other accounts of the organisation may use it.
    """

    id: str
    account: str
    attributes: Attributes
    size: str
    count: Decimal
    zone: str = ""
    units: Decimal | None = None
    shared: bool = True


@dataclass(frozen=True, slots=True)
class SavingsPlan:
    """A Savings Plan.

    Attributes:
        id: its ARN or id.
        account: owner.
        kind: what it covers.
        commitment: money an hour.
        region: EC2 Instance plans only.
        family: EC2 Instance plans only.
        shared: whether other accounts of the organisation may use it.
    """

    id: str
    account: str
    kind: PlanKind
    commitment: Decimal
    region: str = ""
    family: str = ""
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Portion:
    """A part of a use, and what covers it.

    Attributes:
        use: id of the use.
        quantity: how much of it.
        commitment: id of the reservation or Savings Plan; None when it stays on demand.
        cost: what it draws on the plan; for a reservation zero, on demand quantity x rate.
        lent: whether it was covered by a commitment of another account.
    """

    use: str
    quantity: Decimal
    commitment: str | None
    cost: Decimal
    lent: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """One hour with commitments applied.

    Attributes:
        portions: all parts; those of one use add up to its quantity.
        used: by commitment: units (size-flexible), instances (other reservations) or money (plans) that were used.
        unused: the rest of it.
    """

    portions: Sequence[Portion]
    used: Mapping[str, Decimal]
    unused: Mapping[str, Decimal]

    @property
    def on_demand(self) -> Decimal:
        """Money that stays on demand."""
        return sum((each.cost for each in self.portions if each.commitment is None), Decimal(0))
