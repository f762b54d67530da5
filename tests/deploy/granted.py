"""What the templates let whom do: the statements of each role and of each policy of a resource, with ARNs filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lamplighter.deploy.family import TEMPLATES, Template

HERE: Final = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "111122223333"}
NO_VALUE: Final = {"Ref": "AWS::NoValue"}

_KEY: Final = "arn:aws:kms:eu-west-1:111122223333:key/0000"
GIVEN: Final = {
    **HERE,
    "KeyArn": _KEY,
    "ExistingKeyArn": _KEY,
    "VolumeKeyArns": _KEY,
    "BusArn": "arn:aws:events:eu-west-1:111122223333:event-bus/lamplighter",
    "CodeBucket": "lamplighter-code-111122223333-eu-west-1",
    "TagOperator": "StringLike",
}
"""What parameters are, where neither their default nor their own name would do."""

_HERE: Final = "eu-west-1:111122223333"
_ARNS: Final[Mapping[str, str]] = {
    "AWS::Athena::WorkGroup": f"athena:{_HERE}:workgroup/{{Name}}",
    "AWS::CloudWatch::Alarm": f"cloudwatch:{_HERE}:alarm:{{AlarmName}}",
    "AWS::CloudWatch::Dashboard": "cloudwatch::111122223333:dashboard/{DashboardName}",
    "AWS::CodePipeline::Pipeline": f"codepipeline:{_HERE}:{{Name}}",
    "AWS::DynamoDB::Table": f"dynamodb:{_HERE}:table/{{TableName}}",
    "AWS::Events::EventBus": f"events:{_HERE}:event-bus/{{Name}}",
    "AWS::Events::Rule": f"events:{_HERE}:rule/{{EventBusName}}/{{Name}}",
    "AWS::Glue::Database": f"glue:{_HERE}:database/{{DatabaseInput.Name}}",
    "AWS::Glue::Table": f"glue:{_HERE}:table/{{DatabaseName}}/{{TableInput.Name}}",
    "AWS::IAM::Role": "iam::111122223333:role/{RoleName}",
    "AWS::KMS::Alias": f"kms:{_HERE}:{{AliasName}}",
    "AWS::KMS::Key": f"kms:{_HERE}:key/0000",
    "AWS::Lambda::Function": f"lambda:{_HERE}:function:{{FunctionName}}",
    "AWS::Logs::LogGroup": f"logs:{_HERE}:log-group:{{LogGroupName}}:*",
    "AWS::S3::Bucket": "s3:::{BucketName}",
    "AWS::SNS::Topic": f"sns:{_HERE}:{{TopicName}}",
    "AWS::SQS::Queue": f"sqs:{_HERE}:{{QueueName}}",
    "AWS::Scheduler::Schedule": f"scheduler:{_HERE}:schedule/{{GroupName}}/{{Name}}",
    "AWS::Scheduler::ScheduleGroup": f"scheduler:{_HERE}:schedule-group/{{Name}}",
}
"""ARNs by type of CloudFormation, without `arn:aws:`, names as its properties. Others have ids, or belong to these."""


_ATTACHED: Final = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
"""Policies that say themselves which roles have them."""


@dataclass(frozen=True)
class Statement:
    """A statement of a policy, with everything filled in.

    Attributes:
        sid: its name.
        allows: whether it allows; otherwise it denies.
        actions: with `*`, if they have it.
        resources: ARNs, or `*`.
        keys: condition keys that it names.
    """

    sid: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    keys: frozenset[str]


def roles() -> dict[str, list[Statement]]:
    """What each role may do, by template and logical id."""
    found: dict[str, list[Statement]] = {}
    for template in TEMPLATES.values():
        resources = template.data["Resources"]
        for name, each in resources.items():
            properties = each["Properties"]
            if each["Type"] == "AWS::IAM::Role":
                documents = [policy["PolicyDocument"] for policy in _chosen(properties.get("Policies", []))]
                found[f"{template.name}/{name}"] = [one for each in documents for one in _read(template, each)]
        for each in resources.values():
            if each["Type"] in _ATTACHED:
                for role in (one["Ref"] for one in each["Properties"]["Roles"] if "Ref" in one):
                    found[f"{template.name}/{role}"] += _read(template, each["Properties"]["PolicyDocument"])
    return found


def resource_policies() -> dict[str, list[Statement]]:
    """What policies of resources say: who may enter a role, use the key, put into queues and buckets."""
    found = {}
    for template in TEMPLATES.values():
        for name, each in template.data["Resources"].items():
            for key in ("AssumeRolePolicyDocument", "KeyPolicy", "PolicyDocument"):
                if key in each["Properties"] and each["Type"] not in _ATTACHED:
                    found[f"{template.name}/{name}"] = list(_read(template, each["Properties"][key]))
    return found


def arns(template: Template) -> list[str]:
    """The ARNs of what a template makes."""
    return [_arn(name, template) for name, each in template.data["Resources"].items() if each["Type"] in _ARNS]


def _read(template: Template, document: Any) -> Iterator[Statement]:
    if "Fn::Sub" in document:
        document = json.loads(fill(document, template))
    for each in _chosen(document["Statement"]):
        conditions = fill(each.get("Condition", {}), template)
        yield Statement(
            each.get("Sid", ""),
            each["Effect"] == "Allow",
            tuple(_several(each["Action"])),
            tuple(_several(fill(each.get("Resource", "*"), template))),
            frozenset(key for keys in conditions.values() for key in keys),
        )


def _several(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _chosen(values: list[Any]) -> Iterator[Any]:
    """The members of a list, with what is there under a condition."""
    for each in values:
        yield from ([one for one in each["Fn::If"][1:] if one != NO_VALUE] if "Fn::If" in each else [each])


def fill(value: Any, template: Template, names: Mapping[str, Any] | None = None) -> Any:
    """A value of a template with its functions carried out, in an account and region of their own."""
    match value:
        case {"Ref": name}:
            return _named(name, template, names or {})
        case {"Fn::GetAtt": [name, attribute]}:
            return _arn(name, template) if attribute == "Arn" else _name(name, template)
        case {"Fn::Sub": str(text)}:
            return _sub(text, template, {})
        case {"Fn::Sub": [text, more]}:
            return _sub(text, template, more)
        case {"Fn::If": [_, yes, no]}:
            return fill(no if yes == NO_VALUE else yes, template)
        case {"Fn::Join": [by, parts]}:
            return by.join(fill(parts, template))
        case {"Fn::Split": [by, text]}:
            return fill(text, template).split(by)
        case dict():
            return {key: fill(each, template) for key, each in value.items()}
        case list():
            return [fill(each, template) for each in value]
    return value


def _sub(text: str, template: Template, names: Mapping[str, Any]) -> str:
    def one(found: re.Match[str]) -> str:
        name, _, attribute = found[1].partition(".")
        return str(_arn(name, template) if attribute == "Arn" else _named(name, template, names))

    return re.sub(r"\$\{([\w:.]+)\}", one, text)


def _named(name: str, template: Template, names: Mapping[str, Any]) -> Any:
    if name in GIVEN:
        return GIVEN[name]
    if name in names:
        return fill(names[name], template)
    if name in template.data["Parameters"]:
        return template.data["Parameters"][name].get("Default") or name.lower()
    # The Ref of a topic is its ARN, that of others here their name.
    return _arn(name, template) if _type(name, template) == "AWS::SNS::Topic" else _name(name, template)


def _type(name: str, template: Template) -> str:
    return str(template.data["Resources"][name]["Type"])


def _name(name: str, template: Template) -> str:
    return re.split("[:/]", _arn(name, template))[-1]


def _arn(name: str, template: Template) -> str:
    resource = template.data["Resources"][name]

    def one(found: re.Match[str]) -> str:
        value = {"EventBusName": "default", **resource["Properties"]}
        for key in found[1].split("."):
            value = value[key]
        return str(fill(value, template))

    return "arn:aws:" + re.sub(r"\{([\w.]+)\}", one, _ARNS[resource["Type"]]).replace(":rule/default/", ":rule/")
