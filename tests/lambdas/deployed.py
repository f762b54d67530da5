"""A hub and a member, deployed from the templates into the simulated AWS; the test plays what moto does not.

Played: Lambda (the emulator runs each function with the variables and the time its stack gave it, under its own role),
the poll of the queue (received, called, deleted or left as the function says), EventBridge's forwarding (by the rules
that stand there, an event goes where they say), EventBridge Scheduler (the clock is called when a test says so).
Receive counts, visibility, delays and the move to dead letters are moto's, by the clock of the estate.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from moto.events.models import EventPattern
from tests.deploy.test_deployed import deploy
from tests.lambdas.emulator import Answer, Emulator, emulated

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import HANDLERS, Group
from lamplighter.deploy.metrics import METRICS, SERVICE
from lamplighter.deploy.needs import dashed
from lamplighter.estate.testing import MANAGEMENT, MONDAY, PRODUCTION, REGION, EstateProbe, Keys
from lamplighter.scheduler import kept_definitions
from lamplighter.store.dynamodb import DynamoDBStore
from lamplighter.store.dynamodb_calls import Connection
from lamplighter.store.dynamodb_layout import TABLES

TARGET: Final = f"{PRODUCTION}/{REGION}"
TAG: Final = "Lit"
ENTERED: Final = "OrganizationAccountAccessRole"
OFFICE: Final = """
version: 1
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
schedules:
  office: {periods: office}
tags:
  started: {"lamplighter:last-action": "started {year}-{month}-{day} {hour}:{minute} {timezone} by {scheduler}"}
  stopped: {"lamplighter:last-action": "stopped {year}-{month}-{day} {hour}:{minute} {timezone}: {reason}"}
  first_seen: true
"""
BILLS: Final = "bills"
_APART: Final = timedelta(weeks=5)
"""From the begin of one test to that of the next: no two have a month of the lake in common."""


class Deployment:
    """The deployed hub as a test handles it.

    Attributes:
        estate: the simulated AWS.
        store: the tables of the hub.
        monday: 8:00 UTC of the day on which the test began.
        now: the time, for AWS, the queue and the functions.
        member: keys of a session in the member account.
        outputs: of the stack hub.
    """

    def __init__(self, estate: EstateProbe, tasks: Mapping[Group, Path], layer: Path, stack: ExitStack) -> None:
        self.estate = estate
        self.monday = self.now = MONDAY
        self._tasks, self._layer, self._stack = tasks, layer, stack
        self._functions: dict[str, Emulator] = {}
        shutil.copy(Path(__file__).with_name("steered.py"), layer)

    def build(self) -> None:
        """Deploy state, hub and data into the home account, and the member into another."""
        self.estate.client("s3").create_bucket(Bucket=BILLS, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.estate.control.seed_organization([{"id": PRODUCTION, "name": "production"}])
        key = self.estate.client("kms").create_key()["KeyMetadata"]["Arn"]
        state = deploy(self.estate, "state", {"ExistingKeyArn": key})
        self.estate.client("s3").put_object(Bucket=state["CodeBucket"], Key="code.zip", Body=b"unpacked beforehand")
        wired = {name: state[name] for name in ("KeyArn", "CodeBucket")}
        told = {**wired, "TagName": TAG, "Accounts": PRODUCTION, "Regions": REGION}
        self.outputs = deploy(self.estate, "hub", {**told, "CoreCodeKey": "code.zip"})
        lake = {"LakeBucket": state["LakeBucket"], "BillBucket": BILLS}
        deploy(self.estate, "data", {**told, **lake, "DataCodeKey": "code.zip"}, "HasBills")
        self.member = self.estate.assume(f"arn:aws:iam::{PRODUCTION}:role/{ENTERED}")
        given = {name: self.outputs[name] for name in ("HubAccount", "HubPrefix", "BusArn")}
        deploy(self.estate, "member", {**given, "TagName": TAG}, keys=self.member)
        self._schedule()
        self.store = self._store()

    def begin(self) -> None:
        """A Monday at 8:00 UTC after all that was; nothing of that stands, waits, is known or goes wrong any more."""
        control, ec2 = self.estate.control, self.estate.client("ec2", keys=self.member)
        if self.now > self.monday:
            self.monday += _APART
        control.clear_faults()
        found = [one["InstanceId"] for each in ec2.describe_instances()["Reservations"] for one in each["Instances"]]
        if found:
            ec2.terminate_instances(InstanceIds=found)
        self.now = control.set_clock(self.monday)
        for name in ("passes", "dead-letters"):
            self.estate.client("sqs").purge_queue(QueueUrl=self._queue(name))
        for table in TABLES:
            if table != kept_definitions.TABLE:
                self._forget(table)
        kept = kept_definitions.read(self.store)
        kept_definitions.put_entries(self.store, kept, (), [each.key for each in kept.entries])
        kept_definitions.put_files(self.store, {kept_definitions.FILE: OFFICE})
        control.clear_calls()

    def _forget(self, table: str) -> None:
        for partition in self.store.partitions(table):
            for item in list(self.store.query(table, partition)):
                self.store.delete(table, partition, item.sort)

    def _schedule(self) -> None:
        """The group and the schedule that the template declares; moto takes their types for made, and makes nothing.

        The alarm is made by the first tick.
        """
        declared = TEMPLATES["hub"].data["Resources"]["ClockEvery"]["Properties"]
        scheduler = self.estate.client("scheduler")
        scheduler.create_schedule_group(Name="lamplighter")
        scheduler.create_schedule(
            Name="lamplighter-clock",
            GroupName="lamplighter",
            ScheduleExpression=TEMPLATES["hub"].data["Parameters"]["ClockSchedule"]["Default"],
            FlexibleTimeWindow=declared["FlexibleTimeWindow"],
            Target={"Arn": self._arn("clock"), "RoleArn": f"arn:aws:iam::{MANAGEMENT}:role/lamplighter-hub-schedules"},
        )

    def _arn(self, name: str) -> str:
        function = f"lamplighter-{dashed(HANDLERS[name])}"
        return str(self.estate.client("lambda").get_function_configuration(FunctionName=function)["FunctionArn"])

    def alarm(self) -> str:
        """When the clock has itself woken; there is none before its first tick."""
        found = self.estate.client("scheduler").get_schedule(Name="lamplighter-wake", GroupName="lamplighter")
        assert found["Target"]["Arn"] == self._arn("clock")
        return str(found["ScheduleExpression"])

    def _store(self) -> DynamoDBStore:
        aws = self._stack.enter_context(Aws(region=REGION, environ=self.estate.server.environment, retries=0))
        return DynamoDBStore(Connection(aws.session_as(Target("store", REGION), None), REGION), "lamplighter")

    def at(self, hours: float) -> None:
        """Let it be so many hours after midnight of Monday; what was under way has arrived by then."""
        self.now = self.estate.control.set_clock(self.monday - timedelta(hours=8) + timedelta(hours=hours))

    def later(self, **step: float) -> None:
        """Let time go on."""
        self.now = self.estate.control.set_clock(self.now + timedelta(**step))

    def function(self, name: str) -> Emulator:
        """A deployed function; begun when it is first asked for, as Lambda does."""
        if name not in self._functions:
            made = emulated(
                self._tasks[HANDLERS[name].group],
                f"steered.{name}",
                self._environ(name),
                timeout=HANDLERS[name].timeout,
                layer=self._layer,
            )
            self._functions[name] = self._stack.enter_context(made)
        return self._functions[name]

    def _environ(self, name: str) -> dict[str, str]:
        """The variables of a deployed function, and its role's keys, which Lambda gives it."""
        deployed = self.estate.client("lambda").get_function_configuration(
            FunctionName=f"lamplighter-{dashed(HANDLERS[name])}"
        )
        access, secret, token = self._role(deployed["Role"])
        return {
            # moto leaves the numbers of a template as numbers; in AWS they are texts.
            **{key: str(value) for key, value in deployed["Environment"]["Variables"].items()},
            "LAMPLIGHTER_ENDPOINT_URL": self.estate.server.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": access,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_SESSION_TOKEN": token,
        }

    def _role(self, arn: str) -> Keys:
        """Keys of a function's role; it trusts Lambda, whose part the test plays here."""
        iam = self.estate.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": MANAGEMENT}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.update_assume_role_policy(RoleName=arn.rpartition("/")[2], PolicyDocument=document)
        return self.estate.assume(arn)

    def variable(self, name: str, variable: str) -> str:
        """A variable of a deployed function, named without our prefix."""
        return self._environ(name)[f"LAMPLIGHTER_{variable}"]

    def invoke(self, name: str, event: object) -> Answer:
        """Call a function; it must not fail."""
        answer = self.function(name).invoke(event)
        assert not answer.error, answer
        return answer

    def happen(self, told: Mapping[str, Any], keys: Keys | None = None) -> Answer:
        """What comes of an event on the default bus of an account, by its rules; it must reach one function."""
        (target,) = self._led(told, "default", keys)
        if ":event-bus/" in target:
            (target,) = self._led(told, target.rpartition("/")[2], None)
        (name,) = (each.name for each in HANDLERS.values() if target == self._arn(each.name))
        return self.invoke(name, told)

    def _led(self, told: Mapping[str, Any], bus: str, keys: Keys | None) -> list[str]:
        """Where the rules of a bus lead an event; moto has no TestEventPattern, but reads patterns itself."""
        events = self.estate.client("events", keys=keys)
        fitting = [
            rule["Name"]
            for rule in events.list_rules(EventBusName=bus)["Rules"]
            if rule["State"] == "ENABLED" and EventPattern.load(rule["EventPattern"]).matches_event(dict(told))  # type: ignore[arg-type]
        ]
        asked = [events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"] for name in fitting]
        return [target["Arn"] for targets in asked for target in targets]

    def receive(self) -> dict[str, Any] | None:
        """The next batch of the queue as Lambda hands it on; None while there is none."""
        (mapping,) = self.estate.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        asked = {"MaxNumberOfMessages": mapping["BatchSize"], "AttributeNames": ["All"], "WaitTimeSeconds": 0}
        asked |= {"QueueUrl": self.outputs["QueueUrl"]}
        found = self.estate.client("sqs").receive_message(**asked).get("Messages")
        return {"Records": [_record(each) for each in found]} if found else None

    def deliver(self) -> Answer | None:
        """Poll the queue once as Lambda does; None if nothing was there."""
        batch = self.receive()
        if batch is None:
            return None
        answer = self.function("passes").invoke(batch)
        self.settle(batch, answer)
        return answer

    def settle(self, batch: Mapping[str, Any], answer: Answer) -> None:
        """Delete what was done; what failed stays, and is seen again when its visibility ends."""
        failed = [] if answer.error else [each["itemIdentifier"] for each in answer.value["batchItemFailures"]]
        for record in batch["Records"]:
            if not answer.error and record["messageId"] not in failed:
                self.estate.client("sqs").delete_message(
                    QueueUrl=self.outputs["QueueUrl"], ReceiptHandle=record["receiptHandle"]
                )

    def waiting(self) -> int:
        """Messages in the queue, delayed and taken ones too."""
        names = [f"ApproximateNumberOfMessages{end}" for end in ("", "NotVisible", "Delayed")]
        said = self.estate.client("sqs").get_queue_attributes(QueueUrl=self.outputs["QueueUrl"], AttributeNames=names)
        return sum(int(said["Attributes"][name]) for name in names)

    def _queue(self, name: str) -> str:
        return str(self.estate.client("sqs").get_queue_url(QueueName=f"lamplighter-{name}")["QueueUrl"])

    def attributes(self, name: str) -> Mapping[str, str]:
        """All attributes of a queue."""
        asked = {"QueueUrl": self._queue(name), "AttributeNames": ["All"]}
        found: Mapping[str, str] = self.estate.client("sqs").get_queue_attributes(**asked)["Attributes"]
        return found

    def dead(self) -> list[str]:
        """Bodies of dead letters."""
        found = self.estate.client("sqs").receive_message(QueueUrl=self._queue("dead-letters"))
        return [each["Body"] for each in found.get("Messages", ())]

    def until_quiet(self, most: int = 12) -> int:
        """Deliver, and let a minute go by, until the queue is empty; how many batches it took."""
        for number in range(most):
            if not self.waiting():
                return number
            answer = self.deliver()
            assert answer is None or not answer.error, answer
            self.later(seconds=61)
        pytest.fail("the queue does not become empty")


def _record(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{MANAGEMENT}:lamplighter-passes",
        "awsRegion": REGION,
    }


def metered(answer: Answer, **fields: str) -> dict[str, float]:
    """The metrics that a call wrote in CloudWatch's embedded format, by name, each as it is declared.

    Args:
        answer: of the call.
        fields: only lines that say so.
    """
    found: dict[str, float] = {}
    for line in answer.log:
        data = json.loads(line) if line.startswith('{"_aws"') else {}
        if not data or not fields.items() <= data.items():
            continue
        (directive,) = data["_aws"]["CloudWatchMetrics"]
        (dimensions,) = directive["Dimensions"]
        assert directive["Namespace"] == "lamplighter"
        for each in directive["Metrics"]:
            metric = METRICS[each["Name"]]
            assert (each["Unit"], data[SERVICE]) == (metric.unit, metric.service)
            assert set(dimensions) == {SERVICE, *metric.dimensions}
            assert {*dimensions, *metric.fields} <= set(data)
            found[metric.name] = found.get(metric.name, 0) + sum(data[metric.name])
    return found


def tagged(instance: str, at: datetime) -> dict[str, Any]:
    """The event of a schedule tag on an instance of the member."""
    return {
        "version": "0",
        "id": "bddcf1d6-0251-35a1-aab0-adc1fb47c11c",
        "detail-type": "Tag Change on Resource",
        "source": "aws.tag",
        "account": PRODUCTION,
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "region": REGION,
        "resources": [f"arn:aws:ec2:{REGION}:{PRODUCTION}:instance/{instance}"],
        "detail": {
            "changed-tag-keys": [TAG],
            "service": "ec2",
            "resource-type": "instance",
            "version": 1,
            "tags": {TAG: "office"},
        },
    }
