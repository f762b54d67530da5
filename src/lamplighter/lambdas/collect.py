"""Collect: what is in use in every target, each hour; what time does not suffice for goes on in a new call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from lamplighter.lambdas.again import call_again
from lamplighter.lambdas.borrowed import NEEDS, lake
from lamplighter.lambdas.runtime import MARGIN, Context, Meters, Runtime, logger, remaining, runtime

if TYPE_CHECKING:
    from lamplighter.usage.collect import Result

AT_ONCE: Final = 400
"""Looks between two glances at the time that is left."""

_THREADS: Final = 25
MOST: Final = 4
"""Calls that one hour may take."""


def handler(event: object, context: Context) -> Mapping[str, Any]:
    """What Lambda calls."""
    return answer(event, context, runtime())


def answer(event: object, context: Context, with_: Runtime) -> Mapping[str, Any]:
    """One collection.

    Args:
        event: of EventBridge Scheduler, or `{"number": n}` of the call before.
        context: of the call.
        with_: connections.

    Returns:
        How many looks were taken, failed, and are left.

    Raises:
        LamplighterError: targets cannot be determined, or the lake or the store failed; the same again is harmless, and
            takes the looks that were not kept.
    """
    from lamplighter.lake.usage import LOOKS, USAGE
    from lamplighter.scheduler.passes import targets_of
    from lamplighter.usage.collect import keep_in_lake, keep_in_store, look, plan
    from lamplighter.usage.registry import collectors

    log, at, config = logger(), with_.clock(), with_.configuration()
    world = with_.world(config)
    found = targets_of(world, (), ())
    unknown = [task for task in plan(world.store, found.targets, collectors().values(), at) if not task.known]
    # What failed in the call before would fail again in each that follows, and the rest would get no turn.
    waiting = sorted(unknown, key=lambda task: task.failed)
    results: list[Result] = []
    slowest = timedelta(0)
    # What is looked at must also be kept: whoever has no time for that left has looked in vain.
    while waiting and (not results or remaining(context) > slowest + NEEDS + 2 * MARGIN):
        before = remaining(context)
        now, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
        results += look(
            world.aws,
            world.store,
            now,
            tag=config.tag,
            schedules=frozenset(config.loaded.schedules),
            threads=config.targets.threads if config.targets else _THREADS,
        )
        slowest = max(slowest, before - remaining(context))
    if results:
        with lake(with_, context, periods=[f"{at:%Y-%m}"], tables=[USAGE, LOOKS]) as folder:
            keep_in_lake(results, at=at, lake=folder)
        # Only what has been put back is known: whoever dies before has it looked at again.
        keep_in_store(results, store=world.store)
    number = event.get("number", 0) if isinstance(event, dict) else 0
    if waiting and isinstance(number, int) and number < MOST:
        call_again(with_, context, {"number": number + 1})
    elif waiting:
        log.warning(f"{len(waiting)} looks of this hour are not taken: {MOST} calls more did not suffice")
    failed = [each for each in results if each.error is not None]
    for each in [*(result.error for result in failed), *(failure.error for failure in found.failures)]:
        log.warning(str(each))
    meters = Meters(with_.environ)
    meters.add("Looks", len(results))
    meters.add("LooksFailed", len(failed))
    meters.write()
    said = {"looks": len(results), "failed": len(failed), "left": len(waiting)}
    log.info("collected", extra=said)
    return said
