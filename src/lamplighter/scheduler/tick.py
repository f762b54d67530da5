"""The clock of a deployment: which targets are due now, and when to look again.

A tick reads a few items: the version of the definitions, its own item with the next transition of each schedule, what
was asked for, and the next begins and ends of overrides. Only if something is due it reads the roster, and only from
time to time it asks AWS which targets there are. What it sends is harmless when repeated, so it sends first and writes
after that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from lamplighter.aws.targets import Target, TargetFailure, TargetList
from lamplighter.errors import VersionConflict
from lamplighter.scheduler import kept_definitions, last_pass, overrides, roster
from lamplighter.scheduler.mended import mended
from lamplighter.scheduler.messages import Message
from lamplighter.scheduler.override_moments import Moment, done_with, moments, notice_ends
from lamplighter.scheduler.settings import Configuration
from lamplighter.scheduler.wakes import lead_of, next_wake, notices
from lamplighter.store.table import JSON, NEW, Expect, Item, Store

_CLOCK: Final = "clock"
_NEXT: Final = "next"
_ASKED: Final = "asked"
_TRIES: Final = 3
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


@dataclass(frozen=True, slots=True)
class _State:
    """The clock's own item.

    Attributes:
        version: of the definitions that the wakes were worked out of.
        wakes: next transition of each schedule that has one.
        notices: when to tell of the next stop of each schedule that somebody wants to be told of.
        lead: how long before a stop it is told; None if nobody wants to be told.
        reconciled: when every target was asked for; None if never.
        watched: when the targets that are watched were asked for.
        settle: when to see what the passes found that were asked for with every target; None if that was done.
        stored: version of the item; 0 for none.
    """

    version: int = -1
    wakes: Mapping[str, datetime] = field(default_factory=dict)
    notices: Mapping[str, datetime] = field(default_factory=dict)
    lead: timedelta | None = None
    reconciled: datetime | None = None
    watched: datetime | None = None
    settle: datetime | None = None
    stored: int = 0


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
    state, version = _read(store), kept_definitions.version(store)
    soon = moments(store, _MOMENTS)
    begun = [each for each in soon if each.at <= at]
    asked = store.get(roster.TABLE, _CLOCK, _ASKED)
    asked_for = _times(asked)
    left = tuple(each for each in asked_for if each > at)
    fresh = state.version != version
    everything = fresh or _over(state.reconciled, rhythm.reconcile, at) or left != asked_for
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
        if unresolved and (fresh or left != asked_for):
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
    overtaken = not _write(store, state, alarm, following)
    done_with(store, begun)
    if asked and left != asked_for:
        overtaken |= not _withdraw(store, asked.version, left)
    return Tick(at, messages, following, unresolved, version, left, overtaken)


def outdated(store: Store, done: Tick) -> bool:
    """Whether something changed since a tick looked that its `next` knows nothing of; three items are read.

    Asked after the alarm was set: who changes something later than that finds the alarm as it is now.
    """
    if done.overtaken or kept_definitions.version(store) != done.version:
        return True
    return _times(store.get(roster.TABLE, _CLOCK, _ASKED)) != done.asked or _begins_before(store, done.next)


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
    item = store.get(roster.TABLE, _CLOCK, _NEXT)
    alarm, until = (item.data.get("alarm"), _moment(item.data.get("next"))) if item else (None, None)
    if item is None or not isinstance(alarm, str) or not alarm or until is None:
        return None
    asked = _times(store.get(roster.TABLE, _CLOCK, _ASKED))
    unknown = kept_definitions.version(store) != item.data.get("version")
    # A tick that should have been, and was not, has not taken up what is due by now.
    before = max(until, now + timedelta.resolution)
    if unknown or any(each < before for each in asked) or _begins_before(store, before):
        return Asleep(alarm, until)
    return None


def _begins_before(store: Store, at: datetime) -> bool:
    """Whether an override begins or ends before an aware datetime that no tick has taken up."""
    return any(each.at < at for each in moments(store, 1))


def ask_for_all(store: Store, at: datetime) -> None:
    """Let the first tick at or after an aware datetime ask for every target, and find out anew which there are.

    What was asked for before stays: of all the times the first and the last are kept, so that neither who asked for an
    earlier one waits longer, nor what is there only at a later one is missed.

    Raises:
        VersionConflict: others ask at the same time, again and again.
        StoreError: the store failed.
    """
    for number in range(1, _TRIES + 1):
        known = mended(store, roster.TABLE, lambda: store.get(roster.TABLE, _CLOCK, _ASKED))
        try:
            _put_asked(store, [at, *_times(known)], known.version if known else NEW)
        except VersionConflict:
            if number == _TRIES:
                raise
        else:
            return


def _put_asked(store: Store, times: Sequence[datetime], expect: Expect) -> None:
    first, last = (each.astimezone(UTC).isoformat() for each in (min(times), max(times)))
    store.put(roster.TABLE, _CLOCK, _ASKED, {"at": first, "last": last}, expect=expect)


def _times(asked: Item | None) -> tuple[datetime, ...]:
    """What was asked for: the first time and the last."""
    found = (_moment(asked.data.get(key)) for key in ("at", "last")) if asked else ()
    return tuple(each for each in found if each is not None)


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
    config: Configuration, state: _State, at: datetime, due: frozenset[str], telling: frozenset[str], *, fresh: bool
) -> _State:
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


def _withdraw(store: Store, version: int, left: Sequence[datetime]) -> bool:
    """Take away what was done; False if it was asked for again meanwhile."""
    try:
        if left:
            _put_asked(store, left, version)
        else:
            store.delete(roster.TABLE, _CLOCK, _ASKED, expect=version)
    except VersionConflict:
        return False
    return True


def _read(store: Store) -> _State:
    """The clock's own item; one that cannot be read counts as none, and everything is looked at anew."""
    item = store.get(roster.TABLE, _CLOCK, _NEXT)
    if item is None:
        return _State()
    version, wakes = item.data.get("version"), item.data.get("wakes")
    if not isinstance(version, int) or not isinstance(wakes, dict):
        return _State(stored=item.version)
    moments_of, told, lead = _moments(wakes), _moments(item.data.get("notices") or {}), item.data.get("lead")
    if moments_of is None or told is None:
        return _State(stored=item.version)
    before = timedelta(seconds=lead) if isinstance(lead, int) else None
    reconciled, watched, settle = (_moment(item.data.get(key)) for key in ("reconciled", "watched", "settle"))
    return _State(version, moments_of, told, before, reconciled, watched, settle, item.version)


def _moments(value: JSON) -> dict[str, datetime] | None:
    """Aware datetimes by name; None where one is none."""
    given = {name: _moment(when) for name, when in value.items()} if isinstance(value, dict) else {"": None}
    found = {name: when for name, when in given.items() if when is not None}
    return found if len(found) == len(given) else None


def _write(store: Store, state: _State, alarm: str, following: datetime) -> bool:
    """Keep the clock's own item; False if another tick did meanwhile."""
    data: dict[str, JSON] = {"version": state.version, "alarm": alarm, "next": following.isoformat()}
    for key, moments_of in (("wakes", state.wakes), ("notices", state.notices)):
        data[key] = {name: when.isoformat() for name, when in moments_of.items()}
    data["lead"] = None if state.lead is None else int(state.lead.total_seconds())
    for key in ("reconciled", "watched", "settle"):
        when = getattr(state, key)
        data[key] = when.isoformat() if when else None
    expect: Expect = state.stored or NEW
    try:
        store.put(roster.TABLE, _CLOCK, _NEXT, data, expect=expect)
    except VersionConflict:
        # Two ticks at a time: each sent what was due, and what the other wrote is as good.
        return False
    return True


def _moment(value: JSON) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is None or at.tzinfo else None
