"""Schedules that are as they should be, and that are not."""

from __future__ import annotations

from tests.deploy.health.conftest import DENIED, health

TYPE = "AWS::Scheduler::Schedule"


def schedules(**states: str) -> dict[str, list[dict[str, str]]]:
    return {"Schedules": [{"Name": name, "State": state, "GroupName": "lit"} for name, state in states.items()]}


def test_on_off_and_gone() -> None:
    # A name may begin another one.
    both = schedules(it="ENABLED", it_too="DISABLED")
    assert health(TYPE, list_schedules=both) == ("ok", "on", "")
    hint = "enable it, unless it was put off on purpose (SchedulingActive)"
    assert health(TYPE, list_schedules=schedules(it="DISABLED", it_too="ENABLED")) == ("fail", "it is off", hint)
    assert health(TYPE, list_schedules=schedules(it_too="ENABLED"))[:2] == ("fail", "it is not there")
    assert health(TYPE, list_schedules=DENIED)[0] == "not known"
