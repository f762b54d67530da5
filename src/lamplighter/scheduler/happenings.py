"""Events of AWS that ask for a look at a target: what they say, and whether they say anything new.

An event is never obeyed: the pass that it asks for looks at what is there by then. So one that is repeated, late or out
of order does no harm. Sources: EC2 user guide, "instance state-change events"; RDS user guide, "Amazon RDS event
categories and event messages"; Tag Editor user guide, "Tag change events"; Organizations user guide, "CloudTrail";
Amazon EC2 Auto Scaling user guide, "Log API calls with CloudTrail".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from lamplighter.aws.targets import Target
from lamplighter.errors import UsageError, VersionConflict
from lamplighter.scheduler import roster
from lamplighter.scheduler.messages import Message, moment_of
from lamplighter.scheduler.states import read_state
from lamplighter.schedules.verdict import Action
from lamplighter.store.table import NEW, Expect, Store

GATHER: Final = 30
"""Seconds for which a pass waits for more events of its target."""

OURS: Final = timedelta(minutes=15)
"""How long after an act of ours its event is expected."""

_MARKS: Final = "events"
_ACCOUNT: Final = re.compile(r"\d{12}")
_REGION: Final = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")
_DATABASES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "RDS-EVENT-0087": ("rds-instance", "stopped"),
        "RDS-EVENT-0088": ("rds-instance", "running"),
        "RDS-EVENT-0154": ("rds-instance", "running"),
        "RDS-EVENT-0150": ("rds-cluster", "stopped"),
        "RDS-EVENT-0151": ("rds-cluster", "running"),
        "RDS-EVENT-0153": ("rds-cluster", "running"),
    }
)
_GROUPS: Final = ("CreateAutoScalingGroup", "CreateOrUpdateTags", "DeleteTags")
_JOINED: Final = ("CreateAccountResult", "AcceptHandshake")


class What(StrEnum):
    """What happened."""

    TAGGED = "tagged"
    STATE = "state"
    ACCOUNT = "account"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Happening:
    """What an event says.

    Attributes:
        what: happened.
        target: where; that of the Organization for an account that joined.
        at: aware datetime of the event.
        resource: `kind/id` of what started or stopped, or empty.
        state: `running` or `stopped`, or empty.
        keys: keys of the tags that changed.
    """

    what: What
    target: Target
    at: datetime
    resource: str = ""
    state: str = ""
    keys: frozenset[str] = frozenset()


def read_event(event: object) -> Happening:
    """What an EventBridge event says.

    Raises:
        UsageError: it is none, or of a shape that is not known; says why.
    """
    match event:
        case {
            "source": str(source),
            "detail-type": str(kind),
            "account": str(account),
            "region": str(region),
            "time": str(time),
            "detail": dict(detail),
        }:
            target, at = _place(account, region), moment_of(time)
        case _:
            raise UsageError("it is no event of EventBridge")
    match source, kind:
        case "aws.tag", _:
            return Happening(What.TAGGED, target, at, keys=_keys(detail))
        case "aws.autoscaling", "AWS API Call via CloudTrail":
            return _group(detail, target, at)
        case "aws.ec2", "EC2 Instance State-change Notification":
            return _instance(detail, target, at)
        case "aws.rds", "RDS DB Instance Event" | "RDS DB Cluster Event":
            return _database(detail, target, at)
        case "aws.organizations", _:
            return _account(detail, target, at)
    raise UsageError(f"nobody knows {kind!r} of {source!r}")


def answer(store: Store, happening: Happening, *, tag: str, at: datetime) -> Message | None:
    """The pass that a happening asks for; None if it says nothing new, or one was asked for already.

    Args:
        store: what is known of the target and the resource.
        happening: in a target, not that an account joined.
        tag: key of the schedule tag.
        at: now, aware.

    Raises:
        StoreError: the store failed.
    """
    key = happening.target.key
    if happening.what is What.TAGGED and tag not in happening.keys:
        return None
    if happening.what is What.OTHER or store.get(roster.TABLE, roster.ROSTER, key) is None:
        # No target of ours; or one that was not looked at yet, which reconciliation does.
        return None
    if happening.resource and _ours(store, happening):
        return None
    return Message(happening.target, "event", at) if _first(store, key, at) else None


def _ours(store: Store, happening: Happening) -> bool:
    """Whether we have just done what an event tells."""
    record = read_state(store, happening.target.key, happening.resource)
    if record is None or record.acted is None:
        return False
    done = "running" if record.acted.action is Action.START else "stopped"
    return done == happening.state and abs(happening.at - record.acted.at) <= OURS


def _first(store: Store, key: str, at: datetime) -> bool:
    """Whether no pass is about to begin that was asked for by an event before; then one is now."""
    mark = store.get(roster.TABLE, _MARKS, key)
    until = str(mark.data.get("until", "")) if mark else ""
    try:
        if until and at < datetime.fromisoformat(until) <= at + timedelta(seconds=GATHER):
            return False
    except (ValueError, TypeError):
        pass  # a foreign item: as if there were none
    expect: Expect = mark.version if mark else NEW
    try:
        store.put(roster.TABLE, _MARKS, key, {"until": (at + timedelta(seconds=GATHER)).isoformat()}, expect=expect)
    except VersionConflict:
        return False
    return True


def forget(store: Store, target: Target) -> None:
    """Forget that a pass was asked for, because its message did not get into the queue."""
    store.delete(roster.TABLE, _MARKS, target.key)


def _place(account: str, region: str) -> Target:
    if not _ACCOUNT.fullmatch(account) or not _REGION.fullmatch(region):
        raise UsageError(f"{account!r} and {region!r} are no account and region")
    return Target(account, region)


def _keys(detail: Mapping[str, Any]) -> frozenset[str]:
    keys = detail.get("changed-tag-keys")
    if not isinstance(keys, Sequence) or isinstance(keys, str) or not all(isinstance(key, str) for key in keys):
        raise UsageError("the event does not say which tags changed")
    return frozenset(keys)


def _group(detail: Mapping[str, Any], target: Target, at: datetime) -> Happening:
    """A call to Auto Scaling, which has no events of tags: one that makes a group, tags it, or takes tags away."""
    name, given = detail.get("eventName"), detail.get("requestParameters")
    if not isinstance(name, str):
        raise UsageError("the event does not say what was called of Auto Scaling")
    if name not in _GROUPS or detail.get("errorCode") is not None:
        return Happening(What.OTHER, target, at)
    tags = given.get("tags", []) if isinstance(given, Mapping) else None
    if not isinstance(tags, Sequence) or not all(isinstance(tag, Mapping) for tag in tags):
        raise UsageError("the event does not say which tags changed")
    return Happening(What.TAGGED, target, at, keys=_keys({"changed-tag-keys": [tag.get("key") for tag in tags]}))


def _instance(detail: Mapping[str, Any], target: Target, at: datetime) -> Happening:
    id_, state = detail.get("instance-id"), detail.get("state")
    if not isinstance(id_, str) or not isinstance(state, str):
        raise UsageError("the event does not say which instance has which state")
    if state not in ("running", "stopped", "terminated"):
        return Happening(What.OTHER, target, at)
    return Happening(What.STATE, target, at, f"ec2-instance/{id_}", state)


def _database(detail: Mapping[str, Any], target: Target, at: datetime) -> Happening:
    number, name = detail.get("EventID"), detail.get("SourceIdentifier")
    if not isinstance(number, str) or not isinstance(name, str):
        raise UsageError("the event does not say what happened to which database")
    if number not in _DATABASES:
        return Happening(What.OTHER, target, at)
    kind, state = _DATABASES[number]
    return Happening(What.STATE, target, at, f"{kind}/{name}", state)


def _account(detail: Mapping[str, Any], target: Target, at: datetime) -> Happening:
    name = detail.get("eventName")
    if not isinstance(name, str):
        raise UsageError("the event does not say what happened in the Organization")
    details = detail.get("serviceEventDetails")
    status = details.get("createAccountStatus") if isinstance(details, Mapping) else None
    failed = isinstance(status, Mapping) and status.get("state") != "SUCCEEDED"
    joined = name in _JOINED and not failed and not detail.get("errorCode")
    return Happening(What.ACCOUNT if joined else What.OTHER, target, at)
