"""Order against a brute-force check of every call: random groups, schedules, slow starts, checks and failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.scheduler.conftest import HERE, MONDAY, Cloud, Stage

from lamplighter.aws.targets import Target
from lamplighter.errors import AwsError, CapacityUnavailable

pytestmark = pytest.mark.slow

AT_MOST = timedelta(minutes=15)
HOURS = {"early": (7, 17), "office": (8, 18), "late": (9, 19), "strict": (8, 18), "running": (0, 24), "stopped": (0, 0)}
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
PASSES = [
    MONDAY + timedelta(hours=hour, minutes=minute)
    for begin in (6, 16)
    for hour in range(begin, begin + 5)
    for minute in range(0, 60, 5)
]
DONE_BY = timedelta(minutes=55)
"""After a change: the limit, anew after each of two failures, three passes of starting, and the steps between them."""


@dataclass
class Member:
    """A resource and how it behaves: passes that a start, a stop and the status checks take, and starts that fail."""

    group: int
    database: bool
    schedule: str
    lit: bool
    slow: int
    checks: int
    failures: int
    opt_out: bool
    id: str = ""
    left: int = 0
    due: datetime | None = None

    def wanted(self, at: datetime) -> bool:
        begin, end = HOURS[self.schedule]
        return begin <= at.hour < end


@dataclass
class Town:
    """Groups in an order, their members, and the calls that reach them."""

    after: Sequence[Sequence[int]]
    members: Sequence[Member]
    calls: list[tuple[str, Member]] = field(default_factory=list)

    def yaml(self) -> str:
        lines = [
            f"    g{number}: {{tags: {{Group: '{number}'}}, after: [{', '.join(f'g{one}' for one in before)}]}}"
            for number, before in enumerate(self.after)
        ]
        return SCHEDULES + "order:\n  groups:\n" + "\n".join(lines) + "\n"

    def comes_before(self, first: Member, second: Member) -> bool:
        """Whether there is a way from the group of the second back to that of the first."""

        def way(group: int) -> bool:
            return any(one == first.group or way(one) for one in self.after[group])

        return way(second.group)


@st.composite
def towns(draw: st.DrawFn) -> Town:
    count = draw(st.integers(2, 4))
    after = [sorted(draw(st.sets(st.integers(0, number - 1)))) if number else [] for number in range(count)]
    member = st.builds(
        Member,
        group=st.integers(0, count - 1),
        database=st.booleans(),
        schedule=st.sampled_from(sorted(HOURS)),
        lit=st.booleans(),
        slow=st.integers(0, 2),
        checks=st.integers(0, 2),
        failures=st.sampled_from([0, 0, 0, 1, 2]),
        opt_out=st.sampled_from([False] * 5 + [True]),
    )
    return Town(after, draw(st.lists(member, min_size=2, max_size=7)))


def build(town: Town) -> Stage:
    stage = Stage(town.yaml(), cloud=Cloud(HERE))
    for number, one in enumerate(town.members):
        tags = {"Group": str(one.group)} | ({"lamplighter:opt-out": ""} if one.opt_out else {})
        if one.database:
            state = "available" if one.lit else "stopped"
            one.id = stage.cloud.database(f"db-{number}", one.schedule, state=state, tags=tags)
        else:
            one.id = stage.cloud.instance(one.schedule, state="running" if one.lit else "stopped", tags=tags)

    def call(_target: Target, operation: str, ids: Sequence[str]) -> AwsError | None:
        found = [one for one in town.members if one.id in ids]
        action = operation.partition("_")[0]
        if action not in ("start", "stop"):
            return None
        failing = [one for one in found if action == "start" and one.failures]
        if failing and len(found) > 1:
            return CapacityUnavailable("one of them has none")  # they are tried again one by one
        town.calls.extend((action, one) for one in found)
        for one in failing:
            one.failures -= 1
        return CapacityUnavailable("none") if failing else None

    stage.cloud.before = call
    return stage


def move_on(stage: Stage, member: Member) -> None:
    """Five minutes later."""
    thing = stage.cloud.thing(member.id)
    if thing.state in ("pending", "starting", "stopping"):
        if member.left:
            member.left -= 1
            return
        up = thing.state != "stopping"
        thing.state = ("available" if member.database else "running") if up else "stopped"
        member.left = member.checks if up and not member.database else 0
        stage.cloud.checks[member.id] = "initializing" if member.left else "ok"
    elif member.left:
        member.left -= 1
        stage.cloud.checks[member.id] = "initializing" if member.left else "ok"


def check(town: Town, at: datetime, states: dict[str, str], checks: dict[str, str]) -> None:
    """Every call of a pass, against the states that it found."""
    lit = {one.id: states[one.id] in ("running", "available") for one in town.members}
    for action, one in town.calls:
        assert one.wanted(at) is (action == "start")
        assert not one.opt_out
        assert one.due is not None
        if at - one.due >= AT_MOST:
            continue
        for other in town.members:
            moved = not other.opt_out and other.wanted(at) is (action == "start")
            if action == "start" and moved and town.comes_before(other, one):
                assert lit[other.id], f"{one.id} was started before {other.id}"
                assert checks.get(other.id, "ok") == "ok", f"{one.id} was started while {other.id} is not healthy"
            if action == "stop" and moved and town.comes_before(one, other):
                assert states[other.id] == "stopped", f"{one.id} was stopped before {other.id}"


def live_through(town: Town) -> None:
    stage = build(town)
    for at in PASSES:
        stage.clock.now = at
        states = {one.id: stage.cloud.state(one.id) for one in town.members}
        checks = dict(stage.cloud.checks)
        for one in town.members:
            at_rest = states[one.id] in ("running", "available", "stopped")
            waits = at_rest and one.wanted(at) is (states[one.id] == "stopped")
            one.due = (one.due or at) if waits else None
        town.calls.clear()
        report = stage.run(settle=False)
        assert report.refused is None
        check(town, at, states, checks)
        for action, one in town.calls:
            one.due = None
            reached = stage.cloud.state(one.id) in ("pending", "starting", "stopping")
            one.left = one.slow if reached else 0
            assert reached or action == "start"
        for one in town.members:
            move_on(stage, one)
        if at.minute >= DONE_BY.total_seconds() / 60:
            for one in town.members:
                expected = one.lit if one.opt_out else one.wanted(at)
                assert stage.cloud.state(one.id) in (("running", "available") if expected else ("stopped",)), one
    assert stage.cloud.wasted == []
    assert stage.intents() == []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(towns())
def test_every_call_keeps_the_order_and_everything_arrives(town: Town) -> None:
    live_through(town)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(towns())
def test_every_call_keeps_the_order_and_everything_arrives_in_many_towns(town: Town) -> None:
    live_through(town)
