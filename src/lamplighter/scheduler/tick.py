"""The clock of a deployment: which targets are due now, and when to look again.

A tick reads a few items: the version of the definitions, its own item with the next transition of each schedule, what
was asked for, and the next begins and ends of overrides. Only if something is due it reads the roster, and only from
time to time it asks AWS which targets there are. What it sends is harmless when repeated, so it sends first and writes
after that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from lamplighter.aws.targets import Target, TargetFailure, TargetList
from lamplighter.scheduler import kept_definitions, last_pass, overrides, roster
from lamplighter.scheduler.asked import ask_for_all, asked, withdraw
from lamplighter.scheduler.clock_state import State, item_of, read_state, write_state
from lamplighter.scheduler.mended import mended
from lamplighter.scheduler.messages import Message
from lamplighter.scheduler.override_moments import Moment, done_with, moments, notice_ends
from lamplighter.scheduler.settings import Configuration
from lamplighter.scheduler.wakes import lead_of, next_wake, notices
from lamplighter.store.journal import moment
from lamplighter.store.table import Store

_MOMENTS: Final = 12
"""How many begins and ends of overrides one tick takes up; more are left for the tick after it, which comes at once."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often passes are asked for beside transitions.

    Attributes:
        reconcile: every target, asking AWS which there are.
        watch: targets whose resources need passes between transitions.
    """

    reconcile: timedelta = timedelta(hours=4)
    watch: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Tick:
    """What a tick came to.

    Attributes:
        at: aware datetime of it.
        messages: the passes that were asked for.
        next: aware datetime of the next tick.
        unresolved: accounts or regions that could not be made into targets.
        version: of the definitions that it knew.
        asked: aware datetimes for which every target was asked for, and that are still to come.
        overtaken: whether somebody else wrote the clock's items meanwhile.
    """

    at: datetime
    messages: Sequence[Message]
    next: datetime
    unresolved: Sequence[TargetFailure] = ()
    version: int = 0
    asked: Sequence[datetime] = ()
    overtaken: bool = False


def tick(
    store: Store,
    at: datetime,
    *,
    config: Callable[[], Configuration],
    resolve: Callable[[Configuration], TargetList],
    send: Callable[[Sequence[Message]], None],
    rhythm: Rhythm = Rhythm(),
    alarm: str = "",
) -> Tick:
    """Look once: ask for the passes that are due.

    Args:
        store: definitions, roster and the clock's own item.
        at: now, aware.
        config: gives the definitions as they are kept; called only if something has to be worked out.
        resolve: gives the targets there are; called only to reconcile.
        send: puts messages into the queue; not called without any.
        rhythm: how often to ask beside transitions.
        alarm: `group/name` of the schedule that will be set to the next tick; kept, so that others can set it too.

    Raises:
        DefinitionError: the definitions are not fit for use.
        AwsError: the targets cannot be determined, or messages did not get into the queue.
        StoreError: the store failed.
    """
    once = partial(_tick, store, at, config, resolve, send, rhythm, alarm)
    return mended(store, roster.TABLE, once, lost=lambda: ask_for_all(store, at))  # who knows what was lost


def _tick(
    store: Store,
    at: datetime,
    config: Callable[[], Configuration],
    resolve: Callable[[Configuration], TargetList],
    send: Callable[[Sequence[Message]], None],
    rhythm: Rhythm,
    alarm: str,
) -> Tick:
    state, version = read_state(store), kept_definitions.version(store)
    soon = moments(store, _MOMENTS)
    begun = [each for each in soon if each.at <= at]
    wished = asked(store)
    left = tuple(each for each in wished.times if each > at)
    fresh = state.version != version
    everything = fresh or _over(state.reconciled, rhythm.reconcile, at) or left != wished.times
    due, telling = _due(state.wakes, at), _due(state.notices, at)
    watch = bool(roster.watched(store, 1))
    watching = watch and (everything or _over(state.watched, rhythm.watch, at))

    asking = _Asking(at)
    unresolved: Sequence[TargetFailure] = ()
    if everything:
        found = resolve(config())
        unresolved = found.failures
        why = "definitions" if fresh else "reconcile"
        asking.add(found.targets, why)
        roster.forget(store, found)
        last_pass.tidy(store, {each.key for each in found.targets}, at, complete=not found.failures)
        overrides.tidy(store, at)
        if unresolved and (fresh or left != wished.times):
            asking.add(map(_target, roster.roster(store)), why)
    if unresolved or not everything:
        # What could not be found out is due all the same where the roster knows it.
        _ask(store, asking, due, telling, begun, watching)
    messages = asking.messages()
    if messages:
        send(messages)
    if everything or due or telling:
        state = _worked_out(config(), state, at, due, telling, fresh=everything)
    state = replace(
        state,
        version=version,
        reconciled=at if everything else state.reconciled,
        watched=at if watching or everything else state.watched,
        settle=at + rhythm.watch if everything else state.settle if state.settle and state.settle > at else None,
    )
    candidates = [*state.wakes.values(), *state.notices.values(), *(each.at for each in soon if each.at > at)]
    candidates += notice_ends(store, begun, at, state.lead) if state.lead is not None else []
    # More overrides were due than one tick takes up.
    candidates += [at] if len(begun) == _MOMENTS else []
    candidates += [state.reconciled + rhythm.reconcile] if state.reconciled else []
    candidates += [state.watched + rhythm.watch] if watch and state.watched else []
    candidates += [*left, *([state.settle] if state.settle else [])]
    following = max(at, min(candidates))
    overtaken = not write_state(store, state, alarm, following)
    done_with(store, begun)
    if left != wished.times:
        overtaken |= not withdraw(store, wished.version, left)
    return Tick(at, messages, following, unresolved, version, left, overtaken)


def outdated(store: Store, done: Tick) -> bool:
    """Whether something changed since a tick looked that its `next` knows nothing of; three items are read.

    Asked after the alarm was set: who changes something later than that finds the alarm as it is now.
    """
    if done.overtaken or kept_definitions.version(store) != done.version:
        return True
    return asked(store).times != done.asked or _begins_before(store, done.next)


@dataclass(frozen=True, slots=True)
class Asleep:
    """A clock that sleeps through something.

    Attributes:
        alarm: `group/name` of the schedule that wakes it.
        until: aware datetime at which it looks by itself.
    """

    alarm: str
    until: datetime


def asleep(store: Store, now: datetime) -> Asleep | None:
    """Whether something is due that a clock with an alarm does not know of; None where there is no such clock either.

    Asked after something was written. Whatever that was, who wakes the clock then is never late, and who wrote what it
    has no part in wakes nobody. One item is read where no clock ticks.

    Args:
        store: that was written into.
        now: aware datetime.
    """
    item = item_of(store)
    alarm, until = (item.data.get("alarm"), moment(item.data.get("next"))) if item else (None, None)
    if item is None or not isinstance(alarm, str) or not alarm or until is None:
        return None
    unknown = kept_definitions.version(store) != item.data.get("version")
    # A tick that should have been, and was not, has not taken up what is due by now.
    before = max(until, now + timedelta.resolution)
    if unknown or any(each < before for each in asked(store).times) or _begins_before(store, before):
        return Asleep(alarm, until)
    return None


def _begins_before(store: Store, at: datetime) -> bool:
    """Whether an override begins or ends before an aware datetime that no tick has taken up."""
    return any(each.at < at for each in moments(store, 1))


@dataclass(slots=True)
class _Asking:
    """The messages of one tick: one for each target, over all schedules if any reason asks for that."""

    at: datetime
    found: dict[Target, Message] = field(default_factory=dict)

    def add(self, targets: Iterable[Target], why: str, schedules: frozenset[str] | None = None) -> None:
        for target in targets:
            known = self.found.get(target)
            if known is None:
                self.found[target] = Message(target, why, self.at, schedules)
            elif known.schedules is not None:
                wider = None if schedules is None else known.schedules | schedules
                self.found[target] = replace(known, schedules=wider)

    def messages(self) -> list[Message]:
        return [self.found[target] for target in sorted(self.found)]


def _ask(
    store: Store,
    asking: _Asking,
    due: frozenset[str],
    telling: frozenset[str],
    begun: Sequence[Moment],
    watching: bool,
) -> None:
    known = roster.roster(store) if due or telling or begun else {}
    for key, names in known.items():
        for why, some in (("transition", names & due), ("upcoming", names & telling)):
            if some:
                asking.add([_target(key)], why, some)
        concerned = [each for each in begun if each.target in ("", key)]
        if concerned:
            asking.add([_target(key)], "upcoming" if all(each.tells for each in concerned) else "override")
    if watching:
        asking.add(map(_target, roster.watched(store)), "watch")


def _worked_out(
    config: Configuration, state: State, at: datetime, due: frozenset[str], telling: frozenset[str], *, fresh: bool
) -> State:
    """The state with the next transition of what is due and the next notice of what is told; with all when fresh."""
    schedules = config.loaded.schedules
    every = frozenset(schedules)
    found = {name: next_wake(schedules[name], at) for name in (every if fresh else due & every)}
    wakes = {} if fresh else {name: when for name, when in state.wakes.items() if name not in due}
    told = {} if fresh else {name: when for name, when in state.notices.items() if name not in telling}
    return replace(
        state,
        wakes=wakes | {name: when for name, when in found.items() if when is not None},
        notices=told | notices(config, every if fresh else telling & every, at),
        lead=lead_of(config),
    )


def _due(moments_of: Mapping[str, datetime], at: datetime) -> frozenset[str]:
    return frozenset(name for name, when in moments_of.items() if when <= at)


def _over(last: datetime | None, every: timedelta, at: datetime) -> bool:
    return last is None or last + every <= at


def _target(key: str) -> Target:
    account, _, region = key.partition("/")
    return Target(account, region)
