"""Plain events: start or stop a list of resources in a region, as other schedulers are told to.

Example:
    `{"action": "stop", "account": "111122223333", "region": "eu-west-1", "resources": ["i-0abc1234def567890"]}`
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lamplighter.aws.targets import Target
from lamplighter.errors import UsageError
from lamplighter.scheduler.direct import start_or_stop
from lamplighter.scheduler.passes import TargetReport, World
from lamplighter.scheduler.take import only
from lamplighter.schedules.decision import Action

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")
_ACCOUNT = re.compile(r"\d{12}")
_KNOWN = frozenset({"action", "account", "region", "resources", "instances", "author", "hibernate", "time"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a plain event asks for.

    Attributes:
        action: start or stop.
        region: where.
        resources: ids, ARNs, or Name tags of resources that have the schedule tag.
        account: 12-digit id; empty for the own one.
        author: who asks, for the journal.
        hibernate: hibernate what can.
        time: aware datetime at which it was asked for, or None.
    """

    action: Action
    region: str
    resources: tuple[str, ...]
    account: str = ""
    author: str = "an event"
    hibernate: bool = False
    time: datetime | None = None


def read_wish(event: object) -> Wish:
    """What an event asks for.

    Raises:
        UsageError: it is no such event; says why.
    """
    if not isinstance(event, dict):
        raise UsageError("the event is no mapping")
    for key in event:
        if key not in _KNOWN:
            raise UsageError(f"there is no {key!r} in such an event", hint=f"there are {', '.join(sorted(_KNOWN))}")
    action, region, account = event.get("action"), event.get("region"), event.get("account", "")
    if action not in ("start", "stop"):
        raise UsageError(f"action is {action!r}", hint="say start or stop")
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        raise UsageError(f"region is {region!r}", hint="say for example eu-west-1")
    if account != "" and (not isinstance(account, str) or not _ACCOUNT.fullmatch(account)):
        raise UsageError(f"account is {account!r}", hint="say 12 digits, as a text")
    resources = event.get("resources") or event.get("instances")
    if not isinstance(resources, list) or not all(isinstance(each, str) and each for each in resources):
        raise UsageError("resources must be a list of ids", hint='say for example ["i-0abc1234def567890"]')
    hibernate = event.get("hibernate", False)
    if not isinstance(hibernate, bool):
        raise UsageError(f"hibernate is {hibernate!r}", hint="say true or false")
    if hibernate and action == "start":
        raise UsageError("nothing is hibernated by a start", hint="leave hibernate out: what was hibernated wakes up")
    author = str(event.get("author") or "an event")
    return Wish(Action(action), region, tuple(dict.fromkeys(resources)), account, author, hibernate, _time(event))


def _time(event: dict[str, object]) -> datetime | None:
    text = event.get("time")
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise UsageError(f"time is {text!r}", hint="say for example 2026-11-23T08:00Z, or leave it out") from error
    if at.tzinfo is None:
        raise UsageError(f"time {text!r} has no time zone", hint="add Z or an offset")
    return at


def fulfil(world: World, wish: Wish, *, run: str, deadline: timedelta) -> Sequence[TargetReport]:
    """Start or stop what a wish names.

    Raises:
        UsageError: it is older than the deadline: what somebody wanted then may be the opposite of what is wanted now.
        NotFound: resources are not there; nothing was done.
        LamplighterError: as for `start_or_stop`.
    """
    if wish.time is not None and world.clock() - wish.time > deadline:
        raise UsageError(
            f"the event is of {wish.time.isoformat(timespec='minutes')}, too old to be obeyed", hint="ask again"
        )
    config = only(world.config, Target(wish.account, wish.region)) if wish.account else world.config
    return start_or_stop(
        replace(world, config=config),
        wish.resources,
        wish.action,
        run=run,
        author=wish.author,
        accounts=(wish.account,) if wish.account else (world.aws.own_account(),),
        regions=(wish.region,),
        hibernate=wish.hibernate,
    )
