"""A pass that dies anywhere loses nothing and does nothing twice; the next one ends where the schedule says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import pytest
from tests.scheduler.conftest import HERE, MONDAY, THERE, Cloud, Killed, Stage, contents

from lamplighter.pricing.book import PriceBook
from lamplighter.savings.measure import measure
from lamplighter.scheduler.direct import start_or_stop
from lamplighter.scheduler.passes import LEASE
from lamplighter.schedules.decision import Action
from lamplighter.store import journal

YAML = """
targets: {threads: 1}
periods:
  office: {begintime: 08:00, endtime: 18:00}
  night: {begintime: 20:00, endtime: 08:00}
schedules:
  office: {periods: office, retain_running: true}
  strict: {periods: office, enforced: true}
  night: {periods: night}
"""

ORDER = """
order:
  groups:
    databases: {tags: {Tier: database}}
    app: {tags: {Tier: app}, after: databases}
"""


@dataclass
class Scene:
    """A stage just before a pass, and the states in which its resources must be after it."""

    stage: Stage
    after: dict[str, str]
    gone: tuple[str, ...] = ()


def morning(quick: bool) -> Scene:
    """Known ones, one started by hand, new ones, one gone, one with another tag; starts and stops."""
    stage = Stage(YAML, cloud=Cloud(HERE, quick=quick))
    cloud = stage.cloud
    known, by_hand, gone, moved = (cloud.instance() for _ in range(4))
    strict, night = cloud.instance("strict"), cloud.instance("night", state="running")
    database, cluster = cloud.database("orders"), cloud.cluster("shop")
    stage.run(7)
    cloud.by_hand(by_hand, "running")
    del cloud.instances[HERE.key][gone]
    cloud.thing(moved).tags["Schedule"] = "night"
    new, ignored = cloud.instance(), cloud.instance("ignore")
    new_night = cloud.instance("night", state="running")
    stage.clock.at(8)
    return Scene(
        stage,
        {
            known: "running",
            by_hand: "running",
            moved: "stopped",
            strict: "running",
            night: "stopped",
            new_night: "stopped",
            new: "running",
            ignored: "stopped",
            database: "available",
            cluster: "available",
        },
        (gone,),
    )


def first_ever(quick: bool) -> Scene:
    """Nothing is known yet; two targets."""
    stage = Stage(YAML, cloud=Cloud(HERE, THERE, quick=quick))
    lit = [stage.cloud.instance(state="running", at=at) for at in (HERE, THERE)]
    dark = [stage.cloud.instance("night", at=at) for at in (HERE, THERE)]
    database = stage.cloud.database("orders", state="available", at=THERE)
    stage.clock.at(20)
    return Scene(
        stage,
        {**dict.fromkeys(lit, "stopped"), **dict.fromkeys(dark, "running"), database: "stopped"},
    )


def ordered(quick: bool) -> Scene:
    """A database and an application to be lit one after the other, two more to be put out in reverse."""
    stage = Stage(YAML + ORDER, cloud=Cloud(HERE, quick=quick))
    cloud = stage.cloud
    database = cloud.database("orders", tags={"Tier": "database"})
    apps = [cloud.instance(tags={"Tier": "app"}) for _ in range(2)]
    dark = cloud.database("archive", "night", state="available", tags={"Tier": "database"})
    batch = cloud.instance("night", state="running", tags={"Tier": "app"})
    shop = cloud.cluster("shop")
    stage.run(7)
    stage.clock.at(8)
    return Scene(
        stage,
        {database: "available", **dict.fromkeys(apps, "running"), dark: "stopped", batch: "stopped", shop: "available"},
    )


SCENES: dict[str, Callable[[bool], Scene]] = {"morning": morning, "first ever": first_ever, "ordered": ordered}


def check(scene: Scene) -> None:
    """What must hold once a pass has come to its end."""
    stage = scene.stage
    assert {id_: stage.cloud.state(id_) for id_ in scene.after} == scene.after
    assert stage.intents() == []
    assert stage.cloud.wasted == []
    done: dict[str, list[str]] = defaultdict(list)
    for target in stage.cloud.targets:
        for id_, action, outcome in stage.journal(target):
            if outcome in (journal.DONE, journal.FOUND) and action != journal.GONE:
                done[id_].append(action)
        for id_ in scene.gone:
            assert stage.journal(target).count((id_, "gone", "done")) == 1
            assert stage.record(id_) is None
    changes: dict[str, list[str]] = defaultdict(list)
    for effect in stage.cloud.effects:
        changes[effect.id].append(effect.action)
    assert done == changes
    stored = {"running": "running", "available": "running", "stopped": "stopped"}
    for item in contents(stage.plain, "state")["state"]:
        id_ = item.sort.partition("/")[2]
        if item.data["schedule"] != "ignore" and item.data["stored"] != "retain-running":
            assert item.data["stored"] == stored[scene.after[id_]], id_


def moments(scene: Scene) -> int:
    """How many moments there are at which the pass of a scene can die."""
    scene.stage.run(settle=False)
    return scene.stage.cloud.reaper.moments


@pytest.mark.parametrize("quick", [True, False], ids=["quick", "slow"])
@pytest.mark.parametrize("name", SCENES)
@pytest.mark.slow
def test_a_pass_that_dies_at_any_moment(name: str, quick: bool) -> None:
    counting = SCENES[name](quick)
    counting.stage.cloud.reaper.arm(None)
    last = moments(counting)
    assert last > 40
    for at in range(1, last + 1):
        scene = SCENES[name](quick)
        stage = scene.stage
        assert stage.kill(at), at
        before = list(stage.cloud.effects)
        stage.clock.now += timedelta(seconds=30)
        report = stage.run(settle=False)
        for target in report.targets:
            if target.error is not None:
                assert "another pass is at work here" in str(target.error)
        if all(target.error for target in report.targets):
            assert stage.cloud.effects == before, at
        stage.clock.now += LEASE
        stage.run()
        stage.run()
        check(scene)
    assert not SCENES[name](quick).stage.kill(last + 1)


@pytest.mark.parametrize("quick", [True, False], ids=["quick", "slow"])
@pytest.mark.slow
def test_after_any_death_the_evening_comes_as_usual(quick: bool) -> None:
    """Killed between start and record, the original took its own start for one by hand and never stopped it."""
    counting = morning(quick)
    counting.stage.cloud.reaper.arm(None)
    for at in range(1, moments(counting) + 1):
        scene = morning(quick)
        stage = scene.stage
        known, by_hand = list(scene.after)[:2]
        assert stage.kill(at)
        stage.run(8, 10)
        stage.run(18)
        stage.run(18, 5)
        assert stage.cloud.state(known) == "stopped", at
        assert stage.cloud.state(by_hand) == "running", at
        assert stage.cloud.wasted == []


@pytest.mark.parametrize(
    "stride", [pytest.param(2, marks=pytest.mark.slow, id="every-other"), pytest.param(9, id="every-ninth")]
)
@pytest.mark.slow
def test_a_pass_that_dies_and_another_that_dies_settling_it(stride: int) -> None:
    counting = morning(quick=False)
    counting.stage.cloud.reaper.arm(None)
    last = moments(counting)
    for first in range(1, last + 1, stride):
        second = 1 + first % stride
        while True:
            scene = morning(quick=False)
            stage = scene.stage
            assert stage.kill(first)
            stage.clock.now += LEASE
            died = stage.kill(second)
            stage.clock.now += LEASE
            stage.run()
            stage.run()
            check(scene)
            if not died:
                break
            second += stride


@pytest.mark.parametrize("action", [Action.START, Action.STOP])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.slow
def test_a_start_or_stop_by_hand_that_dies_at_any_moment(action: Action, known: bool) -> None:
    at = 0
    while True:
        at += 1
        stage = Stage(YAML, cloud=Cloud(HERE, quick=True))
        first = stage.cloud.instance("ignore", state="stopped" if action is Action.START else "running")
        database = stage.cloud.database("orders", "ignore", state="stopped" if action is Action.START else "available")
        stage.clock.at(9)
        if known:
            stage.run()
        stage.cloud.reaper.arm(at)
        try:
            start_or_stop(stage.world, [first, database], action, run="hand", author="ada")
        except Killed:
            died = True
        else:
            died = False
        stage.cloud.reaper.arm(None)
        stage.clock.now += LEASE
        start_or_stop(stage.world, [first, database], action, run="hand-2", author="ada")
        assert stage.cloud.wasted == []
        lit = action is Action.START
        assert stage.cloud.state(first) == ("running" if lit else "stopped")
        stage.run()
        stage.run()
        assert stage.intents() == []
        done = sorted((id_, act) for id_, act, outcome in stage.journal() if outcome in ("done", "found"))
        assert done == sorted([(first, action.value), (database, action.value)])
        if not died:
            break
    assert at > 20


@pytest.mark.slow
def test_what_is_measured_is_what_was_lit_whatever_died() -> None:
    stage = Stage(YAML, cloud=Cloud(HERE, quick=True))
    ids = [stage.cloud.instance(schedule) for schedule in ("office", "strict", "night") for _ in range(2)]
    lit = dict.fromkeys(ids, 0)
    random = Random(11)
    for hour in range(7 * 24):
        stage.clock.now = MONDAY + timedelta(hours=hour)
        if random.random() < 0.4:
            stage.kill(random.randrange(1, 45))
            # The lease of the dead runs out before the next hour; what it did not do is done then.
            stage.clock.now += LEASE
            stage.run(at=MONDAY + timedelta(hours=hour))
        else:
            stage.run()
        for id_ in ids:
            lit[id_] += stage.cloud.state(id_) == "running"
    entries = list(journal.read(stage.plain, HERE.key))
    assert {journal.DONE, journal.FOUND} <= {entry.outcome for entry in entries}
    measured = measure(entries, PriceBook(()), MONDAY, MONDAY + timedelta(days=7))
    assert {each.resource.partition("/")[2]: int(each.tally.lit_hours) for each in measured} == lit
    assert all(each.tally.all_hours == 7 * 24 for each in measured)


def test_an_intent_on_what_is_gone_leaves_no_first_sight_open() -> None:
    stage = Stage(YAML)
    id_ = stage.cloud.instance()
    stage.clock.at(8)
    stage.kill_after("start_instances")
    stage.clock.now += LEASE
    assert len(stage.intents()) == 1
    del stage.cloud.instances[HERE.key][id_]
    stage.run(9)
    assert stage.intents() == []
    assert stage.journal(seen=True) == [(id_, "seen", "done"), (id_, "gone", "done")]


def test_a_tag_that_changes_while_an_intent_is_open_still_makes_it_new() -> None:
    stage = Stage(YAML.replace("night: {periods: night}", "night: {periods: night, stop_new_instances: false}"))
    id_ = stage.cloud.instance()
    stage.run(7)
    stage.clock.at(8)
    stage.kill_after("start_instances")
    stage.clock.now += LEASE
    stage.cloud.thing(id_).tags["Schedule"] = "night"
    stage.run(9)
    assert stage.journal() == [(id_, "start", "found")]
    entry = next(entry for entry in journal.read(stage.plain, HERE.key) if entry.action == "start")
    assert entry.schedule == "office"
    assert (stage.stored(id_), stage.cloud.state(id_)) == ("stopped", "running")
