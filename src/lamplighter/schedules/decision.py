"""What to do with a resource: the desired state, what is stored of it and what it is now make an action.

The base table (`base_table`) is that of the AWS Instance Scheduler: it acts when the desired state changes
against the stored one, so a manual start or stop is kept until the next change. Around it lie, in this
order: ignore, states in which AWS would refuse, overrides, freezes, maintenance windows (`window_rules`), what AWS
starts by itself, stay-off, stop-only and stop-after.
docs/semantics.md lists where and why this differs from the original.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from lamplighter.schedules.base_table import Rules, base_decision
from lamplighter.schedules.freezing import frozen
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.stagger import desired_at
from lamplighter.schedules.stop_after import unasked
from lamplighter.schedules.timeline import Desired, State
from lamplighter.schedules.verdict import (
    NOTHING_REMEMBERED,
    RESTARTED_BY_AWS,
    Action,
    Decision,
    Live,
    Memory,
    Stored,
)
from lamplighter.schedules.window_rules import lit_for_window, under_windows
from lamplighter.schedules.windows import Window

__all__ = [
    "NOTHING_REMEMBERED",
    "Action",
    "Decision",
    "Live",
    "Memory",
    "Rules",
    "Situation",
    "Stored",
    "base_decision",
    "decide",
    "decide_all",
]

_OUT_ONLY_BY_HAND = (Stored.RUNNING, Stored.RETAIN_RUNNING, Stored.STOPPED_BY_HAND)
"""What is out although we hold it to be lit was stopped by somebody else."""

_LEFT_LIT = ("any", "unchanged", "retained")
"""Rules that leave lit what the schedule does not ask for."""

_WORDS = {
    "any": "so either state is left as it is",
    "new-left-alone": "but it is new here and stop_new_instances is off",
    "enforced": "and the schedule is enforced",
    "retained": "but it was started by hand before its period, so it is kept",
    "retain-running": "and it was running before, so it will be kept after the period too",
    "stay-off": "but it was stopped by hand and stays off until started by hand",
    "stop-only": "but this schedule only stops",
    RESTARTED_BY_AWS: "and it was AWS that started it again by itself",
}


def decide(
    desired: Desired,
    rules: Rules,
    stored: Stored,
    live: Live,
    *,
    override: Override | None = None,
    windows: tuple[Window, ...] = (),
    freeze: str | None = None,
    overstay: str | None = None,
    memory: Memory = NOTHING_REMEMBERED,
    restarted: bool = False,
) -> Decision:
    """Decide for one resource.

    Args:
        desired: what its schedule wants now.
        rules: the flags of its schedule.
        stored: what we stored after our last decision; `unknown` for a resource first seen.
        live: what it is now.
        override: the override in force for it, if any.
        windows: the maintenance windows that are open for it.
        freeze: why its schedule may change nothing now, as a clause, if so.
        overstay: why it is lit for too long, as a clause, if it is.
        memory: what is remembered of it.
        restarted: whether it was AWS that lit it, at the end of the time for which it may be out.

    Returns:
        The decision; its reason names what decided.
    """
    if rules.ignore:
        return Decision(Action.NONE, stored, "its schedule says to leave it alone", "ignore", desired, memory)
    if live is Live.GONE:
        return Decision(Action.NONE, stored, "it no longer exists", "gone", desired, memory)
    if override is not None and override.hold is Hold.LEAVE_ALONE:
        return Decision(Action.NONE, stored, f"{override.words()}, so nothing is done", "override", desired, memory)
    if freeze is not None and override is None:
        # What is stored stays: after the freeze it tells what was missed.
        return Decision(Action.NONE, stored, f"{desired.reason}; but {freeze}", "frozen", desired, memory)
    if override is not None:
        wanted = _held(override, desired, stored, live)._replace(memory=memory._replace(window="", returns=""))
    else:
        if lit_for_window(memory, live):
            plain = _by_schedule(desired, rules, Stored(memory.returns), Live.STOPPED)
        else:
            plain = _overstayed(_by_schedule(desired, rules, stored, live, restarted=restarted), live, overstay)
        used = windows if rules.use_maintenance_window and not rules.stop_only else ()
        wanted = under_windows(plain, stored, live, memory, used, enforced=rules.enforced)
    return _when_possible(wanted, stored, live, memory)


def _held(override: Override, desired: Desired, stored: Stored, live: Live) -> Decision:
    if override.hold is Hold.STOPPED:
        return Decision(Action.STOP, Stored.STOPPED, override.words(), "override", desired)
    lit = live in (Live.RUNNING, Live.STARTING, Live.PARTLY)
    keep = Stored.RETAIN_RUNNING if stored is Stored.RETAIN_RUNNING and lit else Stored.RUNNING
    return Decision(Action.START, keep, override.words(), "override", desired)


def _overstayed(plain: Decision, live: Live, overstay: str | None) -> Decision:
    asked = plain.desired is not None and plain.desired.state is State.RUNNING
    if overstay is None or live is not Live.RUNNING or asked or plain.desired is None or plain.rule not in _LEFT_LIT:
        return plain
    return plain._replace(action=Action.STOP, reason=f"{plain.desired.reason}; {overstay}", rule="stop-after")


def _by_schedule(desired: Desired, rules: Rules, stored: Stored, live: Live, *, restarted: bool = False) -> Decision:
    lit = live in (Live.RUNNING, Live.STARTING, Live.PARTLY)
    if restarted and stored is Stored.STOPPED:
        # Nobody lit it: it is as if it were still out.
        lit = False
        if desired.state is State.STOPPED:
            return Decision(Action.STOP, stored, _say(desired, RESTARTED_BY_AWS), RESTARTED_BY_AWS, desired)
    if rules.stay_off:
        if restarted and stored is Stored.STOPPED_BY_HAND:
            reason = f"{_say(desired, 'stay-off')}, {_WORDS[RESTARTED_BY_AWS]}"
            return Decision(Action.STOP, stored, reason, RESTARTED_BY_AWS, desired)
        dark = live in (Live.STOPPED, Live.STOPPING)
        if stored is Stored.STOPPED_BY_HAND and not (lit or dark):
            return Decision(Action.NONE, stored, f"{desired.reason}; it is {live.value} now", "wait", desired)
        if dark and stored in _OUT_ONLY_BY_HAND:
            return Decision(Action.NONE, Stored.STOPPED_BY_HAND, _say(desired, "stay-off"), "stay-off", desired)
        if stored is Stored.STOPPED_BY_HAND:
            stored = Stored(desired.state.value)
    action, store, rule = base_decision(desired.state, rules, stored, is_running=lit, window=False)
    if rules.stop_only and action is Action.START:
        return Decision(Action.NONE, store, _say(desired, "stop-only"), "stop-only", desired)
    return Decision(action, store, _say(desired, rule), rule, desired)


def _say(desired: Desired, rule: str) -> str:
    words = _WORDS.get(rule)
    return f"{desired.reason}, {words}" if words else desired.reason


def _when_possible(wanted: Decision, stored: Stored, live: Live, memory: Memory) -> Decision:
    """Leave out what is already so, and wait where AWS would refuse."""
    if wanted.action is Action.NONE:
        return wanted
    done, coming = (Live.RUNNING, Live.STARTING) if wanted.action is Action.START else (Live.STOPPED, Live.STOPPING)
    if live is done or live is coming:
        return wanted._replace(action=Action.NONE, reason=f"{wanted.reason}; it is {live.value} already")
    if live in (Live.STARTING, Live.STOPPING, Live.BUSY):
        return wanted._replace(
            action=Action.NONE,
            store=stored,
            reason=f"{wanted.reason}; it is {live.value} now, so the {wanted.action.value} waits for the next pass",
            rule="wait",
            memory=memory,
            put_off=wanted.action,
        )
    return wanted


class Situation(NamedTuple):
    """All that a decision depends on besides the time; equal situations get the same decision.

    Attributes:
        schedule: the value of the schedule tag.
        stored: what is stored.
        live: what the resource is now.
        override: the override in force, if any.
        windows: the maintenance windows that are open for it.
        memory: what is remembered of it.
        restarted: whether AWS lit it by itself.
        lit_long: whether it has been lit for the `stop_after` of its schedule.
        delay: how much later the changes of its schedule come for it (see `stagger`).
    """

    schedule: str
    stored: Stored
    live: Live
    override: Override | None = None
    windows: tuple[Window, ...] = ()
    memory: Memory = NOTHING_REMEMBERED
    restarted: bool = False
    lit_long: bool = False
    delay: timedelta = timedelta(0)


def decide_all(
    situations: Iterable[Situation],
    at: datetime,
    schedules: Mapping[str, Schedule],
    rejected: Mapping[str, str] | None = None,
) -> list[Decision]:
    """Decide for any number of resources; each distinct situation is worked out once.

    Args:
        situations: one for each resource, in any order.
        at: aware datetime of the pass.
        schedules: the valid schedules, by name.
        rejected: what is wrong with the others, by name.

    Returns:
        One decision for each situation, in the same order. A schedule that is unknown or not valid
        gives a decision with no action that says so.
    """
    known: dict[Situation, Decision] = {}
    decisions: list[Decision] = []
    for situation in situations:
        decision = known.get(situation)
        if decision is None:
            decision = known[situation] = _decide_situation(situation, at, schedules, rejected or {})
        decisions.append(decision)
    return decisions


def _decide_situation(
    situation: Situation, at: datetime, schedules: Mapping[str, Schedule], rejected: Mapping[str, str]
) -> Decision:
    schedule = schedules.get(situation.schedule)
    if schedule is not None:
        desired = desired_at(schedule, at, situation.delay)
        if _new_between_changes(situation, schedule, desired, at):
            reason = f"{desired.reason}; it is new here, so it is left alone until its change comes"
            return Decision(Action.NONE, situation.stored, reason, "stagger", desired, situation.memory)
        return decide(
            desired,
            Rules.of(schedule),
            situation.stored,
            situation.live,
            override=situation.override,
            windows=situation.windows,
            freeze=frozen(schedule, at),
            overstay=unasked(schedule, at - situation.delay) if situation.lit_long else None,
            memory=situation.memory,
            restarted=situation.restarted,
        )
    if situation.schedule in rejected:
        reason = f"schedule {situation.schedule!r} is not valid: {rejected[situation.schedule]}"
        return Decision(Action.NONE, situation.stored, reason, "invalid-schedule", memory=situation.memory)
    reason = f"schedule {situation.schedule!r} is not defined"
    return Decision(Action.NONE, situation.stored, reason, "unknown-schedule", memory=situation.memory)


def _new_between_changes(situation: Situation, schedule: Schedule, desired: Desired, at: datetime) -> bool:
    """Whether a change has come by the schedule, not yet for a resource that is first seen: it would be undone soon."""
    first_seen = situation.stored is Stored.UNKNOWN and situation.live is not Live.GONE
    decided = schedule.definition.ignore or situation.override is not None or bool(situation.windows)
    return bool(situation.delay) and first_seen and not decided and schedule.state_at(at).state is not desired.state
