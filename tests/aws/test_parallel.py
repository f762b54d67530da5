from __future__ import annotations

import _thread
import logging
import threading
from contextvars import ContextVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.aws.parallel import Outcome, each
from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, LamplighterError

TARGETS = [Target("111122223333", f"region-{number}") for number in range(40)]
RUN: ContextVar[str] = ContextVar("run", default="nobody")


@given(st.lists(st.sampled_from(TARGETS), max_size=30), st.integers(1, 12))
def test_one_outcome_a_target_in_order_of_the_input(targets: list[Target], threads: int) -> None:
    assert each(targets, lambda target: target.region, threads=threads) == [
        Outcome(target, target.region) for target in targets
    ]


def test_no_more_than_so_many_at_a_time() -> None:
    lock = threading.Lock()
    all_in = threading.Barrier(4)
    now, most = 0, 0

    def work(_: Target) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        all_in.wait(timeout=10)
        with lock:
            now -= 1

    each(TARGETS[:40], work, threads=4)
    assert most == 4


def test_a_failure_belongs_to_its_target() -> None:
    refused = AccessDenied("no", hint="ask")

    def work(target: Target) -> str:
        if target == TARGETS[1]:
            raise refused
        return target.region

    outcomes = each(TARGETS[:3], work, threads=2)
    assert [outcome.value for outcome in outcomes] == ["region-0", None, "region-2"]
    assert [outcome.error for outcome in outcomes] == [None, refused, None]


def test_a_bug_in_one_target_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def work(target: Target) -> int:
        return 1 // (0 if target == TARGETS[0] else 1)

    with caplog.at_level(logging.DEBUG, logger="lamplighter.aws"):
        first, second = each(TARGETS[:2], work, threads=1)
    assert second == Outcome(TARGETS[1], 1)
    assert type(first.error) is LamplighterError
    assert str(first.error) == "111122223333/region-0: unexpected ZeroDivisionError: integer division or modulo by zero"
    assert "report it" in first.error.hint
    assert isinstance(first.error.__cause__, ZeroDivisionError)
    [record] = caplog.records
    assert record.levelno == logging.DEBUG
    assert record.exc_info is not None
    assert record.exc_info[1] is first.error.__cause__


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_work_stops_promptly(stop: type[BaseException]) -> None:
    begun: list[Target] = []
    both_in = threading.Barrier(2)
    hold = threading.Event()

    def work(target: Target) -> None:
        begun.append(target)
        both_in.wait(timeout=10)
        if target == TARGETS[1]:
            raise stop
        hold.wait(timeout=30)

    # TARGETS[0] is still under way when this returns: nothing waits for it.
    with pytest.raises(stop):
        each(TARGETS, work, threads=2)
    assert sorted(begun) == TARGETS[:2]
    hold.set()


def test_an_interrupt_of_the_caller_leaves_the_rest() -> None:
    begun: list[Target] = []
    all_in = threading.Barrier(3, action=_thread.interrupt_main)
    hold = threading.Event()

    def work(target: Target) -> None:
        begun.append(target)
        all_in.wait(timeout=10)
        hold.wait(timeout=30)

    with pytest.raises(KeyboardInterrupt):
        each(TARGETS, work, threads=3)
    assert sorted(begun) == TARGETS[:3]
    hold.set()


def test_context_variables_come_in_and_do_not_leak() -> None:
    token = RUN.set("pass-7")

    def work(target: Target) -> tuple[str, str]:
        before = RUN.get()
        RUN.set(target.region)
        return before, RUN.get()

    outcomes = each(TARGETS, work, threads=5)
    assert [outcome.value for outcome in outcomes] == [("pass-7", target.region) for target in TARGETS]
    assert RUN.get() == "pass-7"
    RUN.reset(token)


def test_nothing_to_do() -> None:
    assert each([], lambda target: target, threads=3) == []


def test_threads_are_at_least_one() -> None:
    with pytest.raises(ValueError, match="threads must be 1 or more"):
        each(TARGETS, lambda target: target, threads=0)
