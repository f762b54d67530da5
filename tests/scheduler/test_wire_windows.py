"""Maintenance windows over the wire: SSM's by name and by target, and the weekly ones of databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.scheduler.conftest import KINDS, configuration, decisions

from lamplighter.aws.access import Aws
from lamplighter.estate.control import deny, start_thread
from lamplighter.estate.testing import MANAGEMENT, MONDAY, REGION, EstateProbe
from lamplighter.scheduler.passes import PassReport, World, run_pass
from lamplighter.scheduler.why import why
from lamplighter.store.sqlite import SqliteStore

YAML = """
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
schedules:
  office: {periods: office}
  patched: {periods: office, ssm_maintenance_window: patch-tuesday}
"""
BY_TARGET = f"{YAML}windows: {{ssm_targets: true}}\n"
WINDOW: dict[str, Any] = {
    "Name": "patch-tuesday",
    "Schedule": "cron(0 2 ? * TUE *)",
    "Duration": 3,
    "Cutoff": 1,
    "AllowUnassociatedTargets": False,
}


class Wire:
    """A simulated AWS and passes by its clock."""

    def __init__(self, estate: EstateProbe, aws: Aws, store: SqliteStore) -> None:
        self.estate, self.aws, self.store = estate, aws, store
        self.runs = 0

    def world(self, yaml: str) -> World:
        config = configuration(yaml)
        assert config.problems == ()
        return World(self.aws, self.store, config, KINDS, self.estate.control.now)

    def run(self, yaml: str, hours: float) -> PassReport:
        """A pass `hours` after midnight of Monday; afterwards everything under way arrives."""
        self.estate.control.set_clock(MONDAY - timedelta(hours=8) + timedelta(hours=hours))
        self.runs += 1
        report = run_pass(self.world(yaml), run=f"run-{self.runs}")
        self.estate.control.finish_transitions()
        return report

    def launch(self, schedule: str, **tags: str) -> str:
        """A stopped instance."""
        pairs = [{"Key": key, "Value": value} for key, value in {"Schedule": schedule, **tags}.items()]
        [id_] = self.estate.launch(TagSpecifications=[{"ResourceType": "instance", "Tags": pairs}])
        self.estate.client("ec2").stop_instances(InstanceIds=[id_])
        self.estate.control.finish_transitions()
        return id_


@pytest.fixture(scope="module")
def _probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        probe = EstateProbe(server)
        yield probe
        probe.close()


@pytest.fixture
def wire(_probe: EstateProbe, tmp_path: Path) -> Iterator[Wire]:
    _probe.fresh()
    store = SqliteStore(tmp_path / "lamp.db")
    with Aws(region=REGION, environ=_probe.server.environment, retries=0) as aws:
        yield Wire(_probe, aws, store)
    store.close()


def test_a_named_window_lights_and_is_put_back(wire: Wire) -> None:
    wire.estate.client("ssm").create_maintenance_window(**WINDOW)
    patched, office = wire.launch("patched"), wire.launch("office")
    wire.run(YAML, 20)
    for hours, state in [(25.7, "stopped"), (25.9, "running"), (28.9, "running"), (29, "stopped")]:
        assert not wire.run(YAML, hours).partial
        assert wire.estate.states([patched, office]) == [state, "stopped"], hours


def test_a_first_pass_within_a_window_and_why(wire: Wire) -> None:
    wire.estate.client("ssm").create_maintenance_window(**{**WINDOW, "ScheduleTimezone": "America/New_York"})
    id_ = wire.launch("patched")
    wire.estate.control.set_clock(MONDAY - timedelta(hours=8) + timedelta(hours=32))
    answer = why(wire.world(YAML), id_, at=wire.estate.control.now())
    assert answer.found[0].step.decision.reason == ("period office is on"), (
        "its schedule wants it lit anyway at 08:00 UTC"
    )
    wire.estate.control.set_clock(MONDAY - timedelta(hours=8) + timedelta(hours=31.5))
    answer = why(wire.world(YAML), id_, at=wire.estate.control.now())
    assert answer.found[0].step.decision.reason == (
        "maintenance window patch-tuesday lasts from 2026-11-24T07:00+00:00 to 2026-11-24T10:00+00:00"
    )


def test_windows_by_their_targets(wire: Wire) -> None:
    ssm = wire.estate.client("ssm")
    window = ssm.create_maintenance_window(**WINDOW)["WindowId"]
    by_id, by_tag, other = wire.launch("office"), wire.launch("office", Team="blue"), wire.launch("office", Team="red")
    task = wire.launch("office")
    for chosen in ({"Key": "InstanceIds", "Values": [by_id]}, {"Key": "tag:Team", "Values": ["blue"]}):
        ssm.register_target_with_maintenance_window(WindowId=window, ResourceType="INSTANCE", Targets=[chosen])
    ssm.register_task_with_maintenance_window(
        WindowId=window,
        TaskArn="AWS-RunPatchBaseline",
        TaskType="RUN_COMMAND",
        Targets=[{"Key": "InstanceIds", "Values": [task]}],
    )
    ids = [by_id, by_tag, task, other]
    assert not wire.run(BY_TARGET, 26).partial
    assert wire.estate.states(ids) == ["running", "running", "running", "stopped"]
    wire.run(BY_TARGET, 29)
    assert wire.estate.states(ids) == ["stopped"] * 4


def test_what_may_not_be_read_is_held_back_and_said(wire: Wire) -> None:
    id_ = wire.launch("patched")
    wire.run(YAML, 8)
    wire.estate.control.inject(deny(MANAGEMENT, "ssm:DescribeMaintenanceWindows"))
    report = wire.run(YAML, 18)
    assert decisions(report) == {id_: ("none", "window-unknown")}
    assert "not authorized" in report.steps[0].decision.reason
    assert wire.estate.states([id_]) == ["running"]


def test_a_database_is_lit_for_its_weekly_window(wire: Wire) -> None:
    tags = [{"Key": "Schedule", "Value": "office"}]
    wire.estate.database("orders", PreferredMaintenanceWindow="Tue:23:45-Wed:00:15", Tags=tags)
    wire.estate.control.finish_transitions()
    for hours, status in [
        (20, "stopped"),
        (44, "stopped"),
        (47.6, "available"),
        (48.2, "available"),
        (48.25, "stopped"),
    ]:
        wire.run(YAML, hours)
        assert wire.estate.statuses()["orders"] == status, hours


def test_without_windows_nothing_more_is_asked(wire: Wire) -> None:
    wire.launch("office")
    wire.run(YAML, 20)
    wire.estate.control.clear_calls()
    wire.run(YAML, 26)
    actions = {row["action"] for row in wire.estate.control.calls().counts}
    assert actions == {"DescribeInstances", "DescribeDBInstances", "DescribeDBClusters"}
