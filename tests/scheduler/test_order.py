"""Order over passes of the light double: databases that start slowly, status checks, limits, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.scheduler.conftest import HERE, MONDAY, Cloud, Stage, decisions

from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, AwsError, CapacityUnavailable
from lamplighter.scheduler.follow import goes_on
from lamplighter.scheduler.overrides import set_override
from lamplighter.scheduler.passes import PassReport
from lamplighter.scheduler.why import why
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.schedules.stagger import delay_of

SCHEDULES = """
targets: {threads: 1}
periods:
  office: {begintime: 08:00, endtime: 18:00}
  early: {begintime: 07:00, endtime: 17:00}
  late: {begintime: 09:00, endtime: 19:00}
schedules:
  office: {periods: office}
  early: {periods: early}
  late: {periods: late}
  strict: {periods: office, enforced: true}
"""
CHAIN = (
    SCHEDULES
    + """
order:
  groups:
    databases: {tags: {Tier: database}}
    app: {tags: {Tier: app}, after: [databases]}
    web: {tags: {Tier: web}, after: [app]}
"""
)


class Shop:
    """A database, an application and a web server, in this order."""

    def __init__(self, yaml: str = CHAIN, *, lit: bool = False, schedules: Sequence[str] = ("office",) * 3) -> None:
        self.stage = Stage(yaml, cloud=Cloud(HERE))
        self.cloud = self.stage.cloud
        running, available = ("running", "available") if lit else ("stopped", "stopped")
        tiers: list[Any] = [{"tags": {"Tier": tier}} for tier in ("database", "app", "web")]
        self.db = self.cloud.database("orders", schedules[0], state=available, **tiers[0])
        self.app = self.cloud.instance(schedules[1], name="app-1", state=running, **tiers[1])
        self.web = self.cloud.instance(schedules[2], name="web-1", state=running, **tiers[2])
        self.report: PassReport | None = None

    def run(self, hour: int, minute: int = 0, *, settle: bool = False, day: int = 0) -> list[str]:
        """A pass; what it did as `start app-1`."""
        self.cloud.effects.clear()
        self.report = self.stage.run(hour, minute, day, settle=settle)
        names = {self.db: "orders", self.app: "app-1", self.web: "web-1"}
        return [f"{effect.action} {names.get(effect.id, effect.id)}" for effect in self.cloud.effects]

    def reason(self, id_: str) -> str:
        assert self.report is not None
        return next(step.decision.reason for step in self.report.steps if step.resource.id == id_)

    def rule(self, id_: str) -> str:
        assert self.report is not None
        return decisions(self.report)[id_][1]


def test_a_morning() -> None:
    shop = Shop()
    assert shop.run(7) == []
    assert shop.run(8) == ["start orders"]
    assert shop.reason(shop.app) == "period office is on; but it waits for orders (to be started)"
    assert shop.reason(shop.web) == (
        "period office is on; but it waits for app-1 (to be started) and orders (to be started)"
    )
    assert shop.run(8, 5) == []
    assert shop.reason(shop.app) == "period office is on; but it waits for orders (starting)"
    shop.cloud.settle()
    shop.cloud.checks[shop.app] = "initializing"
    assert shop.run(8, 6) == ["start app-1"]
    assert shop.reason(shop.web) == "period office is on; but it waits for app-1 (to be started)"
    shop.cloud.settle()
    assert shop.run(8, 7) == []
    assert shop.reason(shop.web) == "period office is on; but it waits for app-1 (not healthy yet)"
    shop.cloud.checks.clear()
    assert shop.run(8, 8) == ["start web-1"]
    assert shop.reason(shop.web) == "period office is on"
    shop.cloud.settle()
    assert shop.run(8, 9) == []
    assert [shop.stage.stored(id_) for id_ in (shop.db, shop.app, shop.web)] == ["running"] * 3
    assert shop.cloud.wasted == []


def test_an_evening_goes_backwards() -> None:
    shop = Shop(lit=True)
    assert shop.run(12) == []
    assert shop.run(18) == ["stop web-1"]
    assert shop.reason(shop.app) == "no period is on; but it waits for web-1 (to be stopped)"
    assert shop.reason(shop.db) == "no period is on; but it waits for app-1 (to be stopped) and web-1 (to be stopped)"
    assert shop.run(18, 1) == []
    assert shop.reason(shop.app) == "no period is on; but it waits for web-1 (stopping)"
    shop.cloud.settle()
    assert shop.run(18, 2, settle=True) == ["stop app-1"]
    assert shop.run(18, 3, settle=True) == ["stop orders"]
    assert shop.run(18, 4) == []


def test_the_limit_counts_from_the_first_pass_in_which_it_was_due() -> None:
    shop = Shop()
    shop.cloud.before = lambda _t, operation, _ids: (
        CapacityUnavailable("none") if operation == "start_db_instance" else None
    )
    shop.run(7)
    for minute in (0, 5, 10, 14):
        assert shop.run(8, minute) == []
        assert shop.rule(shop.app) == "order"
    assert shop.run(8, 15) == ["start app-1", "start web-1"]
    assert shop.reason(shop.app) == (
        "period office is on; it waits no longer for orders (to be started): at_most is 15m"
    )
    assert [entry for entry in shop.stage.journal() if entry[1] == "start" and entry[2] == "done"] == [
        (shop.app, "start", "done"),
        (shop.web, "start", "done"),
    ]
    shop.cloud.settle()
    record = shop.stage.record(shop.app)
    assert record is not None
    assert (record.memory.held_since, record.memory.ordered_since) == ("", "")


def test_a_stop_that_fails_holds_up_the_others_until_the_limit() -> None:
    shop = Shop(CHAIN.replace("groups:", "at_most: 10m\n  groups:", 1), lit=True)

    def refuse(_target: Target, operation: str, ids: Sequence[str]) -> AwsError | None:
        return AccessDenied("no", code="Denied") if operation == "stop_instances" and shop.web in ids else None

    shop.cloud.before = refuse
    shop.run(12)
    assert shop.run(18) == shop.run(18, 5) == []
    assert shop.run(18, 10) == ["stop app-1", "stop orders"]
    assert "it waits no longer for web-1 (to be stopped)" in shop.reason(shop.app)
    assert shop.stage.stored(shop.web) == "stop_failed"


def test_the_time_of_waiting_is_forgotten_once_it_is_done_or_no_longer_due() -> None:
    shop = Shop()
    shop.run(7)
    shop.run(8)
    record = shop.stage.record(shop.app)
    assert record is not None
    eight = (MONDAY + timedelta(hours=8)).isoformat()
    assert (record.memory.held_since, record.memory.ordered_since) == (eight, eight)
    assert (record.stored.value, record.since) == ("stopped", MONDAY + timedelta(hours=7))
    set_override(shop.stage.plain, Override("x", Hold.STOPPED, "app-1", MONDAY + timedelta(hours=9), "", "ada", MONDAY))
    shop.run(8, 5)
    record = shop.stage.record(shop.app)
    assert record is not None
    assert (record.memory.held_since, record.memory.ordered_since) == ("", "")
    assert shop.run(9) == ["start web-1"]  # has waited since 8:00
    assert shop.rule(shop.app) == "order"


def test_a_dependency_that_others_stopped_or_hold_is_not_waited_for() -> None:
    shop = Shop(schedules=("office", "office", "late"), lit=True)
    shop.run(7, settle=True)
    shop.cloud.by_hand(shop.web, "stopped")
    shop.run(8, settle=True)
    shop.run(8, 5, settle=True)
    shop.cloud.by_hand(shop.app, "stopped")
    assert shop.run(9) == ["start web-1"]
    assert shop.reason(shop.web) == "period late is on; although it comes after app-1 (out)"


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda shop: shop.cloud.thing(shop.db).tags.update(Schedule="stopped"), "out"),
        (lambda shop: shop.cloud.thing(shop.db).tags.update({"lamplighter:opt-out": ""}), "out"),
        (lambda shop: shop.cloud.thing(shop.db).tags.update(Schedule="nobody-knows"), "out"),
        (lambda shop: shop.cloud.thing(shop.db).tags.update(Schedule="ignore"), "out"),
        (lambda shop: shop.cloud.thing(shop.db).tags.update(Schedule="late"), "out"),
        (lambda shop: shop.cloud.thing(shop.db).extra.update(ReadReplicaSourceDBInstanceIdentifier="x"), ""),
        (lambda shop: shop.cloud.by_hand(shop.db, "deleting"), "out"),
    ],
    ids=["out", "opt-out", "unknown schedule", "ignored", "later", "unsupported", "gone"],
)
def test_what_nobody_is_going_to_light_is_not_waited_for(prepare: object, words: str) -> None:
    shop = Shop()
    shop.run(7)
    assert callable(prepare)
    prepare(shop)
    assert shop.run(8) == ["start app-1"]
    said = f"period office is on; although it comes after orders ({words})"
    assert shop.reason(shop.app) == (said if words else "period office is on")


def test_a_dependency_that_its_schedule_stops_now_does_not_deadlock() -> None:
    shop = Shop(schedules=("early", "late", "late"), lit=True)
    shop.run(12)
    assert shop.run(17) == ["stop orders"]
    assert shop.reason(shop.db) == ("no period is on; although it comes before app-1 (stays lit) and web-1 (stays lit)")
    shop.cloud.settle()
    shop.cloud.by_hand(shop.app, "stopped")
    shop.cloud.thing(shop.app).tags["Schedule"] = "running"
    assert shop.run(17, 5) == ["start app-1"]
    assert "although it comes after orders (out)" in shop.reason(shop.app)


def test_a_dependency_that_is_being_stopped_while_its_dependent_is_started() -> None:
    shop = Shop(schedules=("early", "late", "late"))
    shop.cloud.by_hand(shop.db, "available")
    shop.run(8)
    set_override(
        shop.stage.plain, Override("x", Hold.RUNNING, "app-1", MONDAY + timedelta(hours=20), "", "ada", MONDAY)
    )
    assert shop.run(17) == ["start app-1", "stop orders"]
    assert "although it comes after orders (to be stopped)" in shop.reason(shop.app)


def test_a_start_that_comes_after_a_stop_waits_for_both() -> None:
    shop = Shop(schedules=("office", "office", "office"), lit=True)
    shop.run(18, settle=False)
    assert shop.cloud.state(shop.web) == "stopping"
    shop.run(8, day=1)
    assert shop.rule(shop.web) == "wait"
    shop.cloud.settle()
    assert shop.run(8, 5, day=1) == ["start web-1"]


@pytest.mark.parametrize(
    ("status", "words"),
    [("impaired", "not healthy yet"), ("insufficient-data", "lit, its health not known")],
)
def test_what_is_not_known_to_be_healthy_is_waited_for(status: str, words: str) -> None:
    shop = Shop(lit=True)
    shop.run(12)
    shop.cloud.by_hand(shop.web, "stopped")
    shop.cloud.thing(shop.web).tags["Schedule"] = "strict"
    shop.cloud.checks[shop.app] = status
    assert shop.run(12, 5) == []
    assert shop.reason(shop.web) == (
        f"period office is on, and the schedule is enforced; but it waits for app-1 ({words})"
    )
    assert shop.run(12, 20) == ["start web-1"]


def test_health_that_cannot_be_asked_for_is_not_known() -> None:
    shop = Shop(lit=True)
    shop.run(12)
    shop.cloud.by_hand(shop.web, "stopped")
    shop.cloud.thing(shop.web).tags["Schedule"] = "strict"
    shop.cloud.before = lambda _t, operation, _ids: (
        AccessDenied("not allowed to look") if operation == "describe_instance_status" else None
    )
    assert shop.run(12, 5) == []
    assert "app-1 (lit, its health not known: not allowed to look)" in shop.reason(shop.web)
    assert shop.report is not None
    assert not shop.report.partial


def test_what_cannot_be_looked_at_is_waited_for() -> None:
    shop = Shop()
    shop.run(7)
    shop.cloud.before = lambda _t, operation, _ids: (
        AccessDenied("no databases for you") if operation == "describe_db_instances" else None
    )
    assert shop.run(8) == []
    assert shop.reason(shop.app) == ("period office is on; but it waits for what could not be looked at (rds-instance)")
    assert shop.run(8, 15) == ["start app-1", "start web-1"]


def test_groups_that_name_their_kinds_do_not_wait_for_others_that_cannot_be_looked_at() -> None:
    shop = Shop(CHAIN.replace("{tags: {Tier: database}}", "{tags: {Tier: database}, kinds: rds-cluster}"))
    shop.stage.define(
        CHAIN.replace("Tier: database}", "Tier: database}, kinds: rds-cluster")
        .replace("Tier: app}", "Tier: app}, kinds: ec2-instance")
        .replace("Tier: web}", "Tier: web}, kinds: ec2-instance")
    )
    assert shop.stage.world.config.problems == ()
    shop.cloud.before = lambda _t, operation, _ids: (
        AccessDenied("no databases for you") if operation == "describe_db_instances" else None
    )
    assert shop.run(8, settle=True) == ["start app-1"]
    assert shop.run(8, 5) == ["start web-1"]


def test_a_stop_waits_for_what_could_not_be_looked_at_and_may_come_after_it() -> None:
    shop = Shop(lit=True)
    shop.run(12)
    shop.cloud.before = lambda _t, operation, _ids: (
        AccessDenied("no instances for you") if operation == "describe_instances" else None
    )
    assert shop.run(18) == []
    assert shop.reason(shop.db) == "no period is on; but it waits for what could not be looked at (ec2-instance)"
    assert shop.run(18, 15) == ["stop orders"]


def test_an_idle_pass_asks_nothing_more() -> None:
    shop = Shop(lit=True)
    shop.run(12)
    shop.cloud.calls.clear()
    shop.run(12, 5)
    assert {operation for _, operation, _ in shop.cloud.calls} == {
        "describe_instances",
        "describe_db_instances",
        "describe_db_clusters",
    }


def test_only_what_something_waits_for_is_asked_for_its_health() -> None:
    shop = Shop(schedules=("office", "office", "late"), lit=True)
    others = [shop.cloud.instance(state="running", tags={"Tier": "other"}) for _ in range(3)]
    shop.cloud.by_hand(shop.web, "stopped")
    shop.run(8)
    shop.run(8, 5)
    shop.cloud.calls.clear()
    asked: list[object] = []
    shop.cloud.after = lambda _t, operation, ids: asked.append(operation)
    assert shop.run(9) == ["start web-1"]
    assert asked.count("describe_instance_status") == 1
    assert others


def test_what_is_resized_is_waited_for() -> None:
    shop = Shop(CHAIN.replace("office: {periods: office}", "office: {periods: office@m5.xlarge}"), lit=True)
    shop.cloud.thing(shop.web).tags["Schedule"] = "late"
    shop.cloud.by_hand(shop.web, "stopped")
    assert shop.run(9) == ["stop app-1"]
    assert shop.rule(shop.app) == "resize"
    assert shop.reason(shop.web) == "period late is on; but it waits for app-1 (to be resized)"
    assert shop.report is not None
    assert goes_on(shop.report)
    assert shop.run(9, 1) == []
    assert "it waits for app-1 (not started yet)" in shop.reason(shop.web)
    shop.cloud.settle()
    assert shop.run(9, 2, settle=True) == ["start app-1"]
    assert shop.run(9, 3) == ["start web-1"]


# --- tags of resources ----------------------------------------------------------------------------------


def test_a_resource_may_say_itself_what_it_comes_after() -> None:
    stage = Stage(SCHEDULES + "order: {}\n")
    queue = stage.cloud.instance(name="queue-1", tags={"Role": "queue"})
    worker = stage.cloud.instance(name="worker-1", tags={"lamplighter:after": "tag:Role=queue"})
    report = stage.run(8)
    assert decisions(report)[worker] == ("none", "order")
    assert decisions(report)[queue] == ("start", "schedule")
    assert decisions(stage.run(8, 1))[worker] == ("start", "schedule")
    report = stage.run(18)
    assert decisions(report)[queue] == ("none", "order")
    assert decisions(stage.run(18, 1))[queue] == ("stop", "schedule")


def test_a_name_in_the_tag_that_is_no_group_is_waited_for_visibly() -> None:
    shop = Shop()
    shop.cloud.thing(shop.db).tags["lamplighter:after"] = "storage"
    shop.run(7)
    assert shop.run(8) == []
    assert shop.reason(shop.db) == (
        "period office is on; but it waits for 'storage' in its tag lamplighter:after, which names no group"
    )
    assert shop.run(8, 15, settle=True) == ["start app-1", "start web-1", "start orders"]


def test_the_tag_without_a_section_is_said_not_to_be_followed() -> None:
    stage = Stage(SCHEDULES)
    stage.cloud.instance(name="queue-1", tags={"Role": "queue"})
    worker = stage.cloud.instance(name="worker-1", tags={"lamplighter:after": "tag:Role=queue"})
    report = stage.run(8)
    assert decisions(report)[worker] == ("start", "schedule")
    reasons = {step.resource.id: step.decision.reason for step in report.steps}
    assert reasons[worker] == (
        "period office is on; its tag lamplighter:after is not followed: the file has no section `order`"
    )


def test_what_waits_for_each_other_says_so_and_ends_at_the_limit() -> None:
    stage = Stage(SCHEDULES + "order: {}\n")
    first = stage.cloud.instance(name="a", tags={"Role": "a", "lamplighter:after": "tag:Role=b"})
    second = stage.cloud.instance(name="b", tags={"Role": "b", "lamplighter:after": "tag:Role=a"})
    report = stage.run(8)
    assert [step.decision.reason for step in report.steps] == [
        "period office is on; but it waits for b (to be started), which waits for it in turn",
        "period office is on; but it waits for a (to be started), which waits for it in turn",
    ]
    assert decisions(stage.run(8, 15)) == {first: ("start", "schedule"), second: ("start", "schedule")}


def test_a_resource_does_not_wait_for_itself() -> None:
    stage = Stage(SCHEDULES + "order: {}\n")
    one = stage.cloud.instance(tags={"Role": "a", "lamplighter:after": "tag:Role=a"})
    assert decisions(stage.run(8))[one] == ("start", "schedule")


def test_equal_values_of_the_given_tags_belong_together() -> None:
    stage = Stage(CHAIN.replace("groups:", "same: [Stack]\n  groups:", 1))
    slow = stage.cloud.database("a-db", tags={"Tier": "database", "Stack": "a"})
    apps = {stack: stage.cloud.instance(tags={"Tier": "app", **({"Stack": stack} if stack else {})}) for stack in "ab"}
    alone = stage.cloud.instance(tags={"Tier": "app"})
    report = stage.run(8)
    found = {id_: action for id_, (action, _) in decisions(report).items()}
    assert found == {slow: "start", apps["a"]: "none", apps["b"]: "start", alone: "start"}


def test_many_are_named_by_three_and_counted() -> None:
    stage = Stage(CHAIN)
    for number in range(5):
        stage.cloud.database(f"db-{number}", tags={"Tier": "database"})
    app = stage.cloud.instance(tags={"Tier": "app"})
    report = stage.run(8)
    [reason] = [step.decision.reason for step in report.steps if step.resource.id == app]
    due = "db-0 (to be started), db-1 (to be started), db-2 (to be started) and 2 more"
    assert reason == f"period office is on; but it waits for {due}"


# --- what asks and what is asked ------------------------------------------------------------------------


def test_why_looks_at_what_a_resource_waits_for_however_it_is_named() -> None:
    shop = Shop()
    shop.run(7)
    for words in ("app-1", shop.app):
        [found] = why(shop.stage.world, words, at=MONDAY + timedelta(hours=8)).found
        assert found.step.decision.reason == "period office is on; but it waits for orders (to be started)"
    untagged = shop.cloud.instance(None)
    [found] = why(shop.stage.world, untagged, at=MONDAY + timedelta(hours=8)).found
    assert found.step.decision.rule == "no-schedule"


@pytest.mark.parametrize("known_only", [True, False])
def test_a_pass_for_some_schedules_keeps_the_order_and_does_nothing_else(known_only: bool) -> None:
    shop = Shop(schedules=("strict", "office", "office"))
    shop.run(7)
    shop.cloud.effects.clear()
    report = shop.stage.run(8, schedules=frozenset({"office"}), known_only=known_only)
    assert decisions(report) == {shop.app: ("none", "order"), shop.web: ("none", "order")}
    assert shop.cloud.effects == []
    report = shop.stage.run(8, 1, schedules=frozenset({"strict"}), known_only=known_only)
    assert decisions(report) == {shop.db: ("start", "enforced")}
    report = shop.stage.run(8, 2, schedules=frozenset({"office"}), known_only=known_only)
    assert decisions(report) == {shop.app: ("start", "schedule"), shop.web: ("none", "order")}


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    shop = Shop()
    shop.run(7)
    before = shop.stage.record(shop.app)
    report = shop.stage.run(8, dry_run=True)
    assert decisions(report)[shop.app] == ("none", "order")
    assert shop.stage.record(shop.app) == before


# --- with stagger ---------------------------------------------------------------------------------------

SPREAD = CHAIN.replace("office: {periods: office}", "office: {periods: office, stagger: 30m}")


def test_what_its_share_of_stagger_brings_later_is_waited_for() -> None:
    shop = Shop(SPREAD)
    schedule = shop.stage.world.config.loaded.schedules["office"]
    arn = "arn:aws:rds:eu-west-1:111122223333:db:{}"
    names = [f"db-{number}" for number in range(200)]
    slow = next(name for name in names if delay_of(schedule, arn.format(name)) == timedelta(minutes=29))
    shop.cloud.thing(shop.db).tags["Schedule"] = "ignore"
    shop.cloud.database(slow, tags={"Tier": "database"})
    shop.run(7)
    mine = delay_of(schedule, f"arn:aws:ec2:eu-west-1:111122223333:instance/{shop.app}")
    first = int(mine.total_seconds() // 60)
    assert 0 < first < 14
    assert shop.run(8, first - 1) == []
    assert shop.rule(shop.app) == "unchanged"
    assert shop.run(8, first) == []
    assert shop.reason(shop.app) == (
        f"period office is on (here {first}m later, by stagger); but it waits for {slow} (to be started later)"
    )
    assert "start app-1" in shop.run(8, first + 15)


def test_a_stop_waits_for_what_its_share_of_stagger_stops_later() -> None:
    shop = Shop(SPREAD, lit=True)
    schedule = shop.stage.world.config.loaded.schedules["office"]
    shares = {
        step.resource.id: int(delay_of(schedule, step.resource.arn).total_seconds() // 60)
        for step in shop.stage.run(12).steps
    }
    first, last = sorted([shop.app, shop.db], key=lambda id_: shares[id_])
    shop.cloud.thing(first).tags["Tier"], shop.cloud.thing(last).tags["Tier"] = "database", "app"
    shop.cloud.thing(shop.web).tags["Tier"] = "none"
    shop.run(12, 5)
    assert shares[first] < shares[last] < shares[first] + 15
    shop.run(18, shares[first])
    assert "(to be stopped later)" in shop.reason(first)
    shop.run(18, shares[last], settle=True)
    assert (shop.rule(first), shop.rule(last)) == ("order", "schedule")
    shop.run(18, shares[last] + 1)
    assert shop.rule(first) == "schedule"


def test_why_tells_the_times_of_the_resource_itself() -> None:
    stage = Stage(SPREAD)
    id_ = stage.cloud.instance()
    [found] = why(stage.world, id_, at=MONDAY + timedelta(hours=7)).found
    share = delay_of(stage.world.config.loaded.schedules["office"], found.step.resource.arn)
    assert share
    assert found.next is not None
    assert found.next.at == MONDAY + timedelta(hours=8) + share
    [found] = why(stage.world, id_, at=MONDAY + timedelta(hours=8)).found
    assert found.desired is not None
    assert found.desired.state.value == "stopped"
    assert "by stagger" in found.desired.reason
