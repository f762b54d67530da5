"""What is asked of Cost Explorer, as data: one question an operation and service, with what reads its answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from lamplighter.commitments import explorer_answers as answers
from lamplighter.commitments.explorer import Asked, Explorer
from lamplighter.commitments.explorer_answers import LOOKBACKS, PAYMENTS, PLANS, YEARS, Advice, Coverage, Utilisation
from lamplighter.commitments.model import PlanKind
from lamplighter.errors import LamplighterError
from lamplighter.pricing.offers import Payment, Terms

Record = Coverage | Utilisation | Advice

COVERAGE: Final = "coverage"
UTILISATION: Final = "utilisation"
RECOMMENDATIONS: Final = "recommendations"
TOPICS: Final = (COVERAGE, UTILISATION, RECOMMENDATIONS)

SAVINGS_PLANS: Final = "savings-plans"
SERVICES: Final = MappingProxyType(
    {
        "ec2": "Amazon Elastic Compute Cloud - Compute",
        "rds": "Amazon Relational Database Service",
        "elasticache": "Amazon ElastiCache",
        "opensearch": "Amazon OpenSearch Service",
        "redshift": "Amazon Redshift",
        "dynamodb": "Amazon DynamoDB",
    }
)
"""Services with reservations, and how Cost Explorer names them."""

DATABASE_TERMS: Final = (1, Payment.NO_UPFRONT)
"""The only terms of Database Savings Plans (Savings Plans User Guide, "Database Savings Plans")."""

PERMISSIONS: Final = MappingProxyType(
    {
        "get_reservation_coverage": "ce:GetReservationCoverage",
        "get_reservation_utilization": "ce:GetReservationUtilization",
        "get_reservation_purchase_recommendation": "ce:GetReservationPurchaseRecommendation",
        "get_savings_plans_coverage": "ce:GetSavingsPlansCoverage",
        "get_savings_plans_utilization": "ce:GetSavingsPlansUtilization",
        "get_savings_plans_utilization_details": "ce:GetSavingsPlansUtilizationDetails",
        "get_savings_plans_purchase_recommendation": "ce:GetSavingsPlansPurchaseRecommendation",
    }
)
"""The IAM action of each operation."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        topic: one of `TOPICS`.
        service: key of `SERVICES`, or `savings-plans`.
        operation: as a method of boto3's client.
        params: as boto3 takes them.
        read: pages and currency to records.
    """

    topic: str
    service: str
    operation: str
    params: Map[str, Any]
    read: Callable[[Iterable[Map[str, Any]], str], Sequence[Record]]


@dataclass(frozen=True, slots=True)
class Replied:
    """What came of a question.

    Attributes:
        question: the question.
        records: what AWS states; empty with `error`, and where AWS has nothing to say.
        asked: the answer it was read from; None with `error`.
        error: why there is none.
    """

    question: Question
    records: Sequence[Record] = ()
    asked: Asked | None = None
    error: LamplighterError | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Attributes:
        start: first day.
        end: first day after it.
        terms: of recommendations; the offering class counts for EC2.
        lookback: days that recommendations look at: 7, 30 or 60.
        payer: whether recommendations are for the organisation as a whole, else for each account.
        topics: some of `TOPICS`.
        services: keys of `SERVICES`, and `savings-plans`.
        granularity: `DAILY`, `MONTHLY`, or empty for one figure of the whole time.
        group_by: dimensions of reservation coverage, `INSTANCE_TYPE`, `REGION`, `LINKED_ACCOUNT`, ...; AWS takes them
            without a granularity only.
    """

    start: date
    end: date
    terms: Terms
    lookback: int = 30
    payer: bool = True
    topics: Collection[str] = TOPICS
    services: Collection[str] = field(default_factory=lambda: (*SERVICES, SAVINGS_PLANS))
    granularity: str = ""
    group_by: Sequence[str] = ()


def questions(wanted: Wanted) -> list[Question]:
    """The questions that tell what is wanted, in the order of `TOPICS`."""
    found: list[Question] = []
    time = {"TimePeriod": {"Start": wanted.start.isoformat(), "End": wanted.end.isoformat()}}
    grain = {"Granularity": wanted.granularity} if wanted.granularity else {}
    groups = {"GroupBy": [{"Type": "DIMENSION", "Key": key} for key in wanted.group_by]} if wanted.group_by else {}
    services = [name for name in SERVICES if name in wanted.services]
    plans = SAVINGS_PLANS in wanted.services
    if COVERAGE in wanted.topics:
        for name in services:
            params = {**time, **grain, **groups, **_only(name)}
            found.append(Question(COVERAGE, name, "get_reservation_coverage", params, answers.reservation_coverage))
        if plans:
            # Without a granularity it would answer day by day.
            params = {**time, "Granularity": wanted.granularity or "MONTHLY"}
            found.append(Question(COVERAGE, SAVINGS_PLANS, "get_savings_plans_coverage", params, answers.plan_coverage))
    if UTILISATION in wanted.topics:
        for name in services:
            params = {**time, **grain, **_only(name)}
            found.append(
                Question(UTILISATION, name, "get_reservation_utilization", params, answers.reservation_utilisation)
            )
        if plans:
            operation = "get_savings_plans_utilization" if grain else "get_savings_plans_utilization_details"
            found.append(Question(UTILISATION, SAVINGS_PLANS, operation, {**time, **grain}, answers.plan_utilisation))
    if RECOMMENDATIONS in wanted.topics:
        found += _advice(wanted, services, plans=plans)
    return found


def _only(service: str) -> dict[str, Any]:
    return {"Filter": {"Dimensions": {"Key": "SERVICE", "Values": [SERVICES[service]]}}}


def _advice(wanted: Wanted, services: Sequence[str], *, plans: bool) -> list[Question]:
    common = {
        "AccountScope": "PAYER" if wanted.payer else "LINKED",
        "LookbackPeriodInDays": LOOKBACKS[wanted.lookback],
        "TermInYears": YEARS[wanted.terms.years],
        "PaymentOption": PAYMENTS[wanted.terms.payment],
    }
    found = []
    for name in services:
        params: dict[str, Any] = {**common, "Service": SERVICES[name]}
        if name == "ec2":
            spec = {"OfferingClass": wanted.terms.offering_class.upper()}
            params["ServiceSpecification"] = {"EC2Specification": spec}
        operation = "get_reservation_purchase_recommendation"
        found.append(Question(RECOMMENDATIONS, name, operation, params, answers.reservation_advice))
    if plans:
        operation = "get_savings_plans_purchase_recommendation"
        for kind, word in PLANS.items():
            if kind is not PlanKind.DATABASE or (wanted.terms.years, wanted.terms.payment) == DATABASE_TERMS:
                params = {**common, "SavingsPlansType": word}
                found.append(Question(RECOMMENDATIONS, SAVINGS_PLANS, operation, params, answers.plan_advice))
    return found


def ask_all(explorer: Explorer, asked: Iterable[Question], currency: str = "USD") -> list[Replied]:
    """Ask questions one after the other; one that fails, or that the budget refuses, stops no other.

    Args:
        explorer: asks within its budget; what is kept costs nothing.
        asked: the questions.
        currency: of amounts that AWS states without one.
    """
    return [_ask(explorer, question, currency) for question in asked]


def _ask(explorer: Explorer, question: Question, currency: str) -> Replied:
    try:
        answer = explorer.ask(question.operation, question.params)
        return Replied(question, question.read(answer.pages, currency), answer)
    except LamplighterError as error:
        return Replied(question, error=error)
