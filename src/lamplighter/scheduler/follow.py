"""Following a pass up: the next one soon, while something waits that it may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from lamplighter.scheduler import order, pace
from lamplighter.scheduler.passes import PassReport
from lamplighter.scheduler.plan import Step
from lamplighter.schedules.verdict import Stored

_SOON = frozenset({"wait", order.RULE, pace.RULE})
"""Rules of decisions that wait for minutes: a state in between, the order, the next pass. Others may wait for hours."""


def goes_on(report: PassReport) -> bool:
    """Whether the next pass may do what this one could not yet do."""
    if report.refused is not None:
        return False
    begun = any(done.waiting for target in report.targets for done in target.done)
    return begun or any(_soon(step) for step in report.steps)


def _soon(step: Step) -> bool:
    if step.acts:
        return step.decision.store is Stored.STOPPED_FOR_RESIZE  # its start is still to come
    return step.waits and step.decision.rule in _SOON


def follow(
    once: Callable[[], PassReport],
    *,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    length: timedelta,
    pause: timedelta,
) -> Iterator[PassReport]:
    """Run passes one after the other until nothing waits, or the time is over.

    Args:
        once: runs one pass.
        clock: tells the time, aware.
        sleep: waits for that many seconds.
        length: how long after now a pass may begin; the first always does.
        pause: between the end of a pass and the begin of the next.

    Yields:
        The report of each pass, as soon as it has ended.
    """
    until = clock() + length
    while True:
        report = once()
        yield report
        if not goes_on(report) or clock() + pause > until:
            return
        sleep(pause.total_seconds())
