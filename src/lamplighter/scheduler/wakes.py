"""When a schedule needs a pass next by its timeline alone, to act or to tell of a stop; and which need more of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from lamplighter.scheduler.plan import Step
from lamplighter.scheduler.settings import Configuration
from lamplighter.schedules.freezing import expected
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.timeline import State

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


def next_notice(schedule: Schedule, after: datetime, lead: timedelta) -> datetime | None:
    """When a pass is needed to tell of the next stop; None if there is none in 400 days.

    Args:
        schedule: of the resources that are put out then.
        after: aware datetime of a pass: it tells itself of what is put out within `lead`.
        lead: how long before a stop it is told.
    """
    if schedule.definition.ignore:
        return None
    begin = after + lead
    for horizon in _HORIZONS:
        for turn in expected(schedule, begin, begin + horizon).transitions():
            if turn.now.state is State.STOPPED and turn.before.state is not State.STOPPED:
                return turn.at - lead
    return None


def lead_of(config: Configuration) -> timedelta | None:
    """How long before a stop somebody wants to be told of it; None if nobody does."""
    wanted = any("upcoming" in rule.about for rule in config.notify.rules)
    return config.notify.lead if wanted else None


def notices(config: Configuration, names: Iterable[str], after: datetime) -> dict[str, datetime]:
    """The next notice of each schedule that somebody wants to be told of, see `next_notice`."""
    rules = [rule for rule in config.notify.rules if "upcoming" in rule.about]
    found: dict[str, datetime] = {}
    for name in names:
        if any(not rule.schedules or name in rule.schedules for rule in rules):
            when = next_notice(config.loaded.schedules[name], after, config.notify.lead)
            if when is not None:
                found[name] = when
    return found


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
