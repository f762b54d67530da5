"""Every call that a pass makes fails once in every way; afterwards everything is as its schedule says, done once.

The estate lives on from fault to fault: each evening or morning one call fails for a whole pass, over the wire, and the
passes after it must put everything right. What is tried is not a list: the calls are those that an undisturbed evening
and morning made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.scheduler.conftest import configuration

from lamplighter.aws.access import Aws
from lamplighter.estate.control import start_thread
from lamplighter.estate.history import StateChange
from lamplighter.estate.testing import MANAGEMENT, PRODUCTION, REGION, EstateProbe
from lamplighter.resources.registry import kinds
from lamplighter.scheduler.passes import PassReport, World, run_pass
from lamplighter.schedules.decision import Live
from lamplighter.store import journal
from lamplighter.store.sqlite import SqliteStore

pytestmark = pytest.mark.slow

ROLE = "OrganizationAccountAccessRole"
FIRST = datetime.fromisoformat("2026-11-23T00:00:00+00:00")
YAML = f"""
targets:
  accounts: ["{MANAGEMENT}", "{PRODUCTION}"]
  role: {ROLE}
  regions: [{REGION}]
windows: {{preferred: false}}
order:
  groups:
    databases: {{kinds: [rds-instance, rds-cluster]}}
    machines: {{kinds: [ec2-instance], after: [databases]}}
  at_most: 2h
periods:
  office: {{begintime: 08:00, endtime: 18:00}}
schedules:
  office: {{periods: office, ssm_maintenance_window: patching}}
"""
TAGGED = [{"Key": "Schedule", "Value": "office"}]
LOWER = [{"key": "Schedule", "value": "office"}]
DENIED = {"code": "AccessDenied", "message": "not authorized", "status": 403}
BUSY = {"code": "ThrottlingException", "message": "Rate exceeded", "status": 400}
SCARCE = {"code": "InsufficientInstanceCapacity", "message": "no capacity", "status": 500}
BROKEN = {"code": "InternalFailure", "message": "try again", "status": 500}

FAULTS: dict[str, dict[str, Any]] = {
    "throttled": {"kind": "before", "error": BUSY},
    "denied": {"kind": "before", "error": DENIED},
    "no answer, no effect": {"kind": "drop"},
    "no answer after the effect": {"kind": "after"},
    "an error after the effect": {"kind": "after", "error": BROKEN},
    "malformed": {"kind": "malformed"},
}
Call = tuple[str, str, str]
"""(account, service, action)."""


@dataclass
class Sweep:
    """The estate, a world over it, and what is known of it."""

    estate: EstateProbe
    world: World
    day: int = 0
    lit: bool = True
    runs: int = 0
    tried: Counter[str] = field(default_factory=Counter)
    resources: int = 9

    def half_day(self, fault: dict[str, Any] | None = None) -> list[PassReport]:
        """The next evening or morning: a pass with the fault, and passes without it until all is quiet."""
        hour = 18 if self.lit else 8
        self.day += 0 if self.lit else 1
        self.lit = not self.lit
        at = FIRST + timedelta(days=self.day, hours=hour)
        rule = None
        reports = []
        for number in range(6):
            self.estate.control.set_clock(at + timedelta(minutes=10 * number))
            if number == 0 and fault is not None:
                rule = self.estate.control.inject(fault)
            self.runs += 1
            reports.append(run_pass(self.world, run=f"run-{self.runs}"))
            if rule is not None:
                self.estate.control.clear_faults()
                rule = None
            elif not any(step.acts for step in reports[-1].steps) and self.settled(reports[-1]):
                break
            self.estate.control.finish_transitions()
        return reports

    def settled(self, report: PassReport) -> bool:
        """Whether everything is as it should be."""
        wanted = Live.RUNNING if self.lit else Live.STOPPED
        states = {step.resource.key: step.resource.live for step in report.steps if not step.resource.unsupported}
        return not report.partial and set(states.values()) == {wanted} and len(states) == self.resources

    def done(self, since: datetime) -> Counter[tuple[str, str]]:
        """How often each resource was started or stopped since, by the journal."""
        return Counter(
            (entry.resource, entry.action)
            for target in journal.targets(self.world.store)
            for entry in journal.read(self.world.store, target, start=since)
            if entry.action in ("start", "stop") and entry.lit_after is not None
        )


def moved(changes: Iterable[StateChange]) -> Counter[str]:
    """How often each machine or database really began to start or stop."""
    return Counter(f"{c.kind}/{c.id}" for c in changes if c.to_state in ("pending", "stopping", "starting"))


@pytest.fixture(scope="module")
def _probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        probe = EstateProbe(server)
        yield probe
        probe.close()


@pytest.fixture
def sweep(_probe: EstateProbe, tmp_path: Path) -> Iterator[Sweep]:
    _probe.fresh(FIRST + timedelta(hours=9))
    _probe.control.seed_organization([{"id": PRODUCTION, "name": "production"}])
    _probe.control.seed_roles([{"account": MANAGEMENT, "name": ROLE}])
    build(_probe)
    _probe.control.finish_transitions()
    store = SqliteStore(tmp_path / "lamp.db")
    with Aws(region=REGION, environ=_probe.server.environment, retries=0) as aws:
        config = configuration(YAML)
        assert config.problems == ()
        found = Sweep(_probe, World(aws, store, config, kinds(), _probe.control.now))
        first = run_pass(found.world, run="first")
        assert found.settled(first), [(s.resource.key, s.resource.state, s.decision.reason) for s in first.steps]
        yield found
    store.close()


def build(estate: EstateProbe) -> None:
    """One resource of every kind that the simulated AWS knows, and a machine in a second account."""
    instance = [{"ResourceType": "instance", "Tags": TAGGED}]
    estate.launch(2, TagSpecifications=instance)
    production = estate.assume(f"arn:aws:iam::{PRODUCTION}:role/{ROLE}")
    estate.launch(1, keys=production, TagSpecifications=instance)
    estate.database("orders", Tags=TAGGED)
    estate.cluster("shop", Tags=TAGGED)
    estate.client("ec2").create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-12345678", "InstanceType": "m5.large"}
    )
    estate.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=1,
        DesiredCapacity=2,
        MaxSize=4,
        AvailabilityZones=[f"{REGION}a"],
        LaunchTemplate={"LaunchTemplateName": "web"},
        Tags=[{**TAGGED[0], "PropagateAtLaunch": False}],
    )
    ecs = estate.client("ecs")
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 64}])
    ecs.create_service(
        cluster="shop", serviceName="api", taskDefinition="web", desiredCount=2, launchType="FARGATE", tags=LOWER
    )
    ecs.update_service(cluster="shop", service="api", desiredCount=2)
    estate.client("redshift").create_cluster(
        ClusterIdentifier="warehouse",
        NodeType="ra3.xlplus",
        MasterUsername="root",
        MasterUserPassword="Not-a-secret-1",
        Tags=TAGGED,
    )
    estate.client("sagemaker").create_notebook_instance(
        NotebookInstanceName="lab",
        InstanceType="ml.t3.medium",
        RoleArn=f"arn:aws:iam::{MANAGEMENT}:role/notebook",
        Tags=TAGGED,
    )


def calls_of(sweep: Sweep, phase: Callable[[], object]) -> list[Call]:
    """The calls that a phase makes to AWS, each once, in order of name."""
    sweep.estate.control.clear_calls()
    phase()
    found = {(row["account"], row["service"], row["action"]) for row in sweep.estate.control.calls().counts}
    return sorted(found)


@pytest.mark.parametrize("part", [0, 1], ids=["one half of the faults", "the other half"])
def test_every_call_fails_in_every_way(sweep: Sweep, record_property: Callable[[str, object], None], part: int) -> None:
    faults = dict(list(FAULTS.items())[part::2])
    evening = calls_of(sweep, sweep.half_day)
    morning = calls_of(sweep, sweep.half_day)
    assert len(evening) > 15
    assert {action for _, _, action in set(morning) - set(evening)} >= {"StartInstances", "StartDBInstance"}
    waiting = {
        lit: [(name, call, fault) for name, fault in faults.items() for call in calls if lit or call not in evening]
        for lit, calls in ((True, evening), (False, morning))
    }
    waiting[False] += (
        []
        if part
        else [
            ("no capacity", call, {"kind": "before", "error": SCARCE})
            for call in morning
            if call[2] == "StartInstances"
        ]
    )
    # What both evening and morning ask is tried in turns, so that no half day passes without a fault.
    while len(waiting[True]) > len(waiting[False]) + 1:
        movable = next(plan for plan in reversed(waiting[True]) if plan[1] in morning)
        waiting[True].remove(movable)
        waiting[False].append(movable)
    position = len(sweep.estate.control.history())
    while waiting[sweep.lit]:
        name, (account, service, action), fault = waiting[sweep.lit].pop()
        began = sweep.estate.control.now()
        reports = sweep.half_day({**fault, "account": account, "service": service, "action": action})
        what = f"{name}: {action} in {account}"
        states = [(s.resource.key, s.resource.state, s.decision.rule, s.decision.reason) for s in reports[-1].steps]
        assert sweep.settled(reports[-1]), (what, states, reports[-1].targets)
        done = sweep.done(began)
        assert set(done.values()) == {1}, (what, done)
        assert {action for _, action in done} == {"start" if sweep.lit else "stop"}, (what, done)
        assert len(done) == sweep.resources, (what, done)
        changes = sweep.estate.control.history(since=position)
        position += len(changes)
        assert set(moved(changes).values()) <= {1}, (what, moved(changes))
        assert list(sweep.world.store.query("intents", f"{MANAGEMENT}/{REGION}")) == []
        sweep.tried[name] += 1
    assert sum(map(len, waiting.values())) <= 1
    assert set(sweep.tried) == {*faults, *([] if part else ["no capacity"])}
    words = ", ".join(f"{number} x {name}" for name, number in sweep.tried.items())
    record_property("faults tried", f"{sum(sweep.tried.values())} over {len({*evening, *morning})} calls: {words}")


def test_half_of_a_batch_is_refused(sweep: Sweep, record_property: Callable[[str, object], None]) -> None:
    """One member of each batch fails for a pass; the others are done, and it is done by the next."""
    tried = 0
    for _ in range(2):
        steps = run_pass(sweep.world, run=f"look-{tried}", dry_run=True).steps
        for resource in [step.resource for step in steps if not step.resource.unsupported]:
            began = sweep.estate.control.now()
            fault = {"kind": "before", "resource": resource.id, "error": BROKEN, "action": "[!DL]*"}
            reports = sweep.half_day(fault)
            assert sweep.settled(reports[-1]), (resource.key, reports[-1])
            assert set(sweep.done(began).values()) == {1}, resource.key
            tried += 1
        sweep.half_day()
    record_property("faults tried", f"{tried} members of batches refused")
