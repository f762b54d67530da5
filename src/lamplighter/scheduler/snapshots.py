"""Which snapshot belongs to a stop: its moment is remembered from the first attempt on, until the stop is done.

So every attempt asks for the same snapshot, whatever becomes of the passes in between.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from lamplighter.resources.kind import Kind
from lamplighter.schedules.decision import Action, Decision, Memory
from lamplighter.schedules.schedule import Schedule

_FORM: Final = "%Y%m%d-%H%M%S"

LASTS: Final = timedelta(hours=6)
"""How long after it was first asked for a snapshot serves a stop; after that it is too old, and a new one is made."""


def snapshot_for(decision: Decision, schedule: Schedule | None, kind: Kind | None, at: datetime) -> str:
    """The moment that names the snapshot to take before the stop; empty if none is to be taken.

    Args:
        decision: its memory is that of before.
        schedule: the resource's schedule, if it is valid.
        kind: the resource's kind, if it is known.
        at: aware datetime of the pass.
    """
    if decision.action is not Action.STOP or schedule is None or kind is None:
        return ""
    if not schedule.definition.snapshot_before_stop or not kind.permissions.snapshot:
        return ""
    asked = decision.memory.snapshot
    return asked if asked and at - _moment(asked) < LASTS else at.astimezone(UTC).strftime(_FORM)


def keep_snapshot(memory: Memory, decision: Decision) -> Memory:
    """The memory once the decision is carried out: a snapshot belongs to a stop that is still to come."""
    return memory if decision.put_off is Action.STOP or not memory.snapshot else memory._replace(snapshot="")


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)
