"""When a schedule needs a pass next, by its timeline alone; and which schedules need passes in between."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from lamplighter.scheduler.plan import Step
from lamplighter.scheduler.settings import Configuration
from lamplighter.schedules.freezing import expected
from lamplighter.schedules.schedule import Schedule

_HORIZONS: Final = (timedelta(days=8), timedelta(days=400))
"""How far ahead to look, further only where nothing is found. What comes later is found when all is looked at anew."""


def next_wake(schedule: Schedule, after: datetime) -> datetime | None:
    """The first transition after an aware datetime that passes can follow, in UTC; None if there is none in 400 days.

    The end of a freeze is one if something was missed.
    """
    if schedule.definition.ignore:
        return None
    for horizon in _HORIZONS:
        found = expected(schedule, after, after + horizon).transitions()
        if found:
            return found[0].at
    return None


def restless(schedule: Schedule) -> bool:
    """Whether its resources can need a pass at a time that its timeline does not know.

    They do where it depends on what they did (`stop_after`, `idle_guard`, `enforced`), on a window of SSM, or on each
    resource's own share of `stagger`.
    """
    given = schedule.definition
    return bool(given.stop_after or given.idle_guard or given.enforced or given.ssm_maintenance_window or given.stagger)


def needs_watch(config: Configuration, steps: Iterable[Step]) -> bool:
    """Whether a target with these resources needs passes between the transitions of its schedules."""
    schedules = config.loaded.schedules
    if config.windows.ssm_targets:
        return True
    for step in steps:
        schedule = schedules.get(step.resource.schedule or "")
        if schedule is None or schedule.definition.ignore:
            continue
        window = step.resource.window and config.windows.preferred and schedule.definition.use_maintenance_window
        if window or restless(schedule):
            return True
    return False
