"""Calls to AWS and what is declared: told apart, translated to IAM actions, compared; and what stands in the source."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from tests import actions, calls
from tests.literal_calls import Written, in_text, path_of, written
from tests.models import service_model

from lamplighter.aws.calls import CallRecord
from lamplighter.deploy import needs

WRITTEN = written()

ONLY_WHEN_IT_RUNS = {
    "lamplighter.aws.access": "passes calls on",
    "lamplighter.commitments.explorer": "asks what explorer_questions names",
    "lamplighter.resources.ec2_types": "two lists of types, by what is asked",
    "lamplighter.resources.kind": "tags through the Tagging API: writes or removes",
    "lamplighter.resources.rds_snapshots": "snapshots of instances or of clusters",
    "lamplighter.resources.rds_states": "starts or stops, instances or clusters",
    "lamplighter.resources.redshift_cluster": "pauses or resumes",
    "lamplighter.resources.sagemaker_notebook": "starts or stops",
    "lamplighter.scheduler.pace": "passes calls on",
    "lamplighter.store.dynamodb": "passes calls on; query or scan",
    "lamplighter.store.dynamodb_calls": "passes calls on",
}
"""Modules with a call whose operation is not written out where it is made; what they call is seen over the wire."""


# --- what stands in the source


@pytest.mark.parametrize("place", WRITTEN, ids=lambda each: f"{each.module[12:]}:{each.line}")
def test_what_is_called_is_declared(place: Written) -> None:
    if not place.calls:
        assert place.module in ONLY_WHEN_IT_RUNS
    for call in place.calls:
        missing = set(actions.needed(call)) - actions.allowed(place.module) - actions.UNCHECKED
        assert not missing, f"{path_of(place.module).name}:{place.line} calls {call} without declaring {missing}"


def test_the_calls_that_are_seen() -> None:
    assert len(WRITTEN) > 80
    assert {each.module for each in WRITTEN if not each.calls} == set(ONLY_WHEN_IT_RUNS)
    assert {("ec2", "stop_instances"), ("sts", "assume_role"), ("s3", "get_object")} <= {
        call for each in WRITTEN for call in each.calls
    }


def test_reading_calls_from_source() -> None:
    text = """
session.call("ec2", "start_instances" if on else "stop_instances", InstanceIds=[])
session.pages("rds", f"describe_{what}", "Items")
other.call(one)
phone.calls("x")
"""
    assert [each.calls for each in in_text(text, "lamplighter.resources.kind")] == [
        {("ec2", "start_instances"), ("ec2", "stop_instances")},
        set(),
    ]
    stored = list(in_text('self.calls("get_item", Key=1)', "lamplighter.store.dynamodb"))
    assert [each.calls for each in stored] == [{("dynamodb", "get_item")}]
    named = list(in_text('session.call(SCALING, "register_scalable_target")', "lamplighter.resources.ecs_service"))
    assert [each.calls for each in named] == [{("application-autoscaling", "register_scalable_target")}]


# --- IAM actions


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (("ec2", "describe_instances"), ("ec2:DescribeInstances",)),
        (("rds", "stop_db_cluster"), ("rds:StopDBCluster",)),
        (("opensearch", "list_domain_names"), ("es:ListDomainNames",)),
        (("resourcegroupstaggingapi", "tag_resources"), ("tag:TagResources",)),
        (("s3", "list_objects_v2"), ("s3:ListBucket",)),
        (("s3", "head_object"), ("s3:GetObject",)),
        (("sqs", "send_message_batch"), ("sqs:SendMessage",)),
        (("dynamodb", "transact_write_items"), ("dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:DeleteItem")),
        (("scheduler", "update_schedule"), ("scheduler:UpdateSchedule",)),
    ],
)
def test_actions_of_calls(call: calls.Call, wanted: tuple[str, ...]) -> None:
    assert actions.actions_of(call) == wanted


@pytest.mark.parametrize(
    ("call", "beside"),
    [
        (("rds", "stop_db_instance"), ("rds:CreateDBSnapshot", "rds:AddTagsToResource")),
        (("rds", "create_db_cluster_snapshot"), ("rds:AddTagsToResource",)),
        (("scheduler", "create_schedule"), ("iam:PassRole",)),
        (("scheduler", "update_schedule"), ("iam:PassRole",)),
        (("rds", "stop_db_cluster"), ()),
    ],
)
def test_who_calls_needs_what_is_asked_for_beside_it(call: calls.Call, beside: tuple[str, ...]) -> None:
    assert actions.needed(call) == (*actions.actions_of(call), *beside)


def test_the_table_names_operations_that_there_are() -> None:
    for service, operation in actions.ACTIONS:
        assert operation in service_model(service).operation_names
    for service in actions.PREFIXES:
        assert service_model(service).operation_names


def test_declared_actions_are_operations_or_the_actions_of_some() -> None:
    """A slip of the pen in a declaration is no action of AWS."""
    otherwise = {action for several in actions.ACTIONS.values() for action in several} | set(actions.BY_OTHERS)
    otherwise |= {action for each in actions.DEPENDENT for action in actions.beside(each)}
    for who, declared in actions.declared().items():
        for action in declared - otherwise:
            prefix, _, operation = action.partition(":")
            assert operation in service_model(actions.SERVICES.get(prefix, prefix)).operation_names, (who, action)


def test_what_others_call_with_our_permissions_is_granted_and_reasoned() -> None:
    every = [*needs.looking(), *needs.acting(), *needs.VPC, needs.GRANTS, *(need for _, need in needs.of_hub())]
    assert set(actions.BY_OTHERS) <= {need.action for need in every}
    called = {action for place in WRITTEN for call in place.calls for action in actions.actions_of(call)}
    assert not called & set(actions.BY_OTHERS)


def test_what_only_doubles_are_asked_is_declared() -> None:
    assert set(actions.DOUBLED) <= {action for each in actions.declared().values() for action in each}


# --- who calls


def function_of(module: str, code: str, **names: Any) -> Any:
    """A function that a module of this name might have, which knows these names."""
    made = ModuleType(module)
    vars(made).update(names)
    exec(code, vars(made))
    return next(each for each in vars(made).values() if isinstance(each, FunctionType) and each not in names.values())


@pytest.mark.parametrize(
    ("module", "counts"),
    [
        ("lamplighter.resources.ec2_instance", True),
        ("lamplighter.aws.discovery", True),
        ("lamplighter.estate.build_fleet", False),
        ("tests.resources.conftest", False),
    ],
)
def test_whose_call_it_is(module: str, counts: bool) -> None:
    looks = "def perform(): return caller_of(frame())"
    perform = function_of("lamplighter.aws.calls", looks, caller_of=calls.caller_of, frame=sys._getframe)
    call = function_of("lamplighter.aws.access", "def call(perform): return perform()")
    submit = function_of("concurrent.futures", "def submit(ask): return ask()")
    ask = function_of(module, "def ask(submit): return submit()")
    assert ask(partial(submit, partial(call, perform))) == module
    assert calls.is_product(module) is counts


def test_a_thread_of_nobody_counts() -> None:
    assert calls.caller_of(None) == ""
    assert calls.is_product("")


def test_only_what_was_sent_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    made: set[tuple[str, str, str]] = set()
    monkeypatch.setattr(calls, "made", made)
    send = function_of("lamplighter.usage.collect", "def send(record): note(record)", note=calls.note)
    send(CallRecord("ec2", "describe_vpcs", "", 0, 0, "CredentialsMissing", 0))
    calls.note(CallRecord("ec2", "describe_tags", "", 0, 0, "", 1))
    assert made == set()
    send(CallRecord("ec2", "describe_vpcs", "", 0, 0, "AccessDenied", 1))
    assert made == {("ec2", "describe_vpcs", "lamplighter.usage.collect")}


# --- processes


def test_what_processes_noted_comes_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "made", {("ec2", "describe_vpcs", "x")})
    monkeypatch.setattr(calls, "doubled", {("ce", "get_tags")})
    sent = calls.noted()
    assert sent == [[("ec2", "describe_vpcs", "x")], [("ce", "get_tags")]]
    monkeypatch.setattr(calls, "made", {("rds", "stop_db_instance", "y")})
    monkeypatch.setattr(calls, "doubled", set())
    calls.merge(json.loads(json.dumps(sent)))
    calls.merge(())
    assert calls.made == {("ec2", "describe_vpcs", "x"), ("rds", "stop_db_instance", "y")}
    assert calls.doubled == {("ce", "get_tags")}


@pytest.mark.parametrize(
    ("source", "options", "whole"),
    [
        ("TESTPATHS", {}, True),
        ("TESTPATHS", {"markexpr": "", "keyword": "", "maxfail": 0, "ignore": None}, True),
        ("ARGS", {}, False),
        ("TESTPATHS", {"markexpr": "not slow"}, False),
        ("TESTPATHS", {"keyword": "wire"}, False),
        ("TESTPATHS", {"deselect": ["tests/test_calls.py"]}, False),
    ],
)
def test_whether_all_tests_were_asked_for(source: str, options: Mapping[str, Any], whole: bool) -> None:
    config = SimpleNamespace(args_source=pytest.Config.ArgsSource[source], getoption=options.get)
    assert calls.is_whole(cast(pytest.Config, config)) is whole


# --- the verdict

KNOWN = {"x": {"ec2:DescribeVpcs", "kms:Decrypt"}, "y": {"ec2:DescribeVpcs", "ce:GetTags"}}
USED = {"ec2:DescribeVpcs"}
TABLES: dict[str, Any] = {"by_double": {"ce:GetTags": "no double"}, "by_others": {"kms:Decrypt": "S3 reads"}}


def test_all_is_well() -> None:
    made = [
        ("ec2", "stop_instances", "lamplighter.resources.ec2_instance"),
        ("ec2", "start_instances", "lamplighter.resources.ec2_types"),
        ("sts", "get_caller_identity", "lamplighter.cli.checks"),
        ("s3", "get_object", "lamplighter.billing.fetch"),
        ("cloudwatch", "get_metric_data", "lamplighter.scheduler.idle"),
        ("sqs", "send_message_batch", ""),
    ]
    assert actions.problems(made, [], whole=False) == []
    assert actions.unused(KNOWN, USED, {"ce:GetTags"}, **TABLES) == []


@pytest.mark.parametrize(
    ("service", "operation", "module", "action"),
    [
        ("ec2", "create_vpc", "", "ec2:CreateVpc"),
        ("ec2", "terminate_instances", "lamplighter.resources.ec2_instance", "ec2:TerminateInstances"),
        # Others declare these.
        ("ec2", "start_instances", "lamplighter.billing.fetch", "ec2:StartInstances"),
        ("s3", "put_object", "lamplighter.scheduler.plan", "s3:PutObject"),
        # It declares the call itself, and not all that is asked for beside it.
        ("rds", "stop_db_instance", "lamplighter.x", "rds:CreateDBSnapshot"),
    ],
)
def test_a_call_that_who_makes_it_does_not_declare(
    service: str, operation: str, module: str, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = actions.declared()
    monkeypatch.setattr(
        actions,
        "declared",
        lambda: {**known, "lamplighter.x": frozenset({"rds:StopDBInstance", "rds:AddTagsToResource"})},
    )
    [line] = actions.problems([(service, operation, module)], [], whole=False)
    who = module or "somebody"
    assert line == f"{who} calls {service} {operation} and does not declare {action} (docs/permissions.md)"


def test_a_declaration_that_nobody_uses() -> None:
    [line] = actions.unused(KNOWN, set(), {"ce:GetTags"}, **TABLES)
    assert line.startswith("ec2:DescribeVpcs is declared by x, y, and no test calls it")
    assert any(line.startswith("ec2:StopInstances is declared by") for line in actions.problems([], [], whole=True))


def test_tables_that_are_out_of_date() -> None:
    [line] = actions.unused(KNOWN, {*USED, "ce:GetTags"}, {"ce:GetTags"}, **TABLES)
    assert line == "ce:GetTags is called over the wire after all: strike it from DOUBLED"
    [line] = actions.unused(KNOWN, USED, set(), **TABLES)
    assert line == "ce:GetTags is in DOUBLED, and no double is asked for it"


# --- the document


def rows_of(heading: str) -> list[tuple[str, ...]]:
    """The rows of the first table below a heading of docs/permissions.md, without its head."""
    text = (Path(__file__).parents[1] / "docs" / "permissions.md").read_text()
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [tuple(row.strip("| ").split(" | ")) for row in re.findall(r"^\| `.+$", section, re.MULTILINE)]


def test_the_document_lists_what_is_asked_for_beside_another() -> None:
    told = {
        action.strip("`"): (tuple(re.findall(r"`([^`]+)`", also)), when)
        for action, also, when in rows_of("Asked for beside another")
    }
    assert told == actions.DEPENDENT


@pytest.mark.parametrize(
    ("heading", "wanted"),
    [("Called for us", actions.BY_OTHERS), ("Asked of doubles only", actions.DOUBLED)],
)
def test_the_document_lists_them_with_their_reasons(heading: str, wanted: Mapping[str, str]) -> None:
    told = {action: reason for names, reason in rows_of(heading) for action in re.findall(r"`([^`]+)`", names)}
    assert told == wanted
