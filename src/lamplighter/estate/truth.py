"""What the simulated AWS itself recorded, as hours: the check on what the journal says."""

from __future__ import annotations

from collections.abc import Iterable
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
    by_resource: dict[tuple[str, str, str], list[StateChange]] = {}
    for change in changes:
        by_resource.setdefault((change.account, change.region, f"{change.kind}/{change.id}"), []).append(change)
    return {key: _hours(sorted(found, key=lambda c: c.at), start, end) for key, found in by_resource.items()}


def _hours(changes: list[StateChange], start: datetime, end: datetime) -> Decimal:
    seconds = 0
    since, lit = start, False
    for change in changes:
        at = min(max(change.at, start), end)
        if lit:
            seconds += int((at - since).total_seconds())
        since, lit = at, change.to_state in LIT
    if lit:
        seconds += int((end - since).total_seconds())
    return Decimal(seconds) / 3600
