"""Custom resources: schedules, periods and overrides that stacks declare; and the hub's clock, woken by its stack.

Whatever happens, CloudFormation is answered.

Source: AWS CloudFormation user guide, "Custom resource request and response objects": the answer is put to ResponseURL,
has 4,096 bytes at most, and without it a stack waits for an hour.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from lamplighter.errors import AccessDenied, LamplighterError, UsageError, VersionConflict
from lamplighter.lambdas.runtime import Context, Meters, Runtime, logger, remaining, runtime

if TYPE_CHECKING:
    from collections.abc import Callable

_REASON: Final = 1_000
_LARGEST: Final = 4_096
"""Bytes of an answer."""

_TRIES: Final = 3
"""How often CloudFormation is answered, if it does not hear."""

_LEFT: Final = timedelta(seconds=30)
"""What the answer itself may take, three times over."""

_SHORTEST, _LONGEST = 0.1, 2.0
"""Seconds of a pause at most, at first and in the end."""

_GATHER: Final = timedelta(seconds=30)
"""How long the clock is not woken after a change: a stack makes several."""

_PATIENCE: Final = 6
_PAUSE: Final = 8
"""Tries, and seconds between them, while the function's role is too new to be known."""

CLOCK: Final = "Custom::LamplighterClock"
"""What the stack of the hub declares, with all that decides what the clock does: when that changes, the clock looks."""

_FIELDS: Final = ("RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId", "ResourceType")


def handler(event: object, context: Context) -> Mapping[str, Any]:
    """What Lambda calls."""
    return answer(event, context, runtime())


def answer(
    event: object, context: Context, with_: Runtime, *, sleep: Callable[[float], None] = time.sleep
) -> Mapping[str, Any]:
    """One request of CloudFormation, answered at its ResponseURL.

    Args:
        event: the request.
        context: of the call: what others do at the same time is waited for as long as time allows.
        with_: connections.
        sleep: waits for that many seconds.

    Returns:
        What was answered; `{"Status": "PARKED"}` for what is no such request.
    """
    meters = Meters(with_.environ)
    if not isinstance(event, dict) or not all(isinstance(event.get(key), str) and event[key] for key in _FIELDS):
        return _park(with_, event, meters)
    said = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    known = str(event.get("PhysicalResourceId") or "")
    try:
        name, data = _done(event, context, with_, sleep)
        reply = {**said, "Status": "SUCCESS", "PhysicalResourceId": name, "Data": data}
        meters.add("StackRequests")
    except Exception as error:  # noqa: BLE001 - a stack that is not answered waits for an hour
        logger().exception("request of CloudFormation failed")
        reason = f"{error} ({error.hint})" if isinstance(error, LamplighterError) and error.hint else str(error)
        # A resource that was never made has an id that nothing is kept under: CloudFormation deletes it next.
        failed = known or f"failed-{event['LogicalResourceId']}"
        words = f"{type(error).__name__}: {reason}" if not isinstance(error, LamplighterError) else reason
        reply = {**said, "Status": "FAILED", "PhysicalResourceId": failed, "Reason": words[:_REASON]}
        meters.add("StackRequestsFailed")
    meters.write()
    reply = _fitting(reply)
    _reply(str(event["ResponseURL"]), reply, loopback=bool(with_.environ.get("LAMPLIGHTER_ENDPOINT_URL")))
    return reply


def _done(
    event: Mapping[str, Any], context: Context, with_: Runtime, sleep: Callable[[float], None]
) -> tuple[str, Mapping[str, str]]:
    """Physical id and attributes of the resource."""
    if event["RequestType"] not in ("Create", "Update", "Delete"):
        raise UsageError(f"there is no RequestType {event['RequestType']!r}")
    if event["ResourceType"] == CLOCK:
        return _look_anew(event, with_, sleep), {}
    return _declare(event, with_, lambda act: _insist(act, context, sleep))


def _declare(
    event: Mapping[str, Any], with_: Runtime, insist: Callable[[Callable[[], bool]], bool]
) -> tuple[str, Mapping[str, str]]:
    """Physical id and attributes of a schedule, a period or an override."""
    from lamplighter.scheduler.stack_resources import Wanted, apply, remove

    properties = event.get("ResourceProperties", {})
    if not isinstance(properties, Mapping):
        raise UsageError("ResourceProperties must be a mapping")
    wanted = Wanted(
        event["ResourceType"],
        event["StackId"],
        event["LogicalResourceId"],
        properties,
        str(event.get("PhysicalResourceId") or ""),
    )
    name = wanted.physical

    def change() -> bool:
        nonlocal name
        if event["RequestType"] == "Delete":
            return remove(with_.store, wanted, at=with_.clock())
        name = apply(with_.store, wanted, defaults=with_.defaults(), calendar=with_.calendar, at=with_.clock())
        return True

    changed = insist(change)
    if changed:
        _wake(with_)
    return name, {"Name": name, "ScheduleName": name}


def _insist(act: Callable[[], bool], context: Context, sleep: Callable[[float], None]) -> bool:
    """Change the definitions, again and again while others do: CloudFormation makes all resources of a stack at once.

    Raises:
        VersionConflict: there is no time left.
    """
    pause = _SHORTEST
    while True:
        try:
            return act()
        except VersionConflict:
            if remaining(context) < _LEFT:
                raise
        sleep(random.uniform(0, pause))  # noqa: S311 - not to meet again is all that it is for
        pause = min(2 * pause, _LONGEST)


def _look_anew(event: Mapping[str, Any], with_: Runtime, sleep: Callable[[float], None]) -> str:
    """Let the clock look at everything at once, with an alarm that is as the stack says now; the alarm's name.

    Raises:
        LamplighterError: it cannot: then neither the clock could, and the stack had better know.
    """
    from lamplighter.scheduler.alarm import SOONEST
    from lamplighter.scheduler.asked import ask_for_all

    if event["RequestType"] == "Delete":
        # It goes with its group.
        return str(event.get("PhysicalResourceId") or "")
    for number in range(1, _PATIENCE + 1):
        try:
            now = with_.clock()
            ask_for_all(with_.store, now)
            with_.set_alarm(now + SOONEST, now=now, renew=True)
            break
        except LamplighterError as error:
            # What a role may do that was made a moment ago is not known everywhere in AWS yet.
            if number == _PATIENCE or not (
                isinstance(error, AccessDenied) or isinstance(error.__cause__, AccessDenied)
            ):
                raise
            logger().warning(f"not permitted yet: {error}")
            sleep(_PAUSE)
    return with_.need("LAMPLIGHTER_WAKE")


def _wake(with_: Runtime) -> None:
    """Let the clock look at the changed definitions now; without that it does within the hour."""
    try:
        now = with_.clock()
        with_.set_alarm(now + _GATHER, now=now)
    except LamplighterError as error:
        logger().warning(f"the clock could not be woken: {error}")


def _body(reply: Mapping[str, Any]) -> bytes:
    return json.dumps(reply).encode()


def _fitting(reply: dict[str, Any]) -> dict[str, Any]:
    """The answer with its reason cut until it fits: a larger one is not taken, and the stack waits for an hour."""
    reason = str(reply.get("Reason", ""))
    while reason and len(_body(reply)) > _LARGEST:
        # Outside ASCII a character becomes 12 bytes at most, so this never cuts more than is too much, save one.
        reason = reason[: -max(1, (len(_body(reply)) - _LARGEST) // 12)]
        reply = {**reply, "Reason": reason}
    return reply


def _reply(url: str, reply: Mapping[str, Any], *, loopback: bool) -> None:
    from urllib.error import URLError
    from urllib.parse import urlsplit
    from urllib.request import Request, urlopen

    place = urlsplit(url)
    here = loopback and place.scheme == "http" and place.hostname in ("127.0.0.1", "localhost")
    if place.scheme != "https" and not here:
        logger().error(f"CloudFormation cannot be answered at {place.scheme}://{place.hostname}")
        return
    body = _body(reply)
    # CloudFormation signs its URLs for an empty content type.
    request = Request(url, body, {"Content-Type": "", "Content-Length": str(len(body))}, method="PUT")  # noqa: S310
    for number in range(1, _TRIES + 1):
        try:
            with urlopen(request, timeout=10) as response:  # noqa: S310 - checked above
                response.read()
        except (URLError, OSError) as error:
            logger().warning(f"answer {number} to CloudFormation failed: {error}")
        else:
            return
    logger().error("CloudFormation could not be answered; the stack waits until it gives up")


def _park(with_: Runtime, event: object, meters: Meters) -> Mapping[str, Any]:
    from lamplighter.scheduler.parked import park

    at = with_.clock()
    reason = f"it is no request of CloudFormation: it lacks one of {', '.join(_FIELDS)}"
    park(with_.store, "custom_resource", event, reason, at=at)
    meters.add("StackRequestsFailed")
    meters.write()
    return {"Status": "PARKED", "Reason": reason}
