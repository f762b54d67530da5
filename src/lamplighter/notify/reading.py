"""Reading the section `notify`: a rule that is wrong is left out and stops no other, and never a pass."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from pydantic import ValidationError

from lamplighter.errors import Problem
from lamplighter.notify.definitions import NotifyDefinition
from lamplighter.schedules.problems import validation_problems
from lamplighter.schedules.source import Document, Path

SECTION = "notify"


def read_notify(document: Document, schedules: Container[str]) -> tuple[NotifyDefinition, list[Problem]]:
    """The section of a document, and everything that is wrong with it.

    Args:
        document: the definition file.
        schedules: names of the schedules there are, valid or not.

    Returns:
        What can be used: without the rules that are wrong, and with defaults for other fields that are wrong.
    """
    problems = [problem for problem in document.problems if problem.where.startswith(f"{SECTION}.")]
    given: Any = document.data.get(SECTION)
    if given is None:
        return NotifyDefinition(), problems
    wrong = [path[1:] for path in document.doubtful if path[0] == SECTION and len(path) > 1]
    try:
        read = NotifyDefinition.model_validate(given)
    except ValidationError as error:
        problems += validation_problems(SECTION, error, NotifyDefinition)
        wrong += [tuple(str(part) for part in issue["loc"]) for issue in error.errors()]
    if wrong:
        read = _usable(given, wrong)
    for number, rule in enumerate(_rules(document)):
        names = rule.get("schedules") if isinstance(rule, dict) else None
        for name in names if isinstance(names, list) else [names] if names is not None else []:
            if str(name) not in schedules:
                where = f"{SECTION}.rules.{number}.schedules"
                problems.append(Problem(where, f"there is no schedule {str(name)!r}", "see `lamp schedules list`"))
    return read, problems


def _rules(document: Document) -> list[Any]:
    section = document.data.get(SECTION)
    rules = section.get("rules") if isinstance(section, dict) else None
    return rules if isinstance(rules, list) else []


def _usable(given: Any, wrong: Sequence[Path]) -> NotifyDefinition:
    """The section without the rules, and else without the fields, that paths lead into."""
    rules = {path[1] for path in wrong if path[:1] == ("rules",) and len(path) > 1}
    fields = {path[0] for path in wrong if path and (path[0] != "rules" or len(path) == 1)}
    if () in wrong:
        fields |= {"lead", "keep_for"}  # they do not go together
    if not isinstance(given, dict):
        return NotifyDefinition()
    kept = {name: value for name, value in given.items() if name not in fields}
    if isinstance(kept.get("rules"), list):
        kept["rules"] = [rule for number, rule in enumerate(kept["rules"]) if str(number) not in rules]
    try:
        return NotifyDefinition.model_validate(kept)
    except ValidationError:
        # What is left does not go together with the defaults.
        return NotifyDefinition.model_validate({name: kept[name] for name in kept if name not in ("lead", "keep_for")})
