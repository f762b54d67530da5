"""The maintenance windows that are open for the resources of a target.

A resource's own weekly window comes with the resource. SSM is asked only if a schedule of what was found names a window
or `windows.ssm_targets` is on, once a pass and target; and about single windows only while they are open. Names are for
EC2 instances, the managed nodes of SSM, as in the AWS Instance Scheduler; what a window is registered for may be of any
kind when it is in a resource group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from lamplighter.errors import LamplighterError
from lamplighter.resources.kind import Resource, Session
from lamplighter.scheduler.fence import fenced
from lamplighter.scheduler.plan import Step, held_back
from lamplighter.scheduler.settings import Configuration
from lamplighter.scheduler.states import StateRecord, remembered
from lamplighter.scheduler.window_targets import NODE, WindowTargets, read_targets
from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.decision import Action
from lamplighter.schedules.definitions import ScheduleDefinition
from lamplighter.schedules.ssm_windows import SsmWindow, doubtful, open_occurrences, read_ssm_window
from lamplighter.schedules.windows import Window, parse_weekly, read_occurrences

PERMISSIONS: Final = ("ssm:DescribeMaintenanceWindows", "ssm:GetMaintenanceWindow")
"""IAM actions for windows that schedules name; for `ssm_targets` also those of `window_targets`."""


@dataclass(frozen=True, slots=True)
class Windows:
    """What was found out about the windows of a target.

    Attributes:
        open: the open windows, by `kind/id` of the resource.
        doubts: why it is not known whether a window is open, by `kind/id` of the resource.
    """

    open: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)


class _Findings:
    """Collects what is open and what is doubtful."""

    def __init__(self) -> None:
        self.open: dict[str, tuple[Window, ...]] = {}
        self.doubts: dict[str, str] = {}

    def add(self, resources: Iterable[Resource], windows: tuple[Window, ...]) -> None:
        for resource in resources if windows else ():
            known = self.open.get(resource.key, ())
            self.open[resource.key] = (*known, *(window for window in windows if window not in known))

    def doubt(self, resources: Iterable[Resource], reason: str) -> None:
        for resource in resources:
            self.doubts.setdefault(resource.key, reason)


def find_windows(
    session: Session,
    config: Configuration,
    resources: Sequence[Resource],
    records: Mapping[str, StateRecord],
    at: datetime,
) -> Windows:
    """Find the windows that are open at a time for the resources of a target.

    What cannot be read is a doubt about the resources concerned, and stops nothing else. While there is one, a window
    that was met before counts as open until its end.

    Args:
        session: calls in the target.
        config: schedules, and the section `windows`.
        resources: what was found in the target.
        records: what is stored, by `kind/id`.
        at: aware datetime of the pass.
    """
    users = [resource for resource in resources if (used := _schedule(config, resource)) and uses_windows(used)]
    found = _Findings()
    if config.windows.preferred:
        _own_windows(config, users, found, at)
    _ssm_windows(session, config, users, found, at)
    for resource in users if found.doubts else ():
        if resource.key in found.doubts:
            met = read_occurrences(remembered(records.get(resource.key), resource).window)
            found.add([resource], tuple(window for window in met if window.open_at(at, config.windows.lead)))
    return Windows(found.open, found.doubts)


def hold_stops(steps: Sequence[Step], doubts: Mapping[str, str], at: datetime) -> list[Step]:
    """The steps, without stops of resources for which a window may be open; an override to stopped beats any window."""
    if not doubts:
        return list(steps)
    return [
        held_back(step, doubts[step.resource.key], "window-unknown", at=at)
        if step.decision.action is Action.STOP and step.decision.rule != "override" and step.resource.key in doubts
        else step
        for step in steps
    ]


def uses_windows(schedule: ScheduleDefinition) -> bool:
    """Whether resources with the schedule are lit for maintenance windows at all."""
    return schedule.use_maintenance_window and not schedule.stop_only and not schedule.ignore


def _schedule(config: Configuration, resource: Resource) -> ScheduleDefinition | None:
    schedule = config.loaded.schedules.get(resource.schedule or "")
    return schedule.definition if schedule else None


def _own_windows(config: Configuration, users: Iterable[Resource], found: _Findings, at: datetime) -> None:
    by_text: dict[str, list[Resource]] = {}
    for resource in users:
        if resource.window:
            by_text.setdefault(resource.window, []).append(resource)
    for text, owners in by_text.items():
        try:
            found.add(owners, parse_weekly(text).open_at(at, config.windows.lead))
        except GrammarError as error:
            found.doubt(owners, f"its maintenance window cannot be read: {error.message}")


def _ssm_windows(
    session: Session, config: Configuration, users: Sequence[Resource], found: _Findings, at: datetime
) -> None:
    by_name = _by_name(config, users)
    by_target = users if config.windows.ssm_targets else ()
    if not by_name and not by_target:
        return
    concerned = [*by_target, *(resource for named in by_name.values() for resource in named)]
    try:
        listed = list_windows(session)
    except LamplighterError as error:
        found.doubt(concerned, f"the maintenance windows of SSM cannot be read: {error.message}")
        return
    for window in listed:
        named = by_name.get(window.name, ())
        if not window.enabled or not (named or by_target):
            continue
        opened, doubt = _occurrences(session, window, at, config)
        if not opened and not doubt:
            continue
        members = [*named, *_members(session, window, by_target, found)]
        found.add(members, opened)
        if doubt:
            found.doubt(members, f"it is not known when maintenance window {window.name} is open: {doubt}")


def _by_name(config: Configuration, users: Iterable[Resource]) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for resource in users:
        schedule = _schedule(config, resource)
        for name in schedule.ssm_maintenance_window if schedule and resource.kind == NODE else ():
            found.setdefault(name, []).append(resource)
    return found


def list_windows(session: Session) -> list[SsmWindow]:
    """Every SSM maintenance window of a target.

    Raises:
        AwsError: they cannot be listed.
    """
    with fenced("maintenance windows", session.target):
        return [
            read_ssm_window(told) for told in session.pages("ssm", "describe_maintenance_windows", "WindowIdentities")
        ]


def _occurrences(
    session: Session, window: SsmWindow, at: datetime, config: Configuration
) -> tuple[tuple[Window, ...], str]:
    """The occurrences of a window that are open, and why there may be others; empty if there are none for sure."""
    opened = open_occurrences(window, at, config.windows.lead)
    if any(one.begin <= at for one in opened):
        # SSM tells only of the next one. One from before the window was made did not take place.
        try:
            with fenced("maintenance windows", session.target):
                created = session.call("ssm", "get_maintenance_window", WindowId=window.id).get("CreatedDate")
                opened = open_occurrences(window, at, config.windows.lead, created)
        except LamplighterError as error:
            return tuple(one for one in opened if one.begin > at), error.message
    return opened, doubtful(window, at)


def _members(session: Session, window: SsmWindow, users: Sequence[Resource], found: _Findings) -> list[Resource]:
    """Those that the window is registered for."""
    if not users:
        return []
    try:
        with fenced("maintenance windows", session.target):
            targets = read_targets(session, window.id)
    except LamplighterError as error:
        targets = WindowTargets(problems=(error.message,))
    members = [resource for resource in users if targets.hold(resource)]
    if targets.problems:
        others = [resource for resource in users if not targets.hold(resource)]
        found.doubt(others, f"it is not known what maintenance window {window.name} is for: {targets.problems[0]}")
    return members
