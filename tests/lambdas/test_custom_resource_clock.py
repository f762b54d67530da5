"""The clock's own custom resource: the stack of the hub lets it look at once, and is told when it cannot."""

from __future__ import annotations

from typing import Any

import pytest
from tests.lambdas.conftest import Stack

from lamplighter.errors import AccessDenied
from lamplighter.lambdas import clock
from lamplighter.lambdas.custom_resource import CLOCK


def test_the_clock_looks_at_everything_anew_when_its_own_stack_changes(stack: Stack) -> None:
    scheduler = stack.hub.aws.scheduler
    del scheduler.schedules["wake"]
    told = stack.create({"TagName": "Schedule"}, ResourceType=CLOCK)
    assert (told["Status"], told["PhysicalResourceId"]) == ("SUCCESS", "lamplighter/wake")
    assert (stack.hub.alarm, scheduler.schedule["State"]) == ("at(2026-11-23T09:00:05)", "ENABLED")
    assert clock.answer({}, stack.hub.runtime)["messages"] == 2
    assert clock.answer({}, stack.hub.runtime)["messages"] == 0
    scheduler.schedules["clock"]["State"] = "DISABLED"
    assert stack.ask("Update", {"TagName": "Lit"}, ResourceType=CLOCK)["Status"] == "SUCCESS"
    assert scheduler.schedule["State"] == "DISABLED", "scheduling was switched off"
    assert clock.answer({}, stack.hub.runtime)["messages"] == 2
    calls = len(scheduler.calls)
    assert stack.ask("Delete", ResourceType=CLOCK)["Status"] == "SUCCESS"
    assert len(scheduler.calls) == calls


def test_a_clock_that_cannot_be_woken_is_told_to_its_stack(stack: Stack) -> None:
    stack.hub.aws.scheduler.schedules.clear()
    told = stack.ask("Create", {}, ResourceType=CLOCK)
    assert (told["Status"], told["Reason"], stack.pauses) == ("FAILED", "Schedule clock does not exist.", [])


@pytest.mark.parametrize(("refusals", "status", "pauses"), [(2, "SUCCESS", 2), (99, "FAILED", 5)])
def test_a_role_that_is_too_new_is_waited_for(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, refusals: int, status: str, pauses: int
) -> None:
    left, look = [AccessDenied("not authorized")] * refusals, stack.hub.aws.scheduler.call

    def call(*args: Any, **params: Any) -> Any:
        if left:
            raise left.pop()
        return look(*args, **params)

    monkeypatch.setattr(stack.hub.aws.scheduler, "call", call)
    assert stack.ask("Create", {}, ResourceType=CLOCK)["Status"] == status
    assert stack.pauses == [8] * pauses
