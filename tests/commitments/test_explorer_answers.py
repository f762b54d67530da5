from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lamplighter.commitments import explorer_answers as read
from lamplighter.commitments.explorer_answers import Advice, Coverage, Utilisation
from lamplighter.commitments.model import PlanKind
from lamplighter.estate import wire
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass, Payment, Terms

OCTOBER = {"Start": "2026-10-01", "End": "2026-11-01"}


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def over(operation: str, *pages: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Pages as botocore gives them."""
    return [wire.parsed("ce", operation, page) for page in pages]


def hours(reserved: str, total: str, share: str, cost: str) -> dict[str, Any]:
    return {
        "CoverageHours": {
            "ReservedHours": reserved,
            "TotalRunningHours": total,
            "CoverageHoursPercentage": share,
        },
        "CoverageCost": {"OnDemandCost": cost},
    }


def test_coverage_of_reservations_by_group_and_in_all() -> None:
    group = {"Attributes": {"region": "eu-west-1"}, "Coverage": hours("60", "80", "75", "12.5")}
    row = {"TimePeriod": OCTOBER, "Groups": [group], "Total": hours("60", "80", "75", "12.5")}
    bare = {"TimePeriod": OCTOBER, "Total": hours("0", "20", "0", "3")}
    pages = over(
        "GetReservationCoverage",
        {"CoveragesByTime": [row], "Total": hours("60", "100", "60", "15.5"), "NextPageToken": "x"},
        {"CoveragesByTime": [bare], "Total": hours("60", "100", "60", "15.5")},
    )
    assert read.reservation_coverage(pages, "USD") == [
        Coverage(
            "2026-10-01",
            "2026-11-01",
            {"region": "eu-west-1"},
            Decimal("0.75"),
            Decimal(60),
            Decimal(80),
            None,
            usd("12.5"),
        ),
        Coverage("2026-10-01", "2026-11-01", {}, Decimal(0), Decimal(0), Decimal(20), None, usd("3")),
        Coverage("", "", {}, Decimal("0.6"), Decimal(60), Decimal(100), None, usd("15.5")),
    ]


def test_where_nothing_ran_no_share_is_known() -> None:
    pages = over(
        "GetReservationCoverage", {"CoveragesByTime": [], "Total": {"CoverageHours": {"ReservedHours": "N/A"}}}
    )
    assert read.reservation_coverage(pages, "USD") == [Coverage("", "", {}, None, None, None, None, None)]
    assert read.reservation_coverage(over("GetReservationCoverage", {"CoveragesByTime": []}), "USD") == []


def test_utilisation_of_reservations() -> None:
    used = {
        "UtilizationPercentage": "87.5",
        "PurchasedHours": "80",
        "TotalActualHours": "70",
        "OnDemandCostOfRIHoursUsed": "7",
        "NetRISavings": "2",
        "TotalAmortizedFee": "5",
        "RICostForUnusedHours": "0.625",
    }
    group = {"Key": "SUBSCRIPTION_ID", "Value": "1", "Attributes": {"platform": "Linux"}, "Utilization": used}
    pages = over("GetReservationUtilization", {"UtilizationsByTime": [{"TimePeriod": OCTOBER, "Groups": [group]}]})
    assert read.reservation_utilisation(pages, "USD") == [
        Utilisation(
            "2026-10-01",
            "2026-11-01",
            {"SUBSCRIPTION_ID": "1", "platform": "Linux"},
            Decimal("0.875"),
            Decimal(80),
            Decimal(70),
            None,
            usd("0.625"),
            usd("7"),
            usd("5"),
            usd("2"),
        )
    ]


def test_coverage_of_plans() -> None:
    figures = {"SpendCoveredBySavingsPlans": "30", "OnDemandCost": "10", "TotalCost": "40", "CoveragePercentage": "75"}
    row = {"TimePeriod": OCTOBER, "Attributes": {"SERVICE": "AWS Lambda"}, "Coverage": figures}
    pages = over("GetSavingsPlansCoverage", {"SavingsPlansCoverages": [row]})
    assert read.plan_coverage(pages, "USD") == [
        Coverage(
            "2026-10-01",
            "2026-11-01",
            {"SERVICE": "AWS Lambda"},
            Decimal("0.75"),
            None,
            None,
            usd("30"),
            usd("10"),
        )
    ]


PLAN_FIGURES: dict[str, Any] = {
    "Utilization": {"TotalCommitment": "100", "UnusedCommitment": "4", "UtilizationPercentage": "96"},
    "Savings": {"NetSavings": "35", "OnDemandCostEquivalent": "135"},
    "AmortizedCommitment": {"TotalAmortizedCommitment": "100"},
}
PLAN_USED = (Decimal("0.96"), None, None, usd("100"), usd("4"), usd("135"), usd("100"), usd("35"))


def test_utilisation_of_plans_by_time() -> None:
    answer = {"SavingsPlansUtilizationsByTime": [{"TimePeriod": OCTOBER, **PLAN_FIGURES}], "Total": PLAN_FIGURES}
    assert read.plan_utilisation(over("GetSavingsPlansUtilization", answer), "USD") == [
        Utilisation("2026-10-01", "2026-11-01", {}, *PLAN_USED),
        Utilisation("", "", {}, *PLAN_USED),
    ]


def test_utilisation_of_plans_by_plan() -> None:
    detail = {"SavingsPlanArn": "arn:1", "Attributes": {"Region": "eu-west-1"}, **PLAN_FIGURES}
    answer = {"SavingsPlansUtilizationDetails": [detail], "Total": PLAN_FIGURES, "TimePeriod": OCTOBER}
    assert read.plan_utilisation(over("GetSavingsPlansUtilizationDetails", answer), "USD") == [
        Utilisation("2026-10-01", "2026-11-01", {"SavingsPlanArn": "arn:1", "Region": "eu-west-1"}, *PLAN_USED),
        Utilisation("", "", {}, *PLAN_USED),
    ]


def test_advice_on_reservations() -> None:
    detail = {
        "AccountId": "111122223333",
        "InstanceDetails": {"EC2InstanceDetails": {"Family": "m5", "InstanceType": "m5.large", "Region": "eu-west-1"}},
        "RecommendedNumberOfInstancesToPurchase": "3",
        "AverageUtilization": "99.5",
        "EstimatedBreakEvenInMonths": "7.2",
        "CurrencyCode": "USD",
        "EstimatedMonthlySavingsAmount": "50.25",
        "EstimatedMonthlySavingsPercentage": "37",
        "UpfrontCost": "0",
    }
    part = {
        "TermInYears": "ONE_YEAR",
        "PaymentOption": "NO_UPFRONT",
        "ServiceSpecification": {"EC2Specification": {"OfferingClass": "CONVERTIBLE"}},
        "RecommendationDetails": [detail],
    }
    assert read.reservation_advice(
        over("GetReservationPurchaseRecommendation", {"Recommendations": [part]}), "USD"
    ) == [
        Advice(
            "111122223333",
            {"Family": "m5", "InstanceType": "m5.large", "Region": "eu-west-1"},
            None,
            Terms(1, Payment.NO_UPFRONT, OfferingClass.CONVERTIBLE),
            Decimal(3),
            None,
            usd("0"),
            usd("50.25"),
            Decimal("0.37"),
            Decimal("0.995"),
            Decimal("7.2"),
        )
    ]


def test_advice_on_capacity_of_dynamodb() -> None:
    detail = {
        "ReservedCapacityDetails": {
            "DynamoDBCapacityDetails": {"CapacityUnits": "WriteCapacityUnits", "Region": "eu-west-1"}
        },
        "RecommendedNumberOfCapacityUnitsToPurchase": "200",
    }
    pages = over("GetReservationPurchaseRecommendation", {"Recommendations": [{"RecommendationDetails": [detail]}]})
    [found] = read.reservation_advice(pages, "USD")
    assert (found.of, found.count, found.terms) == (
        {"CapacityUnits": "WriteCapacityUnits", "Region": "eu-west-1"},
        Decimal(200),
        None,
    )


def test_advice_on_plans() -> None:
    detail = {
        "SavingsPlansDetails": {"Region": "eu-west-1", "InstanceFamily": "m5", "OfferingId": ""},
        "AccountId": "111122223333",
        "CurrencyCode": "USD",
        "UpfrontCost": "0",
        "HourlyCommitmentToPurchase": "1.25",
        "EstimatedAverageUtilization": "98",
        "EstimatedMonthlySavingsAmount": "200",
        "EstimatedSavingsPercentage": "27",
    }
    part = {
        "SavingsPlansType": "EC2_INSTANCE_SP",
        "TermInYears": "THREE_YEARS",
        "PaymentOption": "ALL_UPFRONT",
        "SavingsPlansPurchaseRecommendationDetails": [detail],
    }
    answer = {"SavingsPlansPurchaseRecommendation": part}
    assert read.plan_advice(over("GetSavingsPlansPurchaseRecommendation", answer, {}), "USD") == [
        Advice(
            "111122223333",
            {"Region": "eu-west-1", "InstanceFamily": "m5"},
            PlanKind.EC2_INSTANCE,
            Terms(3, Payment.ALL_UPFRONT),
            None,
            usd("1.25"),
            usd("0"),
            usd("200"),
            Decimal("0.27"),
            Decimal("0.98"),
            None,
        )
    ]
