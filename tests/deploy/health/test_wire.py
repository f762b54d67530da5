"""Parts of a stack that the simulated AWS makes through their own APIs, looked at over the wire."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.deploy.health.conftest import NOW, SCENE

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target
from lamplighter.deploy.health.part import Piece
from lamplighter.deploy.health.registry import parts
from lamplighter.deploy.health.stack import look
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.resources.kind import Session

ROLE = f"arn:aws:iam::{MANAGEMENT}:role/lit"


@pytest.fixture(scope="module")
def probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        found = EstateProbe(server)
        found.fresh(NOW)
        yield found
        found.close()


@pytest.fixture
def session(probe: EstateProbe) -> Iterator[Session]:
    with Aws(region=REGION, environ=probe.server.environment, retries=0) as aws:
        yield aws.session_as(Target(MANAGEMENT, REGION), None)


def seen(session: Session, type_: str, physical: str) -> tuple[str, str]:
    found = look(session, Piece("lit", "It", physical, type_, "CREATE_COMPLETE"), SCENE, parts()[type_])
    return found.status.value, found.detail.removeprefix(f"{physical}: ")


def test_an_alarm(probe: EstateProbe, session: Session) -> None:
    cloudwatch = probe.client("cloudwatch")
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum", "Period": 60}
    wanted = {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
    cloudwatch.put_metric_alarm(AlarmName="lit-errors", **metric, **wanted)
    cloudwatch.set_alarm_state(AlarmName="lit-errors", StateValue="ALARM", StateReason="3 errors")
    assert seen(session, "AWS::CloudWatch::Alarm", "lit-errors") == ("fail", "it is on: 3 errors")
    cloudwatch.set_alarm_state(AlarmName="lit-errors", StateValue="OK", StateReason="none")
    assert seen(session, "AWS::CloudWatch::Alarm", "lit-errors") == ("ok", "quiet")
    assert seen(session, "AWS::CloudWatch::Alarm", "lit-none") == ("fail", "it is not there")


def test_a_key(probe: EstateProbe, session: Session) -> None:
    kms = probe.client("kms")
    key = str(kms.create_key()["KeyMetadata"]["KeyId"])
    assert seen(session, "AWS::KMS::Key", key) == ("fail", "usable; not renewed")
    kms.enable_key_rotation(KeyId=key)
    assert seen(session, "AWS::KMS::Key", key) == ("ok", "usable; renewed each year")


def test_a_schedule(probe: EstateProbe, session: Session) -> None:
    target = {"Arn": f"arn:aws:lambda:{REGION}:{MANAGEMENT}:function:lit", "RoleArn": ROLE}
    window = {"Mode": "OFF"}
    probe.client("scheduler").create_schedule(
        Name="lit-tick", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow=window, Target=target
    )
    assert seen(session, "AWS::Scheduler::Schedule", "lit-tick") == ("ok", "on")
    assert seen(session, "AWS::Scheduler::Schedule", "lit") == ("fail", "it is not there")


def test_the_alarm_of_the_clock(probe: EstateProbe, session: Session) -> None:
    target = {"Arn": f"arn:aws:lambda:{REGION}:{MANAGEMENT}:function:lit", "RoleArn": ROLE}
    scheduler, window = probe.client("scheduler"), {"Mode": "OFF"}
    scheduler.create_schedule_group(Name="lit")
    scheduler.create_schedule(
        GroupName="lit",
        Name="lit-wake",
        ScheduleExpression="at(2026-11-27T08:30:00)",
        FlexibleTimeWindow=window,
        Target=target,
    )
    assert seen(session, "Custom::LamplighterClock", "lit/lit-wake") == ("ok", "on; set to 2026-11-27 08:30 UTC")
    assert seen(session, "Custom::LamplighterClock", "lit/none") == ("fail", "it is not there")


def test_a_mapping(probe: EstateProbe, session: Session) -> None:
    trust = {"Version": "2012-10-17", "Statement": []}
    probe.client("iam").create_role(RoleName="lit", AssumeRolePolicyDocument=json.dumps(trust))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("lit.py", "")
    lambda_ = probe.client("lambda")
    lambda_.create_function(
        FunctionName="lit", Runtime="python3.13", Role=ROLE, Handler="lit.it", Code={"ZipFile": code.getvalue()}
    )
    probe.client("sqs").create_queue(QueueName="lit-work")
    queue = f"arn:aws:sqs:{REGION}:{MANAGEMENT}:lit-work"
    uuid = lambda_.create_event_source_mapping(EventSourceArn=queue, FunctionName="lit")["UUID"]
    assert seen(session, "AWS::Lambda::EventSourceMapping", str(uuid)) == ("ok", "on")


def test_a_queue_in_which_something_waits(probe: EstateProbe, session: Session) -> None:
    sqs, cloudwatch = probe.client("sqs"), probe.client("cloudwatch")
    sqs.create_queue(QueueName="lit-dead")
    redrive = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{MANAGEMENT}:lit-dead", "maxReceiveCount": 3}
    queue = str(
        sqs.create_queue(
            QueueName="lit-passes", Attributes={"RedrivePolicy": json.dumps(redrive), "SqsManagedSseEnabled": "true"}
        )["QueueUrl"]
    )
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    unknown = "encrypted; 1 wait, for how long is not known: CloudWatch has no values yet"
    assert seen(session, "AWS::SQS::Queue", queue) == ("not known", unknown)
    age = {"MetricName": "ApproximateAgeOfOldestMessage", "Value": 40, "Timestamp": NOW - timedelta(minutes=5)}
    named = {"Dimensions": [{"Name": "QueueName", "Value": "lit-passes"}]}
    cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=[{**age, **named}])
    assert seen(session, "AWS::SQS::Queue", queue) == ("ok", "encrypted; 1 wait, the oldest for 40 s")


def test_a_rule_on_a_bus_that_its_id_does_not_name(probe: EstateProbe, session: Session) -> None:
    events = probe.client("events")
    events.create_event_bus(Name="lit")
    events.put_rule(Name="lit-tags", EventBusName="lit", EventPattern='{"source": ["aws.tag"]}', State="ENABLED")
    assert seen(session, "AWS::Events::Rule", "lit|lit-tags") == ("ok", "on")
    assert seen(session, "AWS::Events::Rule", "lit-tags") == ("ok", "on")
    assert seen(session, "AWS::Events::Rule", "lit-none") == ("fail", "it is not there")
