"""What Cost Explorer says of coverage, utilisation and purchases, as typed records.

Shares are 0 to 1 (AWS's percentages divided by 100). What AWS leaves empty is None. Amounts are in the currency that
the answer names, else in the one that the caller names: Cost Explorer states most amounts without one.
Source: Cost Explorer API reference, data types `ReservationAggregates`, `SavingsPlansUtilization` and their likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final

from lamplighter.commitments.model import PlanKind
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass, Payment, Terms

PLANS: Final = MappingProxyType(
    {
        PlanKind.COMPUTE: "COMPUTE_SP",
        PlanKind.EC2_INSTANCE: "EC2_INSTANCE_SP",
        PlanKind.SAGEMAKER: "SAGEMAKER_SP",
        PlanKind.DATABASE: "DATABASE_SP",
    }
)
PAYMENTS: Final = MappingProxyType(
    {
        Payment.NO_UPFRONT: "NO_UPFRONT",
        Payment.PARTIAL_UPFRONT: "PARTIAL_UPFRONT",
        Payment.ALL_UPFRONT: "ALL_UPFRONT",
    }
)
YEARS: Final = MappingProxyType({1: "ONE_YEAR", 3: "THREE_YEARS"})
LOOKBACKS: Final = MappingProxyType({7: "SEVEN_DAYS", 30: "THIRTY_DAYS", 60: "SIXTY_DAYS"})

Page = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the usage (or spending) of a time was covered.

    Attributes:
        start: as AWS states it, `2026-10-01` or an instant; empty for the total.
        end: first day or instant after it; empty for the total.
        of: what it is about, by AWS's names (`region`, `instanceType`, ...); empty for everything.
        share: covered share; None where there was no usage.
        covered_hours: instance hours under reservations; None for Savings Plans.
        total_hours: instance hours in all; None for Savings Plans.
        covered_cost: at on-demand prices, under Savings Plans; None for reservations.
        on_demand_cost: what stayed on demand.
    """

    start: str
    end: str
    of: Mapping[str, str]
    share: Decimal | None
    covered_hours: Decimal | None
    total_hours: Decimal | None
    covered_cost: Money | None
    on_demand_cost: Money | None


@dataclass(frozen=True, slots=True)
class Utilisation:
    """How much of what was bought was used in a time.

    Attributes:
        start: as AWS states it; empty for the total.
        end: first day or instant after it; empty for the total.
        of: what it is about, by AWS's names; empty for everything.
        share: used share; None where nothing was bought.
        bought_hours: reserved instance hours; None for Savings Plans.
        used_hours: of them used; None for Savings Plans.
        commitment: committed to; None for reservations.
        unused: cost of what nobody used.
        on_demand_cost: what the covered usage would have cost on demand.
        amortised: what it cost, upfront payments spread.
        saving: on_demand_cost - amortised; below 0 when it was not worth it.
    """

    start: str
    end: str
    of: Mapping[str, str]
    share: Decimal | None
    bought_hours: Decimal | None
    used_hours: Decimal | None
    commitment: Money | None
    unused: Money | None
    on_demand_cost: Money | None
    amortised: Money | None
    saving: Money | None


@dataclass(frozen=True, slots=True)
class Advice:
    """One purchase that AWS recommends.

    Attributes:
        account: 12-digit id it is for; the payer's for the whole organisation.
        of: what to buy, by AWS's names without their blanks: `Region`, `InstanceType`, `Family`, `Platform`, ...
        plan: which Savings Plan; None for a reservation.
        terms: how long, how paid; None where AWS does not say.
        count: how many instances, nodes or capacity units; None for a Savings Plan.
        commitment: money an hour; None for a reservation.
        upfront: paid at once.
        monthly_saving: what a month is estimated to save.
        saving_share: share of the on-demand cost that it saves.
        utilisation: estimated share that would be used.
        break_even_months: after how many months it has paid for itself; None for a Savings Plan.
    """

    account: str
    of: Mapping[str, str]
    plan: PlanKind | None
    terms: Terms | None
    count: Decimal | None
    commitment: Money | None
    upfront: Money | None
    monthly_saving: Money | None
    saving_share: Decimal | None
    utilisation: Decimal | None
    break_even_months: Decimal | None


def reservation_coverage(pages: Iterable[Page], currency: str) -> list[Coverage]:
    """Answers of GetReservationCoverage: of each time its groups, else its total; the total of all comes last."""
    return [_coverage(*part, currency) for part in _parts(pages, "CoveragesByTime", "Coverage")]


def reservation_utilisation(pages: Iterable[Page], currency: str) -> list[Utilisation]:
    """Answers of GetReservationUtilization: of each time its groups, else its total; the total of all comes last."""
    return [_utilisation(*part, currency) for part in _parts(pages, "UtilizationsByTime", "Utilization")]


def plan_coverage(pages: Iterable[Page], currency: str) -> list[Coverage]:
    """Answers of GetSavingsPlansCoverage."""
    found = []
    for row in _rows(pages, "SavingsPlansCoverages"):
        figures = row.get("Coverage") or {}
        time = row.get("TimePeriod") or {}
        found.append(
            Coverage(
                str(time.get("Start", "")),
                str(time.get("End", "")),
                dict(row.get("Attributes") or {}),
                _share(figures.get("CoveragePercentage")),
                None,
                None,
                _money(figures.get("SpendCoveredBySavingsPlans"), currency),
                _money(figures.get("OnDemandCost"), currency),
            )
        )
    return found


def plan_utilisation(pages: Iterable[Page], currency: str) -> list[Utilisation]:
    """Answers of GetSavingsPlansUtilization, by time, or GetSavingsPlansUtilizationDetails, by plan; the total last."""
    pages = list(pages)
    found = [_plan_used(row, currency) for row in _rows(pages, "SavingsPlansUtilizationsByTime")]
    for row in _rows(pages, "SavingsPlansUtilizationDetails"):
        of = {"SavingsPlanArn": str(row.get("SavingsPlanArn", "")), **(row.get("Attributes") or {})}
        found.append(_plan_used({**row, "TimePeriod": pages[0].get("TimePeriod"), "Attributes": of}, currency))
    totals = [page["Total"] for page in pages if page.get("Total")]
    return [*found, *(_plan_used(total, currency) for total in totals[:1])]


def reservation_advice(pages: Iterable[Page], currency: str) -> list[Advice]:
    """Answers of GetReservationPurchaseRecommendation, one record for each purchase."""
    return [
        _reservation_advice(part, detail, currency)
        for part in _rows(pages, "Recommendations")
        for detail in part.get("RecommendationDetails") or ()
    ]


def plan_advice(pages: Iterable[Page], currency: str) -> list[Advice]:
    """Answers of GetSavingsPlansPurchaseRecommendation, one record for each purchase."""
    parts = [page.get("SavingsPlansPurchaseRecommendation") or {} for page in pages]
    return [
        _plan_advice(part, detail, currency)
        for part in parts
        for detail in part.get("SavingsPlansPurchaseRecommendationDetails") or ()
    ]


def _rows(pages: Iterable[Page], key: str) -> Iterator[Mapping[str, Any]]:
    for page in pages:
        yield from page.get(key) or ()


def _parts(pages: Iterable[Page], key: str, member: str) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any], Any]]:
    """Times, attributes and figures of every group or total, then those of the total of all."""
    pages = list(pages)
    for row in _rows(pages, key):
        time = row.get("TimePeriod") or {}
        groups = row.get("Groups") or ()
        for group in groups:
            named = {str(group["Key"]): str(group.get("Value", ""))} if group.get("Key") else {}
            yield time, {**named, **(group.get("Attributes") or {})}, group.get(member) or {}
        if not groups and row.get("Total"):
            yield time, {}, row["Total"]
    totals = [page["Total"] for page in pages if page.get("Total")]
    yield from (({}, {}, total) for total in totals[:1])


def _coverage(time: Mapping[str, Any], of: Mapping[str, Any], figures: Mapping[str, Any], currency: str) -> Coverage:
    hours, cost = figures.get("CoverageHours") or {}, figures.get("CoverageCost") or {}
    return Coverage(
        str(time.get("Start", "")),
        str(time.get("End", "")),
        dict(of),
        _share(hours.get("CoverageHoursPercentage")),
        _number(hours.get("ReservedHours")),
        _number(hours.get("TotalRunningHours")),
        None,
        _money(cost.get("OnDemandCost"), currency),
    )


def _utilisation(
    time: Mapping[str, Any], of: Mapping[str, Any], figures: Mapping[str, Any], currency: str
) -> Utilisation:
    return Utilisation(
        str(time.get("Start", "")),
        str(time.get("End", "")),
        dict(of),
        _share(figures.get("UtilizationPercentage")),
        _number(figures.get("PurchasedHours")),
        _number(figures.get("TotalActualHours")),
        None,
        _money(figures.get("RICostForUnusedHours"), currency),
        _money(figures.get("OnDemandCostOfRIHoursUsed"), currency),
        _money(figures.get("TotalAmortizedFee"), currency),
        _money(figures.get("NetRISavings"), currency),
    )


def _plan_used(row: Mapping[str, Any], currency: str) -> Utilisation:
    time, used = row.get("TimePeriod") or {}, row.get("Utilization") or {}
    savings, paid = row.get("Savings") or {}, row.get("AmortizedCommitment") or {}
    return Utilisation(
        str(time.get("Start", "")),
        str(time.get("End", "")),
        dict(row.get("Attributes") or {}),
        _share(used.get("UtilizationPercentage")),
        None,
        None,
        _money(used.get("TotalCommitment"), currency),
        _money(used.get("UnusedCommitment"), currency),
        _money(savings.get("OnDemandCostEquivalent"), currency),
        _money(paid.get("TotalAmortizedCommitment"), currency),
        _money(savings.get("NetSavings"), currency),
    )


def _reservation_advice(part: Mapping[str, Any], detail: Mapping[str, Any], currency: str) -> Advice:
    money = str(detail.get("CurrencyCode") or currency)
    made = [
        each for group in ("InstanceDetails", "ReservedCapacityDetails") for each in (detail.get(group) or {}).values()
    ]
    spec = (part.get("ServiceSpecification") or {}).get("EC2Specification") or {}
    offering = OfferingClass(str(spec.get("OfferingClass") or "STANDARD").lower())
    count = detail.get("RecommendedNumberOfInstancesToPurchase") or detail.get(
        "RecommendedNumberOfCapacityUnitsToPurchase"
    )
    return Advice(
        str(detail.get("AccountId", "")),
        {name: str(value) for each in made for name, value in each.items()},
        None,
        _terms(part, offering),
        _number(count),
        None,
        _money(detail.get("UpfrontCost"), money),
        _money(detail.get("EstimatedMonthlySavingsAmount"), money),
        _share(detail.get("EstimatedMonthlySavingsPercentage")),
        _share(detail.get("AverageUtilization")),
        _number(detail.get("EstimatedBreakEvenInMonths")),
    )


def _plan_advice(part: Mapping[str, Any], detail: Mapping[str, Any], currency: str) -> Advice:
    money = str(detail.get("CurrencyCode") or currency)
    made = detail.get("SavingsPlansDetails") or {}
    return Advice(
        str(detail.get("AccountId", "")),
        {name: str(value) for name, value in made.items() if value},
        next((kind for kind, word in PLANS.items() if word == part.get("SavingsPlansType")), None),
        _terms(part, OfferingClass.STANDARD),
        None,
        _money(detail.get("HourlyCommitmentToPurchase"), money),
        _money(detail.get("UpfrontCost"), money),
        _money(detail.get("EstimatedMonthlySavingsAmount"), money),
        _share(detail.get("EstimatedSavingsPercentage")),
        _share(detail.get("EstimatedAverageUtilization")),
        None,
    )


def _terms(part: Mapping[str, Any], offering: OfferingClass) -> Terms | None:
    years = next((years for years, word in YEARS.items() if word == part.get("TermInYears")), None)
    payment = next((each for each, word in PAYMENTS.items() if word == part.get("PaymentOption")), None)
    return Terms(years, payment, offering) if years and payment else None


def _number(value: object) -> Decimal | None:
    """A number as AWS writes it; None where it writes nothing, or `N/A`."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _share(value: object) -> Decimal | None:
    found = _number(value)
    return None if found is None else found / 100


def _money(value: object, currency: str) -> Money | None:
    found = _number(value)
    return None if found is None else Money(found, currency)
