"""Which resource comes after which, by groups of the file and by tags; pure.

Every resource has slots that it fills and slots that it comes after. A slot is a group within one scope (equal values
of the tags in `same`), or a tag with its value. What fills a slot is started before what comes after it, and stopped
later.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Final, NamedTuple

from lamplighter.errors import Problem
from lamplighter.resources.kind import Resource
from lamplighter.scheduler.sections import OrderDefinition, OrderGroupDefinition

AFTER_TAG: Final = "lamplighter:after"
"""Tag with the names of groups and `tag:KEY=VALUE`, separated by blanks or commas, that its resource comes after."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_NAME_HINT = "use letters, digits, dots, dashes and underscores: a tag lists names separated by blanks"
_TAG = "tag:"


class Slot(NamedTuple):
    """A place in the order.

    Attributes:
        ref: name of a group, or `tag:KEY=VALUE`.
        scope: values of the tags in `same`; empty for tags.
    """

    ref: str
    scope: tuple[str, ...] = ()


@dataclass(frozen=True)
class OrderRules:
    """The section `order` of a file, ready to be asked; it must have no problems."""

    definition: OrderDefinition

    @cached_property
    def before(self) -> Mapping[str, frozenset[str]]:
        """Everything that each group comes after, also by way of other groups."""
        return {name: reach(self.definition.groups, name) for name in self.definition.groups}

    def fills(self, resource: Resource) -> Iterator[Slot]:
        """The slots that a resource fills."""
        scope = self._scope(resource)
        for name in self._groups(resource):
            yield Slot(name, scope)
        for key, value in resource.tags.items():
            yield Slot(f"{_TAG}{key}={value}")

    def follows(self, resource: Resource) -> frozenset[Slot]:
        """The slots that a resource comes after; names in its tag that are no group are left out."""
        refs = {ref for name in self._groups(resource) for ref in self.before[name]}
        for ref in _listed(resource):
            refs |= {ref, *self.before.get(ref, ())} if _is_tag(ref) or ref in self.before else set()
        scope = self._scope(resource)
        return frozenset(Slot(ref) if _is_tag(ref) else Slot(ref, scope) for ref in refs)

    def strangers(self, resource: Resource) -> list[str]:
        """Words in the tag of a resource that name no group and no tag."""
        return [ref for ref in _listed(resource) if not _is_tag(ref) and ref not in self.before]

    def may_hold(self, ref: str, kinds: Collection[str]) -> bool:
        """Whether resources of one of these kinds may fill a slot."""
        group = self.definition.groups.get(ref)
        return bool(kinds) and (group is None or not group.kinds or not set(kinds).isdisjoint(group.kinds))

    def may_follow(self, ref: str, kinds: Collection[str]) -> bool:
        """Whether resources of one of these kinds may come after a slot, by their groups."""
        return any(ref in before and self.may_hold(name, kinds) for name, before in self.before.items())

    def _groups(self, resource: Resource) -> Iterator[str]:
        return (name for name, group in self.definition.groups.items() if selects(group, resource))

    def _scope(self, resource: Resource) -> tuple[str, ...]:
        return tuple(resource.tags.get(key, "") for key in self.definition.same)


def selects(group: OrderGroupDefinition, resource: Resource) -> bool:
    """Whether a resource is a member of a group."""
    if group.kinds and resource.kind not in group.kinds:
        return False
    return all(
        key in resource.tags and ("*" in values or resource.tags[key] in values) for key, values in group.tags.items()
    )


def _is_tag(ref: str) -> bool:
    return ref.startswith(_TAG) and "=" in ref[len(_TAG) + 1 :]


def _listed(resource: Resource) -> list[str]:
    return re.split(r"[\s,]+", text) if (text := resource.tags.get(AFTER_TAG, "").strip(" ,")) else []


def reach(groups: Mapping[str, OrderGroupDefinition], name: str) -> frozenset[str]:
    """Everything that a group comes after, by itself and by way of other groups; itself if there is a circle."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for ref in groups[waiting.pop()].after:
            if ref not in found:
                found.add(ref)
                waiting += [ref] if ref in groups else []
    return frozenset(found)


def order_problems(order: OrderDefinition | None, kinds: Iterable[str]) -> list[Problem]:
    """What is wrong with the section beyond the shape of its fields; a pass needs all of it to be right.

    Args:
        order: the section, or None.
        kinds: names of the kinds there are.
    """
    if order is None:
        return []
    found: list[Problem] = []
    known = sorted(kinds)
    for name, group in order.groups.items():
        where = f"order.groups.{name}"
        if not _NAME.fullmatch(name):
            found.append(Problem(where, f"{name!r} is no name of a group", _NAME_HINT))
        if not group.tags and not group.kinds:
            found.append(Problem(where, "the group has no members", "give it tags, kinds or both"))
        found += [_unknown(f"{where}.kinds", "kind", kind, known) for kind in group.kinds if kind not in known]
        for number, ref in enumerate(group.after):
            place = f"{where}.after.{number}"
            if ref.startswith(_TAG):
                found += [] if _is_tag(ref) else [Problem(place, f"{ref!r} names no tag", "write tag:KEY=VALUE")]
            elif ref not in order.groups:
                found.append(_unknown(place, "group", ref, sorted(order.groups)))
    return found or _circles(order.groups)


def _unknown(where: str, what: str, name: str, known: list[str]) -> Problem:
    close = get_close_matches(name, known, n=1)
    return Problem(
        where,
        f"there is no {what} {name!r}",
        f"did you mean {close[0]}?" if close else f"known: {', '.join(known) or 'none'}",
    )


def _circles(groups: Mapping[str, OrderGroupDefinition]) -> list[Problem]:
    """One problem for each circle of groups, at the first of them."""
    found: list[Problem] = []
    told: set[str] = set()
    for name in groups:
        if name in told or name not in reach(groups, name):
            continue
        told |= {other for other in reach(groups, name) & set(groups) if name in reach(groups, other)}
        path = " comes after ".join(_round(groups, name))
        found.append(Problem(f"order.groups.{name}.after", f"the order is a circle: {path}", "take one of them out"))
    return found


def _round(groups: Mapping[str, OrderGroupDefinition], name: str) -> list[str]:
    """A shortest way from a group back to itself."""
    ways = [[name]]
    seen: set[str] = set()
    for way in ways:
        for ref in groups[way[-1]].after:
            if ref == name:
                return [*way, name]
            if ref in groups and ref not in seen:
                seen.add(ref)
                ways.append([*way, ref])
    return [name]
