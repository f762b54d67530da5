"""One collection: every service in every target, a bounded number at a time, each with its own outcome."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from lamplighter.aws.parallel import each
from lamplighter.aws.targets import Target
from lamplighter.errors import LamplighterError
from lamplighter.lake.usage import Look, Source, UsageSample
from lamplighter.resources.kind import Session
from lamplighter.store.table import Store
from lamplighter.usage.collector import Around, Collector, beginning, samples_of
from lamplighter.usage.record import record, record_in_lake, record_in_store
from lamplighter.usage.tables import Names, looked_hours, resource_key, time_key

STATES: Final = "state"
"""The scheduler's table of what it has done: one partition a target, `kind/id` -> `stored`."""
_LONGEST: Final = 500
logger = logging.getLogger("lamplighter.usage")


class Sessions(Protocol):
    """Gives the calls of a target (see `lamplighter.aws.access.Aws`)."""

    def session(self, target: Target) -> Session:
        """Calls in a target; raises AwsError."""


@dataclass(frozen=True, slots=True)
class Task:
    """A look that is to be taken.

    Attributes:
        target: account and region.
        collector: of the service.
        time: beginning of the hour or day, aware, UTC.
        known: whether that hour or day was collected already; then nobody is asked.
        failed: whether a look at it failed already.
    """

    target: Target
    collector: Collector
    time: datetime
    known: bool
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a task.

    Attributes:
        look: known, or not known with the reason.
        samples: what was found.
        error: why it is not known.
    """

    look: Look
    samples: Sequence[UsageSample] = ()
    error: LamplighterError | None = None


def plan(store: Store, targets: Iterable[Target], members: Iterable[Collector], at: datetime) -> list[Task]:
    """The looks of a collection, those of a target beside each other.

    Args:
        store: knows what was collected already.
        targets: where to look.
        members: for which services.
        at: now, aware.
    """
    names, listed = Names(store), list(members)
    keys = {
        (target, collector): (
            resource_key(collector.keys[0], names.account(target.account, target.name, claim=False), target.region),
            time_key(beginning(at, collector.hours)),
        )
        for target in targets
        for collector in listed
    }
    looked = looked_hours(store, keys.values())
    return [
        Task(target, collector, beginning(at, collector.hours), looked.get(key) is True, looked.get(key) is False)
        for (target, collector), key in keys.items()
    ]


def look(
    sessions: Sessions,
    store: Store,
    tasks: Sequence[Task],
    *,
    tag: str,
    schedules: frozenset[str] = frozenset(),
    threads: int,
    done: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Take the looks that are not known yet. What fails belongs to its task: others go on, and it counts as no zero.

    Args:
        sessions: calls of each target.
        store: knows what schedules have put out, and operating systems of images.
        tasks: as `plan` gives them.
        tag: key of the schedule tag.
        schedules: names that the tag can have.
        threads: how many looks at a time.
        done: told about each result, from the thread that made it.

    Returns:
        A result for each task that was not known, in their order.

    Raises:
        StoreError: the store cannot be read or written.
    """
    wanted = [task for task in tasks if not task.known]
    names = Names(store)
    states = {target: _states(store, target) for target in dict.fromkeys(task.target for task in wanted)}
    # Neighbours in the queue are of different accounts: else all threads wait until one and the same role is assumed.
    order = sorted(wanted, key=lambda task: (task.collector.service, task.target.region, task.target.account))
    waiting: dict[Target, deque[Task]] = {}
    for task in order:
        waiting.setdefault(task.target, deque()).append(task)
    results: dict[tuple[Target, str], Result] = {}

    def work(target: Target) -> None:
        task = waiting[target].popleft()
        around = Around(tag, schedules, states[target], names.known, names.learn)
        result = _look(sessions, task, around)
        results[target, task.collector.service] = result
        done(result)

    for outcome in each([task.target for task in order], work, threads=threads):
        if outcome.error is not None:
            raise outcome.error
    names.save()
    return [results[task.target, task.collector.service] for task in wanted]


def keep(results: Sequence[Result], *, at: datetime, lake: Path, store: Store) -> None:
    """Write what came of a collection, see `lamplighter.usage.record`."""
    record(*_found(results), at=at, lake=lake, store=store)


def keep_in_lake(results: Sequence[Result], *, at: datetime, lake: Path) -> None:
    """The first half of `keep`, where the lake has to be put back before the second may follow."""
    record_in_lake(*_found(results), at=at, lake=lake)


def keep_in_store(results: Sequence[Result], *, store: Store) -> None:
    """The second half of `keep`."""
    record_in_store(*_found(results), store=store)


def _found(results: Sequence[Result]) -> tuple[list[UsageSample], list[Look]]:
    return [sample for result in results for sample in result.samples], [result.look for result in results]


def _look(sessions: Sessions, task: Task, around: Around) -> Result:
    target, collector = task.target, task.collector
    try:
        seen = list(collector.look(sessions.session(target), around))
        samples = samples_of(collector, target, task.time, seen)
    except LamplighterError as error:
        return Result(_looked(task, None, " ".join(str(error).split())[:_LONGEST]), error=error)
    except Exception as bug:
        logger.debug("%s %s: unexpected %s", target.key, collector.service, type(bug).__name__, exc_info=True)
        said = " ".join(str(bug).split())
        unexpected = LamplighterError(
            f"{target.key} {collector.service}: unexpected {type(bug).__name__}: {said}",
            hint="this is a bug in Lamplighter: please report it with the output of -vv",
        )
        unexpected.__cause__ = bug
        return Result(_looked(task, None, unexpected.message[:_LONGEST]), error=unexpected)
    return Result(_looked(task, Source.COLLECTED), samples)


def _looked(task: Task, source: Source | None, reason: str = "") -> Look:
    target = task.target
    return Look(
        task.time, target.account, target.name or target.account, target.region, task.collector.service,
        source, reason, task.collector.hours,
    )  # fmt: skip


def _states(store: Store, target: Target) -> Mapping[str, str]:
    return {item.sort: str(item.data.get("stored")) for item in store.query(STATES, target.key)}
