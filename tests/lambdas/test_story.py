"""The deployed stack at work over the wire: from a tag in a member account to a workbook, and what goes wrong between.

What only is pretended stands in docs/estate.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from moto.sqs import models as moto_sqs
from tests.lambdas.conftest import Answers, event
from tests.lambdas.deployed import TAG, TARGET, Deployment, metered, tagged
from tests.lambdas.emulator import Answer, available
from tests.lambdas.traces import billed, looked, reported, seen_from_afar

from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import Group
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import MANAGEMENT, PRODUCTION, REGION, EstateProbe
from lamplighter.scheduler import kept_definitions
from lamplighter.scheduler.parked import parked
from lamplighter.store import journal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Tried to parse AWS"),
    pytest.mark.filterwarnings("ignore:.*extension is not supported"),
]


@pytest.fixture(scope="module")
def _deployment(core_task: Path, data_task: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployed hub and member, and what their functions run out of."""
    available()
    tasks = {Group.CORE: core_task, Group.DATA: data_task}
    with start_thread() as server, ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        probe = EstateProbe(server)
        stack.callback(probe.close)
        probe.fresh()
        made = Deployment(probe, tasks, tmp_path_factory.mktemp("layer"), stack)
        # Queues keep the time of the estate, so that nobody waits for delays and visibility.
        patch.setattr(moto_sqs, "unix_time", lambda *_: made.now.timestamp())
        patch.setattr(moto_sqs, "unix_time_millis", lambda *_: made.now.timestamp() * 1000)
        made.build()
        # moto would call the function for each message, in a container that is not there.
        for queue in moto_sqs.sqs_backends[MANAGEMENT][REGION].queues.values():
            queue.lambda_event_source_mappings.clear()
        yield made


@pytest.fixture
def hub(_deployment: Deployment) -> Deployment:
    """The deployment on a Monday of its own, at 8:00 UTC; nothing is left of the test before."""
    _deployment.begin()
    return _deployment


def stopped_instance(hub: Deployment, schedule: str = "office") -> str:
    """An instance of the member account that is stopped, with a schedule tag."""
    (instance,) = hub.estate.launch(keys=hub.member)
    hub.later(seconds=60)
    ec2 = hub.estate.client("ec2", keys=hub.member)
    ec2.stop_instances(InstanceIds=[instance])
    hub.later(seconds=60)
    ec2.create_tags(Resources=[instance], Tags=[{"Key": TAG, "Value": schedule}])
    return instance


def described(hub: Deployment, instance: str) -> dict[str, Any]:
    found = hub.estate.client("ec2", keys=hub.member).describe_instances(InstanceIds=[instance])
    one: dict[str, Any] = found["Reservations"][0]["Instances"][0]
    return one


def state(hub: Deployment, instance: str) -> str:
    return str(described(hub, instance)["State"]["Name"])


def tags(hub: Deployment, instance: str) -> dict[str, str]:
    """What Lamplighter wrote on it."""
    written = described(hub, instance)["Tags"]
    return {each["Key"]: each["Value"] for each in written if each["Key"].startswith("lamplighter:")}


def acts(hub: Deployment) -> list[tuple[str, str, str]]:
    """What the journal in DynamoDB says was done: resource, action, outcome."""
    return [
        (each.resource.rpartition("/")[2], each.action, each.outcome)
        for each in journal.read(hub.store, TARGET)
        if each.action != journal.SEEN
    ]


def test_from_a_tag_in_a_member_account_to_the_workbook_of_its_month(
    hub: Deployment, tmp_path: Path, answers: Answers
) -> None:
    hub.at(8.5)
    # The hub's stack itself lets the clock look at once.
    made = {**event("stack_create"), "ResourceType": "Custom::LamplighterClock", "ResponseURL": answers.url}
    hub.invoke("custom_resource", made)
    assert (answers.bodies[-1]["Status"], hub.alarm()) == ("SUCCESS", f"at({hub.monday:%Y-%m-%d}T08:30:05)")
    # The first tick finds out which targets there are; their first passes find nothing with a schedule.
    # One is the home account itself.
    first = hub.invoke("clock", {})
    assert first.value["messages"] == 2
    wrote = {"Ticks": 1, "TargetsDue": 2, "TargetsUnresolved": 0, "AgeOfLastPass": 0}
    assert metered(first).items() >= wrote.items()
    assert hub.alarm() == at(first.value["next"])
    hub.until_quiet()
    assert acts(hub) == []

    instance = stopped_instance(hub)
    told = tagged(instance, hub.now)
    assert hub.happen(told, hub.member).value == {"did": "asked", "target": TARGET}
    # Delivered twice by EventBridge.
    assert hub.happen(told, hub.member).value == {"did": "needless", "target": TARGET}
    hub.later(seconds=31)
    said = hub.deliver()
    assert said is not None
    assert said.said("pass")["done"] == 1
    counted = metered(said, account=PRODUCTION)
    assert (counted["Passes"], counted["ResourcesFound"]) == (1, 1)
    assert (counted["ResourcesStarted"], counted["ResourcesStopped"], counted["ActionsFailed"]) == (1, 0, 0)
    assert tags(hub, instance) == {
        "lamplighter:first-seen": f"{hub.now:%Y-%m-%dT%H:%M:%SZ}",
        "lamplighter:last-action": f"started {hub.now:%Y-%m-%d %H:%M} UTC by lamplighter",
    }
    lit = hub.now
    hub.later(seconds=61)
    assert state(hub, instance) == "running"
    # EC2 tells of what Lamplighter did itself.
    running = {**event("instance_running"), "account": PRODUCTION, "time": f"{hub.now:%Y-%m-%dT%H:%M:%SZ}"}
    running["detail"] = {"instance-id": instance, "state": "running"}
    assert hub.happen(running, hub.member).value["did"] == "needless"
    hub.until_quiet()
    assert acts(hub) == [(instance, "start", "done")]
    looked(hub, 12, {"t3.micro:eu-west-1a": 1}, {"linux-t3.micro": 1})

    # Every target is looked at anew after some hours; then the clock sleeps until the office's hours end.
    hub.at(17)
    assert hub.invoke("clock", {}).value["messages"] == 2
    hub.until_quiet()
    hub.at(17.2)
    hub.invoke("clock", {})
    hub.until_quiet()
    assert hub.alarm() == f"at({hub.monday:%Y-%m-%d}T18:00:00)"
    hub.at(18 + 1 / 60)
    assert hub.invoke("clock", {}).value["messages"] == 1
    said = hub.deliver()
    assert said is not None
    assert metered(said, account=PRODUCTION)["ResourcesStopped"] == 1
    hub.until_quiet()
    hub.later(seconds=61)
    assert state(hub, instance) == "stopped"
    assert acts(hub) == [(instance, "start", "done"), (instance, "stop", "done")]
    assert tags(hub, instance)["lamplighter:last-action"] == f"stopped {hub.monday:%Y-%m-%d} 18:01 UTC: no period is on"
    off = {"x_scheduled_off": {"t3.micro:eu-west-1a": 1}}, {"x_scheduled_off": {"linux-t3.micro": 1}}
    looked(hub, 18, *off)

    # An event that comes six hours late asks for a look, and the look finds nothing to do.
    late = tagged(instance, hub.now - timedelta(hours=6))
    assert hub.happen(late, hub.member).value["did"] == "asked"
    hub.until_quiet()
    assert acts(hub) == [(instance, "start", "done"), (instance, "stop", "done")]

    hub.at(24)
    hours = Decimal((hub.monday + timedelta(hours=10, minutes=1) - lit).seconds) / 3600
    billed(hub, instance, hours, tmp_path)
    reported(hub)
    seen_from_afar(hub, instance)
    assert (hub.waiting(), hub.dead()) == (0, [])


def at(moment: str) -> str:
    """As EventBridge Scheduler writes a time."""
    return f"at({moment.partition('+')[0].partition('.')[0]})"


def test_a_stack_declares_a_schedule_and_what_is_tagged_follows_it(hub: Deployment, answers: Answers) -> None:
    hub.at(13)
    first = hub.invoke("clock", {})
    assert first.value["messages"] == 2
    hub.until_quiet()
    hub.at(13.5)
    late = {"Name": "late", "NoStackPrefix": "True", "Timezone": "UTC"}
    shift = {"BeginTime": "14:00", "EndTime": "16:00", "WeekDays": "Mon-Fri"}

    def ask(kind: str, name: str = "", **properties: object) -> dict[str, Any]:
        request = {**event("stack_create"), "RequestType": kind, "ResponseURL": answers.url}
        request |= {"PhysicalResourceId": name} if name else {}
        value = hub.invoke("custom_resource", {**request, "ResourceProperties": {**late, **properties}}).value
        assert value == answers.bodies[-1]
        return answers.bodies[-1]

    made = ask("Create", Periods=[shift])
    assert (made["Status"], made["PhysicalResourceId"]) == ("SUCCESS", "late")
    # The clock is to look at once.
    assert hub.alarm() == f"at({hub.monday:%Y-%m-%d}T13:30:30)"
    instance = stopped_instance(hub, "late")
    hub.invoke("clock", {})
    hub.until_quiet()
    assert acts(hub) == []
    hub.at(14 + 1 / 60)
    hub.invoke("clock", {})
    hub.until_quiet()
    assert (state(hub, instance), acts(hub)) == ("running", [(instance, "start", "done")])

    wrong = ask("Update", "late", Periods="all day")
    assert (wrong["Status"], wrong["Reason"]) == ("FAILED", "Periods must be a list")
    assert hub.invoke("custom_resource", {"RequestType": "Create"}).value["Status"] == "PARKED"
    assert ask("Update", "late", Periods=[{**shift, "EndTime": "15:00"}])["Status"] == "SUCCESS"
    hub.at(15 + 1 / 60)
    hub.invoke("clock", {})
    hub.until_quiet()
    done = [(instance, "start", "done"), (instance, "stop", "done")]
    assert (state(hub, instance), acts(hub)) == ("stopped", done)

    assert ask("Delete", "late")["Status"] == "SUCCESS"
    assert kept_definitions.read(hub.store).entries == ()
    hub.at(24 + 14.1)
    hub.invoke("clock", {})
    hub.until_quiet()
    assert (state(hub, instance), acts(hub), hub.dead()) == ("stopped", done, [])


def test_a_pass_that_dies_is_delivered_again_and_nothing_is_done_twice(hub: Deployment) -> None:
    hub.at(8.5)
    instance = stopped_instance(hub)
    control = hub.estate.control
    control.clear_calls()
    control.inject({"service": "ec2", "action": "StartInstances", "kind": "slow", "delay_seconds": 60, "times": 1})
    hub.invoke("clock", {})
    batch = hub.receive()
    assert batch is not None
    answers: list[Answer] = []
    call = Thread(target=lambda: answers.append(hub.function("passes").invoke(batch)), daemon=True)
    call.start()
    control.wait_for("StartInstances")
    # The call has taken effect, its answer is on the way.
    hub.function("passes").crash()
    call.join(30)
    (answer,) = answers
    assert answer.error
    hub.settle(batch, answer)
    assert hub.waiting() == 2
    # Nobody sees it again before its visibility ends.
    assert hub.receive() is None

    hub.later(minutes=91)
    again = hub.receive()
    assert again is not None
    assert [each["attributes"]["ApproximateReceiveCount"] for each in again["Records"]] == ["2", "2"]
    hub.settle(again, hub.function("passes").invoke(again))
    hub.later(seconds=61)
    hub.until_quiet()
    assert state(hub, instance) == "running"
    assert control.calls().count("StartInstances") == 1
    assert [(id_, action) for id_, action, outcome in acts(hub) if outcome in ("done", "found")] == [
        (instance, "start")
    ]
    assert hub.store.partitions("intents") == []
    assert hub.dead() == []


def store_refuses(hub: Deployment) -> str:
    """Let the store refuse whatever concerns the member, and nothing else; id of the fault."""
    error = {"code": "AccessDeniedException", "message": "not authorized", "status": 400}
    return hub.estate.control.inject({"service": "dynamodb", "resource": TARGET, "error": error})


def failed(hub: Deployment) -> tuple[list[str], Answer]:
    """Deliver a batch; the targets of it that failed, and what the function said."""
    batch = hub.receive()
    assert batch is not None
    answer = hub.function("passes").invoke(batch)
    hub.settle(batch, answer)
    named = {each["messageId"]: json.loads(each["body"])["target"] for each in batch["Records"]}
    return [named[each["itemIdentifier"]] for each in answer.value["batchItemFailures"]], answer


def test_of_two_messages_the_one_that_failed_comes_again_until_it_is_done(hub: Deployment) -> None:
    hub.at(8.5)
    instance = stopped_instance(hub)
    assert hub.invoke("clock", {}).value["messages"] == 2
    fault = store_refuses(hub)
    targets, answer = failed(hub)
    assert targets == [TARGET]
    assert answer.said("pass")["target"] == f"{MANAGEMENT}/{REGION}"
    assert "not authorized" in answer.said("a message failed and comes again")["exception"]
    assert hub.waiting() == 1
    assert hub.receive() is None
    hub.later(seconds=61)
    assert failed(hub)[0] == [TARGET]

    hub.estate.control.clear_faults(fault)
    assert hub.receive() is None
    hub.later(seconds=121)
    assert failed(hub)[0] == []
    hub.later(seconds=61)
    hub.until_quiet()
    assert (state(hub, instance), acts(hub)) == ("running", [(instance, "start", "done")])
    assert hub.dead() == []


def test_what_nobody_knows_is_parked_and_a_foreign_item_stops_its_target_only(hub: Deployment) -> None:
    hub.at(8.5)
    instance = stopped_instance(hub)
    hub.estate.client("sqs").send_message(QueueUrl=hub.outputs["QueueUrl"], MessageBody="light everything")
    hub.until_quiet()
    assert hub.invoke("events", {"source": "aws.tag"}).value["did"] == "parked"
    assert sorted(str(each["reason"])[:24] for each in parked(hub.store)) == [
        "it is no event of EventB", "the message is not JSON:",
    ]  # fmt: skip

    tables = hub.estate.client("dynamodb")
    key = {"partition": {"S": TARGET}, "sort": {"S": f"ec2-instance/{instance}"}}
    tables.put_item(TableName="lamplighter-state", Item={**key, "colour": {"S": "blue"}})
    hub.invoke("clock", {})
    targets, answer = failed(hub)
    # It belongs to the target, which is asked for again in a message of its own.
    assert targets == []
    said = [json.loads(line)["errors"] for line in answer.log if '"message":"pass"' in line]
    assert said[0] == []
    assert f"state/{TARGET}/ec2-instance/{instance}: no item of the store" in str(said[1])
    assert [metered(answer, account=each)["TargetsFailed"] for each in (MANAGEMENT, PRODUCTION)] == [0, 1]
    assert acts(hub) == []
    tables.delete_item(TableName="lamplighter-state", Key=key)
    hub.until_quiet()
    assert (state(hub, instance), acts(hub)) == ("running", [(instance, "start", "done")])
    assert hub.dead() == []


def test_what_never_succeeds_ends_among_the_dead_letters_which_an_alarm_looks_at(hub: Deployment) -> None:
    hub.at(8.5)
    hub.invoke("clock", {})
    store_refuses(hub)
    redrive = json.loads(hub.attributes("passes")["RedrivePolicy"])
    for number in range(1, int(redrive["maxReceiveCount"]) + 1):
        assert hub.dead() == []
        assert failed(hub)[0] == [TARGET]
        hub.later(minutes=number, seconds=1)
    assert hub.receive() is None
    (letter,) = hub.dead()
    assert json.loads(letter)["target"] == TARGET
    assert hub.waiting() == 0

    assert redrive["deadLetterTargetArn"] == hub.attributes("dead-letters")["QueueArn"]
    alarm = TEMPLATES["watch"].data["Resources"]["DeadLettersAlarm"]["Properties"]
    (dimension,) = alarm["Dimensions"]
    name = dimension["Value"]["Fn::Sub"].replace("${Prefix}", hub.outputs["HubPrefix"])
    assert (dimension["Name"], name) == ("QueueName", redrive["deadLetterTargetArn"].rpartition(":")[2])
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
