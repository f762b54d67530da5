"""The functions in the templates `hub` and `data`: each with its role, its log group, and what calls it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lamplighter.deploy import needs
from lamplighter.deploy.block_parts import logical, tags
from lamplighter.deploy.handlers import HANDLERS, Event, Every, Group, Handler, On, Queue, Stack, Wake
from lamplighter.deploy.needs import Need, dashed
from lamplighter.deploy.policies import VERSION, as_yaml
from lamplighter.deploy.yamls import NO_VALUE, Function, GetAtt, If, Ref, Row, Sub, plain

PATTERN: Final = r"(rate|cron)\(.+\)"
_PART: Final = {Group.CORE: "hub", Group.DATA: "data"}
_CODE: Final = {Group.CORE: "CoreCodeKey", Group.DATA: "DataCodeKey"}
_DECIDING: Final = (
    "SchedulingActive",
    "TagName",
    "Timezone",
    "Regions",
    "Frequency",
    "ReconcileHours",
    "OrganizationId",
    "Accounts",
    "MemberRole",
    "ExternalId",
    "CoreCodeKey",
)
"""Parameters that decide what is due and where: when one changes, the clock looks at everything at once."""

_TOLD: Final = 300
"""Seconds that CloudFormation waits for an answer, in place of an hour."""

_HOURS_OF_AN_EVENT: Final = 6
_RETRIES: Final = Row(MaximumRetryAttempts=3, MaximumEventAgeInSeconds=_HOURS_OF_AN_EVENT * 3600)

ENVIRONMENT: Final[Mapping[str, str]] = {
    "LAMPLIGHTER_STORE": "dynamodb://${Prefix}?region=${AWS::Region}",
    "LAMPLIGHTER_LAKE": "s3://${LakeBucket}/lake",
    "LAMPLIGHTER_QUEUE_URL": "${PassQueue}",
    "LAMPLIGHTER_TOPIC_ARN": "${Topic}",
    "LAMPLIGHTER_WAKE": "${Prefix}/${Prefix}-wake",
    "LAMPLIGHTER_CLOCK": "${Prefix}/${Prefix}-clock",
    "LAMPLIGHTER_TAG": "${TagName}",
    "LAMPLIGHTER_TIMEZONE": "${Timezone}",
    "LAMPLIGHTER_FREQUENCY": "${Frequency}",
    "LAMPLIGHTER_RECONCILE": "${ReconcileHours}",
    "LAMPLIGHTER_ROLE": "${MemberRole}",
    "LAMPLIGHTER_EXTERNAL_ID": "${ExternalId}",
    "POWERTOOLS_METRICS_NAMESPACE": "${Prefix}",
}
"""Variables that are one text; the others depend on conditions."""

_ONLY: Final[Mapping[str, On]] = {
    "LAMPLIGHTER_LAKE": On.LAKE,
    "LAMPLIGHTER_QUEUE_URL": On.QUEUE,
    "LAMPLIGHTER_TOPIC_ARN": On.TOPIC,
    "LAMPLIGHTER_WAKE": On.WAKE,
    "LAMPLIGHTER_CLOCK": On.WAKE_LIKE,
    **dict.fromkeys(
        (
            "LAMPLIGHTER_ROLE",
            "LAMPLIGHTER_EXTERNAL_ID",
            "LAMPLIGHTER_REGIONS",
            "LAMPLIGHTER_ORGANIZATION",
            "LAMPLIGHTER_ACCOUNTS",
        ),
        On.MEMBER_ROLES,
    ),
}
"""Variables that are of use only to who may do something there; every other one is given to every function."""

_RHYTHM: Final = ("LAMPLIGHTER_FREQUENCY", "LAMPLIGHTER_RECONCILE")
"""Variables of the clock alone."""


def schedule_parameter(handler: Handler) -> str:
    """The parameter that says when a handler is called again and again."""
    return f"{logical(handler.name)}Schedule"


def parameters(group: Group) -> dict[str, Any]:
    """A parameter for each handler of a group that is called again and again."""
    return {
        schedule_parameter(handler): {
            "Type": "String",
            "Default": trigger.expression,
            "AllowedPattern": PATTERN,
            "ConstraintDescription": "rate(4 hours), or cron(minute hour day month weekday year)",
            "Description": f"When {dashed(handler)} is called, in the time zone above. {handler.title}",
        }
        for handler, trigger in _again()
        if handler.group is group
    }


def functions(group: Group) -> dict[str, Any]:
    """Everything that belongs to the handlers of a group."""
    found: dict[str, Any] = {_SHARED: _shared_policy(group)}
    for handler in _of(group):
        name = logical(handler.name)
        found[f"{name}Logs"] = _logs(handler)
        found[f"{name}Role"] = _role(handler)
        found[f"{name}Function"] = _function(handler)
        found |= _calls(handler)
    return found if group is Group.CORE else _elsewhere(found)


_SHARED: Final = "FunctionsPolicy"


def _of(group: Group) -> list[Handler]:
    return [handler for handler in HANDLERS.values() if handler.group is group]


def _shared(group: Group) -> list[Need]:
    """What every function of a group needs."""
    first, *others = (needs.of_handler(handler) for handler in _of(group))
    return [need for need in first if all(need in other for other in others)]


def _shared_policy(group: Group) -> dict[str, Any]:
    """What every function may, written once."""
    network = [If(["HasVpc", each, NO_VALUE]) for each in as_yaml(needs.VPC)]
    return {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": "every-function",
            "Roles": [Ref(f"{logical(handler.name)}Role") for handler in _of(group)],
            "PolicyDocument": {"Version": VERSION, "Statement": [*as_yaml(_shared(group)), *network]},
        },
    }


_SQS: Final = "https://sqs.${AWS::Region}.${AWS::URLSuffix}/${AWS::AccountId}/"
_ELSEWHERE: Final[Mapping[Function, Function]] = {
    GetAtt("DeadLetterQueue.Arn"): Sub(needs.HERE.format("sqs", "${Prefix}-dead-letters")),
    GetAtt("SchedulerRole.Arn"): Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Prefix}-hub-schedules"),
    Ref("Topic"): Sub(needs.HERE.format("sns", "${Prefix}")),
    Ref("PassQueue"): Sub(f"{_SQS}${{Prefix}}-passes"),
    Ref("ScheduleGroup"): Ref("Prefix"),
}
"""What the stack `hub` holds, as other stacks call it: by name, so that they do not hang on each other."""


def _elsewhere(value: Any) -> Any:
    if isinstance(value, Function):
        return _ELSEWHERE.get(value, value)
    if isinstance(value, dict):
        return type(value)({key: _elsewhere(each) for key, each in value.items()})
    if isinstance(value, list):
        return type(value)(_elsewhere(each) for each in value)
    return value


def _logs(handler: Handler) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": Sub(f"/aws/lambda/${{Prefix}}-{dashed(handler)}"),
            "RetentionInDays": Ref("LogRetentionDays"),
            "KmsKeyId": Ref("KeyArn"),
            "Tags": tags(_PART[handler.group]),
        },
    }


def _role(handler: Handler) -> dict[str, Any]:
    trust = Row(Effect="Allow", Principal=Row(Service="lambda.amazonaws.com"), Action="sts:AssumeRole")
    shared = _shared(handler.group)
    wanted = [need for need in needs.of_handler(handler) if need not in shared]
    document = {"Version": VERSION, "Statement": as_yaml(need for need in wanted if need.concern != "Bills")}
    found: list[Any] = [{"PolicyName": "calls", "PolicyDocument": document}]
    if counts := as_yaml(needs.at_home(handler)):
        found.append({"PolicyName": "counts", "PolicyDocument": {"Version": VERSION, "Statement": counts}})
    bills = as_yaml(need for need in wanted if need.concern == "Bills")
    if bills:
        policy = {"PolicyName": "bills", "PolicyDocument": {"Version": VERSION, "Statement": bills}}
        found.append(If(["HasBills", policy, NO_VALUE]))
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": Sub(f"${{Prefix}}-hub-{dashed(handler)}"),
            "AssumeRolePolicyDocument": {"Version": VERSION, "Statement": [trust]},
            "PermissionsBoundary": If(["HasBoundary", Ref("PermissionsBoundary"), NO_VALUE]),
            "Policies": found,
            "Tags": tags(_PART[handler.group]),
        },
    }


def variables(handler: Handler) -> dict[str, Any]:
    """The environment of a function."""
    clock = any(isinstance(trigger, Wake) for trigger in handler.triggers)
    every = {key: plain(value) for key, value in ENVIRONMENT.items()} | {
        "LAMPLIGHTER_REGIONS": Row({"Fn::Join": [",", Ref("Regions")]}),
        "LAMPLIGHTER_ORGANIZATION": If(["WholeOrganization", "true", ""]),
        "LAMPLIGHTER_ACCOUNTS": Row({"Fn::Join": [",", Ref("Accounts")]}),
        "POWERTOOLS_SERVICE_NAME": dashed(handler),
    }
    return {
        key: value
        for key, value in every.items()
        if (_ONLY[key] in handler.permissions if key in _ONLY else clock or key not in _RHYTHM)
    }


def _function(handler: Handler) -> dict[str, Any]:
    name = logical(handler.name)
    return {
        "Type": "AWS::Lambda::Function",
        # In a VPC it cannot be made before its role may use the network.
        "DependsOn": _SHARED,
        "Properties": {
            "FunctionName": Sub(f"${{Prefix}}-{dashed(handler)}"),
            "Description": handler.title,
            "Handler": handler.entry,
            "Runtime": Ref("Runtime"),
            "Architectures": [Ref("Architecture")],
            "Code": Row(S3Bucket=Ref("CodeBucket"), S3Key=Ref(_CODE[handler.group])),
            "MemorySize": handler.memory,
            "Timeout": handler.timeout,
            "EphemeralStorage": Row(Size=handler.disk),
            **({"RecursiveLoop": "Allow"} if handler.loops else {}),
            "Role": GetAtt(f"{name}Role.Arn"),
            "KmsKeyArn": Ref("KeyArn"),
            "Environment": {"Variables": variables(handler)},
            "LoggingConfig": Row(LogGroup=Ref(f"{name}Logs"), LogFormat="JSON", ApplicationLogLevel=Ref("LogLevel")),
            "VpcConfig": If(
                ["HasVpc", Row(SubnetIds=Ref("SubnetIds"), SecurityGroupIds=Ref("SecurityGroupIds")), NO_VALUE]
            ),
            "Tags": tags(_PART[handler.group]),
        },
    }


def _calls(handler: Handler) -> dict[str, Any]:
    name = logical(handler.name)
    found: dict[str, Any] = {}
    if not all(isinstance(trigger, Queue) for trigger in handler.triggers):
        found[f"{name}Retries"] = _retries(handler)
    for trigger in handler.triggers:
        match trigger:
            case Every():
                found[f"{name}Every"] = _every(handler, trigger)
            case Wake():
                found[f"{name}Look"] = _look(handler)
            case Queue():
                found[f"{name}Queue"] = _queue(handler, trigger)
            case Event():
                found |= _rule(handler, trigger)
            case _:
                continue
    return found


def _retries(handler: Handler) -> dict[str, Any]:
    """What an event that nobody waits for comes to when the function fails: tried again, then put aside."""
    return {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": Ref(f"{logical(handler.name)}Function"),
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 2,
            "MaximumEventAgeInSeconds": _HOURS_OF_AN_EVENT * 3600,
            "DestinationConfig": Row(OnFailure=Row(Destination=GetAtt("DeadLetterQueue.Arn"))),
        },
    }


def _target(handler: Handler, says: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Arn": GetAtt(f"{logical(handler.name)}Function.Arn"),
        "RoleArn": GetAtt("SchedulerRole.Arn"),
        "RetryPolicy": _RETRIES,
        "DeadLetterConfig": Row(Arn=GetAtt("DeadLetterQueue.Arn")),
    }
    return {**found, "Input": json.dumps(dict(says))} if says else found


def _every(handler: Handler, trigger: Every) -> dict[str, Any]:
    active = If(["IsActive", "ENABLED", "DISABLED"]) if _acts(handler) else "ENABLED"
    return {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "Name": Sub(f"${{Prefix}}-{dashed(handler)}"),
            "GroupName": Ref("ScheduleGroup"),
            "Description": handler.title,
            "ScheduleExpression": Ref(schedule_parameter(handler)),
            "ScheduleExpressionTimezone": Ref("Timezone"),
            "FlexibleTimeWindow": Row(Mode="OFF"),
            "State": active,
            "Target": _target(handler, trigger.says),
        },
    }


def _look(handler: Handler) -> dict[str, Any]:
    """Lets the clock look when the stack is made or changed; its alarm is no resource: an update would set it back."""
    (other,) = [each for each in HANDLERS.values() if any(isinstance(trigger, Stack) for trigger in each.triggers)]
    every = [each for each in _of(handler.group) if each is not other]
    return {
        "Type": "Custom::LamplighterClock",
        # Told last: a pass that begins at once must find every function as it is from now on.
        "DependsOn": [f"{logical(handler.name)}Every", *(f"{logical(each.name)}Function" for each in every)],
        "Properties": {
            "ServiceToken": GetAtt(f"{logical(other.name)}Function.Arn"),
            "ServiceTimeout": _TOLD,
            **{name: Ref(name) for name in _DECIDING},
        },
    }


def _queue(handler: Handler, trigger: Queue) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "FunctionName": Ref(f"{logical(handler.name)}Function"),
            "EventSourceArn": GetAtt("PassQueue.Arn"),
            "BatchSize": trigger.batch,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": Row(MaximumConcurrency=trigger.concurrency),
        },
    }


def _rule(handler: Handler, trigger: Event) -> dict[str, Any]:
    name, function = logical(trigger.name), logical(handler.name)
    of_bills = "{bills}" in json.dumps(trigger.pattern)
    rule: dict[str, Any] = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": Sub(f"${{Prefix}}-{trigger.name}"),
            "Description": f"Tells the function {dashed(handler)} of {trigger.name}.",
            # What happens to the bucket of bills is told on the account's own bus, all else is forwarded to the hub's.
            **({} if of_bills else {"EventBusName": GetAtt("Bus.Name")}),
            "EventPattern": pattern(trigger),
            "State": If(["IsActive", "ENABLED", "DISABLED"]) if _acts(handler) else "ENABLED",
            "Targets": [
                {
                    "Id": dashed(handler),
                    "Arn": GetAtt(f"{function}Function.Arn"),
                    "RetryPolicy": _RETRIES,
                    "DeadLetterConfig": Row(Arn=GetAtt("DeadLetterQueue.Arn")),
                }
            ],
        },
    }
    permission: dict[str, Any] = {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": Ref(f"{function}Function"),
            "Principal": "events.amazonaws.com",
            # One for all rules of the hub's bus, which has no others.
            "SourceArn": GetAtt(f"{name}Rule.Arn")
            if of_bills
            else Sub(needs.HERE.format("events", "rule/${Prefix}/*")),
        },
    }
    if of_bills:
        rule, permission = ({"Condition": "HasBills", **each} for each in (rule, permission))
    return {f"{name}Rule": rule, f"{name if of_bills else function}Permission": permission}


_PLACES: Final = {"{tag}": Ref("TagName"), "{bills}": Ref("BillBucket")}


def pattern(trigger: Event) -> Any:
    """The event pattern of a rule, with parameters in place of `{tag}` and `{bills}`."""
    return _placed(trigger.pattern)


def _placed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _placed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_placed(each) for each in value]
    assert re.fullmatch(r"\{\w+\}", str(value)) is None or value in _PLACES, f"unknown place {value}"
    return _PLACES.get(value, value)


def _acts(handler: Handler) -> bool:
    """Whether a handler is part of scheduling, which can be switched off, rather than of collecting and reporting."""
    return On.QUEUE in handler.permissions


def _again() -> Iterator[tuple[Handler, Every]]:
    for handler in HANDLERS.values():
        for trigger in handler.triggers:
            if isinstance(trigger, Every):
                yield handler, trigger
