"""A small lake whose answers were worked out by hand: two months, two payers with a currency each, and usage.

October of payer 111122223333 (USD): EC2 on demand, on spot and reserved, Lambda under a Savings Plan, both commitments
with fee and unused part, tax, a credit, storage without tags. Payer 999988887777 pays in EUR.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.lake.conftest import write_month

from lamplighter.lake.committed import write_hours
from lamplighter.lake.usage import Look, Source, UsageSample
from lamplighter.lake.usage_files import write_usage

RI = "arn:aws:ec2:us-east-1:111122223333:reserved-instances/ri-1"
SP = "arn:aws:savingsplans::111122223333:savingsplan/sp-1"
EC2 = "Amazon Elastic Compute Cloud"
LAMBDA, S3 = "AWS Lambda", "Amazon Simple Storage Service"
SHOP, DATA, PAYER, OTHER = "444455556666", "777788889999", "111122223333", "999988887777"


def charge(
    billed: str, effective: str, unblended: str, listed: str, day: str = "2026-10-05", **more: str
) -> dict[str, str]:
    """A charge; texts are quoted here, what begins with `=` is SQL."""
    texts = {name: value[1:] if value.startswith("=") else f"'{value}'" for name, value in more.items()}
    return {
        "BilledCost": billed,
        "EffectiveCost": effective,
        "x_NetAmortizedCost": effective,
        "x_AmortizedCost": effective,
        "x_UnblendedCost": unblended,
        "x_NetUnblendedCost": unblended,
        "ListCost": listed,
        "ContractedCost": listed,
        "ChargePeriodStart": f"TIMESTAMP '{day} 10:00:00'",
        "ChargePeriodEnd": f"TIMESTAMP '{day} 11:00:00'",
        **texts,
    }


def shop(*costs: str, **more: str) -> dict[str, str]:
    """A charge of the account `shop`."""
    return charge(*costs, **{"SubAccountId": SHOP, "SubAccountName": "shop", **more})


def box(hours: str, on_demand: str, kind: str = "m5.large", **more: str) -> Mapping[str, str]:
    """What an instance that runs has beside its costs."""
    return {
        "RegionId": "us-east-1",
        "x_UsageType": f"BoxUsage:{kind}",
        "x_Operation": "RunInstances",
        "x_InstanceType": kind,
        "x_UsageQuantity": f"={hours}",
        "PricingUnit": "Hrs",
        "x_OnDemandCost": f"={on_demand}",
        **more,
    }


RESERVED = {"CommitmentDiscountId": RI, "CommitmentDiscountType": "Reserved Instance"}
PLAN = {"CommitmentDiscountId": SP, "CommitmentDiscountType": "Savings Plan"}
LIT = {"ServiceName": LAMBDA, "RegionId": "us-east-1", "x_UsageType": "Lambda-GB-Second", "x_Operation": "Invoke"}
STORED = {
    "ServiceName": S3,
    "SubAccountId": DATA,
    "RegionId": "us-east-1",
    "ResourceId": "bucket-1",
    "x_UsageType": "TimedStorage-ByteHrs",
    "PricingUnit": "GB-Mo",
    "x_UsageQuantity": "=5",
}

OCTOBER = [
    shop(
        *("1.00", "1.00", "1.00", "1.00"),
        **box("10", "1.00", ResourceId="i-1", PricingCategory="Standard"),
        Tags="=MAP {'Team': 'a', 'Spend_Category': 'web'}",
        x_CostCategories="=MAP {'unit': 'retail'}",
    ),
    shop(
        *("0.30", "0.30", "0.30", "0.85"),
        **box("10", "0.85", "c5.large", ResourceId="i-2", PricingCategory="Dynamic"),
        Tags="=MAP {'Team': '', 'aws:createdBy': 'x'}",
    ),
    shop(
        *("0", "1.20", "0", "2.00"),
        **box("20", "2.00", ResourceId="i-1", PricingCategory="Committed", CommitmentDiscountStatus="Used"),
        **RESERVED,
        day="2026-10-06",
        Tags="=MAP {'team': 'b'}",
    ),
    charge("1.50", "0", "1.50", "1.50", "2026-10-01", ChargeCategory="Purchase", SubAccountId=PAYER, **RESERVED),
    charge("0", "0.30", "0", "0", "2026-10-01", SubAccountId=PAYER, CommitmentDiscountStatus="Unused", **RESERVED),
    shop(
        *("0", "0.40", "0.50", "0.50"),
        **{**LIT, **PLAN, "PricingUnit": "seconds"},
        x_UsageQuantity="=100",
        x_OnDemandCost="=0.50",
        ResourceId="function-1",
        CommitmentDiscountStatus="Used",
    ),
    shop(
        "0",
        "0",
        "-0.50",
        "0",
        ServiceName=LAMBDA,
        ChargeCategory="Adjustment",
        x_LineItemType="SavingsPlanNegation",
        **PLAN,
    ),
    charge("0.45", "0", "0.45", "0.45", "2026-10-01", ChargeCategory="Purchase", ServiceName="Savings Plans", **PLAN),
    charge("0", "0.05", "0", "0", "2026-10-01", ServiceName="Savings Plans", CommitmentDiscountStatus="Unused", **PLAN),
    charge("0.40", "0.40", "0.40", "0.40", "2026-10-01", ChargeCategory="Tax", SubAccountId=SHOP),
    charge("-0.25", "-0.25", "-0.25", "-0.25", "2026-10-01", ChargeCategory="Credit"),
    charge("0.115", "0.115", "0.115", "0.115", **STORED),
    charge(
        *("1.00", "1.00", "1.00", "1.00"),
        **box("10", "1.00", ResourceId="i-9"),
        BillingAccountId=OTHER,
        BillingCurrency="EUR",
        Tags="=MAP {'Team': 'a'}",
    ),
]

NOVEMBER = [
    shop(
        *("0.40", "0.40", "0.40", "0.40", "2026-11-03"),
        **box("4", "0.40", ResourceId="i-1", PricingCategory="Standard"),
        Tags="=MAP {'Team': 'a', 'Spend_Category': 'web'}",
    ),
    charge("1.115", "1.115", "1.115", "1.115", "2026-11-03", **STORED, Tags="=MAP {'Team': 'c', 'owner': 'x'}"),
]


TEN, NOON = datetime(2026, 10, 31, 22, tzinfo=UTC), datetime(2026, 11, 3, 12, tzinfo=UTC)


def sample(time: datetime, quantity: str, **more: Any) -> UsageSample:
    """Linux in the account `shop`."""
    place = ("us-east-1", "ec2", "m5.large", "Linux", "default", "us-east-1a", "office")
    return replace(UsageSample(time, 1, SHOP, "shop", *place, Decimal(quantity)), **more)


def look(time: datetime, source: Source | None = Source.COLLECTED, reason: str = "", **more: Any) -> Look:
    """At EC2 in the account `shop`."""
    return replace(Look(time, SHOP, "shop", "us-east-1", "ec2", source, reason), **more)


def write_known(lake: Path) -> None:
    """Write both months of charges, and usage: hours collected twice, failed, filled, found empty and not looked at."""
    write_month(lake, "2026-10", OCTOBER)
    write_month(lake, "2026-11", NOVEMBER)
    hour, day = timedelta(hours=1), datetime(2026, 11, 1, tzinfo=UTC)
    spot = sample(TEN, "2", spot=Decimal(1), scheduled_off=Decimal(3), zone="us-east-1b")
    write_usage(lake, [sample(TEN, "4"), spot], [look(TEN), look(TEN + hour, None, "refused")], at=TEN, run="a")
    write_usage(lake, [sample(TEN, "9")], [look(TEN), look(TEN + hour, None, "again")], at=TEN, run="b")
    write_usage(lake, [], [look(TEN + 2 * hour, None, "refused")], at=TEN, run="c")
    filled = sample(TEN + 2 * hour, "1.5", covered=Decimal(1), source=Source.LEDGER)
    write_usage(lake, [filled], [look(TEN + 2 * hour, Source.LEDGER)], at=NOON, run="d")
    write_usage(lake, [], [look(TEN + 6 * hour)], at=NOON, run="e")
    units = sample(TEN, "500", service="dynamodb", resource_type="read", platform="", deployment="")
    write_usage(lake, [units], [look(TEN, service="dynamodb")], at=TEN, run="g")
    nodes = sample(day, "2", hours=24, service="redshift", resource_type="dc2.large", platform="", deployment="")
    days = [look(day + timedelta(days=number), service="redshift", hours=24) for number in (0, 2)]
    write_usage(lake, [nodes], days, at=NOON, run="f")
    write_hours(lake, _O, [_COVERED], [_BOUGHT, (*_BOUGHT[:10], None, "USD", *[None] * 4)], {})


def plain(rows: Iterable[Iterable[object]]) -> list[tuple[str | None, ...]]:
    """Rows as texts without zeros at the end of numbers, ratios with six digits, sorted."""
    return sorted((tuple(map(_plain, row)) for row in rows), key=lambda row: [text or "" for text in row])


def _plain(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float):
        value = Decimal(repr(value)).quantize(Decimal("0.000001"))
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value.isoformat() if isinstance(value, date) else str(value)


_O, _N = "2026-10", "2026-11"
_M5 = ("us-east-1", "ec2", "m5")
_COVERED = (
    *(TEN.replace(tzinfo=None), SHOP, *_M5, "USD", 5, 2, 1, Decimal("0.5"), 20, 12),
    *(Decimal("0.5"), Decimal("0.3"), 0),
)
_BOUGHT = (
    *(TEN.replace(tzinfo=None), RI, PAYER, *_M5, "Units", 12, 8, 8, 4, "USD"),
    *(Decimal("0.18"), Decimal("0.12"), Decimal("0.06"), Decimal("0.2")),
)
_5, _6 = "2026-10-05T10:00:00", "2026-10-06T10:00:00"
_RI = ("us-east-1", "ec2", "m5", "20", "20", "1.2")
_SP = ("", "savingsplans", "", "0", "0", "0.4")

_EC2, _REDSHIFT = (SHOP, "shop", "us-east-1", "ec2"), (SHOP, "shop", "us-east-1", "redshift")
_DYNAMODB = (SHOP, "shop", "us-east-1", "dynamodb")
_LINUX = ("m5.large", "Linux", "default")

EXPECTED: Mapping[str, list[tuple[str | None, ...]]] = {
    # billing_period, time, hours, where, what, zone, schedule, quantity, spot, scheduled off, covered, source
    "usage": [
        (_O, "2026-10-31T22:00:00", "1", *_EC2, *_LINUX, "us-east-1a", "office", "4", "0", "0", None, "collected"),
        (_O, "2026-10-31T22:00:00", "1", *_EC2, *_LINUX, "us-east-1b", "office", "2", "1", "3", None, "collected"),
        (
            *(_O, "2026-10-31T22:00:00", "1", *_DYNAMODB, "read", "", ""),
            *("us-east-1a", "office", "500", "0", "0", None, "collected"),
        ),
        (_N, "2026-11-01T00:00:00", "1", *_EC2, *_LINUX, "us-east-1a", "office", "1.5", "0", "0", "1", "ledger"),
        (
            *(_N, "2026-11-01T00:00:00", "24", *_REDSHIFT, "dc2.large", "", ""),
            *("us-east-1a", "office", "2", "0", "0", None, "collected"),
        ),
    ],
    # billing_period, time, hours, where, source, reason, run
    "usage_looks": [
        (_O, "2026-10-31T22:00:00", "1", *_EC2, "collected", "", "a"),
        (_O, "2026-10-31T23:00:00", "1", *_EC2, None, "refused", "a"),
        (_O, "2026-10-31T22:00:00", "1", *_DYNAMODB, "collected", "", "g"),
        (_N, "2026-11-01T00:00:00", "1", *_EC2, "ledger", "", "d"),
        (_N, "2026-11-01T04:00:00", "1", *_EC2, "collected", "", "e"),
        (_N, "2026-11-01T00:00:00", "24", *_REDSHIFT, "collected", "", "f"),
        (_N, "2026-11-03T00:00:00", "24", *_REDSHIFT, "collected", "", "f"),
    ],
    # account_id, account_name, region, service, step, begins, ends, hours, reason
    "usage_gaps": [
        (*_EC2, "1", "2026-10-31T23:00:00", "2026-11-01T00:00:00", "1", "refused"),
        (*_EC2, "1", "2026-11-01T01:00:00", "2026-11-01T04:00:00", "3", "not looked at"),
        (*_REDSHIFT, "24", "2026-11-02T00:00:00", "2026-11-03T00:00:00", "24", "not looked at"),
    ],
    # billing_period, day, where, known, unknown, used, spot, scheduled off, capacity units
    "usage_by_day": [
        (_O, "2026-10-31", *_EC2, "1", "1", "6", "1", "3", "0"),
        (_O, "2026-10-31", *_DYNAMODB, "1", "0", "0", "0", "0", "500"),
        (_N, "2026-11-01", *_EC2, "2", "0", "1.5", "0", "0", "0"),
        (_N, "2026-11-01", *_REDSHIFT, "24", "0", "48", "0", "0", "0"),
        (_N, "2026-11-03", *_REDSHIFT, "24", "0", "0", "0", "0", "0"),
    ],
    # billing_period, where, what, known, used, scheduled off, least, p5, p50, p95, most, mean
    "usage_statistics": [
        (_O, *_EC2, *_LINUX, "1", "5", "3", "5", "5", "5", "5", "5", "5"),
        (_O, *_DYNAMODB, "read", "", "", "1", "500", "0", *["500"] * 6),
        (_N, *_EC2, *_LINUX, "2", "1.5", "0", "0", "0", "1.5", "1.5", "1.5", "0.75"),
        (_N, *_REDSHIFT, "dc2.large", "", "", "48", "48", "0", "0", "0", "2", "2", "2", "1"),
    ],
    # billing_period, account_id, ..., currency, billed, effective, unblended, list, charges
    "cost_by_account": [
        (_O, PAYER, None, "USD", "1.7", "0.1", "1.7", "1.7", "5"),
        (_O, SHOP, "shop", "USD", "1.7", "3.3", "1.7", "4.75", "6"),
        (_O, DATA, None, "USD", "0.115", "0.115", "0.115", "0.115", "1"),
        (_O, OTHER, None, "EUR", "1", "1", "1", "1", "1"),
        (_N, SHOP, "shop", "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_N, DATA, None, "USD", "1.115", "1.115", "1.115", "1.115", "1"),
    ],
    "cost_by_service": [
        (_O, PAYER, EC2, "USD", "1.25", "0.05", "1.25", "1.25", "3"),
        (_O, PAYER, "Savings Plans", "USD", "0.45", "0.05", "0.45", "0.45", "2"),
        (_O, SHOP, EC2, "USD", "1.7", "2.9", "1.7", "4.25", "4"),
        (_O, SHOP, LAMBDA, "USD", "0", "0.4", "0", "0.5", "2"),
        (_O, DATA, S3, "USD", "0.115", "0.115", "0.115", "0.115", "1"),
        (_O, OTHER, EC2, "EUR", "1", "1", "1", "1", "1"),
        (_N, SHOP, EC2, "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_N, DATA, S3, "USD", "1.115", "1.115", "1.115", "1.115", "1"),
    ],
    "cost_by_region": [
        (_O, PAYER, None, "USD", "1.7", "0.1", "1.7", "1.7", "5"),
        (_O, SHOP, "us-east-1", "USD", "1.3", "2.9", "1.8", "4.35", "4"),
        (_O, SHOP, None, "USD", "0.4", "0.4", "-0.1", "0.4", "2"),
        (_O, DATA, "us-east-1", "USD", "0.115", "0.115", "0.115", "0.115", "1"),
        (_O, OTHER, "us-east-1", "EUR", "1", "1", "1", "1", "1"),
        (_N, SHOP, "us-east-1", "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_N, DATA, "us-east-1", "USD", "1.115", "1.115", "1.115", "1.115", "1"),
    ],
    "cost_by_commitment_status": [
        (_O, PAYER, "purchase", "USD", "1.95", "0", "1.95", "1.95", "2"),
        (_O, PAYER, "unused commitment", "USD", "0", "0.35", "0", "0", "2"),
        (_O, PAYER, "credit", "USD", "-0.25", "-0.25", "-0.25", "-0.25", "1"),
        (_O, SHOP, "on demand", "USD", "1", "1", "1", "1", "1"),
        (_O, SHOP, "spot", "USD", "0.3", "0.3", "0.3", "0.85", "1"),
        (_O, SHOP, "committed", "USD", "0", "1.6", "0", "2.5", "3"),
        (_O, SHOP, "tax", "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_O, DATA, "on demand", "USD", "0.115", "0.115", "0.115", "0.115", "1"),
        (_O, OTHER, "on demand", "EUR", "1", "1", "1", "1", "1"),
        (_N, SHOP, "on demand", "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_N, DATA, "on demand", "USD", "1.115", "1.115", "1.115", "1.115", "1"),
    ],
    "cost_by_day": [
        (_O, "2026-10-01", PAYER, EC2, "USD", "1.25", "0.05", "1.25", "1.25", "3"),
        (_O, "2026-10-01", PAYER, "Savings Plans", "USD", "0.45", "0.05", "0.45", "0.45", "2"),
        (_O, "2026-10-01", SHOP, EC2, "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_O, "2026-10-05", SHOP, EC2, "USD", "1.3", "1.3", "1.3", "1.85", "2"),
        (_O, "2026-10-05", SHOP, LAMBDA, "USD", "0", "0.4", "0", "0.5", "2"),
        (_O, "2026-10-05", DATA, S3, "USD", "0.115", "0.115", "0.115", "0.115", "1"),
        (_O, "2026-10-05", OTHER, EC2, "EUR", "1", "1", "1", "1", "1"),
        (_O, "2026-10-06", SHOP, EC2, "USD", "0", "1.2", "0", "2", "1"),
        (_N, "2026-11-03", SHOP, EC2, "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_N, "2026-11-03", DATA, S3, "USD", "1.115", "1.115", "1.115", "1.115", "1"),
    ],
    "cost_by_resource": [
        (_O, PAYER, None, EC2, None, "USD", "1.25", "0.05", "1.25", "1.25", "3"),
        (_O, PAYER, None, "Savings Plans", None, "USD", "0.45", "0.05", "0.45", "0.45", "2"),
        (_O, SHOP, "us-east-1", EC2, "i-1", "USD", "1", "2.2", "1", "3", "2"),
        (_O, SHOP, "us-east-1", EC2, "i-2", "USD", "0.3", "0.3", "0.3", "0.85", "1"),
        (_O, SHOP, None, EC2, None, "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_O, SHOP, "us-east-1", LAMBDA, "function-1", "USD", "0", "0.4", "0.5", "0.5", "1"),
        (_O, SHOP, None, LAMBDA, None, "USD", "0", "0", "-0.5", "0", "1"),
        (_O, DATA, "us-east-1", S3, "bucket-1", "USD", "0.115", "0.115", "0.115", "0.115", "1"),
        (_O, OTHER, "us-east-1", EC2, "i-9", "EUR", "1", "1", "1", "1", "1"),
        (_N, SHOP, "us-east-1", EC2, "i-1", "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_N, DATA, "us-east-1", S3, "bucket-1", "USD", "1.115", "1.115", "1.115", "1.115", "1"),
    ],
    # ..., service, usage_type, operation, unit, currency, four costs, charges, quantity
    "cost_by_usage_type": [
        (_O, PAYER, EC2, None, None, None, "USD", "1.25", "0.05", "1.25", "1.25", "3", None),
        (_O, PAYER, "Savings Plans", None, None, None, "USD", "0.45", "0.05", "0.45", "0.45", "2", None),
        (_O, SHOP, EC2, "BoxUsage:m5.large", "RunInstances", "Hrs", "USD", "1", "2.2", "1", "3", "2", "30"),
        (_O, SHOP, EC2, "BoxUsage:c5.large", "RunInstances", "Hrs", "USD", "0.3", "0.3", "0.3", "0.85", "1", "10"),
        (_O, SHOP, EC2, None, None, None, "USD", "0.4", "0.4", "0.4", "0.4", "1", None),
        (_O, SHOP, LAMBDA, "Lambda-GB-Second", "Invoke", "seconds", "USD", "0", "0.4", "0.5", "0.5", "1", "100"),
        (_O, SHOP, LAMBDA, None, None, None, "USD", "0", "0", "-0.5", "0", "1", None),
        (_O, DATA, S3, "TimedStorage-ByteHrs", None, "GB-Mo", "USD", *["0.115"] * 4, "1", "5"),
        (_O, OTHER, EC2, "BoxUsage:m5.large", "RunInstances", "Hrs", "EUR", "1", "1", "1", "1", "1", "10"),
        (_N, SHOP, EC2, "BoxUsage:m5.large", "RunInstances", "Hrs", "USD", *["0.4"] * 4, "1", "4"),
        (_N, DATA, S3, "TimedStorage-ByteHrs", None, "GB-Mo", "USD", *["1.115"] * 4, "1", "5"),
    ],
    "cost_by_tag": [
        (_O, "Team", "a", "USD", "1", "1", "1", "1", "1"),
        (_O, "Spend_Category", "web", "USD", "1", "1", "1", "1", "1"),
        (_O, "aws:createdBy", "x", "USD", "0.3", "0.3", "0.3", "0.85", "1"),
        (_O, "team", "b", "USD", "0", "1.2", "0", "2", "1"),
        (_O, "Team", "a", "EUR", "1", "1", "1", "1", "1"),
        (_N, "Team", "a", "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_N, "Spend_Category", "web", "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_N, "Team", "c", "USD", "1.115", "1.115", "1.115", "1.115", "1"),
        (_N, "owner", "x", "USD", "1.115", "1.115", "1.115", "1.115", "1"),
    ],
    "cost_by_team": [
        (_O, "a", SHOP, "USD", "1", "1", "1", "1", "1"),
        (_O, "b", SHOP, "USD", "0", "1.2", "0", "2", "1"),
        (_O, None, SHOP, "USD", "0.7", "1.1", "0.7", "1.75", "4"),
        (_O, None, PAYER, "USD", "1.7", "0.1", "1.7", "1.7", "5"),
        (_O, None, DATA, "USD", "0.115", "0.115", "0.115", "0.115", "1"),
        (_O, "a", OTHER, "EUR", "1", "1", "1", "1", "1"),
        (_N, "a", SHOP, "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_N, "c", DATA, "USD", "1.115", "1.115", "1.115", "1.115", "1"),
    ],
    "cost_by_spend_category": [
        (_O, "web", SHOP, "USD", "1", "1", "1", "1", "1"),
        (_O, None, SHOP, "USD", "0.7", "2.3", "0.7", "3.75", "5"),
        (_O, None, PAYER, "USD", "1.7", "0.1", "1.7", "1.7", "5"),
        (_O, None, DATA, "USD", "0.115", "0.115", "0.115", "0.115", "1"),
        (_O, None, OTHER, "EUR", "1", "1", "1", "1", "1"),
        (_N, "web", SHOP, "USD", "0.4", "0.4", "0.4", "0.4", "1"),
        (_N, None, DATA, "USD", "1.115", "1.115", "1.115", "1.115", "1"),
    ],
    # id, type, owner, currency, used, unused, on demand, saving, utilisation, region, service, family, hours, lent
    "commitments": [
        (_O, RI, "Reserved Instance", PAYER, "USD", "1.2", "0.3", "2", "0.5", "0.8", *_RI),
        (_O, SP, "Savings Plan", PAYER, "USD", "0.4", "0.05", "0.5", "0.05", "0.888889", *_SP),
    ],
    # account, service, region, instance type, currency, covered, uncovered, coverage, covered hours, hours
    "commitment_coverage": [
        (_O, SHOP, EC2, "us-east-1", "m5.large", "USD", "2", "1", "0.666667", "20", "30"),
        (_O, SHOP, LAMBDA, "us-east-1", None, "USD", "0.5", "0", "1", "0", "0"),
        (_O, OTHER, EC2, "us-east-1", "m5.large", "EUR", "0", "1", "0", "0", "10"),
        (_N, SHOP, EC2, "us-east-1", "m5.large", "USD", "0", "0.4", "0", "0", "4"),
    ],
    "coverage_hours": [
        (_O, "2026-10-31T22:00:00", SHOP, *_M5, "USD", "5", "2", "1", "0.5", "20", "12", "0.5", "0.3", "0"),
    ],
    "commitment_hours": [
        (
            *(_O, "2026-10-31T22:00:00", RI, PAYER, *_M5, "Units", "12", "8", "8", "4"),
            *("USD", "0.18", "0.12", "0.06", "0.2"),
        ),
        (_O, "2026-10-31T22:00:00", RI, PAYER, *_M5, "Units", "12", "8", "8", None, "USD", *[None] * 4),
    ],
    # time, account, region, service, family, currency, hours: all, reserved, plan, borrowed; units: all, covered;
    # cost: all, covered; hours without a price
    "coverage_by_hour": [
        (_O, _5, SHOP, "us-east-1", "ec2", "m5", "USD", "10", "0", "0", "0", None, None, "1", "0", "0"),
        (_O, _6, SHOP, "us-east-1", "ec2", "m5", "USD", "20", "20", "0", "20", None, None, "2", "2", "0"),
        (_O, _5, SHOP, "us-east-1", "lambda", "", "USD", "0", "0", "0", "0", None, None, "0.5", "0.5", "0"),
        (_O, _5, OTHER, "us-east-1", "ec2", "m5", "EUR", "10", "0", "0", "0", None, None, "1", "0", "0"),
        (_N, "2026-11-03T10:00:00", SHOP, *_M5, "USD", "4", *["0"] * 3, None, None, "0.4", "0", "0"),
    ],
    # account, key, currency, taggable, tagged, coverage; SHOP in October: 1 + 0.3 + 1.2 + 0.4
    "tag_coverage": [
        (_O, SHOP, "Team", "USD", "2.9", "1", "0.344828"),
        (_O, SHOP, "Spend_Category", "USD", "2.9", "1", "0.344828"),
        (_O, SHOP, "team", "USD", "2.9", "1.2", "0.413793"),
        (_O, SHOP, "aws:createdBy", "USD", "2.9", "0.3", "0.103448"),
        (_O, SHOP, "owner", "USD", "2.9", "0", "0"),
        *[
            (_O, DATA, key, "USD", "0.115", "0", "0")
            for key in ("Team", "Spend_Category", "team", "aws:createdBy", "owner")
        ],
        (_O, OTHER, "Team", "EUR", "1", "1", "1"),
        *[(_O, OTHER, key, "EUR", "1", "0", "0") for key in ("Spend_Category", "team", "aws:createdBy", "owner")],
        *[(_N, SHOP, key, "USD", "0.4", "0.4", "1") for key in ("Team", "Spend_Category")],
        *[(_N, SHOP, key, "USD", "0.4", "0", "0") for key in ("team", "aws:createdBy", "owner")],
        *[(_N, DATA, key, "USD", "1.115", "1.115", "1") for key in ("Team", "owner")],
        *[(_N, DATA, key, "USD", "1.115", "0", "0") for key in ("Spend_Category", "team", "aws:createdBy")],
    ],
    "untagged_resources": [
        (_O, SHOP, "us-east-1", EC2, "i-2", "USD", "0.3", "0.3", "0.3", "0.85", "1"),
        (_O, SHOP, "us-east-1", LAMBDA, "function-1", "USD", "0", "0.4", "0.5", "0.5", "1"),
        (_O, DATA, "us-east-1", S3, "bucket-1", "USD", "0.115", "0.115", "0.115", "0.115", "1"),
    ],
    # account, service, currency, cost, previous, change, share, place; EC2 of SHOP was 2.9 with the tax
    "top_movers": [
        (_N, _O, SHOP, EC2, "USD", "0.4", "2.9", "-2.5", "-0.862069", "1"),
        (_N, _O, DATA, S3, "USD", "1.115", "0.115", "1", "8.695652", "2"),
        (_N, _O, SHOP, LAMBDA, "USD", "0", "0.4", "-0.4", "-1", "3"),
        (_N, _O, PAYER, EC2, "USD", "0", "0.05", "-0.05", "-1", "4"),
        (_N, _O, PAYER, "Savings Plans", "USD", "0", "0.05", "-0.05", "-1", "5"),
        (_N, _O, OTHER, EC2, "EUR", "0", "1", "-1", "-1", "1"),
    ],
    # service, region, usage type, operation, unit, currency, quantity, two costs, effective price, list price
    "unit_prices": [
        (_O, EC2, "us-east-1", "BoxUsage:m5.large", "RunInstances", "Hrs", "USD", "30", "2.2", "3", "0.073333", "0.1"),
        (_O, EC2, "us-east-1", "BoxUsage:c5.large", "RunInstances", "Hrs", "USD", "10", "0.3", "0.85", "0.03", "0.085"),
        (
            _O,
            LAMBDA,
            "us-east-1",
            "Lambda-GB-Second",
            "Invoke",
            "seconds",
            "USD",
            "100",
            "0.4",
            "0.5",
            "0.004",
            "0.005",
        ),
        (_O, S3, "us-east-1", "TimedStorage-ByteHrs", None, "GB-Mo", "USD", "5", "0.115", None, "0.023", None),
        (_O, EC2, "us-east-1", "BoxUsage:m5.large", "RunInstances", "Hrs", "EUR", "10", "1", "1", "0.1", "0.1"),
        (_N, EC2, "us-east-1", "BoxUsage:m5.large", "RunInstances", "Hrs", "USD", "4", "0.4", "0.4", "0.1", "0.1"),
        (_N, S3, "us-east-1", "TimedStorage-ByteHrs", None, "GB-Mo", "USD", "5", "1.115", None, "0.223", None),
    ],
}
"""The rows of every view, worked out by hand."""
