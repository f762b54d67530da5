"""Passes that write tags over the wire: EC2, RDS and Auto Scaling on a simulated AWS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from tests.scheduler.conftest import configuration

from lamplighter.aws.access import Aws
from lamplighter.estate.control import deny, start_thread, timeout_after
from lamplighter.estate.testing import MANAGEMENT, MONDAY, REGION, EstateProbe
from lamplighter.resources.kind import tags_of
from lamplighter.resources.registry import kinds
from lamplighter.scheduler.direct import start_or_stop
from lamplighter.scheduler.passes import PassReport, World, run_pass
from lamplighter.schedules.decision import Action
from lamplighter.store.sqlite import SqliteStore

pytestmark = pytest.mark.slow

YAML = f"""
targets: {{regions: [{REGION}]}}
periods:
  office: {{begintime: 08:00, endtime: 18:00}}
schedules:
  office: {{periods: office}}
tags:
  started: {{Last: "on {{hour}}:{{minute}} {{timezone}} by {{scheduler}}/{{schedule}}"}}
  stopped: {{Last: "off {{hour}}:{{minute}}", Off: "{{reason}}"}}
  errors: true
  error_key: IS-Error
  error_message_key: IS-ErrorMessage
  first_seen: true
"""
TAGGED = [{"Key": "Schedule", "Value": "office"}]
KINDS = {name: kinds()[name] for name in ("autoscaling-group", "ec2-instance", "rds-instance")}
SEEN = {"lamplighter:first-seen": "2026-11-23T07:00:00Z"}


@dataclass
class Wire:
    """A simulated account, a world over it, and passes by its clock."""

    estate: EstateProbe
    world: World
    runs: int = 0

    def run(self, hours: float) -> PassReport:
        """A pass `hours` after midnight of Monday; afterwards everything under way arrives."""
        self.at(hours)
        self.runs += 1
        report = run_pass(self.world, run=f"run-{self.runs}")
        self.estate.control.finish_transitions()
        return report

    def at(self, hours: float) -> None:
        self.estate.control.set_clock(MONDAY - timedelta(hours=8) + timedelta(hours=hours))

    def tags(self) -> dict[str, dict[str, str]]:
        """Tags of everything beside the schedule, by id."""
        found = {
            one["InstanceId"]: tags_of(one.get("Tags"))
            for group in self.estate.client("ec2").describe_instances()["Reservations"]
            for one in group["Instances"]
            if one["State"]["Name"] != "terminated"
        }
        groups = self.estate.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        found |= {one["AutoScalingGroupName"]: tags_of(one["Tags"]) for one in groups}
        databases = self.estate.client("rds").describe_db_instances()["DBInstances"]
        found |= {one["DBInstanceIdentifier"]: tags_of(one["TagList"]) for one in databases}
        return {id_: {k: v for k, v in has.items() if k != "Schedule"} for id_, has in found.items()}

    def calls(self) -> dict[str, int]:
        """Calls that write tags since the last look, by action."""
        counts: Counter[str] = Counter()
        for row in self.estate.control.calls().counts:
            if "tag" in row["action"].lower():
                counts[row["action"]] += row["count"]
        self.estate.control.clear_calls()
        return dict(counts)


@pytest.fixture(scope="module")
def _probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        probe = EstateProbe(server)
        yield probe
        probe.close()


@pytest.fixture
def wire(_probe: EstateProbe, tmp_path: Path) -> Iterator[Wire]:
    _probe.fresh(MONDAY - timedelta(hours=2))
    store = SqliteStore(tmp_path / "lamp.db")
    with Aws(region=REGION, environ=_probe.server.environment, retries=0) as aws:
        config = configuration(YAML)
        assert config.problems == ()
        yield Wire(_probe, World(aws, store, config, KINDS, _probe.control.now))
    store.close()


def fleet(estate: EstateProbe) -> list[str]:
    """Two instances, a database and a group, all lit; their ids."""
    ids = estate.launch(2, TagSpecifications=[{"ResourceType": "instance", "Tags": TAGGED}])
    estate.database("orders", Tags=TAGGED)
    estate.client("ec2").create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-12345678", "InstanceType": "m5.large"}
    )
    estate.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=1,
        MaxSize=1,
        DesiredCapacity=1,
        AvailabilityZones=[f"{REGION}a"],
        LaunchTemplate={"LaunchTemplateName": "web"},
        Tags=[{**TAGGED[0], "PropagateAtLaunch": False}],
    )
    estate.control.finish_transitions()
    return [*ids, "orders", "web"]


def test_a_day_on_tags(wire: Wire) -> None:
    ids = fleet(wire.estate)
    wire.calls()
    writes = {"CreateTags": 1, "TagResources": 1, "CreateOrUpdateTags": 1}
    removals = {"DeleteTags": 2, "UntagResources": 1}
    on = {**SEEN, "Last": "on 08:00 UTC by lamplighter/office"}
    for hours, calls, last in [
        (7, writes, "off 07:00"),
        (7.5, {}, "off 07:00"),
        (8, writes | removals, None),
        (9, {}, None),
        (18, writes, "off 18:00"),
        (18.5, {}, "off 18:00"),
    ]:
        report = wire.run(hours)
        assert not report.partial
        assert [warning for target in report.targets for warning in target.tagging.warnings] == []
        assert wire.calls() == calls, hours
        expected = {**SEEN, "Last": last, "Off": "no period is on"} if last else on
        assert {id_: has for id_, has in wire.tags().items() if id_ in ids} == dict.fromkeys(ids, expected)


def test_what_may_not_be_tagged_is_acted_on_all_the_same(wire: Wire) -> None:
    ids = fleet(wire.estate)
    for action in ("ec2:CreateTags", "tagging:TagResources", "autoscaling:CreateOrUpdateTags"):
        wire.estate.control.inject(deny(MANAGEMENT, action))
    report = wire.run(7)
    assert not report.partial
    warnings = [warning for target in report.targets for warning in target.tagging.warnings]
    assert [warning.partition(" are not written")[0] for warning in warnings] == [
        "the tags of web",
        f"the tags of {', '.join(sorted(ids[:2]))}",
        "the tags of orders",
    ]
    assert all("explicit deny" in warning for warning in warnings)
    assert wire.estate.states(ids[:2]) == ["stopped"] * 2
    assert {id_: has for id_, has in wire.tags().items() if id_ in ids} == {id_: {} for id_ in ids}

    wire.estate.control.clear_faults()
    wire.run(7.5)
    assert {id_: has["Last"] for id_, has in wire.tags().items() if id_ in ids} == dict.fromkeys(ids, "off 07:00")


def test_lost_answers_and_errors(wire: Wire) -> None:
    ids = fleet(wire.estate)
    wire.estate.control.inject(deny(MANAGEMENT, "rds:StopDBInstance", times=1))
    for action in ("ec2:CreateTags", "tagging:TagResources"):
        wire.estate.control.inject(timeout_after(action))
    report = wire.run(7)
    assert len([warning for target in report.targets for warning in target.tagging.warnings]) == 2
    wire.calls()
    found = wire.tags()
    assert found["orders"]["IS-Error"] == "AccessDenied"
    assert found["orders"]["IS-ErrorMessage"].startswith(f"{MANAGEMENT}/{REGION}: rds StopDBInstance: AccessDenied: ")
    assert found[ids[0]]["Last"] == "off 07:00"
    wire.run(7.5)
    assert wire.calls() == {"TagResources": 1, "UntagResources": 1}
    assert wire.tags()["orders"].keys() == {"Last", "Off", *SEEN}


def test_by_hand(wire: Wire) -> None:
    [id_, *_] = fleet(wire.estate)
    wire.run(8)
    wire.at(12.5)
    start_or_stop(wire.world, [id_], Action.STOP, run="hand", author="ada")
    assert wire.tags()[id_] == {
        "lamplighter:first-seen": "2026-11-23T08:00:00Z",
        "Last": "off 12:30",
        "Off": "asked for by ada",
    }
