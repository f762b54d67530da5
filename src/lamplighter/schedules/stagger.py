"""`stagger`: the changes of a schedule are spread over a span, so that not everything calls AWS in one minute.

Each resource has a share of its own, which stays the same: its whole timeline comes that much later.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from lamplighter.schedules.durations import duration_text
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.timeline import Desired


def delay_of(schedule: Schedule | None, arn: str) -> timedelta:
    """How much later its changes come for one resource: whole minutes, less than `stagger`.

    Args:
        schedule: its schedule, if it has a valid one.
        arn: its ARN, from which the share is made.
    """
    span = schedule.definition.stagger if schedule is not None else None
    if span is None:
        return timedelta(0)
    return timedelta(minutes=_hash(arn) % int(span.total_seconds() // 60))


def desired_at(schedule: Schedule, at: datetime, delay: timedelta) -> Desired:
    """What a schedule wants of a resource whose changes come `delay` later; its reason says so.

    Raises:
        ValueError: the datetime is naive.
    """
    if not delay:
        return schedule.state_at(at)
    desired = schedule.state_at(at - delay)
    return replace(desired, reason=f"{desired.reason} (here {duration_text(delay)} later, by stagger)")


@lru_cache(maxsize=1 << 16)
def _hash(arn: str) -> int:
    return int.from_bytes(sha256(arn.encode()).digest()[:8])
