"""A message taken up: for the present, once more while something waits or fails, and not for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.scheduler.conftest import HERE, OFFICE, THERE, Cloud, Stage, configuration

from lamplighter.aws.targets import TargetList, TargetsDefinition
from lamplighter.errors import AccessDenied, StoreUnavailable
from lamplighter.scheduler import roster
from lamplighter.scheduler.messages import Message
from lamplighter.scheduler.take import MOST, MOST_RETRIES, Taken, only, take
from lamplighter.store.lease import acquire

BOTH = OFFICE + "  nights: {periods: night}\n"
BOTH = BOTH.replace("schedules:", "  night: {begintime: 20:00, endtime: 06:00}\nschedules:")


def message(stage: Stage, *schedules: str, age: float = 0, number: int = 0, failures: int = 0) -> Message:
    at = stage.clock.now - timedelta(minutes=age)
    return Message(HERE, "transition", at, frozenset(schedules) or None, number, failures)


def taken(stage: Stage, one: Message, run: str = "run") -> Taken:
    return take(stage.world, one, run=run)


@pytest.fixture
def stage() -> Stage:
    """Two machines, one with office hours and one with nights, at noon; both are out."""
    stage = Stage(BOTH, cloud=Cloud(HERE, THERE, quick=True))
    stage.cloud.instance("office", name="day")
    stage.cloud.instance("nights", name="night")
    stage.run(7)
    stage.clock.at(12)
    return stage


def states(stage: Stage) -> dict[str, str]:
    return {thing.tags["Name"]: thing.state for thing in stage.cloud.instances[HERE.key].values()}


def test_only_the_schedules_of_the_message_are_seen_to(stage: Stage) -> None:
    done = taken(stage, message(stage, "office"))
    assert states(stage)["day"] == "running"
    assert {step.resource.name for step in done.report.steps} == {"day"}
    assert [each.target for each in done.report.targets] == [HERE]
    assert (done.late, done.again) == (False, None)


def test_a_message_past_its_deadline_is_decided_anew_for_the_whole_target(stage: Stage) -> None:
    stage.clock.at(19)
    done = taken(stage, message(stage, "office", age=8 * 60))
    assert done.late
    assert states(stage)["day"] == "stopped", "it is evening by now"
    assert {step.resource.name for step in done.report.steps} == {"day", "night"}


def test_a_message_again_does_nothing_again(stage: Stage) -> None:
    first = taken(stage, message(stage))
    second = taken(stage, message(stage), "run-b")
    assert len([step for step in first.report.steps if step.acts]) == 1
    assert not [step for step in second.report.steps if step.acts]


def test_the_roster_keeps_what_a_whole_pass_found(stage: Stage) -> None:
    taken(stage, message(stage, "office"))
    assert roster.roster(stage.plain) == {}
    taken(stage, message(stage), "run-b")
    assert roster.roster(stage.plain) == {HERE.key: {"office", "nights"}}
    assert roster.watched(stage.plain) == []


def test_the_roster_keeps_what_was_known_where_a_pass_could_not_look(stage: Stage) -> None:
    taken(stage, message(stage), "run-a")
    stage.cloud.before = lambda *_: AccessDenied("no")
    done = taken(stage, message(stage), "run-b")
    assert done.report.partial
    assert roster.roster(stage.plain) == {HERE.key: {"office", "nights"}}


@pytest.mark.parametrize("extra", ["enforced: true", "stop_after: 8h", "stagger: 30m", "idle_guard: {}"])
def test_targets_whose_schedules_need_it_are_watched(stage: Stage, extra: str) -> None:
    stage.define(BOTH.replace("{periods: night}", f"{{periods: night, {extra}}}"))
    taken(stage, message(stage), "run-a")
    assert roster.watched(stage.plain) == [HERE.key]
    stage.define(BOTH)
    taken(stage, message(stage), "run-b")
    assert roster.watched(stage.plain) == []


def test_another_pass_at_work_is_waited_for(stage: Stage) -> None:
    acquire(stage.plain, f"target/{HERE.key}", "other", now=stage.clock.now, ttl=timedelta(minutes=5))
    done = taken(stage, message(stage, number=3))
    assert done.delay == 60
    assert done.again == Message(HERE, "again", stage.clock.now + timedelta(minutes=1), None, 4)
    assert roster.roster(stage.plain) == {}


def test_what_fails_is_tried_again_with_growing_pauses_and_not_for_ever(stage: Stage) -> None:
    stage.cloud.before = lambda *_: AccessDenied("no")
    next_, delays = message(stage, number=20), []
    for number in range(MOST_RETRIES):
        done = taken(stage, next_, f"run-{number}")
        assert done.again is not None
        assert (done.again.number, done.again.failures) == (21 + number, 1 + number)
        delays.append(done.delay)
        next_ = done.again
    assert delays == [60, 120, 240, 480, 900, 900, 900, 900]
    assert taken(stage, next_, "last").again is None


def test_failures_are_counted_in_a_row(stage: Stage) -> None:
    acquire(stage.plain, f"target/{HERE.key}", "other", now=stage.clock.now, ttl=timedelta(minutes=5))
    done = taken(stage, message(stage, failures=MOST_RETRIES), "busy")
    assert done.again is not None
    assert done.again.failures == MOST_RETRIES, "another pass at work says nothing about it"
    stage.clock.now += timedelta(minutes=6)
    stage.cloud.before = lambda *_: AccessDenied("no")
    assert taken(stage, message(stage, failures=MOST_RETRIES), "fails").again is None


def test_what_waits_without_a_failure_ends_the_row() -> None:
    stage = Stage(cloud=Cloud(HERE))
    stage.cloud.instance(state="stopping")
    stage.clock.at(9)
    done = taken(stage, message(stage, failures=5))
    assert done.again is not None
    assert (done.again.number, done.again.failures) == (1, 0)


def test_what_waits_is_seen_to_again_and_not_for_ever() -> None:
    stage = Stage(cloud=Cloud(HERE))
    stage.cloud.instance(state="stopping")
    stage.clock.at(9)
    done = taken(stage, message(stage))
    assert done.delay == 60
    assert done.again is not None
    assert taken(stage, message(stage, number=MOST), "last").again is None


def test_time_that_runs_out_leaves_the_rest_for_the_next(stage: Stage) -> None:
    for number in range(120):
        stage.cloud.instance(name=f"more-{number:03}")

    def late(*_: object) -> None:
        stage.clock.now += timedelta(minutes=13)

    begun: datetime = stage.clock.now
    stage.world = replace(stage.world, until=begun + timedelta(minutes=13))
    stage.cloud.after = lambda _target, operation, _ids: late() if operation == "start_instances" else None
    done = taken(stage, message(stage))
    (report,) = done.report.targets
    assert report.unfinished
    assert not report.failed
    waiting = [each for each in report.done if each.waiting]
    assert 0 < len(waiting) < len(report.done)
    assert done.again == Message(HERE, "again", stage.clock.now, None, 1)
    assert done.delay == 0
    stage.cloud.after = lambda *_: None
    stage.world = replace(stage.world, until=None)
    rest = take(stage.world, done.again, run="rest")
    assert len(rest.report.targets[0].done) == len(waiting)
    assert set(states(stage).values()) == {"running", "stopped"}
    assert [id_ for id_, state in states(stage).items() if state == "stopped"] == ["night"]


def test_a_store_that_fails_is_an_error_of_the_message(stage: Stage) -> None:
    class Broken(type(stage.plain)):  # type: ignore[misc]
        def query(self, *_: object, **__: object) -> object:
            raise StoreUnavailable("gone")

    with pytest.raises(StoreUnavailable):
        take(replace(stage.world, store=Broken()), message(stage), run="x")


def test_one_account_is_entered_as_before_without_asking_the_organization() -> None:
    text = """
targets:
  organization: true
  role: Lamp
  external_id: secret-1
  accounts: [{id: "111122223333", name: prod, role: Other}]
"""
    config = configuration(OFFICE + text)
    named, other = only(config, HERE).targets, only(config, THERE).targets
    assert isinstance(named, TargetsDefinition)
    assert isinstance(other, TargetsDefinition)
    assert (named.organization, other.organization) == (None, None)
    assert [(each.id, each.name, each.role) for each in named.accounts] == [(HERE.account, "prod", "Other")]
    assert [(each.id, each.role) for each in other.accounts] == [(THERE.account, None)]
    assert (other.role, other.external_id) == ("Lamp", "secret-1")
    assert only(configuration(OFFICE), HERE).targets is None


def test_the_name_that_an_organization_gives_an_account_is_kept_for_later_passes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[TargetsDefinition | None] = []
    find = stage.world.aws.targets

    def targets(definition: TargetsDefinition | None, **chosen: Sequence[str]) -> TargetList:
        asked.append(definition)
        named = {each.id: each.name for each in definition.accounts} if definition else {}
        found = find(definition, **chosen)
        return TargetList(tuple(replace(each, name=named.get(each.account, "")) for each in found.targets))

    monkeypatch.setattr(stage.world.aws, "targets", targets)
    stage.define(BOTH + "targets: {organization: true, role: Lamplighter}\n")
    first = message(stage)
    taken(stage, replace(first, target=replace(HERE, name="shop")), "run-a")
    done = taken(stage, message(stage, "office"), "run-b")
    # What is asked for by its schedule, or by an event, knows no name.
    assert [each.target.name for each in done.report.targets] == ["shop"]
    assert [step.team for step in done.report.steps] == ["shop"]
    taken(stage, first, "run-c")
    assert roster.name_of(stage.plain, HERE.key) == "shop"
    # What the definitions say goes before it.
    stage.define(BOTH + f"targets: {{accounts: [{{id: '{HERE.account}', name: store}}], role: Lamplighter}}\n")
    done = taken(stage, message(stage, "office"), "run-d")
    assert [step.team for step in done.report.steps] == ["store"]
    assert [definition.organization for definition in asked if definition] == [None] * 4
