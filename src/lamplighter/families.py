"""Families of small files: members are found in packages and by entry points; there is no central list."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType, ModuleType
from typing import TypeVar

from lamplighter.errors import UsageError

T = TypeVar("T")


def member_classes(package: ModuleType, base: type[T], entry_point: str) -> list[type[T]]:
    """The concrete classes of a family, in the order of their modules; those of entry points come last.

    Args:
        package: where its own members stand, one or more in a module.
        base: what all are subclasses of.
        entry_point: group of the entry points that bring others.

    Raises:
        UsageError: an entry point is no such class.
    """
    found: list[type[T]] = []
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        found += [
            member
            for _, member in inspect.getmembers(import_module(module.name), inspect.isclass)
            if issubclass(member, base) and not inspect.isabstract(member) and member.__module__ == module.name
        ]
    for entry in entry_points(group=entry_point):
        member = entry.load()
        if not (inspect.isclass(member) and issubclass(member, base)):
            raise UsageError(f"entry point {entry.name} of {entry_point} is not a {base.__name__}")
        found.append(member)
    return found


def by_name(named: Iterable[tuple[str, T]], twice: str) -> MappingProxyType[str, T]:
    """Members by name, in order of their names.

    Args:
        named: a name and its member, for each name of each member.
        twice: what to say when a name comes twice, with `{}` for the name.

    Raises:
        UsageError: a name comes twice.
    """
    found: dict[str, T] = {}
    for name, member in named:
        if name in found:
            raise UsageError(twice.format(name))
        found[name] = member
    return MappingProxyType(dict(sorted(found.items())))
