from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.commitments.conftest import HERE, NOW

from lamplighter.aws.targets import Target
from lamplighter.commitments.explorer import Explorer
from lamplighter.errors import AccessDenied, AwsError, GuardrailError, LamplighterError, Unreachable
from lamplighter.estate import wire
from lamplighter.pricing.money import Money
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import Store

COVERAGE = "get_savings_plans_coverage"
PARAMS = {"TimePeriod": {"Start": "2026-10-01", "End": "2026-11-01"}}
RECENT = {"TimePeriod": {"Start": "2026-11-01", "End": "2026-11-20"}}


def page(cost: str, token: str = "") -> dict[str, Any]:
    more = {"NextToken": token} if token else {}
    return {"SavingsPlansCoverages": [{"Coverage": {"OnDemandCost": cost}}], **more}


class Answers:
    """Answers one call after the other, each held against botocore's model."""

    def __init__(self, *answers: Mapping[str, Any] | LamplighterError, target: Target = HERE) -> None:
        self._answers = list(answers)
        self.target = target
        self.asked: list[Mapping[str, Any]] = []

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        wire.check(wire.operation(service, "GetSavingsPlansCoverage").input_shape, params, operation)
        self.asked.append(params)
        answer = self._answers.pop(0)
        if isinstance(answer, LamplighterError):
            raise answer
        return wire.parsed(service, "GetSavingsPlansCoverage", answer)

    def pages(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


def costs(pages: Sequence[Mapping[str, Any]]) -> list[str]:
    return [row["Coverage"]["OnDemandCost"] for page in pages for row in page["SavingsPlansCoverages"]]


@pytest.fixture
def store() -> Store:
    return MemoryStore()


def test_every_page_is_counted_and_paid_for_once(store: Store) -> None:
    session = Answers(page("1", "a"), page("2"))
    explorer = Explorer(session, store, NOW)
    found = explorer.ask(COVERAGE, PARAMS)
    assert (costs(found.pages), found.paid, found.kept, found.as_of) == (["1", "2"], 2, 0, NOW)
    assert session.asked == [PARAMS, {**PARAMS, "NextToken": "a"}]
    assert explorer.spent == Money(Decimal("0.02"), "USD")

    later = Explorer(Answers(), store, NOW + timedelta(hours=1))
    assert later.knows(COVERAGE, PARAMS)
    again = later.ask(COVERAGE, PARAMS)
    assert (costs(again.pages), again.paid, again.kept, again.as_of) == (["1", "2"], 0, 2, NOW)
    assert (later.spent, later.saved) == (Money(Decimal("0.00"), "USD"), 2)


def test_another_question_or_account_is_another_answer(store: Store) -> None:
    Explorer(Answers(page("1")), store, NOW).ask(COVERAGE, PARAMS)
    explorer = Explorer(Answers(), store, NOW)
    assert not explorer.knows(COVERAGE, RECENT)
    assert not explorer.knows("get_reservation_coverage", PARAMS)
    assert not Explorer(Answers(target=Target("444455556666", "us-east-1")), store, NOW).knows(COVERAGE, PARAMS)


@pytest.mark.parametrize(
    ("params", "age", "known"),
    [
        (PARAMS, timedelta(days=29), True),
        (PARAMS, timedelta(days=30), False),
        (RECENT, timedelta(hours=11), True),
        (RECENT, timedelta(hours=12), False),
        ({}, timedelta(hours=11), True),
        ({}, timedelta(hours=12), False),
    ],
)
def test_how_long_answers_are_good(params: Mapping[str, Any], age: timedelta, known: bool, store: Store) -> None:
    class Empty(Answers):
        def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
            return {"Recommendations": []}

    Explorer(Empty(), store, NOW).ask(COVERAGE, params)
    assert Explorer(Answers(), store, NOW + age).knows(COVERAGE, params) is known


def test_refresh_asks_again_and_replaces(store: Store) -> None:
    Explorer(Answers(page("1", "a"), page("2")), store, NOW).ask(COVERAGE, PARAMS)
    later = NOW + timedelta(minutes=1)
    fresh = Explorer(Answers(page("3")), store, later, refresh=True)
    assert costs(fresh.ask(COVERAGE, PARAMS).pages) == ["3"]
    kept = Explorer(Answers(), store, later).ask(COVERAGE, PARAMS)
    assert costs(kept.pages) == ["3"]
    assert kept.as_of == later


def test_the_budget_refuses_before_the_call(store: Store) -> None:
    session = Answers(page("1", "a"), page("2", "b"), page("3"))
    explorer = Explorer(session, store, NOW, budget=Money(Decimal("0.02"), "USD"))
    with pytest.raises(GuardrailError, match=r"0\.02 USD of 0\.02 USD are spent") as refused:
        explorer.ask(COVERAGE, PARAMS)
    assert "--budget" in refused.value.hint
    assert len(session.asked) == 2
    with pytest.raises(GuardrailError):
        Explorer(Answers(), store, NOW, budget=Money(Decimal("0.009"), "USD")).ask(COVERAGE, RECENT)


def test_what_was_cut_off_goes_on_where_it_stopped(store: Store) -> None:
    with pytest.raises(GuardrailError):
        Explorer(Answers(page("1", "a")), store, NOW, budget=Money(Decimal("0.01"), "USD")).ask(COVERAGE, PARAMS)
    session = Answers(page("2"))
    explorer = Explorer(session, store, NOW + timedelta(minutes=5))
    assert not explorer.knows(COVERAGE, PARAMS)
    found = explorer.ask(COVERAGE, PARAMS)
    assert (costs(found.pages), found.paid, found.kept) == (["1", "2"], 1, 1)
    assert session.asked == [{**PARAMS, "NextToken": "a"}]


def test_after_an_hour_it_begins_anew(store: Store) -> None:
    with pytest.raises(AccessDenied):
        Explorer(Answers(page("1", "a"), AccessDenied("no")), store, NOW).ask(COVERAGE, PARAMS)
    found = Explorer(Answers(page("5")), store, NOW + timedelta(hours=1)).ask(COVERAGE, PARAMS)
    assert (costs(found.pages), found.paid) == (["5"], 1)


def test_a_refusal_costs_nothing_and_a_lost_answer_is_counted(store: Store) -> None:
    explorer = Explorer(Answers(AccessDenied("no"), Unreachable("gone")), store, NOW)
    with pytest.raises(AccessDenied):
        explorer.ask(COVERAGE, PARAMS)
    assert explorer.paid == 0
    with pytest.raises(Unreachable):
        explorer.ask(COVERAGE, PARAMS)
    assert explorer.paid == 1


def test_a_token_that_comes_again_does_not_burn_money(store: Store) -> None:
    explorer = Explorer(Answers(page("1", "a"), page("2", "a")), store, NOW)
    with pytest.raises(AwsError, match="the same token again"):
        explorer.ask(COVERAGE, PARAMS)
    assert explorer.paid == 2


@pytest.mark.slow
def test_a_long_page_is_kept_in_parts(store: Store) -> None:
    long = {"SavingsPlansCoverages": [{"Coverage": {"OnDemandCost": str(n)}} for n in range(6000)]}
    Explorer(Answers(long), store, NOW).ask(COVERAGE, PARAMS)
    found = Explorer(Answers(), store, NOW).ask(COVERAGE, PARAMS)
    assert costs(found.pages) == [str(n) for n in range(6000)]
