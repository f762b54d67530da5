"""Finds the formats: every `Format` in `lamplighter.billing.formats`, and those that entry points bring."""

from __future__ import annotations

import inspect
import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType

import lamplighter.billing.formats as package
from lamplighter.billing.format import Format, Table
from lamplighter.errors import BillError, UsageError

ENTRY_POINT = "lamplighter.bill_formats"


@cache
def formats() -> MappingProxyType[str, Format]:
    """All formats by name, in order of their names.

    Raises:
        UsageError: two formats have the same name, or an entry point is not a format.
    """
    classes: list[type[Format]] = []
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        classes += [
            member
            for _, member in inspect.getmembers(import_module(module.name), inspect.isclass)
            if issubclass(member, Format) and not inspect.isabstract(member) and member.__module__ == module.name
        ]
    for entry in entry_points(group=ENTRY_POINT):
        member = entry.load()
        if not (inspect.isclass(member) and issubclass(member, Format)):
            raise UsageError(f"entry point {entry.name} of {ENTRY_POINT} is not a Format")
        classes.append(member)
    found: dict[str, Format] = {}
    for member in classes:
        if member.name in found:
            raise UsageError(f"two formats of bills are called {member.name}")
        found[member.name] = member()
    return MappingProxyType(dict(sorted(found.items())))


def recognise(table: Table, name: str) -> Format:
    """The format whose columns these are.

    Args:
        table: columns of the file.
        name: of the file, for messages.

    Raises:
        BillError: no format knows them, or several do.
    """
    fitting = [each for each in formats().values() if each.recognises(table)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise BillError(f"{name} could be {' or '.join(each.title for each in fitting)}", hint="say which: --format")
    shown = ", ".join(table.columns[:5]) or "nothing"
    raise BillError(
        f"{name} is no bill of a format known here; its columns begin with {shown}",
        hint=f"known: {', '.join(each.title for each in formats().values())}",
    )
