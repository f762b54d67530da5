"""A simulated estate lives through a span of time, transition by transition.

The clock of the simulated AWS is set to each moment at which a schedule changes, and a pass is run
for the schedules that change there, as a deployed Lamplighter would. Every other day a whole pass
repairs what single ones could not do (a denied account, a machine without capacity).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lamplighter.errors import LamplighterError
from lamplighter.estate.steering import EstateControl
from lamplighter.scheduler.act import Done
from lamplighter.scheduler.passes import PassReport, World, run_pass
from lamplighter.scheduler.plan import Step
from lamplighter.schedules.schedule import Schedule

REPAIR_EVERY = timedelta(hours=48)
AGAIN_AFTER = timedelta(minutes=30)

Schedules = frozenset[str] | None
Moment = tuple[datetime, Schedules]
"""When a pass is due, and for which schedules; None for all."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What happened.

    Attributes:
        start: aware datetime of the beginning.
        end: aware datetime of the end.
        passes: how many passes were run.
        started: starts that went well.
        stopped: stops that went well.
        failed: actions that failed, in order of time.
        denied: errors of whole targets, with their time, in order.
        invalid: steps whose schedule is not valid or not defined, by `account/region kind/id`.
    """

    start: datetime
    end: datetime
    passes: int
    started: int
    stopped: int
    failed: list[tuple[datetime, Done]] = field(default_factory=list)
    denied: list[tuple[datetime, str, LamplighterError]] = field(default_factory=list)
    invalid: dict[str, Step] = field(default_factory=dict)


def moments(schedules: Mapping[str, Schedule], start: datetime, end: datetime) -> list[Moment]:
    """When passes are due over [start, end): at transitions, and a whole one every other day."""
    due: dict[datetime, set[str]] = {}
    for name, schedule in schedules.items():
        for transition in schedule.transitions(start, end):
            due.setdefault(transition.at, set()).add(name)
    planned: dict[datetime, Schedules] = {at: frozenset(names) for at, names in due.items()}
    at = start
    while at < end:
        planned[at] = None
        at += REPAIR_EVERY
    return sorted(planned.items(), key=lambda moment: moment[0])


def live(
    world: World,
    control: EstateControl,
    start: datetime,
    end: datetime,
    *,
    progress: Callable[[datetime, PassReport], None] | None = None,
) -> Lived:
    """Live through [start, end), aware datetimes.

    Args:
        world: sessions, store and configuration; its clock is replaced by the simulated one.
        control: steers the simulated AWS.
        start: beginning.
        end: end.
        progress: told of every pass.

    Returns:
        What happened; the clock of the simulated AWS stands at `end`.
    """
    queue = [
        (at, number, names) for number, (at, names) in enumerate(moments(world.config.loaded.schedules, start, end))
    ]
    heapq.heapify(queue)
    number = len(queue)
    lived = Lived(start, end, 0, 0, 0)
    while queue:
        at, _, names = heapq.heappop(queue)
        control.set_clock(at)
        now = replace(world, clock=_standing(at))
        report = run_pass(now, run=f"demo-{at:%Y%m%dT%H%M%S}-{lived.passes}", schedules=names, known_only=True)
        lived = _note(lived, report)
        if progress is not None:
            progress(at, report)
        waiting = frozenset(_unfinished(report))
        if waiting and at + AGAIN_AFTER < end:
            number += 1
            heapq.heappush(queue, (at + AGAIN_AFTER, number, waiting))
    control.set_clock(end)
    return lived


def _standing(at: datetime) -> Callable[[], datetime]:
    return lambda: at


def _note(lived: Lived, report: PassReport) -> Lived:
    done = [each for target in report.targets for each in target.done]
    lived.failed.extend((report.at, each) for each in done if each.error)
    for target in report.targets:
        errors = [target.error] if target.error is not None else list(target.failures.values())
        lived.denied.extend((report.at, target.target.key, error) for error in errors)
    for step in report.steps:
        if step.decision.rule in ("invalid-schedule", "unknown-schedule"):
            lived.invalid.setdefault(f"{step.target.key} {step.resource.key}", step)
    good = [each.step.decision.action.value for each in done if not each.error]
    return replace(
        lived,
        passes=lived.passes + 1,
        started=lived.started + good.count("start"),
        stopped=lived.stopped + good.count("stop"),
    )


def _unfinished(report: PassReport) -> Iterator[str]:
    """Schedules with resources for which AWS could not yet do what was wanted."""
    for target in report.targets:
        for step in target.steps:
            if step.decision.rule == "wait" and step.resource.schedule:
                yield step.resource.schedule
        for each in target.done:
            if each.error and each.step.resource.schedule:
                yield each.step.resource.schedule
