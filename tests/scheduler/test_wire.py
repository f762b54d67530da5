"""Passes over the wire: several accounts and regions of a simulated AWS, a state file, injected faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.scheduler.conftest import KINDS, configuration

from lamplighter.aws.access import Aws
from lamplighter.errors import AccessDenied, CapacityUnavailable, OutcomeUnknown, Throttled
from lamplighter.estate.control import capacity, deny, start_thread, throttle, timeout_after
from lamplighter.estate.testing import MANAGEMENT, MONDAY, PRODUCTION, REGION, SANDBOX, EstateProbe
from lamplighter.scheduler.direct import start_or_stop
from lamplighter.scheduler.passes import PassReport, World, run_pass
from lamplighter.scheduler.why import why
from lamplighter.schedules.decision import Action
from lamplighter.store import journal
from lamplighter.store.sqlite import SqliteStore

ROLE = "OrganizationAccountAccessRole"
YAML = f"""
targets:
  accounts: ["{MANAGEMENT}", "{PRODUCTION}", "{SANDBOX}"]
  role: {ROLE}
  regions: [{REGION}, us-east-1]
periods:
  office: {{begintime: 08:00, endtime: 18:00, weekdays: mon-fri}}
  evening: {{begintime: 18:00, endtime: 22:00, weekdays: mon-fri}}
schedules:
  office: {{periods: office, retain_running: true}}
  sized: {{periods: [office@t3.large, evening@t3.xlarge]}}
  arm: {{periods: [office@t3.micro, evening@t4g.large]}}
"""
TAGGED = [{"Key": "Schedule", "Value": "office"}]
TAGS = [{"ResourceType": "instance", "Tags": TAGGED}]


@dataclass
class Wire:
    """A simulated organization, a world over it, and passes by its clock."""

    estate: EstateProbe
    world: World
    runs: int = 0

    def run(self, hours: float, **options: Any) -> PassReport:
        """A pass `hours` after midnight of Monday; afterwards everything under way arrives."""
        self.estate.control.set_clock(MONDAY - timedelta(hours=8) + timedelta(hours=hours))
        self.runs += 1
        report = run_pass(self.world, run=f"run-{self.runs}", **options)
        self.estate.control.finish_transitions()
        return report

    def journal(self, account: str = MANAGEMENT, region: str = REGION) -> list[tuple[str, str, str]]:
        entries = journal.read(self.world.store, f"{account}/{region}")
        return [(e.resource.partition("/")[2], e.action, e.outcome) for e in entries if e.action != journal.SEEN]


@pytest.fixture(scope="module")
def _probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        probe = EstateProbe(server)
        yield probe
        probe.close()


@pytest.fixture
def wire(_probe: EstateProbe, tmp_path: Path) -> Iterator[Wire]:
    _probe.fresh()
    _probe.control.seed_organization(
        [{"id": account, "name": name} for account, name in ((PRODUCTION, "production"), (SANDBOX, "sandbox"))]
    )
    _probe.control.seed_roles([{"account": MANAGEMENT, "name": ROLE}])
    store = SqliteStore(tmp_path / "lamp.db")
    with Aws(region=REGION, environ=_probe.server.environment, retries=0) as aws:
        config = configuration(YAML)
        assert config.problems == ()
        yield Wire(_probe, World(aws, store, config, KINDS, _probe.control.now))
    store.close()


def test_a_day_in_three_accounts(wire: Wire) -> None:
    estate = wire.estate
    production = estate.assume(f"arn:aws:iam::{PRODUCTION}:role/{ROLE}")
    here = estate.launch(2, TagSpecifications=TAGS)
    there = estate.launch(1, keys=production, TagSpecifications=TAGS)
    estate.database("orders", Tags=TAGGED)
    estate.cluster("shop")
    estate.client("rds").add_tags_to_resource(
        ResourceName=f"arn:aws:rds:{REGION}:{MANAGEMENT}:cluster:shop", Tags=TAGGED
    )
    for hours in (20, 21, 32, 33, 42, 43):
        report = wire.run(hours)
        assert not report.partial, report
    assert len(report.targets) == 6
    expected = [
        (id_, action, "done") for action in ("stop", "start", "stop") for id_ in [*sorted(here), "shop", "orders"]
    ]
    assert wire.journal() == expected
    assert wire.journal(PRODUCTION) == [(there[0], action, "done") for action in ("stop", "start", "stop")]
    assert estate.states(here) == ["stopped"] * 2

    changes = [change for change in estate.control.history() if change.id in {*here, *there, "orders", "shop"}]
    stopped = [change for change in changes if change.to_state == "stopping"]
    assert len(stopped) == 2 * 5


def test_an_idle_pass_only_describes(wire: Wire) -> None:
    wire.estate.launch(2, TagSpecifications=TAGS)
    wire.run(20)
    wire.run(21)
    wire.estate.control.clear_calls()
    assert not wire.run(22).partial
    actions = {row["action"] for row in wire.estate.control.calls().counts}
    assert actions == {"DescribeInstances", "DescribeDBInstances", "DescribeDBClusters"}
    assert wire.estate.control.calls().total == 6 * 3


def test_faults_stay_where_they_happen(wire: Wire) -> None:
    estate = wire.estate
    sandbox = estate.assume(f"arn:aws:iam::{SANDBOX}:role/{ROLE}")
    ids = estate.launch(4, TagSpecifications=TAGS)
    [denied] = estate.launch(1, keys=sandbox, TagSpecifications=TAGS)
    estate.database("orders", Tags=TAGGED)
    wire.run(20)
    estate.control.inject(capacity(ids[1]))
    estate.control.inject(deny(SANDBOX, "ec2:StartInstances"))
    estate.control.inject(deny(PRODUCTION, "ec2:DescribeInstances"))
    estate.control.inject(throttle("rds:StartDBInstance"))

    report = wire.run(32)
    done = {each.step.resource.id: type(each.error) for target in report.targets for each in target.done}
    assert done == {
        **dict.fromkeys(ids, type(None)),
        ids[1]: CapacityUnavailable,
        denied: AccessDenied,
        "orders": Throttled,
    }
    assert {target.target.key: list(target.failures) for target in report.targets if target.failures} == {
        f"{PRODUCTION}/{REGION}": ["ec2-instance"],
        f"{PRODUCTION}/us-east-1": ["ec2-instance"],
    }
    assert estate.states(ids) == ["running", "stopped", "running", "running"]

    estate.control.clear_faults()
    assert not wire.run(33).partial
    assert estate.states(ids) == ["running"] * 4
    assert estate.statuses()["orders"] == "available"


def test_a_lost_answer_is_settled_and_retain_running_is_not_fooled(wire: Wire) -> None:
    estate = wire.estate
    [lost] = estate.launch(1, TagSpecifications=TAGS)
    wire.run(20)
    estate.control.inject(timeout_after("ec2:StartInstances"))
    report = wire.run(32)
    assert [type(each.error) for target in report.targets for each in target.done] == [OutcomeUnknown]
    wire.run(33)
    wire.run(42)
    assert estate.states([lost]) == ["stopped"]
    assert wire.journal() == [(lost, "stop", "done"), (lost, "start", "found"), (lost, "stop", "done")]


def test_an_account_that_cannot_be_entered_stops_no_other(wire: Wire) -> None:
    [id_] = wire.estate.launch(1, TagSpecifications=TAGS)
    wire.estate.control.seed_roles([{"account": SANDBOX, "name": ROLE, "trusted": ["999999999999"]}])
    report = wire.run(20)
    failed = {target.target.account for target in report.targets if target.failed}
    assert failed == {SANDBOX}
    assert report.partial
    assert wire.estate.states([id_]) == ["stopped"]


def test_why_and_start_over_the_wire(wire: Wire) -> None:
    named = [{"ResourceType": "instance", "Tags": [*TAGGED, {"Key": "Name", "Value": "web"}]}]
    [id_] = wire.estate.launch(1, TagSpecifications=named)
    wire.run(20)
    answer = why(wire.world, "web", at=wire.estate.control.now())
    [found] = answer.found
    assert (found.step.resource.id, found.step.decision.reason) == (id_, "no period is on")
    assert [(entry.action, entry.outcome) for entry in found.history] == [("stop", "done"), ("seen", "done")]

    [report] = start_or_stop(wire.world, ["web"], Action.START, run="hand", author="ada", regions=(REGION,))
    assert [each.error for each in report.done] == [None]
    wire.estate.control.finish_transitions()
    assert wire.estate.states([id_]) == ["running"]
    assert wire.journal()[-1] == (id_, "start", "done")


def test_instances_are_resized_by_period_and_tag(wire: Wire) -> None:
    estate = wire.estate

    def launch(schedule: str, **more: str) -> str:
        tags = [{"Key": key.replace("_", "-"), "Value": value} for key, value in {"Schedule": schedule, **more}.items()]
        [id_] = estate.launch(TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
        return id_

    def types() -> list[str]:
        found = estate.client("ec2").describe_instances(InstanceIds=[sized, listed, arm])["Reservations"]
        by_id = {each["InstanceId"]: str(each["InstanceType"]) for group in found for each in group["Instances"]}
        return [by_id[id_] for id_ in (sized, listed, arm)]

    sized, listed, arm = (
        launch("sized"),
        launch("sized", IS_PreferredInstanceTypes="t3a.xlarge,m5.xlarge"),
        launch("arm"),
    )
    wire.run(30)
    assert estate.states([sized, listed, arm]) == ["stopped"] * 3
    wire.run(32)
    assert (estate.states([sized, listed, arm]), types()) == (["running"] * 3, ["t3.large", "t3.large", "t3.micro"])

    estate.control.inject(capacity("t3.xlarge"))
    estate.control.inject(capacity("t3a.xlarge"))
    wire.run(42)
    assert estate.states([sized, listed, arm]) == ["stopped", "stopped", "running"]
    report = wire.run(42.1)
    notes = {each.step.resource.id: each.note for target in report.targets for each in target.done}
    code = "InsufficientInstanceCapacity"
    assert notes == {
        sized: f"runs as t3.large; could not be had: t3.xlarge ({code})",
        listed: f"runs as m5.xlarge, was t3.large; could not be had: t3.xlarge ({code}), t3a.xlarge ({code})",
    }
    assert (estate.states([sized, listed, arm]), types()) == (["running"] * 3, ["t3.large", "m5.xlarge", "t3.micro"])
    estate.control.clear_faults()
    estate.control.clear_calls()
    report = wire.run(43)
    reasons = {step.resource.id: step.decision.reason for step in report.steps}
    assert reasons[arm] == (
        "period evening is on; its type stays t3.micro; t4g.large does not fit: it runs arm64 and not x86_64"
    )
    assert not any(step.acts for step in report.steps)
    assert estate.control.calls().count("DescribeInstanceTypes") == 1
