"""States that take their time: what moto changes at once goes through the states AWS shows in between.

The front lets moto handle a request and then compares what moto shows with what is known here. A start that moto
has finished at once is put back to `pending`, and `running` follows when it is due by the clock. Transitions that
are due are finished before each request, each recorded at its own due time.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from lamplighter.estate.history import History, StateChange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

T = TypeVar("T")

DEFAULT_TIMINGS: Mapping[str, float] = {
    "ec2-start": 30,
    "ec2-stop": 45,
    "ec2-hibernate": 120,
    "ec2-terminate": 30,
    "rds-start": 240,
    "rds-stop": 240,
    # AWS starts a stopped database by itself after seven days.
    "rds-autostart": 7 * 24 * 3600,
}
"""How long each transition lasts, in seconds of the simulated clock."""


class Key(NamedTuple):
    """Names one resource: account, region, kind and id."""

    account: str
    region: str
    kind: str
    id: str

    def place(self) -> Key:
        """The account, region and kind without an id."""
        return self._replace(id="")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How the states of one kind of moto object follow each other.

    Attributes:
        name: `ec2-instance`, `rds-instance` or `rds-cluster`.
        read: the state a moto object shows.
        write: makes a moto object show a state.
        enter: what else changes when a state is entered at a time; the last argument is the special timing, if any.
        entrance: final state → the state that comes before it on AWS.
        then: state → (timing, next state) for states that end by themselves.
        born_slowly: whether a new one also goes through the entrance.
        ends: notes on a moto object when its state will end by itself, and which comes then; None if it shows no such
            time.
    """

    name: str
    read: Callable[[T], str]
    write: Callable[[T, str], None]
    enter: Callable[[T, str, datetime, str | None], None]
    entrance: Mapping[str, str]
    then: Mapping[str, tuple[str, str]]
    born_slowly: bool
    ends: Callable[[T, str, datetime], None] | None = None


class Lifecycle:
    """Keeps the true state of every resource and moves it on by the clock.

    Not thread-safe; the front holds its lock around every call.

    Args:
        history: where every true change is recorded.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self.timings = dict(DEFAULT_TIMINGS)
        self.clear()

    def clear(self) -> None:
        """Forget every resource and transition; timings stay."""
        self._states: dict[Key, dict[str, str]] = {}
        self._moves: dict[Key, int] = {}
        self._ran: set[Key] = set()
        self._due: list[tuple[datetime, int, Key, int, str, Callable[[str, datetime], None]]] = []
        self._serial = 0

    def state(self, key: Key) -> str | None:
        """The true state of a resource, or None when it was never seen."""
        return self._states.get(key.place(), {}).get(key.id)

    def has_run(self, key: Key) -> bool:
        """Whether an instance has been `running` at least once; one found `stopped` has."""
        return key in self._ran

    def knows(self, kind: str, account: str, region: str) -> bool:
        """Whether this kind was observed in this account and region before."""
        return Key(account, region, kind, "") in self._states

    def settle(self, now: datetime) -> None:
        """Finish every transition that is due at `now`, in order of due time; chains are followed."""
        while self._due and self._due[0][0] <= now:
            at, _, key, move, to, go = heapq.heappop(self._due)
            if self._moves.get(key) == move:
                go(to, at)

    def finish(self) -> datetime | None:
        """The due time of the last transition now under way that ends by itself soon; None if there is none.

        The seven days after which AWS starts a stopped database are left out.
        """
        ends = [at for at, _, key, move, to, _ in self._due if self._moves.get(key) == move and to != "starting"]
        return max(ends, default=None)

    def observe(
        self,
        kind: Kind[T],
        account: str,
        region: str,
        things: Iterable[tuple[str, T]],
        now: datetime,
        *,
        adopt: bool = False,
        timing: Mapping[str, str] | None = None,
    ) -> None:
        """Compare what moto shows in one account and region with what is known, and start the transitions.

        Args:
            kind: the kind of all `things`.
            account: account id.
            region: region.
            things: (id, moto object) of every resource of this kind there.
            now: by the simulated clock.
            adopt: take resources never seen before as they are, instead of as just born.
            timing: id → name of the timing to use instead of the usual one.
        """
        place = Key(account, region, kind.name, "")
        states = self._states.setdefault(place, {})
        read, present = kind.read, []
        for id_, thing in things:
            present.append(id_)
            seen = read(thing)
            known = states.get(id_)
            if seen == known:
                continue
            key = place._replace(id=id_)
            via = kind.entrance.get(seen)
            if known is not None and known == via:
                kind.write(thing, known)
                continue
            direct = via is None or (known is None and (adopt or not kind.born_slowly))
            self._move(kind, thing, key, seen if direct else str(via), now, (timing or {}).get(id_))
        if len(present) < len(states):
            for id_ in sorted(states.keys() - set(present)):
                key = place._replace(id=id_)
                self._record(key, "deleted", now)
                del states[id_]
                self._moves.pop(key, None)

    def _move(self, kind: Kind[T], thing: T, key: Key, to: str, at: datetime, timing: str | None = None) -> None:
        kind.write(thing, to)
        kind.enter(thing, to, at, timing)
        self._record(key, to, at)
        self._states[key.place()][key.id] = to
        self._serial += 1
        self._moves[key] = self._serial
        if to in {"running", "stopped"}:
            self._ran.add(key)
        if to in kind.then:
            usual, following = kind.then[to]
            end = at + timedelta(seconds=self.timings[timing or usual])
            if kind.ends is not None:
                kind.ends(thing, following, end)

            def go(state: str, when: datetime) -> None:
                self._move(kind, thing, key, state, when)

            heapq.heappush(self._due, (end, self._serial, key, self._serial, following, go))

    def _record(self, key: Key, to: str, at: datetime) -> None:
        self._history.add(StateChange(at, key.account, key.region, key.kind, key.id, self.state(key), to))
