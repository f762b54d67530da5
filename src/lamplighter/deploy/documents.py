"""Tables of docs/deployment.md that are made from data: `<!-- >> name -->` to `<!-- << name -->` holds what is made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from lamplighter.deploy import needs, policies
from lamplighter.deploy.alarms import ALARMS
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import HANDLERS
from lamplighter.deploy.needs import Need, dashed
from lamplighter.errors import UsageError

_BLOCK = re.compile(r"<!-- >> (?P<name>[\w-]+) -->\n.*?<!-- << (?P=name) -->", re.DOTALL)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    names = list(head)
    lines = [names, ["---"] * len(names), *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def stacks() -> str:
    """What each stack makes, and where."""
    rows = (
        (f"`{each.name}`", each.title, each.where, ", ".join(f"`{name}`" for name in each.after), each.without)
        for each in TEMPLATES.values()
    )
    return table(("stack", "makes", "deployed in", "after", "can be left out: then"), rows)


def parameters() -> str:
    """Every parameter once, with the stacks that take it."""
    found: dict[str, tuple[Mapping[str, Any], list[str]]] = {}
    for template in TEMPLATES.values():
        for name, each in template.data["Parameters"].items():
            found.setdefault(name, (each, []))[1].append(template.name)
    rows = ((f"`{name}`", _default(each), each["Description"], ", ".join(of)) for name, (each, of) in found.items())
    return table(("parameter", "default", "meaning", "stacks"), rows)


def _default(parameter: Mapping[str, Any]) -> str:
    if "Default" not in parameter:
        return "required"
    return f"`{parameter['Default']}`" if str(parameter["Default"]) else "empty"


def members() -> str:
    """What the role of a member may do."""
    wanted = [*needs.looking(), *needs.acting(), *needs.snapshots(), needs.GRANTS]
    return _permissions(wanted)


def functions() -> str:
    """What the role of each function may do, but what all of them may."""
    rows = []
    for handler in HANDLERS.values():
        own = [need for need in needs.of_handler(handler) if need.concern not in ("Logs", "DeadLetters", "Key")]
        rows += [(f"`{dashed(handler)}`", *row) for row in _rows([*own, *needs.at_home(handler)])]
    return table(("function", "actions", "on"), rows)


def _permissions(wanted: Iterable[Need]) -> str:
    return table(("actions", "on"), _rows(wanted))


def _rows(wanted: Iterable[Need]) -> list[tuple[str, str]]:
    rows = []
    for statement in policies.statements(wanted):
        on = " ".join(f"`{_short(each)}`" for each in statement["Resource"])
        told = "; ".join(
            f"`{key}` {'is' if value != '*' else 'is there'}{'' if value == '*' else f' `{value}`'}"
            for conditions in statement.get("Condition", {}).values()
            for key, value in conditions.items()
        )
        rows.append((" ".join(f"`{each}`" for each in statement["Action"]), f"{on}{f', where {told}' if told else ''}"))
    return rows


def _short(arn: str) -> str:
    found = arn.removeprefix("arn:${AWS::Partition}:")
    return found.replace("${AWS::AccountId}", "account").replace("${AWS::Region}", "region")


def wildcards() -> str:
    """Every action that reaches everything, and why."""
    rows = ((f"`{action}`", why) for action, why in policies.reasons().items())
    return table(("action", "reaches everything because"), rows)


def alarms() -> str:
    """The alarms and what they mean."""
    rows = [(f"`{each.name}`", each.means) for each in ALARMS]
    rows.append(("`<function>-errors`", "The function fails, in 2 of 3 spans of 5 minutes. Look at its log."))
    return table(("alarm", "means"), rows)


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "stacks": stacks,
    "parameters": parameters,
    "member-permissions": members,
    "function-permissions": functions,
    "wildcards": wildcards,
    "alarms": alarms,
}


def fill(text: str) -> str:
    """A document with its tables made anew.

    Raises:
        UsageError: it names a table that nobody makes.
    """

    def made(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in BLOCKS:
            raise UsageError(f"nobody makes the table {name!r}", hint=f"known: {', '.join(BLOCKS)}")
        return f"<!-- >> {name} -->\n{BLOCKS[name]()}<!-- << {name} -->"

    return _BLOCK.sub(made, text)
