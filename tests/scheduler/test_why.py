from __future__ import annotations

from datetime import timedelta

import pytest
from tests.scheduler.conftest import HERE, MONDAY, OFFICE, THERE, Cloud, Stage, contents

from lamplighter.aws.targets import TargetFailure
from lamplighter.errors import AccessDenied, NotFound
from lamplighter.scheduler.overrides import set_override
from lamplighter.scheduler.why import Answer, why
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.schedules.timeline import State

NINE = MONDAY + timedelta(hours=9)


def ask(stage: Stage, words: str, hour: float = 9) -> Answer:
    return why(stage.world, words, at=MONDAY + timedelta(hours=hour))


@pytest.mark.parametrize(
    "words", ["web", "{id}", "arn:aws:ec2:eu-west-1:111122223333:instance/{id}"], ids=["name", "id", "arn"]
)
def test_a_resource_by_each_of_its_names(stage: Stage, words: str) -> None:
    id_ = stage.cloud.instance(name="web")
    stage.cloud.instance(name="other")
    stage.run(8)
    before = contents(stage.plain)
    answer = ask(stage, words.format(id=id_))
    [found] = answer.found
    assert found.step.resource.id == id_
    assert (found.step.decision.rule, found.step.decision.reason) == ("unchanged", "period office is on")
    assert found.desired is not None
    assert found.desired.state is State.RUNNING
    assert found.next is not None
    assert (found.next.at, found.next.now.state) == (MONDAY + timedelta(hours=18), State.STOPPED)
    assert [(entry.action, entry.outcome) for entry in found.history] == [("start", "done"), ("seen", "done")]
    assert (answer.failures, answer.unresolved) == ([], ())
    assert contents(stage.plain) == before
    assert stage.cloud.writes == ["start_instances"]


def test_an_arn_is_asked_for_in_its_own_target_only() -> None:
    stage = Stage(cloud=Cloud(HERE, THERE))
    id_ = stage.cloud.instance(at=THERE)
    stage.cloud.calls.clear()
    answer = ask(stage, f"arn:aws:ec2:{THERE.region}:{THERE.account}:instance/{id_}")
    assert [found.step.target for found in answer.found] == [THERE]
    assert {target for target, _, _ in stage.cloud.calls} == {THERE.key}


def test_what_has_no_schedule_tag_is_found_by_its_id(stage: Stage) -> None:
    id_ = stage.cloud.instance(None)
    [found] = ask(stage, id_).found
    assert (found.step.decision.rule, found.desired, found.next) == ("no-schedule", None, None)
    with pytest.raises(NotFound):
        ask(stage, "nothing-like-it")


def test_two_of_a_name_are_two_answers() -> None:
    stage = Stage(cloud=Cloud(HERE, THERE))
    for target in (HERE, THERE):
        stage.cloud.instance(name="web", at=target)
    assert [found.step.target for found in ask(stage, "web").found] == [HERE, THERE]


def test_another_time(stage: Stage) -> None:
    stage.cloud.instance(name="web")
    for hour in (8, 18):
        stage.run(hour)
    [found] = ask(stage, "web", 17).found
    assert found.desired is not None
    assert found.desired.state is State.RUNNING
    assert [entry.action for entry in found.history] == ["start", "seen"]
    [exact] = ask(stage, "web", 18).found
    assert [entry.action for entry in exact.history] == ["stop", "start", "seen"]


def test_the_history_is_the_latest_five(stage: Stage) -> None:
    stage.cloud.instance(name="web")
    stage.cloud.instance(name="noise")
    for day in range(4):
        for hour in (8, 18):
            stage.run(hour, day=day)
    [found] = ask(stage, "web", 100).found
    assert [entry.action for entry in found.history] == ["stop", "start", "stop", "start", "stop"]
    assert {entry.name for entry in found.history} == {"web"}
    assert [entry.at for entry in found.history] == sorted((entry.at for entry in found.history), reverse=True)


def test_an_override_is_the_reason(stage: Stage) -> None:
    stage.cloud.instance(name="web", state="running")
    override = Override("o", Hold.RUNNING, "web", MONDAY + timedelta(hours=22), "late", "ada", MONDAY)
    set_override(stage.plain, override)
    [found] = ask(stage, "web", 20).found
    assert found.step.decision.rule == "override"
    assert [found.step.decision.rule for found in ask(stage, "web", 22).found] == ["schedule"]


def test_an_unsettled_action_is_taken_into_account(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.run(7)
    stage.clock.at(8)
    stage.kill_after("start_instances")
    assert len(stage.intents()) == 1
    before = contents(stage.plain)
    [found] = ask(stage, id_).found
    assert contents(stage.plain) == before
    assert found.step.record is not None
    assert found.step.record.stored.value == stage.cloud.state(id_) == "running"
    assert stage.stored(id_) == "stopped"


def test_a_kind_that_cannot_be_asked_hides_no_other(stage: Stage) -> None:
    id_ = stage.cloud.instance(name="web")
    stage.cloud.before = lambda _t, operation, _i: AccessDenied("no rds") if "db" in operation else None
    for words in (id_, "web"):
        assert [found.step.resource.id for found in ask(stage, words).found] == [id_]
    answer = ask(stage, "orders")
    assert answer.found == []
    assert [(target, str(error)) for target, error in answer.failures] == [(HERE, "no rds")]


def test_not_found_is_not_said_where_not_all_could_be_asked(stage: Stage) -> None:
    denied = AccessDenied("no role")
    stage.cloud.unresolved = (TargetFailure("777788889999", denied),)
    with pytest.raises(AccessDenied):
        ask(stage, "web")
    stage.cloud.instance(name="web")
    answer = ask(stage, "web")
    assert len(answer.found) == 1
    assert answer.unresolved == stage.cloud.unresolved


def test_not_found_counts_the_targets() -> None:
    stage = Stage(OFFICE, cloud=Cloud(HERE, THERE))
    with pytest.raises(NotFound, match="no resource is called 'web' in 2 targets") as refusal:
        ask(stage, "web")
    assert refusal.value.hint
