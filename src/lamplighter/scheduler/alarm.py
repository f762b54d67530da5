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

_KEPT: Final = ("FlexibleTimeWindow", "Target", "Description", "KmsKeyArn", "State", "ActionAfterCompletion")


def set_alarm(session: Session, name: str, at: datetime, *, sooner: bool = False) -> bool:
    """Let the clock be called at an aware datetime.

    Args:
        session: calls in the stack's account and region.
        name: `group/name` of the schedule.
        at: when; part of a second count as a whole one.
        sooner: leave it as it is if it is set for an earlier time that is still to come, as told by `at`: for what
            wants the clock to look soon, while the clock itself sets it to what comes next.

    Returns:
        Whether it was changed.

    Raises:
        UsageError: the name is none.
        AwsError: it is missing or not permitted, or AWS does not answer.
    """
    group, slash, own = name.partition("/")
    if not slash or not group or not own:
        raise UsageError(f"{name!r} names no schedule", hint="LAMPLIGHTER_WAKE must say group/name")
    when = (at.astimezone(UTC) + timedelta(microseconds=999_999)).replace(microsecond=0, tzinfo=None)
    expression = f"at({when.isoformat()})"
    now = session.call("scheduler", "get_schedule", GroupName=group, Name=own)
    set_to = str(now.get("ScheduleExpression", ""))
    if set_to == expression or (sooner and _earlier(set_to, when)):
        return False
    kept = {key: now[key] for key in _KEPT if now.get(key) is not None}
    session.call(
        "scheduler",
        "update_schedule",
        GroupName=group,
        Name=own,
        ScheduleExpression=expression,
        ScheduleExpressionTimezone="UTC",
        **kept,
    )
    return True


def _earlier(expression: str, when: datetime) -> bool:
    """Whether an expression is a time shortly before `when`; one long past has been used up."""
    try:
        at = datetime.fromisoformat(expression.removeprefix("at(").removesuffix(")"))
    except ValueError:
        return False
    return when - timedelta(minutes=1) <= at <= when
