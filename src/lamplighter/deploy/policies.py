"""IAM statements, made from what the code calls (`needs`) and what that can be narrowed to (`authorization`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from lamplighter.deploy import needs
from lamplighter.deploy.authorization import EVERYTHING, Scope
from lamplighter.deploy.needs import Need
from lamplighter.deploy.yamls import plain, row

VERSION: Final = "2012-10-17"
OPERATOR: Final = "${TagOperator}"
"""StringLike, or StringLikeIfExists where a stack may act on what has no schedule tag."""


def statements(wanted: Iterable[Need]) -> list[dict[str, Any]]:
    """Allow-statements, one for each concern and scope, with `${...}` in texts; sorted, to be always the same."""
    grouped: dict[tuple[str, Scope], set[str]] = {}
    for need in wanted:
        grouped.setdefault((need.concern, need.scope), set()).add(need.action)
    ordered = sorted(grouped.items(), key=lambda item: (item[0][0], sorted(item[1]), item[0][1].resources))
    numbers: dict[str, int] = {}
    found = []
    for (concern, scope), actions in ordered:
        numbers[concern] = numbers.get(concern, 0) + 1
        found.append(_statement(f"{concern}{numbers[concern]}", sorted(actions), scope))
    return found


def _statement(sid: str, actions: Sequence[str], scope: Scope) -> dict[str, Any]:
    found: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(scope.resources)}
    conditions: dict[str, dict[str, str]] = {}
    if scope.tag:
        conditions[OPERATOR if scope.optional else "StringLike"] = {f"aws:ResourceTag/{scope.tag}": "*"}
    for operator, key, value in scope.conditions:
        conditions.setdefault(operator, {})[key] = value
    if conditions:
        found["Condition"] = conditions
    return found


def as_yaml(wanted: Iterable[Need]) -> list[dict[str, Any]]:
    """Statements for a template, functions in place of `${...}`."""
    return [_written(statement) for statement in statements(wanted)]


def _written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return row({key: _written(each) for key, each in value.items()})
    if isinstance(value, list):
        return _one([_written(each) for each in value])
    return plain(value) if isinstance(value, str) else value


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def as_text(wanted: Iterable[Need]) -> str:
    """A policy as JSON with `${...}` for Fn::Sub.

    Keys of maps in a template are constant, and the key of the schedule tag is a parameter: conditions on it can only
    be written in a text. CloudFormation takes a policy as text, too.
    """
    lines = ",\n".join(f"    {json.dumps(statement)}" for statement in statements(wanted))
    return f'{{\n  "Version": "{VERSION}",\n  "Statement": [\n{lines}\n  ]\n}}\n'


def reasons() -> dict[str, str]:
    """Why an action reaches everything, by action, for each that does."""
    every = [
        *needs.looking(),
        *needs.acting(),
        *needs.snapshots(),
        *needs.explorer(),
        *needs.VPC,
        *(need for _, need in needs.of_hub()),
    ]
    return {
        need.action: need.scope.reason
        for need in sorted(every, key=lambda need: need.action)
        if need.scope.resources == EVERYTHING
    }
