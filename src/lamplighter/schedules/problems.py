"""Turning pydantic's findings into problems with a path."""

from __future__ import annotations

from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError

from lamplighter.errors import Problem


def validation_problems(where: str, error: ValidationError, model: type[BaseModel] | None = None) -> list[Problem]:
    """One problem for each finding, its path below `where`; `model` tells which fields might have been meant."""
    fields = _fields(model) if model else frozenset()
    return [_problem(where, str(issue["msg"]), issue["type"], issue["loc"], fields) for issue in error.errors()]


def _fields(model: type[BaseModel]) -> frozenset[str]:
    """Names of the fields of a model and of the models in its fields."""
    names = set(model.model_fields)
    for field in model.model_fields.values():
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                names |= _fields(part)
    return frozenset(names)


_HINTS = {
    "literal_error": "use one of these words",
    "bool_parsing": "use true or false",
    "bool_type": "use true or false",
    "string_type": "write a text, in quotes",
    "tuple_type": "write a text or a list of texts",
}


def _problem(where: str, message: str, kind: str, location: tuple[str | int, ...], fields: frozenset[str]) -> Problem:
    # To pydantic a key that is not valid lies at `[key]` below itself.
    path = ".".join(part for part in (where, *map(str, location)) if part and part != "[key]")
    if kind == "extra_forbidden":
        close = get_close_matches(str(location[-1]), sorted(fields - {str(location[-1])}), n=1)
        hint = f"did you mean {close[0]}?" if close else "see `lamp schedules schema` for the fields"
        return Problem(path, f"there is no field {location[-1]!r} here", hint)
    return Problem(path, message.removeprefix("Value error, "), _HINTS.get(kind, ""))
