"""Why a resource is as it is: its schedule, what decided, what was done, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from lamplighter.aws.parallel import each
from lamplighter.aws.targets import Target, TargetFailure
from lamplighter.errors import LamplighterError, NotFound
from lamplighter.resources.kind import Resource, Search
from lamplighter.scheduler.adjust import Scene, decide_target
from lamplighter.scheduler.overrides import list_overrides
from lamplighter.scheduler.passes import World, targets_of
from lamplighter.scheduler.plan import Step
from lamplighter.scheduler.survey import look
from lamplighter.schedules.freezing import expected
from lamplighter.schedules.stagger import delay_of, desired_at
from lamplighter.schedules.timeline import Desired, Transition
from lamplighter.store import journal
from lamplighter.store.journal import Entry

_HORIZON = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is known about why one resource is as it is.

    Attributes:
        step: the resource, what is stored of it, and what a pass would decide at `at`.
        at: aware datetime the question is about.
        desired: what its schedule wants then, or None without a valid schedule.
        next: the next change of its schedule after `at`, or None within the next weeks.
        history: what was done to it until `at`, newest first.
    """

    step: Step
    at: datetime
    desired: Desired | None
    next: Transition | None
    history: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Answer:
    """Explanations of every resource the words fit, and what could not be asked.

    Attributes:
        found: one for each resource, by target.
        failures: targets that could not be asked, each with its error.
        unresolved: accounts or regions that could not be made into targets.
    """

    found: Sequence[Explanation]
    failures: Sequence[tuple[Target, LamplighterError]]
    unresolved: Sequence[TargetFailure] = ()


def why(world: World, words: str, *, at: datetime, accounts: Sequence[str] = (), regions: Sequence[str] = ()) -> Answer:
    """Explain a resource.

    Args:
        world: sessions, store, configuration, kinds, clock.
        words: id, ARN or Name tag of the resource.
        at: aware datetime; the live state is always that of now.
        accounts: only these accounts.
        regions: only these regions.

    Raises:
        DefinitionError: the file's targets, kinds or guardrails are not valid.
        NotFound: no target holds such a resource, and every target could be asked.
        AwsError: the targets cannot be determined.
        LamplighterError: nothing was found, and a part of the targets cannot be determined.
    """
    if words.startswith("arn:"):
        parts = words.split(":", 5)
        regions = regions or (parts[3:4] if len(parts) > 5 and parts[3] else ())
        accounts = accounts or (parts[4:5] if len(parts) > 5 and parts[4] else ())
    listed = targets_of(world, accounts, regions)
    threads = world.config.targets.threads if world.config.targets else 25
    overrides = list_overrides(world.store, at=at)

    def ask(target: Target) -> list[Step]:
        session = world.aws.session(target)
        failures: list[LamplighterError] = []
        steps: list[Step] = []
        for search in _searches(world, words):
            found = look(session, world.store, list(world.kinds.values()), search, at=at, run="why", write=False)
            if any(_fits(resource, words) for resource in found.resources):
                decided = decide_target(Scene(session, world.config, world.kinds, at), found, overrides)
                steps = [step for step in decided if _fits(step.resource, words)]
                if world.config.order is None or not any(step.resource.schedule for step in steps):
                    break
                continue  # with all that is tagged: what holds it back may be the state of another
            failures += found.failures.values()
        if failures and not steps:
            raise failures[0]
        return steps

    outcomes = each(listed.targets, ask, threads=threads)
    failures = [(outcome.target, outcome.error) for outcome in outcomes if outcome.error]
    steps = [step for outcome in outcomes for step in outcome.value or ()]
    if not steps and not failures:
        if listed.failures:
            raise listed.failures[0].error
        raise NotFound(
            f"no resource is called {words!r} in {len(listed.targets)} targets",
            hint="give its id, ARN or Name tag; `lamp resources list` shows what can be scheduled",
        )
    return Answer([_explain(world, step, at) for step in steps], failures, listed.failures)


def _searches(world: World, words: str) -> list[Search]:
    """By id first, which also finds what has no schedule tag; then by name among what is tagged."""
    last = words.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
    return [Search(world.config.tag, ids=frozenset({last})), Search(world.config.tag)]


def _fits(resource: Resource, words: str) -> bool:
    return words in resource.names


def _explain(world: World, step: Step, at: datetime) -> Explanation:
    schedule = world.config.loaded.schedules.get(step.resource.schedule or "")
    delay = delay_of(schedule, step.resource.arn)
    following = expected(schedule, at - delay, at - delay + _HORIZON).transitions()[:1] if schedule else []
    entries = journal.read(world.store, step.target.key, end=at + timedelta(microseconds=1), newest_first=True)
    mine = (entry for entry in entries if entry.resource == step.resource.key)
    return Explanation(
        step,
        at,
        desired_at(schedule, at, delay) if schedule else None,
        replace(following[0], at=following[0].at + delay) if following else None,
        list(islice(mine, 5)),
    )
