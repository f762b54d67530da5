from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.commitments.conftest import START, YEAR_SECONDS, one

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.inventory.rds import Rds
from lamplighter.commitments.model import Attributes
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import Payment, Terms


def held(**more: Any) -> Held:
    row = {
        "ReservedDBInstanceId": "ri-2026-03-01",
        "ReservedDBInstanceArn": "arn:aws:rds:eu-west-1:111122223333:ri:ri-2026-03-01",
        "DBInstanceClass": "db.r4.large",
        "StartTime": START,
        "Duration": 3 * YEAR_SECONDS,
        "FixedPrice": 1200.0,
        "UsagePrice": 0.0,
        "CurrencyCode": "USD",
        "DBInstanceCount": 2,
        "ProductDescription": "aurora-mysql",
        "OfferingType": "Partial Upfront",
        "MultiAZ": False,
        "State": "active",
        "RecurringCharges": [{"RecurringChargeAmount": 0.045, "RecurringChargeFrequency": "Hourly"}],
        **more,
    }
    found: Held = one(Rds(), "rds", "describe_reserved_db_instances", "ReservedDBInstances", row)
    return found


@pytest.mark.slow
def test_the_end_is_start_and_duration() -> None:
    found = held()
    assert (found.key, found.value) == ("ri-rds", "db.r4.large:aurora-mysql")
    assert found.attributes == Attributes("rds", "eu-west-1", "db.r4", "aurora-mysql")
    assert (found.count, found.size, found.units) == (Decimal(2), "large", Decimal(4))
    assert found.arn == "arn:aws:rds:eu-west-1:111122223333:ri:ri-2026-03-01"
    assert found.end == datetime(2029, 2, 28, tzinfo=UTC)
    assert found.terms == Terms(3, Payment.PARTIAL_UPFRONT)
    assert found.upfront == Money(Decimal("1200.0"), "USD")
    assert found.hourly == Money(Decimal("0.045"), "USD")
    assert found.notes == ()


@pytest.mark.parametrize(
    ("product", "multi", "platform", "deployment", "units"),
    [
        ("postgresql", True, "postgres", "default", Decimal(8)),
        ("mysql", False, "mysql", "default", Decimal(4)),
        ("sqlserver-se(li)", True, "sqlserver-se", "multi-az", None),
        ("oracle-se2(li)", False, "oracle-se2(li)", "single-az", None),
        ("oracle-se2(byol)", True, "oracle-se2(byol)", "default", Decimal(8)),
    ],
)
def test_engines(product: str, multi: bool, platform: str, deployment: str, units: Decimal | None) -> None:
    found = held(ProductDescription=product, MultiAZ=multi)
    assert found.attributes == Attributes("rds", "eu-west-1", "db.r4", platform, deployment)
    assert found.value == f"db.r4.large:{platform}"
    assert found.units == units
    assert found.notes == ()


def test_a_class_without_a_factor_is_kept_and_said() -> None:
    found = held(DBInstanceClass="db.r5.large.tpc1.mem2x", ProductDescription="oracle-ee(byol)")
    assert found.units is None
    assert found.notes == ("AWS publishes no size factor for db.r5.large.tpc1.mem2x: not taken as size-flexible",)
