"""Since when a resource is lit: as AWS tells it, else as passes have seen it."""

from __future__ import annotations

from datetime import datetime, timedelta

from lamplighter.resources.kind import Resource
from lamplighter.schedules.verdict import Live, Memory


def with_lit_since(memory: Memory, resource: Resource, at: datetime) -> Memory:
    """What is remembered once a resource was looked at; nothing where AWS itself tells since when it is lit.

    A state that is neither lit nor out (modifying, backing up) changes nothing: it may be either.
    """
    if resource.lit_since is not None or resource.live in (Live.STOPPED, Live.STOPPING, Live.GONE):
        return memory._replace(lit_since="")
    if resource.live is Live.RUNNING:
        return memory._replace(lit_since=memory.lit_since or at.isoformat())
    return memory


def lit_for(memory: Memory, resource: Resource, at: datetime) -> timedelta | None:
    """How long a resource has been lit at an aware datetime; None if it is not lit, or nobody knows since when."""
    if resource.live is not Live.RUNNING:
        return None
    if resource.lit_since is not None:
        return at - resource.lit_since
    return at - datetime.fromisoformat(memory.lit_since) if memory.lit_since else None
