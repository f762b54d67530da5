"""Messages come back as they were sent, and what is none is refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.models import check_request
from tests.scheduler.conftest import HERE, MONDAY, THERE

from lamplighter.aws.targets import Target
from lamplighter.errors import AwsError, UsageError
from lamplighter.scheduler.messages import Message, give_back, parse, send

ONE = Message(HERE, "transition", MONDAY, frozenset({"office", "büro"}), 2, 1)


class Queue:
    """Takes messages; the ids in `refuses` only at the second try, those in `never` never."""

    target = HERE

    def __init__(self, refuses: int = 0, *, always: bool = False) -> None:
        self.refuses, self.always = refuses, always
        self.taken: list[Message] = []
        self.calls: list[Mapping[str, Any]] = []
        self.given_back: list[tuple[str, int]] = []
        self.down = False

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        assert service == "sqs"
        check_request(service, operation, params)
        if operation == "change_message_visibility":
            if self.down:
                raise AwsError("gone")
            self.given_back.append((params["ReceiptHandle"], params["VisibilityTimeout"]))
            return {}
        assert operation == "send_message_batch"
        assert len(params["Entries"]) <= 10
        self.calls.append(params)
        failed = params["Entries"][: self.refuses]
        self.refuses = len(failed) if self.always else 0
        self.taken += [parse(each["MessageBody"]) for each in params["Entries"] if each not in failed]
        return {"Failed": [{"Id": each["Id"], "SenderFault": False, "Code": "x"} for each in failed]}

    def pages(self, *_: Any, **__: Any) -> Any:
        raise AssertionError


def test_a_message_comes_back_as_it_was() -> None:
    assert parse(ONE.text()) == ONE
    whole = Message(THERE, "reconcile", MONDAY)
    assert parse(whole.text()) == whole
    assert parse(Message(replace(THERE, name="shop"), "reconcile", MONDAY).text()).target.name == "shop"


def test_a_message_of_the_version_before_is_read() -> None:
    before = {name: value for name, value in json.loads(ONE.text()).items() if name not in ("failures", "name")}
    assert parse(json.dumps(before)) == replace(ONE, failures=0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[]", "no pass"),
        ('{"lamplighter": 2}', "no pass"),
        (json.dumps({**json.loads(ONE.text()), "target": "111122223333"}), "no target"),
        (json.dumps({**json.loads(ONE.text()), "target": "1/eu-west-1"}), "no target"),
        (json.dumps({**json.loads(ONE.text()), "name": 7}), "no name of an account"),
        (json.dumps({**json.loads(ONE.text()), "at": "yesterday"}), "no time"),
        (json.dumps({**json.loads(ONE.text()), "at": "2026-11-23T00:00:00"}), "no time zone"),
        (json.dumps({**json.loads(ONE.text()), "schedules": "office"}), "names of schedules"),
        (json.dumps({**json.loads(ONE.text()), "number": "1"}), "no number"),
        (json.dumps({**json.loads(ONE.text()), "failures": True}), "no number"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse(text)


@pytest.mark.parametrize(("received", "pause"), [(0, 60), (1, 60), (3, 180), (40, 900)])
def test_what_failed_comes_again_soon_and_then_later(received: int, pause: int) -> None:
    queue = Queue()
    assert give_back(queue, "https://queue", "handle", received) == pause
    assert queue.given_back == [("handle", pause)]


def test_messages_go_ten_a_call() -> None:
    many = [Message(Target(f"{n:012}", "eu-west-1"), "transition", MONDAY + timedelta(hours=n)) for n in range(23)]
    queue = Queue()
    send(queue, "https://queue", many, delay=2_000)
    assert queue.taken == many
    assert [len(call["Entries"]) for call in queue.calls] == [10, 10, 3]
    assert {each["DelaySeconds"] for call in queue.calls for each in call["Entries"]} == {900}


def test_what_was_not_taken_is_sent_once_more() -> None:
    queue = Queue(refuses=1)
    send(queue, "https://queue", [ONE, Message(THERE, "watch", MONDAY)])
    assert [each.target for each in queue.taken] == [THERE, HERE]


def test_what_is_never_taken_is_an_error() -> None:
    with pytest.raises(AwsError, match="1 messages did not get into the queue, the first for 111122223333/eu-west-1"):
        send(Queue(refuses=1, always=True), "https://queue", [ONE])
