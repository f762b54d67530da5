"""Events: a tag changed, an instance started or stopped, an account joined. Each asks for a look, none is obeyed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from lamplighter.errors import LamplighterError, UsageError
from lamplighter.lambdas.runtime import Context, Meters, Runtime, logger, runtime

JOINING: Final = timedelta(minutes=10)
"""How long after an account joined its targets are found out: the stack set brings its role first."""


def handler(event: object, context: Context) -> Mapping[str, Any]:  # noqa: ARG001 - Lambda's signature
    """What Lambda calls."""
    return answer(event, runtime())


def answer(event: object, with_: Runtime) -> Mapping[str, Any]:
    """One event.

    Args:
        event: of EventBridge.
        with_: connections.

    Returns:
        What was done: `asked`, `needless`, `reconcile` or `parked`.

    Raises:
        LamplighterError: the store or the queue failed; the same event again is harmless.
    """
    from lamplighter.scheduler.happenings import What, read_event
    from lamplighter.scheduler.parked import park

    log, meters = logger(), Meters(with_.environ)
    try:
        happening = read_event(event)
    except UsageError as error:
        key = park(with_.store, "events", event, error.message, at=with_.clock())
        log.warning(f"parked: {error.message}", key=key)
        meters.add("Parked")
        meters.write()
        return {"did": "parked", "key": key, "reason": error.message}
    did = _account_joined(with_) if happening.what is What.ACCOUNT else _look(with_, happening)
    meters.add("EventsNeedless" if did == "needless" else "EventsTaken")
    meters.write()
    age = (with_.clock() - happening.at).total_seconds()
    log.info("event", did=did, what=happening.what.value, target=happening.target.key, seconds_old=int(age))
    return {"did": did, "target": happening.target.key}


def _look(with_: Runtime, happening: Any) -> str:
    from lamplighter.scheduler.happenings import GATHER, answer, forget
    from lamplighter.scheduler.messages import send

    queue = with_.need("LAMPLIGHTER_QUEUE_URL")
    message = answer(with_.store, happening, tag=with_.configuration().tag, at=with_.clock())
    if message is None:
        return "needless"
    try:
        send(with_.session(), queue, [message], delay=GATHER)
    except LamplighterError:
        forget(with_.store, message.target)
        raise
    return "asked"


def _account_joined(with_: Runtime) -> str:
    from lamplighter.scheduler.asked import ask_for_all

    now = with_.clock()
    ask_for_all(with_.store, now + JOINING)
    with_.set_alarm(now + JOINING, now=now)
    return "reconcile"
