"""Compiling schedules to timelines, and asking them: against evaluating every instant by itself."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lamplighter.schedules import Schedule, State, load_instance_scheduler
from lamplighter.schedules.calendars import compile_calendar
from lamplighter.schedules.compiler import compile_period, compile_schedule
from lamplighter.schedules.days import DayRule
from lamplighter.schedules.definitions import (
    CalendarDefinition,
    HolidaysDefinition,
    PeriodDefinition,
    ScheduleDefinition,
)

SCHEDULES, SAMPLE, DAYS = 500, 25, 14
START = datetime(2026, 10, 19, tzinfo=UTC)
STEP = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)

ZONES = (
    *("UTC", "Europe/Berlin", "Europe/London", "Europe/Lisbon", "Africa/Casablanca", "Africa/Cairo", "Asia/Dubai"),
    *("Asia/Kolkata", "Asia/Kathmandu", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Australia/Lord_Howe"),
    *("Pacific/Auckland", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("America/Sao_Paulo", "America/Toronto"),
)
WEEKDAYS = ("mon-fri", "sat,sun", "mon#1", "friL", "mon-fri/2", "L", "wed#3,thu", "sat-mon", "*", "0-4")
MONTHDAYS = (None, None, None, "1-15", "15W", "L", "1/3", "1,15", "20-L", "31W")
MONTHS = (None, None, None, "jan-mar", "nov-feb", "jan/3", "oct")


class Numbers(NamedTuple):
    """What one run measured; seconds, except for the counts."""

    load: float
    compile: float
    again: float
    stretches: int
    naive: float
    steps: int
    different: int
    asked: float
    asks: int


def run() -> list[str]:
    """Lines to print; measured in a process of its own, so that every cache is cold."""
    with get_context("spawn").Pool(1) as pool:
        n = pool.apply(measure)
    naive = n.naive * SCHEDULES / SAMPLE
    sample = f"{n.steps} steps of {SAMPLE} schedules, extrapolated to {SCHEDULES}; {n.different} states differ"
    return [
        f"{SCHEDULES} distinct schedules, {len(ZONES)} zones, {DAYS} days over the autumn change, cold caches:",
        f"read and check the definitions    {n.load:7.3f} s",
        f"compile the timelines             {n.compile:7.3f} s  ({n.stretches:,} stretches; target 0.5 s)",
        f"compile the two weeks after them  {n.again:7.3f} s  (days already known)",
        f"evaluate every {STEP.seconds // 60} minutes instead {naive:7.3f} s  ({sample})",
        f"ratio                             {naive / n.compile:7.0f} x, and the timelines are exact to the second",
        f"state_at, warm                  {n.asks / n.asked:9,.0f} /s",
        f"evaluated by itself             {n.steps * SAMPLE / n.naive:9,.0f} /s",
    ]


def measure() -> Numbers:
    items = definitions(random.Random(42))
    began = time.perf_counter()
    plain = list(load_instance_scheduler(items).schedules.values())
    schedules = plain + [native(n) for n in range(SCHEDULES - len(plain))]
    loaded = time.perf_counter()
    end = START + timedelta(days=DAYS)
    timelines = [schedule.timeline(START, end) for schedule in schedules]
    compiled = time.perf_counter()
    for schedule in schedules:
        schedule.timeline(end, end + timedelta(days=DAYS))
    again = time.perf_counter()
    stretches = sum(len(timeline.starts) for timeline in timelines)

    sample = [bare(schedule) for schedule in plain[:: len(plain) // SAMPLE][:SAMPLE]]
    moments = [START + n * STEP for n in range(int((end - START) / STEP))]
    naive_began = time.perf_counter()
    naive = [[schedule.state_at(moment) for moment in moments] for schedule in sample]
    naive_seconds = time.perf_counter() - naive_began

    warm = plain[:: len(plain) // SAMPLE][:SAMPLE]
    for schedule in warm:
        for moment in moments:
            schedule.state_at(moment)
    warm_began = time.perf_counter()
    asked = [[schedule.state_at(moment) for moment in moments] for schedule in warm]
    warm_seconds = time.perf_counter() - warm_began
    different = sum(
        one is not other.state for a, b in zip(naive, asked, strict=True) for one, other in zip(a, b, strict=True)
    )
    asks = len(warm) * len(moments)
    return Numbers(
        loaded - began,
        compiled - loaded,
        again - compiled,
        stretches,
        naive_seconds,
        len(moments),
        different,
        warm_seconds,
        asks,
    )


def definitions(shuffle: random.Random) -> list[dict[str, object]]:
    """Config-table items of 400 schedules with one to four periods each."""
    items: list[dict[str, object]] = []
    for number in range(400):
        names = [f"p{number}-{n}" for n in range(1 + number % 4)]
        for name in names:
            begin, end = sorted(shuffle.sample(range(1440), 2))
            days = {"weekdays": shuffle.choice(WEEKDAYS)}
            days |= {
                field: text
                for field, choices in (("monthdays", MONTHDAYS), ("months", MONTHS))
                if (text := shuffle.choice(choices))
            }
            items.append({"type": "period", "name": name, "begintime": clock(begin), "endtime": clock(end), **days})
        items.append({"type": "schedule", "name": f"s{number}", "periods": names, "timezone": ZONES[number % 20]})
    return items


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def native(number: int) -> Schedule:
    """A schedule with an overnight period, two spans a day, a weekly stop period and closed holidays."""
    holidays = compile_calendar("off", CalendarDefinition(holidays=HolidaysDefinition(country="DE")), str)
    fields = {
        "night": {"begintime": clock(1200 + number), "endtime": "05:30", "weekdays": "mon-fri"},
        "day": {"times": f"08:00-12:00, {clock(721 + number)}-18:00", "not_on": "off"},
        "weekend": {"weekly": f"fri {clock(1200 + number)} - mon 06:00", "state": "stopped"},
    }
    periods = {
        name: compile_period(name, PeriodDefinition.model_validate(given), {"off": holidays})
        for name, given in fields.items()
    }
    definition = ScheduleDefinition(periods=tuple(periods), closed=("off",), timezone=ZONES[number % 20])
    return compile_schedule(f"n{number}", definition, periods, {"off": holidays})


class Bare(NamedTuple):
    """The naive evaluator: texts are read once, and every instant is worked out by itself."""

    zone: ZoneInfo
    periods: list[tuple[DayRule, int, int]]

    def state_at(self, moment: datetime) -> State:
        wall = moment.astimezone(self.zone).replace(tzinfo=None)
        if self._lit(wall) or (len(self.periods) > 1 and self._lit(wall - MINUTE) and self._lit(wall + MINUTE)):
            return State.RUNNING
        return State.STOPPED

    def _lit(self, wall: datetime) -> bool:
        minute, day = wall.hour * 60 + wall.minute, wall.date()
        return any(begin <= minute < end and rule.matches(day) for rule, begin, end in self.periods)


def bare(schedule: Schedule) -> Bare:
    given = [part for group in schedule.groups for part in group.parts]
    assert all(len(part.spans) == 1 for part in given)
    return Bare(schedule.zone, [(part.rule, part.spans[0].begin, part.spans[0].end) for part in given])
