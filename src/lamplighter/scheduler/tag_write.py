"""Writing tags that differ, and saying what could not be written. It fails no action, and the next pass tries again."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from lamplighter.errors import AccessDenied, CredentialsMissing, LamplighterError, StoreError, Throttled, Unreachable
from lamplighter.resources.kind import Kind, Resource, Result, Session
from lamplighter.scheduler.fence import fenced
from lamplighter.scheduler.tag_text import MOST_TAGS
from lamplighter.scheduler.tagging import Change

log = logging.getLogger("lamplighter.scheduler")

_AT_ONCE = 200
"""Resources between two looks at the lease: one call to EC2, ten to the tagging API."""

_FOR_ALL = (AccessDenied, CredentialsMissing, StoreError, Throttled, Unreachable)
"""Errors after which nothing more is tried for the kind."""

_NAMED = 3
"""How many resources a warning names."""


@dataclass(frozen=True, slots=True)
class Tagging:
    """What became of the tags in one target.

    Attributes:
        changed: how many resources had their tags written; in a dry run, would have.
        warnings: what could not be written, one sentence each.
    """

    changed: int = 0
    warnings: tuple[str, ...] = ()


NOTHING_TAGGED = Tagging()

_Group: TypeAlias = tuple[str, Callable[[Kind, Session, Sequence[Resource]], list[Result]], list[Resource]]
"""Name of a kind, what to call, and for which."""


def plan_tags(changes: Sequence[Change]) -> Tagging:
    """What `write_tags` would do if every call went well."""
    return Tagging(sum(bool(change.put or change.remove) for change in changes), tuple(_no_room(changes)))


def write_tags(
    session: Session, kinds: Mapping[str, Kind], changes: Sequence[Change], still_mine: Callable[[], None]
) -> Tagging:
    """Write what differs, resources with the same difference together. What fails is a warning, never an exception.

    Args:
        session: calls in the target.
        kinds: every kind by name.
        changes: of resources in the target.
        still_mine: renews the lease before each group; raises LeaseLost.
    """
    failed: dict[Resource, LamplighterError] = {}
    given_up: dict[str, LamplighterError] = {}
    for name, call, resources in _groups(changes):
        if name in given_up:
            failed.update(dict.fromkeys(resources, given_up[name]))
            continue
        errors = _call(session, kinds[name], call, resources, still_mine)
        failed.update(errors)
        if len(errors) == len(resources) and isinstance(error := errors[resources[0]], _FOR_ALL):
            given_up[name] = error
    planned = plan_tags(changes)
    return Tagging(planned.changed - len(failed), (*_failures(failed), *planned.warnings))


def _call(
    session: Session,
    kind: Kind,
    call: Callable[[Kind, Session, Sequence[Resource]], list[Result]],
    resources: Sequence[Resource],
    still_mine: Callable[[], None],
) -> dict[Resource, LamplighterError]:
    """The errors of one group."""
    try:
        still_mine()
        with fenced(kind.name, session.target):
            results = {result.id: result.error for result in call(kind, session, resources)}
    except LamplighterError as error:
        return dict.fromkeys(resources, error)
    return {each: failed for each in resources if (failed := results.get(each.id))}


def _groups(changes: Sequence[Change]) -> Iterator[_Group]:
    """Removals first: they make room."""
    removals: dict[tuple[str, tuple[str, ...]], list[Resource]] = defaultdict(list)
    puts: dict[tuple[str, tuple[tuple[str, str], ...]], list[Resource]] = defaultdict(list)
    for change in changes:
        if change.remove:
            removals[change.resource.kind, change.remove].append(change.resource)
        if change.put:
            puts[change.resource.kind, tuple(sorted(change.put.items()))].append(change.resource)
    for (name, keys), resources in removals.items():
        for part in _parts(resources):
            yield name, _untag(keys), part
    for (name, tags), resources in puts.items():
        for part in _parts(resources):
            yield name, _tag(dict(tags)), part


def _untag(keys: Sequence[str]) -> Callable[[Kind, Session, Sequence[Resource]], list[Result]]:
    return lambda kind, session, resources: kind.untag(session, resources, keys)


def _tag(tags: Mapping[str, str]) -> Callable[[Kind, Session, Sequence[Resource]], list[Result]]:
    return lambda kind, session, resources: kind.tag(session, resources, tags)


def _parts(resources: list[Resource]) -> Iterator[list[Resource]]:
    yield from (resources[first : first + _AT_ONCE] for first in range(0, len(resources), _AT_ONCE))


def _failures(failed: Mapping[Resource, LamplighterError]) -> Iterator[str]:
    """One sentence for each kind and error."""
    alike: dict[tuple[str, type[LamplighterError]], list[Resource]] = defaultdict(list)
    for resource, error in failed.items():
        alike[resource.kind, type(error)].append(resource)
    for (kind, _), resources in alike.items():
        error = failed[resources[0]]
        log.info("tags of %d of %s not written: %s", len(resources), kind, error)
        hint = f" ({error.hint})" if error.hint else ""
        yield f"the tags of {_names(resources)} are not written: {error.message}{hint}"


def _no_room(changes: Sequence[Change]) -> Iterator[str]:
    full = [change for change in changes if change.left_out]
    if full:
        keys = sorted({key for change in full for key in change.left_out})
        names = _names([change.resource for change in full])
        yield f"{names}: no room for {', '.join(keys)}: AWS allows {MOST_TAGS} tags a resource"


def _names(resources: Sequence[Resource]) -> str:
    named = ", ".join(resource.name for resource in resources[:_NAMED])
    more = len(resources) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
