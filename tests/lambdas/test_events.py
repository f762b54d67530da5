"""Events: those of the documents, those that say nothing new, and those that nobody knows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.lambdas.conftest import Context, Hub, event, metrics
from tests.scheduler.conftest import HERE, MONDAY

from lamplighter.errors import AwsError
from lamplighter.lambdas import clock, passes
from lamplighter.lambdas.events import answer
from lamplighter.scheduler.messages import Message
from lamplighter.scheduler.parked import parked

NINE = MONDAY + timedelta(hours=9)


@pytest.fixture
def known(hub: Hub) -> Hub:
    """A hub that has looked at its targets."""
    hub.store.put("clock", "roster", HERE.key, {"schedules": ["office"], "watch": False})
    return hub


@pytest.mark.parametrize("name", ["tag_changed", "group_tagged", "instance_running", "database_started"])
def test_what_happened_asks_for_a_look(known: Hub, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(event(name), known.runtime) == {"did": "asked", "target": HERE.key}
    assert known.sent == [Message(HERE, "event", NINE)]
    assert known.aws.queue.calls[0]["Entries"][0]["DelaySeconds"] == 30
    assert metrics(capsys.readouterr().out) == {"EventsTaken": 1}


def test_a_resource_that_gets_its_tag_is_lit(known: Hub) -> None:
    machine = known.cloud.instance()
    answer(event("tag_changed"), known.runtime)
    record = {**event("queue")["Records"][0], "body": known.sent[0].text()}
    passes.answer({"Records": [record]}, Context(), known.runtime)
    assert known.cloud.state(machine) == "running"


def test_many_events_of_a_target_ask_for_one_pass(known: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(5):
        answer(event("tag_changed"), known.runtime)
    assert len(known.sent) == 1
    assert metrics(capsys.readouterr().out) == {"EventsTaken": 1, "EventsNeedless": 4}
    known.clock.now += timedelta(seconds=30)
    answer(event("tag_changed"), known.runtime)
    assert len(known.sent) == 2


def test_an_event_of_six_hours_ago_asks_for_a_look_at_the_present(known: Hub) -> None:
    known.clock.at(15)
    answer(event("tag_changed"), known.runtime)
    assert known.sent == [Message(HERE, "event", MONDAY + timedelta(hours=15))]


def test_what_we_did_ourselves_is_nothing_new(known: Hub) -> None:
    machine = known.cloud.instance()
    passes.answer(event("queue"), Context(), known.runtime)
    assert known.cloud.state(machine) == "running"
    told = event("instance_running")
    told["detail"]["instance-id"] = machine
    assert answer(told, known.runtime)["did"] == "needless"
    assert answer({**told, "time": "2026-11-23T15:00:00Z"}, known.runtime)["did"] == "asked"


def test_what_is_none_of_our_business_asks_for_nothing(known: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    for change in ({"detail": {"changed-tag-keys": ["Team"]}}, {"region": "eu-south-2"}):
        assert answer({**event("tag_changed"), **change}, known.runtime)["did"] == "needless"
    # Our own tags on a group are written by the same call.
    told = event("group_tagged")
    told["detail"]["requestParameters"]["tags"] = [{"resourceId": "web", "key": "lamplighter:state", "value": "out"}]
    assert answer(told, known.runtime)["did"] == "needless"
    assert known.sent == []
    assert metrics(capsys.readouterr().out) == {"EventsNeedless": 3}


def test_an_account_that_joined_lets_targets_be_found_out_anew(known: Hub) -> None:
    clock.answer({}, known.runtime)
    known.sent.clear()
    known.clock.at(9, 6)
    clock.answer({}, known.runtime)
    assert answer(event("account_created"), known.runtime)["did"] == "reconcile"
    assert known.alarm == "at(2026-11-23T09:16:00)"
    known.clock.at(9, 16)
    assert clock.answer({}, known.runtime)["messages"] == 2


def test_an_account_that_could_not_be_made_changes_nothing(known: Hub) -> None:
    told = event("account_created")
    told["detail"]["serviceEventDetails"]["createAccountStatus"]["state"] = "FAILED"
    assert answer(told, known.runtime)["did"] == "needless"


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (None, "no event of EventBridge"),
        ({**event("tag_changed"), "time": "noon"}, "'noon' is no time"),
        (event("object_created"), "nobody knows 'Object Created' of 'aws.s3'"),
    ],
)
def test_unknown_shapes_are_parked_with_the_reason(hub: Hub, shape: object, words: str) -> None:
    told = answer(shape, hub.runtime)
    assert told["did"] == "parked"
    assert words in told["reason"]
    (kept,) = parked(hub.store)
    assert kept["reason"] == told["reason"]


def test_an_event_whose_message_was_not_sent_can_come_again(known: Hub) -> None:
    known.aws.queue.refuses, known.aws.queue.always = 1, True
    with pytest.raises(AwsError, match="did not get into the queue"):
        answer(event("tag_changed"), known.runtime)
    known.aws.queue.refuses = 0
    assert answer(event("tag_changed"), known.runtime)["did"] == "asked"
