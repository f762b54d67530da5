"""Deciding for a million resources at once: against a loop that asks schedule and rules for each of them."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import NamedTuple

from lamplighter.schedules.compiler import compile_period, compile_schedule
from lamplighter.schedules.decision import Decision, Live, Rules, Situation, Stored, decide, decide_all
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.schedules.schedule import Schedule

RESOURCES, SCHEDULES, OVERRIDES, SAMPLE = 1_000_000, 500, 200, 50_000
AT = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/New_York",
    "America/Sao_Paulo",
)
STORED = (*[Stored.RUNNING] * 4, *[Stored.STOPPED] * 4, Stored.UNKNOWN, Stored.ANY, Stored.RETAIN_RUNNING)
LIVE = (*[Live.RUNNING] * 5, *[Live.STOPPED] * 5, Live.STARTING, Live.STOPPING, Live.BUSY)


class Numbers(NamedTuple):
    """What one run measured; seconds, except for the counts."""

    first: float
    again: float
    distinct: int
    naive: float
    different: int


def run() -> list[str]:
    """Lines to print; measured in a process of its own, so that the schedules are compiled anew."""
    with get_context("spawn").Pool(1) as pool:
        n = pool.apply(measure)
    naive = n.naive * RESOURCES / SAMPLE
    sample = f"measured on {SAMPLE:,}, extrapolated; {n.different} decisions differ"
    return [
        f"{RESOURCES:,} resources with {SCHEDULES} schedules ({n.distinct:,} distinct situations), one core:",
        f"all at once, schedules not yet asked   {n.first:8.2f} s {RESOURCES / n.first:12,.0f} /s",
        f"all at once, again                     {n.again:8.2f} s {RESOURCES / n.again:12,.0f} /s",
        f"one by one ({sample}) {naive:.2f} s, {naive / n.again:.1f} times as long",
    ]


def measure() -> Numbers:
    """Measure everything once."""
    chance = random.Random(20)
    schedules = {schedule.name: schedule for schedule in (_schedule(n, chance) for n in range(SCHEDULES))}
    names = list(schedules)
    overrides = [_override(n, chance) for n in range(OVERRIDES)]
    situations = [
        Situation(
            chance.choice(names),
            chance.choice(STORED),
            chance.choice(LIVE),
            chance.choice(overrides) if chance.random() < 0.01 else None,
        )
        for _ in range(RESOURCES)
    ]
    start = time.perf_counter()
    found = decide_all(situations, AT, schedules)
    first = time.perf_counter() - start
    start = time.perf_counter()
    found = decide_all(situations, AT, schedules)
    again = time.perf_counter() - start
    start = time.perf_counter()
    alone = [_alone(situation, schedules) for situation in situations[:SAMPLE]]
    naive = time.perf_counter() - start
    different = sum(one != other for one, other in zip(alone, found, strict=False))
    return Numbers(first, again, len(set(situations)), naive, different)


def _alone(situation: Situation, schedules: dict[str, Schedule]) -> Decision:
    schedule = schedules[situation.schedule]
    desired = schedule.state_at(AT)
    rules = Rules.of(schedule)
    return decide(
        desired, rules, situation.stored, situation.live, override=situation.override, windows=situation.windows
    )


def _schedule(number: int, chance: random.Random) -> Schedule:
    begin = chance.randrange(5, 11)
    period = PeriodDefinition(
        begintime=f"{begin:02}:{chance.choice(('00', '15', '30'))}",
        endtime=f"{begin + chance.randrange(6, 13):02}:00",
        weekdays=(chance.choice(("mon-fri", "mon-sat", "*", "mon-thu")),),
    )
    definition = ScheduleDefinition(
        timezone=chance.choice(ZONES),
        periods=("p",),
        enforced=chance.random() < 0.2,
        retain_running=chance.random() < 0.2,
        stop_only=chance.random() < 0.1,
    )
    return compile_schedule(f"s{number:03}", definition, {"p": compile_period("p", period, {})}, {})


def _override(number: int, chance: random.Random) -> Override:
    until = AT + timedelta(hours=chance.randrange(1, 12))
    return Override(f"o{number}", chance.choice(list(Hold)), f"i-{number}", until, "a reason", "ada", AT)
