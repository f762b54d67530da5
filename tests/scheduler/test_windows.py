"""Passes over maintenance windows: SSM's by name and by target, and those of databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from botocore import xform_name
from tests.actions import beside
from tests.models import service_model
from tests.scheduler.conftest import HERE, MONDAY, THERE, Cloud, Fault, Killed, Stage, configuration, decisions

from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, AwsError, CapacityUnavailable
from lamplighter.resources.kind import Kind, Resource, Result, Search, Session
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions
from lamplighter.scheduler import window_targets, windows
from lamplighter.scheduler.overrides import set_override
from lamplighter.schedules.decision import Live
from lamplighter.schedules.overrides import Hold, Override

PERIODS = """
version: 1
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
"""
YAML = f"""{PERIODS}
schedules:
  office: {{periods: office}}
  patched: {{periods: office, ssm_maintenance_window: patch-tuesday}}
  retain: {{periods: office, retain_running: true, ssm_maintenance_window: patch-tuesday}}
  stay: {{periods: office, stay_off: true, ssm_maintenance_window: patch-tuesday}}
  open: {{otherwise: any, ssm_maintenance_window: patch-tuesday}}
  without: {{periods: office, use_maintenance_window: false, ssm_maintenance_window: patch-tuesday}}
  stops: {{periods: office, stop_only: true, ssm_maintenance_window: patch-tuesday}}
  strict: {{periods: office, enforced: true, ssm_maintenance_window: patch-tuesday}}
"""
BY_TARGET = f"{YAML}\nwindows: {{ssm_targets: true}}\n"
ARN = "arn:aws:ecs:eu-west-1:111122223333:service/c/g"
TUESDAY = "cron(0 2 ? * TUE *)"
"""Open from Tuesday 02:00 to 05:00."""


class Sized(Kind):
    """One group whose start is two calls, and may end after the first."""

    name = "sized"
    batch = 10
    may_start_from = may_stop_from = frozenset({"0", "2"})

    def __init__(self) -> None:
        self.size = 2
        self.fails = ""

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        live = Live.RUNNING if self.size else Live.STOPPED
        here, size = session.target, {"desired": str(self.size)}
        yield Resource("sized", "g", ARN, here.account, here.region, "g", {}, "office", live, str(self.size), size=size)

    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        self.size = 1
        if self.fails == "killed":
            raise Killed
        if self.fails:
            return [Result("g", AccessDenied("the second call is refused"))]
        self.size = 2
        return [Result("g")]

    def stop(self, session: Session, resources: Sequence[Resource], how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        self.size = 0
        return [Result("g")]


def scene(yaml: str = YAML, *, schedule: str = TUESDAY, cloud: Cloud | None = None) -> Stage:
    """A window for three hours from Tuesday 02:00."""
    assert configuration(yaml).problems == ()
    stage = Stage(yaml, cloud=cloud)
    stage.cloud.ssm.window("patch-tuesday", schedule)
    return stage


def refuse(*operations: str) -> Fault:
    def fault(_target: Target, operation: str, _ids: Sequence[str]) -> AwsError | None:
        return AccessDenied(f"{operation} is refused", code="AccessDenied") if operation in operations else None

    return fault


def asked(stage: Stage) -> list[str]:
    return [operation for _, operation, _ in stage.cloud.calls if operation != "describe_instances"]


# --- by name ------------------------------------------------------------------------------------------------


def test_a_night_with_a_window() -> None:
    stage = scene()
    id_ = stage.cloud.instance("patched")
    stage.run(20)
    assert stage.stored(id_) == "stopped"
    for hour, minute, state in [
        (1, 45, "stopped"),
        (1, 50, "running"),
        (2, 0, "running"),
        (4, 55, "running"),
        (5, 0, "stopped"),
        (5, 5, "stopped"),
        (8, 0, "running"),
    ]:
        stage.run(hour, minute, day=1)
        assert stage.cloud.state(id_) == state, (hour, minute)
    assert stage.journal() == [(id_, "start", "done"), (id_, "stop", "done"), (id_, "start", "done")]
    assert stage.stored(id_) == "running"
    record = stage.record(id_)
    assert record is not None
    assert record.memory.window == record.memory.returns == ""


@pytest.mark.parametrize("hour", [1, 2, 3, 4])
def test_the_first_pass_of_all_finds_an_open_window(hour: int) -> None:
    stage = scene()
    id_ = stage.cloud.instance("patched")
    report = stage.run(hour, 55, day=1)
    assert decisions(report) == {id_: ("start", "maintenance-window")}
    assert report.steps[0].decision.reason == (
        "maintenance window patch-tuesday lasts from 2026-11-24T02:00+00:00 to 2026-11-24T05:00+00:00"
    )
    assert decisions(stage.run(5, 0, day=1)) == {id_: ("stop", "maintenance-window")}
    assert stage.stored(id_) == "stopped"


def test_a_window_made_in_the_middle_of_its_hours_does_not_run_yet() -> None:
    stage = Stage(YAML)
    id_ = stage.cloud.instance("patched")
    stage.cloud.ssm.window("patch-tuesday", TUESDAY, created=MONDAY + timedelta(days=1, hours=2, minutes=30))
    assert decisions(stage.run(3, day=1)) == {id_: ("none", "schedule")}
    assert decisions(stage.run(3, day=8)) == {id_: ("start", "maintenance-window")}


def test_only_what_its_schedule_names_is_lit() -> None:
    stage = scene()
    stage.cloud.ssm.window("backup", TUESDAY)
    ids = {name: stage.cloud.instance(name) for name in ("office", "patched", "without", "stops")}
    stage.cloud.database("orders", "patched")
    stage.run(2, day=1)
    assert {name: stage.cloud.state(id_) for name, id_ in ids.items()} == {
        "office": "stopped",
        "patched": "running",
        "without": "stopped",
        "stops": "stopped",
    }
    assert stage.cloud.state("orders") == "stopped", "names are for EC2 instances"


def test_a_stop_by_hand_in_a_window_is_heeded_and_enforced_undoes_it() -> None:
    stage = scene()
    plain, strict = stage.cloud.instance("patched"), stage.cloud.instance("strict")
    stage.run(2, day=1)
    for id_ in (plain, strict):
        stage.cloud.by_hand(id_, "stopped")
    assert decisions(stage.run(2, 10, day=1)) == {plain: ("none", "unchanged"), strict: ("start", "maintenance-window")}
    stage.run(5, day=1)
    assert [stage.cloud.state(id_) for id_ in (plain, strict)] == ["stopped", "stopped"]
    stage.run(8, day=1)
    assert [stage.cloud.state(id_) for id_ in (plain, strict)] == ["running", "running"]


def test_a_window_never_puts_out_what_would_be_lit() -> None:
    """Each is compared with one of the same schedule without windows; the passes do not touch either by hand."""
    stage, plain = scene(), Stage(YAML)
    pairs = []
    for one in (stage, plain):
        retained, kept, open_ = (one.cloud.instance(name) for name in ("retain", "patched", "open"))
        one.run(7)
        for id_ in (retained, kept, open_):
            one.cloud.by_hand(id_, "running")
        pairs.append((retained, kept, open_))
        one.run(8)
        one.run(18)
        one.cloud.by_hand(kept, "running")
        for hour in (1, 2, 4, 5, 6, 8, 19):
            one.run(hour, 55, day=1)
            if one is stage:
                assert [one.cloud.state(id_) for id_ in pairs[0]] == (
                    ["running"] * 3 if hour < 19 else ["running", "stopped", "running"]
                )
    for mine, other in zip(*pairs, strict=True):
        assert (stage.cloud.state(mine), stage.stored(mine)) == (plain.cloud.state(other), plain.stored(other))


def test_stopped_by_hand_under_stay_off_is_put_back_so() -> None:
    stage = scene()
    id_ = stage.cloud.instance("stay")
    stage.run(8)
    stage.cloud.by_hand(id_, "stopped")
    stage.run(12)
    assert stage.stored(id_) == "stopped-by-hand"
    stage.run(2, day=1)
    assert stage.cloud.state(id_) == "running"
    stage.run(5, day=1)
    stage.run(9, day=1)
    assert (stage.cloud.state(id_), stage.stored(id_)) == ("stopped", "stopped-by-hand")


def test_a_window_that_runs_into_office_hours_hands_over() -> None:
    stage = scene(schedule="cron(0 6 ? * TUE *)")
    id_ = stage.cloud.instance("patched")
    for hour, day in [(20, 0), (6, 1), (8, 1), (9, 1), (12, 1), (18, 1)]:
        stage.run(hour, day=day)
    assert stage.journal() == [(id_, "start", "done"), (id_, "stop", "done")]


def test_a_stop_waits_for_the_end_of_a_window() -> None:
    stage = scene(schedule="cron(0 17 ? * TUE *)")
    id_ = stage.cloud.instance("patched")
    stage.run(12, day=1)
    held = stage.run(18, day=1)
    assert decisions(held) == {id_: ("none", "maintenance-window")}
    assert held.steps[0].decision.reason == (
        "no period is on; but maintenance window patch-tuesday lasts from 2026-11-24T17:00+00:00 to "
        "2026-11-24T20:00+00:00, so it is kept lit"
    )
    stage.run(20, day=1)
    assert stage.cloud.state(id_) == "stopped"


@pytest.mark.parametrize(("hold", "state"), [(Hold.STOPPED, "stopped"), (Hold.LEAVE_ALONE, "stopped")])
def test_an_override_beats_a_window(hold: Hold, state: str) -> None:
    stage = scene()
    id_ = stage.cloud.instance("patched")
    stage.run(20)
    until = MONDAY + timedelta(days=1, hours=4)
    set_override(stage.plain, Override("o1", hold, id_, until, "", "ada", MONDAY))
    for minute in (0, 30):
        stage.run(2, minute, day=1)
        assert stage.cloud.state(id_) == state
    stage.run(4, day=1)
    assert stage.cloud.state(id_) == "running", "what was missed is done when the override is over"
    stage.run(5, day=1)
    assert stage.cloud.state(id_) == "stopped"


def test_a_window_that_is_disabled_or_deleted_meanwhile_is_over() -> None:
    for change in ("disabled", "deleted"):
        stage = scene()
        id_ = stage.cloud.instance("patched")
        stage.run(2, day=1)
        [window] = stage.cloud.ssm.windows
        if change == "disabled":
            stage.cloud.ssm.windows[window]["Enabled"] = False
        else:
            del stage.cloud.ssm.windows[window]
        stage.run(3, day=1)
        assert stage.cloud.state(id_) == "stopped", change


# --- what is asked ------------------------------------------------------------------------------------------


def test_a_fleet_without_windows_asks_nothing_more() -> None:
    stage = scene()
    stage.cloud.instance("office")
    stage.cloud.instance("without")
    stage.cloud.instance("stops")
    stage.run(3, day=1)
    assert asked(stage) == ["describe_db_clusters", "describe_db_instances"]


def test_names_cost_one_call_and_a_second_while_open() -> None:
    stage = scene()
    stage.cloud.ssm.window("backup", TUESDAY)
    for _ in range(60):
        stage.cloud.instance("patched")
    stage.run(0, day=1)
    assert asked(stage)[2:] == ["describe_maintenance_windows"]
    stage.cloud.calls.clear()
    stage.run(1, 55, day=1)
    assert asked(stage)[2:] == ["describe_maintenance_windows", "start_instances", "start_instances"]
    stage.cloud.calls.clear()
    stage.run(3, day=1)
    assert asked(stage)[2:] == ["describe_maintenance_windows", "get_maintenance_window"]


def test_a_quiet_pass_in_a_window_writes_nothing_of_resources() -> None:
    stage = scene()
    id_ = stage.cloud.instance("patched")
    stage.run(2, day=1)
    stage.run(2, 5, day=1)
    before = stage.record(id_)
    stage.run(2, 10, day=1)
    assert stage.record(id_) == before


def test_the_iam_actions_are_those_of_the_calls() -> None:
    stage = scene(BY_TARGET)
    stage.cloud.instance("patched")
    window = next(iter(stage.cloud.ssm.windows))
    stage.cloud.ssm.groups["team"] = {}
    stage.cloud.ssm.register(window, group=["team"])
    stage.run(3, day=1)
    operations = {
        xform_name(name): f"{service}:{name}"
        for service in ("ssm", "resource-groups")
        for name in service_model(service).operation_names
    }
    called = {operations[operation] for operation in asked(stage) if operation in operations}
    also = {action for each in called for action in beside(each)}
    assert called | also == {*windows.PERMISSIONS, *window_targets.PERMISSIONS}


# --- by target ----------------------------------------------------------------------------------------------


def test_what_a_window_is_registered_for_is_lit_in_its_own_target() -> None:
    stage = scene(BY_TARGET, cloud=Cloud(HERE, THERE))
    [window] = stage.cloud.ssm.windows
    chosen = stage.cloud.instance("office")
    by_tag = stage.cloud.instance("office", tags={"Team": "blue"})
    other = stage.cloud.instance("office", tags={"Team": "red"})
    far = stage.cloud.instance("office", at=THERE)
    stage.cloud.database("orders", "office")
    stage.cloud.database("ledger", "office")
    stage.cloud.ssm.register(window, InstanceIds=[chosen, far])
    stage.cloud.ssm.register(window, tag_Team=["blue", "green"])
    stage.cloud.ssm.register(window, group=["team"])
    stage.cloud.ssm.groups["team"] = {"arn:aws:rds:eu-west-1:111122223333:db:orders": "AWS::RDS::DBInstance"}
    stage.run(2, day=1)
    states = {id_: stage.cloud.state(id_) for id_ in (chosen, by_tag, other, far, "orders", "ledger")}
    lit = {id_ for id_, state in states.items() if state in ("running", "available")}
    assert lit == {chosen, by_tag, far, "orders"}
    stage.run(5, day=1)
    assert {stage.cloud.state(id_) for id_ in states} == {"stopped"}


def test_the_instances_of_a_task_count_too() -> None:
    stage = scene(BY_TARGET)
    [window] = stage.cloud.ssm.windows
    id_, other = stage.cloud.instance("office"), stage.cloud.instance("office")
    stage.cloud.ssm.tasks[window] = [
        {"WindowTaskId": "1", "Targets": [{"Key": "InstanceIds", "Values": [id_]}]},
        {"WindowTaskId": "2", "Targets": [{"Key": "WindowTargetIds", "Values": ["t"]}]},
        {"WindowTaskId": "3"},
    ]
    stage.run(2, day=1)
    assert (stage.cloud.state(id_), stage.cloud.state(other)) == ("running", "stopped")


def test_targets_are_read_only_while_a_window_is_open() -> None:
    stage = scene(BY_TARGET)
    stage.cloud.instance("office")
    stage.run(0, day=1)
    assert asked(stage)[2:] == ["describe_maintenance_windows"]


# --- doubt --------------------------------------------------------------------------------------------------


def test_windows_that_cannot_be_read_hold_back_stops_and_nothing_else() -> None:
    stage = scene()
    patched, office, out = (stage.cloud.instance(name) for name in ("patched", "office", "patched"))
    stage.run(17)
    stage.cloud.by_hand(out, "stopped")
    stage.cloud.before = refuse("describe_maintenance_windows")
    report = stage.run(18)
    assert decisions(report) == {
        patched: ("none", "window-unknown"),
        office: ("stop", "schedule"),
        out: ("none", "schedule"),
    }
    assert not report.partial
    reason = next(step.decision.reason for step in report.steps if step.resource.id == patched)
    assert reason == (
        "no period is on; but the maintenance windows of SSM cannot be read: describe_maintenance_windows is refused"
    )
    assert stage.stored(patched) == "running"
    assert stage.run(8, day=1).steps[-1].decision.action.value == "start"
    stage.cloud.before = lambda *_: None
    stage.run(18, day=1)
    assert stage.cloud.state(patched) == "stopped"


def test_in_doubt_a_window_that_was_met_lasts_until_its_end() -> None:
    stage = scene()
    id_ = stage.cloud.instance("patched")
    stage.run(2, day=1)
    stage.cloud.before = refuse("describe_maintenance_windows")
    assert decisions(stage.run(4, day=1)) == {id_: ("none", "maintenance-window")}
    assert decisions(stage.run(5, day=1)) == {id_: ("none", "window-unknown")}
    stage.cloud.before = lambda *_: None
    assert decisions(stage.run(5, 5, day=1)) == {id_: ("stop", "maintenance-window")}


def test_in_doubt_an_override_to_stopped_is_still_done() -> None:
    stage = scene()
    id_ = stage.cloud.instance("patched")
    stage.run(12)
    stage.cloud.before = refuse("describe_maintenance_windows")
    set_override(stage.plain, Override("o1", Hold.STOPPED, id_, MONDAY + timedelta(days=1), "", "ada", MONDAY))
    assert decisions(stage.run(13)) == {id_: ("stop", "override")}


def test_a_window_of_which_it_is_not_known_when_it_was_made_lights_nothing() -> None:
    stage = scene()
    id_ = stage.cloud.instance("patched")
    stage.cloud.before = refuse("get_maintenance_window")
    assert decisions(stage.run(3, day=1)) == {id_: ("none", "schedule")}
    stage.cloud.by_hand(id_, "running")
    stage.cloud.before = lambda *_: None
    assert stage.run(8, day=1).steps


def test_a_schedule_that_cannot_be_read_is_shown_and_its_next_execution_believed() -> None:
    stage = scene(schedule="every tuesday")
    [window] = stage.cloud.ssm.windows.values()
    window["NextExecutionTime"] = "2026-11-24T02:00Z"
    id_ = stage.cloud.instance("patched")
    assert decisions(stage.run(1, 55, day=1)) == {id_: ("start", "maintenance-window")}
    window["NextExecutionTime"] = "2026-12-01T02:00Z"
    assert decisions(stage.run(4, day=1)) == {id_: ("none", "maintenance-window")}
    held = stage.run(5, day=1)
    assert decisions(held) == {id_: ("none", "window-unknown")}
    assert "patch-tuesday is open: its schedule cannot be read: 'every tuesday'" in held.steps[0].decision.reason


@pytest.mark.parametrize(
    "operation", ["describe_maintenance_window_targets", "describe_maintenance_window_tasks", "list_group_resources"]
)
def test_targets_that_cannot_be_read_hold_back_stops(operation: str) -> None:
    stage = scene(BY_TARGET, schedule="cron(0 17 ? * TUE *)")
    [window] = stage.cloud.ssm.windows
    chosen, other = stage.cloud.instance("office"), stage.cloud.instance("office")
    named = stage.cloud.instance("patched")
    stage.cloud.ssm.register(window, InstanceIds=[chosen])
    stage.cloud.ssm.register(window, group=["team"])
    stage.cloud.ssm.groups["team"] = {}
    stage.run(12, day=1)
    stage.cloud.before = refuse(operation)
    found = stage.run(18, day=1)
    by_id = {step.resource.id: step.decision for step in found.steps}
    rule = "maintenance-window" if operation == "list_group_resources" else "window-unknown"
    assert {id_: (d.action.value, d.rule) for id_, d in by_id.items()} == {
        chosen: ("none", rule),
        other: ("none", "window-unknown"),
        named: ("none", "maintenance-window"),
    }
    assert f"{operation} is refused" in by_id[other].reason
    stage.run(20, day=1)
    assert {stage.cloud.state(id_) for id_ in by_id} == {"stopped"}, "over it is, whatever it was for"


# --- those of databases -------------------------------------------------------------------------------------


def test_databases_are_lit_for_their_own_windows() -> None:
    stage = Stage(YAML)
    for name, schedule in (("orders", "office"), ("ledger", "without")):
        stage.cloud.database(name, schedule, PreferredMaintenanceWindow="tue:03:00-tue:03:30")
    stage.cloud.database("plain", "office")
    stage.run(2, 49, day=1)
    stage.run(2, 50, day=1)
    assert [stage.cloud.state(name) for name in ("orders", "ledger", "plain")] == ["available", "stopped", "stopped"]
    [reason] = {
        step.decision.reason for step in stage.run(3, day=1, dry_run=True).steps if step.resource.id == "orders"
    }
    assert "maintenance window tue:03:00-tue:03:30 lasts from 2026-11-24T03:00+00:00 to" in reason
    stage.run(3, 30, day=1)
    assert stage.cloud.state("orders") == "stopped"
    stage.define(f"{YAML}\nwindows: {{preferred: false}}\n")
    stage.run(3, day=8)
    assert stage.cloud.state("orders") == "stopped"


def test_the_lead_is_that_of_the_file() -> None:
    stage = Stage(f"{YAML}\nwindows: {{lead: 1h}}\n")
    stage.cloud.database("orders", "office", PreferredMaintenanceWindow="tue:03:00-tue:03:30")
    stage.run(1, 59, day=1)
    assert stage.cloud.state("orders") == "stopped"
    stage.run(2, day=1)
    assert stage.cloud.state("orders") == "available"


def test_a_window_that_cannot_be_read_holds_back_the_stops_of_its_database_only() -> None:
    stage = Stage(YAML)
    stage.cloud.database("orders", "office", PreferredMaintenanceWindow="any time")
    stage.cloud.database("ledger", "office")
    stage.run(12)
    report = stage.run(18)
    assert decisions(report) == {"ledger": ("stop", "schedule"), "orders": ("none", "window-unknown")}
    assert report.steps[1].decision.reason == (
        "no period is on; but its maintenance window cannot be read: 'any time' is not a weekly window"
    )


# --- what fails ---------------------------------------------------------------------------------------------


def test_a_start_that_fails_is_tried_again_in_the_window_and_forgets_nothing() -> None:
    stage = scene()
    id_ = stage.cloud.instance("stay")
    stage.run(8)
    stage.cloud.by_hand(id_, "stopped")
    stage.run(9)
    full = CapacityUnavailable("no capacity", code="InsufficientInstanceCapacity")
    stage.cloud.before = lambda _, operation, __: full if operation == "start_instances" else None
    for minute in (0, 10, 20):
        report = stage.run(2, minute, day=1)
        assert decisions(report) == {id_: ("start", "maintenance-window")}
        assert report.partial
        record = stage.record(id_)
        assert record is not None
        assert (record.stored.value, record.error) == ("stopped-by-hand", "no capacity")
    stage.cloud.before = lambda *_: None
    stage.run(2, 30, day=1)
    assert stage.cloud.state(id_) == "running"
    stage.run(5, day=1)
    stage.run(9, day=1)
    assert (stage.cloud.state(id_), stage.stored(id_)) == ("stopped", "stopped-by-hand")


def test_a_stop_after_it_that_fails_is_tried_again() -> None:
    stage = scene()
    id_ = stage.cloud.instance("open")
    stage.run(20)
    stage.run(2, day=1)
    stage.cloud.before = refuse("stop_instances")
    stage.run(5, day=1)
    assert stage.stored(id_) == "stop_failed"
    stage.cloud.before = lambda *_: None
    stage.run(5, 5, day=1)
    assert (stage.cloud.state(id_), stage.stored(id_)) == ("stopped", "any")


def test_after_a_failed_start_what_somebody_lights_is_left() -> None:
    stage = scene()
    id_ = stage.cloud.instance("patched")
    stage.run(20)
    stage.cloud.before = refuse("start_instances")
    stage.run(2, day=1)
    stage.cloud.before = lambda *_: None
    stage.cloud.by_hand(id_, "running")
    stage.run(2, 10, day=1)
    stage.run(5, day=1)
    assert stage.cloud.state(id_) == "running"


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.slow
def test_a_pass_that_dies_at_any_moment_of_a_window(known: bool, quick: bool) -> None:
    """Both the pass that lights and the one that puts back may die, each at any moment; by hand stays by hand."""
    at = 0
    died = [True, True]
    while any(died):
        at += 1
        died = []
        stage = scene(cloud=Cloud(HERE, quick=quick))
        id_, by_hand = stage.cloud.instance("patched"), stage.cloud.instance("patched")
        if known:
            stage.run(20)
        stage.clock.at(1, 55, day=1)
        stage.cloud.by_hand(by_hand, "running") if known else None
        died.append(stage.kill(at))
        stage.cloud.settle()
        stage.run(2, 10, day=1)
        assert stage.cloud.state(id_) == "running", at
        stage.run(3, day=1)
        stage.clock.at(5, day=1)
        died.append(stage.kill(at))
        stage.cloud.settle()
        stage.run(5, 10, day=1)
        stage.run(5, 20, day=1)
        assert stage.cloud.state(id_) == "stopped", at
        assert stage.cloud.state(by_hand) == ("running" if known else "stopped"), at
        stage.run(8, day=1)
        stage.run(18, day=1)
        assert stage.cloud.state(id_) == "stopped", at
        assert stage.cloud.wasted == []
        assert stage.intents() == []


def test_a_start_that_was_not_written_down_is_still_for_the_window() -> None:
    stage = scene()
    id_ = stage.cloud.instance("patched")
    stage.clock.at(2, day=1)
    stage.kill_after("start_instances")
    stage.run(2, 10, day=1)
    assert stage.journal() == [(id_, "start", "found")]
    stage.run(5, day=1)
    assert stage.cloud.state(id_) == "stopped"
    assert stage.cloud.wasted == []


# --- kinds with a size: half lit ----------------------------------------------------------------------------


def half_started(*, killed: bool) -> tuple[Stage, Sized]:
    """A group of two that was put out by us; its start for the window ends half way."""
    group = Sized()
    stage = scene(BY_TARGET)
    stage.with_kinds({"sized": group})
    [window] = stage.cloud.ssm.windows
    stage.cloud.ssm.register(window, group=["team"])
    stage.cloud.ssm.groups["team"] = {ARN: "AWS::ECS::Service"}
    stage.run(20)
    assert group.size == 0
    group.fails = "killed" if killed else "refused"
    stage.clock.at(2, day=1)
    if killed:
        with pytest.raises(Killed):
            stage.run()
    else:
        assert stage.run().partial
    assert group.size == 1
    group.fails = ""
    stage.clock.at(2, 10, day=1)
    return stage, group


@pytest.mark.parametrize("killed", [True, False])
def test_a_start_that_ends_half_way_is_finished_and_put_back(killed: bool) -> None:
    stage, group = half_started(killed=killed)
    assert decisions(stage.run()) == {"g": ("start", "maintenance-window")}
    assert group.size == 2
    stage.run(5, day=1)
    assert group.size == 0


@pytest.mark.parametrize("killed", [True, False])
def test_a_start_that_ends_half_way_is_put_back_also_without_a_pass_in_the_window(killed: bool) -> None:
    stage, group = half_started(killed=killed)
    assert decisions(stage.run(6, day=1)) == {"g": ("stop", "maintenance-window")}
    assert group.size == 0
    assert stage.stored("g") == "stopped"
