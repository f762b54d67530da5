from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.commitments.conftest import YEAR_SECONDS, one

from lamplighter.commitments.holdings import Held, plans_at
from lamplighter.commitments.inventory.savings_plans import SavingsPlans
from lamplighter.commitments.model import PlanKind, SavingsPlan
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import Payment, Terms

ARN = "arn:aws:savingsplans::111122223333:savingsplan/00000005-2222-3333-4444-555566667777"


def row(kind: str = "Compute", **more: Any) -> dict[str, Any]:
    return {
        "savingsPlanId": ARN.rpartition("/")[2],
        "savingsPlanArn": ARN,
        "savingsPlanType": kind,
        "state": "active",
        "start": "2026-03-01T09:00:00.000Z",
        "end": "2027-03-01T08:59:59.000Z",
        "paymentOption": "No Upfront",
        "currency": "USD",
        "commitment": "2.5",
        "upfrontPaymentAmount": "0.0",
        "recurringPaymentAmount": "2.5",
        "termDurationInSeconds": YEAR_SECONDS,
        **more,
    }


def held(kind: str = "Compute", **more: Any) -> Held:
    found: Held = one(SavingsPlans(), "savingsplans", "describe_savings_plans", "savingsPlans", row(kind, **more))
    return found


def test_a_compute_plan_is_good_everywhere() -> None:
    found = held(region="", ec2InstanceFamily="")
    assert (found.key, found.value, found.region, found.scope) == ("sp-compute", "", "", "everywhere")
    assert found.plan is PlanKind.COMPUTE
    assert found.attributes is None
    assert found.count == 1
    assert found.commitment == found.hourly == Money(Decimal("2.5"), "USD")
    assert found.upfront == Money(Decimal("0.0"), "USD")
    assert found.terms == Terms(1, Payment.NO_UPFRONT)
    assert found.start == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert found.end == datetime(2027, 3, 1, 8, 59, 59, tzinfo=UTC)
    assert found.notes == ()
    assert plans_at([found], datetime(2026, 11, 1, tzinfo=UTC)) == [
        SavingsPlan(ARN, "111122223333", PlanKind.COMPUTE, Decimal("2.5"))
    ]


def test_an_ec2_plan_is_for_a_family_in_a_region() -> None:
    found = held("EC2Instance", region="eu-west-1", ec2InstanceFamily="m5", paymentOption="All Upfront")
    assert (found.key, found.value, found.region, found.scope) == ("sp-ec2", "m5", "eu-west-1", "region")
    assert plans_at([found], datetime(2026, 11, 1, tzinfo=UTC)) == [
        SavingsPlan(ARN, "111122223333", PlanKind.EC2_INSTANCE, Decimal("2.5"), "eu-west-1", "m5")
    ]


@pytest.mark.parametrize(("kind", "key"), [("SageMaker", "sp-sagemaker"), ("Database", "sp-database")])
def test_other_plans(kind: str, key: str) -> None:
    assert held(kind).key == key


def test_a_kind_that_is_not_known_is_kept_and_covers_nothing() -> None:
    found = held("Storage")
    assert (found.key, found.plan) == ("sp-storage", None)
    assert found.notes == ("Savings Plans of type Storage are not known here: it covers nothing",)
    assert plans_at([found], datetime(2026, 11, 1, tzinfo=UTC)) == []


def test_an_ec2_plan_without_a_family_says_so() -> None:
    assert held("EC2Instance", region="eu-west-1").notes == ("region or family missing",)


def test_the_end_of_a_queued_one_is_worked_out() -> None:
    bare = row(state="queued", start="2026-12-01T00:00:00Z")
    del bare["end"]
    found = one(SavingsPlans(), "savingsplans", "describe_savings_plans", "savingsPlans", bare)
    assert found.end == datetime(2027, 12, 1, tzinfo=UTC)
    inside = datetime(2027, 1, 1, tzinfo=UTC)
    assert not found.in_force(inside)
    assert found.in_force(inside, queued=True)
