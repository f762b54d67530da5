"""Policies against AWS's Service Authorization Reference: what there is, what it can be allowed on, what it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from tests import actions
from tests.deploy import reference
from tests.deploy.granted import Statement, arns, resource_policies, roles

from lamplighter.deploy import policies
from lamplighter.deploy.block_pipeline import STAGES
from lamplighter.deploy.family import TEMPLATES

pytestmark = pytest.mark.slow
"""The reference is 13 MB of JSON."""

ROLES, OTHERS = roles(), resource_policies()
BY_CLOUDFORMATION = "pipeline/StackRole"

UNASKED = {
    ("application-autoscaling:RegisterScalableTarget", "application-autoscaling:TagResource"): "it is given no tags",
    ("autoscaling:UpdateAutoScalingGroup", "iam:PassRole"): "it changes sizes, not the role of the group",
    # API reference of CloudFormation, DescribeStacks.
    ("cloudformation:DescribeStacks", "cloudformation:ListStacks"): "only where no stack is named",
    # Lambda developer guide, "Required IAM permissions" of functions in a VPC: it names no tags.
    ("ec2:CreateNetworkInterface", "ec2:CreateTags"): "Lambda makes its interfaces without tags",
    # KMS developer guide, "Using service-linked roles": AWSServiceRoleForKeyManagementServiceMultiRegionKeys.
    ("kms:CreateKey", "iam:CreateServiceLinkedRole"): "only for keys of several regions",
}
"""Dependent actions that AWS does not ask for in the way that we use the action."""

UNKEYED = {
    # CloudWatch Logs user guide, "Encrypt log data using AWS KMS", has them in one statement.
    ("kms:DescribeKey", "kms:EncryptionContext:aws:logs:arn"): "CloudWatch Logs does without it",
}
"""Condition keys that an action does not have: the statement says nothing about it."""

NOT_CALLED = {
    "elasticfilesystem:*": "functions have no file systems",
    "firehose:*": "log groups hide no data",
    "glue:*Connection": "databases are no connections",
    "glue:GetSchemaVersion": "tables say their columns themselves",
    "iam:*GroupPolicy": "only roles have policies",
    "iam:*UserPolicy": "only roles have policies",
    "iam:*tachRolePolicy": "roles have policies of their own only",
    "kinesis:*": "tables have no streams of Kinesis",
    "kms:DisableKey": "the key is never switched off",
    "kms:DisableKeyRotation": "the key always rotates",
    "kms:EnableKey": "the key is never switched off",
    "kms:*WithoutPlaintext": "the bus has no key of its own",
    "kms:ReEncrypt*": "the bus has no key of its own",
    "kms:ScheduleKeyDeletion": "the key stays when its stack goes",
    "lakeformation:CreateTable": "IAM has no such action",
    "lakeformation:GetDataAccess": "the lake is not governed by Lake Formation",
    "lambda:GetCodeSigningConfig": "functions are not signed",
    "lambda:GetLayerVersion": "functions have no layers",
    "lambda:PassCapacityProvider": "functions run on Lambda's own capacity",
    "lambda:PutFunctionCodeSigningConfig": "functions are not signed",
    "logs:CreateLogDelivery": "log groups hide no data",
    "logs:DeleteIndexPolicy": "log groups have no index",
    "logs:PutIndexPolicy": "log groups have no index",
    "logs:*ResourcePolicy": "log groups have no policy",
    "s3files:*": "functions have no file systems",
    "s3tables:*": "buckets have no tables of their metadata",
}
"""What CloudFormation may call for types of ours, with properties that we do not use; `*` as in IAM."""

ONE_OF = {"athena:ListTagsForResource", "athena:TagResource", "athena:UntagResource"}
"""Actions of which the reference says that all they know must be allowed; tags of a workgroup need the workgroup."""


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_as_the_reference_has_it(role: str) -> None:
    assert reference.faults(ROLES[role], everything=policies.reasons(), unasked=UNASKED) == set()


@pytest.mark.parametrize("policy", OTHERS)
def test_a_policy_of_a_resource_is_as_the_reference_has_it(policy: str) -> None:
    # They name the resource that they are attached to, or everything, which is the same: actions and keys count.
    for each in OTHERS[policy]:
        for name in each.actions:
            known = list(reference.named(name))
            assert known, name
            for one in known if "*" not in name else ():
                assert {key for key in each.keys if not one.has(key) and (name, key) not in UNKEYED} == set()


def test_what_is_said_of_exceptions_is_so() -> None:
    allowed = {name for each in ROLES.values() for name in reference.reach(each)}
    for action, dependent in UNASKED:
        known = reference.action(action)
        assert known is not None
        assert action in allowed
        assert dependent in known.dependent
    for action, key in UNKEYED:
        [one] = reference.named(action)
        assert not one.has(key)


def test_what_is_said_to_have_no_resource_types_has_none() -> None:
    for name, why in policies.reasons().items():
        known = reference.action(name)
        assert known is not None, name
        assert bool(known.sorts) != (why.startswith(("IAM knows no", "the Tagging API knows no"))), name


def test_what_calls_need_beside_their_action_is_what_the_reference_says() -> None:
    declared = {action for each in actions.declared().values() for action in each}
    beside = {action for each in actions.DEPENDENT for action in actions.beside(each)}
    for name in sorted(declared - beside - set(actions.BY_OTHERS)):
        known = reference.action(name)
        assert known is not None, name
        asked = {each for each in known.dependent if (name, each) not in UNASKED}
        assert asked == set(actions.beside(name)), name
    assert set(actions.DEPENDENT) <= declared


def test_what_acts_without_the_schedule_tag_has_no_key_for_it() -> None:
    tag = "aws:ResourceTag/Schedule"
    without = {
        (name, arn)
        for each in ROLES["member/Role"]
        if each.sid.startswith("Act") and tag not in each.keys
        for name in each.actions
        for arn in each.resources
        for one in reference.named(name)
        if one.has(tag, arn)
    }
    # A scalable target has tags of its own, not those of its service: see lamplighter.deploy.authorization.
    assert {name for name, _ in without} == {"application-autoscaling:RegisterScalableTarget"}


# --- what CloudFormation calls for the stacks of the pipeline


def handlers(kind: str) -> Iterator[str]:
    """The IAM actions that CloudFormation may call to make, read, change and remove a resource of a type.

    Source: its resource schemas, as cfn-lint carries them.
    """
    folder = files("cfnlint") / "data" / "schemas"
    place = json.loads((folder / "providers" / "us-east-1.json").read_bytes())[kind]
    schema: dict[str, Any] = json.loads((folder / "resources" / f"{place}.json").read_bytes())
    for name in ("create", "read", "update", "delete"):
        yield from schema["handlers"].get(name, {}).get("permissions", ())


@cache
def reached_by_cloudformation() -> dict[str, set[str]]:
    return reference.reach(ROLES[BY_CLOUDFORMATION])


KINDS = sorted({each["Type"] for name in STAGES for each in TEMPLATES[name].data["Resources"].values()})


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("Custom::")])
def test_the_pipeline_may_make_what_its_stacks_hold(kind: str) -> None:
    reached = reached_by_cloudformation()
    granted = [name for each in ROLES[BY_CLOUDFORMATION] for name in each.actions]
    for name in sorted(set(handlers(kind))):
        if any(reference.meet(name, form) for form in NOT_CALLED):
            continue
        known = reference.action(name)
        if known is None:
            # Names of CloudFormation's own, and of what is newer than the reference.
            assert any(reference.meet(name, form) for form in granted), name
        else:
            assert name in reached, name
            assert name in ONE_OF or reference.missing(known, reached) == [], name


def test_the_pipeline_reaches_each_resource_of_its_stacks_by_its_name() -> None:
    patterns = [arn for each in ROLES[BY_CLOUDFORMATION] for arn in each.resources if arn != "*"]
    made = {arn for name in STAGES for arn in arns(TEMPLATES[name])}
    assert len(made) > 60
    assert {arn for arn in made if not any(reference.meet(arn, pattern) for pattern in patterns)} == set()


def test_the_pipeline_reads_releases_and_keeps_what_it_makes_of_them() -> None:
    # AWS re:Post, "How do I resolve Access Denied errors or permission issues in CodePipeline?", minimum permissions.
    of_bucket = {"GetBucketAcl", "GetBucketLocation", "GetBucketVersioning"}
    of_objects = {"GetObject", "GetObjectTagging", "GetObjectVersion", "GetObjectVersionTagging"}
    of_objects |= {"PutObject", "PutObjectAcl", "PutObjectTagging"}
    reached = reference.reach(ROLES["pipeline/PipelineRole"])
    assert {f"s3:{name}" for name in of_bucket | of_objects} <= set(reached)


def test_all_alarms_may_be_described() -> None:
    """CloudWatch asks for DescribeAlarms on `alarm:*`, whichever alarms are named: part of them would be none."""
    place = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:*"
    for role, statements in ROLES.items():
        on = {arn for each in statements for arn in each.resources if "cloudwatch:DescribeAlarms" in each.actions}
        assert on == ({place} if role == BY_CLOUDFORMATION else set()), role


def test_what_cloudformation_is_said_not_to_call_it_would() -> None:
    every = {name for kind in KINDS if not kind.startswith("Custom::") for name in handlers(kind)}
    for form in NOT_CALLED:
        assert any(reference.meet(name, form) for name in every), form


# --- the check itself


def statement(*names: str, on: str = "*", keys: tuple[str, ...] = ()) -> Statement:
    return Statement("S", True, names, (on,), frozenset(keys))


DB, SNAPSHOT = (f"arn:aws:rds:*:111122223333:{kind}" for kind in ("db:*", "snapshot:lamplighter-*"))


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ([statement("rds:StartDBInstance", on=DB)], set()),
        ([statement("rds:StartDBInstance", on=DB, keys=("aws:ResourceTag/Schedule",))], set()),
        (
            [statement("rds:LightDBInstance", on=DB)],
            {"S: there is no action rds:LightDBInstance", f"S: no action of it knows {DB}"},
        ),
        (
            [statement("rds:StartDBInstance", on=SNAPSHOT)],
            {
                f"S: rds:StartDBInstance cannot be allowed on {SNAPSHOT}",
                f"S: no action of it knows {SNAPSHOT}",
                "rds:StartDBInstance needs a db as well",
            },
        ),
        ([statement("rds:StartDBInstance")], {"S: rds:StartDBInstance reaches everything, and knows db"}),
        (
            [statement("ec2:DescribeInstances", on="arn:aws:ec2:*:111122223333:instance/*")],
            {
                "S: ec2:DescribeInstances cannot be allowed on arn:aws:ec2:*:111122223333:instance/*",
                "S: no action of it knows arn:aws:ec2:*:111122223333:instance/*",
            },
        ),
        (
            [statement("rds:StartDBInstance", on=DB, keys=("aws:RequestTag/Schedule",))],
            {f"S: rds:StartDBInstance has no condition key aws:RequestTag/Schedule on {DB}"},
        ),
        (
            [statement("rds:StopDBInstance", on=DB)],
            {
                "rds:StopDBInstance needs rds:CreateDBSnapshot as well",
                "rds:StopDBInstance needs rds:AddTagsToResource as well",
            },
        ),
        (
            [statement("rds:CreateDBSnapshot", "rds:AddTagsToResource", on=SNAPSHOT)],
            {"rds:CreateDBSnapshot needs a db as well"},
        ),
        ([statement("sqs:*", on="arn:aws:sqs:eu-west-1:111122223333:x")], set()),
        (
            [statement("sqs:*", on="arn:aws:sns:eu-west-1:111122223333:x")],
            {"S: no action of it knows arn:aws:sns:eu-west-1:111122223333:x"},
        ),
    ],
)
def test_the_faults_of_a_role(statements: list[Statement], told: set[str]) -> None:
    assert reference.faults(statements) == told


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        ("arn:aws:rds:*:1:db:*", "arn:*:rds:*:*:db:*", True),
        ("arn:aws:rds:*:1:db:x-*", "arn:*:rds:*:*:db:*", True),
        ("arn:aws:rds:*:1:db:*", "arn:*:rds:*:*:cluster:*", False),
        # A `*` ends with the part of the ARN that it stands in.
        ("arn:aws:*:1:db:x:y", "arn:*:rds:*:*:db:*", False),
        ("arn:aws:cloudwatch:eu-west-1:1:dashboard/x", "arn:*:cloudwatch::*:dashboard/*", False),
        ("arn:aws:logs:eu-west-1:1:log-group:/aws/x-*:*", "arn:*:logs:*:*:log-group:*:log-stream:*", True),
        ("servicecatalog:*Application*", "servicecatalog:CreateApplication", True),
        ("servicecatalog:*Application*", "servicecatalog:CreatePortfolio", False),
    ],
)
def test_patterns_that_meet(one: str, other: str, meets: bool) -> None:
    assert reference.meet(one, other) is reference.meet(other, one) is meets
