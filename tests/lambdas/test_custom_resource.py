"""Custom resources: property for property, replaced, cleaned up, and always answered."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, get_ident
from typing import Any

import pytest
from tests.lambdas.conftest import ENVIRON, Answers, Context, Hub, Stack, event, metrics

from lamplighter.errors import VersionConflict
from lamplighter.lambdas.custom_resource import answer
from lamplighter.scheduler import kept_definitions
from lamplighter.scheduler.overrides import list_overrides
from lamplighter.scheduler.parked import parked

NAME = "shop-my-renamed-sample-schedule"


def test_every_property_of_the_solution_becomes_its_field(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    told = stack.create()
    assert (told["Status"], told["PhysicalResourceId"], told["Data"]["ScheduleName"]) == ("SUCCESS", NAME, NAME)
    assert stack.answers.types == [""], "the URL is signed for an empty content type"
    assert stack.entries == {
        f"periods/{NAME}-period-0001": {
            "description": "run from 9-5 on the first 3 days of March",
            "begintime": "9:00",
            "endtime": "17:00",
            "monthdays": ["1-3"],
            "months": ["3"],
        },
        f"periods/{NAME}-period-0002": {
            "description": "run from 2pm-5pm on the weekends",
            "begintime": "14:00",
            "endtime": "17:00",
            "weekdays": ["Sat-Sun"],
        },
        f"schedules/{NAME}": {
            "description": "a full sample template for creating cfn schedules showing all possible values",
            "timezone": "America/New_York",
            "enforced": True,
            "hibernate": True,
            "retain_running": True,
            "stop_new_instances": True,
            "use_maintenance_window": True,
            "ssm_maintenance_window": ["my_window_name"],
            "periods": [f"{NAME}-period-0001@t2.micro", f"{NAME}-period-0002@t2.micro"],
        },
    }
    config = stack.hub.runtime.configuration()
    assert NAME in config.loaded.schedules
    assert config.problems == ()
    assert metrics(capsys.readouterr().out)["StackRequests"] == 1


def test_the_clock_looks_at_once(stack: Stack) -> None:
    stack.create()
    assert stack.hub.alarm == "at(2026-11-23T09:00:30)"


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"Name": "mine", "NoStackPrefix": "True"}, "mine"),
        ({"Name": "mine", "NoStackPrefix": "False"}, "shop-mine"),
        ({"Name": "mine"}, "shop-mine"),
        ({}, "shop-Office"),
        ({"NoStackPrefix": "true", "Timeout": "60", "Metrics": "Enabled"}, "Office"),
    ],
)
def test_names_are_those_of_the_solution(stack: Stack, properties: dict[str, str], name: str) -> None:
    told = stack.create({**properties, "OverrideStatus": "Running"})
    assert told["PhysicalResourceId"] == name
    assert stack.entries == {f"schedules/{name}": {"override_status": "running"}}


def test_an_update_drops_what_was_dropped(stack: Stack) -> None:
    stack.create()
    properties = event("stack_create")["ResourceProperties"]
    del properties["Periods"][0], properties["Enforced"]
    told = stack.ask("Update", properties)
    assert (told["Status"], told["PhysicalResourceId"]) == ("SUCCESS", NAME)
    assert sorted(stack.entries) == [f"periods/{NAME}-period-0001", f"schedules/{NAME}"]
    assert stack.entries[f"periods/{NAME}-period-0001"]["weekdays"] == ["Sat-Sun"]
    assert "enforced" not in stack.entries[f"schedules/{NAME}"]


def test_another_name_is_another_resource_and_the_old_one_is_deleted_after_it(stack: Stack) -> None:
    stack.create()
    properties = {**event("stack_create")["ResourceProperties"], "Name": "other"}
    told = stack.ask("Update", properties)
    assert told["PhysicalResourceId"] == "shop-other"
    assert len(stack.entries) == 6
    assert stack.ask("Delete", properties)["Status"] == "SUCCESS"
    assert sorted(stack.entries) == [
        "periods/shop-other-period-0001",
        "periods/shop-other-period-0002",
        "schedules/shop-other",
    ]


def test_a_delete_cleans_up_and_is_harmless_again(stack: Stack) -> None:
    stack.create()
    for _ in range(2):
        told = stack.ask("Delete")
        assert (told["Status"], told["PhysicalResourceId"]) == ("SUCCESS", NAME)
        assert stack.entries == {}


def test_a_request_again_changes_nothing(stack: Stack) -> None:
    stack.create()
    version = kept_definitions.version(stack.hub.store)
    assert stack.create()["Status"] == "SUCCESS"
    assert kept_definitions.version(stack.hub.store) == version


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Enforced": "perhaps"}, "Enforced must be true or false, not 'perhaps'"),
        ({"Enforced": ["True"]}, "Enforced must be true or false"),
        ({"Timezone": ["UTC"]}, "Timezone must be a text"),
        ({"Timezone": "Europe/Atlantis"}, "Europe/Atlantis"),
        ({"Periods": "office"}, "Periods must be a list"),
        ({"Periods": ["office"]}, "Periods[0] must be a mapping"),
        ({"Periods": [{"BeginTime": 9}]}, "Periods[0].BeginTime must be a text, not 9"),
        ({"Periods": [{"BeginTime": "25:00"}]}, "25:00"),
        ({"Periods": [{"WeekDays": {"a": "b"}}]}, "Periods[0].WeekDays must be a text or a list of texts"),
        ({"Periods": [{"Begintime": "09:00"}]}, "did you mean BeginTime?"),
        ({"Periods": [{}]}, "Periods[0] says no time"),
        ({"Periods": [{"Description": "x", "InstanceType": "t3.micro", "WeekDays": ""}]}, "Periods[0] says no time"),
        ({"Zone": "UTC"}, "there is no property Zone"),
        ({"OverrideStatus": "sleeping"}, "override_status"),
        ({"SsmMaintenanceWindow": [{"x": "y"}]}, "SsmMaintenanceWindow"),
    ],
)
def test_wrong_types_fail_with_the_reason_and_write_nothing(stack: Stack, change: Any, words: str) -> None:
    told = stack.create({**event("stack_create")["ResourceProperties"], **change})
    assert told["Status"] == "FAILED"
    assert words in told["Reason"]
    assert stack.entries == {}
    assert stack.ask("Delete")["Status"] == "SUCCESS", "CloudFormation cleans up what failed"


@pytest.mark.parametrize("properties", ["text", ["list"]])
def test_properties_that_are_none_fail(stack: Stack, properties: object) -> None:
    assert stack.create(properties)["Reason"] == "ResourceProperties must be a mapping"


def test_a_failed_update_leaves_what_was_there(stack: Stack) -> None:
    stack.create()
    before = stack.entries
    told = stack.ask("Update", {"Periods": "no"})
    assert (told["Status"], told["PhysicalResourceId"]) == ("FAILED", NAME)
    assert stack.entries == before


def test_a_name_belongs_to_who_declared_it(stack: Stack) -> None:
    stack.create()
    stack.id = ""
    told = stack.create(LogicalResourceId="Other")
    assert told["Status"] == "FAILED"
    assert "is declared by arn:aws:cloudformation:eu-west-1:111122223333:stack/shop" in told["Reason"]
    assert stack.ask("Delete", LogicalResourceId="Other")["Status"] == "SUCCESS"
    assert len(stack.entries) == 3


def test_a_name_of_the_file_is_taken(stack: Stack) -> None:
    told = stack.create({"Name": "office", "NoStackPrefix": "True", "OverrideStatus": "stopped"})
    assert told["Status"] == "FAILED"
    assert "rename one" in told["Reason"]


@pytest.mark.parametrize("letter", ["ü", "夜", "𝄞", "\n", "x"])
def test_an_answer_is_never_larger_than_cloudformation_takes(stack: Stack, letter: str) -> None:
    told = stack.create({"Zone" + letter * 3_000: "UTC"})
    assert (told["Status"], told["Reason"][:20]) == ("FAILED", "there is no property")
    size = len(json.dumps(told).encode())
    assert size > 4_096 - 24 if len(json.dumps(letter)) > 6 else len(told["Reason"]) == 1_000


def test_a_bug_is_answered_too(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by " + "zero" * 2_000)

    monkeypatch.setattr(stack.hub.store, "query", fail)
    told = stack.create()
    assert told["Status"] == "FAILED"
    assert told["Reason"].startswith("ZeroDivisionError: by zero")


def test_a_change_at_the_same_time_is_tried_again(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    good, left = stack.hub.store.transact, [1, 1]

    def busy(writes: Any) -> None:
        if left:
            left.pop()
            raise VersionConflict("somebody else")
        good(writes)

    monkeypatch.setattr(stack.hub.store, "transact", busy)
    assert stack.create()["Status"] == "SUCCESS"
    assert len(stack.pauses) == 2
    assert 0 <= min(stack.pauses) <= max(stack.pauses) <= 2
    left += [1, 1, 1]
    stack.left = timedelta(seconds=29)
    assert stack.ask("Delete")["Reason"] == "somebody else"


def test_thirty_resources_of_a_stack_are_made_and_taken_away_at_once(answers: Answers) -> None:
    hub = Hub(environ={**ENVIRON, "LAMPLIGHTER_ENDPOINT_URL": "http://127.0.0.1:1"})
    good, together, fresh = hub.store.transact, Barrier(30, timeout=30), set[int]()

    def meeting(writes: Any) -> None:
        if get_ident() in fresh:
            # All of them have read the same version by now: one can win, and 29 have to do it again.
            fresh.discard(get_ident())
            together.wait()
        good(writes)

    hub.store.transact = meeting  # type: ignore[method-assign]

    def ask(kind: str, number: int, known: str = "") -> str:
        fresh.add(get_ident())
        given = {**event("stack_create"), "RequestType": kind, "ResponseURL": answers.url}
        given |= {"LogicalResourceId": f"Schedule{number}", "PhysicalResourceId": known}
        given["ResourceProperties"] = {"Name": f"s{number}", "Periods": [{"BeginTime": "08:00"}]}
        told = answer(given, Context(), hub.runtime, sleep=lambda _: None)
        assert told["Status"] == "SUCCESS", told
        return str(told["PhysicalResourceId"])

    with ThreadPoolExecutor(30) as threads:
        names = list(threads.map(lambda number: ask("Create", number), range(30)))
        assert len(kept_definitions.read(hub.store).entries) == 60
        list(threads.map(lambda number: ask("Delete", number, names[number]), range(30)))
    assert kept_definitions.read(hub.store).entries == ()


def test_an_answer_that_is_not_heard_is_given_again(stack: Stack) -> None:
    stack.answers.refuses = 2
    assert stack.create()["Status"] == "SUCCESS"


def test_only_cloudformation_over_tls_is_answered(hub: Hub) -> None:
    told = answer({**event("stack_create"), "ResponseURL": "http://127.0.0.1:9/x"}, Context(), hub.runtime)
    assert told["Status"] == "SUCCESS"


@pytest.mark.parametrize("shape", [None, "x", {}, {"RequestType": "Create"}])
def test_what_is_no_request_is_parked(hub: Hub, shape: object) -> None:
    assert answer(shape, Context(), hub.runtime)["Status"] == "PARKED"
    assert "no request of CloudFormation" in str(parked(hub.store)[0]["reason"])


def test_periods_and_schedules_in_the_words_of_the_file(stack: Stack) -> None:
    stack.create(
        {"Name": "late", "Definition": {"times": ["14:00-22:00"], "weekdays": "mon-fri"}},
        ResourceType="Custom::LamplighterPeriod",
        LogicalResourceId="Late",
    )
    stack.id = ""
    guard = {"cpu_below": "7.5", "over": "30m"}
    told = stack.create(
        {"Name": "shift", "Definition": {"periods": ["late"], "enforced": "true", "idle_guard": guard}},
        ResourceType="Custom::LamplighterSchedule",
    )
    assert told["Status"] == "SUCCESS"
    definition = stack.hub.runtime.configuration().loaded.schedules["shift"].definition
    assert (definition.enforced, definition.periods) == (True, ("late",))
    assert definition.idle_guard is not None
    assert definition.idle_guard.cpu_below == 7.5
    kind = {"ResourceType": "Custom::LamplighterSchedule"}
    told = stack.ask("Update", {"Name": "shift", "Definition": {"period": ["late"]}}, **kind)
    assert "did you mean periods?" in told["Reason"]
    told = stack.ask("Update", {"Name": "shift"}, **kind)
    assert told["Reason"] == "Definition must be a mapping of fields, as in lamplighter.yaml"


def test_overrides_are_set_replaced_and_cleared(stack: Stack) -> None:
    kind = {"ResourceType": "Custom::LamplighterOverride", "LogicalResourceId": "YearEnd"}
    given = {"Selector": "tag:Team=web", "Keep": "stopped", "Until": "2026-12-28T08:00+01:00", "Reason": "year end"}
    first = stack.create(given, **kind)
    assert first["Status"] == "SUCCESS"
    assert stack.create(given, **kind)["PhysicalResourceId"] == first["PhysicalResourceId"]
    (one,) = list_overrides(stack.hub.store)
    assert (one.selector, one.hold, one.reason) == ("tag:Team=web", "stopped", "year end")
    assert one.author.endswith("/YearEnd")
    second = stack.ask("Update", {**given, "Keep": "running"}, **kind)
    assert second["PhysicalResourceId"] != first["PhysicalResourceId"]
    stack.ask("Delete", given, **kind)
    assert [each.hold for each in list_overrides(stack.hub.store)] == ["running"]
    stack.id = second["PhysicalResourceId"]
    stack.ask("Delete", given, **kind)
    assert list_overrides(stack.hub.store) == []


def test_a_stack_with_an_override_that_is_over_is_rolled_back(stack: Stack) -> None:
    kind = {"ResourceType": "Custom::LamplighterOverride", "LogicalResourceId": "YearEnd"}
    over = {"Selector": "i-1", "Keep": "stopped", "Until": "2026-11-24T08:00+00:00"}
    longer = {**over, "Until": "2026-12-28T08:00+00:00"}
    first = stack.create(over, **kind)
    stack.hub.clock.now += timedelta(days=2)
    second = stack.ask("Update", longer, **kind)
    stack.id = second["PhysicalResourceId"]
    back = stack.ask("Update", over, **kind)
    assert (back["Status"], back["PhysicalResourceId"]) == ("SUCCESS", first["PhysicalResourceId"])
    assert stack.ask("Delete", longer, **kind)["Status"] == "SUCCESS", "CloudFormation takes away what was replaced"
    stack.id = back["PhysicalResourceId"]
    assert stack.ask("Delete", over, **kind)["Status"] == "SUCCESS"
    assert list_overrides(stack.hub.store) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Keep": "on"}, "Keep is 'on'"),
        ({"Until": "soon"}, "Until is 'soon'"),
        ({"Until": "2026-12-28T08:00"}, "time zone"),
        ({"Until": "2026-01-01T08:00+01:00"}, "end before it begins"),
        ({"Selector": ""}, "Selector must be a text"),
        ({"Who": "x"}, "there is no property Who"),
    ],
)
def test_overrides_that_are_none_fail(stack: Stack, change: dict[str, str], words: str) -> None:
    given = {"Selector": "i-1", "Keep": "stopped", "Until": "2026-12-28T08:00+01:00", **change}
    told = stack.create(given, ResourceType="Custom::LamplighterOverride")
    assert told["Status"] == "FAILED"
    assert words in told["Reason"]


def test_a_type_that_is_none_fails(stack: Stack) -> None:
    told = stack.create(ResourceType="Custom::LamplighterSchedules")
    assert told["Reason"] == (
        "there is no type Custom::LamplighterSchedules (did you mean Custom::LamplighterSchedule?)"
    )


def test_a_request_type_that_is_none_fails(stack: Stack) -> None:
    assert stack.ask("Rebuild")["Reason"] == "there is no RequestType 'Rebuild'"
