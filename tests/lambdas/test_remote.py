"""Remote: what may be run from afar, and plain events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.lambdas.conftest import ENVIRON, Context, Hub
from tests.scheduler.conftest import HERE

from lamplighter.lambdas.remote import answer


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("next", "must be a list of words"),
        ([], "must be a list of words"),
        ([1], "must be a list of words"),
        (["run"], "'run' is not run from afar"),
        (["schedules", "delete", "x"], "'schedules delete' is not run from afar"),
        (["next", "--file", "/etc/passwd"], "--file is not taken from afar"),
        (["next", "--file=/etc/passwd"], "--file is not taken from afar"),
        (["plan", "-f", "/etc/passwd"], "-f is not taken from afar"),
        (["plan", "-vf", "/etc/passwd"], "-vf is not taken from afar"),
        (["plan", "-f/etc/passwd"], "-f/etc/passwd is not taken from afar"),
        (["plan", "--endpoint-url", "http://192.0.2.1"], "--endpoint-url is not taken from afar"),
    ],
)
def test_what_is_not_allowed_is_refused(hub: Hub, command: object, words: str) -> None:
    told = answer({"command": command}, Context(), hub.runtime)
    assert told["code"] == 2
    assert words in told["err"]


@pytest.mark.slow
def test_a_command_runs_with_the_definitions_that_are_kept() -> None:
    hub = Hub(environ={**ENVIRON, "AWS_REGION": "eu-west-1"})
    told = answer({"command": ["schedules", "list", "-o", "json"]}, Context(), hub.runtime)
    assert told["code"] == 0, told["err"]
    assert {each["name"] for each in json.loads(told["out"])} >= {"office"}


def test_a_list_of_instances_is_started_and_stopped(hub: Hub) -> None:
    machine = hub.cloud.instance(schedule=None)
    given = {"account": HERE.account, "region": HERE.region, "instances": [machine], "author": "ada"}
    told = answer({"action": "start", **given}, Context(), hub.runtime)
    assert (told["code"], told["done"]) == (0, [machine])
    assert hub.cloud.state(machine) == "running"
    again = answer({"action": "start", **given}, Context(), hub.runtime)
    assert (again["done"], list(again["left"])) == ([], [machine])
    answer({"action": "stop", **given, "time": "2026-11-23T08:55:00Z"}, Context(), hub.runtime)
    assert hub.cloud.state(machine) == "stopped"


def test_an_old_wish_is_not_obeyed(hub: Hub) -> None:
    machine = hub.cloud.instance(schedule=None)
    given = {"account": HERE.account, "region": HERE.region, "resources": [machine], "time": "2026-11-23T03:00:00Z"}
    told = answer({"action": "start", **given}, Context(), hub.runtime)
    assert told["code"] == 2
    assert "too old to be obeyed" in told["err"]
    assert hub.cloud.state(machine) == "stopped"


def test_what_is_not_there_is_said(hub: Hub) -> None:
    given = {"action": "stop", "account": HERE.account, "region": HERE.region, "resources": ["i-0123456789abcdef0"]}
    told = answer(given, Context(), hub.runtime)
    assert told["code"] == 1
    assert "not found in 1 targets" in told["err"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"action": "terminate"}, "action is 'terminate'"),
        ({"region": "here"}, "region is 'here'"),
        ({"account": 111122223333}, "account is 111122223333"),
        ({"resources": "i-1"}, "must be a list of ids"),
        ({"resources": []}, "must be a list of ids"),
        ({"hibernate": "yes"}, "hibernate is 'yes'"),
        ({"time": "noon"}, "time is 'noon'"),
        ({"time": "2026-11-23T09:00"}, "has no time zone"),
        ({"zone": "a"}, "there is no 'zone'"),
    ],
)
def test_wishes_that_are_none_are_refused(hub: Hub, change: dict[str, Any], words: str) -> None:
    given = {"action": "start", "account": HERE.account, "region": HERE.region, "resources": ["i-1"], **change}
    told = answer(given, Context(), hub.runtime)
    assert told["code"] == 2
    assert words in told["err"]


@pytest.mark.parametrize("shape", [None, [], "start"])
def test_what_is_no_event_is_refused(hub: Hub, shape: object) -> None:
    assert answer(shape, Context(), hub.runtime)["err"] == "the event is no mapping"
