"""What was bought, as AWS's APIs list it: the same commitments that the bill knows, for the simulated AWS to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from lamplighter.estate.bill.used import Bought, Planned, Reserved
from lamplighter.pricing.offers import Payment

_SYSTEMS: Final = MappingProxyType(
    {"Linux": "Linux/UNIX", "RHEL": "Red Hat Enterprise Linux", "SUSE": "SUSE Linux", "Windows": "Windows"}
)
_ENGINES: Final = MappingProxyType({"postgres": "postgresql"})


def listed(bought: Bought, at: datetime) -> dict[str, Any]:
    """What to plant in a simulated AWS, see `lamplighter.estate.strict_commitments.PlantedCommitments`.

    Args:
        bought: reservations and plans.
        at: when it is looked at, aware; their states are those of that time.

    Raises:
        ValueError: a reservation is of a service that has no API for it here.
    """
    rows: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for each in bought.reservations:
        made = each.holds.attributes
        if made.service == "dynamodb":
            continue
        if made.service not in _ROWS:
            raise ValueError(f"reservations of {made.service} are listed by no API")
        place = (made.service, each.holds.account, made.region)
        rows.setdefault(place, []).append(_ROWS[made.service](each, at))
    for plan in bought.plans:
        rows.setdefault(("savingsplans", plan.holds.account, "us-east-1"), []).append(_plan(plan, at))
    return {
        "lists": [
            {"service": service, "account": account, "region": region, "rows": found}
            for (service, account, region), found in sorted(rows.items())
        ]
    }


def _state(start: datetime, end: datetime, at: datetime) -> str:
    return "queued" if at < start else "active" if at < end else "retired"


def _payment(each: Reserved) -> Payment:
    if not each.upfront:
        return Payment.NO_UPFRONT
    return Payment.PARTIAL_UPFRONT if each.hourly else Payment.ALL_UPFRONT


def _id(arn: str) -> str:
    return arn.rpartition("/")[2].rpartition(":")[2]


def _common(each: Reserved, at: datetime) -> dict[str, Any]:
    """Members that all but EC2 have under the same names; amounts are for one instance."""
    count = each.holds.count
    return {
        "StartTime": each.start.isoformat(),
        "Duration": int((each.end - each.start).total_seconds()),
        "FixedPrice": float(each.upfront / count),
        "UsagePrice": 0.0,
        "State": _state(each.start, each.end, at),
        "RecurringCharges": [
            {"RecurringChargeAmount": float(each.hourly / count), "RecurringChargeFrequency": "Hourly"}
        ],
    }


def _ec2(each: Reserved, at: datetime) -> dict[str, Any]:
    holds, count = each.holds, each.holds.count
    zone = {"AvailabilityZone": holds.zone} if holds.zone else {}
    return {
        "ReservedInstancesId": _id(holds.id),
        "InstanceType": each.instance_type,
        "ProductDescription": _SYSTEMS.get(holds.attributes.platform, holds.attributes.platform),
        "InstanceTenancy": holds.attributes.tenancy,
        "InstanceCount": int(count),
        "Scope": "Availability Zone" if holds.zone else "Region",
        **zone,
        "OfferingType": str(_payment(each)),
        "OfferingClass": "standard",
        "State": _state(each.start, each.end, at),
        "CurrencyCode": "USD",
        "Start": each.start.isoformat(),
        "End": each.end.isoformat(),
        "Duration": int((each.end - each.start).total_seconds()),
        "FixedPrice": float(each.upfront / count),
        "UsagePrice": 0.0,
        "RecurringCharges": [{"Amount": float(each.hourly / count), "Frequency": "Hourly"}],
    }


def _rds(each: Reserved, at: datetime) -> dict[str, Any]:
    engine = each.holds.attributes.platform
    return {
        **_common(each, at),
        "ReservedDBInstanceId": _id(each.holds.id),
        "ReservedDBInstanceArn": each.holds.id,
        "DBInstanceClass": each.instance_type,
        "CurrencyCode": "USD",
        "DBInstanceCount": int(each.holds.count),
        "ProductDescription": _ENGINES.get(engine, engine),
        "OfferingType": str(_payment(each)),
        "MultiAZ": "Multi-AZ" in each.usage_type,
    }


def _elasticache(each: Reserved, at: datetime) -> dict[str, Any]:
    return {
        **_common(each, at),
        "ReservedCacheNodeId": _id(each.holds.id),
        "ReservationARN": each.holds.id,
        "CacheNodeType": each.instance_type,
        "CacheNodeCount": int(each.holds.count),
        "ProductDescription": each.holds.attributes.platform,
        "OfferingType": str(_payment(each)),
    }


def _opensearch(each: Reserved, at: datetime) -> dict[str, Any]:
    return {
        **_common(each, at),
        "ReservationName": _id(each.holds.id),
        "ReservedInstanceId": _id(each.holds.id),
        "InstanceType": each.instance_type,
        "CurrencyCode": "USD",
        "InstanceCount": int(each.holds.count),
        "PaymentOption": _payment(each).upper().replace(" ", "_"),
    }


def _redshift(each: Reserved, at: datetime) -> dict[str, Any]:
    return {
        **_common(each, at),
        "ReservedNodeId": _id(each.holds.id),
        "NodeType": each.instance_type,
        "CurrencyCode": "USD",
        "NodeCount": int(each.holds.count),
        "OfferingType": str(_payment(each)),
        "ReservedNodeOfferingType": "Regular",
    }


_ROWS: Final[Mapping[str, Callable[[Reserved, datetime], dict[str, Any]]]] = MappingProxyType(
    {"ec2": _ec2, "rds": _rds, "elasticache": _elasticache, "opensearch": _opensearch, "redshift": _redshift}
)


def _plan(each: Planned, at: datetime) -> dict[str, Any]:
    holds = each.holds
    narrow = {"region": holds.region, "ec2InstanceFamily": holds.family} if holds.family else {}
    return {
        "savingsPlanId": _id(holds.id),
        "savingsPlanArn": holds.id,
        "savingsPlanType": str(holds.kind),
        **narrow,
        "state": _state(each.start, each.end, at),
        "start": each.start.isoformat(),
        "end": each.end.isoformat(),
        "paymentOption": each.payment,
        "currency": "USD",
        "commitment": f"{holds.commitment:f}",
        "upfrontPaymentAmount": f"{each.upfront:f}",
        "recurringPaymentAmount": f"{each.hourly:f}",
        "termDurationInSeconds": int((each.end - each.start).total_seconds()),
    }
