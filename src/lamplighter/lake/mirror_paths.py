"""Paths below a lake: the month that one belongs to, and whether it was asked for."""

from __future__ import annotations

from pathlib import PurePosixPath

from lamplighter.errors import LakeError
from lamplighter.lake.columns import PARTITION
from lamplighter.lake.months import FILES, QUARANTINE


def inside(path: str) -> str:
    """The path itself.

    Raises:
        LakeError: it climbs out of the lake.
    """
    if path.startswith("/") or ".." in PurePosixPath(path).parts or not path:
        raise LakeError(f"the key {path!r} is no path in a lake", hint="remove the object")
    return path


def period_of(path: str) -> str | None:
    """The month, YYYY-MM, that a path belongs to."""
    for part in PurePosixPath(path).parent.parts:
        name, equals, value = part.partition("=")
        if equals and name == PARTITION:
            return value
    return None


def wanted(path: str, periods: frozenset[str] | None, tables: frozenset[str] | None) -> bool:
    """Whether a path belongs to months and folders; None for all of them."""
    period = period_of(path)
    if tables is not None and PurePosixPath(path).parts[0] not in tables:
        return False
    return periods is None or period is None or period in periods


def write_only(path: str) -> bool:
    """Whether work on the lake adds such files and needs none of them."""
    return PurePosixPath(path).parts[0] == QUARANTINE


def is_record(path: str) -> bool:
    """Whether a file tells of its month, as `_load.json` does."""
    name = PurePosixPath(path).name
    return period_of(path) is not None and name.startswith("_") and name.endswith(".json") and name != FILES
