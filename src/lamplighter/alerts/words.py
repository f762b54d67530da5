"""Words that the messages share: times, names, places, fingerprints of errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lamplighter.aws.targets import Target
from lamplighter.notify.message import one_line
from lamplighter.resources.kind import Resource
from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.zones import find_zone

if TYPE_CHECKING:
    from lamplighter.scheduler.settings import Configuration
    from lamplighter.store.table import JSON

# What differs between two answers of AWS that say the same: request ids, encoded messages, times, counts.
_CHANGES = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[\w+/=-]{40,}|\d+")


def fingerprint(*parts: str) -> str:
    """The same for texts that say the same, but for ids of requests, times and numbers."""
    return sha256("\n".join(_CHANGES.sub("#", part) for part in parts).encode()).hexdigest()[:16]


def digest_of(*parts: str) -> str:
    """A short name for texts as they are."""
    return sha256("\n".join(parts).encode()).hexdigest()[:24]


def zone_of(config: Configuration) -> ZoneInfo:
    """The zone of the file; UTC if it names none that is known."""
    try:
        return find_zone(config.loaded.timezone)
    except GrammarError:
        return ZoneInfo("UTC")


def shown(instant: datetime, zone: ZoneInfo) -> str:
    """An instant for people: `Mon 2026-11-23 18:00 Europe/Berlin`; the second coming of an hour is marked."""
    local = instant.astimezone(zone)
    again = " (2nd)" if local.fold else ""
    return f"{local:%a %Y-%m-%d %H:%M}{again} {zone.key}"


def place(target: Target) -> str:
    """Account and region: `shop (111122223333) eu-central-1`."""
    account = f"{one_line(target.name)} ({target.account})" if target.name else target.account
    return f"{account} {target.region}"


def resource_row(resource: Resource) -> dict[str, JSON]:
    """What messages say of a resource; every text is one line."""
    return {
        "kind": resource.kind,
        "id": one_line(resource.id),
        "arn": one_line(resource.arn),
        "name": one_line(resource.name),
        "label": label(resource),
        "account": resource.account,
        "region": resource.region,
        "schedule": one_line(resource.schedule or ""),
    }


def label(resource: Resource) -> str:
    """Name and id, or the id alone."""
    name = one_line(resource.name)
    return f"{name} ({resource.id})" if name and name != resource.id else one_line(resource.id)


def listed(names: Sequence[str], most: int = 3) -> str:
    """`web, db and 4 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def counted(number: int, one: str, many: str = "") -> str:
    """`1 resource`, `2 resources`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
