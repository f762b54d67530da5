"""Finds the kinds: every `Kind` in a module of this package, and those that entry points bring."""

from __future__ import annotations

import inspect
import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType

import lamplighter.resources as package
from lamplighter.errors import UsageError
from lamplighter.resources.kind import Kind

ENTRY_POINT = "lamplighter.kinds"


@cache
def kinds() -> MappingProxyType[str, Kind]:
    """All kinds by name, in order of their names.

    Raises:
        UsageError: two kinds have the same name, or an entry point is not a kind.
    """
    classes: list[type[Kind]] = []
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        classes += [
            member
            for _, member in inspect.getmembers(import_module(module.name), inspect.isclass)
            if issubclass(member, Kind) and not inspect.isabstract(member) and member.__module__ == module.name
        ]
    for entry in entry_points(group=ENTRY_POINT):
        member = entry.load()
        if not (inspect.isclass(member) and issubclass(member, Kind)):
            raise UsageError(f"entry point {entry.name} of {ENTRY_POINT} is not a Kind")
        classes.append(member)
    found: dict[str, Kind] = {}
    for member in classes:
        if member.name in found:
            raise UsageError(f"two kinds are called {member.name}")
        found[member.name] = member()
    return MappingProxyType(dict(sorted(found.items())))
