"""Finds what is asked of resources: every `Part` in a module of this package, and those that entry points bring."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

import lamplighter.deploy.health as package
from lamplighter.deploy.health.part import Part
from lamplighter.families import by_name, member_classes

ENTRY_POINT = "lamplighter.health"


@cache
def parts() -> MappingProxyType[str, Part]:
    """All members by type of CloudFormation, in order.

    Raises:
        UsageError: two members take the same type, or an entry point is not a member.
    """
    made = [member() for member in member_classes(package, Part, ENTRY_POINT)]  # type: ignore[type-abstract]
    return by_name(((name, part) for part in made for name in part.types), "two members look at {}")
