"""Sizes that must be put back: what a group or service had before a stop of ours set it to nothing.

Written with the announcement of the stop, so that no stop is done whose size is not known; taken away
once a start has put it back. Until then what is remembered stays: a stop or start that was half done,
or a size set by hand while it should be out, does not replace it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from lamplighter.resources.kind import Resource
from lamplighter.schedules.decision import Live
from lamplighter.store.table import Delete, Put, Store

TABLE: Final = "sizes"
NOTHING: Final = "0"


def with_sizes(store: Store, target: str, resources: Sequence[Resource]) -> list[Resource]:
    """The resources, with what is remembered of those that have a size; the store is asked only if some have."""
    if not any(resource.size for resource in resources):
        return list(resources)
    known = {item.sort: {name: str(value) for name, value in item.data.items()} for item in store.query(TABLE, target)}
    return [_restorable(resource, known.get(resource.key, {})) for resource in resources]


def _restorable(resource: Resource, remembered: Mapping[str, str]) -> Resource:
    """A size between nothing and what is remembered was left by a stop or start that died: either is to be repeated."""
    halfway = (
        bool(remembered)
        and any(value != NOTHING for value in resource.size.values())
        and any(resource.size.get(name) != value for name, value in remembered.items())
    )
    live = Live.PARTLY if halfway and resource.live in (Live.RUNNING, Live.STARTING) else resource.live
    return replace(resource, restore=remembered, live=live)


def remember_size(resource: Resource, target: str) -> list[Put]:
    """The write that goes with the announcement of a stop; none for kinds that AWS itself remembers."""
    return [Put(TABLE, target, resource.key, dict(_kept(resource)))] if resource.size else []


def _kept(resource: Resource) -> Mapping[str, str]:
    if resource.live is Live.PARTLY:
        return resource.restore
    return {
        name: resource.restore.get(name, value) if value == NOTHING else value for name, value in resource.size.items()
    }


def forget_size(resource_key: str, target: str) -> Delete:
    """The write that goes with a start that was done, and with a resource that is gone."""
    return Delete(TABLE, target, resource_key)
