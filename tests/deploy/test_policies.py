"""Roles hold what the code says that it calls, no more, and as narrow as IAM has it."""

from __future__ import annotations

import json
import re
from dataclasses import astuple
from fnmatch import fnmatchcase
from typing import Any

import pytest

from lamplighter.commitments.registry import sources
from lamplighter.deploy import needs, policies
from lamplighter.deploy.authorization import ACTING, EVERYTHING, LOOKING, SNAPSHOTS, Scope
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import HANDLERS, Group, Handler, On
from lamplighter.errors import UsageError
from lamplighter.notify.registry import senders
from lamplighter.resources.rds_snapshots import TAG, snapshot_name
from lamplighter.resources.registry import kinds
from lamplighter.scheduler import window_targets, windows
from lamplighter.usage.registry import collectors

Statement = dict[str, Any]
POLICY_LIMIT, INLINE_LIMIT = 6_144, 10_240
"""Characters of a managed policy, and of all inline policies of a role, without white space (IAM quotas)."""


def member(name: str) -> Any:
    return TEMPLATES["member"].data["Resources"][name]["Properties"]["PolicyDocument"]


def document(name: str) -> list[Statement]:
    text, names = member(name)["Fn::Sub"]
    assert names == {"TagOperator": {"Fn::If": ["OnlyTagged", "StringLike", "StringLikeIfExists"]}}
    found: list[Statement] = json.loads(text)["Statement"]
    return found


def actions(statements: list[Statement]) -> set[str]:
    return {action for each in statements for action in _several(each["Action"])}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_a_member_may_do_what_kinds_windows_collectors_and_sources_declare() -> None:
    declared = {action for kind in kinds().values() for purpose in astuple(kind.permissions) for action in purpose}
    declared |= {*windows.PERMISSIONS, *window_targets.PERMISSIONS, "ec2:DescribeRegions"}
    declared |= {action for each in collectors().values() for action in each.permissions}
    declared |= {action for each in sources().values() for action in each.permissions}
    look = actions(member("LookPolicy")["Statement"])
    assert look | actions(document("ActPolicy")) | actions(document("SnapshotPolicy")) == declared
    assert actions(member("GrantPolicy")["Statement"]) == {"kms:CreateGrant"}


def test_who_looks_changes_nothing() -> None:
    verbs = {action.split(":")[1] for action in actions(member("LookPolicy")["Statement"])}
    assert [verb for verb in verbs if not re.match("Describe|List|Get", verb)] == []


def test_acting_needs_the_schedule_tag_wherever_iam_knows_tags() -> None:
    without = {
        action: each.get("Condition")
        for each in document("ActPolicy")
        for action in each["Action"]
        if each.get("Condition") != {"${TagOperator}": {"aws:ResourceTag/${TagName}": "*"}}
    }
    assert without == {
        "application-autoscaling:RegisterScalableTarget": {
            "StringEquals": {"application-autoscaling:service-namespace": "ecs"}
        },
        "ec2:StartInstances": None,
        "tag:TagResources": None,
        "tag:UntagResources": None,
    }
    starts = [each["Resource"] for each in document("ActPolicy") if each["Action"] == ["ec2:StartInstances"]]
    assert starts == [["arn:${AWS::Partition}:license-manager:*:${AWS::AccountId}:license-configuration:*"]]


def test_in_its_own_account_the_hub_acts_as_itself() -> None:
    resources = TEMPLATES["member"].data["Resources"]
    home = {
        name: [each["Fn::If"][1]["Fn::Sub"] for each in resources[name]["Properties"]["Roles"][1:]]
        for name in ("LookPolicy", "ActPolicy", "SnapshotPolicy", "GrantPolicy")
    }
    acting = ["${HubPrefix}-hub-passes", "${HubPrefix}-hub-remote"]
    assert home == {
        "LookPolicy": acting,
        "ActPolicy": acting,
        "SnapshotPolicy": acting,
        "GrantPolicy": acting,
    }


def test_the_stack_of_a_member_needs_no_stack_of_the_hub_but_the_first() -> None:
    made = {
        each["Properties"]["RoleName"]["Fn::Sub"].replace("${Prefix}", "${HubPrefix}")
        for each in TEMPLATES["hub"].data["Resources"].values()
        if each["Type"] == "AWS::IAM::Role"
    }
    for each in TEMPLATES["member"].data["Resources"].values():
        for role in each["Properties"].get("Roles", []):
            assert role == {"Ref": "Role"} or role["Fn::If"][1]["Fn::Sub"] in made


def test_who_counts_looks_in_the_own_account_by_itself() -> None:
    counting = {action for each in collectors().values() for action in each.permissions}
    found: dict[str, list[Statement]] = {}
    for handler in HANDLERS.values():
        for policy in _role(handler)["Policies"]:
            if policy.get("PolicyName") == "counts":
                found[handler.name] = policy["PolicyDocument"]["Statement"]
    assert set(found) == {"collect"}
    assert actions(found["collect"]) == counting


def _role(handler: Handler) -> dict[str, Any]:
    name = "".join(word.capitalize() for word in handler.name.split("_"))
    template = TEMPLATES["hub" if handler.group is Group.CORE else "data"]
    found: dict[str, Any] = template.data["Resources"][f"{name}Role"]["Properties"]
    return found


def granted(name: str, action: str) -> dict[str, Any]:
    """What a policy of members grants an action on, without what stands before the resource: the conditions."""
    return {
        resource.partition("${AWS::AccountId}:")[2]: each.get("Condition")
        for each in document(name)
        if action in each["Action"]
        for resource in each["Resource"]
    }


SCHEDULED = {"${TagOperator}": {"aws:ResourceTag/${TagName}": "*"}}


def test_a_stop_may_make_the_snapshot_of_a_scheduled_database() -> None:
    # StopDBInstance with a name for a snapshot asks for the creation too, of the database and of the snapshot.
    assert granted("SnapshotPolicy", "rds:CreateDBSnapshot") == {"db:*": SCHEDULED, "snapshot:lamplighter-*": None}
    assert granted("SnapshotPolicy", "rds:StopDBInstance") == {"snapshot:lamplighter-*": None}
    assert granted("SnapshotPolicy", "rds:CreateDBClusterSnapshot") == {
        "cluster:*": SCHEDULED,
        "cluster-snapshot:lamplighter-*": {"StringLike": {f"aws:RequestTag/{TAG}": "*"}},
    }


def test_snapshots_may_get_the_tags_of_their_databases() -> None:
    # With CopyTagsToSnapshot RDS writes the tags of the database in our name, whatever they are.
    assert granted("SnapshotPolicy", "rds:AddTagsToResource") == {
        "snapshot:lamplighter-*": None,
        "cluster-snapshot:lamplighter-*": None,
    }


@pytest.mark.parametrize("kind", ["snapshot", "cluster-snapshot"])
def test_names_of_snapshots_are_those_that_are_granted(kind: str) -> None:
    names = [snapshot_name(id_, "20261123-180000") for id_ in ("a", "shop", "x" * 63)]
    changing = ("Create", "Delete", "AddTags", "Stop")
    patterns = {
        resource.rpartition(":")[2]
        for each in document("SnapshotPolicy")
        if each["Action"][0].removeprefix("rds:").startswith(changing)
        for resource in each["Resource"]
        if f":{kind}:" in resource
    }
    assert patterns == {"lamplighter-*"}
    assert all(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def test_only_own_snapshots_are_deleted() -> None:
    own = {"StringLike": {f"aws:ResourceTag/{TAG}": "*"}}
    assert granted("SnapshotPolicy", "rds:DeleteDBSnapshot") == {"snapshot:lamplighter-*": own}
    assert granted("SnapshotPolicy", "rds:DeleteDBClusterSnapshot") == {"cluster-snapshot:lamplighter-*": own}


def test_grants_are_for_volumes_only() -> None:
    (grant,) = member("GrantPolicy")["Statement"]
    assert grant["Resource"] == {"Ref": "VolumeKeyArns"}
    assert grant["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


@pytest.mark.parametrize("name", ["LookPolicy", "ActPolicy", "SnapshotPolicy"])
def test_policies_of_members_fit(name: str) -> None:
    found = member(name)
    text = found["Fn::Sub"][0] if "Fn::Sub" in found else json.dumps(found)
    # Partition and account are longer than what stands for them nowhere; a tag's key may have 127 characters.
    long = text.replace("${TagName}", "x" * 127).replace("${TagOperator}", "StringLikeIfExists")
    assert len("".join(long.split())) <= POLICY_LIMIT


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=list(HANDLERS))
def test_roles_of_functions_hold_what_handlers_declare(handler: Handler) -> None:
    role, template = _role(handler), TEMPLATES["hub" if handler.group is Group.CORE else "data"]
    name = "".join(word.capitalize() for word in handler.name.split("_"))
    shared = template.data["Resources"]["FunctionsPolicy"]["Properties"]
    assert {"Ref": f"{name}Role"} in shared["Roles"]
    assert template.data["Resources"][f"{name}Function"]["DependsOn"] == "FunctionsPolicy"
    every = shared["PolicyDocument"]["Statement"]
    always = role["Policies"][0]["PolicyDocument"]["Statement"] + [each for each in every if "Fn::If" not in each]
    ifs = [each["Fn::If"] for each in role["Policies"] if "Fn::If" in each]
    conditional = {condition: policy["PolicyDocument"]["Statement"] for condition, policy, _ in ifs}
    for each in every:
        if "Fn::If" in each:
            conditional.setdefault(each["Fn::If"][0], []).append(each["Fn::If"][1])
    declared = {action for on, each in handler.permissions.items() if on is not On.BILLS for action in each}
    own = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage", "kms:Decrypt", "kms:GenerateDataKey"}
    sending = {action for sender in senders().values() for action in sender.permissions}
    assert actions(always) == declared | own | (sending if On.TOPIC in handler.permissions else set())
    assert actions(conditional["HasVpc"]) == {need.action for need in needs.VPC}
    assert actions(conditional.get("HasBills", [])) == set(handler.permissions.get(On.BILLS, ()))
    assert len("".join(json.dumps([role["Policies"], shared["PolicyDocument"]]).split())) <= INLINE_LIMIT


@pytest.mark.parametrize("group", Group)
def test_what_is_written_once_is_what_every_function_of_a_stack_needs(group: Group) -> None:
    handlers = [each for each in HANDLERS.values() if each.group is group]
    template = TEMPLATES["hub" if group is Group.CORE else "data"].data["Resources"]
    shared = template["FunctionsPolicy"]["Properties"]
    assert len(shared["Roles"]) == len(handlers)
    statements = [each for each in shared["PolicyDocument"]["Statement"] if "Fn::If" not in each]
    wanted = [{need.action for need in needs.of_handler(each)} for each in handlers]
    assert actions(statements) <= set.intersection(*wanted)


def test_a_function_in_a_vpc_may_do_what_lambda_asks_for_there() -> None:
    # Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC", required IAM permissions.
    asked = """CreateNetworkInterface DescribeNetworkInterfaces DescribeSubnets DeleteNetworkInterface
    AssignPrivateIpAddresses UnassignPrivateIpAddresses"""
    assert {need.action for need in needs.VPC} == {f"ec2:{action}" for action in asked.split()}


def test_functions_enter_the_role_of_members_only() -> None:
    scopes = {need.scope.resources for _, need in needs.of_hub() if need.action == "sts:AssumeRole"}
    assert scopes == {("arn:${AWS::Partition}:iam::*:role/${MemberRole}",)}


def test_a_role_is_passed_to_the_scheduler_only() -> None:
    passed = {need.scope for _, need in needs.of_hub() if need.action == "iam:PassRole"}
    assert passed == {
        Scope(
            ("${SchedulerRole.Arn}",), conditions=(("StringEquals", "iam:PassedToService", "scheduler.amazonaws.com"),)
        )
    }


def test_secrets_are_those_that_begin_with_the_prefix() -> None:
    found = {need.action: need.scope.resources for _, need in needs.of_hub() if need.concern == "Messages"}
    place = "arn:${AWS::Partition}:secretsmanager:*:${AWS::AccountId}:secret:${Prefix}/*"
    assert found["secretsmanager:GetSecretValue"] == (place,)
    assert found["ssm:GetParameter"] == ("arn:${AWS::Partition}:ssm:*:${AWS::AccountId}:parameter/${Prefix}/*",)


def test_every_wildcard_has_its_reason() -> None:
    for known in (ACTING, LOOKING, SNAPSHOTS, needs.SENDING):
        for action, scopes in known.items():
            for scope in scopes:
                assert bool(scope.reason) == (scope.resources == EVERYTHING), action
    assert all(policies.reasons().values())


def test_no_statement_of_a_generated_role_reaches_everything_without_a_reason() -> None:
    for name in ("LookPolicy", "ActPolicy", "SnapshotPolicy"):
        found = member(name)
        statements = json.loads(found["Fn::Sub"][0])["Statement"] if "Fn::Sub" in found else found["Statement"]
        wide = {
            action for each in statements if "*" in _several(each["Resource"]) for action in _several(each["Action"])
        }
        assert wide <= set(policies.reasons())


def test_an_action_that_nobody_narrowed_is_named() -> None:
    handler = Handler("moon", "Shines.", Group.CORE, 128, 3, (), {On.ALL: ("moon:Shine",)})
    with pytest.raises(UsageError, match="moon:Shine"):
        needs.of_handler(handler)


def test_statements_are_made_of_needs() -> None:
    wanted = [
        needs.Need("Act", "ec2:StopInstances", Scope(("b",), tag="T", optional=True)),
        needs.Need("Act", "ec2:StartInstances", Scope(("b",), tag="T", optional=True)),
        needs.Need("Act", "ec2:StartInstances", Scope(("a", "c"), conditions=(("Bool", "k", "true"),))),
        needs.Need("Act", "rds:DeleteDBSnapshot", Scope(("${Key}",), tag="S")),
    ]
    assert policies.statements(wanted) == [
        {
            "Sid": "Act1",
            "Effect": "Allow",
            "Action": ["ec2:StartInstances"],
            "Resource": ["a", "c"],
            "Condition": {"Bool": {"k": "true"}},
        },
        {
            "Sid": "Act2",
            "Effect": "Allow",
            "Action": ["ec2:StartInstances", "ec2:StopInstances"],
            "Resource": ["b"],
            "Condition": {"${TagOperator}": {"aws:ResourceTag/T": "*"}},
        },
        {
            "Sid": "Act3",
            "Effect": "Allow",
            "Action": ["rds:DeleteDBSnapshot"],
            "Resource": ["${Key}"],
            "Condition": {"StringLike": {"aws:ResourceTag/S": "*"}},
        },
    ]
    assert json.loads(policies.as_text(wanted))["Statement"] == policies.statements(wanted)
