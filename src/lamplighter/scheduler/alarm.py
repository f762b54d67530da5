"""The one-time schedule of EventBridge Scheduler that calls the clock: set anew after each tick.

The template of the stack makes it, with its target and role; here only its time is changed. Source: EventBridge
Scheduler user guide, "Schedule types": `at(yyyy-mm-ddThh:mm:ss)`, which is on time to the minute.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from lamplighter.errors import UsageError
from lamplighter.resources.kind import Session

PERMISSIONS: Final = ("scheduler:GetSchedule", "scheduler:UpdateSchedule", "iam:PassRole")
"""What setting it takes: the first two on the schedule, the last on the role with which it calls the clock."""

SOONEST: Final = timedelta(seconds=5)
"""How far ahead the clock is called at once."""

_LATE: Final = timedelta(minutes=1)
_KEPT: Final = ("FlexibleTimeWindow", "Target", "Description", "KmsKeyArn", "State", "ActionAfterCompletion")


def set_alarm(session: Session, name: str, at: datetime, *, now: datetime | None = None) -> bool:
    """Let the clock be called at an aware datetime.

    Args:
        session: calls in the stack's account and region.
        name: `group/name` of the schedule.
        at: when; part of a second count as a whole one.
        now: aware; given, it is left as it is if it is set for an earlier time that is still to come: for what wants
            the clock to look soon, while the clock itself sets it to what comes next.

    Returns:
        Whether it was changed.

    Raises:
        UsageError: the name is none.
        AwsError: it is missing or not permitted, or AWS does not answer.
    """
    group, slash, own = name.partition("/")
    if not slash or not group or not own:
        raise UsageError(f"{name!r} names no schedule", hint="LAMPLIGHTER_WAKE must say group/name")
    known = session.call("scheduler", "get_schedule", GroupName=group, Name=own)
    set_to = _moment(str(known.get("ScheduleExpression", "")))
    when = _whole(at)
    if now is not None and set_to is not None:
        when = _not_put_off(set_to, when, _whole(now))
    if set_to == when:
        return False
    kept = {key: known[key] for key in _KEPT if known.get(key) is not None}
    session.call(
        "scheduler",
        "update_schedule",
        GroupName=group,
        Name=own,
        ScheduleExpression=f"at({when.isoformat()})",
        ScheduleExpressionTimezone="UTC",
        **kept,
    )
    return True


def _whole(at: datetime) -> datetime:
    return (at.astimezone(UTC) + timedelta(microseconds=999_999)).replace(microsecond=0, tzinfo=None)


def _not_put_off(set_to: datetime, when: datetime, now: datetime) -> datetime:
    """When the clock is to be called, for who wants it at `when` at the latest."""
    if now < set_to <= when:
        return set_to
    # EventBridge Scheduler calls within the minute: nobody knows whether it did already.
    return min(when, now + SOONEST) if now - _LATE < set_to <= now else when


def _moment(expression: str) -> datetime | None:
    try:
        return datetime.fromisoformat(expression.removeprefix("at(").removesuffix(")"))
    except ValueError:
        return None
