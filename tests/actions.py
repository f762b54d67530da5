"""From calls to IAM actions, which of them the code declares, and what does not fit together."""

from __future__ import annotations

import importlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import astuple
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tests.calls import Call
from tests.models import operation_name

SOURCE: Final = Path(__file__).parents[1] / "src"

PREFIXES: Final[Mapping[str, str]] = {"opensearch": "es", "resourcegroupstaggingapi": "tag"}
"""Prefixes of IAM where they are not botocore's name of the service.

Source: AWS Service Authorization Reference, "service prefix" of each service.
"""

SERVICES: Final[Mapping[str, str]] = {prefix: service for service, prefix in PREFIXES.items()}
"""The other way about."""

ACTIONS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    # A batch is allowed as its parts are.
    ("sqs", "SendMessageBatch"): ("sqs:SendMessage",),
    ("sqs", "DeleteMessageBatch"): ("sqs:DeleteMessage",),
    ("sqs", "ChangeMessageVisibilityBatch"): ("sqs:ChangeMessageVisibility",),
    # DynamoDB developer guide, "Using IAM with DynamoDB transactions": what its parts need; ours write, whole
    # items in flat tables, and delete.
    ("dynamodb", "TransactWriteItems"): ("dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:DeleteItem"),
    ("s3", "HeadBucket"): ("s3:ListBucket",),
    ("s3", "ListObjectsV2"): ("s3:ListBucket",),
    ("s3", "ListObjectVersions"): ("s3:ListBucketVersions",),
    ("s3", "HeadObject"): ("s3:GetObject",),
    ("s3", "CopyObject"): ("s3:GetObject", "s3:PutObject"),
    ("s3", "CreateMultipartUpload"): ("s3:PutObject",),
    ("s3", "UploadPart"): ("s3:PutObject",),
    ("s3", "CompleteMultipartUpload"): ("s3:PutObject",),
    ("s3", "DeleteObjects"): ("s3:DeleteObject",),
    ("s3", "ListBuckets"): ("s3:ListAllMyBuckets",),
    ("s3", "GetBucketEncryption"): ("s3:GetEncryptionConfiguration",),
    ("s3", "GetPublicAccessBlock"): ("s3:GetBucketPublicAccessBlock",),
    ("lambda", "Invoke"): ("lambda:InvokeFunction",),
}
"""IAM actions of operations that are not called as their action is.

Source: AWS Service Authorization Reference; Amazon S3 user guide, "Required permissions for Amazon S3 API operations".
"""

DEPENDENT: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "rds:CreateDBClusterSnapshot": (("rds:AddTagsToResource",), "it makes the snapshot with tags"),
    "rds:StopDBInstance": (
        ("rds:CreateDBSnapshot", "rds:AddTagsToResource"),
        "it is given a name for a snapshot, which takes over the tags of its database if that says so",
    ),
    "resource-groups:ListGroupResources": (
        ("tag:GetResources", "cloudformation:DescribeStacks", "cloudformation:ListStackResources"),
        "the group has a query of tags, or follows a stack",
    ),
    "scheduler:CreateSchedule": (("iam:PassRole",), "a schedule is handed the role that it works as"),
    "scheduler:UpdateSchedule": (("iam:PassRole",), "a schedule is handed the role that it works as anew"),
}
"""IAM actions that AWS asks for beside one that is called, without a call of ours; and when it does.

Source: AWS Service Authorization Reference, "dependent actions"; tests/deploy/test_reference.py holds this to it.
"""

UNCHECKED: Final = frozenset({"sts:GetCallerIdentity"})
"""What IAM asks no permission for (IAM user guide, GetCallerIdentity)."""

BY_OTHERS: Final[Mapping[str, str]] = {
    "tag:GetResources": "Resource Groups asks in our name when it lists a group by tags",
    **dict.fromkeys(
        (
            "ecs:TagResource",
            "ecs:UntagResource",
            "eks:TagResource",
            "eks:UntagResource",
            "rds:RemoveTagsFromResource",
            "redshift:CreateTags",
            "redshift:DeleteTags",
            "sagemaker:AddTags",
            "sagemaker:DeleteTags",
        ),
        "the Tagging API calls it in our name when it writes or removes tags",
    ),
    "sqs:ReceiveMessage": "Lambda takes messages for the function, with the function's role",
    "sqs:DeleteMessage": "Lambda removes what the function has answered for, with the function's role",
    "logs:CreateLogStream": "Lambda writes what the function prints, with the function's role",
    "logs:PutLogEvents": "Lambda writes what the function prints, with the function's role",
    **dict.fromkeys(
        ("ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
        "Lambda gives the function's interfaces in a VPC addresses, with the function's role",
    ),
    "ec2:CreateNetworkInterface": "Lambda joins the function to a VPC, with the function's role",
    "ec2:DeleteNetworkInterface": "Lambda takes the function out of a VPC, with the function's role",
    "ec2:DescribeNetworkInterfaces": "Lambda looks after the function's interfaces in a VPC, with the function's role",
    "ec2:DescribeSubnets": "Lambda looks at the function's subnets in a VPC, with the function's role",
    "kms:Decrypt": "DynamoDB, S3, SQS and SNS read what is encrypted in the name of who calls them",
    "kms:GenerateDataKey": "DynamoDB, S3, SQS and SNS encrypt in the name of who calls them",
    "kms:CreateGrant": "EC2 takes a grant for an encrypted volume in the name of who starts the instance",
}
"""Declared, and called by an AWS service with our permissions: no call of ours can prove it."""

DOUBLED: Final[Mapping[str, str]] = {
    "cloudformation:DescribeStackEvents": "asked after a failed deletion, and the simulated CloudFormation deletes all",
    "lambda:InvokeFunction": "the simulated Lambda runs functions in containers, and there are none in tests",
    "rds:ListTagsForResource": "asked only of snapshots listed without tags, and the simulated RDS lists all with them",
    "resource-groups:ListGroupResources": "the simulated Resource Groups has no ListGroupResources",
}
"""Declared, and asked in tests only of doubles that hold requests to botocore's models (`check_request`); why so."""


DECLARED_ELSEWHERE: Final[Mapping[str, str]] = {
    "lamplighter.resources": "lamplighter.resources",
    "lamplighter.store": "lamplighter.store",
    "lamplighter.scheduler.idle": "lamplighter.resources",
    "lamplighter.commitments.explorer": "lamplighter.commitments.explorer_questions",
}
"""Where that which a module without declarations of its own calls is declared: here or below."""


def actions_of(call: Call) -> tuple[str, ...]:
    """The IAM actions that a call needs.

    Raises:
        KeyError: botocore knows no such operation.
    """
    service, operation = call
    name = operation_name(service, operation)
    return ACTIONS.get((service, name)) or (f"{PREFIXES.get(service, service)}:{name}",)


def needed(call: Call) -> tuple[str, ...]:
    """The IAM actions that whoever makes a call must declare: those of the call, and those asked for beside them."""
    own = actions_of(call)
    return (*own, *(action for each in own for action in beside(each)))


def beside(action: str) -> tuple[str, ...]:
    """What AWS asks for beside an action."""
    return DEPENDENT[action][0] if action in DEPENDENT else ()


@cache
def declared() -> Mapping[str, frozenset[str]]:
    """Who declares which actions: members of families, modules with `PERMISSIONS`, handlers."""
    return {who: actions for who, actions in (*_members(), *_modules(), *_handlers()) if actions}


def allowed(module: str) -> frozenset[str]:
    """What a module may call: what it declares itself, otherwise what its family does; all if nobody knows who asks."""
    if module in declared() or not module:
        return declared().get(module) or frozenset().union(*declared().values())
    above = next((family for place, family in DECLARED_ELSEWHERE.items() if _below(module, place)), None)
    return frozenset(action for who, each in declared().items() if above and _below(who, above) for action in each)


def _below(module: str, place: str) -> bool:
    return f"{module}.".startswith(f"{place}.")


def _members() -> Iterator[tuple[str, frozenset[str]]]:
    from lamplighter.commitments.registry import sources
    from lamplighter.deploy.health.registry import parts
    from lamplighter.notify.registry import senders
    from lamplighter.resources.registry import kinds
    from lamplighter.usage.registry import collectors

    for kind in kinds().values():
        yield type(kind).__module__, frozenset(action for each in astuple(kind.permissions) for action in each)
    for family in (collectors(), sources(), senders(), parts()):
        for member in family.values():
            yield type(member).__module__, frozenset(member.permissions)


def _modules() -> Iterator[tuple[str, frozenset[str]]]:
    """Each module that says `PERMISSIONS = ...`; the others are not imported for it."""
    for path in sorted(SOURCE.rglob("*.py")):
        if re.search(r"^PERMISSIONS\b.*=", path.read_text(), re.MULTILINE):
            name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
            yield name, frozenset(_flat(importlib.import_module(name).PERMISSIONS))


def _flat(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _flat(tuple(value.values()))
    elif isinstance(value, Iterable):
        for each in value:
            yield from _flat(each)


def _handlers() -> Iterator[tuple[str, frozenset[str]]]:
    """Handlers that are there; what others will need stands in the data before they are written."""
    from lamplighter.deploy import needs
    from lamplighter.deploy.handlers import HANDLERS

    for handler in HANDLERS.values():
        module = f"lamplighter.lambdas.{handler.name}"
        if find_spec(module) is not None:
            yield module, frozenset(need.action for need in needs.of_handler(handler))


def problems(made: Collection[tuple[str, str, str]], doubled: Collection[Call], *, whole: bool) -> list[str]:
    """What does not fit together, one line each.

    Args:
        made: calls over the wire: service, operation, module.
        doubled: calls to doubles that hold requests to botocore's models.
        whole: whether every test ran, so that what nobody called is never called.
    """
    asked = [(each, action) for each in sorted(made) for action in needed(each[:2])]
    found = [
        f"{module or 'somebody'} calls {service} {operation} and does not declare {action} (docs/permissions.md)"
        for (service, operation, module), action in asked
        if action not in allowed(module) | UNCHECKED
    ]
    if not whole:
        return found
    known = {who: set(actions) for who, actions in declared().items()}
    used = {action for _, action in asked}
    return found + unused(known, used, {action for call in doubled for action in actions_of(call)})


def unused(
    known: Mapping[str, set[str]],
    used: set[str],
    doubled: set[str],
    *,
    by_double: Mapping[str, str] = DOUBLED,
    by_others: Mapping[str, str] = BY_OTHERS,
) -> list[str]:
    """What is declared and was not called in a run of all tests; and what the tables here say that is not so.

    Args:
        known: actions by who declares them.
        used: actions that were called over the wire.
        doubled: actions that doubles were asked for.
        by_double: as `DOUBLED`.
        by_others: as `BY_OTHERS`.
    """
    found = []
    every = {action for actions in known.values() for action in actions}
    for action in sorted(every - used - set(by_double) - set(by_others)):
        who = ", ".join(sorted(name for name, actions in known.items() if action in actions))
        found.append(f"{action} is declared by {who}, and no test calls it over the wire: remove it, or test it")
    struck = sorted(used & set(by_double))
    found += [f"{action} is called over the wire after all: strike it from DOUBLED" for action in struck]
    found += [f"{action} is in DOUBLED, and no double is asked for it" for action in sorted(set(by_double) - doubled)]
    return found
