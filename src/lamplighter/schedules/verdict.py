"""What a decision is made of: states, actions, what is remembered, and the verdict itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from lamplighter.schedules.timeline import Desired


class Stored(StrEnum):
    """What we hold to be the resource's state after our last decision."""

    UNKNOWN = "unknown"
    RUNNING = "running"
    STOPPED = "stopped"
    ANY = "any"
    RETAIN_RUNNING = "retain-running"
    START_FAILED = "start_failed"
    STOP_FAILED = "stop_failed"
    STOPPED_BY_HAND = "stopped-by-hand"
    STOPPED_FOR_RESIZE = "stopped_for_resize"

    # The hash of the text, computed once, instead of Enum's own, computed in Python at every look-up.
    __hash__ = str.__hash__


class Live(StrEnum):
    """What the resource is now, over all kinds; `partly` is half way between, and nothing is under way."""

    RUNNING = "running"
    PARTLY = "partly"
    STOPPED = "stopped"
    STARTING = "starting"
    STOPPING = "stopping"
    BUSY = "busy"
    GONE = "gone"

    __hash__ = str.__hash__


class Action(StrEnum):
    """What a decision asks for."""

    NONE = "none"
    START = "start"
    STOP = "stop"


RESTARTED_BY_AWS: Final = "restarted-by-aws"
"""Rule of a decision that stops again what AWS has started by itself."""


class Memory(NamedTuple):
    """What is remembered of a resource beside its stored state. Texts; empty where there is nothing to remember.

    Attributes:
        window: the open maintenance windows that were met, as `occurrences_text`: it was lit for them, or found lit.
        returns: the stored state it goes back to after them; only while it is lit for a window. Without a window: the
            start for one failed.
        lit_since: ISO 8601 instant at which it was first found lit, where AWS does not tell.
        held_since: ISO 8601 instant since which something that is due is held back.
        restarts_at: ISO 8601 instant from which AWS starts it again by itself; only while it is out, and after that
            until it is known who lit it.
        ordered_since: ISO 8601 instant since which it waits for what comes before it (see `scheduler.order`).
        sized_for: instance type that its period asked for when it was last sized; it may have got an alternate.
        type_before: instance type it had when it was stopped to be resized; only until it is lit again.
        snapshot: moment that names the snapshot of a stop that is still to come, `yyyymmdd-hhmmss` in UTC.
        guarded_since: ISO 8601 instant since which its idle guard holds a stop back (see `scheduler.idle`).
    """

    window: str = ""
    returns: str = ""
    lit_since: str = ""
    held_since: str = ""
    restarts_at: str = ""
    ordered_since: str = ""
    sized_for: str = ""
    type_before: str = ""
    snapshot: str = ""
    guarded_since: str = ""


NOTHING_REMEMBERED: Final = Memory()


class Decision(NamedTuple):
    """What to do, what to store, and why.

    Attributes:
        action: start, stop or none.
        store: the state to store once the action has been carried out.
        reason: for people, one sentence without a full stop.
        rule: short stable name of the rule that decided.
        desired: what the schedule wanted, or None if there is no valid schedule.
        memory: what to remember once the action has been carried out.
        put_off: the start or stop that is due and waits for a later pass; none while nothing waits.
    """

    action: Action
    store: Stored
    reason: str
    rule: str
    desired: Desired | None = None
    memory: Memory = NOTHING_REMEMBERED
    put_off: Action = Action.NONE
