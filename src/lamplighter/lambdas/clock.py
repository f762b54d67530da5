"""The clock: which targets are due; a message for each; then it sleeps until the next transition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from lamplighter.lambdas.runtime import Context, Meters, Runtime, logger, runtime

if TYPE_CHECKING:
    from lamplighter.scheduler.tick import Tick

RECONCILE: Final = {"lamplighter": "reconcile"}
"""The event with which people ask for every target at once; any other is a plain tick."""


def handler(event: object, context: Context) -> Mapping[str, Any]:  # noqa: ARG001 - Lambda's signature
    """What Lambda calls."""
    return answer(event, runtime())


def answer(event: object, with_: Runtime) -> Mapping[str, Any]:
    """One tick.

    Args:
        event: of EventBridge Scheduler, or `RECONCILE`.
        with_: connections.

    Returns:
        How many messages were sent, and when the clock looks again.

    Raises:
        LamplighterError: the definitions are not fit for use, or AWS or the store failed; what was due is due again.
    """
    from lamplighter.scheduler.asked import ask_for_all
    from lamplighter.scheduler.last_pass import oldest
    from lamplighter.scheduler.mended import mended
    from lamplighter.scheduler.messages import send
    from lamplighter.scheduler.passes import targets_of
    from lamplighter.scheduler.roster import TABLE
    from lamplighter.scheduler.tick import tick

    log, meters, at = logger(), Meters(with_.environ), with_.clock()
    queue = with_.need("LAMPLIGHTER_QUEUE_URL")
    if event == RECONCILE:
        ask_for_all(with_.store, at)
    done = tick(
        with_.store,
        at,
        config=with_.configuration,
        resolve=lambda config: targets_of(with_.world(config), (), ()),
        send=lambda messages: send(with_.session(), queue, messages),
        rhythm=with_.rhythm(),
        alarm=with_.environ.get("LAMPLIGHTER_WAKE", ""),
    )
    _sleep(with_, done)
    for failure in done.unresolved:
        log.warning(f"{failure.subject}: {failure.error}", hint=failure.error.hint)
    meters.add("Ticks")
    meters.add("TargetsDue", len(done.messages))
    meters.add("TargetsUnresolved", len(done.unresolved))
    meters.add("SecondsToNext", (done.next - at).total_seconds())
    last = mended(with_.store, TABLE, lambda: oldest(with_.store))
    if last is not None:
        meters.add("AgeOfLastPass", max(0.0, (at - last).total_seconds()))
    meters.write()
    said = {"messages": len(done.messages), "next": done.next.isoformat(), "unresolved": len(done.unresolved)}
    log.info("tick", extra=said)
    return said


def _sleep(with_: Runtime, done: Tick) -> None:
    """Set the alarm, never to a time that is past by now: AWS would not call."""
    from lamplighter.scheduler.alarm import SOONEST
    from lamplighter.scheduler.tick import outdated

    with_.set_alarm(max(done.next, with_.clock() + SOONEST))
    if outdated(with_.store, done):
        with_.set_alarm(with_.clock() + SOONEST)
