"""A year of 10,000 resources with 500 schedules in hours and money: against a loop that asks a schedule by the hour."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing import get_context
from typing import NamedTuple

from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import address_key, ebs_key, ec2_key
from lamplighter.resources.kind import Standing
from lamplighter.savings.estimate import Lot, estimate
from lamplighter.savings.tally import Tally, add
from lamplighter.schedules.compiler import compile_period, compile_schedule
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.timeline import State

RESOURCES, SCHEDULES, SAMPLE = 10_000, 500, 200
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=15)
"""Every schedule here begins and ends at whole quarters of an hour."""
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "ap-southeast-2")
TYPES = ("t3.medium", "m5.large", "m5.xlarge", "c6i.2xlarge", "r6g.large", "m7g.large")
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney", "America/New_York", "America/Sao_Paulo")


class Numbers(NamedTuple):
    """What one run measured; seconds, except for the difference in lit hours."""

    whole: float
    grouped: float
    by_transition: float
    by_quarter: float
    different: Decimal


def run() -> list[str]:
    """Lines to print; measured in a process of its own, so that the schedules are compiled anew."""
    with get_context("spawn").Pool(1) as pool:
        n = pool.apply(measure)
    transitions, quarters = (seconds * RESOURCES / SAMPLE for seconds in (n.by_transition, n.by_quarter))
    return [
        f"{RESOURCES:,} resources, {SCHEDULES} schedules, a year, one core:",
        f"estimate with storage              {n.whole:9.2f} s {RESOURCES / n.whole:12,.0f} /s",
        f"sum by schedule                    {n.grouped:9.2f} s",
        f"each resource by its transitions   {transitions:9.2f} s, {transitions / n.whole:,.0f} times as long",
        f"each resource by quarters of hours {quarters:9.2f} s, {quarters / n.whole:,.0f} times as long",
        f"(loops measured on {SAMPLE} resources, extrapolated; lit hours differ by {n.different})",
    ]


def measure() -> Numbers:
    """Measure everything once."""
    chance = random.Random(9)
    schedules = {schedule.name: schedule for schedule in (_schedule(n, chance) for n in range(SCHEDULES))}
    names = list(schedules)
    lots = [_lot(chance.choice(names), chance) for _ in range(RESOURCES)]
    book = PriceBook.bundled()
    began = time.process_time()
    found = estimate(lots, schedules, book, START, END)
    whole = time.process_time() - began
    began = time.process_time()
    groups: dict[str, list[Tally]] = {}
    for one in found:
        groups.setdefault(one.lot.schedule, []).append(one.tally)
    add([add(parts) for parts in groups.values()])
    grouped = time.process_time() - began
    began = time.process_time()
    alone = [_by_transitions(schedules[lot.schedule]) for lot in lots[:SAMPLE]]
    by_transition = time.process_time() - began
    began = time.process_time()
    stepped = [_by_steps(schedules[lot.schedule]) for lot in lots[:SAMPLE]]
    by_quarter = time.process_time() - began
    different = sum(
        (
            abs(one.tally.lit_hours - hours)
            for other in (alone, stepped)
            for one, hours in zip(found, other, strict=False)
        ),
        Decimal(0),
    )
    return Numbers(whole, grouped, by_transition, by_quarter, different)


def _by_transitions(schedule: Schedule) -> Decimal:
    lit, since, seconds = schedule.state_at(START).state is State.RUNNING, START, Decimal(0)
    for change in (*schedule.transitions(START, END), None):
        at = change.at if change else END
        seconds += lit * int((at - since).total_seconds())
        since, lit = at, change is not None and change.now.state is State.RUNNING
    return seconds / 3600


def _by_steps(schedule: Schedule) -> Decimal:
    at, steps = START, 0
    while at < END:
        steps += schedule.state_at(at).state is State.RUNNING
        at += STEP
    return Decimal(steps) / 4


def _lot(schedule: str, chance: random.Random) -> Lot:
    region = chance.choice(REGIONS)
    disks = (
        Standing(ebs_key(region, "gp3"), Decimal(chance.randrange(8, 500))),
        Standing(address_key(region), Decimal(1)),
    )
    return Lot(schedule, (ec2_key(region, chance.choice(TYPES)),), {"schedule": schedule}, disks)


def _schedule(number: int, chance: random.Random) -> Schedule:
    begin = chance.randrange(5, 11)
    period = PeriodDefinition(
        begintime=f"{begin:02}:{chance.choice(('00', '15', '30'))}",
        endtime=f"{begin + chance.randrange(6, 13):02}:00",
        weekdays=(chance.choice(("mon-fri", "mon-sat", "*", "mon-thu")),),
    )
    definition = ScheduleDefinition(timezone=chance.choice(ZONES), periods=("p",))
    return compile_schedule(f"s{number:03}", definition, {"p": compile_period("p", period, {})}, {})
