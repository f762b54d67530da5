"""SNS over the wire: what a queue that subscribes to the topic gets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.notify.conftest import Calls, MakeMeans, note

from lamplighter.alerts.means import means_of
from lamplighter.aws.access import Aws
from lamplighter.errors import AccessDenied, NotFound
from lamplighter.estate.control import deny, start_thread
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.notify.registry import send
from lamplighter.notify.sender import Means
from lamplighter.notify.sns import Sns


@pytest.fixture(scope="module")
def probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        found = EstateProbe(server)
        yield found
        found.close()


@pytest.fixture
def wire(probe: EstateProbe) -> Iterator[Means]:
    """Means whose calls go to an empty simulated AWS; the home region is not that of the topic."""
    probe.fresh()
    with Aws(region="us-east-1", environ=probe.server.environment, retries=0) as aws:
        yield means_of(aws, {}, Path())


def subscribed(probe: EstateProbe, *, name: str = "alerts", **topic: Any) -> tuple[str, str]:
    """(topic, queue that subscribes to it)."""
    sns, sqs = probe.client("sns"), probe.client("sqs")
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    queue = str(sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"])
    arn = str(sns.create_topic(Name=name, **topic)["TopicArn"])
    queue_arn = f"arn:aws:sqs:{REGION}:{MANAGEMENT}:{name}"
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
    return arn, queue


def received(probe: EstateProbe, queue: str) -> list[dict[str, Any]]:
    found = probe.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(one["Body"]) for one in found]


def test_a_queue_gets_what_is_published(probe: EstateProbe, wire: Means) -> None:
    arn, queue = subscribed(probe)
    assert send(f"sns:{arn}", note(subject="Größe: " + "x" * 200, text="ü\nzwei\n"), wire) == ""
    [got] = received(probe, queue)
    assert got["Subject"] == f"Gro?e: {'x' * 89}..."
    assert got["Message"] == "ü\nzwei\n"
    assert got["MessageAttributes"] == {"kind": {"Type": "String", "Value": "errors"}}
    calls = probe.control.calls().counts
    assert [(row["action"], row["region"]) for row in calls if row["action"] == "Publish"] == [("Publish", REGION)]


def test_what_is_too_long_is_cut_where_it_is_seen(probe: EstateProbe, wire: Means) -> None:
    arn, queue = subscribed(probe)
    send(f"sns:{arn}", note(text="ü" * 200_000), wire)
    [got] = received(probe, queue)
    assert 250_000 < len(got["Message"].encode()) < 262_144
    assert got["Message"].endswith(" more characters]\n")


def test_a_topic_that_keeps_order_drops_a_repetition() -> None:
    calls = Calls()
    arn = f"arn:aws:sns:{REGION}:{MANAGEMENT}:alerts.fifo"
    Sns().send(f"sns:{arn}", note(key="k-9"), Means(calls))
    [(region, _, _, params)] = calls.asked
    assert region == REGION
    assert (params["MessageGroupId"], params["MessageDeduplicationId"]) == ("lamplighter", "k-9")


def test_what_sns_refuses(probe: EstateProbe, wire: Means) -> None:
    with pytest.raises(NotFound):
        send(f"sns:arn:aws:sns:{REGION}:{MANAGEMENT}:nobody", note(), wire)
    arn, queue = subscribed(probe)
    probe.control.inject(deny(MANAGEMENT, "sns:Publish"))
    with pytest.raises(AccessDenied):
        send(f"sns:{arn}", note(), wire)
    assert received(probe, queue) == []


def test_an_empty_text_is_not_refused(means: MakeMeans) -> None:
    calls = Calls()
    Sns().send(Sns.example, note(text="", subject=""), means(calls))
    assert calls.asked[0][3]["Subject"] == "Lamplighter"


@pytest.mark.parametrize(
    "to", ["sns:", "sns:alerts", "sns:arn:aws:sqs:eu-west-1:111122223333:x", "sns:arn:aws:sns:::x"]
)
def test_what_is_no_topic(to: str) -> None:
    with pytest.raises(ValueError, match="is not a topic"):
        Sns().check(to)
