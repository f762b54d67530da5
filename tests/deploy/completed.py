"""The stacks deployed into the simulated AWS, with what moto leaves out of their templates made through its APIs."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

from tests.deploy.test_deployed import deploy

from lamplighter import __version__
from lamplighter.deploy.family import TEMPLATES
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe

STACKS: Final = ("state", "hub", "data", "watch", "member")
KEY: Final = f"code/core/{__version__}-0123456789abcdef.zip"


def deployed(estate: EstateProbe) -> dict[str, str]:
    """All stacks in one account, as CloudFormation would leave them, with usage collected just now.

    Returns:
        The outputs of all, and under `Collected` the key of what was collected.
    """
    key = estate.client("kms").create_key()["KeyMetadata"]["Arn"]
    found = deploy(estate, "state", {"ExistingKeyArn": key})
    code = BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("lamplighter/__init__.py", "")
    estate.client("s3").put_object(Bucket=found["CodeBucket"], Key=KEY, Body=code.getvalue())
    wired = {name: found[name] for name in ("KeyArn", "CodeBucket")}
    told = {**wired, "TagName": "Lit", "Accounts": MANAGEMENT, "Regions": REGION}
    found |= deploy(estate, "hub", {**told, "CoreCodeKey": KEY})
    lake = {"LakeBucket": found["LakeBucket"], "BillBucket": "bills"}
    found |= deploy(estate, "data", {**wired, **lake, "DataCodeKey": KEY}, "HasBills")
    found |= deploy(estate, "watch", {"TopicArn": found["TopicArn"]})
    found |= deploy(estate, "member", {name: found[name] for name in ("HubAccount", "HubPrefix", "BusArn")})
    for stack in STACKS:
        for declared in TEMPLATES[stack].data["Resources"].values():
            make = _MAKERS.get(declared["Type"])
            if make is not None:
                make(estate, _substituted(declared["Properties"], found), found)
    topic = {"TopicArn": found["TopicArn"], "Protocol": "sqs", "Endpoint": f"arn:aws:sqs:{REGION}:{MANAGEMENT}:ops"}
    estate.client("sns").subscribe(**topic)
    month = f"{datetime.now(UTC):%Y-%m}"
    place = f"lake/usage_looks/billing_period={month}/one.parquet"
    estate.client("s3").put_object(Bucket=found["LakeBucket"], Key=place, Body=b"x")
    for bucket in ("LakeBucket", "CodeBucket"):
        _only_over_tls(estate, found[bucket])
    return {**found, "Collected": place}


def _only_over_tls(estate: EstateProbe, bucket: str) -> None:
    # moto refuses without a look at the condition: nothing can be put into the bucket from now on.
    tls = {"Bool": {"aws:SecureTransport": "false"}}
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": tls}]}
    estate.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def _substituted(value: Any, outputs: Mapping[str, str]) -> Any:
    """Properties with the names in them: the prefix, the account, the region."""
    if isinstance(value, list):
        return [_substituted(each, outputs) for each in value]
    if not isinstance(value, dict):
        return value
    names = {"Prefix": "lamplighter", "AWS::AccountId": MANAGEMENT, "AWS::Region": REGION, **outputs}
    if set(value) == {"Ref"}:
        return names.get(value["Ref"], value)
    if isinstance(value.get("Fn::Sub"), str):
        text = value["Fn::Sub"]
        for name, given in names.items():
            text = text.replace(f"${{{name}}}", given)
        return text
    return {key: _substituted(each, outputs) for key, each in value.items()}


Maker = Callable[[EstateProbe, dict[str, Any], Mapping[str, str]], None]


def _table(estate: EstateProbe, declared: dict[str, Any], outputs: Mapping[str, str]) -> None:
    # moto reads `Enabled`, the API's name, where CloudFormation's is `SSEEnabled`; its UpdateTable has neither.
    dynamodb, name = estate.client("dynamodb"), declared["TableName"]
    keys = {name: declared[name] for name in ("KeySchema", "AttributeDefinitions", "BillingMode")}
    dynamodb.delete_table(TableName=name)
    dynamodb.create_table(
        TableName=name,
        **keys,
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": outputs["KeyArn"]},
    )
    dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )


def _bucket(estate: EstateProbe, declared: dict[str, Any], _: Mapping[str, str]) -> None:
    s3, name = estate.client("s3"), declared["BucketName"]
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=declared["PublicAccessBlockConfiguration"])
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=declared["VersioningConfiguration"])


def _alarm(estate: EstateProbe, declared: dict[str, Any], outputs: Mapping[str, str]) -> None:
    asked = {key: value for key, value in declared.items() if key not in ("Tags", "ActionsEnabled")}
    estate.client("cloudwatch").put_metric_alarm(**_substituted(asked, outputs))
    estate.client("cloudwatch").set_alarm_state(AlarmName=declared["AlarmName"], StateValue="OK", StateReason="quiet")


def _schedule(estate: EstateProbe, declared: dict[str, Any], _: Mapping[str, str]) -> None:
    role = f"arn:aws:iam::{MANAGEMENT}:role/lamplighter-hub-schedules"
    estate.client("scheduler").create_schedule(
        Name=declared["Name"],
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"arn:aws:lambda:{REGION}:{MANAGEMENT}:function:lamplighter-clock", "RoleArn": role},
    )


def _bus_policy(estate: EstateProbe, declared: dict[str, Any], _: Mapping[str, str]) -> None:
    if declared["StatementId"] == "accounts":
        events = {"EventBusName": "lamplighter", "StatementId": "accounts", "Action": "events:PutEvents"}
        estate.client("events").put_permission(**events, Principal=MANAGEMENT)


_MAKERS: Final[Mapping[str, Maker]] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::S3::Bucket": _bucket,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::Events::EventBusPolicy": _bus_policy,
}
