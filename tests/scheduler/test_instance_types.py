"""Types by period and alternate types: what is decided, in which order, and what stays after any death."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.scheduler.conftest import HERE, KINDS, Cloud, FakeSession, Stage, decisions
from tests.scheduler.test_states import RESOURCE

from lamplighter.errors import AccessDenied, CapacityUnavailable, GuardrailError, OutcomeUnknown, Throttled
from lamplighter.scheduler.adjust import Scene
from lamplighter.scheduler.direct import start_or_stop
from lamplighter.scheduler.instance_types import choose_types, wanted_types
from lamplighter.scheduler.overrides import set_override
from lamplighter.scheduler.passes import LEASE, PassReport
from lamplighter.scheduler.plan import Step
from lamplighter.schedules.decision import Action
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.store import journal

YAML = """
targets: {threads: 1}
periods:
  day: {begintime: 08:00, endtime: 18:00}
  night: {begintime: 18:00, endtime: 24:00}
  weekend: {begintime: 09:00, weekdays: mon-sun}
schedules:
  day: {periods: day@m5.large}
  sized: {periods: [day@m5.large, night@m5.xlarge]}
  listed: {periods: [day@m5.large, night@m5.xlarge], instance_types: [m6i.xlarge, m5.large]}
  choice: {periods: day, instance_types: [m5.xlarge, m6i.xlarge]}
  plain: {periods: [day@m5.large, night]}
  arm: {periods: [day@m5.large, night@m7g.large]}
  either: {periods: [day@m5.large, night@m7g.large], instance_types: m6i.xlarge}
  typo: {periods: [day@m5.large, night@m5.xlagre]}
  sized-enforced: {periods: [day@m5.large, night@m5.xlarge], enforced: true}
  sized-retain: {periods: [day@m5.large, night@m5.xlarge], retain_running: true}
  sized-gentle: {periods: [day@m5.large, night@m5.xlarge], stop_new_instances: false}
  sized-stops: {periods: [day@m5.large, night@m5.xlarge], stop_only: true}
  sized-stay: {periods: [day@m5.large, night@m5.xlarge], stay_off: true}
  sized-sleepy: {periods: [day@m5.large, night@m5.xlarge], hibernate: true}
"""
TYPES = dict.fromkeys(("m5.large", "m5.xlarge", "m6i.xlarge", "c5.large"), "x86_64") | {"m7g.large": "arm64"}


def stage_of(yaml: str = YAML, *, quick: bool = False) -> Stage:
    stage = Stage(yaml, cloud=Cloud(HERE, quick=quick))
    stage.cloud.types = dict(TYPES)
    return stage


@pytest.fixture
def stage() -> Stage:
    return stage_of()


def type_of(stage: Stage, id_: str) -> str:
    return str(stage.cloud.thing(id_).extra.get("InstanceType", "m5.large"))


def looks(stage: Stage, id_: str) -> tuple[str, str, str | None]:
    """(state, type, stored)."""
    return stage.cloud.state(id_), type_of(stage, id_), stage.stored(id_)


def only(report: PassReport) -> Step:
    [step] = report.steps
    return step


def actions(stage: Stage) -> list[str]:
    return [effect.action for effect in stage.cloud.effects]


def lit_by_day(stage: Stage, schedule: str = "sized", **extra: Any) -> str:
    """An instance that its schedule lit with m5.large."""
    id_ = stage.cloud.instance(schedule, **extra)
    stage.run(8)
    assert looks(stage, id_) == ("running", "m5.large", "running")
    stage.cloud.effects.clear()
    stage.cloud.calls.clear()
    return id_


# --- which types ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "asked", "listed", "wanted"),
    [
        ({}, "", (), ()),
        ({}, "m5.large", (), ("m5.large",)),
        ({}, "", ("a.b", "c.d"), ("a.b", "c.d")),
        ({}, "m5.large", ("a.b", "m5.large", "c.d"), ("m5.large", "a.b", "c.d")),
        ({"IS-PreferredInstanceTypes": "x.y, z.z,x.y"}, "m5.large", ("a.b",), ("m5.large", "x.y", "z.z")),
        (
            {"IS-PreferredInstanceTypes": "x.y", "lamplighter:instance-types": "o.n"},
            "m5.large",
            (),
            ("m5.large", "o.n"),
        ),
        ({"lamplighter:instance-types": " , "}, "m5.large", ("a.b",), ("m5.large",)),
        ({"lamplighter:instance-types": ""}, "", ("a.b",), ()),
    ],
)
def test_wanted_types(tags: Mapping[str, str], asked: str, listed: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    assert wanted_types(replace(RESOURCE, tags=tags), asked, listed) == wanted


# --- a start --------------------------------------------------------------------------------------------


def test_a_start_sets_the_type_its_period_asks_for(stage: Stage) -> None:
    id_ = stage.cloud.instance("day", InstanceType="c5.large")
    step = only(stage.run(8))
    assert (step.decision.rule, step.decision.reason) == (
        "schedule",
        "period day is on; with type m5.large instead of c5.large",
    )
    assert looks(stage, id_) == ("running", "m5.large", "running")
    assert stage.cloud.writes == ["modify_instance_attribute", "start_instances"]


def test_the_journal_has_the_price_of_the_type_that_was_started(stage: Stage) -> None:
    stage.cloud.instance("day", InstanceType="c5.large")
    [done] = [done for report in stage.run(8).targets for done in report.done]
    assert (done.note, done.step.resource.instance_type) == ("runs as m5.large, was c5.large", "m5.large")
    entry = list(journal.read(stage.plain, HERE.key))[-1]
    assert (entry.action, entry.note, entry.prices[0][2]) == ("start", "runs as m5.large, was c5.large", "m5.large")


def test_a_type_that_is_right_costs_no_call(stage: Stage) -> None:
    for schedule in ("day", "sized", "plain"):
        stage.cloud.instance(schedule)
    stage.run(8)
    stage.run(9)
    operations = [operation for _, operation, _ in stage.cloud.calls]
    assert "describe_instance_types" not in operations
    assert stage.cloud.writes == ["start_instances"]


def test_two_questions_for_all_that_are_to_be_resized(stage: Stage) -> None:
    for _ in range(120):
        stage.cloud.instance("sized", InstanceType="c5.large")
    stage.run(8)
    operations = [operation for _, operation, _ in stage.cloud.calls]
    assert operations.count("describe_instance_types") == 1
    assert operations.count("describe_instance_type_offerings") == 1
    assert operations.count("start_instances") == 3


def test_a_period_without_a_type_leaves_it_as_it_is(stage: Stage) -> None:
    id_ = lit_by_day(stage, "plain")
    stage.cloud.thing(id_).extra["InstanceType"] = "c5.large"
    stage.run(19)
    stage.run(19, 5)
    assert (actions(stage), type_of(stage, id_)) == ([], "c5.large")


def test_a_list_without_a_period_type_is_for_starts_only(stage: Stage) -> None:
    lit = stage.cloud.instance("choice", state="running")
    out = stage.cloud.instance("choice")
    stage.cloud.short.add("m5.xlarge")
    report = stage.run(8)
    assert decisions(report)[lit] == ("none", "schedule")
    assert (looks(stage, lit)[:2], looks(stage, out)[:2]) == (("running", "m5.large"), ("running", "m6i.xlarge"))
    stage.cloud.short.clear()
    stage.run(18)
    stage.run(8, day=1)
    assert (type_of(stage, lit), type_of(stage, out)) == ("m5.xlarge", "m5.xlarge")


def test_an_alternate_until_the_next_start_and_no_flapping(stage: Stage) -> None:
    id_ = stage.cloud.instance("listed", InstanceType="c5.large")
    stage.cloud.short.add("m5.large")
    stage.run(8)
    assert looks(stage, id_) == ("running", "m6i.xlarge", "running")
    stage.cloud.short.clear()
    for hour in range(9, 18):
        assert not only(stage.run(hour)).acts
    assert actions(stage) == ["start"]
    stage.run(18)
    stage.run(18, 5)
    assert looks(stage, id_) == ("running", "m5.xlarge", "running")
    assert actions(stage) == ["start", "stop", "start"]


def test_no_capacity_is_tried_again_from_the_most_wanted_until_it_comes(stage: Stage) -> None:
    """The original stored it as running and never tried again."""
    id_ = stage.cloud.instance("listed", InstanceType="c5.large")
    stage.cloud.short |= {"m5.large", "m6i.xlarge"}
    for minute in (0, 5, 10):
        stage.cloud.calls.clear()
        report = stage.run(8, minute)
        [done] = [done for target in report.targets for done in target.done]
        assert type(done.error) is CapacityUnavailable
        assert "m5.large (InsufficientInstanceCapacity), m6i.xlarge (InsufficientInstanceCapacity)" in str(done.error)
        assert report.partial
        assert looks(stage, id_) == ("stopped", "m6i.xlarge", "start_failed")
        assert stage.cloud.writes == ["modify_instance_attribute", "start_instances"] * 2
    stage.cloud.short.clear()
    stage.run(8, 15)
    assert looks(stage, id_) == ("running", "m5.large", "running")
    assert [outcome for _, _, outcome in stage.journal()] == ["failed"] * 3 + ["done"]


def test_capacity_that_is_short_for_one_does_not_hold_the_others(stage: Stage) -> None:
    stage.cloud.short.add("m5.large")
    ids = [stage.cloud.instance(schedule) for schedule in ("sized", "listed", "choice")]
    stage.run(8)
    assert [stage.cloud.state(id_) for id_ in ids] == ["stopped", "running", "running"]


# --- resizing what is lit -------------------------------------------------------------------------------


def test_another_period_type_stops_waits_and_starts_with_it(stage: Stage) -> None:
    id_ = lit_by_day(stage)
    step = only(stage.run(18, settle=False))
    assert (step.decision.action, step.decision.rule) == (Action.STOP, "resize")
    assert step.decision.reason == "period night is on; to be resized from m5.large to m5.xlarge"
    assert looks(stage, id_) == ("stopping", "m5.large", "stopped_for_resize")
    assert only(stage.run(18, 1, settle=False)).decision.rule == "wait"
    stage.cloud.settle()
    step = only(stage.run(18, 2))
    assert step.decision.reason == "period night is on; with type m5.xlarge instead of m5.large"
    assert looks(stage, id_) == ("running", "m5.xlarge", "running")
    for minute in (3, 4, 5):
        assert only(stage.run(18, minute)).decision.rule == "unchanged"
    stage.run(8, day=1)
    stage.run(8, 5, day=1)
    assert actions(stage) == ["stop", "start"] * 2
    assert type_of(stage, id_) == "m5.large"


def test_a_plan_shows_it_and_does_nothing(stage: Stage) -> None:
    lit_by_day(stage)
    step = only(stage.run(18, dry_run=True))
    assert (step.acts, step.resource.types, step.hibernate) == (True, (), False)
    assert actions(stage) == []


@pytest.mark.parametrize(
    ("schedule", "stopped"),
    [
        ("sized", True),
        ("sized-enforced", True),
        ("sized-retain", True),
        ("sized-stay", True),
        ("sized-sleepy", True),
        ("sized-stops", False),
        ("plain", False),
        ("arm", False),
        ("typo", False),
    ],
)
def test_which_schedules_stop_what_is_lit_with_another_type(stage: Stage, schedule: str, stopped: bool) -> None:
    id_ = stage.cloud.instance(schedule)
    if schedule == "sized-stops":
        stage.cloud.by_hand(id_, "running")
    stage.run(8)
    stage.cloud.effects.clear()
    stage.run(18)
    stage.run(18, 5)
    assert actions(stage) == (["stop", "start"] if stopped else [])
    assert looks(stage, id_) == ("running", "m5.xlarge" if stopped else "m5.large", "running")


def test_what_was_hibernated_at_night_is_not_when_it_is_resized(stage: Stage) -> None:
    id_ = lit_by_day(stage, "sized-sleepy")
    step = only(stage.run(18))
    assert (step.decision.rule, step.hibernate) == ("resize", False)
    assert stage.record(id_) is not None


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("arm", "its type stays m5.large; m7g.large does not fit: it runs arm64 and not x86_64"),
        ("typo", "its type stays m5.large; m5.xlagre does not fit: there is no such type in eu-west-1"),
    ],
)
def test_nothing_is_stopped_for_a_type_that_does_not_fit(stage: Stage, schedule: str, words: str) -> None:
    id_ = lit_by_day(stage, schedule)
    for minute in (0, 5):
        step = only(stage.run(18, minute))
        assert (step.acts, step.decision.reason) == (False, f"period night is on; {words}")
    # A wish that cannot be fulfilled keeps nothing out.
    stage.cloud.by_hand(id_, "stopped")
    stage.define(YAML.replace("enforced: false", "").replace(f"  {schedule}: {{", f"  {schedule}: {{enforced: true, "))
    step = only(stage.run(18, 10))
    assert step.decision.reason == f"period night is on, and the schedule is enforced; {words}"
    assert looks(stage, id_) == ("running", "m5.large", "running")


def test_the_first_type_that_fits_is_taken(stage: Stage) -> None:
    id_ = lit_by_day(stage, "either")
    step = only(stage.run(18))
    words = "to be resized from m5.large to m6i.xlarge; m7g.large does not fit: it runs arm64 and not x86_64"
    assert step.decision.reason == f"period night is on; {words}"
    stage.run(18, 5)
    assert looks(stage, id_) == ("running", "m6i.xlarge", "running")
    assert not only(stage.run(18, 10)).acts


@pytest.mark.parametrize("extra", [{"InstanceLifecycle": "spot"}, {"HibernationOptions": {"Configured": True}}])
def test_what_cannot_change_its_type_keeps_it(stage: Stage, extra: dict[str, Any]) -> None:
    id_ = lit_by_day(stage, **extra)
    assert not only(stage.run(18)).acts
    stage.cloud.by_hand(id_, "stopped")
    set_override(
        stage.plain, Override("o", Hold.RUNNING, id_, stage.clock.now + timedelta(hours=9), "", "ada", stage.clock.now)
    )
    stage.run(18, 10)
    assert looks(stage, id_)[:2] == ("running", "m5.large")
    assert "describe_instance_types" not in [operation for _, operation, _ in stage.cloud.calls]


def test_a_new_one_is_resized_unless_new_ones_are_left_alone(stage: Stage) -> None:
    sized = stage.cloud.instance("sized", state="running")
    gentle = stage.cloud.instance("sized-gentle", state="running")
    found = {step.resource.id: step.decision for step in stage.run(19).steps}
    assert found[sized].rule == "resize"
    assert (
        found[gentle].reason
        == "period night is on; it is running already; its type is left alone too, because it is new"
    )
    stage.run(19, 5)
    stage.run(19, 10)
    assert (type_of(stage, sized), type_of(stage, gentle)) == ("m5.xlarge", "m5.large")
    stage.run(8, day=1)
    stage.run(8, 5, day=1)
    stage.run(18, day=1)
    stage.run(18, 5, day=1)
    assert (type_of(stage, sized), type_of(stage, gentle)) == ("m5.xlarge", "m5.xlarge")


def test_a_new_one_with_an_alternate_is_taken_as_it_is(stage: Stage) -> None:
    id_ = stage.cloud.instance("listed", state="running", InstanceType="m6i.xlarge")
    assert not only(stage.run(19)).acts
    assert not only(stage.run(19, 5)).acts
    stage.run(8, day=1)
    stage.run(8, 5, day=1)
    assert actions(stage) == ["stop", "start"]
    assert looks(stage, id_) == ("running", "m5.large", "running")


def test_a_type_set_by_hand_is_kept_until_another_is_wanted(stage: Stage) -> None:
    id_ = lit_by_day(stage)
    stage.cloud.thing(id_).extra["InstanceType"] = "c5.large"
    assert not only(stage.run(12)).acts
    stage.run(18)
    stage.run(18, 5)
    assert looks(stage, id_) == ("running", "m5.xlarge", "running")


# --- stronger rules -------------------------------------------------------------------------------------


def test_what_is_kept_or_was_started_by_hand_before_its_period_is_not_stopped(stage: Stage) -> None:
    kept, left, retained = (stage.cloud.instance(s) for s in ("sized", "sized", "sized-retain"))
    stage.run(7)
    stage.cloud.by_hand(retained, "running")
    stage.run(8)
    until = stage.clock.now + timedelta(hours=11)
    set_override(stage.plain, Override("k", Hold.RUNNING, kept, until, "", "ada", stage.clock.now))
    set_override(stage.plain, Override("l", Hold.LEAVE_ALONE, left, until, "", "ada", stage.clock.now))
    report = stage.run(18)
    rules = {id_: rule for id_, (_, rule) in decisions(report).items()}
    assert rules == {kept: "override", left: "override", retained: "retain-running"}
    assert not any(step.acts for step in report.steps)
    stage.run(19, 5)
    stage.run(19, 10)
    assert (type_of(stage, kept), type_of(stage, left)) == ("m5.xlarge", "m5.xlarge")


@pytest.mark.parametrize(
    ("rule", "stopped"),
    [
        ("unchanged", True),
        ("schedule", True),
        ("enforced", True),
        ("maintenance-window", False),
        ("override", False),
        ("retain-running", False),
        ("stay-off", False),
        ("stop-only", False),
        ("any", False),
        ("wait", False),
        ("opt-out", False),
        ("guardrail", False),
        ("a rule of tomorrow", False),
    ],
)
def test_only_what_its_schedule_alone_keeps_lit_is_stopped(stage: Stage, rule: str, stopped: bool) -> None:
    lit_by_day(stage)
    step = only(stage.run(17))
    desired = stage.world.config.loaded.schedules["sized"].state_at(stage.clock.at(19))
    decision = step.decision._replace(rule=rule, desired=desired)
    scene = Scene(FakeSession(HERE, stage.cloud), stage.world.config, KINDS, stage.clock.now)
    [found] = choose_types(scene, [replace(step, decision=decision)])
    assert (found.decision.action is Action.STOP) is stopped
    if not stopped:
        assert found.decision == decision


def test_guardrails_know_a_resize_as_a_stop(stage: Stage) -> None:
    lit_by_day(stage)
    stage.define("guardrails: {actions: [start]}\n" + YAML)
    step = only(stage.run(18))
    words = "it is not resized from m5.large to m5.xlarge, because guardrails.actions does not allow to stop"
    assert (step.acts, step.decision.reason) == (False, f"period night is on; {words}")
    stage.define("guardrails: {max_changes: 0}\n" + YAML)
    assert isinstance(stage.run(18, 5).refused, GuardrailError)
    assert actions(stage) == []


def test_what_is_meanwhile_wanted_out_stays_out(stage: Stage) -> None:
    id_ = lit_by_day(stage)
    stage.run(18)
    stage.define(YAML.replace("sized: {", "sized: {override_status: stopped, "))
    stage.run(18, 5)
    assert looks(stage, id_) == ("stopped", "m5.large", "stopped")
    record = stage.record(id_)
    assert record is not None
    assert (record.memory.sized_for, record.memory.type_before) == ("", "")
    assert actions(stage) == ["stop"]


def test_an_open_window_is_waited_for(stage: Stage) -> None:
    stage.define(YAML.replace("sized: {", "sized: {ssm_maintenance_window: patches, "))
    stage.cloud.ssm.window("patches", "cron(0 18 ? * MON *)", hours=2)
    id_ = lit_by_day(stage)
    for hour, minute in ((17, 55), (18, 0), (19, 0), (19, 55)):
        assert not only(stage.run(hour, minute)).acts
    assert only(stage.run(20)).decision.rule == "resize"
    stage.run(20, 5)
    assert looks(stage, id_) == ("running", "m5.xlarge", "running")


def test_what_may_be_in_a_window_is_not_stopped(stage: Stage) -> None:
    stage.define(YAML.replace("sized: {", "sized: {ssm_maintenance_window: patches, "))
    id_ = lit_by_day(stage)
    stage.cloud.before = lambda _target, operation, _ids: (
        AccessDenied("not yours") if operation == "describe_maintenance_windows" else None
    )
    step = only(stage.run(18))
    assert (step.acts, step.waits, step.decision.rule) == (False, True, "window-unknown")
    stage.cloud.before = lambda *_: None
    stage.run(18, 5)
    stage.run(18, 10)
    assert looks(stage, id_) == ("running", "m5.xlarge", "running")


def test_a_pass_for_other_schedules_asks_nothing_and_stops_nothing(stage: Stage) -> None:
    lit_by_day(stage)
    other = stage.cloud.instance("day")
    stage.define("order: {}\n" + YAML)
    report = stage.run(18, schedules=frozenset({"day"}))
    assert [step.resource.id for step in report.steps] == [other]
    assert "describe_instance_types" not in [operation for _, operation, _ in stage.cloud.calls]
    assert actions(stage) == []


FREEZE = "calendars:\n  audit: {dates: 2026-11-23}\nperiods:"


def test_a_freeze_begins_no_resize_and_ends_one(stage: Stage) -> None:
    begun, later = lit_by_day(stage), lit_by_day(stage)
    stage.cloud.by_hand(later, "stopped")
    stage.run(18)
    stage.cloud.by_hand(later, "running")
    assert (looks(stage, begun)[0], looks(stage, later)[0]) == ("stopped", "running")
    stage.define(YAML.replace("periods:", FREEZE, 1).replace("sized: {", "sized: {freeze: audit, "))
    before = stage.record(later)
    report = stage.run(18, 5)
    found = {step.resource.id: step.decision for step in report.steps}
    assert (found[begun].rule, found[later].rule) == ("resize", "frozen")
    assert looks(stage, begun) == ("running", "m5.xlarge", "running")
    assert looks(stage, later)[:2] == ("running", "m5.large")
    assert stage.record(later) == before


@pytest.mark.parametrize("change", ["otherwise: any, periods: []", "stop_only: true, periods: [day, night]"])
def test_what_was_stopped_for_a_resize_is_lit_again_whatever_its_schedule_says_now(stage: Stage, change: str) -> None:
    id_ = lit_by_day(stage)
    stage.run(18)
    stage.define(YAML.replace("sized: {periods: [day@m5.large, night@m5.xlarge]", f"sized: {{{change}"))
    step = only(stage.run(18, 5))
    assert step.decision.reason.startswith("it was stopped to be resized, so it is started again (")
    assert looks(stage, id_)[:2] == ("running", "m5.large")
    assert not only(stage.run(18, 10)).acts


def test_a_start_by_hand_in_between_is_kept(stage: Stage) -> None:
    id_ = lit_by_day(stage)
    stage.run(18)
    start_or_stop(stage.world, [id_], Action.START, run="hand", author="ada")
    stage.cloud.settle()
    assert not only(stage.run(18, 5)).acts
    assert not only(stage.run(18, 10)).acts
    assert looks(stage, id_) == ("running", "m5.large", "running")
    assert actions(stage) == ["stop", "start"]


# --- failures -------------------------------------------------------------------------------------------


def test_without_capacity_for_the_new_type_it_goes_back_to_the_old_and_stays(stage: Stage) -> None:
    id_ = lit_by_day(stage)
    stage.cloud.short.add("m5.xlarge")
    stage.run(18)
    stage.run(18, 5)
    assert looks(stage, id_) == ("running", "m5.large", "running")
    assert not only(stage.run(18, 10)).acts
    stage.cloud.short.clear()
    assert not only(stage.run(19)).acts
    assert actions(stage) == ["stop", "start"]


def test_without_capacity_even_for_the_old_type_it_is_tried_until_it_comes(stage: Stage) -> None:
    id_ = lit_by_day(stage)
    stage.cloud.short |= {"m5.large", "m5.xlarge"}
    for minute in (0, 5, 10, 15):
        stage.run(18, minute)
    assert looks(stage, id_) == ("stopped", "m5.large", "start_failed")
    stage.cloud.thing(id_).extra["InstanceType"] = "m5.xlarge"  # as if a pass had died before the start
    stage.cloud.short.remove("m5.large")
    stage.run(18, 20)
    assert looks(stage, id_) == ("running", "m5.large", "running")


@pytest.mark.parametrize("error", [AccessDenied, Throttled, OutcomeUnknown])
def test_a_check_that_fails_stops_nothing_and_holds_back_a_start(stage: Stage, error: type[AccessDenied]) -> None:
    lit = lit_by_day(stage)
    out = stage.cloud.instance("day", InstanceType="c5.large")
    plain = stage.cloud.instance("day")
    alternates = stage.cloud.instance("choice", InstanceType="m5.xlarge")

    def refuse(_target: object, operation: str, _ids: object) -> AccessDenied | None:
        return error("no answer") if operation == "describe_instance_types" else None

    stage.cloud.before = refuse
    found = {step.resource.id: step.decision for step in stage.run(9).steps}
    assert found[out].reason == "period day is on; but types could not be checked: no answer"
    assert (found[out].action, found[out].rule, found[out].store) == (Action.NONE, "types-unknown", "unknown")
    assert found[alternates].reason == "period day is on; types could not be checked: no answer"
    assert [stage.cloud.state(id_) for id_ in (out, plain, alternates)] == ["stopped", "running", "running"]
    found = {step.resource.id: step.decision for step in stage.run(18).steps}
    assert (found[lit].action, found[lit].reason) == (
        Action.NONE,
        "period night is on; types could not be checked: no answer",
    )
    stage.cloud.before = lambda *_: None
    stage.run(18, 5)
    stage.run(18, 10)
    assert type_of(stage, lit) == "m5.xlarge"


def test_what_is_stopped_already_is_started_although_the_check_fails(stage: Stage) -> None:
    id_ = lit_by_day(stage)
    stage.run(18)
    stage.cloud.before = lambda _target, operation, _ids: (
        Throttled("busy") if operation.startswith("describe_instance_type") else None
    )
    stage.run(18, 5)
    assert looks(stage, id_) == ("running", "m5.xlarge", "running")


def test_a_stop_that_fails_is_tried_again(stage: Stage) -> None:
    id_ = lit_by_day(stage)
    stage.cloud.before = lambda _target, operation, _ids: Throttled("busy") if operation == "stop_instances" else None
    stage.run(18)
    assert looks(stage, id_) == ("running", "m5.large", "stop_failed")
    stage.cloud.before = lambda *_: None
    stage.run(18, 5)
    stage.run(18, 10)
    assert looks(stage, id_) == ("running", "m5.xlarge", "running")


def test_a_lost_answer_of_a_change_of_type(stage: Stage) -> None:
    id_ = lit_by_day(stage)
    stage.run(18)
    stage.cloud.after = lambda _target, operation, _ids: (
        OutcomeUnknown("lost") if operation == "modify_instance_attribute" else None
    )
    stage.run(18, 5)
    assert (looks(stage, id_), len(stage.intents())) == (("stopped", "m5.xlarge", "stopped_for_resize"), 1)
    stage.cloud.after = lambda *_: None
    stage.run(18, 10)
    assert (looks(stage, id_), stage.intents()) == (("running", "m5.xlarge", "running"), [])


# --- other kinds ----------------------------------------------------------------------------------------


def test_kinds_that_are_not_resized_say_so_and_are_started_all_the_same(stage: Stage) -> None:
    database = stage.cloud.database("orders", "sized")
    step = only(stage.run(8))
    words = "its type stays, because the type of a resource of kind rds-instance is not changed"
    assert step.decision.reason == f"period day is on; {words}"
    assert stage.cloud.state(database) == "available"
    assert only(stage.run(18)).decision.reason == f"period night is on; {words}"
    assert stage.journal() == [("orders", "start", "done")]


# --- deaths ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quick", [True, False], ids=["quick", "slow"])
@pytest.mark.parametrize("short", [(), ("m5.xlarge",)], ids=["capacity", "no capacity"])
@pytest.mark.parametrize("passes", [0, 1], ids=["the stop dies", "the start dies"])
@pytest.mark.slow
def test_a_resize_that_dies_at_any_moment(quick: bool, short: tuple[str, ...], passes: int) -> None:
    at = 0
    while True:
        at += 1
        stage = stage_of(quick=quick)
        ids = [lit_by_day(stage), lit_by_day(stage, "sized-retain")]
        stage.cloud.short |= set(short)
        stage.clock.at(18)
        for _ in range(passes):
            stage.run()
        died = stage.kill(at)
        for _ in range(4):
            stage.clock.now += LEASE
            stage.run()
        wanted = "m5.large" if short else "m5.xlarge"
        for id_ in ids:
            assert looks(stage, id_) == ("running", wanted, "running"), at
            assert [e.action for e in stage.cloud.effects if e.id == id_] == ["stop", "start"], at
        assert stage.cloud.wasted == []
        assert stage.intents() == []
        if not died:
            break
    assert at > 20


@pytest.mark.slow
def test_a_resize_that_dies_at_every_step(stage: Stage) -> None:
    """Each pass dies one call later than the one before; what is done is done once."""
    id_ = lit_by_day(stage)
    stage.clock.at(18)
    for at in range(1, 60):
        stage.kill(at)
        stage.cloud.settle()
        stage.clock.now += LEASE
    stage.run()
    assert looks(stage, id_) == ("running", "m5.xlarge", "running")
    assert actions(stage) == ["stop", "start"]
