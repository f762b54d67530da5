from __future__ import annotations

from datetime import timedelta

import pytest
from tests.scheduler.conftest import Cloud, Stage
from tests.scheduler.test_order import CHAIN, Shop

from lamplighter.errors import CapacityUnavailable
from lamplighter.scheduler.follow import follow, goes_on
from lamplighter.scheduler.passes import PassReport

PAUSE = timedelta(seconds=15)


class Follower:
    """Passes that follow each other by the clock of a stage; what is under way arrives in some of the pauses."""

    def __init__(self, stage: Stage, arrives: int = 1) -> None:
        self.stage = stage
        self.slept: list[float] = []
        self._arrives = arrives

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.stage.clock.now += timedelta(seconds=seconds)
        if len(self.slept) % self._arrives == 0:
            self.stage.cloud.settle()

    def run(self, minutes: float) -> list[PassReport]:
        return list(
            follow(
                lambda: self.stage.run(settle=False),
                clock=self.stage.clock,
                sleep=self.sleep,
                length=timedelta(minutes=minutes),
                pause=PAUSE,
            )
        )


def test_a_whole_order_is_done_by_one_command() -> None:
    shop = Shop()
    shop.run(7)
    shop.stage.clock.at(8)
    shop.cloud.effects.clear()
    reports = Follower(shop.stage, arrives=4).run(15)
    assert [effect.id for effect in shop.cloud.effects] == [shop.db, shop.app, shop.web]
    assert len(reports) == 9
    assert [goes_on(report) for report in reports] == [True] * 8 + [False]
    assert shop.stage.clock.now == shop.stage.clock.at(8) + 8 * PAUSE


def test_nothing_to_wait_for_is_one_pass(stage: Stage) -> None:
    stage.cloud.instance()
    stage.clock.at(8)
    follower = Follower(stage)
    assert len(follower.run(15)) == 1
    assert follower.slept == []


@pytest.mark.parametrize(("minutes", "passes"), [(0, 1), (0.2, 1), (0.25, 2), (1, 5)])
def test_the_time_limits_it(minutes: float, passes: int) -> None:
    shop = Shop()
    shop.run(7)
    shop.stage.clock.at(8)
    assert len(Follower(shop.stage, arrives=1000).run(minutes)) == passes


def test_states_in_between_and_pace_are_followed_up_and_what_waits_for_hours_is_not() -> None:
    stage = Stage(CHAIN.replace("  groups:", "  starts_per_pass: 1\n  groups:", 1))
    ids = [stage.cloud.instance() for _ in range(3)]
    stopping = stage.cloud.instance(state="stopping")
    stage.clock.at(8)
    Follower(stage).run(5)
    assert sorted(effect.id for effect in stage.cloud.effects) == sorted([*ids, stopping])


def test_what_only_failed_waits_for_the_next_run(stage: Stage) -> None:
    stage.cloud.instance()
    stage.cloud.before = lambda _t, operation, _i: (
        CapacityUnavailable("none") if operation == "start_instances" else None
    )
    stage.clock.at(8)
    [report] = Follower(stage).run(15)
    assert report.partial


def test_a_refused_pass_is_not_repeated() -> None:
    stage = Stage(CHAIN + "guardrails: {max_changes: 0}\n", cloud=Cloud())
    stage.cloud.database("orders", tags={"Tier": "database"})
    stage.cloud.instance(tags={"Tier": "app"})
    stage.clock.at(8)
    [report] = Follower(stage).run(15)
    assert report.refused is not None
