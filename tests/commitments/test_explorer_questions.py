from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from botocore import xform_name
from tests.commitments.conftest import HERE, NOW
from tests.models import check_request

from lamplighter.commitments.explorer import Explorer
from lamplighter.commitments.explorer_questions import (
    COVERAGE,
    PERMISSIONS,
    RECOMMENDATIONS,
    SAVINGS_PLANS,
    UTILISATION,
    Wanted,
    ask_all,
    questions,
)
from lamplighter.errors import AccessDenied, GuardrailError
from lamplighter.estate import wire
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass, Payment, Terms
from lamplighter.store.memory import MemoryStore

WANTED = Wanted(date(2026, 10, 1), date(2026, 11, 1), Terms(1, Payment.NO_UPFRONT))
NAMES = {xform_name(action.removeprefix("ce:")): action.removeprefix("ce:") for action in PERMISSIONS.values()}


@pytest.mark.parametrize(
    "wanted",
    [
        WANTED,
        replace(WANTED, granularity="DAILY"),
        replace(WANTED, group_by=("REGION", "INSTANCE_TYPE"), payer=False, lookback=7),
        replace(WANTED, terms=Terms(3, Payment.ALL_UPFRONT, OfferingClass.CONVERTIBLE)),
    ],
)
def test_every_question_is_one_that_aws_takes(wanted: Wanted) -> None:
    for question in questions(wanted):
        shape = wire.operation("ce", NAMES[question.operation]).input_shape
        check_request("ce", question.operation, question.params)
        for name, value in question.params.items():
            known = getattr(shape.members[name], "enum", None)
            assert not known or value in known


def test_every_action_is_declared() -> None:
    assert {xform_name(action.removeprefix("ce:")) for action in PERMISSIONS.values()} == set(PERMISSIONS)
    asked = {one.operation for grain in ("", "DAILY") for one in questions(replace(WANTED, granularity=grain))}
    assert asked == set(PERMISSIONS)


def test_how_many_questions_there_are() -> None:
    assert Counter(one.topic for one in questions(WANTED)) == {COVERAGE: 7, UTILISATION: 7, RECOMMENDATIONS: 10}
    only = replace(WANTED, topics=(RECOMMENDATIONS,), services=("rds", SAVINGS_PLANS))
    assert [one.service for one in questions(only)] == ["rds", *[SAVINGS_PLANS] * 4]


def test_database_plans_have_one_kind_of_terms() -> None:
    long = replace(WANTED, terms=Terms(3, Payment.NO_UPFRONT), topics=(RECOMMENDATIONS,), services=(SAVINGS_PLANS,))
    assert [one.params["SavingsPlansType"] for one in questions(long)] == [
        "COMPUTE_SP",
        "EC2_INSTANCE_SP",
        "SAGEMAKER_SP",
    ]


class Answers:
    target = HERE

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        if operation == "get_reservation_utilization":
            raise AccessDenied("refused")
        answer: dict[str, Any] = {"CoveragesByTime": [], "Total": {"CoverageHours": {"CoverageHoursPercentage": "50"}}}
        return wire.parsed(service, NAMES[operation], answer)

    def pages(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


def test_one_that_fails_stops_no_other() -> None:
    some = replace(WANTED, topics=(COVERAGE, UTILISATION), services=("ec2", "rds"))
    explorer = Explorer(Answers(), MemoryStore(), NOW, budget=Money(Decimal("0.01"), "USD"))
    replies = ask_all(explorer, questions(some))
    assert [type(one.error) for one in replies] == [type(None), GuardrailError, GuardrailError, GuardrailError]
    assert replies[0].records[0].share == Decimal("0.5")  # type: ignore[union-attr]
    richer = Explorer(Answers(), MemoryStore(), NOW)
    replies = ask_all(richer, questions(some))
    assert [type(one.error) for one in replies] == [type(None), type(None), AccessDenied, AccessDenied]
    assert richer.spent == Money(Decimal("0.02"), "USD")
