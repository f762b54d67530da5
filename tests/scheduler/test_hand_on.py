"""Handing on: nothing is asked for that is to come already, and what is to come does all that is wanted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from tests.scheduler.conftest import HERE, MONDAY, THERE

from lamplighter.aws.targets import Target
from lamplighter.errors import AwsError, StoreUnavailable
from lamplighter.scheduler.hand_on import MARKS, hand_on, overtaken
from lamplighter.scheduler.messages import Message
from lamplighter.scheduler.passes import PassReport
from lamplighter.scheduler.take import MOST, MOST_RETRIES, Taken
from lamplighter.store.memory import MemoryStore

REPORT = PassReport("run", MONDAY, ())
OFFICE, BOTH = frozenset({"office"}), frozenset({"office", "nights"})


def at(seconds: float) -> datetime:
    return MONDAY + timedelta(seconds=seconds)


def passed(
    now: float,
    delay: int = 60,
    schedules: frozenset[str] | None = None,
    *,
    number: int = 1,
    failures: int = 0,
    target: Target = HERE,
) -> Taken:
    """A pass that ended, and wants the next one after so many seconds."""
    return Taken(REPORT, False, Message(target, "again", at(now + delay), schedules, number, failures), delay)


class Works:
    """A store with marks, and what was sent."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.sent: list[tuple[Message, int]] = []
        self.before: Callable[[], object] = lambda: None

    def send(self, message: Message, delay: int) -> None:
        self.before()
        self.sent.append((message, delay))

    def end(self, now: float, *args: Any, **options: Any) -> bool:
        return hand_on(self.store, passed(now, *args, **options), self.send, at=at(now))

    def over(self, now: float, message: Message) -> bool:
        return overtaken(self.store, message, at=at(now))

    def last(self) -> Message:
        return self.sent[-1][0]


@pytest.fixture
def works() -> Works:
    return Works()


def test_who_wants_nothing_asks_for_nothing_and_reads_nothing(works: Works) -> None:
    works.store.close()
    assert not hand_on(works.store, Taken(REPORT, False), works.send, at=MONDAY)


def test_the_first_asks_and_the_others_need_not(works: Works) -> None:
    assert works.end(0)
    assert works.sent == [(Message(HERE, "again", at(60), None, 1), 60)]
    assert not any(works.end(now) for now in (0, 1, 30, 54))
    assert len(works.sent) == 1
    assert works.end(0, target=THERE), "another target is another matter"


def test_what_may_have_begun_speaks_for_nobody(works: Works) -> None:
    works.end(0)
    assert works.end(55)
    assert works.last().at == at(115)
    # The first one hands nothing on, nor need it be run.
    assert works.over(60, works.sent[0][0])
    assert not works.end(60, number=2)


def test_its_own_pass_hands_on_and_a_duplicate_of_it_does_not(works: Works) -> None:
    works.end(0)
    one = works.last()
    assert not works.over(60, one)
    assert works.end(62, number=2)
    assert works.over(63, one)
    assert not works.end(64, number=2)
    assert [message.number for message, _ in works.sent] == [1, 2]


@pytest.mark.parametrize(
    ("first", "then", "asked"),
    [
        ({"schedules": OFFICE}, {"schedules": OFFICE}, None),
        ({"schedules": BOTH}, {"schedules": OFFICE}, None),
        ({"schedules": None}, {"schedules": OFFICE}, None),
        ({"schedules": OFFICE}, {"schedules": frozenset({"nights"})}, {"schedules": BOTH}),
        ({"schedules": OFFICE}, {"schedules": None}, {"schedules": None}),
        ({"delay": 900}, {"delay": 60}, {}),
        ({"delay": 60}, {"delay": 900}, None),
        ({"number": MOST // 2}, {"number": 1}, None),
        ({"number": MOST // 2 + 1}, {"number": 1}, {"number": 1}),
        ({"number": MOST // 2 + 1}, {"number": MOST // 2 + 1}, None),
        ({"failures": MOST_RETRIES // 2}, {"failures": 1}, None),
        ({"failures": MOST_RETRIES // 2 + 1}, {"failures": 0}, {"failures": 0}),
        (
            {"schedules": OFFICE, "number": 2, "failures": 1},
            {"number": 40, "failures": 3},
            {"number": 2, "failures": 1},
        ),
    ],
)
def test_more_than_is_to_come_is_asked_for_and_takes_its_place(
    works: Works, first: dict[str, Any], then: dict[str, Any], asked: dict[str, Any] | None
) -> None:
    works.end(0, **first)
    assert works.end(10, **then) == (asked is not None)
    if asked is None:
        return
    expected = {"schedules": None, "number": 1, "failures": 0, **asked}
    got = works.last()
    assert {name: getattr(got, name) for name in expected} == expected
    assert got.at == at(70)
    # Both are asked for by that one: nobody need ask again, and the first is over.
    assert not works.end(11, **then)
    assert not works.end(11, **{**first, "delay": 60})
    assert works.over(60, works.sent[0][0]) == (first.get("delay") != 900), "one that is due later may be needed then"
    assert not works.over(70, got)


def test_what_is_late_is_wanted_as_a_whole(works: Works) -> None:
    works.end(0, schedules=OFFICE)
    one = works.last()
    works.end(650, schedules=OFFICE)
    assert works.over(660, one)
    assert not works.over(661, one)


def test_chains_that_are_seconds_apart_become_one(works: Works) -> None:
    """Within the time in which a mark is not believed, each would go on beside the other."""
    works.end(0, schedules=OFFICE)
    one = works.last()
    works.end(57)
    other = works.last()
    assert works.over(60, one), "it need not look at 1:00 at what is looked at at 1:57"
    assert not works.over(117, other)
    works.end(116, schedules=OFFICE)
    assert not works.over(117, other), "what comes after it wants less"


def test_what_is_to_come_late_overtakes_nothing(works: Works) -> None:
    works.end(0)
    works.end(58, 900)
    assert not works.over(60, works.sent[0][0])


def test_only_what_was_handed_on_is_overtaken(works: Works) -> None:
    works.end(0)
    assert not works.over(1, Message(HERE, "event", at(1)))
    assert not works.over(1, Message(THERE, "again", at(1)))


def test_what_goes_on_at_once_is_sent_and_promises_nothing(works: Works) -> None:
    assert works.end(0, 0)
    assert works.sent == [(Message(HERE, "again", at(0), None, 1), 0)]
    assert works.end(1), "that one may have begun"
    assert not works.end(2, 0), "a minute is soon enough"
    works.end(100, 900)
    assert works.end(101, 0), "15 are not"


def test_a_message_that_was_not_sent_is_not_promised(works: Works) -> None:
    def fails() -> None:
        raise AwsError("gone")

    works.before = fails
    with pytest.raises(AwsError):
        works.end(0)
    works.before = lambda: None
    assert works.end(1)


@pytest.mark.parametrize("error", [StoreUnavailable("gone"), None])
def test_a_mark_that_was_not_written_costs_one_pass_and_no_chain(works: Works, error: StoreUnavailable | None) -> None:
    """The store failed; or another pass wrote at the same time."""
    real = works.store.put

    def fails(*_: object, **__: object) -> None:
        raise error or StoreUnavailable("")

    def rival() -> None:
        works.before = lambda: None
        works.end(0)

    if error:
        works.store.put = fails  # type: ignore[method-assign, assignment]
    else:
        works.before = rival
    assert works.end(0)
    works.store.put = real  # type: ignore[method-assign]
    works.end(1)
    assert len(works.sent) == 2
    assert goes_on(works, [message for message, _ in works.sent]) == 1


def goes_on(works: Works, messages: list[Message]) -> int:
    """How many of these passes, run one after the other when they are due, hand on."""
    return sum(not works.over(61 + n, one) and works.end(61 + n, number=2) for n, one in enumerate(messages))


def test_many_at_once_go_on_as_one(works: Works) -> None:
    begun = Barrier(8)
    sent: list[Message] = []

    def work() -> None:
        begun.wait()
        hand_on(works.store, passed(0), lambda message, _: sent.append(message), at=at(0))

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(sent) <= 8
    assert goes_on(works, sent) == 1


@pytest.mark.parametrize(
    "data", [{}, {"message": None}, {"message": "{"}, {"message": Message(THERE, "again", at(99)).text()}, {"until": 7}]
)
def test_a_foreign_mark_is_none_and_is_replaced(works: Works, data: dict[str, Any]) -> None:
    works.store.put("clock", MARKS, HERE.key, data)
    assert not works.over(0, Message(HERE, "again", at(0)))
    assert works.end(0)
    assert not works.end(1)
