"""The handler of passes: each message with its own outcome."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.lambdas.conftest import Context, Hub, event, metrics
from tests.scheduler.conftest import HERE, MONDAY, THERE

from lamplighter.errors import StoreUnavailable, Throttled
from lamplighter.lambdas.passes import answer
from lamplighter.scheduler.messages import Message
from lamplighter.scheduler.parked import parked

FINE: dict[str, Any] = {"batchItemFailures": []}


def batch(*bodies: str) -> dict[str, Any]:
    first = event("queue")["Records"][0]
    return {"Records": [{**first, "messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


@pytest.fixture
def machines(hub: Hub) -> tuple[str, str]:
    """One machine in each account, out in working hours."""
    return hub.cloud.instance(at=HERE), hub.cloud.instance(at=THERE)


def test_a_pass_for_each_message(hub: Hub, machines: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(event("queue"), Context(), hub.runtime) == FINE
    assert [hub.cloud.state(each) for each in machines] == ["running", "running"]
    wrote = metrics(capsys.readouterr().out)
    assert (wrote["Passes"], wrote["ResourcesStarted"], wrote["ResourcesFound"]) == (2, 2, 2)
    assert (wrote["TargetsFailed"], wrote["MessagesLate"], wrote["MessageAge"]) == (0, 0, 0)
    assert hub.sent == []


def test_the_account_is_a_field_of_its_metrics_and_no_dimension(
    hub: Hub, machines: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    answer(event("queue"), Context(), hub.runtime)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert {json.dumps(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]) for line in lines} == {'[["service"]]'}
    started = {line["account"]: line["ResourcesStarted"] for line in lines if "ResourcesStarted" in line}
    assert started == {HERE.account: [1], THERE.account: [1]}


def test_only_the_message_that_failed_is_delivered_again(hub: Hub, machines: tuple[str, str]) -> None:
    good = hub.store.put

    def put(table: str, partition: str, *rest: Any, **options: Any) -> Any:
        if partition.endswith(THERE.key):
            raise StoreUnavailable("gone")
        return good(table, partition, *rest, **options)

    hub.store.put = put  # type: ignore[method-assign]
    told = answer(event("queue"), Context(), hub.runtime)
    # The lease on a target that is not given belongs to its report, and is asked for again in a message.
    assert told == FINE
    assert [each.target for each in hub.sent] == [THERE]

    def put_many(_: object) -> None:
        raise StoreUnavailable("gone")

    hub.store.put_many = put_many  # type: ignore[method-assign, assignment]
    told = answer(event("queue"), Context(), hub.runtime)
    assert [each["itemIdentifier"] for each in told["batchItemFailures"]] == [
        record["messageId"] for record in event("queue")["Records"]
    ]


def test_what_failed_is_delivered_again_after_a_minute_for_each_time(
    hub: Hub, machines: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise StoreUnavailable("gone")

    given = event("queue")
    given["Records"][1]["attributes"]["ApproximateReceiveCount"] = "3"
    monkeypatch.setattr(hub.store, "get", gone)
    assert len(answer(given, Context(), hub.runtime)["batchItemFailures"]) == 2
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "comes again" in line]
    assert [each["body"] for each in said] == [record["body"] for record in given["Records"]]
    assert all("StoreUnavailable: gone" in each["exception"] for each in said)
    first, second = (each["receiptHandle"] for each in given["Records"])
    assert hub.aws.queue.given_back == [(first, 60), (second, 180)]
    hub.aws.queue.down = True
    assert len(answer(given, Context(), hub.runtime)["batchItemFailures"]) == 2, "then the queue's timeout sees to it"
    monkeypatch.undo()
    assert answer(given, Context(), hub.runtime) == FINE
    assert len(hub.aws.queue.given_back) == 2


def test_a_message_of_six_hours_ago_is_decided_by_the_present(
    hub: Hub, machines: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    answer(event("queue"), Context(), hub.runtime)
    capsys.readouterr()
    hub.clock.at(19)
    assert answer(event("queue"), Context(), hub.runtime) == FINE
    assert [hub.cloud.state(each) for each in machines] == ["stopped", "stopped"]
    wrote = metrics(capsys.readouterr().out)
    assert (wrote["MessagesLate"], wrote["ResourcesStopped"]) == (2, 2)
    assert wrote["MessageAge"] == 2 * 10 * 3600


def test_the_same_messages_again_do_nothing_again(hub: Hub, machines: tuple[str, str]) -> None:
    answer(event("queue"), Context(), hub.runtime)
    answer(event("queue"), Context(), hub.runtime)
    assert len(hub.cloud.effects) == 2
    assert hub.cloud.wasted == []


def test_what_is_no_message_is_parked_and_not_delivered_again(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(batch("{", '{"lamplighter": 9}', '{"lamplighter": 9}'), Context(), hub.runtime) == FINE
    assert sorted((str(each["reason"])[:20], each["count"]) for each in parked(hub.store)) == [
        ("the message asks for", 2),
        ("the message is not J", 1),
    ]
    assert metrics(capsys.readouterr().out)["Parked"] == 3


@pytest.mark.parametrize("shape", [None, [], {}, {"Records": "x"}, "text"])
def test_what_is_no_batch_is_parked(hub: Hub, shape: object) -> None:
    assert answer(shape, Context(), hub.runtime) == FINE
    assert len(parked(hub.store)) == 1


def test_an_empty_batch_is_nothing(hub: Hub) -> None:
    assert answer({"Records": []}, Context(), hub.runtime) == FINE
    assert parked(hub.store) == []


def test_without_time_a_message_goes_back_into_the_queue(hub: Hub, machines: tuple[str, str]) -> None:
    assert answer(event("queue"), Context(timedelta(minutes=2)), hub.runtime) == FINE
    assert [each.target for each in hub.sent] == [HERE, THERE]
    assert hub.sent[0] == Message(HERE, "transition", MONDAY + timedelta(hours=9), frozenset({"office"}))
    assert hub.cloud.effects == []


def test_what_fails_in_a_target_is_asked_for_again(hub: Hub, machines: tuple[str, str]) -> None:
    def busy(target: object, operation: str, _: object) -> Throttled | None:
        return Throttled("slow down") if target == HERE and operation == "start_instances" else None

    hub.cloud.before = busy
    assert answer(event("queue"), Context(), hub.runtime) == FINE
    assert [(each.target, each.why, each.number) for each in hub.sent] == [(HERE, "again", 1)]
    hub.cloud.before = lambda *_: None
    hub.clock.now = hub.sent[0].at
    assert answer(batch(hub.sent[0].text()), Context(), hub.runtime) == FINE
    assert hub.cloud.state(machines[0]) == "running"


def test_whoever_asks_one_pass_is_handed_on(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.cloud.quick = False
    machine = hub.cloud.instance(at=HERE, state="stopping")
    asked = [Message(HERE, why, hub.clock.now).text() for why in ("watch", "event", "reconcile")]
    assert answer(batch(*asked), Context(), hub.runtime) == FINE
    (one,) = hub.sent
    assert (one.why, one.at, one.schedules) == ("again", hub.clock.now + timedelta(minutes=1), None)
    assert metrics(capsys.readouterr().out)["PassesHandedOn"] == 1
    hub.clock.now = one.at
    # Delivered twice it goes on once, and the second is not even run.
    assert answer(batch(one.text(), one.text()), Context(), hub.runtime) == FINE
    assert [each.number for each in hub.sent] == [1, 2]
    out = capsys.readouterr().out
    assert metrics(out)["Passes"] == 1
    assert [json.loads(line)["target"] for line in out.splitlines() if '"overtaken"' in line] == [HERE.key]
    hub.cloud.settle()
    hub.clock.now = hub.sent[-1].at
    answer(batch(hub.sent[-1].text()), Context(), hub.runtime)
    hub.cloud.settle()
    assert hub.cloud.state(machine) == "running"


def test_a_pass_whose_next_message_was_not_sent_comes_again(hub: Hub) -> None:
    hub.cloud.instance(at=HERE, state="stopping")
    hub.aws.queue.refuses, hub.aws.queue.always = 1, True
    asked = batch(Message(HERE, "watch", hub.clock.now).text())
    assert [each["itemIdentifier"] for each in answer(asked, Context(), hub.runtime)["batchItemFailures"]] == ["m0"]
    hub.aws.queue.refuses = 0
    assert answer(asked, Context(), hub.runtime) == FINE
    assert [each.number for each in hub.sent] == [1]


def test_definitions_that_are_not_fit_for_use_are_no_crash_loop(
    hub: Hub, machines: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    hub.define("targets: {accounts: [12]}")
    assert answer(event("queue"), Context(), hub.runtime) == FINE
    assert hub.cloud.effects == []
    out = capsys.readouterr().out
    assert metrics(out)["TargetsFailed"] == 2
    errors = [json.loads(line) for line in out.splitlines() if '"ERROR"' in line]
    assert "account id" in str(errors[0]["problems"])


def test_definitions_are_read_anew_when_they_change(hub: Hub, machines: tuple[str, str]) -> None:
    answer(event("queue"), Context(), hub.runtime)
    hub.define("periods: {office: {begintime: 12:00, endtime: 13:00}}\nschedules: {office: {periods: office}}")
    answer(event("queue"), Context(), hub.runtime)
    assert [hub.cloud.state(each) for each in machines] == ["stopped", "stopped"]
