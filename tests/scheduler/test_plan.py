from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scheduler.conftest import HERE, MONDAY, OFFICE, configuration
from tests.scheduler.test_states import RESOURCE

from lamplighter.errors import GuardrailError
from lamplighter.resources.kind import Resource
from lamplighter.resources.registry import kinds
from lamplighter.scheduler.plan import Step, guard, may_be_sent, plan_target
from lamplighter.scheduler.sections import GuardrailsDefinition
from lamplighter.scheduler.states import StateRecord
from lamplighter.schedules.decision import Action, Decision, Live, Stored
from lamplighter.schedules.overrides import Hold, Override

CONFIG = configuration(OFFICE + "  sleepy: {periods: office, hibernate: true}\n")
NINE = MONDAY + timedelta(hours=9)


def plan(*resources: Resource, unsettled: frozenset[str] = frozenset()) -> list[Step]:
    return plan_target(CONFIG, HERE, resources, {}, [], NINE, unsettled)


@pytest.mark.parametrize(
    ("resource", "rule", "reason"),
    [
        (replace(RESOURCE, tags={"lamplighter:opt-out": "x"}), "opt-out", "it has the tag lamplighter:opt-out"),
        (replace(RESOURCE, unsupported="it is a read replica"), "unsupported", "it is a read replica"),
        (replace(RESOURCE, schedule=None), "no-schedule", "it has no tag Schedule"),
    ],
)
def test_what_is_kept_whatever_its_schedule_says(resource: Resource, rule: str, reason: str) -> None:
    [step] = plan(resource)
    assert (step.decision.action, step.decision.store) == (Action.NONE, Stored.UNKNOWN)
    assert (step.decision.rule, step.decision.reason) == (rule, reason)
    assert not step.acts


def test_what_is_not_settled_waits() -> None:
    record = StateRecord(RESOURCE.key, Stored.STOPPED, "office", "web", MONDAY, "", "", 4)
    [step] = plan_target(CONFIG, HERE, [RESOURCE], {RESOURCE.key: record}, [], NINE, frozenset({RESOURCE.key}))
    assert (step.decision.rule, step.decision.store) == ("wait", Stored.STOPPED)
    assert step.decision.reason == "an earlier action on it is not settled while it is stopped"
    assert step.record is record


def test_opt_out_is_stronger_than_an_override() -> None:
    override = Override("o", Hold.STOPPED, "i-1", NINE + timedelta(hours=1), "", "ada", MONDAY)
    kept = replace(RESOURCE, tags={"lamplighter:opt-out": ""})
    [step] = plan_target(CONFIG, HERE, [kept], {}, [override], NINE)
    assert step.decision.rule == "opt-out"


def test_hibernate_comes_from_the_schedule() -> None:
    steps = plan(RESOURCE, replace(RESOURCE, id="i-2", schedule="sleepy"), replace(RESOURCE, id="i-3", schedule="none"))
    assert [step.hibernate for step in steps] == [False, True, False]


def test_the_order_is_that_of_the_resources() -> None:
    many = [replace(RESOURCE, id=f"i-{n}") for n in (3, 1, 2)]
    assert [step.resource.id for step in plan(*many)] == ["i-3", "i-1", "i-2"]


def steps_of(acting: int, quiet: int) -> list[Step]:
    act = Decision(Action.START, Stored.RUNNING, "", "schedule")
    rest = Decision(Action.NONE, Stored.RUNNING, "", "unchanged")
    return [Step(HERE, RESOURCE, None, act)] * acting + [Step(HERE, RESOURCE, None, rest)] * quiet


@given(st.integers(0, 30), st.integers(0, 30), st.none() | st.integers(0, 30), st.none() | st.integers(0, 100))
def test_the_guard(acting: int, quiet: int, most: int | None, percent: int | None) -> None:
    limits = GuardrailsDefinition(max_changes=most, max_changes_percent=percent)
    too_many = most is not None and acting > most
    too_much = percent is not None and acting > 0 and acting / (acting + quiet) * 100 > percent + 1e-9
    if too_many or too_much:
        with pytest.raises(GuardrailError) as refusal:
            guard(limits, steps_of(acting, quiet))
        assert str(acting) in str(refusal.value)
        assert refusal.value.hint
    else:
        guard(limits, steps_of(acting, quiet))


def test_what_the_guard_says() -> None:
    with pytest.raises(GuardrailError, match="would change 3 resources; guardrails allow 2"):
        guard(GuardrailsDefinition(max_changes=2), steps_of(3, 7))
    with pytest.raises(GuardrailError, match="would change 3 of 10 resources; guardrails allow 29 %"):
        guard(GuardrailsDefinition(max_changes_percent=29), steps_of(3, 7))
    guard(GuardrailsDefinition(max_changes_percent=0), steps_of(0, 0))


@pytest.mark.parametrize(
    ("state", "live", "action", "sent"),
    [
        ("stopped", Live.STOPPED, Action.START, True),
        ("terminated", Live.STOPPED, Action.START, False),
        ("running", Live.RUNNING, Action.STOP, True),
        ("rebooting", Live.RUNNING, Action.STOP, False),
        ("running", Live.PARTLY, Action.START, True),
        ("rebooting", Live.RUNNING, Action.NONE, True),
    ],
)
def test_an_action_is_sent_only_in_the_states_its_kind_allows(
    state: str, live: Live, action: Action, sent: bool
) -> None:
    one = replace(RESOURCE, state=state, live=live)
    assert may_be_sent(kinds()["ec2-instance"], one, action) is sent
    assert may_be_sent(None, one, action)


def test_a_state_the_kind_does_not_allow_is_said_and_waited_for() -> None:
    one = replace(RESOURCE, state="rebooting", live=Live.RUNNING)
    (step,) = plan_target(CONFIG, HERE, [one], {}, [], MONDAY + timedelta(hours=20))
    assert (step.decision.action, step.decision.rule) == (Action.NONE, "wait")
    assert "no stop is sent while it is rebooting" in step.decision.reason
