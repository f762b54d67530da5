from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.commitments.conftest import START, YEAR_SECONDS, one

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.inventory.ec2 import Ec2
from lamplighter.commitments.model import Attributes
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass, Payment, Terms


def row(**more: Any) -> dict[str, Any]:
    return {
        "ReservedInstancesId": "f127bd27-0000-4444-8888-000000000001",
        "InstanceType": "t2.small",
        "ProductDescription": "Linux/UNIX",
        "InstanceTenancy": "default",
        "InstanceCount": 3,
        "Scope": "Region",
        "OfferingType": "Partial Upfront",
        "OfferingClass": "convertible",
        "State": "active",
        "CurrencyCode": "USD",
        "Start": START,
        "End": datetime(2027, 3, 1, tzinfo=UTC),
        "Duration": YEAR_SECONDS,
        "FixedPrice": 61.5,
        "UsagePrice": 0.0,
        "RecurringCharges": [{"Amount": 0.007, "Frequency": "Hourly"}],
        **more,
    }


def held(**more: Any) -> Held:
    found: Held = one(Ec2(), "ec2", "describe_reserved_instances", "ReservedInstances", row(**more))
    return found


@pytest.mark.slow
def test_a_regional_one() -> None:
    one_ = held()
    assert (one_.key, one_.value) == ("ri-ec2", "linux-t2.small")
    assert one_.attributes == Attributes("ec2", "eu-west-1", "t2", "Linux", "default")
    assert (one_.size, one_.count, one_.units, one_.zone, one_.scope) == ("small", Decimal(3), Decimal(1), "", "region")
    assert one_.arn == ("arn:aws:ec2:eu-west-1:111122223333:reserved-instances/f127bd27-0000-4444-8888-000000000001")
    assert one_.terms == Terms(1, Payment.PARTIAL_UPFRONT, OfferingClass.CONVERTIBLE)
    assert (one_.start, one_.end) == (START, datetime(2027, 3, 1, tzinfo=UTC))
    assert one_.upfront == Money(Decimal("61.5"), "USD")
    assert one_.hourly == Money(Decimal("0.007"), "USD")
    assert one_.state == "active"
    assert one_.notes == ()
    assert one_.effective == Money((Decimal("61.5") / 8760 + Decimal("0.007")) * 3, "USD")


def test_a_zonal_one_has_no_units() -> None:
    one_ = held(Scope="Availability Zone", AvailabilityZone="eu-west-1b")
    assert (one_.zone, one_.scope, one_.units, one_.size_flexible) == ("eu-west-1b", "zone", None, False)


@pytest.mark.parametrize(
    ("description", "platform", "value"),
    [
        ("Linux/UNIX (Amazon VPC)", "Linux", "linux-t2.small"),
        ("Windows", "Windows", "windows-t2.small"),
        ("Windows (Amazon VPC)", "Windows", "windows-t2.small"),
        ("Red Hat Enterprise Linux", "RHEL", "rhel-t2.small"),
        ("SUSE Linux", "SUSE", "suse-t2.small"),
        (
            "Windows with SQL Server Standard (Amazon VPC)",
            "Windows with SQL Server Standard",
            "windows-with-sql-server-standard-t2.small",
        ),
    ],
)
def test_systems(description: str, platform: str, value: str) -> None:
    one_ = held(ProductDescription=description)
    assert one_.attributes is not None
    assert (one_.attributes.platform, one_.value) == (platform, value)
    assert one_.size_flexible is (platform == "Linux")


def test_a_size_that_has_no_factor_is_kept_and_said() -> None:
    one_ = held(InstanceType="u9z.gigantic")
    assert (one_.size, one_.units) == ("gigantic", None)
    assert one_.notes == ("AWS publishes no size factor for u9z.gigantic: not taken as size-flexible",)


def test_dedicated_tenancy_and_a_family_that_is_not_flexible_are_no_surprise() -> None:
    for found in (held(InstanceTenancy="dedicated"), held(InstanceType="p5.48xlarge")):
        assert found.units is None
        assert found.notes == ()


def test_the_end_is_worked_out_when_it_is_not_told() -> None:
    bare = row()
    del bare["End"]
    found = one(Ec2(), "ec2", "describe_reserved_instances", "ReservedInstances", bare)
    assert found.end == datetime(2027, 3, 1, tzinfo=UTC)


def test_old_and_second_hand_ones_have_no_terms_of_today() -> None:
    old = held(OfferingType="Heavy Utilization", UsagePrice=0.02)
    assert old.terms is None
    assert old.notes == (
        "not for one or three years in one of today's ways of paying: Heavy Utilization",
        "0.02 USD is paid beside that for each hour of use",
    )
    assert held(End=datetime(2026, 8, 1, tzinfo=UTC), Duration=13_219_200).terms is None


def test_a_charge_that_is_not_hourly_is_not_known() -> None:
    found = held(RecurringCharges=[{"Amount": 5.0, "Frequency": "Monthly"}])
    assert found.hourly is None
    assert found.effective is None
    assert found.notes == ("a charge recurs 'Monthly', not hourly: what an hour costs is not known",)
