"""Finds the kinds: every `Kind` in a module of this package, and those that entry points bring."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

import lamplighter.resources as package
from lamplighter.families import by_name, member_classes
from lamplighter.resources.kind import Kind

ENTRY_POINT = "lamplighter.kinds"


@cache
def kinds() -> MappingProxyType[str, Kind]:
    """All kinds by name, in order of their names.

    Raises:
        UsageError: two kinds have the same name, or an entry point is not a kind.
    """
    # mypy takes an abstract class for a mistake where any class of the family is meant.
    classes = member_classes(package, Kind, ENTRY_POINT)  # type: ignore[type-abstract]
    return by_name(((member.name, member()) for member in classes), "two kinds are called {}")
