"""What the simulated AWS itself recorded, as hours: the check on what the journal says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from lamplighter.estate.history import StateChange

LIT = frozenset({"pending", "running", "starting", "available"})
"""States counted as lit, as the journal counts them: from the call that starts to the call that stops."""


def lit_hours(changes: Iterable[StateChange], start: datetime, end: datetime) -> dict[tuple[str, str, str], Decimal]:
    """Hours in [start, end) that each resource was lit.

    Args:
        changes: the true changes of state, in any order.
        start: aware datetime.
        end: aware datetime.

    Returns:
        Hours by (account, region, `kind/id`).
    """
    return {
        key: Decimal(sum(int((until - since).total_seconds()) for since, until in spells)) / 3600
        for key, spells in lit_spells(changes, start, end).items()
    }


def lit_spells(
    changes: Iterable[StateChange], start: datetime, end: datetime
) -> dict[tuple[str, str, str], list[tuple[datetime, datetime]]]:
    """Spells of time within [start, end) in which each resource was lit, [from, until), in order.

    Args:
        changes: the true changes of state, in any order.
        start: aware datetime.
        end: aware datetime.

    Returns:
        Spells by (account, region, `kind/id`).
    """
    by_resource: dict[tuple[str, str, str], list[StateChange]] = {}
    for change in changes:
        by_resource.setdefault((change.account, change.region, f"{change.kind}/{change.id}"), []).append(change)
    return {key: list(_spells(sorted(found, key=lambda c: c.at), start, end)) for key, found in by_resource.items()}


def _spells(changes: list[StateChange], start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    since, lit = start, False
    for change in changes:
        at = min(max(change.at, start), end)
        now = change.to_state in LIT
        if lit and not now and at > since:
            yield since, at
        if now and not lit:
            since = at
        lit = now
    if lit and end > since:
        yield since, end
