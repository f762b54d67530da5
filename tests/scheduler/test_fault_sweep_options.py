"""The same sweep over the calls that a pass makes only if it is asked to: types, metrics of use, windows, tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.scheduler.conftest import configuration
from tests.scheduler.test_fault_sweep import FAULTS, FIRST, TAGGED, Sweep, calls_of

from lamplighter.aws.access import Aws
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.resources.registry import kinds
from lamplighter.scheduler.passes import PassReport, World, run_pass
from lamplighter.store.sqlite import SqliteStore

pytestmark = pytest.mark.slow

YAML = f"""
targets: {{regions: [{REGION}]}}
windows: {{preferred: false, ssm_targets: true}}
order: {{groups: {{first: {{tags: {{Name: first}}}}, second: {{tags: {{Name: second}}, after: [first]}}}}, at_most: 2h}}
tags:
  started: {{lit-since: "{{day}} {{hour}}:{{minute}}"}}
  stopped: {{out-since: "{{day}} {{hour}}:{{minute}}"}}
periods:
  odd: {{begintime: 08:00, endtime: 18:00, monthdays: 1/2}}
  even: {{begintime: 08:00, endtime: 18:00, monthdays: 2/2}}
schedules:
  office: {{periods: [odd@t3.small, even@t3.micro], idle_guard: {{cpu_below: 5, at_most: 3h}}}}
"""


class Watched(Sweep):
    """Two machines whose use is measured, and whose type is another every day."""

    def half_day(self, fault: dict[str, Any] | None = None) -> list[PassReport]:
        """As before; an idle hour is measured before each evening."""
        if self.lit:
            evening = FIRST + timedelta(days=self.day, hours=18)
            self.measure([evening + timedelta(minutes=5 * (number - 6)) for number in range(12)])
        return super().half_day(fault)

    def measure(self, moments: Sequence[datetime]) -> None:
        data = [
            {
                "MetricName": "CPUUtilization",
                "Dimensions": [{"Name": "InstanceId", "Value": id_}],
                "Timestamp": at,
                "Value": 1.0,
                "Unit": "Percent",
            }
            for id_ in self.ids
            for at in moments
        ]
        self.estate.client("cloudwatch").put_metric_data(Namespace="AWS/EC2", MetricData=data)

    @property
    def ids(self) -> list[str]:
        return [str(one["InstanceId"]) for one in self.machines()]

    def machines(self) -> list[dict[str, Any]]:
        found = self.estate.client("ec2").describe_instances()["Reservations"]
        return [one for group in found for one in group["Instances"]]

    def wanted_type(self) -> str:
        return "t3.small" if (FIRST + timedelta(days=self.day)).day % 2 else "t3.micro"


@pytest.fixture
def sweep(tmp_path: Path) -> Iterator[Watched]:
    with start_thread() as server:
        probe = EstateProbe(server)
        probe.fresh(FIRST + timedelta(hours=9))
        for name in ("first", "second"):
            tags = [{"ResourceType": "instance", "Tags": [*TAGGED, {"Key": "Name", "Value": name}]}]
            probe.launch(1, TagSpecifications=tags, InstanceType="t3.small")
        probe.control.finish_transitions()
        store = SqliteStore(tmp_path / "lamp.db")
        with Aws(region=REGION, environ=server.environment, retries=0) as aws:
            config = configuration(YAML)
            assert config.problems == ()
            ec2 = {"ec2-instance": kinds()["ec2-instance"]}
            found = Watched(probe, World(aws, store, config, ec2, probe.control.now), resources=2)
            run_pass(found.world, run="first")
            yield found
        store.close()
        probe.close()


def test_every_optional_call_fails_in_every_way(sweep: Watched, record_property: Callable[[str, object], None]) -> None:
    calls = {True: calls_of(sweep, sweep.half_day), False: calls_of(sweep, sweep.half_day)}
    made = {action for found in calls.values() for _, _, action in found}
    assert made >= {"GetMetricData", "ModifyInstanceAttribute", "DescribeInstanceTypes", "CreateTags", "DeleteTags"}
    assert made >= {"DescribeInstanceStatus", "DescribeMaintenanceWindows", "StartInstances", "StopInstances"}
    waiting = {lit: [(name, call) for name in FAULTS for call in found] for lit, found in calls.items()}
    while waiting[True] or waiting[False]:
        plan = waiting[sweep.lit].pop() if waiting[sweep.lit] else None
        fault = None
        if plan is not None:
            name, (account, service, action) = plan
            fault = {**FAULTS[name], "account": account, "service": service, "action": action}
            sweep.tried[name] += 1
        reports = sweep.half_day(fault)
        assert sweep.settled(reports[-1]), (plan, [(s.resource.state, s.decision.reason) for s in reports[-1].steps])
        # One more pass: whatever was left half done is put right without being asked.
        run_pass(sweep.world, run=f"after-{sum(sweep.tried.values())}")
        assert list(sweep.world.store.query("intents", f"{MANAGEMENT}/{REGION}")) == []
        for machine in sweep.machines():
            tags = {tag["Key"] for tag in machine["Tags"]}
            assert ("lit-since" in tags, "out-since" in tags) == (sweep.lit, not sweep.lit), (plan, tags)
            if sweep.lit:
                assert machine["InstanceType"] == sweep.wanted_type(), (plan, machine["InstanceType"])
    words = ", ".join(f"{number} x {name}" for name, number in sweep.tried.items())
    record_property("faults tried", f"{sum(sweep.tried.values())} over {len(made)} calls: {words}")
