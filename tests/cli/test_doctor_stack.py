"""`lamp doctor --stack` on a stack that is deployed into the simulated AWS."""

from __future__ import annotations

import json
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from tests.lake.known import look

from lamplighter import __version__
from lamplighter.cli import context
from lamplighter.cli.testing import Lamp, Said
from lamplighter.estate.control import deny
from lamplighter.estate.testing import MANAGEMENT, EstateProbe
from lamplighter.lake.usage_files import write_usage

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")
KMS = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000001"
CLOSED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


TEMPLATE: dict[str, Any] = {
    "Parameters": {"ReconcileHours": {"Type": "Number", "Default": 4}},
    "Resources": {
        "Table": resource(
            "DynamoDB::Table",
            TableName="lit-state",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("partition", "sort")],
            KeySchema=[
                {"AttributeName": "partition", "KeyType": "HASH"},
                {"AttributeName": "sort", "KeyType": "RANGE"},
            ],
            BillingMode="PAY_PER_REQUEST",
            # moto reads `Enabled`, which is the API's name, where CloudFormation's is `SSEEnabled`.
            SSESpecification={"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KMS, "Enabled": True},
        ),
        "Bucket": resource(
            "S3::Bucket",
            BucketName="lit-lake",
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS}}
                ]
            },
        ),
        "Queue": resource(
            "SQS::Queue",
            QueueName="lit-passes",
            KmsMasterKeyId=KMS,
            RedrivePolicy={"deadLetterTargetArn": arn("DeadLetters"), "maxReceiveCount": 3},
        ),
        "DeadLetters": resource("SQS::Queue", QueueName="lit-dead-letters", KmsMasterKeyId=KMS),
        "Topic": resource("SNS::Topic", TopicName="lit", KmsMasterKeyId=KMS),
        "Role": resource(
            "IAM::Role",
            RoleName="lit-clock",
            AssumeRolePolicyDocument={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
        ),
        "Logs": resource("Logs::LogGroup", LogGroupName="/aws/lambda/lit-clock", RetentionInDays=30),
        "Function": resource(
            "Lambda::Function",
            FunctionName="lit-clock",
            Handler="x.handler",
            Runtime="python3.12",
            Role=arn("Role"),
            Code={"S3Bucket": "code", "S3Key": "core.zip"},
            Environment={"Variables": {"LAMPLIGHTER_VERSION": __version__}},
        ),
        "Rule": resource("Events::Rule", Name="lit-tags", EventPattern={"source": ["aws.tag"]}, State="ENABLED"),
        "Query": resource("Logs::QueryDefinition", Name="lit/failures", QueryString="fields @message"),
    },
    "Outputs": {"Store": {"Value": "dynamodb://lit?region=eu-west-1"}, "Lake": {"Value": "s3://lit-lake/lake"}},
}


@pytest.fixture
def deployed(estate: EstateProbe) -> EstateProbe:
    """The stack `lit`; what moto does not make of its template is set as CloudFormation would."""
    s3 = estate.client("s3")
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="code", CreateBucketConfiguration=where)
    code = BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("x.py", "")
    s3.put_object(Bucket="code", Key="core.zip", Body=code.getvalue())
    estate.client("cloudformation").create_stack(
        StackName="lit", TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    estate.client("dynamodb").update_continuous_backups(
        TableName="lit-state", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    s3.put_public_access_block(Bucket="lit-lake", PublicAccessBlockConfiguration=dict.fromkeys(CLOSED, True))
    tls = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::lit-lake/*"}
    statement = {**tls, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket="lit-lake", Policy=json.dumps({"Statement": [statement]}))
    s3.put_bucket_versioning(Bucket="lit-lake", VersioningConfiguration={"Status": "Enabled"})
    return estate


def rows(said: Said) -> dict[str, dict[str, str]]:
    return {row["check"]: row for row in said.rows}


def test_a_stack_as_it_was_deployed(deployed: EstateProbe, lamp: Lamp) -> None:
    said = lamp("doctor", "--stack", "lit", "--exit-code", "-o", "json")
    found = rows(said)
    bad = {name: row["detail"] for name, row in found.items() if row["status"] == "fail"}
    # Nothing runs in it yet, and it has one table of the store only.
    assert bad.keys() == {"store", "last collection"}, bad
    assert said.code == 3
    statuses = {name.removeprefix("lit "): row["status"] for name, row in found.items() if name.startswith("lit ")}
    parts = ("Table", "Bucket", "Queue", "DeadLetters", "Role", "Logs", "Function", "Rule")
    assert statuses == {**dict.fromkeys(parts, "ok"), "Topic": "warn", "others": "not known"}
    assert found["lit Topic"]["detail"].endswith("lit: encrypted; nobody listens")
    assert found["stack lit"]["status"] == "ok"
    assert found["lit others"]["detail"] == "nobody here knows how to look at 1 AWS::Logs::QueryDefinition"
    assert found["lit Function"]["detail"].endswith(f"version {__version__}")
    assert found["usage gaps"]["status"] == "not known"
    assert lamp("doctor", "--stack", "lit").code == 0


def test_passes_of_what_is_deployed(deployed: EstateProbe, lamp: Lamp, definitions: Path, tmp_path: Path) -> None:
    store = ("--store", "dynamodb://lit?region=eu-west-1")
    assert lamp("doctor", "--create-tables", "--without-aws", *store).code == 0
    assert lamp("run", *store).code == 0
    # Collecting stopped two days ago: what is behind the last look is not known either.
    last = context.utc_now().replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
    write_usage(tmp_path / "lake", [], [look(last)], at=last)
    found = rows(lamp("doctor", "--stack", "lit", "-o", "json", "--lake", str(tmp_path / "lake")))
    assert found["store"]["status"] == "ok"
    assert found["usage gaps"]["status"] == "warn"
    assert found["usage gaps"]["detail"].endswith("the newest: not looked at")
    assert found["last pass"]["status"] == "ok"
    assert found["last pass"]["detail"].endswith("; of the last 1, 0 with failures")


def test_what_was_changed_by_hand(deployed: EstateProbe, lamp: Lamp) -> None:
    deployed.client("dynamodb").update_continuous_backups(
        TableName="lit-state", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    deployed.client("s3").delete_public_access_block(Bucket="lit-lake")
    deployed.client("events").disable_rule(Name="lit-tags")
    deployed.client("logs").delete_retention_policy(logGroupName="/aws/lambda/lit-clock")
    queue = deployed.client("sqs").get_queue_url(QueueName="lit-dead-letters")["QueueUrl"]
    deployed.client("sqs").send_message(QueueUrl=queue, MessageBody="{}")
    deployed.client("lambda").delete_function(FunctionName="lit-clock")
    deployed.client("iam").delete_role(RoleName="lit-clock")
    deployed.control.inject(deny(MANAGEMENT, "sns:GetTopicAttributes"))
    found = rows(lamp("doctor", "--stack", "lit", "-o", "json"))
    said = {
        name.removeprefix("lit "): (row["status"], row["detail"].rpartition("; ")[2].rpartition(": ")[2])
        for name, row in found.items()
        if name.startswith("lit ") and row["status"] == "fail"
    }
    assert said == {
        "Table": ("fail", "point-in-time recovery is off"),
        "Bucket": ("fail", "keeps versions"),
        "Rule": ("fail", "it is off"),
        "Logs": ("fail", "kept for ever"),
        "DeadLetters": ("fail", "1 dead letters"),
        "Function": ("fail", "it is not there"),
        "Role": ("fail", "it is not there"),
    }
    assert "open to the public" in found["lit Bucket"]["detail"]
    assert found["lit Topic"]["status"] == "not known"
    assert "not authorized" in found["lit Topic"]["detail"]


def test_bad_input(estate: EstateProbe, lamp: Lamp) -> None:
    found = rows(lamp("doctor", "--stack", "nobody", "-o", "json"))
    assert (found["stack nobody"]["status"], found["last pass"]["status"]) == ("fail", "not known")
    assert "does not exist" in found["stack nobody"]["detail"]
    spare = rows(lamp("doctor", "--stack", "lit-watch", "--stack", "lit-hub", "-o", "json"))
    assert (spare["stack lit-watch"]["status"], spare["stack lit-hub"]["status"]) == ("warn", "fail")
    assert spare["stack lit-watch"]["detail"] == "it is not there, and may be left out: no dashboard, no alarms"
    said = lamp("doctor", "--stack", "lit", "--region", "all")
    assert said.code == 2
    assert "stacks are in one region" in said.err
