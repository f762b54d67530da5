"""Handlers over the wire: store in DynamoDB, queue, lake and machines of a simulated AWS, from the variables alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.lambdas.conftest import Answers, Context, event

from lamplighter.cli.testing import Lamp
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import EstateProbe
from lamplighter.lambdas import clock, collect, custom_resource, events, passes, remote
from lamplighter.lambdas.runtime import Runtime
from lamplighter.scheduler.parked import parked

YAML = """
version: 1
kinds: ec2-instance
periods: {office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}}
schedules: {office: {periods: office}}
"""


@pytest.fixture(scope="module")
def _probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        probe = EstateProbe(server)
        yield probe
        probe.close()


@pytest.fixture
def estate(_probe: EstateProbe) -> EstateProbe:
    """An empty estate."""
    _probe.fresh()
    return _probe


def test_a_machine_is_registered_lit_and_counted(
    estate: EstateProbe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answers: Answers
) -> None:
    environ = {
        **estate.server.environment,
        "AWS_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAMPLIGHTER_STORE": "dynamodb://lamplighter?region=eu-west-1",
        "LAMPLIGHTER_LAKE": "s3://example-lake/lake",
        "LAMPLIGHTER_REGIONS": "eu-west-1",
        "POWERTOOLS_SERVICE_NAME": "test",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    # The queue of the simulated AWS holds messages back by the machine's own clock.
    monkeypatch.setattr("lamplighter.scheduler.happenings.GATHER", 0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lamplighter.yaml").write_text(YAML)
    queues = estate.client("sqs")
    url = queues.create_queue(QueueName="passes")["QueueUrl"]
    place = {"LocationConstraint": "eu-west-1"}
    estate.client("s3").create_bucket(Bucket="example-lake", CreateBucketConfiguration=place)
    lamp = Lamp()
    tables = lamp("doctor", "--create-tables")
    assert "lamplighter-clock" in tables.out + tables.err
    assert lamp("deploy", "definitions").code == 0
    [machine] = estate.launch(1)
    estate.client("ec2").stop_instances(InstanceIds=[machine])
    estate.control.finish_transitions()
    group = "lamplighter"
    scheduler = estate.client("scheduler")
    scheduler.create_schedule_group(Name=group)
    target = {"Arn": Context.invoked_function_arn, "RoleArn": "arn:aws:iam::123456789012:role/wake"}
    scheduler.create_schedule(
        GroupName=group,
        Name="clock",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )
    named = {"LAMPLIGHTER_WAKE": f"{group}/wake", "LAMPLIGHTER_CLOCK": f"{group}/clock"}
    named["LAMPLIGHTER_ENDPOINT_URL"] = estate.server.url
    with_ = Runtime({**environ, "LAMPLIGHTER_QUEUE_URL": url, **named}, clock=estate.control.now)

    def work() -> list[str]:
        """Hand what lies in the queue to the passes; states of the machine's account."""
        got = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages", [])
        records = [
            {**event("queue")["Records"][0], "messageId": m["MessageId"], "body": m["Body"], "attributes": {}}
            for m in got
        ]
        assert passes.answer({"Records": records}, Context(), with_) == {"batchItemFailures": []}
        for each in got:
            queues.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return estate.states([machine])

    def pause(seconds: float) -> None:
        estate.control.advance(seconds)

    # The stack of the hub was made: the clock's alarm is, too, and rings at once.
    made = {"RequestType": "Create", "ResponseURL": answers.url, "ResourceType": custom_resource.CLOCK}
    custom_resource.answer({**event("stack_create"), **made}, Context(), with_)
    assert (answers.bodies[-1]["Status"], answers.bodies[-1]["PhysicalResourceId"]) == ("SUCCESS", f"{group}/wake")
    first = scheduler.get_schedule(GroupName=group, Name="wake")
    assert first["Target"]["Arn"] == target["Arn"]
    estate.control.advance(3600)
    assert clock.answer({}, with_)["messages"] == 1
    wake = scheduler.get_schedule(GroupName=group, Name="wake")
    assert wake["ScheduleExpression"] != first["ScheduleExpression"]
    assert wake["Target"] == first["Target"]
    assert work() == ["stopped"], "it has no tag yet"
    estate.client("ec2").create_tags(Resources=[machine], Tags=[{"Key": "Schedule", "Value": "office"}])
    account = with_.aws.own_account()
    told = {**event("tag_changed"), "account": account, "time": estate.control.now().isoformat()}
    assert events.answer(told, with_)["did"] == "asked"
    assert work() in (["pending"], ["running"])
    said = collect.answer({}, Context(), with_)
    assert said["looks"] > 0
    keys = [item["Key"] for item in estate.client("s3").list_objects_v2(Bucket="example-lake")["Contents"]]
    assert [key for key in keys if key.startswith("lake/usage_looks/")]
    # As a schedule sends it: an instance that is just starting is waited for.
    said_at = estate.control.now()
    stop = {"action": "stop", "region": "eu-west-1", "resources": [machine], "time": said_at.isoformat()}
    assert remote.answer(stop, Context(), with_, sleep=pause)["done"] == [machine]
    late = {**stop, "time": (said_at - timedelta(minutes=11)).isoformat()}
    assert remote.answer(late, Context(), with_)["code"] == 2
    assert [str(each["key"]).partition("#")[0] for each in parked(with_.store)] == ["remote"]
    override = ["override", "set", machine, "--keep", "running", "--for", "2h"]
    said = remote.answer({"command": override}, Context(), with_)
    assert (said["code"], said["err"].splitlines()[0][:19]) == (0, "the clock is woken:"), said
    assert scheduler.get_schedule(GroupName=group, Name="wake")["ScheduleExpression"] != wake["ScheduleExpression"]
