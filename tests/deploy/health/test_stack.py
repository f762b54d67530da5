"""A stack as a whole: nested ones, what nobody knows, what cannot be asked."""

from __future__ import annotations

from typing import Any

import pytest
from tests.deploy.health.conftest import DENIED, NOW, SCENE, Answers

from lamplighter.deploy.check import Check
from lamplighter.deploy.health.registry import parts
from lamplighter.deploy.health.stack import PERMISSIONS, look_at_stack
from lamplighter.errors import AwsError

ID = "arn:aws:cloudformation:eu-west-1:111122223333:stack/lit/1"
INNER = "arn:aws:cloudformation:eu-west-1:111122223333:stack/lit-inner/2"


def stack(name: str = "lit", status: str = "CREATE_COMPLETE", identity: str = ID, **more: Any) -> dict[str, Any]:
    return {"Stacks": [{"StackName": name, "StackId": identity, "CreationTime": NOW, "StackStatus": status, **more}]}


def rows(*found: tuple[str, str, str]) -> dict[str, Any]:
    """Resources: logical id, type, status; the physical id is that of the nested stack, or `x`."""
    return {
        "StackResourceSummaries": [
            {
                "LogicalResourceId": logical,
                "PhysicalResourceId": INNER if kind == "CloudFormation::Stack" else "x",
                "ResourceType": f"AWS::{kind}",
                "ResourceStatus": status,
                "LastUpdatedTimestamp": NOW,
            }
            for logical, kind, status in found
        ]
    }


def looked(**answers: Any) -> dict[str, Check]:
    session = Answers(answers)
    found = {check.name: check for check in look_at_stack(session, "lit", SCENE, parts())}
    declared = {action for part in parts().values() for action in part.permissions}
    assert set(session.asked) <= declared | set(PERMISSIONS)
    return found


def test_a_stack_and_one_in_it() -> None:
    found = looked(
        describe_stacks=[stack(), stack("lit-inner", "UPDATE_COMPLETE", INNER)],
        list_stack_resources=[
            rows(
                ("Role", "IAM::Role", "CREATE_COMPLETE"),
                ("Inner", "CloudFormation::Stack", "CREATE_COMPLETE"),
                ("Old", "IAM::Role", "DELETE_COMPLETE"),
                ("Alias", "KMS::Alias", "CREATE_COMPLETE"),
                ("Base", "Glue::Database", "CREATE_COMPLETE"),
            ),
            # A stack that names itself must not be opened for ever.
            rows(("Rule", "Events::Rule", "CREATE_COMPLETE"), ("Again", "CloudFormation::Stack", "CREATE_COMPLETE")),
        ],
        get_role=DENIED,
        describe_rule={"State": "ENABLED"},
    )
    assert {name: check.status.value for name, check in found.items()} == {
        "stack lit": "ok",
        "stack lit-inner": "ok",
        "lit Role": "not known",
        "lit-inner Rule": "ok",
        "lit others": "not known",
    }
    assert found["lit others"].detail == "nobody here knows how to look at 1 AWS::Glue::Database, 1 AWS::KMS::Alias"
    assert found["stack lit"].detail == "CREATE_COMPLETE, 2026-11-27 08:00 UTC"


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("IMPORT_COMPLETE", "ok"),
        ("UPDATE_IN_PROGRESS", "warn"),
        ("UPDATE_ROLLBACK_COMPLETE", "warn"),
        ("ROLLBACK_COMPLETE", "fail"),
        ("UPDATE_ROLLBACK_FAILED", "fail"),
    ],
)
def test_how_a_stack_is(status: str, wanted: str) -> None:
    assert looked(describe_stacks=stack(status=status), list_stack_resources=rows())["stack lit"].status == wanted


def test_what_was_changed_by_hand() -> None:
    drifted = stack(DriftInformation={"StackDriftStatus": "DRIFTED"})
    assert looked(describe_stacks=drifted, list_stack_resources=rows())["stack lit"].status == "warn"


def test_what_cloudformation_could_not_make() -> None:
    found = looked(
        describe_stacks=stack(status="UPDATE_ROLLBACK_FAILED"),
        list_stack_resources=rows(("Alias", "KMS::Alias", "UPDATE_FAILED"), ("Rule", "Events::Rule", "UPDATE_FAILED")),
        describe_rule={"State": "ENABLED"},
    )
    assert found["lit Alias"].detail == "x: AWS::KMS::Alias: UPDATE_FAILED"
    assert (found["lit Rule"].status, found["lit Rule"].detail) == ("fail", "x: UPDATE_FAILED; on")


def test_no_such_stack_and_no_permission() -> None:
    [gone] = looked(describe_stacks=AwsError("Stack with id lit does not exist", code="ValidationError")).values()
    assert (gone.name, gone.status) == ("stack lit", "fail")
    [hidden] = looked(describe_stacks=DENIED).values()
    assert (hidden.status, hidden.detail, hidden.hint) == ("not known", "not authorized", "allow the action")
    [half] = looked(describe_stacks=stack(), list_stack_resources=DENIED).values()
    assert half.status == "not known"


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("CoreCodeKey", "code/core/1.2.3-0123456789abcdef.zip", "ok"),
        ("DataCodeKey", "1.3.0rc1-0123456789abcdef.zip", "warn"),
        ("CoreCodeKey", "core.zip", "not known"),
        ("LakeBucket", "code/core/1.2.3-0123456789abcdef.zip", "not known"),
    ],
)
def test_the_version_in_the_name_of_the_zip(key: str, value: str, status: str) -> None:
    found = looked(
        describe_stacks=stack(Parameters=[{"ParameterKey": key, "ParameterValue": value}]),
        list_stack_resources=rows(("Clock", "Lambda::Function", "CREATE_COMPLETE")),
        get_function={"Configuration": {"State": "Active", "LastModified": "2026-11-26T09:30:00.000+0000"}},
    )
    assert found["lit Clock"].status == status
