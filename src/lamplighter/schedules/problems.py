"""Turning pydantic's findings into problems with a path."""

from __future__ import annotations

from pydantic import ValidationError

from lamplighter.errors import Problem


def validation_problems(where: str, error: ValidationError) -> list[Problem]:
    """One problem for each finding, its path below `where`."""
    return [_problem(where, str(issue["msg"]), issue["type"], issue["loc"]) for issue in error.errors()]


def _problem(where: str, message: str, kind: str, location: tuple[str | int, ...]) -> Problem:
    path = ".".join([where, *(str(part) for part in location)]) if where else ".".join(str(p) for p in location)
    if kind == "extra_forbidden":
        return Problem(path, f"there is no field {location[-1]!r} here", "see `lamp schedules schema` for the fields")
    return Problem(path, message.removeprefix("Value error, "))
