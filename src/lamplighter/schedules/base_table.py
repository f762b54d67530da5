"""The base table of decisions, that of the AWS Instance Scheduler (v3.2.8, `scheduling_decision`)."""

from __future__ import annotations

from dataclasses import dataclass

from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.timeline import State
from lamplighter.schedules.verdict import Action, Stored


@dataclass(frozen=True, slots=True)
class Rules:
    """The flags of a schedule that shape decisions; meanings as in `ScheduleDefinition`."""

    enforced: bool = False
    retain_running: bool = False
    stop_new_instances: bool = True
    use_maintenance_window: bool = True
    stop_only: bool = False
    stay_off: bool = False
    ignore: bool = False

    @classmethod
    def of(cls, schedule: Schedule) -> Rules:
        """The flags of a compiled schedule."""
        given = schedule.definition
        return cls(
            given.enforced,
            given.retain_running,
            given.stop_new_instances,
            given.use_maintenance_window,
            given.stop_only,
            given.stay_off,
            given.ignore,
        )


Outcome = tuple[Action, Stored, str]


def base_decision(desired: State, rules: Rules, stored: Stored, *, is_running: bool, window: bool) -> Outcome:
    """The original's table, first rule that fits (reference: AWS Instance Scheduler v3.2.8, 2.5).

    Returns:
        (action, state to store, name of the rule).
    """
    if window and rules.use_maintenance_window:
        return Action.START, Stored.RUNNING, "maintenance-window"
    match desired:
        case State.ANY:
            return Action.NONE, Stored.ANY, "any"
        case State.STOPPED:
            return _base_stopped(rules, stored)
        case State.RUNNING:
            return _base_running(rules, stored, is_running=is_running)


def _base_stopped(rules: Rules, stored: Stored) -> Outcome:
    if stored is Stored.UNKNOWN and not rules.stop_new_instances:
        return Action.NONE, Stored.STOPPED, "new-left-alone"
    if rules.enforced:
        return Action.STOP, Stored.STOPPED, "enforced"
    if stored is Stored.RETAIN_RUNNING and rules.retain_running:
        return Action.NONE, Stored.STOPPED, "retained"
    if stored is Stored.STOPPED:
        return Action.NONE, Stored.STOPPED, "unchanged"
    return Action.STOP, Stored.STOPPED, "schedule"


def _base_running(rules: Rules, stored: Stored, *, is_running: bool) -> Outcome:
    if rules.enforced:
        return Action.START, Stored.RUNNING, "enforced"
    if rules.retain_running and stored is Stored.STOPPED and is_running:
        return Action.NONE, Stored.RETAIN_RUNNING, "retain-running"
    if stored is Stored.RETAIN_RUNNING:
        return Action.NONE, Stored.RETAIN_RUNNING, "retain-running"
    if stored is Stored.RUNNING:
        return Action.NONE, Stored.RUNNING, "unchanged"
    return Action.START, Stored.RUNNING, "schedule"
