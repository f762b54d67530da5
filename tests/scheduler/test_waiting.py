"""A stop that must wait for something a kind has set going: nothing is stored but that it waits, and it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import pytest
from tests.scheduler.conftest import Killed, Stage

from lamplighter.errors import WrongState
from lamplighter.resources.kind import Kind, Permissions, Resource, Result, Search, Session
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions
from lamplighter.scheduler.passes import last_passes
from lamplighter.schedules.decision import Live


class Slow(Kind):
    """One resource that is stopped once `ready`; dies in the call if `dies`, fails if `fails`."""

    name: ClassVar[str] = "slow"
    title: ClassVar[str] = "slow"
    why: ClassVar[str] = ""
    source: ClassVar[str] = ""
    permissions: ClassVar[Permissions] = Permissions((), (), ())
    may_start_from: ClassVar[frozenset[str]] = frozenset({"out"})
    may_stop_from: ClassVar[frozenset[str]] = frozenset({"lit"})
    batch: ClassVar[int] = 1
    since: ClassVar[str] = "0.1.0"

    def __init__(self) -> None:
        self.state = "lit"
        self.ready = self.dies = self.fails = False
        self.asked = 0

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        yield Resource(
            "slow",
            "web",
            "arn:aws:x:::web",
            session.target.account,
            session.target.region,
            "web",
            {search.tag: "office"},
            "office",
            Live.RUNNING if self.state == "lit" else Live.STOPPED,
            self.state,
        )

    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        self.state = "lit"
        return [Result("web")]

    def stop(self, session: Session, resources: Sequence[Resource], _how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        self.asked += 1
        if self.dies:
            raise Killed
        if self.fails:
            return [Result("web", WrongState("no"), waiting="never mind")]
        if self.ready:
            self.state = "out"
        return [Result("web", waiting="" if self.ready else "its light is dimmed first")]


@pytest.fixture
def slow(stage: Stage) -> Slow:
    kind = Slow()
    stage.with_kinds({"slow": kind})
    stage.run(12)
    return kind


def test_it_waits_visibly_and_goes_on_in_a_later_pass(stage: Stage, slow: Slow) -> None:
    for minute in (0, 5, 10):
        report = stage.run(18, minute)
        [done] = report.targets[0].done
        assert (done.waiting, done.note, done.error) == (True, "its light is dimmed first", None)
        assert not report.partial
    assert stage.stored("web") == "running"
    record = stage.record("web")
    assert record is not None
    assert record.memory.held_since == "2026-11-23T18:00:00+00:00"
    assert stage.journal() == [("web", "stop", "waiting")]
    assert stage.intents() == []
    assert [(each["done"], each["waiting"]) for each in last_passes(stage.plain)] == [(0, 1)]
    slow.ready = True
    stage.run(18, 15)
    assert (slow.state, stage.stored("web")) == ("out", "stopped")
    assert stage.journal() == [("web", "stop", "waiting"), ("web", "stop", "done")]
    record = stage.record("web")
    assert record is not None
    assert record.memory.held_since == ""


def test_a_new_resource_that_waits_stays_new(stage: Stage) -> None:
    kind = Slow()
    stage.with_kinds({"slow": kind})
    stage.run(18)
    assert stage.stored("web") == "unknown"
    kind.ready = True
    stage.run(18, 5)
    assert stage.stored("web") == "stopped"
    assert stage.journal(seen=True) == [("web", "seen", "done"), ("web", "stop", "waiting"), ("web", "stop", "done")]


def test_what_is_no_longer_wanted_waits_no_longer(stage: Stage, slow: Slow) -> None:
    stage.run(18)
    stage.run(8, day=1)
    record = stage.record("web")
    assert record is not None
    assert (record.stored.value, record.memory.held_since) == ("running", "")
    assert slow.asked == 1


def test_an_error_counts_more_than_waiting(stage: Stage, slow: Slow) -> None:
    slow.fails = True
    [done] = stage.run(18).targets[0].done
    assert (done.waiting, str(done.error)) == (False, "no")
    assert stage.stored("web") == "stop_failed"


@pytest.mark.slow
def test_a_pass_that_dies_while_it_asks_forgets_nothing(stage: Stage, slow: Slow) -> None:
    slow.dies = True
    stage.clock.at(18)
    with pytest.raises(Killed):
        stage.run()
    slow.dies = False
    stage.run(18, 10)
    assert stage.stored("web") == "running"
    assert stage.journal() == [("web", "stop", "not-done"), ("web", "stop", "waiting")]
    slow.ready = True
    stage.run(18, 15)
    assert stage.stored("web") == "stopped"
