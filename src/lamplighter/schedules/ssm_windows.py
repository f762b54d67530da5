"""What Systems Manager tells of its maintenance windows, and when they are open.

SSM reports the next execution only: while a window is open, that is the one after. So what is open now is worked out
from the window's own schedule, and the next execution is believed beside it.
Source: Systems Manager API Reference, `MaintenanceWindowIdentity`; User Guide, "Cron and rate expressions for Systems
Manager".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.dialects.aws_cron import Rate, parse_expression
from lamplighter.schedules.dialects.cron import Cron
from lamplighter.schedules.windows import Window
from lamplighter.schedules.zones import find_zone

_UTC: Final = ZoneInfo("UTC")
_WITH_SECONDS: Final = re.compile(r"\s*cron\s*\(\s*\S+((?:\s+\S+){6})\s*\)\s*", re.IGNORECASE)
_LONGEST: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class SsmWindow:
    """A maintenance window as SSM tells of it.

    Attributes:
        id: `mw-...`.
        name: its name; others may have the same.
        enabled: whether it runs at all.
        duration: how long each execution lasts.
        rule: when it runs; None if that cannot be read.
        zone: the zone of the rule's wall clock.
        offset: days between the time of a cron expression and the execution.
        first: aware datetime before which it does not run, or None.
        last: aware datetime after which it does not run, or None.
        next: aware datetime of the next execution, or None if there is none.
        problem: what of it cannot be understood; empty if all is.
    """

    id: str
    name: str
    enabled: bool = True
    duration: timedelta = timedelta(hours=1)
    rule: Cron | Rate | datetime | None = None
    zone: ZoneInfo = _UTC
    offset: int = 0
    first: datetime | None = None
    last: datetime | None = None
    next: datetime | None = None
    problem: str = ""


def read_ssm_window(told: Mapping[str, Any]) -> SsmWindow:
    """A window as DescribeMaintenanceWindows or GetMaintenanceWindow answers; what is wrong is its `problem`."""
    bare = SsmWindow(str(told.get("WindowId", "")), str(told.get("Name", "")), told.get("Enabled") is not False)
    try:
        zone = find_zone(str(told.get("ScheduleTimezone") or "UTC"))
        dated = replace(
            bare,
            duration=_hours(told.get("Duration")),
            zone=zone,
            offset=int(told.get("ScheduleOffset") or 0),
            first=_moment(told.get("StartDate"), zone),
            last=_moment(told.get("EndDate"), zone),
            next=_moment(told.get("NextExecutionTime"), zone),
        )
    except (GrammarError, ValueError, TypeError) as error:
        return replace(bare, problem=_message(error))
    try:
        return replace(dated, rule=_rule(str(told.get("Schedule") or "")))
    except GrammarError as error:
        return replace(dated, problem=f"its schedule cannot be read: {error.message}")


def _message(error: Exception) -> str:
    return error.message if isinstance(error, GrammarError) else str(error)


def _hours(value: object) -> timedelta:
    found = timedelta(hours=int(str(value)))
    if not timedelta() < found <= _LONGEST:
        raise ValueError(f"its duration of {value} hours is not one from 1 to 24")
    return found


def _moment(value: object, zone: ZoneInfo) -> datetime | None:
    if not value:
        return None
    # SSM writes 2026-11-24T02:00Z, or an offset with the zone behind it in brackets.
    found = datetime.fromisoformat(str(value).partition("[")[0])
    return found.replace(tzinfo=found.tzinfo or zone).astimezone(UTC)


def _rule(text: str) -> Cron | Rate | datetime:
    """An expression of SSM: one of EventBridge Scheduler, where a cron may have a seventh field, seconds, in front."""
    longer = _WITH_SECONDS.fullmatch(text)
    return parse_expression(f"cron({longer[1].strip()})" if longer else text)


def open_occurrences(
    window: SsmWindow, at: datetime, lead: timedelta, created: datetime | None = None
) -> tuple[Window, ...]:
    """The occurrences of a window that are open at an aware datetime or begin within `lead`, the latest of each.

    Args:
        window: as SSM tells of it; one that is not enabled is never open.
        at: aware datetime.
        lead: how long before its begin it counts as open.
        created: aware datetime at which the window was made: no execution was due before; None if it is not known.
    """
    if not window.enabled:
        return ()
    begun: datetime | None = None
    coming: datetime | None = None
    for moment in _executions(window, at - window.duration, at + lead, created):
        if moment <= at:
            begun = max(begun or moment, moment)
        else:
            coming = min(coming or moment, moment)
    return tuple(Window(window.name, m, m + window.duration) for m in (begun, coming) if m is not None)


def _executions(window: SsmWindow, after: datetime, until: datetime, created: datetime | None) -> Iterator[datetime]:
    """Executions in (after, until], in any order."""
    if window.next is not None and after < window.next <= until:
        yield window.next
    for moment, planned in _planned(window, after, until):
        wanted = after < moment <= until and (created is None or planned >= created)
        active = (window.first is None or moment >= window.first) and (window.last is None or moment <= window.last)
        if wanted and active:
            yield moment


def _planned(window: SsmWindow, after: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """(execution, the time its expression names) around (after, until]; they differ by the offset of a cron."""
    match window.rule:
        case Cron() as cron:
            days = timedelta(days=window.offset)
            for planned in cron.between(
                after - days - timedelta(days=1), until - days + timedelta(days=1), window.zone
            ):
                wall = planned.astimezone(window.zone).replace(tzinfo=None) + days
                yield wall.replace(tzinfo=window.zone).astimezone(UTC), planned
        case Rate() as rate if window.next is not None:
            moment = window.next + (until - window.next) // rate.every * rate.every
            while moment > after:
                yield moment, moment
                moment -= rate.every
        case datetime() as once:
            moment = once.replace(tzinfo=window.zone).astimezone(UTC)
            yield moment, moment
        case _:
            return


def doubtful(window: SsmWindow, at: datetime) -> str:
    """Why it cannot be told whether the window is open at an aware datetime; empty if it can."""
    if not window.enabled or (window.last is not None and at >= window.last + _LONGEST):
        return ""
    if window.problem:
        return window.problem
    if isinstance(window.rule, Rate) and window.next is None:
        return "SSM does not tell when it runs next, and a rate counts from there"
    return ""
