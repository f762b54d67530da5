"""Finds the collectors: every `Collector` in `lamplighter.usage.collectors`, and those that entry points bring."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

import lamplighter.usage.collectors as package
from lamplighter.families import by_name, member_classes
from lamplighter.usage.collector import Collector

ENTRY_POINT = "lamplighter.collectors"


@cache
def collectors() -> MappingProxyType[str, Collector]:
    """All collectors by service, in order of their names.

    Raises:
        UsageError: two collectors have the same service, or an entry point is not a collector.
    """
    classes = member_classes(package, Collector, ENTRY_POINT)  # type: ignore[type-abstract]
    return by_name(((member.service, member()) for member in classes), "two collectors are for {}")
