"""Chains of passes against brute force: a queue that delays and repeats, passes that die, asks at any time.

A model of one target holds what waits or fails in it, each for a span of time, and notes every look. Two things are
held against it: whatever a pass met is looked at until it is over, and passes that were handed on do not multiply.
"""

from __future__ import annotations

import heapq
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scheduler.conftest import HERE, MONDAY, OFFICE, Clock, configuration

from lamplighter.errors import AwsError, StoreUnavailable, TargetBusy
from lamplighter.scheduler.hand_on import hand_on, overtaken
from lamplighter.scheduler.messages import Message, parse
from lamplighter.scheduler.passes import LEASE, PassReport, TargetReport, World
from lamplighter.scheduler.take import DEADLINE, Taken, take
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import Item, Store

CONFIG = configuration(OFFICE)
NAMES = ("a", "b", "c")
VISIBLE_AGAIN = 960
WINDOW = 600
MOST = 13
"""Passes handed on in so many seconds: one a minute, 5 seconds early at most, and twice what is wanted may be wider."""

LOST = AwsError("no")


@dataclass(frozen=True)
class Need:
    """What a pass that looks at a schedule within a span, seconds, is to be followed by another for."""

    name: str
    begin: int
    end: int
    fails: bool


@dataclass(frozen=True)
class Faults:
    """How likely what goes wrong is, for each message; and how late messages and how long passes are, seconds."""

    dies: float = 0
    unmarked: float = 0
    unsent: float = 0
    twice: float = 0
    rival: float = 0
    late: int = 0
    long: int = 1


@dataclass(frozen=True)
class Look:
    """One pass: over which schedules, when it began and what it met; `busy` if another one was at work."""

    begin: float
    end: float
    names: frozenset[str]
    again: bool
    busy: bool
    met: tuple[Need, ...] = ()


class Marks(MemoryStore):
    """Writes of marks fail when told to."""

    fails = False

    def put(self, *args: Any, **options: Any) -> Item:
        if self.fails:
            raise StoreUnavailable("gone")
        return super().put(*args, **options)


class Died(Exception):
    """The function ends here."""


@dataclass
class Target:
    """One target and its queue; `looks` are what came of it, `wrong` counts faults, `skipped` passes overtaken."""

    needs: list[Need]
    faults: Faults
    random: Random
    hands_on: Callable[..., bool] = hand_on
    skips: Callable[..., bool] = overtaken
    looks: list[Look] = field(default_factory=list)
    skipped: int = 0
    wrong: int = 0

    def __post_init__(self) -> None:
        self.clock, self.store = Clock(MONDAY), Marks()
        self.world = World(cast(Any, None), self.store, CONFIG, {}, self.clock)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = count()
        self._leased: list[float] = []
        self._receipts: dict[str, int] = {}

    @property
    def now(self) -> float:
        return (self.clock.now - MONDAY).total_seconds()

    def later(self, at: float, work: Callable[[], None]) -> None:
        heapq.heappush(self._events, (at, next(self._count), work))

    def run(self) -> None:
        while self._events:
            self.step()
            assert len(self.looks) < 20_000, "it never ends"

    def step(self) -> None:
        at, _, work = heapq.heappop(self._events)
        self.clock.now = MONDAY + timedelta(seconds=max(at, self.now))
        work()

    def enqueue(self, message: Message, delay: float) -> None:
        text = message.text()
        for _ in range(2 if self._happens(self.faults.twice) else 1):
            at = self.now + delay + self.random.uniform(0.001, self.faults.late + 0.002)
            self.later(at, lambda: self.receive(text, 1))

    def _happens(self, likely: float) -> bool:
        found = self.random.random() < likely
        self.wrong += found
        return found

    def receive(self, text: str, times: int) -> None:
        """The function is called with a message."""
        message = parse(text)
        if self.skips(self.store, message, at=self.clock.now):
            self.skipped += 1
            return
        begin = self.now
        names = frozenset(NAMES)
        if message.schedules is not None and self.clock.now - message.at <= DEADLINE:
            names = message.schedules
        self._leased = [until for until in self._leased if until > begin]
        busy = bool(self._leased)
        end = begin if busy else begin + self.random.uniform(0, self.faults.long)
        met = () if busy else tuple(n for n in self.needs if n.begin <= begin < n.end and n.name in names)
        look = Look(begin, end, names, message.why == "again", busy, met)
        dies = self._happens(self.faults.dies)
        if not busy:
            self._leased.append(begin + LEASE.seconds if dies else end)
        if dies:
            self.later(begin + VISIBLE_AGAIN, lambda: self.receive(text, times + 1))
        else:
            self.later(end, lambda: self.finish(message, look, times))

    def finish(self, message: Message, look: Look, times: int) -> None:
        """A pass ended, and hands on or not."""
        self.looks.append(look)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("lamplighter.scheduler.take.run_pass", lambda *_, **__: _report(look))
            taken = take(self.world, message, run="run")
        try:
            self.hands_on(self.store, taken, self._send, at=self.clock.now)
        except Died:
            self.later(self.now + VISIBLE_AGAIN, lambda: self.receive(message.text(), times + 1))
        except AwsError:
            self.later(self.now + 60 * times, lambda: self.receive(message.text(), times + 1))
        finally:
            self.store.fails = False

    def _send(self, message: Message, delay: int) -> None:
        if self._happens(self.faults.unsent):
            raise LOST
        if self.random.random() < self.faults.rival and self._events and self._events[0][0] < self.now + 5:
            # What comes next happens between reading the mark and writing it.
            self.wrong += 1
            self.step()
        self.enqueue(message, delay)
        if self._happens(self.faults.unmarked):
            self.store.fails = True
            if self.random.random() < 0.5:
                raise Died


def _report(look: Look) -> PassReport:
    if look.busy:
        return PassReport("run", MONDAY, [TargetReport(HERE, error=TargetBusy("busy"))])
    done = [SimpleNamespace(waiting="waits", error=None) for need in look.met if not need.fails]
    failures = {need.name: LOST for need in look.met if need.fails}
    return PassReport("run", MONDAY, [TargetReport(HERE, (), cast(Any, done), failures)])


SPANS = st.builds(
    lambda name, begin, length, fails: Need(name, begin, begin + length, fails),
    st.sampled_from(NAMES),
    st.integers(0, 1800),
    st.integers(0, 1500),
    st.booleans(),
)
Ask = tuple[int, str | None]
ASKS = st.lists(st.tuples(st.integers(0, 3600), st.sampled_from([None, "a", "b", "c", "a b"])), min_size=1, max_size=40)
FAULTS = st.builds(
    Faults,
    dies=st.sampled_from([0, 0.1]),
    unmarked=st.sampled_from([0, 0.2]),
    unsent=st.sampled_from([0, 0.1]),
    twice=st.sampled_from([0, 0.3]),
    rival=st.sampled_from([0, 0.5]),
    late=st.sampled_from([0, 2, 200]),
    long=st.sampled_from([1, 100, 400]),
)


def play(needs: list[Need], asks: list[Ask], faults: Faults, seed: int, **ways: Any) -> Target:
    target = Target(needs, faults, Random(seed), **ways)
    for at, names in asks:
        message = Message(HERE, "tick", MONDAY + timedelta(seconds=at), frozenset(names.split()) if names else None)
        target.later(at, lambda message=message: target.enqueue(message, 0))  # type: ignore[misc]
    target.run()
    return target


def forgotten(target: Target) -> list[str]:
    """What a pass met, or could not look at, and none looked at again."""
    found = []
    looks = [each for each in target.looks if not each.busy]
    for each in target.looks:
        if each.busy and not any(one.begin >= each.begin and each.names <= one.names for one in looks):
            found.append(f"busy at {each.begin}")
        found += [
            f"{need} of {each.begin}"
            for need in each.met
            if not any(one.begin >= need.end and need.name in one.names for one in looks)
        ]
    return found


def most(target: Target) -> int:
    """Of passes that were handed on, how many began within the window."""
    begins = sorted(each.begin for each in target.looks if each.again)
    return max((bisect(begins, one + WINDOW) - n for n, one in enumerate(begins)), default=0)


def waits(target: Target) -> float:
    """How long it took at most until what waited was looked at again, or found busy, seconds."""
    return max(
        (
            min(one.begin for one in target.looks if one.begin > each.begin and each.names <= one.names) - each.end
            for each in target.looks
            if any(not need.fails for need in each.met)
        ),
        default=0,
    )


@given(st.lists(SPANS, max_size=4), ASKS, FAULTS, st.integers(0, 2**32))
def test_what_a_pass_met_is_looked_at_until_it_is_over(
    needs: list[Need], asks: list[Ask], faults: Faults, seed: int
) -> None:
    target = play(needs, asks, faults, seed)
    assert forgotten(target) == []
    assert most(target) <= MOST + target.wrong


@given(st.lists(SPANS, max_size=4), ASKS, FAULTS, st.integers(0, 2**32))
def test_where_nothing_goes_wrong_there_is_one_chain_and_it_does_not_pause(
    needs: list[Need], asks: list[Ask], faults: Faults, seed: int
) -> None:
    target = play(needs, asks, Faults(late=faults.late, long=faults.long), seed)
    assert target.wrong == 0
    assert most(target) <= MOST
    assert waits(target) <= 120 + faults.late + faults.long


def ask_each_minute(**ways: Any) -> Target:
    """Something waits for 20 minutes, and for as long a pass is asked for each minute."""
    needs, asks = [Need("a", 0, 1200, fails=False)], [(60 * n, None) for n in range(20)]
    return play(needs, cast(list[Ask], asks), Faults(long=1), 1, **ways)


def test_without_marks_the_model_sees_chains_multiply() -> None:
    def always(_: object, taken: Taken, send: Callable[[Message, int], None], **__: object) -> bool:
        if taken.again:
            send(taken.again, taken.delay)
        return True

    many = ask_each_minute(hands_on=always, skips=lambda *_, **__: False)
    assert most(many) > 5 * MOST
    few = ask_each_minute()
    assert most(few) <= 11
    assert waits(few) <= 60


def test_a_mark_that_is_believed_for_too_long_loses_what_waits() -> None:
    def later(store: Store, taken: Taken, send: Callable[[Message, int], None], *, at: datetime) -> bool:
        return hand_on(store, taken, send, at=at - timedelta(seconds=70))

    assert forgotten(ask_each_minute(hands_on=later))
    assert not forgotten(ask_each_minute())
