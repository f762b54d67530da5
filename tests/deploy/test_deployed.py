"""The templates deployed into the simulated AWS over the wire; what is there afterwards is asked through its APIs."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from lamplighter.deploy.block_member import forwarded
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import HANDLERS, Event
from lamplighter.deploy.needs import dashed
from lamplighter.estate.testing import MANAGEMENT, PRODUCTION, REGION, EstateProbe, Keys
from lamplighter.estate.trust import Caller, trusts
from lamplighter.store.dynamodb_layout import TABLES


def fitted(value: Any, holds: set[str]) -> Any:
    """Without members of lists that have no value: moto leaves None in their place, CloudFormation leaves nothing.

    Args:
        value: a template, or a part of it.
        holds: the conditions that hold.
    """
    if isinstance(value, dict):
        return {key: fitted(each, holds) for key, each in value.items()}
    if not isinstance(value, list):
        return value
    gone = [each for each in value if isinstance(each, dict) and _condition(each) not in (None, *holds)]
    return [fitted(each, holds) for each in value if each not in gone]


def unfolded(value: Any, tag: str) -> Any:
    """With policies that are texts as maps: moto does not read a policy that is a text, as CloudFormation does."""
    if isinstance(value, list):
        return [unfolded(each, tag) for each in value]
    if not isinstance(value, dict):
        return value
    text = value.get("Fn::Sub")
    if isinstance(text, list) and text[0].startswith("{"):
        return _subs(json.loads(text[0].replace("${TagName}", tag).replace("${TagOperator}", "StringLike")))
    return {key: unfolded(each, tag) for key, each in value.items()}


def _subs(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _subs(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_subs(each) for each in value]
    return {"Fn::Sub": value} if "${" in value else value


def _condition(value: dict[str, Any]) -> str | None:
    test = value.get("Fn::If")
    return str(test[0]) if test and test[2] == {"Ref": "AWS::NoValue"} else None


def without_functions(template: dict[str, Any]) -> dict[str, Any]:
    """Without custom resources: moto would call their function in a container, and wait for it."""
    resources = {name: each for name, each in template["Resources"].items() if not each["Type"].startswith("Custom::")}
    return {**template, "Resources": resources}


def deploy(
    estate: EstateProbe,
    name: str,
    parameters: dict[str, str],
    *holds: str,
    region: str = REGION,
    keys: Keys | None = None,
) -> dict[str, str]:
    """The outputs of a stack of a template, in the account of the keys."""
    formation = estate.client("cloudformation", region=region, keys=keys)
    assert set(parameters) <= set(TEMPLATES[name].data["Parameters"]), "CloudFormation takes no others, moto does"
    template = fitted(unfolded(without_functions(TEMPLATES[name].data), "Lit"), set(holds))
    formation.create_stack(
        StackName=f"lamplighter-{name}",
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    (stack,) = formation.describe_stacks(StackName=f"lamplighter-{name}")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


@pytest.mark.filterwarnings("ignore:Tried to parse AWS")  # what is not made there is held to service models
def test_hub_and_member(estate: EstateProbe) -> None:
    # moto takes the tags of a key in a template for those of the API and fails: the key is made beforehand.
    key = estate.client("kms").create_key()["KeyMetadata"]["Arn"]
    state = deploy(estate, "state", {"ExistingKeyArn": key})
    assert state["KeyArn"] == key
    code = BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("lamplighter/__init__.py", "")
    estate.client("s3").put_object(Bucket=state["CodeBucket"], Key="core.zip", Body=code.getvalue())
    wired = {key: state[key] for key in ("KeyArn", "CodeBucket")}
    hub = deploy(estate, "hub", {**wired, "CoreCodeKey": "core.zip", "TagName": "Lit", "Accounts": MANAGEMENT})
    lake = {"LakeBucket": state["LakeBucket"], "BillBucket": "bills"}
    deploy(estate, "data", {**wired, **lake, "DataCodeKey": "core.zip"}, "HasBills")
    deploy(estate, "watch", {"TopicArn": hub["TopicArn"]})
    member = deploy(
        estate, "member", {key: hub[key] for key in ("HubAccount", "HubPrefix", "BusArn")} | {"TagName": "Lit"}
    )

    _counts(estate)
    _tables(estate, state)
    _bucket(estate, state)
    _functions(estate, hub)
    _rules(estate, hub)
    _role(estate, member["MemberRole"])


@pytest.mark.filterwarnings("ignore:Tried to parse AWS")
def test_a_member_makes_its_role_in_one_region(estate: EstateProbe) -> None:
    bus = f"arn:aws:events:{REGION}:{PRODUCTION}:event-bus/lamplighter"
    given = {"HubAccount": PRODUCTION, "BusArn": bus, "ExternalId": "night-watch-7f3a", "VolumeKeyArns": ""}
    deploy(estate, "member", given, region="us-east-1")
    iam = estate.client("iam")

    def roles() -> list[str]:
        return sorted(each["RoleName"] for each in iam.list_roles()["Roles"] if "lamplighter" in each["RoleName"])

    assert roles() == ["lamplighter-member-us-east-1"]
    rules = estate.client("events", region="us-east-1").list_rules()["Rules"]
    assert sorted(each["Name"] for each in rules) == [f"lamplighter-member-{event.name}" for event in _sorted_events()]

    deploy(estate, "member", given)
    assert roles() == ["lamplighter-member", f"lamplighter-member-{REGION}", "lamplighter-member-us-east-1"]
    policy = iam.get_role(RoleName="lamplighter-member")["Role"]["AssumeRolePolicyDocument"]
    hub = Caller(PRODUCTION, "session", f"arn:aws:iam::{PRODUCTION}:role/lamplighter-hub-clock")
    assert trusts(policy, hub, {"sts:ExternalId": "night-watch-7f3a"})
    assert not trusts(policy, hub, {})


def _sorted_events() -> list[Event]:
    return sorted(forwarded(), key=lambda event: event.name)


COUNTED: dict[str, Callable[[EstateProbe], int]] = {
    "AWS::CloudWatch::Dashboard": lambda estate: len(estate.client("cloudwatch").list_dashboards()["DashboardEntries"]),
    "AWS::DynamoDB::Table": lambda estate: len(estate.client("dynamodb").list_tables()["TableNames"]),
    "AWS::Events::EventBus": lambda estate: len(estate.client("events").list_event_buses()["EventBuses"]) - 1,
    "AWS::Events::Rule": lambda estate: sum(
        len(estate.client("events").list_rules(EventBusName=bus)["Rules"]) for bus in ("default", "lamplighter")
    ),
    "AWS::IAM::ManagedPolicy": lambda estate: len(estate.client("iam").list_policies(Scope="Local")["Policies"]),
    "AWS::IAM::Policy": lambda estate: len(_policies(estate)),
    "AWS::IAM::Role": lambda estate: len(estate.client("iam").list_roles()["Roles"]),
    "AWS::Lambda::EventSourceMapping": lambda estate: len(
        estate.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    ),
    "AWS::Lambda::Function": lambda estate: len(estate.client("lambda").list_functions()["Functions"]),
    "AWS::Lambda::Permission": lambda estate: sum(
        len(json.loads(estate.client("lambda").get_policy(FunctionName=f"lamplighter-{name}")["Policy"])["Statement"])
        for name in ("events", "ingest")
    ),
    "AWS::Logs::LogGroup": lambda estate: len(estate.client("logs").describe_log_groups()["logGroups"]),
    "AWS::S3::Bucket": lambda estate: len(estate.client("s3").list_buckets()["Buckets"]),
    "AWS::SNS::Topic": lambda estate: len(estate.client("sns").list_topics()["Topics"]),
    "AWS::SQS::Queue": lambda estate: len(estate.client("sqs").list_queues()["QueueUrls"]),
}
"""Types that moto makes, and how many of them the API of their service tells of; docs/estate.md has the others."""


def _policies(estate: EstateProbe) -> set[str]:
    """What stands in policies that several roles have in common, of which each has a copy."""
    iam = estate.client("iam")
    names = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    shared = [name for name in names if "every-function" in iam.list_role_policies(RoleName=name)["PolicyNames"]]
    assert len(shared) == len(HANDLERS)
    return {
        json.dumps(iam.get_role_policy(RoleName=name, PolicyName="every-function")["PolicyDocument"]) for name in shared
    }


def _counts(estate: EstateProbe) -> None:
    """CloudFormation has made as many of each type as there are."""
    formation = estate.client("cloudformation")
    made = Counter(
        resource["ResourceType"]
        for name in ("state", "hub", "data", "watch", "member")
        for page in formation.get_paginator("list_stack_resources").paginate(StackName=f"lamplighter-{name}")
        for resource in page["StackResourceSummaries"]
    )
    assert {kind: count(estate) for kind, count in COUNTED.items()} == {kind: made[kind] for kind in COUNTED}
    assert all(made[kind] for kind in COUNTED)


def _tables(estate: EstateProbe, state: dict[str, str]) -> None:
    dynamodb = estate.client("dynamodb")
    assert dynamodb.list_tables()["TableNames"] == sorted(f"lamplighter-{name}" for name in TABLES)
    table = dynamodb.describe_table(TableName="lamplighter-AWSCost")["Table"]
    assert {key["AttributeName"]: key["KeyType"] for key in table["KeySchema"]} == {
        "awsResource": "HASH",
        "time": "RANGE",
    }
    assert state["Store"] == "dynamodb://lamplighter?region=eu-west-1"


def _bucket(estate: EstateProbe, state: dict[str, str]) -> None:
    s3 = estate.client("s3")
    (rule,) = s3.get_bucket_encryption(Bucket=state["LakeBucket"])["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == state["KeyArn"]


def _functions(estate: EstateProbe, hub: dict[str, str]) -> None:
    client = estate.client("lambda")
    functions = {each["FunctionName"]: each for each in client.list_functions()["Functions"]}
    assert sorted(functions) == sorted(f"lamplighter-{dashed(handler)}" for handler in HANDLERS.values())
    for handler in HANDLERS.values():
        function = functions[f"lamplighter-{dashed(handler)}"]
        assert (function["Handler"], function["MemorySize"]) == (handler.entry, handler.memory)
        assert function["Environment"]["Variables"]["LAMPLIGHTER_TAG"] in ("Lit", "Schedule")
    (shared,) = estate.client("iam").list_role_policies(RoleName="lamplighter-hub-clock")["PolicyNames"][1:]
    assert shared == "every-function"
    passes = functions["lamplighter-passes"]["Environment"]["Variables"]
    assert passes["LAMPLIGHTER_QUEUE_URL"].partition("/" + MANAGEMENT)[2] == "/lamplighter-passes"
    assert passes["LAMPLIGHTER_TOPIC_ARN"] == hub["TopicArn"]
    assert passes["LAMPLIGHTER_ACCOUNTS"] == MANAGEMENT
    assert passes["LAMPLIGHTER_ORGANIZATION"] == ""
    (mapping,) = client.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["EventSourceArn"].endswith(":lamplighter-passes")


def _rules(estate: EstateProbe, hub: dict[str, str]) -> None:
    events = estate.client("events")
    bus = hub["BusArn"].rpartition("/")[2]
    there = {each["Name"]: json.loads(each["EventPattern"]) for each in events.list_rules(EventBusName=bus)["Rules"]}
    assert there["lamplighter-tags"]["detail"] == {"changed-tag-keys": ["Lit"]}
    own = {each["Name"]: json.loads(each["EventPattern"]) for each in events.list_rules()["Rules"]}
    assert own["lamplighter-member-tags"]["detail"] == {"changed-tag-keys": ["Lit"]}
    assert own["lamplighter-bills"]["detail"]["bucket"] == {"name": ["bills"]}
    (target,) = events.list_targets_by_rule(Rule="lamplighter-member-tags")["Targets"]
    assert target["Arn"] == hub["BusArn"]


def _role(estate: EstateProbe, name: str) -> None:
    iam = estate.client("iam")
    trust_policy = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    (trust,) = trust_policy["Statement"]
    assert trust["Principal"] == {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}
    assert trust["Condition"]["StringEquals"] == {"aws:PrincipalAccount": MANAGEMENT}
    hub = [
        trusts(trust_policy, Caller(MANAGEMENT, "session", f"arn:aws:iam::{account}:role/{role}"), {})
        for account, role in (
            (MANAGEMENT, "lamplighter-hub-passes"),
            (MANAGEMENT, "admin"),
            (PRODUCTION, "x-hub-passes"),
        )
    ]
    assert hub == [True, False, False]
    attached = {
        each["PolicyName"]: each["PolicyArn"]
        for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    }
    assert sorted(attached) == ["lamplighter-member-act", "lamplighter-member-look", "lamplighter-member-snapshots"]
    found = iam.get_policy_version(PolicyArn=attached["lamplighter-member-act"], VersionId="v1")["PolicyVersion"][
        "Document"
    ]
    document: Any = json.loads(found) if isinstance(found, str) else found
    stops = next(each for each in document["Statement"] if "ec2:StopInstances" in each["Action"])
    assert stops["Resource"] == [f"arn:aws:ec2:*:{MANAGEMENT}:instance/*"]
    assert stops["Condition"] == {"StringLike": {"aws:ResourceTag/Lit": "*"}}


def test_templates_are_in_the_package() -> None:
    from importlib.resources import files

    assert Path(str(files("lamplighter.deploy") / "templates" / "hub.yaml")).is_file()
