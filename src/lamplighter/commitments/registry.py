"""Finds the sources of commitments: every `Source` in `inventory/`, and those that entry points bring."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

import lamplighter.commitments.inventory as package
from lamplighter.commitments.source import Source
from lamplighter.families import by_name, member_classes

ENTRY_POINT = "lamplighter.commitment_sources"


@cache
def sources() -> MappingProxyType[str, Source]:
    """All sources by name, in order of their names.

    Raises:
        UsageError: two sources have the same name, or an entry point is no source.
    """
    classes = member_classes(package, Source, ENTRY_POINT)  # type: ignore[type-abstract]
    return by_name(((member.name, member()) for member in classes), "two sources of commitments are called {}")
