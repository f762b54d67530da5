from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scheduler.conftest import HERE, OFFICE, THERE, Cloud, Stage, decisions

from lamplighter.aws.targets import Target
from lamplighter.errors import AwsError, CapacityUnavailable
from lamplighter.scheduler.pace import PacedSession


def paced(limits: str, cloud: Cloud | None = None) -> Stage:
    return Stage(OFFICE + f"targets: {{threads: 1}}\norder: {{{limits}}}\n", cloud=cloud)


def started(stage: Stage) -> list[str]:
    found = [effect.id for effect in stage.cloud.effects]
    stage.cloud.effects.clear()
    return found


def test_what_is_more_waits_for_the_next_pass() -> None:
    stage = paced("starts_per_pass: 2, stops_per_pass: 3")
    ids = [stage.cloud.instance() for _ in range(5)]
    report = stage.run(8)
    assert started(stage) == ids[:2]
    reasons = {step.resource.id: step.decision.reason for step in report.steps}
    assert reasons[ids[2]] == (
        "period office is on; but starts_per_pass is 2 and 5 are due, so it waits for the next pass"
    )
    assert decisions(report)[ids[4]] == ("none", "pace")
    stage.run(8, 5)
    assert started(stage) == ids[2:4]
    stage.run(8, 10)
    assert started(stage) == ids[4:]
    assert [stage.stored(id_) for id_ in ids] == ["running"] * 5
    stage.run(18)
    assert started(stage) == ids[:3]
    stage.run(18, 5)
    assert started(stage) == ids[3:]


def test_each_target_has_a_pace_of_its_own_and_starts_are_not_stops() -> None:
    stage = paced("starts_per_pass: 1", Cloud(HERE, THERE))
    up = [stage.cloud.instance(at=at) for at in (HERE, THERE)]
    down = [stage.cloud.instance("stopped", state="running") for _ in range(3)]
    stage.run(8)
    assert set(started(stage)) == {*up, *down}


def test_what_has_waited_longest_goes_first() -> None:
    stage = paced("starts_per_pass: 1")
    late = stage.cloud.instance("ignore")
    first, second = stage.cloud.instance(), stage.cloud.instance()
    stage.run(8)
    assert started(stage) == [first]
    stage.cloud.thing(late).tags["Schedule"] = "office"
    stage.run(8, 5)
    assert started(stage) == [second]
    stage.run(8, 10)
    assert started(stage) == [late]


def test_what_fails_at_every_pass_holds_up_no_other() -> None:
    stage = paced("starts_per_pass: 1")
    scarce, *others = (stage.cloud.instance() for _ in range(4))

    def refuse(_target: Target, operation: str, ids: Sequence[str]) -> AwsError | None:
        return CapacityUnavailable("none") if operation == "start_instances" and scarce in ids else None

    stage.cloud.before = refuse
    for minute in range(0, 40, 5):
        stage.run(8, minute)
    assert started(stage) == others
    stage.cloud.before = lambda *_: None
    stage.run(9)
    assert started(stage) == [scarce]


def test_pace_comes_before_guardrails() -> None:
    stage = paced("starts_per_pass: 2")
    stage.define(OFFICE + "order: {starts_per_pass: 2}\nguardrails: {max_changes: 2}\n")
    for _ in range(5):
        stage.cloud.instance()
    assert stage.run(8).refused is None
    assert len(started(stage)) == 2


# --- calls a second -------------------------------------------------------------------------------------


class Sink:
    """A session and a clock that stands still but for what is slept."""

    target = HERE

    def __init__(self) -> None:
        self.now = 100.0
        self.made: list[tuple[float, str, str]] = []

    def call(self, service: str, operation: str, /, **params: Any) -> dict[str, Any]:
        self.made.append((self.now, service, operation))
        return {"params": params}

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Any:
        self.made.append((self.now, service, operation))
        yield key

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def session(sink: Sink, rate: float) -> PacedSession:
    return PacedSession(sink, rate, lambda: sink.now, sink.sleep)


def test_a_second_s_worth_at_once_then_one_by_one() -> None:
    sink = Sink()
    paced = session(sink, 2)
    for _ in range(6):
        assert paced.call("ec2", "start_instances", InstanceIds=["i"]) == {"params": {"InstanceIds": ["i"]}}
    assert [at - 100 for at, _, _ in sink.made] == [0, 0, 0.5, 1, 1.5, 2]
    sink.now += 10
    for _ in range(3):
        paced.call("ec2", "stop_instances")
    assert [at - 112 for at, _, _ in sink.made[6:]] == [0, 0, 0.5]


def test_less_than_one_a_second() -> None:
    sink = Sink()
    paced = session(sink, 0.5)
    for _ in range(3):
        paced.call("rds", "start_db_instance")
    assert [at - 100 for at, _, _ in sink.made] == [0, 2, 4]


def test_services_do_not_wait_for_each_other_and_reading_does_not_wait() -> None:
    sink = Sink()
    paced = session(sink, 1)
    assert paced.target is HERE
    for service, operation in [
        ("ec2", "start_instances"),
        ("rds", "start_db_instance"),
        ("ec2", "describe_instances"),
        ("ecs", "list_services"),
        ("ssm", "get_calendar_state"),
    ]:
        paced.call(service, operation)
    assert list(paced.pages("ec2", "describe_instances", "Reservations")) == ["Reservations"]
    assert sink.now == 100
    paced.call("ec2", "stop_instances")
    assert sink.now == 101


@given(st.floats(0.5, 50), st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_never_more_than_the_bucket_and_what_flows_into_it(rate: float, gaps: list[float]) -> None:
    sink = Sink()
    paced = session(sink, rate)
    for gap in gaps:
        sink.now += gap
        paced.call("ec2", "start_instances")
    times = [at for at, _, _ in sink.made]
    burst = max(1.0, rate)
    for first in range(len(times)):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + rate * (times[last] - times[first]) + 1e-6


@pytest.mark.parametrize(("limit", "slept"), [("calls_per_second: 1", 2.0), ("at_most: 5m", 0.0)])
def test_a_pass_acts_at_the_pace_of_the_file(limit: str, slept: float) -> None:
    stage = paced(limit)
    for name in ("a", "b", "c"):
        stage.cloud.database(name)
    sink = Sink()
    stage.world = replace(stage.world, timer=lambda: sink.now, sleep=sink.sleep)
    stage.run(8)
    assert len(started(stage)) == 3
    assert sink.now - 100 == slept
