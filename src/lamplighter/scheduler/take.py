"""One message taken up: the pass of its target, and what is to be asked for again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from lamplighter.aws.targets import AccountDefinition, Target
from lamplighter.errors import TargetBusy
from lamplighter.scheduler import last_pass, roster
from lamplighter.scheduler.follow import goes_on
from lamplighter.scheduler.messages import LONGEST_DELAY, Message
from lamplighter.scheduler.passes import PassReport, World, run_pass
from lamplighter.scheduler.settings import Configuration

DEADLINE: Final = timedelta(minutes=10)
"""A message that is older says no longer what is due: its target is decided anew, over all schedules."""

AGAIN: Final = "again"
"""Why a pass is run that was handed on."""

MOST: Final = 60
"""How many times a pass is handed on while something waits or is unfinished; then the clock sees to it."""

MOST_RETRIES: Final = 8
"""How many times in a row while something fails: about 80 minutes, with growing pauses."""

SOON: Final = 60
"""Seconds until what waits is looked at again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message.

    Attributes:
        report: of the pass.
        late: whether the message was past its deadline.
        again: the pass that is wanted next, or None; whether it has to be asked for, `hand_on` says.
        delay: seconds after which it is to begin.
    """

    report: PassReport
    late: bool
    again: Message | None = None
    delay: int = 0


def take(world: World, message: Message, *, run: str, deadline: timedelta = DEADLINE) -> Taken:
    """Run the pass that a message asks for, for the time that it is now.

    Args:
        world: sessions, store, configuration, clock, and until when to work.
        message: the pass.
        run: id of the pass, never used before.
        deadline: age of a message from which on it is not obeyed, but its target decided anew as a whole.

    Raises:
        DefinitionError: the definitions are not fit for use.
        StoreError: the store failed; taking the message again is harmless.
    """
    begun = world.clock()
    late = begun - message.at > deadline
    schedules = None if late else message.schedules
    report = run_pass(
        replace(world, config=only(world.config, _named(world, message.target))),
        run=run,
        accounts=(message.target.account,),
        regions=(message.target.region,),
        schedules=schedules,
    )
    if schedules is None:
        for each in report.targets:
            if not isinstance(each.error, TargetBusy):
                roster.note(world.store, world.config, each)
                if each.error is None:
                    last_pass.note(world.store, each.target.key, report.at)
    delay, failures = _delay(report, message)
    if delay is None:
        return Taken(report, late)
    at, number = world.clock() + timedelta(seconds=delay), message.number + 1
    again = replace(message, why=AGAIN, at=at, schedules=schedules, number=number, failures=failures)
    return Taken(report, late, again, delay)


def _named(world: World, target: Target) -> Target:
    """A target with the name of its account, which an Organization tells the clock and no pass."""
    definition = world.config.targets
    if target.name or definition is None or definition.organization is None:
        return target
    return replace(target, name=roster.name_of(world.store, target.key))


def only(config: Configuration, target: Target) -> Configuration:
    """The configuration with one account as its targets, entered as before: so that nobody else has to be found out."""
    definition = config.targets
    if definition is None:
        return config
    named = next((each for each in definition.accounts if each.id == target.account), None)
    entry = named or AccountDefinition(id=target.account)
    if not entry.name:
        entry = entry.model_copy(update={"name": target.name})
    update = {"accounts": (entry,), "organization": None, "include_own": False}
    return replace(config, targets=definition.model_copy(update=update))


def _delay(report: PassReport, message: Message) -> tuple[int | None, int]:
    """Seconds until the pass should be run again, None if it should not; and the failures in a row by then."""
    busy = any(isinstance(each.error, TargetBusy) for each in report.targets)
    # What waits or is busy says neither that it fails again nor that it is well.
    failures = message.failures if report.partial else 0
    if message.number >= MOST or report.refused is not None:
        return None, failures
    if any(each.unfinished for each in report.targets):
        return 0, failures
    if busy or goes_on(report):
        return SOON, failures
    if report.partial and failures < MOST_RETRIES:
        return min(SOON << failures, LONGEST_DELAY), failures + 1
    return None, failures
