"""Declarations of handlers: whole, and within what Lambda allows."""

import ast
import json
from importlib.util import find_spec
from pathlib import Path

import pytest

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
    assert len({one.name for one in events}) == len(events) == 5
    for one in events:
        source = json.loads(json.dumps(one.pattern))["source"]
        assert isinstance(source, list)
        assert source[0].startswith("aws.")


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
    assert written - own == ({"Parked"} if handler.name == "passes" else set())
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
