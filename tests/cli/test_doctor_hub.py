"""`lamp doctor --stack` on everything that is deployed: as it should be, and with each thing broken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.deploy.completed import STACKS, deployed

from lamplighter import __version__
from lamplighter.cli.testing import Lamp, Said
from lamplighter.estate.testing import REGION, EstateProbe
from lamplighter.store.dynamodb_layout import TABLES

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")
ASKED = [word for name in STACKS for word in ("--stack", f"lamplighter-{name}")]
STORE = ("--store", f"dynamodb://lamplighter?region={REGION}")
GONE = "it is not there"
UNSURE = {"usage gaps", *(f"{name} others" for name in ("state", "hub", "data", "watch"))}
"""What nobody can know without the lake, or looks into."""


def doctor(lamp: Lamp) -> Said:
    return lamp("doctor", *ASKED, "--exit-code", "-o", "json")


def rows(said: Said) -> dict[str, dict[str, str]]:
    return {row["check"].removeprefix("lamplighter-"): row for row in said.rows}


def test_as_it_should_be_and_with_each_thing_broken(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    outputs = deployed(estate)
    assert lamp("run", *STORE).code == 0
    said = doctor(lamp)
    found = rows(said)
    other = {name: row["status"] for name, row in found.items() if row["status"] != "ok"}
    # moto counts no subscriptions of a topic.
    assert other == {"hub Topic": "warn", **dict.fromkeys(UNSURE, "not known")}
    assert said.code == 0
    assert len(found) > 90
    assert found["store"]["detail"].endswith(f"all {len(TABLES)} are there")

    _break(estate, outputs)
    said = doctor(lamp)
    found = rows(said)
    assert said.code == 3
    wrong = {name: row["detail"].partition(": ")[2] or row["detail"] for name, row in found.items()}
    assert {name: wrong[name] for name, row in found.items() if row["status"] == "fail"} == {
        "state LakeBucket": "encrypted with a KMS key; open to the public: BlockPublicAcls, IgnorePublicAcls, "
        "BlockPublicPolicy, RestrictPublicBuckets off; not over TLS only; keeps versions",
        "state CodeBucket": "not encrypted by default; closed to the public; over TLS only; keeps versions",
        "state TableSizes": "ACTIVE; not encrypted with a KMS key; point-in-time recovery is off",
        "state TableState": "ACTIVE; encrypted with a KMS key; point-in-time recovery is off",
        "state TableTold": GONE,
        "hub PassQueue": wrong["hub PassQueue"],
        "hub DeadLetterQueue": wrong["hub DeadLetterQueue"],
        "hub SchedulerRole": GONE,
        "hub ClockLogs": "kept for ever",
        "hub ClockEvery": GONE,
        "hub PassesQueue": "it is Disabled",
        "hub TagsRule": "it is off",
        "hub RemoteFunction": GONE,
        "watch Dashboard": GONE,
        "watch LatePassesAlarm": GONE,
        "watch ClockSilentAlarm": "it is on: no ticks",
        "member TagsRule": GONE,
        "store": "missing lamplighter-told",
        "last pass": "2026-11-20 08:00 UTC; of the last 1, 0 with failures; one is due every 4 h",
        "last collection": "none this month in s3://lamplighter-lake-111122223333-eu-west-1/lake",
    }
    assert found["hub PassQueue"]["detail"].endswith("/lamplighter-passes: encrypted; 1 wait, the oldest for 2000 s")
    assert found["hub DeadLetterQueue"]["detail"].endswith("/lamplighter-dead-letters: encrypted; 1 dead letters")
    assert {name for name, row in found.items() if row["status"] == "warn"} == {
        "hub Topic",
        "hub Bus",
        "hub ClockFunction",
    }
    assert wrong["hub ClockFunction"].endswith(f"; version 0.0.9, and here is {__version__}")
    assert [name for name, row in found.items() if row["status"] in ("fail", "warn") and not row["hint"]] == []
    assert lamp("doctor", *ASKED).code == 0


def _break(estate: EstateProbe, outputs: dict[str, str]) -> None:
    """Break one thing of each sort."""
    dynamodb, s3, events = estate.client("dynamodb"), estate.client("s3"), estate.client("events")
    dynamodb.delete_table(TableName="lamplighter-told")
    dynamodb.update_continuous_backups(
        TableName="lamplighter-state", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    keys = {name: dynamodb.describe_table(TableName="lamplighter-sizes")["Table"][name] for name in KEYS}
    dynamodb.delete_table(TableName="lamplighter-sizes")
    dynamodb.create_table(TableName="lamplighter-sizes", BillingMode="PAY_PER_REQUEST", **keys)

    s3.delete_bucket_policy(Bucket=outputs["LakeBucket"])
    s3.delete_public_access_block(Bucket=outputs["LakeBucket"])
    s3.delete_bucket_encryption(Bucket=outputs["CodeBucket"])

    s3.delete_object(Bucket=outputs["LakeBucket"], Key=outputs["Collected"])
    events.disable_rule(Name="lamplighter-tags", EventBusName="lamplighter")
    targets = events.list_targets_by_rule(Rule="lamplighter-member-tags")["Targets"]
    events.remove_targets(Rule="lamplighter-member-tags", Ids=[each["Id"] for each in targets])
    events.delete_rule(Name="lamplighter-member-tags")
    events.remove_permission(EventBusName="lamplighter", StatementId="accounts")
    estate.client("scheduler").delete_schedule(Name="lamplighter-clock")
    iam = estate.client("iam")
    for policy in iam.list_role_policies(RoleName="lamplighter-hub-schedules")["PolicyNames"]:
        iam.delete_role_policy(RoleName="lamplighter-hub-schedules", PolicyName=policy)
    iam.delete_role(RoleName="lamplighter-hub-schedules")
    estate.client("cloudwatch").delete_alarms(AlarmNames=["lamplighter-late-passes"])
    estate.client("cloudwatch").set_alarm_state(
        AlarmName="lamplighter-clock-silent", StateValue="ALARM", StateReason="no ticks"
    )
    estate.client("cloudwatch").delete_dashboards(DashboardNames=["lamplighter"])
    functions = estate.client("lambda")
    functions.delete_function(FunctionName="lamplighter-remote")
    functions.update_function_configuration(
        FunctionName="lamplighter-clock", Environment={"Variables": {"LAMPLIGHTER_VERSION": "0.0.9"}}
    )
    [mapping] = functions.list_event_source_mappings(FunctionName="lamplighter-passes")["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    estate.client("logs").delete_retention_policy(logGroupName="/aws/lambda/lamplighter-clock")
    _age_the_last_pass(estate)
    sqs, now = estate.client("sqs"), datetime.now(UTC)
    for name in ("lamplighter-passes", "lamplighter-dead-letters"):
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], MessageBody="{}")
    age = {"MetricName": "ApproximateAgeOfOldestMessage", "Value": 2_000, "Timestamp": now - timedelta(minutes=2)}
    dimension = {"Name": "QueueName", "Value": "lamplighter-passes"}
    estate.client("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=[{**age, "Dimensions": [dimension]}])


def _age_the_last_pass(estate: EstateProbe) -> None:
    dynamodb = estate.client("dynamodb")
    [item] = dynamodb.scan(TableName="lamplighter-passes")["Items"]
    dynamodb.update_item(
        TableName="lamplighter-passes",
        Key={name: item[name] for name in ("partition", "sort")},
        UpdateExpression="SET #d.#a = :a",
        ExpressionAttributeNames={"#d": "data", "#a": "at"},
        ExpressionAttributeValues={":a": {"S": "2026-11-20T08:00:00+00:00"}},
    )


KEYS = ("KeySchema", "AttributeDefinitions")
