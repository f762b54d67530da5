"""Overrides: keep something running, stopped or untouched for a while, with a reason and an author."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Hold(StrEnum):
    """What an override asks for."""

    RUNNING = "running"
    STOPPED = "stopped"
    LEAVE_ALONE = "leave-alone"


@dataclass(frozen=True, slots=True)
class Override:
    """One override.

    Attributes:
        id: short unique name.
        hold: what it asks for.
        selector: a resource (id, ARN or name), or `tag:KEY=VALUE` for all resources with the tag.
        until: aware datetime at which it ends.
        reason: why, in the author's words.
        author: who set it.
        created: aware datetime at which it was set.
    """

    id: str
    hold: Hold
    selector: str
    until: datetime
    reason: str
    author: str
    created: datetime

    def words(self) -> str:
        """The override as a clause, for reasons."""
        what = {"running": "keeps it running", "stopped": "keeps it stopped", "leave-alone": "leaves it alone"}[
            self.hold
        ]
        why = f" ({self.reason})" if self.reason else ""
        return f"an override by {self.author} {what} until {self.until.isoformat(timespec='minutes')}{why}"

    def matches(self, names: Iterable[str], tags: Mapping[str, str]) -> bool:
        """Whether it applies to a resource known by any of `names` (id, ARN, name) and with these tags."""
        key, equals, value = self.selector.removeprefix("tag:").partition("=")
        if self.selector.startswith("tag:") and equals:
            return tags.get(key) == value
        return self.selector in names


def in_force(
    overrides: Iterable[Override], at: datetime, names: Iterable[str], tags: Mapping[str, str]
) -> Override | None:
    """The override that applies to a resource at an instant.

    One that names the resource goes before one that names a tag; among equals the newest applies.

    Args:
        overrides: all that are known; expired ones are passed over.
        at: aware datetime.
        names: id, ARN and name of the resource.
        tags: its tags.
    """
    known = list(names)
    active = [o for o in overrides if o.created <= at < o.until and o.matches(known, tags)]
    return max(active, key=lambda o: (not o.selector.startswith("tag:"), o.created, o.id), default=None)
