"""Finds the formats: every `Format` in `lamplighter.billing.formats`, and those that entry points bring."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

import lamplighter.billing.formats as package
from lamplighter.billing.format import Format, Table
from lamplighter.errors import BillError
from lamplighter.families import by_name, member_classes

ENTRY_POINT = "lamplighter.bill_formats"


@cache
def formats() -> MappingProxyType[str, Format]:
    """All formats by name, in order of their names.

    Raises:
        UsageError: two formats have the same name, or an entry point is not a format.
    """
    classes = member_classes(package, Format, ENTRY_POINT)  # type: ignore[type-abstract]
    return by_name(((member.name, member()) for member in classes), "two formats of bills are called {}")


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
