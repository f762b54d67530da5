"""The one-time schedule of EventBridge Scheduler that calls the clock: set anew after each tick.

No template makes it: an update of the stack would set it back. Whoever sets it while it is missing makes it, after the
schedule that calls the clock again and again, which a template does make; it goes when its group is deleted. Source:
EventBridge Scheduler user guide, "Schedule types": `at(yyyy-mm-ddThh:mm:ss)`, which is on time to the minute; API
reference, DeleteScheduleGroup.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lamplighter.errors import AwsError, NotFound, UsageError
from lamplighter.resources.kind import Session

PERMISSIONS: Final = (
    "scheduler:GetSchedule",
    "scheduler:CreateSchedule",
    "scheduler:UpdateSchedule",
    "iam:PassRole",
)
"""What setting it takes: the first of both schedules, the next two of the alarm, the last of the role that calls."""

SOONEST: Final = timedelta(seconds=5)
"""How far ahead the clock is called at once."""

_LATE: Final = timedelta(minutes=1)
_KEPT: Final = ("FlexibleTimeWindow", "Target", "Description", "KmsKeyArn", "State", "ActionAfterCompletion")
_SAYS: Final = '{"lamplighter": "wake"}'


def set_alarm(
    session: Session,
    name: str,
    at: datetime,
    *,
    now: datetime | None = None,
    like: str = "",
    renew: bool = False,
) -> bool:
    """Let the clock be called at an aware datetime.

    Args:
        session: calls in the stack's account and region.
        name: `group/name` of the schedule.
        at: when; part of a second count as a whole one.
        now: aware; given, it is left as it is if it is set for an earlier time that is still to come: for what wants
            the clock to look soon, while the clock itself sets it to what comes next.
        like: `group/name` of the schedule after which it is made if it is missing; empty to make none.
        renew: whether it is to become again like that one in all but its time: on or off, and what it calls.

    Returns:
        Whether the clock will be called: false if the schedule is off.

    Raises:
        UsageError: a name is none.
        AwsError: it is missing and cannot be made, it is not permitted, or AWS does not answer.
    """
    known = _known(session, name) if like else _get(session, name)
    set_to = time_of(str(known.get("ScheduleExpression", "")))
    when = _whole(at)
    if now is not None and set_to is not None:
        when = _not_put_off(set_to, when, _whole(now))
    wanted = _made_like(_get(session, like)) if like and (renew or not known) else known
    if set_to == when and not renew:
        return _on(known)
    given = {
        **_place(name),
        "ScheduleExpression": f"at({when:%Y-%m-%dT%H:%M:%S})",
        "ScheduleExpressionTimezone": "UTC",
        **{key: wanted[key] for key in _KEPT if wanted.get(key) is not None},
    }
    if known:
        session.call("scheduler", "update_schedule", **given)
        return _on(wanted)
    try:
        session.call("scheduler", "create_schedule", **given)
    except AwsError as error:
        if error.code != "ConflictException":
            raise
        # Somebody else made it meanwhile.
        return set_alarm(session, name, at, now=now, like=like)
    return _on(wanted)


def _get(session: Session, name: str) -> Mapping[str, Any]:
    return session.call("scheduler", "get_schedule", **_place(name))


def _known(session: Session, name: str) -> Mapping[str, Any]:
    """The schedule; empty if there is none."""
    try:
        return _get(session, name)
    except NotFound:
        return {}


def _place(name: str) -> dict[str, str]:
    group, slash, own = name.partition("/")
    if not slash or not group or not own:
        hint = "LAMPLIGHTER_WAKE and LAMPLIGHTER_CLOCK must say group/name"
        raise UsageError(f"{name!r} names no schedule", hint=hint)
    return {"GroupName": group, "Name": own}


def _made_like(other: Mapping[str, Any]) -> Mapping[str, Any]:
    described = {"Description": "When the next transition is due; the clock sets it."}
    return {**other, **described, "Target": {**other["Target"], "Input": _SAYS}}


def _on(schedule: Mapping[str, Any]) -> bool:
    return str(schedule.get("State")) != "DISABLED"


def _whole(at: datetime) -> datetime:
    return (at.astimezone(UTC) + timedelta(microseconds=999_999)).replace(microsecond=0)


def _not_put_off(set_to: datetime, when: datetime, now: datetime) -> datetime:
    """When the clock is to be called, for who wants it at `when` at the latest."""
    if now < set_to <= when:
        return set_to
    # EventBridge Scheduler calls within the minute: nobody knows whether it did already.
    return min(when, now + SOONEST) if now - _LATE < set_to <= now else when


def time_of(expression: str) -> datetime | None:
    """The aware datetime of a schedule's expression; None for one that is no `at(...)`."""
    try:
        return datetime.fromisoformat(expression.removeprefix("at(").removesuffix(")")).replace(tzinfo=UTC)
    except ValueError:
        return None
