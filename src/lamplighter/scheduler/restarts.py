"""What AWS starts again by itself: databases seven days after they were stopped.

The time of it is remembered from the stop on, and as AWS tells it once the resource is out. A resource that is found
lit before that time was lit by somebody; after it, by AWS.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from lamplighter.resources.kind import Kind, Resource
from lamplighter.schedules.decision import Action, Decision, Live, Memory, Stored

_EARLY: Final = timedelta(minutes=5)
"""How much before its time a restart is still AWS's: clocks differ."""

_OUT = (Live.STOPPED, Live.STOPPING)
_HELD_TO_BE_OUT = (Stored.STOPPED, Stored.STOPPED_BY_HAND)


def seen(memory: Memory, resource: Resource, at: datetime) -> Memory:
    """What is remembered, once the resource was looked at: AWS's time if it is out, nothing if somebody lit it.

    Args:
        memory: what was remembered before.
        resource: the resource as it is now.
        at: aware datetime of the pass.
    """
    if resource.live in _OUT:
        told = resource.restarts_at.astimezone(UTC).isoformat() if resource.restarts_at else memory.restarts_at
        return memory if told == memory.restarts_at else memory._replace(restarts_at=told)
    if memory.restarts_at and not _is_due(memory, at):
        return memory._replace(restarts_at="")
    return memory


def was_restarted(memory: Memory, resource: Resource, at: datetime) -> bool:
    """Whether it was AWS that lit it: it is no longer out, and the time of its restart is over.

    Args:
        memory: what is remembered, as `seen` gives it.
        resource: the resource as it is now.
        at: aware datetime of the pass.
    """
    return bool(memory.restarts_at) and resource.live not in (*_OUT, Live.GONE) and _is_due(memory, at)


def to_remember(decision: Decision, kind: Kind | None, resource: Resource, at: datetime) -> Memory:
    """What to remember of the restart once the decision is carried out.

    Args:
        decision: its memory is what `seen` gave.
        kind: the resource's kind, or None if it is not known any more.
        resource: the resource as it is now.
        at: aware datetime of the decision; the stop ends later, and AWS counts from then.
    """
    memory = decision.memory
    if decision.action is Action.STOP and kind is not None and kind.restarts_after is not None:
        return memory._replace(restarts_at=(at + kind.restarts_after).isoformat())
    known_to_be_lit = resource.live not in _OUT and decision.store not in _HELD_TO_BE_OUT
    if memory.restarts_at and (decision.action is Action.START or known_to_be_lit):
        return memory._replace(restarts_at="")
    return memory


def _is_due(memory: Memory, at: datetime) -> bool:
    return at >= datetime.fromisoformat(memory.restarts_at) - _EARLY
