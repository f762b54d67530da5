"""What the hub's functions ask of SQS and EventBridge Scheduler, over the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target
from lamplighter.errors import AwsError, NotFound
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import MANAGEMENT, MONDAY, REGION, EstateProbe
from lamplighter.resources.kind import Session
from lamplighter.scheduler.alarm import set_alarm
from lamplighter.scheduler.messages import Message, give_back, parse, send

ROLE = f"arn:aws:iam::{MANAGEMENT}:role/lamplighter-wake"
CLOCK = f"arn:aws:lambda:{REGION}:{MANAGEMENT}:function:lamplighter-clock"


@pytest.fixture(scope="module")
def probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        found = EstateProbe(server)
        found.fresh()
        yield found
        found.close()


@pytest.fixture
def session(probe: EstateProbe) -> Iterator[Session]:
    with Aws(region=REGION, environ=probe.server.environment, retries=0) as aws:
        yield aws.session_as(Target(MANAGEMENT, REGION), None)


def test_messages_lie_in_the_queue(probe: EstateProbe, session: Session) -> None:
    queue = str(probe.client("sqs").create_queue(QueueName="passes")["QueueUrl"])
    sent = [Message(Target(MANAGEMENT, REGION), "transition", MONDAY + timedelta(hours=n)) for n in range(12)]
    send(session, queue, sent)
    got = []
    while found := probe.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        got += [parse(each["Body"]) for each in found]
    assert sorted(got, key=lambda each: each.at) == sent


def test_a_message_is_given_back_for_later(probe: EstateProbe, session: Session) -> None:
    sqs = probe.client("sqs")
    queue = str(sqs.create_queue(QueueName="failing")["QueueUrl"])
    send(session, queue, [Message(Target(MANAGEMENT, REGION), "transition", MONDAY)])
    (held,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert give_back(session, queue, held["ReceiptHandle"], 2) == 120
    waiting = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert waiting["Attributes"] == {"ApproximateNumberOfMessagesNotVisible": "1"}
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=held["ReceiptHandle"])
    with pytest.raises(AwsError):
        give_back(session, queue, "none", 1)


def test_a_queue_that_is_not_there_is_named(probe: EstateProbe, session: Session) -> None:
    missing = f"{probe.server.url}/{MANAGEMENT}/none"
    with pytest.raises(NotFound):
        send(session, missing, [Message(Target(MANAGEMENT, REGION), "transition", MONDAY)])


def test_the_alarm_is_made_and_set_and_keeps_what_it_calls(probe: EstateProbe, session: Session) -> None:
    scheduler = probe.client("scheduler")
    scheduler.create_schedule_group(Name="lamplighter")
    scheduler.create_schedule(
        GroupName="lamplighter",
        Name="clock",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": CLOCK, "RoleArn": ROLE, "RetryPolicy": {"MaximumRetryAttempts": 3}},
    )
    with pytest.raises(NotFound):
        set_alarm(session, "lamplighter/wake", MONDAY)
    for hours in range(2):
        assert set_alarm(session, "lamplighter/wake", MONDAY + timedelta(hours=hours), like="lamplighter/clock")
        found = scheduler.get_schedule(GroupName="lamplighter", Name="wake")
        assert found["ScheduleExpression"] == f"at(2026-11-23T0{8 + hours}:00:00)"
        assert (found["Target"]["Arn"], found["Target"]["RoleArn"]) == (CLOCK, ROLE)
        assert json.loads(found["Target"]["Input"]) == {"lamplighter": "wake"}
        assert found["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 3
    with pytest.raises(NotFound):
        set_alarm(session, "lamplighter/none", MONDAY, like="lamplighter/other")
