"""Remote: what may be run from afar, and plain events."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.lambdas.conftest import ENVIRON, Context, Hub, metrics
from tests.scheduler.conftest import HERE

from lamplighter.errors import AccessDenied, AwsError, LamplighterError, NotFound, Throttled
from lamplighter.lambdas.remote import DEADLINE, answer
from lamplighter.scheduler.parked import parked
from lamplighter.store.journal import stamp
from lamplighter.store.lease import acquire


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("next", "must be a list of words"),
        ([], "must be a list of words"),
        ([1], "must be a list of words"),
        (["run"], "'run' is not run from afar"),
        (["schedules", "delete", "x"], "'schedules delete' is not run from afar"),
        (["next", "--file", "/etc/passwd"], "--file is not taken from afar"),
        (["next", "--file=/etc/passwd"], "--file is not taken from afar"),
        (["plan", "-f", "/etc/passwd"], "-f is not taken from afar"),
        (["plan", "-vf", "/etc/passwd"], "-vf is not taken from afar"),
        (["plan", "-f/etc/passwd"], "-f/etc/passwd is not taken from afar"),
        (["plan", "--endpoint-url", "http://192.0.2.1"], "--endpoint-url is not taken from afar"),
    ],
)
def test_what_is_not_allowed_is_refused(hub: Hub, command: object, words: str) -> None:
    told = answer({"command": command}, Context(), hub.runtime)
    assert told["code"] == 2
    assert words in told["err"]


@pytest.mark.slow
def test_a_command_runs_with_the_definitions_that_are_kept() -> None:
    hub = Hub(environ={**ENVIRON, "AWS_REGION": "eu-west-1"})
    told = answer({"command": ["schedules", "list", "-o", "json"]}, Context(), hub.runtime)
    assert told["code"] == 0, told["err"]
    assert {each["name"] for each in json.loads(told["out"])} >= {"office"}


def test_a_list_of_instances_is_started_and_stopped(hub: Hub) -> None:
    machine = hub.cloud.instance(schedule=None)
    given = {"account": HERE.account, "region": HERE.region, "instances": [machine], "author": "ada"}
    told = answer({"action": "start", **given}, Context(), hub.runtime)
    assert (told["code"], told["done"]) == (0, [machine])
    assert hub.cloud.state(machine) == "running"
    again = answer({"action": "start", **given}, Context(), hub.runtime)
    assert (again["done"], list(again["left"])) == ([], [machine])
    answer({"action": "stop", **given, "time": "2026-11-23T08:55:00Z"}, Context(), hub.runtime)
    assert hub.cloud.state(machine) == "stopped"


def test_an_old_wish_is_not_obeyed(hub: Hub) -> None:
    machine = hub.cloud.instance(schedule=None)
    given = {"account": HERE.account, "region": HERE.region, "resources": [machine], "time": "2026-11-23T03:00:00Z"}
    told = answer({"action": "start", **given}, Context(), hub.runtime)
    assert told["code"] == 2
    assert "too old to be obeyed" in told["err"]
    assert hub.cloud.state(machine) == "stopped"


def test_what_is_not_there_is_said(hub: Hub) -> None:
    given = {"action": "stop", "account": HERE.account, "region": HERE.region, "resources": ["i-0123456789abcdef0"]}
    told = answer(given, Context(), hub.runtime)
    assert told["code"] == 1
    assert "not found in 1 targets" in told["err"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"action": "terminate"}, "action is 'terminate'"),
        ({"region": "here"}, "region is 'here'"),
        ({"account": 111122223333}, "account is 111122223333"),
        ({"resources": "i-1"}, "must be a list of ids"),
        ({"resources": []}, "must be a list of ids"),
        ({"hibernate": "yes"}, "hibernate is 'yes'"),
        ({"hibernate": True}, "nothing is hibernated by a start"),
        ({"time": "noon"}, "time is 'noon'"),
        ({"time": "2026-11-23T09:00"}, "has no time zone"),
        ({"zone": "a"}, "there is no 'zone'"),
    ],
)
def test_wishes_that_are_none_are_refused(hub: Hub, change: dict[str, Any], words: str) -> None:
    given = {"action": "start", "account": HERE.account, "region": HERE.region, "resources": ["i-1"], **change}
    told = answer(given, Context(), hub.runtime)
    assert told["code"] == 2
    assert words in told["err"]


@pytest.mark.parametrize("shape", [None, [], "start"])
def test_what_is_no_event_is_refused(hub: Hub, shape: object) -> None:
    assert answer(shape, Context(), hub.runtime)["err"] == "the event is no mapping"


PASS = f"target/{HERE.key}"


class Evening:
    """An instance, and the event of 9:00 UTC that stops it."""

    def __init__(self, hub: Hub, **more: Any) -> None:
        self.hub = hub
        self.machine = hub.cloud.instance(schedule=None, state="running")
        self.event = {
            "action": "stop",
            "account": HERE.account,
            "region": HERE.region,
            "resources": [self.machine],
            "time": f"{hub.clock.now:%Y-%m-%dT%H:%M:%SZ}",
            **more,
        }
        self.context = Context()
        self.pauses: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def busy(self, minutes: float) -> None:
        """A pass is at work here, for so many minutes."""
        acquire(self.hub.store, PASS, "pass", now=self.hub.clock.now, ttl=timedelta(minutes=minutes))

    def call(self) -> Mapping[str, Any]:
        return answer(self.event, self.context, self.hub.runtime, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.hub.clock.now += timedelta(seconds=seconds)
        self.context.left -= timedelta(seconds=seconds)
        self.meanwhile()


@pytest.fixture
def evening(hub: Hub) -> Evening:
    """An event, on a Monday at 9:00 UTC."""
    return Evening(hub)


def test_a_pass_at_work_is_waited_for(evening: Evening, capsys: pytest.CaptureFixture[str]) -> None:
    evening.busy(3)
    told = evening.call()
    assert (told["code"], told["done"], told["errors"]) == (0, [evening.machine], [])
    assert evening.hub.cloud.state(evening.machine) == "stopped"
    assert 160 <= sum(evening.pauses) <= 200
    assert "PlainEventsFailed" not in metrics(capsys.readouterr().out)
    # It comes again, as what is delivered at least once may: nothing is done twice.
    assert (evening.call()["done"], evening.pauses[-1]) == ([], max(evening.pauses))


def test_what_ends_too_late_is_an_error_that_lambda_repeats_in_time(
    evening: Evening, capsys: pytest.CaptureFixture[str]
) -> None:
    evening.busy(60)
    begun = evening.hub.clock.now
    with pytest.raises(LamplighterError, match="another pass is at work here"):
        evening.call()
    assert metrics(capsys.readouterr().out)["PlainEventsFailed"] == 1
    assert evening.hub.cloud.state(evening.machine) == "running"
    # Lambda calls again after one minute, and after two more: not yet too old to be obeyed, and not waited any more.
    for minutes in (1, 2):
        evening.hub.clock.now += timedelta(minutes=minutes)
        assert evening.hub.clock.now - begun < DEADLINE
        evening.context, waits = Context(), len(evening.pauses)
        if minutes == 1:
            with pytest.raises(LamplighterError, match="another pass"):
                evening.call()
            assert len(evening.pauses) == waits
    evening.hub.store.put("leases", PASS, "lease", {"holder": "", "until": stamp(begun), "fence": 1})
    assert evening.call()["done"] == [evening.machine]
    assert parked(evening.hub.store) == []


def test_the_time_of_the_call_bounds_the_waiting(evening: Evening) -> None:
    evening.busy(60)
    evening.context.left = timedelta(minutes=4)
    with pytest.raises(LamplighterError, match="another pass"):
        evening.call()
    assert 0 < sum(evening.pauses) <= 60


def test_who_waits_for_the_answer_gets_it_at_once(evening: Evening) -> None:
    evening.busy(3)
    del evening.event["time"]
    told = evening.call()
    assert (told["code"], evening.pauses) == (4, [])
    assert "another pass is at work here" in told["errors"][0]


def test_what_is_on_its_way_somewhere_else_is_waited_for(evening: Evening) -> None:
    evening.hub.cloud.by_hand(evening.machine, "pending")
    evening.meanwhile = lambda: evening.hub.cloud.by_hand(evening.machine, "running")
    told = evening.call()
    assert (told["code"], told["done"], len(evening.pauses)) == (0, [evening.machine], 1)
    assert evening.hub.cloud.state(evening.machine) == "stopped"


def test_what_stays_on_its_way_is_an_error(evening: Evening) -> None:
    evening.hub.cloud.by_hand(evening.machine, "pending")
    with pytest.raises(LamplighterError, match=f"{evening.machine}: .*it is pending, try again later"):
        evening.call()


@pytest.mark.parametrize("error", [Throttled, AccessDenied])
@pytest.mark.parametrize("operation", ["describe_instances", "stop_instances"])
def test_what_aws_refuses_is_an_error_and_no_success(
    evening: Evening, error: type[AwsError], operation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    evening.hub.cloud.before = lambda _, called, __: error("not now") if called == operation else None
    with pytest.raises(LamplighterError, match="not now"):
        evening.call()
    assert evening.pauses == []
    assert metrics(capsys.readouterr().out)["PlainEventsFailed"] == 1
    evening.hub.cloud.before = lambda *_: None
    assert evening.call()["done"] == [evening.machine]


def test_what_is_not_there_is_an_error_for_who_does_not_wait(hub: Hub) -> None:
    with pytest.raises(NotFound):
        Evening(hub, resources=["i-0123456789abcdef0"]).call()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"time": "2026-11-23T08:49:00Z"}, "too old to be obeyed"),
        ({"time": "noon"}, "time is 'noon'"),
        ({"action": "terminate"}, "action is 'terminate'"),
    ],
)
def test_what_is_refused_is_parked_and_not_tried_again(
    hub: Hub, change: dict[str, Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Evening(hub, **change).call()
    assert told["code"] == 2
    assert words in told["err"]
    (kept,) = parked(hub.store)
    assert words in str(kept["reason"])
    assert str(kept["key"]).startswith("remote#")
    wrote = metrics(capsys.readouterr().out)
    assert (wrote["Parked"], wrote["PlainEventsFailed"]) == (1, 1)


def test_what_somebody_asks_wrongly_is_only_answered(hub: Hub) -> None:
    assert answer({"action": "terminate"}, Context(), hub.runtime)["code"] == 2
    assert parked(hub.store) == []
