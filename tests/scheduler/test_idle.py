"""The idle guard: by a light double of CloudWatch over many passes, and over the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scheduler.conftest import HERE, KINDS, MONDAY, Stage, configuration, decisions
from tests.scheduler.test_snapshots import Night

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, AwsError, Throttled
from lamplighter.estate.control import deny, start_thread
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.resources.kind import Resource
from lamplighter.resources.metrics import Measure, Metric, connections, cpu, network
from lamplighter.scheduler.idle import BUSY_UNTIL, QUERIES_AT_ONCE, Reading, busy_until, limits, measure
from lamplighter.scheduler.overrides import set_override
from lamplighter.scheduler.passes import PassReport, World, run_pass
from lamplighter.scheduler.states import put_record
from lamplighter.schedules.definitions import IdleGuardDefinition
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.schedules.verdict import Live, Memory
from lamplighter.store.memory import MemoryStore

YAML = """
version: 1
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
schedules:
  office: {periods: office, idle_guard: {}}
  strict: {periods: office, idle_guard: {}, enforced: true}
  short: {periods: office, idle_guard: {at_most: 30m}}
  network: {periods: office, idle_guard: {cpu_below: 20, network_below: 100, over: 5m}}
  tag-only: {periods: office, idle_guard: {cpu_below: null, connections_below: null}}
  free: {otherwise: any, stop_after: 4h, idle_guard: {}}
  plain: {periods: office}
"""
RESOURCE = Resource("ec2-instance", "i-1", "arn", "1", "r", "web", {}, "office", Live.RUNNING, "running")


@pytest.fixture
def stage() -> Stage:
    stage = Stage(YAML)
    assert stage.world.config.problems == ()
    return stage


def asked(stage: Stage) -> int:
    """Calls to CloudWatch so far."""
    return sum(operation == "get_metric_data" for _, operation, _ in stage.cloud.calls)


def verdict(report: PassReport, id_: str) -> tuple[str, str, str]:
    """(action, rule, what follows the reason of the schedule)."""
    [step] = [step for step in report.steps if step.resource.id == id_]
    return (*decisions(report)[id_], step.decision.reason.partition("; ")[2])


HELD = "it is held back for 4h at most"
SAYS = {
    "schedule": "it is idle: {}",
    "in-use": f"but it is in use: {{}}; {HELD}",
    "use-unknown": f"but it is not known whether it is in use: {{}}; {HELD}",
}

# Schedule | values of CPU, DatabaseConnections, NetworkIn, NetworkOut, the newest first | rule | why.
INSTANCES = """
office   | 4.9 0.1 0.1 | | | | schedule    | CPU 4.9 %
office   | 0           | | | | schedule    | CPU 0.0 %
office   | 5           | | | | in-use      | CPU 5.0 %, and idle is below 5
office   | 0.1 0.1 90  | | | | in-use      | CPU 90.0 %, and idle is below 5
office   | 0 0 0 90    | | | | schedule    | CPU 0.0 %
office   |             | | | | use-unknown | CloudWatch has no CPUUtilization of the last 15m
network  | 19 90       | | 0 | 499999 | schedule | CPU 19.0 %, NetworkIn 0.0 kB a minute, NetworkOut 100.0 kB a minute
network  | 19          | | 500000 | 0 | in-use   | NetworkIn 100.0 kB a minute, and idle is below 100
network  | 19          | | 0 |   | use-unknown   | CloudWatch has no NetworkOut of the last 5m
network  | 21          | | 0 |   | in-use        | CPU 21.0 %, and idle is below 20
tag-only | 90          | | | | use-unknown | no metric of its idle guard is known for kind ec2-instance
plain    | 90          | | | | schedule    |
"""
DATABASES = """
office   | 1 | 0     | | | schedule    | CPU 1.0 %, 0 connections
office   | 1 | 0 0 1 | | | in-use      | 1 connection, and idle is below 1
office   | 1 |       | | | use-unknown | CloudWatch has no DatabaseConnections of the last 15m
"""
ROWS = [(kind, line) for kind, table in (("ec2", INSTANCES), ("rds", DATABASES)) for line in table.strip().splitlines()]


@pytest.mark.parametrize(("kind", "line"), ROWS)
def test_what_is_in_use_or_not_known_is_held_back(stage: Stage, kind: str, line: str) -> None:
    schedule, *metrics, rule, why = (part.strip() for part in line.split("|"))
    if kind == "ec2":
        id_ = stage.cloud.instance(schedule, state="running")
    else:
        id_ = stage.cloud.database("orders", schedule, state="available")
    for name, text in zip(("CPUUtilization", "DatabaseConnections", "NetworkIn", "NetworkOut"), metrics, strict=True):
        stage.cloud.metrics[id_, name] = [float(value) for value in text.split()]
    stops = rule == "schedule"
    said = SAYS[rule].format(why) if why else ""
    assert verdict(stage.run(18), id_) == ("stop" if stops else "none", rule, said)
    assert asked(stage) == (schedule not in ("plain", "tag-only"))
    assert stage.stored(id_) == ("stopped" if stops else "unknown")
    assert bool(stage.cloud.effects) == stops


def test_a_start_or_nothing_to_do_asks_nobody(stage: Stage) -> None:
    id_ = stage.cloud.instance("office")
    for hour in (7, 8, 12):
        stage.run(hour)
    assert asked(stage) == 0
    stage.cloud.metrics[id_, "CPUUtilization"] = [1]
    stage.run(18)
    assert asked(stage) == 1
    stage.run(19)
    assert asked(stage) == 1


def test_it_is_held_back_until_it_is_idle(stage: Stage) -> None:
    id_ = stage.cloud.instance("office")
    stage.run(8)
    stage.cloud.metrics[id_, "CPUUtilization"] = [50]
    for minute in range(0, 60, 5):
        assert decisions(stage.run(18, minute))[id_] == ("none", "in-use")
        assert stage.stored(id_) == "running"
    stage.cloud.metrics[id_, "CPUUtilization"] = [1, 1, 1]
    stage.run(19)
    assert stage.stored(id_) == "stopped"
    record = stage.record(id_)
    assert record is not None
    assert record.memory.held_since == ""
    assert stage.cloud.wasted == []


@pytest.mark.parametrize("schedule", ["office", "strict"])
def test_it_is_held_back_for_the_stated_time_at_most(stage: Stage, schedule: str) -> None:
    id_ = stage.cloud.instance(schedule)
    stage.run(8)
    stage.cloud.metrics[id_, "CPUUtilization"] = [50]
    held = 0
    for step in range(100):
        report = stage.run(18 + step // 12, step % 12 * 5)
        if stage.cloud.state(id_) == "stopped":
            break
        held += 1
    assert held == 4 * 12
    assert verdict(report, id_)[2] == "it was held back for 4h, the most that its idle guard allows"
    assert asked(stage) == held, "at its end nobody is asked any more"


def test_the_time_begins_anew_each_time_it_is_due(stage: Stage) -> None:
    id_ = stage.cloud.instance("short")
    stage.cloud.metrics[id_, "CPUUtilization"] = [50]
    for day in (0, 1):
        stage.run(8, day=day)
        for minute in (0, 10, 20):
            assert decisions(stage.run(18, minute, day))[id_] == ("none", "in-use")
        if day == 0:
            stage.run(8, day=1)  # wanted again before the time was over
    stage.run(18, 30, day=1)
    assert stage.stored(id_) == "stopped"


def test_a_stop_that_fails_at_the_end_of_the_time_is_tried_again(stage: Stage) -> None:
    id_ = stage.cloud.instance("short")
    stage.run(8)
    stage.cloud.metrics[id_, "CPUUtilization"] = [50]
    stage.run(18)
    stage.cloud.before = lambda _target, operation, _ids: Throttled("busy") if operation == "stop_instances" else None
    stage.run(18, 30)
    assert stage.stored(id_) == "stop_failed"
    stage.cloud.before = lambda *_: None
    stage.run(18, 35)
    assert (stage.stored(id_), asked(stage)) == ("stopped", 1)


def test_a_stop_to_resize_waits_too(stage: Stage) -> None:
    stage.define(YAML + "  sized: {periods: office@m5.xlarge, idle_guard: {}}\n")
    id_ = stage.cloud.instance("sized", state="running")
    stage.cloud.metrics[id_, "CPUUtilization"] = [50]
    assert decisions(stage.run(8))[id_] == ("none", "in-use")
    stage.cloud.metrics[id_, "CPUUtilization"] = [1]
    assert decisions(stage.run(9))[id_][0] == "stop"
    stage.run(9, 5)
    assert (stage.cloud.state(id_), stage.cloud.thing(id_).extra["InstanceType"]) == ("running", "m5.xlarge")


def test_what_has_waited_long_enough_is_not_looked_at_again_while_its_snapshot_is_made() -> None:
    night = Night()
    night.define(YAML + "  saved: {periods: office, snapshot_before_stop: true, idle_guard: {at_most: 30m}}\n")
    night.cloud.cluster("shop", "saved", state="available")
    night.cloud.metrics["shop", "CPUUtilization"] = [50]
    for minute in (0, 15, 30, 35, 40):
        night.run(18, minute)
    assert (night.cloud.state("shop"), night.stored("shop"), asked(night)) == ("available", "unknown", 2)
    assert len(night.snaps.made) == 1
    night.snaps.finish_snapshots()
    night.run(18, 45)
    assert (night.cloud.state("shop"), night.stored("shop"), asked(night)) == ("stopped", "stopped", 2)


def test_what_must_be_put_out_after_it_waits_for_it(stage: Stage) -> None:
    stage.define(YAML + "order: {groups: {db: {tags: {Tier: db}}, app: {tags: {Tier: app}, after: db}}}\n")
    app = stage.cloud.instance("office", state="running", tags={"Tier": "app"})
    database = stage.cloud.instance("plain", state="running", tags={"Tier": "db"})
    stage.cloud.metrics[app, "CPUUtilization"] = [50]
    found = decisions(stage.run(18))
    assert (found[app], found[database]) == (("none", "in-use"), ("none", "order"))
    stage.cloud.metrics[app, "CPUUtilization"] = [1]
    stage.run(18, 5)
    assert (stage.cloud.state(app), stage.cloud.state(database)) == ("stopped", "running")
    stage.run(18, 10)
    assert stage.cloud.state(database) == "stopped"


def test_waiting_for_something_else_does_not_count(stage: Stage) -> None:
    id_ = stage.cloud.instance("short")
    stage.run(8)
    record = stage.record(id_)
    assert record is not None
    waited = (MONDAY + timedelta(hours=10)).isoformat()
    stage.plain.transact(
        [put_record(replace(record, memory=Memory(held_since=waited, ordered_since=waited)), HERE.key)]
    )
    stage.cloud.metrics[id_, "CPUUtilization"] = [50]
    assert decisions(stage.run(18))[id_] == ("none", "in-use")
    stage.run(18, 30)
    assert stage.stored(id_) == "stopped"


def test_a_failed_call_is_not_idle_and_stops_nobody_else(stage: Stage) -> None:
    guarded, free = stage.cloud.instance("office", state="running"), stage.cloud.instance("plain", state="running")
    stage.cloud.metrics[guarded, "CPUUtilization"] = [0]
    refused = AccessDenied("cloudwatch GetMetricData: AccessDenied")
    stage.cloud.before = lambda _target, operation, _ids: refused if operation == "get_metric_data" else None
    report = stage.run(18)
    assert verdict(report, guarded) == (
        "none",
        "use-unknown",
        f"but it is not known whether it is in use: cloudwatch GetMetricData: AccessDenied; {HELD}",
    )
    assert decisions(report)[free] == ("stop", "schedule")
    assert not report.partial
    for hour in (19, 20, 21):
        assert decisions(stage.run(hour))[guarded] == ("none", "use-unknown")
    stage.run(22)
    assert stage.stored(guarded) == "stopped"


def test_overrides_of_people_and_freezes_are_not_held_back(stage: Stage) -> None:
    id_ = stage.cloud.instance("office")
    stage.run(8)
    stage.cloud.metrics[id_, "CPUUtilization"] = [50]
    until = MONDAY + timedelta(hours=12)
    set_override(stage.plain, Override("o", Hold.STOPPED, id_, until, "", "ada", MONDAY))
    assert decisions(stage.run(9))[id_] == ("stop", "override")
    assert asked(stage) == 0


def test_what_is_lit_too_long_is_looked_at_too(stage: Stage) -> None:
    id_ = stage.cloud.instance("free", state="running", LaunchTime=MONDAY)
    stage.cloud.metrics[id_, "CPUUtilization"] = [50]
    assert decisions(stage.run(6))[id_] == ("none", "in-use")
    stage.cloud.metrics[id_, "CPUUtilization"] = [1]
    assert decisions(stage.run(7))[id_] == ("stop", "stop-after")


def test_a_dry_run_tells_it_and_writes_nothing(stage: Stage) -> None:
    id_ = stage.cloud.instance("office", state="running")
    stage.cloud.metrics[id_, "CPUUtilization"] = [50]
    assert decisions(stage.run(18, dry_run=True))[id_] == ("none", "in-use")
    assert stage.record(id_) is None


# --- the tag ------------------------------------------------------------------------------------------------

# Value of the tag | what is said at 18:00 UTC.
TAGS = """
                          |
2026-11-23T17:59Z         |
2026-11-23T18:00Z         |
2026-11-23T19:00Z         | says that it is in use until 2026-11-23T19:00+00:00
2026-11-23T19:30+01:00    | says that it is in use until 2026-11-23T19:30+01:00
2026-11-23 18:59:59+00:00 | says that it is in use until 2026-11-23T18:59+00:00
2026-11-23T19:00          | is '2026-11-23T19:00', which is no time with a zone, as 2026-11-23T18:00Z is
2026-11-24                | is '2026-11-24', which is no time with a zone, as 2026-11-23T18:00Z is
tomorrow                  | is 'tomorrow', which is no time with a zone, as 2026-11-23T18:00Z is
"""


@pytest.mark.parametrize("line", TAGS.strip("\n").splitlines())
def test_what_the_tag_says(line: str) -> None:
    value, _, said = (part.strip() for part in line.partition("|"))
    resource = replace(RESOURCE, tags={BUSY_UNTIL: value} if value else {})
    assert busy_until(resource, MONDAY + timedelta(hours=18)) == (f"its tag {BUSY_UNTIL} {said}" if said else "")


@pytest.mark.parametrize(("value", "ends"), [("2026-11-23T19:00Z", 19), ("2026-11-30T00:00Z", 22), ("soon", 22)])
def test_the_tag_holds_a_stop_back_for_the_stated_time_at_most(stage: Stage, value: str, ends: int) -> None:
    id_ = stage.cloud.instance("office", tags={BUSY_UNTIL: value})
    stage.cloud.metrics[id_, "CPUUtilization"] = [0]
    stage.run(8)
    for hour in range(18, ends):
        assert decisions(stage.run(hour))[id_] == ("none", "busy-until")
    assert asked(stage) == 0
    assert decisions(stage.run(ends))[id_] == ("stop", "schedule")
    assert asked(stage) == (ends == 19)


def test_the_tag_means_nothing_to_a_schedule_without_a_guard(stage: Stage) -> None:
    id_ = stage.cloud.instance("plain", state="running", tags={BUSY_UNTIL: "2026-11-30T00:00Z"})
    assert decisions(stage.run(18))[id_] == ("stop", "schedule")


# --- asking -------------------------------------------------------------------------------------------------


class Pages:
    """Answers GetMetricData with given results, and remembers the requests."""

    def __init__(self, answer: Any) -> None:
        self.target = HERE
        self._answer = answer
        self.asked: list[Mapping[str, Any]] = []

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        raise AssertionError(operation)

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        assert (service, operation, key) == ("cloudwatch", "get_metric_data", "MetricDataResults")
        self.asked.append(params)
        yield from self._answer(params)


AT = datetime(2026, 11, 23, 18, 3, 20, tzinfo=UTC)


def reading(id_: str = "i-1", over: str = "15m", metric: Metric | None = None) -> Reading:
    guard = IdleGuardDefinition.model_validate({"over": over})
    return Reading(replace(RESOURCE, id=id_), metric or cpu("AWS/EC2", "InstanceId"), guard)


def result(id_: str, *points: tuple[int, float], **more: Any) -> dict[str, Any]:
    """Points are (minutes before 18:00, value)."""
    moments = [datetime(2026, 11, 23, 18, tzinfo=UTC) - timedelta(minutes=minutes) for minutes, _ in points]
    return {"Id": id_, "StatusCode": "Complete", "Timestamps": moments, "Values": [v for _, v in points], **more}


def test_the_request(stage: Stage) -> None:
    session = Pages(lambda _: [])
    list(measure(session, [reading(), reading("i-2", "1h"), reading("shop/web", metric=cpu("AWS/ECS", "A", "B"))], AT))
    [request] = session.asked
    assert request["StartTime"] == datetime(2026, 11, 23, 17, tzinfo=UTC)
    assert request["EndTime"] == AT
    assert [query["Id"] for query in request["MetricDataQueries"]] == ["m0", "m1", "m2"]
    assert request["MetricDataQueries"][2]["MetricStat"] == {
        "Metric": {
            "Namespace": "AWS/ECS",
            "MetricName": "CPUUtilization",
            "Dimensions": [{"Name": "A", "Value": "shop"}, {"Name": "B", "Value": "web"}],
        },
        "Period": 300,
        "Stat": "Average",
    }


def test_each_is_judged_by_its_own_span_over_all_pages() -> None:
    pages = [
        result("m1", (0, 1.0)),
        result("m0", (0, 2.0), (10, 3.0)),
        result("m1", (60, 7.0), (65, 9.0)),
        result("m0", (15, 4.0), (20, 5.0)),
    ]
    first, second = measure(Pages(lambda _: pages), [reading(), reading("i-2", "1h")], AT)
    assert (first.values, second.values) == ((2.0, 3.0, 4.0), (1.0, 7.0))


@pytest.mark.parametrize("status", ["InternalError", "Forbidden"])
def test_what_cloudwatch_refuses_is_not_known(status: str) -> None:
    said = [result("m0", StatusCode=status, Messages=[{"Code": "x", "Value": "not yours"}]), result("m1", (0, 1.0))]
    refused, told = measure(Pages(lambda _: said), [reading(), reading("i-2")], AT)
    assert (refused.values, refused.unknown) == ((), f"CloudWatch says {status}: not yours")
    assert (told.values, told.unknown) == ((1.0,), "")


def test_an_answer_that_cannot_be_read_is_not_known() -> None:
    [garbled] = measure(Pages(lambda _: [{"Id": "other"}]), [reading()], AT)
    assert "cloudwatch: unexpected ValueError" in garbled.unknown
    [partless] = measure(Pages(lambda _: []), [reading("web", metric=cpu("AWS/ECS", "A", "B"))], AT)
    assert "cloudwatch: unexpected ValueError" in partless.unknown


def test_many_are_asked_for_in_batches_and_a_failed_batch_is_alone() -> None:
    def answer(params: Mapping[str, Any]) -> list[dict[str, Any]]:
        if params["MetricDataQueries"][0]["MetricStat"]["Metric"]["Dimensions"][0]["Value"] == "i-500":
            raise AwsError("throttled")
        return [result(query["Id"], (0, 1.0)) for query in params["MetricDataQueries"]]

    session = Pages(answer)
    found = list(measure(session, [reading(f"i-{number}") for number in range(1200)], AT))
    assert [len(request["MetricDataQueries"]) for request in session.asked] == [QUERIES_AT_ONCE, QUERIES_AT_ONCE, 200]
    assert [one.resource.id for one in found] == [f"i-{number}" for number in range(1200)]
    assert {one.resource.id for one in found if one.unknown} == {f"i-{number}" for number in range(500, 1000)}


METRICS: Mapping[Measure, Metric] = {
    "cpu": cpu("N", "D"),
    "connections": connections("N", "D"),
    "network": network("N", "D")[0],
}


@given(
    st.sampled_from(sorted(METRICS)),
    st.lists(st.floats(0, 10_000_000), min_size=1, max_size=5),
    st.integers(1, 100),
)
def test_the_highest_value_decides(measured: Measure, values: Sequence[float], limit: int) -> None:
    guard = IdleGuardDefinition(cpu_below=limit, connections_below=limit, network_below=limit)
    one = Reading(RESOURCE, METRICS[measured], guard, tuple(values))
    per_minute = [value / 5 / 1000 if measured == "network" else value for value in values]
    assert one.limit == limit
    assert one.highest == pytest.approx(max(per_minute))
    assert one.words()


def test_limits_are_what_the_guard_asks_for() -> None:
    assert limits(IdleGuardDefinition()) == {"cpu": 5, "connections": 1}
    assert limits(IdleGuardDefinition(cpu_below=None, network_below=3)) == {"connections": 1, "network": 3}


@pytest.mark.parametrize(
    ("fields", "where", "message"),
    [
        ("{cpu_below: 0}", ".cpu_below", "greater than 0"),
        ("{cpu_below: 101}", ".cpu_below", "less than or equal to 100"),
        ("{over: 1m}", ".over", "over must be 5m to 1d: CloudWatch tells values of five minutes"),
        ("{over: 2d}", ".over", "over must be 5m to 1d"),
        ("{at_most: 4}", ".at_most", "'4' is not a length of time; write 90m, 2h or 1d12h"),
        ("{cpu: 4}", ".cpu", "there is no field 'cpu' here"),
        ("yes", "", "Input should be a valid dictionary"),
    ],
)
def test_guards_that_cannot_be_read(fields: str, where: str, message: str) -> None:
    config = configuration(f"schedules: {{s: {{otherwise: any, idle_guard: {fields}}}}}\n")
    [problem] = config.problems
    assert problem.where == f"schedules.s.idle_guard{where}"
    assert message in problem.message


# --- over the wire ------------------------------------------------------------------------------------------


@pytest.fixture
def estate() -> Iterator[EstateProbe]:
    with start_thread() as server:
        probe = EstateProbe(server)
        probe.fresh()
        yield probe
        probe.close()


def test_over_the_wire(estate: EstateProbe) -> None:
    tagged = [{"ResourceType": "instance", "Tags": [{"Key": "Schedule", "Value": "office"}]}]
    busy, idle, silent = estate.launch(3, TagSpecifications=tagged)
    evening = MONDAY + timedelta(hours=18)
    data = [
        {
            "MetricName": "CPUUtilization",
            "Dimensions": [{"Name": "InstanceId", "Value": id_}],
            "Timestamp": evening - timedelta(minutes=minutes),
            "Value": value,
            "Unit": "Percent",
        }
        for id_, minutes, value in [
            (busy, 12, 80.0),
            (busy, 7, 1.0),
            (idle, 60, 80.0),
            (idle, 7, 1.0),
            (silent, 60, 1.0),
        ]
    ]
    estate.client("cloudwatch").put_metric_data(Namespace="AWS/EC2", MetricData=data)
    estate.control.set_clock(evening)
    with Aws(region=REGION, environ=estate.server.environment, retries=0) as aws:
        kinds = {"ec2-instance": KINDS["ec2-instance"]}
        world = World(aws, MemoryStore(), configuration(YAML), kinds, estate.control.now)
        report = run_pass(world, run="run-1")
        assert decisions(report) == {
            busy: ("none", "in-use"),
            idle: ("stop", "schedule"),
            silent: ("none", "use-unknown"),
        }
        assert estate.control.calls().count("GetMetricData") == 1
        estate.control.inject(deny(MANAGEMENT, "monitoring:GetMetricData"))
        estate.control.set_clock(evening + timedelta(minutes=5))
        report = run_pass(world, run="run-2")
        assert decisions(report)[busy] == decisions(report)[silent] == ("none", "use-unknown")
        [step] = [step for step in report.steps if step.resource.id == busy]
        assert "GetMetricData" in step.decision.reason
        estate.control.set_clock(evening + timedelta(hours=4))
        assert decisions(run_pass(world, run="run-3"))[busy] == ("stop", "schedule")
    assert report.targets[0].target == Target(MANAGEMENT, REGION)
