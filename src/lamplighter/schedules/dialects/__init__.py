"""Other schedulers' ways to write a schedule, and our own for a tag: one member, one file, found by itself.

A member is a module of this package that holds a `DIALECT` (`lamplighter.schedules.dialects.translation`), or one
that an entry point of the group `lamplighter.dialects` brings.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING

from lamplighter.errors import UsageError
from lamplighter.families import by_name

if TYPE_CHECKING:
    from lamplighter.schedules.dialects.translation import Dialect

ENTRY_POINT = "lamplighter.dialects"


@cache
def dialects() -> MappingProxyType[str, Dialect]:
    """All dialects by name, in order of their names.

    Raises:
        UsageError: two dialects have the same name, or an entry point is not a dialect.
    """
    from lamplighter.schedules.dialects.translation import Dialect

    members: list[Dialect] = []
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        member = getattr(import_module(module.name), "DIALECT", None)
        if isinstance(member, Dialect):
            members.append(member)
    for entry in entry_points(group=ENTRY_POINT):
        member = entry.load()
        if not isinstance(member, Dialect):
            raise UsageError(f"entry point {entry.name} of {ENTRY_POINT} is not a Dialect")
        members.append(member)
    return by_name(((member.name, member) for member in members), "two dialects are called {}")
