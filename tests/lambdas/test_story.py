"""The deployed stack at work over the wire: from a tag in a member account to a lamp that is lit and put out.

What only is pretended stands in docs/estate.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from moto.sqs import models as moto_sqs
from tests.lambdas.deployed import TAG, TARGET, Deployment, tagged
from tests.lambdas.emulator import Answer, available

from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.store import journal

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Tried to parse AWS")]


@pytest.fixture
def hub(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """A deployed hub and member on a Monday at 8:00 UTC."""
    available()
    with start_thread() as server, ExitStack() as stack:
        probe = EstateProbe(server)
        stack.callback(probe.close)
        probe.fresh()
        made = Deployment(probe, lambda group: request.getfixturevalue(f"{group.value}_task"), tmp_path, stack)
        # Queues keep the time of the estate, so that nobody waits for delays and visibility.
        monkeypatch.setattr(moto_sqs, "unix_time", lambda *_: made.now.timestamp())
        monkeypatch.setattr(moto_sqs, "unix_time_millis", lambda *_: made.now.timestamp() * 1000)
        made.build()
        # moto would call the function for each message, in a container that is not there.
        for queue in moto_sqs.sqs_backends[MANAGEMENT][REGION].queues.values():
            queue.lambda_event_source_mappings.clear()
        yield made


def stopped_instance(hub: Deployment) -> str:
    """An instance of the member account that is stopped, with a schedule tag."""
    (instance,) = hub.estate.launch(keys=hub.member)
    hub.later(seconds=60)
    ec2 = hub.estate.client("ec2", keys=hub.member)
    ec2.stop_instances(InstanceIds=[instance])
    hub.later(seconds=60)
    ec2.create_tags(Resources=[instance], Tags=[{"Key": TAG, "Value": "office"}])
    return instance


def state(hub: Deployment, instance: str) -> str:
    found = hub.estate.client("ec2", keys=hub.member).describe_instances(InstanceIds=[instance])
    return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])


def acts(hub: Deployment) -> list[tuple[str, str, str]]:
    """What the journal in DynamoDB says was done: resource, action, outcome."""
    return [
        (each.resource.rpartition("/")[2], each.action, each.outcome)
        for each in journal.read(hub.store, TARGET)
        if each.action != journal.SEEN
    ]


def test_from_a_tag_in_a_member_account_to_a_day_by_its_schedule(hub: Deployment) -> None:
    hub.at(8.5)
    # The first tick finds out which targets there are; their first passes find nothing with a schedule.
    # One is the home account itself.
    assert hub.invoke("clock", {}).value["messages"] == 2
    hub.until_quiet()
    assert acts(hub) == []

    instance = stopped_instance(hub)
    event = tagged(instance, hub.now)
    assert hub.invoke("events", event).value == {"did": "asked", "target": TARGET}
    # Delivered twice by EventBridge.
    assert hub.invoke("events", event).value == {"did": "needless", "target": TARGET}
    hub.later(seconds=31)
    said = hub.deliver()
    assert said is not None
    assert said.said("pass")["done"] == 1
    hub.later(seconds=61)
    assert state(hub, instance) == "running"
    hub.until_quiet()
    assert acts(hub) == [(instance, "start", "done")]

    hub.invoke("clock", {})
    hub.until_quiet()
    # Nothing is due before the end of the office's hours: for that the clock has itself woken.
    hub.at(17)
    hub.invoke("clock", {})
    hub.until_quiet()
    hub.at(18 + 1 / 60)
    assert hub.invoke("clock", {}).value["messages"] == 1
    hub.until_quiet()
    assert state(hub, instance) == "stopped"
    assert acts(hub) == [(instance, "start", "done"), (instance, "stop", "done")]
    assert hub.dead() == []

    # An event that comes six hours late asks for a look, and the look finds nothing to do.
    late = tagged(instance, hub.now - timedelta(hours=6))
    assert hub.invoke("events", late).value["did"] == "asked"
    hub.until_quiet()
    assert acts(hub) == [(instance, "start", "done"), (instance, "stop", "done")]
    assert (hub.waiting(), hub.dead()) == (0, [])


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
    pause = Event()
    for _ in range(600):
        if control.calls().count("StartInstances"):
            break
        pause.wait(0.05)
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
