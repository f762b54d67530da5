"""What the templates promise: everything encrypted, logs kept for a time, tagged, and as the code has it."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from tests.deploy.granted import fill

from lamplighter.billing.portions import STAGING
from lamplighter.deploy.block_hub import ENVIRONMENT as GIVEN
from lamplighter.deploy.block_parts import logical
from lamplighter.deploy.cost_facts import fact
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import ENVIRONMENT, HANDLERS, Event, Every, Group, Handler, On, Queue
from lamplighter.deploy.needs import dashed
from lamplighter.lake.columns import PARTITION
from lamplighter.lake.dialects import glue_columns
from lamplighter.lake.months import QUARANTINE
from lamplighter.lake.tables import TABLES as LAKE_TABLES
from lamplighter.lambdas.collect import MOST as CALLS
from lamplighter.scheduler.take import MOST
from lamplighter.store.dynamodb_layout import TABLES, table_request

Resource = dict[str, Any]
KEYS = (
    {"Ref": "KeyArn"},
    {"Fn::If": ["MakesKey", {"Fn::GetAtt": ["Key", "Arn"]}, {"Ref": "ExistingKeyArn"}]},
)
PART = {Group.CORE: "hub", Group.DATA: "data"}


def of_type(kind: str) -> list[tuple[str, Resource]]:
    found = [
        (f"{template.name}/{name}", resource)
        for template in TEMPLATES.values()
        for name, resource in template.data["Resources"].items()
        if resource["Type"] == kind
    ]
    assert found, kind
    return found


def properties(template: str, name: str) -> Resource:
    found: Resource = TEMPLATES[template].data["Resources"][name]["Properties"]
    return found


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("AWS::DynamoDB::Table", ("SSESpecification", "KMSMasterKeyId")),
        ("AWS::SQS::Queue", ("KmsMasterKeyId",)),
        ("AWS::SNS::Topic", ("KmsMasterKeyId",)),
        ("AWS::Logs::LogGroup", ("KmsKeyId",)),
        ("AWS::Lambda::Function", ("KmsKeyArn",)),
        (
            "AWS::Athena::WorkGroup",
            ("WorkGroupConfiguration", "ResultConfiguration", "EncryptionConfiguration", "KmsKey"),
        ),
        ("AWS::CodePipeline::Pipeline", ("ArtifactStore", "EncryptionKey", "Id")),
    ],
)
def test_the_key_encrypts_it(kind: str, path: tuple[str, ...]) -> None:
    for where, resource in of_type(kind):
        value = resource["Properties"]
        for step in path:
            value = value[step]
        assert value in KEYS, where


def test_buckets_are_encrypted_private_versioned_and_reached_over_tls() -> None:
    policies = {json.dumps(each["Properties"]["Bucket"]): each for _, each in of_type("AWS::S3::BucketPolicy")}
    for where, resource in of_type("AWS::S3::Bucket"):
        bucket = resource["Properties"]
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] in KEYS
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert bucket["LifecycleConfiguration"]["Rules"]
        name = where.split("/")[1]
        statements = policies[json.dumps({"Ref": name})]["Properties"]["PolicyDocument"]["Statement"]
        tls = next(each for each in statements if each["Sid"] == "OnlyOverTls")
        assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


OURS, OTHER = "arn:aws:kms:eu-west-1:111122223333:key/1", "arn:aws:kms:eu-west-1:111122223333:key/2"
SSE, KEY, OWN = (f"s3:x-amz-server-side-encryption{end}" for end in ("", "-aws-kms-key-id", "-customer-algorithm"))


@pytest.mark.parametrize("bucket", ["LakeBucket", "CodeBucket"])
@pytest.mark.parametrize(
    ("asked", "denied"),
    [
        ({}, False),  # what the bucket is set to, which is the key
        ({SSE: "aws:kms", KEY: OURS}, False),
        ({SSE: "aws:kms:dsse", KEY: OURS}, False),
        ({SSE: "aws:kms", KEY: OTHER}, True),
        ({SSE: "aws:kms"}, True),  # with a key of AWS, since none is named
        ({SSE: "AES256"}, True),
        ({OWN: "AES256"}, True),
    ],
)
def test_buckets_take_no_other_encryption_than_with_the_key(bucket: str, asked: dict[str, str], denied: bool) -> None:
    statements = properties("state", f"{bucket}Policy")["PolicyDocument"]["Statement"]
    puts = [each for each in statements if each["Action"] == "s3:PutObject"]
    assert {json.dumps(each["Resource"]) for each in puts} == {json.dumps({"Fn::Sub": f"${{{bucket}.Arn}}/*"})}
    assert {each["Effect"] for each in puts} == {"Deny"}
    assert any(_holds(each["Condition"], asked) for each in puts) is denied


def _holds(condition: dict[str, dict[str, Any]], asked: dict[str, str]) -> bool:
    """Whether every test of a condition holds for a request with these keys (IAM user guide, condition operators)."""
    found = []
    for operator, tests in condition.items():
        for key, value in tests.items():
            if operator == "Null":
                found.append((key not in asked) == (value == "true"))
            else:
                assert (operator, value) == ("StringNotEquals", KEYS[1])
                found.append(asked.get(key) != OURS)
    return all(found)


def test_who_may_write_into_buses_topics_and_queues() -> None:
    for kind in ("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"):
        for where, resource in of_type(kind):
            tls, *allowed = resource["Properties"]["PolicyDocument"]["Statement"]
            assert (tls["Effect"], tls["Principal"]) == ("Deny", "*"), where
            assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, where
            # A service, on behalf of this account only.
            (mine,) = [each for each in allowed if "AWS::AccountId" in json.dumps(each["Condition"])]
            assert list(mine["Principal"]) == ["Service"], where
    told = [each["Properties"]["Statement"] for _, each in of_type("AWS::Events::EventBusPolicy")]
    assert {each["Action"] for each in told} == {"events:PutEvents"}
    whole, named = told
    assert whole["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganizationId"}}}
    assert named["Principal"] == {"AWS": {"Ref": "Accounts"}}


def test_the_lake_moves_to_cheaper_tiers() -> None:
    rules = properties("state", "LakeBucket")["LifecycleConfiguration"]["Rules"]
    assert rules[0]["Transitions"] == [{"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 0}]


def test_what_is_kept_for_a_while_only_goes_by_itself() -> None:
    rules = {each["Id"]: each for each in properties("state", "LakeBucket")["LifecycleConfiguration"]["Rules"]}
    # Nobody restores portions of bills, which a versioned bucket would keep as long as replaced months.
    assert rules["staging"]["Prefix"] == STAGING
    assert rules["staging"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    parameters, outputs = (TEMPLATES["state"].data[each] for each in ("Parameters", "Outputs"))
    assert outputs["Lake"]["Value"] == {"Fn::Sub": "s3://${LakeBucket}/lake"}
    assert rules["quarantine"]["Prefix"] == f"lake/{QUARANTINE}/"
    assert rules["quarantine"]["ExpirationInDays"] == {"Ref": "QuarantineDays"}
    assert rules["replaced"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": {"Ref": "NoncurrentDays"}}
    assert parameters["NoncurrentDays"]["Default"] == fact("replaced.days")


def test_services_use_the_key_for_this_account_only() -> None:
    statements = {each["Sid"]: each for each in properties("state", "Key")["KeyPolicy"]["Statement"]}
    assert {each["Effect"] for each in statements.values()} == {"Allow"}
    assert all("Condition" in each for name, each in statements.items() if name != "TheAccountDecides")
    # EventBridge names no account to KMS, see the comment in the template.
    rules = statements["RulesIntoQueues"]
    assert rules["Principal"] == {"Service": "events.amazonaws.com"}
    assert "aws:Source" not in json.dumps(rules)
    (names,) = rules["Condition"]["ArnLike"].values()
    for queue in ("PassQueue", "DeadLetterQueue"):
        name = properties("hub", queue)["QueueName"]["Fn::Sub"].removeprefix("${Prefix}")
        assert re.fullmatch(names["Fn::Sub"].rpartition(":")[2].replace("${Prefix}", "").replace("*", ".*"), name)
    assert "events.amazonaws.com" not in json.dumps([e for sid, e in statements.items() if sid != "RulesIntoQueues"])


def test_what_is_kept_survives_the_stack() -> None:
    for kind in ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"):
        for where, resource in of_type(kind):
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate", where
            assert resource["UpdateReplacePolicy"] == "Retain", where


def test_tables_are_those_of_the_store() -> None:
    found = {
        each["Properties"]["TableName"]["Fn::Sub"]: each["Properties"] for _, each in of_type("AWS::DynamoDB::Table")
    }
    assert sorted(found) == sorted(f"${{Prefix}}-{name}" for name in TABLES)
    for name, layout in TABLES.items():
        table, wanted = found[f"${{Prefix}}-{name}"], table_request("any", layout)
        for key in ("KeySchema", "AttributeDefinitions", "BillingMode"):
            assert table[key] == wanted[key], name
        recovery = table["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": {"Ref": "RecoveryDays"}}


def test_tables_of_the_lake_have_its_columns_and_folders() -> None:
    found = {each["Properties"]["TableInput"]["Name"]: each["Properties"] for _, each in of_type("AWS::Glue::Table")}
    assert list(found) == list(LAKE_TABLES)
    for name, table in LAKE_TABLES.items():
        kept = found[name]["TableInput"]
        columns = [(column["Name"], column["Type"]) for column in kept["StorageDescriptor"]["Columns"]]
        assert columns == glue_columns(table=name)
        assert kept["PartitionKeys"] == [{"Name": PARTITION, "Type": "string"}]
        place = f"s3://${{LakeBucket}}/lake/{table.folder}/"
        assert kept["StorageDescriptor"]["Location"] == {"Fn::Sub": place}
        months = kept["Parameters"]["storage.location.template"]
        assert months == {"Fn::Sub": f"{place}billing_period=${{!billing_period}}/"}


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=list(HANDLERS))
def test_functions_are_what_handlers_say(handler: Handler) -> None:
    name = "".join(word.capitalize() for word in handler.name.split("_"))
    function = properties(PART[handler.group], f"{name}Function")
    assert function["Handler"] == handler.entry
    assert function["MemorySize"] == handler.memory
    assert function["Timeout"] == handler.timeout
    assert function["EphemeralStorage"] == {"Size": handler.disk}
    assert function["FunctionName"] == {"Fn::Sub": f"${{Prefix}}-{dashed(handler)}"}
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": f"{name}Logs"}
    assert function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == dashed(handler)


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=list(HANDLERS))
def test_lambda_ends_no_loop_that_has_a_bound_of_its_own(handler: Handler) -> None:
    name = "".join(word.capitalize() for word in handler.name.split("_"))
    function = properties(PART[handler.group], f"{name}Function")
    # Lambda stops a chain of about 16 calls over its queue unless that is allowed.
    rounds = {"passes": MOST, "collect": CALLS}.get(handler.name, 0)
    assert function.get("RecursiveLoop", "Terminate") == ("Allow" if rounds >= 16 else "Terminate")


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=list(HANDLERS))
def test_what_a_function_is_told_to_call_is_there(handler: Handler) -> None:
    module, _, function = handler.entry.rpartition(".")
    if find_spec(module) is None:
        pytest.skip(f"{module} is not written yet")
    assert callable(getattr(import_module(module), function))


def test_functions_get_the_variables_that_they_have_a_use_for() -> None:
    given = {
        handler.name: {*properties(PART[handler.group], f"{logical(handler.name)}Function")["Environment"]["Variables"]}
        for handler in HANDLERS.values()
    }
    # The endpoint is for simulated ones.
    assert set().union(*given.values()) ^ {*ENVIRONMENT} == {"LAMPLIGHTER_ENDPOINT_URL"}
    for name, on in (
        ("LAMPLIGHTER_LAKE", On.LAKE),
        ("LAMPLIGHTER_QUEUE_URL", On.QUEUE),
        ("LAMPLIGHTER_TOPIC_ARN", On.TOPIC),
        ("LAMPLIGHTER_WAKE", On.WAKE),
        ("LAMPLIGHTER_CLOCK", On.WAKE),
        ("LAMPLIGHTER_ROLE", On.MEMBER_ROLES),
        ("LAMPLIGHTER_REGIONS", On.MEMBER_ROLES),
        ("LAMPLIGHTER_STORE", On.STORE),
    ):
        assert {each for each, names in given.items() if name in names} == {
            each.name for each in HANDLERS.values() if on in each.permissions
        }, name
    assert [each for each, names in given.items() if "LAMPLIGHTER_RECONCILE" in names] == ["clock"]
    assert GIVEN["LAMPLIGHTER_STORE"] == TEMPLATES["state"].data["Outputs"]["Store"]["Value"]["Fn::Sub"]


def test_every_log_group_is_of_a_function_and_kept_for_a_time() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    assert len(groups) == len(HANDLERS)
    assert {json.dumps(group["Properties"]["RetentionInDays"]) for _, group in groups} == {
        '{"Ref": "LogRetentionDays"}'
    }


def test_a_message_is_not_seen_twice_while_its_call_may_run() -> None:
    (handler,) = [each for each in HANDLERS.values() if any(isinstance(trigger, Queue) for trigger in each.triggers)]
    queue = properties("hub", "PassQueue")
    # Lambda takes no queue with less. What fails is given back sooner, so more would only keep what a lost call held.
    assert handler.timeout < queue["VisibilityTimeout"] <= handler.timeout + 60
    # 1 + 2 + 3 + 4 + 5 minutes: a store that is down for a quarter of an hour lets nothing become a dead letter.
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 6
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    mapping = properties("hub", "PassesQueue")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 2, "one slow pass keeps few others waiting"


def test_whatever_calls_a_function_keeps_what_it_could_not_deliver() -> None:
    for kind in ("AWS::Scheduler::Schedule", "AWS::Lambda::EventInvokeConfig"):
        for where, resource in of_type(kind):
            text = json.dumps(resource["Properties"])
            assert '["DeadLetterQueue", "Arn"]' in text or ":${Prefix}-dead-letters" in text, where
    for where, rule in of_type("AWS::Events::Rule"):
        (target,) = rule["Properties"]["Targets"]
        assert where.startswith(("member/", "organization/", "pipeline/")) or "DeadLetterConfig" in target, where


def test_rules_may_call_the_functions_that_they_tell() -> None:
    used = []
    for where, rule in of_type("AWS::Events::Rule"):
        template, name = TEMPLATES[where.split("/")[0]], where.split("/")[1]
        (target,) = rule["Properties"]["Targets"]
        function = target["Arn"].get("Fn::GetAtt", [""])[0]
        if function.endswith("Function"):
            arn = fill({"Fn::GetAtt": [name, "Arn"]}, template)
            used += [
                key
                for key, each in template.data["Resources"].items()
                if each["Type"] == "AWS::Lambda::Permission"
                and each["Properties"]["FunctionName"] == {"Ref": function}
                and fnmatchcase(arn, fill(each["Properties"]["SourceArn"], template))
            ]
    # One for all rules of the bus of the hub, which has no others.
    assert used == [*["EventsPermission"] * (len(used) - 1), "BillsPermission"]
    assert len(used) == sum(isinstance(each, Event) for handler in HANDLERS.values() for each in handler.triggers)
    assert [name for name, _ in of_type("AWS::Lambda::Permission")] == ["hub/EventsPermission", "data/BillsPermission"]


def test_schedules_have_parameters_with_the_handlers_own_times() -> None:
    for handler in HANDLERS.values():
        for trigger in handler.triggers:
            if isinstance(trigger, Every):
                name = f"{handler.name.capitalize()}Schedule"
                assert TEMPLATES[PART[handler.group]].data["Parameters"][name]["Default"] == trigger.expression


def test_scheduling_can_be_switched_off_and_counting_goes_on() -> None:
    either = {"Fn::If": ["IsActive", "ENABLED", "DISABLED"]}
    states = {where: each["Properties"]["State"] for where, each in of_type("AWS::Scheduler::Schedule")}
    assert states["hub/ClockEvery"] == either, "and the alarm is made like it"
    assert states["data/CollectEvery"] == states["data/ReportEvery"] == "ENABLED"
    assert properties("hub", "TagsRule")["State"] == either
    assert properties("data", "BillsRule")["State"] == "ENABLED"


def test_the_clock_looks_when_what_decides_changes_and_after_every_function_did() -> None:
    hub = TEMPLATES["hub"].data
    look = hub["Resources"]["ClockLook"]
    groups = {each["Label"]["default"]: each["Parameters"] for each in _interface(hub)["ParameterGroups"]}
    told = look["Properties"]
    assert told["ServiceToken"] == {"Fn::GetAtt": ["CustomResourceFunction", "Arn"]}
    assert {*groups["Scheduling"], *groups["Accounts"]} - {*told} == {"ClockSchedule"}, "its schedule needs no look"
    assert all(value == {"Ref": name} for name, value in told.items() if name in hub["Parameters"])
    waits = {*look["DependsOn"], "CustomResourceFunction"}
    assert waits == {"ClockEvery", *(name for name in hub["Resources"] if name.endswith("Function"))}
    assert "wake" not in json.dumps([each["Properties"]["Name"] for _, each in of_type("AWS::Scheduler::Schedule")])


def _interface(template: Resource) -> Resource:
    found: Resource = template["Metadata"]["AWS::CloudFormation::Interface"]
    return found


def test_only_the_schedule_tag_wakes_passes() -> None:
    for template in ("hub", "member"):
        assert properties(template, "TagsRule")["EventPattern"]["detail"] == {"changed-tag-keys": [{"Ref": "TagName"}]}
        asked = properties(template, "GroupsRule")["EventPattern"]["detail"]["requestParameters"]
        assert asked == {"tags": {"key": [{"Ref": "TagName"}]}}
    assert properties("data", "BillsRule")["EventPattern"]["detail"]["bucket"] == {"name": [{"Ref": "BillBucket"}]}


TAGGED = {
    "AWS::CloudWatch::Alarm",
    "AWS::CodePipeline::Pipeline",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::Scheduler::ScheduleGroup",
}
APPLICATION = {
    "Fn::If": ["HasApplication", {"Key": "awsApplication", "Value": {"Ref": "ApplicationTag"}}, {"Ref": "AWS::NoValue"}]
}


@pytest.mark.parametrize("kind", sorted(TAGGED))
def test_resources_carry_the_application_and_their_part(kind: str) -> None:
    for where, resource in of_type(kind):
        template = where.split("/")[0]
        tags = resource["Properties"]["Tags"]
        assert tags[0] == {"Key": "lamplighter:part", "Value": template}, where
        # Members are in other accounts than the application.
        assert tags[1:] == ([] if template in ("member", "organization") else [APPLICATION]), where


def test_every_stack_of_the_hub_registers_with_the_application() -> None:
    found = {
        where.split("/")[0]: each["Properties"]
        for where, each in of_type("AWS::ServiceCatalogAppRegistry::ResourceAssociation")
    }
    assert sorted(found) == sorted(set(TEMPLATES) - {"member", "organization"})
    assert {json.dumps(each["Resource"]) for each in found.values()} == {'{"Ref": "AWS::StackId"}'}
    assert {each["ResourceType"] for each in found.values()} == {"CFN_STACK"}
