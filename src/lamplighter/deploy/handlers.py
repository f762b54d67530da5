"""What each handler is and needs, as data: templates, policies and packages are made from it.

The module of a handler is `lamplighter.lambdas.<name>`, its function `handler`; `Handler.entry` is what Lambda is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias


class Group(StrEnum):
    """The zip a handler lies in."""

    CORE = "core"
    DATA = "data"


class Family(StrEnum):
    """Families whose members say which IAM actions they call in a target; a member's role needs them."""

    KINDS = "kinds"
    COLLECTORS = "collectors"
    COMMITMENTS = "commitments"
    WINDOWS = "windows"


class On(StrEnum):
    """What an action of the hub's own roles is allowed on."""

    STORE = "store"
    LAKE = "lake"
    STAGED = "staged"
    BILLS = "bills"
    QUEUE = "queue"
    TOPIC = "topic"
    WAKE = "wake"
    WAKE_LIKE = "wake-like"
    WAKE_ROLE = "wake-role"
    ITSELF = "itself"
    MEMBER_ROLES = "member-roles"
    ALL = "*"


@dataclass(frozen=True, slots=True)
class Every:
    """Called by EventBridge Scheduler, again and again.

    Attributes:
        expression: `rate(...)` or `cron(...)`.
        says: the event it is called with.
    """

    expression: str
    says: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wake:
    """Called by the one-time schedule of EventBridge Scheduler that it sets anew itself, LAMPLIGHTER_WAKE."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Called with messages of LAMPLIGHTER_QUEUE_URL; answers which of them failed (ReportBatchItemFailures).

    Attributes:
        batch: messages at a time.
        concurrency: calls at a time (ScalingConfig.MaximumConcurrency).
    """

    batch: int
    concurrency: int


@dataclass(frozen=True, slots=True)
class Event:
    """Called by an EventBridge rule.

    Attributes:
        name: of the rule.
        pattern: its event pattern; `{tag}` stands for the key of the schedule tag, `{bills}` for the bucket of bills.
        forwarded: whether member accounts forward such events to the hub.
    """

    name: str
    pattern: Mapping[str, object]
    forwarded: bool = True


@dataclass(frozen=True, slots=True)
class Stack:
    """Called by CloudFormation for custom resources.

    Attributes:
        types: of the resources.
    """

    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """Called by people and programs (lambda:InvokeFunction)."""


Trigger: TypeAlias = Every | Wake | Queue | Event | Stack | Call


@dataclass(frozen=True, slots=True)
class Handler:
    """One Lambda function.

    Attributes:
        name: of the module below `lamplighter.lambdas`.
        title: what it does, one line.
        group: the zip it lies in.
        memory: MB.
        timeout: seconds.
        triggers: what calls it.
        permissions: IAM actions of its own role, by what they are allowed on.
        families: whose members' actions it calls in targets, with the member's role.
        disk: MB of /tmp.
        loops: whether what it sends may come back to it more than 16 times in a row, which Lambda's recursive loop
            detection ends unless it is told to allow it; it must have a bound of its own.
    """

    name: str
    title: str
    group: Group
    memory: int
    timeout: int
    triggers: tuple[Trigger, ...]
    permissions: Mapping[On, tuple[str, ...]]
    families: tuple[Family, ...] = ()
    disk: int = 512
    loops: bool = False

    @property
    def entry(self) -> str:
        """What Lambda's `Handler` property says."""
        return f"lamplighter.lambdas.{self.name}.handler"


_READ: Final = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
_WRITE: Final = ("dynamodb:UpdateItem", "dynamodb:DeleteItem")
_LAKE_READ: Final = ("s3:GetObject", "s3:ListBucket")
_LAKE_WRITE: Final = (*_LAKE_READ, "s3:PutObject", "s3:DeleteObject")
_ENTER: Final = ("sts:AssumeRole",)
_ALARM: Final = {
    On.WAKE: ("scheduler:CreateSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule"),
    On.WAKE_LIKE: ("scheduler:GetSchedule",),
    On.WAKE_ROLE: ("iam:PassRole",),
}
_CALENDARS: Final = ("ssm:GetDocument",)
"""What reading the definitions takes: a Change Calendar among them is read anew each time."""
_TARGETS: Final = (
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "ec2:DescribeRegions",
)
_LONGEST: Final = 900

_CLOCK = Handler(
    "clock",
    "Asks the timelines which targets are due, sends a message for each, and sleeps until the next transition.",
    Group.CORE,
    512,
    _LONGEST,
    (Wake(), Every("rate(1 hour)")),
    {
        On.STORE: (*_READ, *_WRITE),
        On.QUEUE: ("sqs:SendMessage",),
        **_ALARM,
        On.MEMBER_ROLES: _ENTER,
        On.ALL: (*_TARGETS, *_CALENDARS),
    },
)
_PASSES = Handler(
    "passes",
    "Runs the pass of one target for each message.",
    Group.CORE,
    512,
    _LONGEST,
    (Queue(batch=2, concurrency=50),),
    {
        On.STORE: (*_READ, *_WRITE, "dynamodb:Scan"),
        On.QUEUE: (
            "sqs:SendMessage",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ChangeMessageVisibility",
        ),
        On.TOPIC: ("sns:Publish",),
        On.MEMBER_ROLES: _ENTER,
        On.ALL: _CALENDARS,
    },
    (Family.KINDS, Family.WINDOWS),
    # A pass is handed on 60 times at most, see MOST in lamplighter.scheduler.take.
    loops=True,
)
_EVENTS = Handler(
    "events",
    "Asks for a look at the target in which a tag changed, an instance started or stopped, or an account joined.",
    Group.CORE,
    256,
    60,
    (
        Event("tags", {"source": ["aws.tag"], "detail": {"changed-tag-keys": ["{tag}"]}}),
        # Auto Scaling tells nobody of tags: its calls are known by a trail of CloudTrail in the account and region.
        Event(
            "groups",
            {
                "source": ["aws.autoscaling"],
                "detail-type": ["AWS API Call via CloudTrail"],
                "detail": {
                    "eventSource": ["autoscaling.amazonaws.com"],
                    "eventName": ["CreateAutoScalingGroup", "CreateOrUpdateTags", "DeleteTags"],
                    "errorCode": [{"exists": False}],
                    "requestParameters": {"tags": {"key": ["{tag}"]}},
                },
            },
        ),
        Event(
            "instances",
            {
                "source": ["aws.ec2"],
                "detail-type": ["EC2 Instance State-change Notification"],
                "detail": {"state": ["running", "stopped", "terminated"]},
            },
        ),
        Event(
            "databases",
            {
                "source": ["aws.rds"],
                "detail-type": ["RDS DB Instance Event", "RDS DB Cluster Event"],
                "detail": {
                    "EventID": [
                        "RDS-EVENT-0087",
                        "RDS-EVENT-0088",
                        "RDS-EVENT-0150",
                        "RDS-EVENT-0151",
                        "RDS-EVENT-0153",
                        "RDS-EVENT-0154",
                    ]
                },
            },
        ),
        Event(
            "accounts",
            {"source": ["aws.organizations"], "detail": {"eventName": ["CreateAccountResult", "AcceptHandshake"]}},
            forwarded=False,
        ),
    ),
    {On.STORE: (*_READ, *_WRITE), On.QUEUE: ("sqs:SendMessage",), **_ALARM, On.ALL: _CALENDARS},
)
_COLLECT = Handler(
    "collect",
    "Counts what is in use in every target, each hour.",
    Group.DATA,
    1024,
    _LONGEST,
    (Every("cron(5 * * * ? *)"),),
    {
        # Items of the tables AWSCost and AWSCostMap are put whole.
        On.STORE: (*_READ, *_WRITE, "dynamodb:PutItem", "dynamodb:Scan"),
        On.LAKE: _LAKE_WRITE,
        On.MEMBER_ROLES: _ENTER,
        On.ITSELF: ("lambda:InvokeFunction",),
        On.ALL: (*_TARGETS, *_CALENDARS),
    },
    (Family.COLLECTORS,),
    disk=2048,
)
_INGEST = Handler(
    "ingest",
    "Loads a bill that arrived in S3 into the lake.",
    Group.DATA,
    3008,
    _LONGEST,
    (
        Event(
            "bills",
            {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["{bills}"]}}},
            forwarded=False,
        ),
    ),
    {
        On.STORE: (*_READ, *_WRITE),
        On.LAKE: _LAKE_WRITE,
        On.STAGED: ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
        On.BILLS: ("s3:GetObject", "s3:ListBucket"),
        On.ITSELF: ("lambda:InvokeFunction",),
    },
    # Texts of a portion, all that is staged of a bill, and its month as it was and as it will be: see docs/handlers.md.
    disk=10_240,
)
_REPORT = Handler(
    "report",
    "Writes the workbook of a month into the bucket of the lake.",
    Group.DATA,
    2048,
    _LONGEST,
    (Every("cron(30 6 * * ? *)"),),
    {On.STORE: (*_READ, *_WRITE), On.LAKE: _LAKE_WRITE, On.ALL: _CALENDARS},
    disk=10_240,
)
_CUSTOM_RESOURCE = Handler(
    "custom_resource",
    "Keeps schedules, periods and overrides that CloudFormation stacks declare; wakes the clock when its own changes.",
    Group.CORE,
    256,
    120,
    (
        Stack(
            (
                "Custom::ServiceInstanceSchedule",
                "Custom::LamplighterSchedule",
                "Custom::LamplighterPeriod",
                "Custom::LamplighterOverride",
                "Custom::LamplighterClock",
            )
        ),
    ),
    {On.STORE: (*_READ, *_WRITE), **_ALARM, On.ALL: _CALENDARS},
)
_REMOTE = Handler(
    "remote",
    "Runs commands of `lamp` that read, and starts or stops a list of instances in a region.",
    Group.CORE,
    512,
    _LONGEST,
    (Call(),),
    {
        On.STORE: (*_READ, *_WRITE, "dynamodb:Scan"),
        On.QUEUE: ("sqs:SendMessage",),
        **_ALARM,
        On.MEMBER_ROLES: _ENTER,
        On.ALL: (*_TARGETS, *_CALENDARS),
    },
    (Family.KINDS,),
)

HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType(
    {each.name: each for each in (_CLOCK, _PASSES, _EVENTS, _COLLECT, _INGEST, _REPORT, _CUSTOM_RESOURCE, _REMOTE)}
)
"""Every handler, by name."""

ENVIRONMENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "LAMPLIGHTER_STORE": "address of the store: dynamodb://<prefix>?region=<region>",
        "LAMPLIGHTER_LAKE": "address of the lake: s3://<bucket>/lake",
        "LAMPLIGHTER_QUEUE_URL": "URL of the queue of passes",
        "LAMPLIGHTER_TOPIC_ARN": "ARN of the topic that is told errors, where the definitions have no `notify`",
        "LAMPLIGHTER_WAKE": "<group>/<name> of the one-time schedule that calls the clock; who sets it makes it",
        "LAMPLIGHTER_CLOCK": "<group>/<name> of the schedule that calls the clock each hour; the other is made like it",
        "LAMPLIGHTER_TAG": "key of the schedule tag, where the definitions name none",
        "LAMPLIGHTER_TIMEZONE": "IANA zone of schedules that name none, where the definitions name none",
        "LAMPLIGHTER_ROLE": "name of the role in member accounts, where the definitions name no targets",
        "LAMPLIGHTER_EXTERNAL_ID": "external id of that role; empty for none",
        "LAMPLIGHTER_REGIONS": "regions of targets, separated by commas, or all",
        "LAMPLIGHTER_ORGANIZATION": "true for every active account of the Organization",
        "LAMPLIGHTER_ACCOUNTS": "account ids, separated by commas",
        "LAMPLIGHTER_FREQUENCY": "minutes between passes of targets that need them between transitions; 5 unless set",
        "LAMPLIGHTER_RECONCILE": "hours between passes of every target; 4 unless set",
        "LAMPLIGHTER_ENDPOINT_URL": "one URL for every service; empty for those of AWS",
        "POWERTOOLS_SERVICE_NAME": "name of the function in logs and metrics",
        "POWERTOOLS_METRICS_NAMESPACE": "namespace of the metrics",
    }
)
"""Variables that handlers read. What stands in the definitions goes before them."""
