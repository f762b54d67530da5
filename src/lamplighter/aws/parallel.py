"""The same work for many targets, a bounded number at a time, each with its own outcome."""

from __future__ import annotations

import logging
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Generic, TypeVar

from lamplighter.errors import LamplighterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextvars import Context

    from lamplighter.aws.targets import Target

T = TypeVar("T")
logger = logging.getLogger("lamplighter.aws")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What became of one target: a value, or an error (then `value` is None)."""

    target: Target
    value: T | None
    error: LamplighterError | None = None


def each(targets: Sequence[Target], work: Callable[[Target], T], *, threads: int) -> list[Outcome[T]]:
    """Do the work for every target; a failure belongs to its target and stops no other.

    An exception that is no `LamplighterError` is a bug: it becomes one, with the original as `__cause__` and its
    traceback in the debug log. `work` sees the caller's context variables as they are now; what it sets stays with
    its target. An interrupt (in the caller or in `work`) is raised at once: no further target is begun, calls
    under way are left behind, and the process need not wait for them.

    Args:
        targets: in any order, repeats allowed.
        work: called once a target, in a thread of its own or shared with other targets.
        threads: how many targets at a time, at least 1.

    Returns:
        One outcome a target, in the order of `targets`.

    Raises:
        ValueError: `threads` is below 1.
        KeyboardInterrupt: the user asked to stop.
    """
    if threads < 1:
        raise ValueError(f"threads must be 1 or more, not {threads}")
    waiting: SimpleQueue[tuple[int, Target, Context]] = SimpleQueue()
    finished: SimpleQueue[tuple[int, Outcome[T]] | BaseException] = SimpleQueue()
    outcomes: dict[int, Outcome[T]] = {}
    for index, target in enumerate(targets):
        waiting.put((index, target, copy_context()))
    try:
        for number in range(min(threads, len(targets))):
            # Daemons: the threads of an executor would hold up the exit until the slowest call has timed out.
            Thread(target=_take, args=(waiting, work, finished), name=f"lamp-{number}", daemon=True).start()
        while len(outcomes) < len(targets):
            done = finished.get()
            if isinstance(done, BaseException):
                raise done
            outcomes[done[0]] = done[1]
    finally:
        _empty(waiting)
    return [outcomes[index] for index in range(len(targets))]


def _take(
    waiting: SimpleQueue[tuple[int, Target, Context]],
    work: Callable[[Target], T],
    finished: SimpleQueue[tuple[int, Outcome[T]] | BaseException],
) -> None:
    while True:
        try:
            index, target, context = waiting.get_nowait()
        except Empty:
            return
        try:
            finished.put((index, context.run(_one, target, work)))
        except BaseException as stop:  # noqa: BLE001 - interrupts travel to the caller's thread
            _empty(waiting)
            finished.put(stop)
            return


def _one(target: Target, work: Callable[[Target], T]) -> Outcome[T]:
    try:
        return Outcome(target, work(target))
    except LamplighterError as error:
        return Outcome(target, None, error)
    except Exception as bug:
        logger.debug("%s: unexpected %s", target.key, type(bug).__name__, exc_info=True)
        unexpected = LamplighterError(
            f"{target.key}: unexpected {type(bug).__name__}: {' '.join(str(bug).split())}",
            hint="this is a bug in Lamplighter: please report it with the output of -vv",
        )
        unexpected.__cause__ = bug
        return Outcome(target, None, unexpected)


def _empty(waiting: SimpleQueue[tuple[int, Target, Context]]) -> None:
    while True:
        try:
            waiting.get_nowait()
        except Empty:
            return
