"""Declarations of handlers: whole, and within what Lambda allows."""

import ast
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest
from tests.lambdas.conftest import EVENTS

from lamplighter.deploy.handlers import _TARGETS, HANDLERS, Event, Every, Group, Handler, On, Queue, Stack
from lamplighter.deploy.metrics import METRICS
from lamplighter.scheduler.change_calendars import PERMISSIONS


def test_handlers_are_those_of_the_stack() -> None:
    assert sorted(HANDLERS) == sorted(
        ["clock", "passes", "events", "collect", "ingest", "report", "custom_resource", "remote"]
    )
    assert HANDLERS["clock"].entry == "lamplighter.lambdas.clock.handler"


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=lambda each: each.name)
def test_handler_is_within_what_lambda_allows(handler: Handler) -> None:
    assert 128 <= handler.memory <= 10_240
    assert 1 <= handler.timeout <= 900
    assert 512 <= handler.disk <= 10_240
    assert handler.triggers
    for on, actions in handler.permissions.items():
        assert actions, on
        assert len(set(actions)) == len(actions)
        assert all("*" not in action and action.count(":") == 1 for action in actions)


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=lambda each: each.name)
def test_who_reads_the_definitions_may_read_the_change_calendars_among_them(handler: Handler) -> None:
    module = find_spec(f"lamplighter.lambdas.{handler.name}")
    assert module is not None
    assert module.origin is not None
    names = {
        node.attr for node in ast.walk(ast.parse(Path(module.origin).read_text())) if isinstance(node, ast.Attribute)
    }
    reads = bool(names & {"configuration", "calendar"})
    assert reads == (handler.name != "ingest")
    assert (set(PERMISSIONS) <= set(handler.permissions.get(On.ALL, ()))) == reads


def test_rules_have_names_of_their_own_and_patterns_of_lists() -> None:
    events = [one for each in HANDLERS.values() for one in each.triggers if isinstance(one, Event)]
    assert len({one.name for one in events}) == len(events) == len(SAMPLES)
    for one in events:
        source = json.loads(json.dumps(one.pattern))["source"]
        assert isinstance(source, list)
        assert source[0].startswith("aws.")


SAMPLES = {
    "tags": "tag_changed",
    "groups": "group_tagged",
    "instances": "instance_running",
    "databases": "database_started",
    "accounts": "account_created",
    "bills": "object_created",
}
"""An event that each rule is for, as its service documents it."""

PLACED = {"{tag}": "Schedule", "{bills}": "example-bills"}


def fits(pattern: Any, value: Any) -> bool:
    """Whether a rule takes an event.

    Source: EventBridge user guide, "Event patterns": all fields hold, of an array any member, of a list any word.
    """
    if isinstance(pattern, dict):
        values = value if isinstance(value, list) else [value]
        return any(isinstance(v, dict) and all(fits(p, v.get(key)) for key, p in pattern.items()) for v in values)
    if pattern == [{"exists": False}]:
        return value is None
    words = {PLACED.get(word, word) for word in pattern}
    return bool(words & set(value if isinstance(value, list) else [value]))


def changed(event: dict[str, Any], *path: str, to: Any) -> dict[str, Any]:
    """An event with another value at a place."""
    if not path:
        return cast("dict[str, Any]", to)
    return {**event, path[0]: changed(event.get(path[0], {}), *path[1:], to=to)}


def test_rules_take_the_events_that_they_are_for_and_no_other() -> None:
    patterns = {one.name: one.pattern for each in HANDLERS.values() for one in each.triggers if isinstance(one, Event)}
    told = {name: json.loads((EVENTS / f"{sample}.json").read_text()) for name, sample in SAMPLES.items()}
    told["bills"]["detail"]["bucket"]["name"] = PLACED["{bills}"]
    for rule, pattern in patterns.items():
        assert [name for name, event in told.items() if fits(pattern, event)] == [rule]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("detail", "eventName"), "UpdateAutoScalingGroup"),
        (("detail", "errorCode"), "AccessDenied"),
        (("detail", "requestParameters", "tags"), [{"key": "Team", "value": "web"}]),
        (("detail", "requestParameters"), None),
        (("detail-type",), "EC2 Instance Launch Successful"),
    ],
)
def test_calls_to_auto_scaling_that_change_no_schedule_are_not_forwarded(path: tuple[str, ...], value: object) -> None:
    told = json.loads((EVENTS / "group_tagged.json").read_text())
    (pattern,) = (one.pattern for one in HANDLERS["events"].triggers if isinstance(one, Event) and one.name == "groups")
    assert fits(pattern, told)
    assert not fits(pattern, changed(told, *path, to=value))


def test_what_needs_heavy_libraries_lies_in_the_data_zip() -> None:
    data = {name for name, each in HANDLERS.items() if each.group is Group.DATA}
    assert data == {"collect", "ingest", "report"}


def test_passes_take_messages_and_the_clock_looks_every_hour_at_least() -> None:
    (queue,) = HANDLERS["passes"].triggers
    assert isinstance(queue, Queue)
    rates = [one.expression for one in HANDLERS["clock"].triggers if isinstance(one, Every)]
    assert rates == ["rate(1 hour)"]
    (stack,) = HANDLERS["custom_resource"].triggers
    assert isinstance(stack, Stack)
    assert stack.types[0] == "Custom::ServiceInstanceSchedule"


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=lambda each: each.name)
def test_a_handler_writes_its_own_metrics_and_no_other_does(handler: Handler) -> None:
    # What a report tells of savings stands in a module of its own.
    trees = [_tree(name) for name in ((handler.name, "saved") if handler.name == "report" else (handler.name,))]
    written = {
        argument.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add"
        for part in node.args[:1]
        for argument in ast.walk(part)
        if isinstance(argument, ast.Constant) and argument.value in METRICS
    }
    own = {each.name for each in METRICS.values() if each.handler == handler.name}
    assert written - own == ({"Parked"} if handler.name in ("passes", "remote") else set())
    assert own <= written


def _tree(name: str) -> ast.Module:
    module = find_spec(f"lamplighter.lambdas.{name}")
    assert module is not None
    assert module.origin is not None
    return ast.parse(Path(module.origin).read_text())


def test_who_finds_out_targets_may_ask_the_organization_and_for_regions() -> None:
    asks = {name for name, each in HANDLERS.items() if "organizations:ListAccounts" in each.permissions.get(On.ALL, ())}
    assert asks == {"clock", "collect", "remote"}
    for name in asks:
        assert set(_TARGETS) <= set(HANDLERS[name].permissions[On.ALL])


def test_metrics_belong_to_handlers_and_have_units_of_cloudwatch() -> None:
    assert {each.handler for each in METRICS.values()} <= set(HANDLERS)
    assert {each.unit for each in METRICS.values()} == {"Count", "Seconds", "Milliseconds", "None"}
