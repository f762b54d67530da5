"""Which IAM actions the code says that it calls, gathered by what calls them: the root of every policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lamplighter.commitments.explorer_questions import PERMISSIONS as EXPLORER
from lamplighter.commitments.registry import sources
from lamplighter.deploy.authorization import ACTING, EVERYTHING, LOOKING, SNAPSHOTS, Scope, there
from lamplighter.deploy.handlers import HANDLERS, Family, Group, Handler, On
from lamplighter.errors import UsageError
from lamplighter.notify.registry import senders
from lamplighter.resources.registry import kinds
from lamplighter.scheduler import window_targets, windows
from lamplighter.usage.registry import collectors


@dataclass(frozen=True, slots=True)
class Need:
    """One action that is called, and what it must reach.

    Attributes:
        concern: what calls it; statements are named after it.
        action: the IAM action.
        scope: what it reaches.
    """

    concern: str
    action: str
    scope: Scope


LOOK: Final = ("discover", "health", "cost", "measure")
ACT: Final = ("start", "stop", "tag", "resize")
GRANTS: Final = Need(
    "Grants",
    "kms:CreateGrant",
    # EC2 takes a grant on the key of an encrypted volume in the name of who starts the instance (EBS user guide,
    # "Requirements for Amazon EBS encryption").
    Scope(
        ("${VolumeKeyArns}",),
        conditions=(
            ("Bool", "kms:GrantIsForAWSResource", "true"),
            ("StringLike", "kms:ViaService", "ec2.*.amazonaws.com"),
        ),
    ),
)


def looking() -> list[Need]:
    """What a member's role needs to look: kinds, windows, collectors of usage, sources of commitments."""
    found = [("Schedules", action) for name in LOOK for action in _of_kinds(name)]
    # What an EC2 instance could be started with is looked up as well.
    found += [("Schedules", action) for action in _of_kinds("resize") if action in LOOKING]
    found += [("Windows", action) for action in (*windows.PERMISSIONS, *window_targets.PERMISSIONS)]
    found += [("Usage", action) for action in _counted()]
    found += [("Commitments", action) for each in sources().values() for action in each.permissions]
    found.append(("Targets", "ec2:DescribeRegions"))
    return _unique(need for concern, action in found for need in _needs(concern, action, LOOKING))


def acting() -> list[Need]:
    """What a member's role needs to start and stop, to tag, and to change types."""
    actions = [action for name in ACT for action in _of_kinds(name) if action not in LOOKING]
    return _unique(need for action in actions for need in _needs("Act", action, ACTING))


def snapshots() -> list[Need]:
    """What snapshots before a stop need beside that."""
    actions = [*_of_kinds("snapshot"), "rds:StopDBInstance"]
    return _unique(need for action in actions for need in _needs("Snapshots", action, SNAPSHOTS))


def explorer() -> list[Need]:
    """What questions to Cost Explorer need, in the account that asks."""
    return _unique(need for action in EXPLORER.values() for need in _needs("CostExplorer", action, LOOKING))


HERE: Final = "arn:${{AWS::Partition}}:{}:${{AWS::Region}}:${{AWS::AccountId}}:{}"
_LAKE_FOLDERS: Final = ("lake", "reports")
_BUCKETS: Final = {On.LAKE: "LakeBucket", On.BILLS: "BillBucket"}


def of_handler(handler: Handler) -> list[Need]:
    """What the role of a function of the hub needs.

    Raises:
        UsageError: nobody said what one of its actions can be narrowed to.
    """
    found = [
        Need(_title(on.name), action, scope)
        for on, actions in handler.permissions.items()
        for action in actions
        for scope in _of_hub(on, action, handler)
    ]
    if On.TOPIC in handler.permissions:
        found += _sending()
    if {On.STORE, On.LAKE, On.QUEUE, On.TOPIC} & set(handler.permissions):
        found += [Need("Key", action, Scope(("${KeyArn}",))) for action in ("kms:Decrypt", "kms:GenerateDataKey")]
    # The ARN of a log group ends with the `:*` that its streams need (CloudFormation, AWS::Logs::LogGroup, Fn::GetAtt).
    group = Scope((f"${{{_title(handler.name)}Logs.Arn}}",))
    found += [Need("Logs", action, group) for action in ("logs:CreateLogStream", "logs:PutLogEvents")]
    found.append(Need("DeadLetters", "sqs:SendMessage", Scope(("${DeadLetterQueue.Arn}",))))
    return _unique(found)


def at_home(handler: Handler) -> list[Need]:
    """What a function of the stack `data` needs in the hub's own account, where it works as itself.

    Functions of the stack `hub` get that from the stack `member` there.
    """
    if handler.group is not Group.DATA or Family.COLLECTORS not in handler.families:
        return []
    return _unique(need for action in _counted() for need in _needs("Usage", action, LOOKING))


_INTERFACES: Final = Scope(
    EVERYTHING,
    reason="Lambda asks for it on everything before it puts a function into a VPC; interfaces have no names before",
)
_VPC_ACTIONS: Final = (
    "AssignPrivateIpAddresses",
    "CreateNetworkInterface",
    "DeleteNetworkInterface",
    "UnassignPrivateIpAddresses",
)
VPC: Final = (
    *(Need("Network", f"ec2:{action}", _INTERFACES) for action in _VPC_ACTIONS),
    *(Need("Network", action, *LOOKING[action]) for action in ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")),
)
"""What every function needs when it runs in a VPC.

Source: Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC".
"""


def of_hub() -> list[tuple[str, Need]]:
    """(handler, need) of every function."""
    return [(handler.name, need) for handler in HANDLERS.values() for need in of_handler(handler)]


def dashed(handler: Handler) -> str:
    """The name of a handler as resources in AWS carry it."""
    return handler.name.replace("_", "-")


def _title(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace("-", "_").split("_"))


def _of_hub(on: On, action: str, handler: Handler) -> tuple[Scope, ...]:
    if on is On.ALL:
        return LOOKING[action] if action in LOOKING else _unknown(action)
    if on in _BUCKETS:
        bucket = f"arn:${{AWS::Partition}}:s3:::${{{_BUCKETS[on]}}}"
        objects = [f"{bucket}/{folder}/*" for folder in _LAKE_FOLDERS] if on is On.LAKE else [f"{bucket}/*"]
        return (Scope((bucket,) if action == "s3:ListBucket" else tuple(objects)),)
    if on is On.WAKE_ROLE:
        return (
            Scope(
                ("${SchedulerRole.Arn}",),
                conditions=(("StringEquals", "iam:PassedToService", "scheduler.amazonaws.com"),),
            ),
        )
    return (Scope((_ARNS[on].replace("{handler}", dashed(handler)),)),)


_ARNS: Final = {
    On.STORE: HERE.format("dynamodb", "table/${Prefix}-*"),
    On.QUEUE: "${PassQueue.Arn}",
    On.TOPIC: "${Topic}",
    On.WAKE: HERE.format("scheduler", "schedule/${Prefix}/${Prefix}-wake"),
    On.WAKE_LIKE: HERE.format("scheduler", "schedule/${Prefix}/${Prefix}-clock"),
    On.STAGED: "arn:${AWS::Partition}:s3:::${LakeBucket}/staging/*",
    On.ITSELF: HERE.format("lambda", "function:${Prefix}-{handler}"),
    On.MEMBER_ROLES: "arn:${AWS::Partition}:iam::*:role/${MemberRole}",
}


SENDING: Final[Mapping[str, tuple[Scope, ...]]] = {
    # Only secrets and parameters whose names begin with the prefix.
    "secretsmanager:GetSecretValue": (Scope(there("secretsmanager", "secret:${Prefix}/*")),),
    "ssm:GetParameter": (Scope(there("ssm", "parameter/${Prefix}/*")),),
    "sns:Publish": (Scope(("${Topic}",)),),
    "ssm:UpdateOpsItem": (Scope(there("ssm", "opsitem/*")),),
    **dict.fromkeys(
        ("ssm:CreateOpsItem", "ssm:DescribeOpsItems"),
        (Scope(EVERYTHING, reason="IAM knows no resource types for it: an OpsItem has no name before it is made"),),
    ),
}
"""What senders of messages call."""


def _sending() -> list[Need]:
    actions = {action for sender in senders().values() for action in sender.permissions}
    return [need for action in sorted(actions) for need in _needs("Messages", action, SENDING)]


def _counted() -> list[str]:
    return [action for each in collectors().values() for action in each.permissions]


def _of_kinds(purpose: str) -> Iterator[str]:
    for kind in kinds().values():
        yield from getattr(kind.permissions, purpose)


def _needs(concern: str, action: str, known: Mapping[str, tuple[Scope, ...]]) -> Iterator[Need]:
    for scope in known.get(action) or _unknown(action):
        yield Need(concern, action, scope)


def _unknown(action: str) -> tuple[Scope, ...]:
    raise UsageError(
        f"nobody said what {action} can be narrowed to", hint="write it into lamplighter/deploy/authorization.py"
    )


def _unique(needs: Iterable[Need]) -> list[Need]:
    """The needs without repetition; the first concern that names an action and a scope keeps it."""
    found: dict[tuple[str, Scope], Need] = {}
    for need in needs:
        found.setdefault((need.action, need.scope), need)
    return list(found.values())
