"""What a stop sets to nothing is put back as it was, even when stops and starts die half done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import pytest
from tests.scheduler.conftest import HERE, OFFICE, Killed, Stage

from lamplighter.resources.kind import Kind, Permissions, Resource, Result, Search, Session
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions
from lamplighter.scheduler.passes import LEASE
from lamplighter.scheduler.sizes import TABLE, remember_size, with_sizes
from lamplighter.schedules.decision import Live
from lamplighter.store.memory import MemoryStore

BEFORE = {"min": "1", "desired": "3"}


class Groups(Kind):
    """One group with a size, whose stop and start take two calls each; dies before call number `dies`."""

    name: ClassVar[str] = "group"
    title: ClassVar[str] = "group"
    why: ClassVar[str] = ""
    source: ClassVar[str] = ""
    permissions: ClassVar[Permissions] = Permissions((), (), ())
    may_start_from: ClassVar[frozenset[str]] = frozenset()
    may_stop_from: ClassVar[frozenset[str]] = frozenset()
    batch: ClassVar[int] = 1
    since: ClassVar[str] = "0.1.0"

    def __init__(self) -> None:
        self.size = dict(BEFORE)
        self.dies: int | None = None
        self.calls = 0

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        lit = any(value != "0" for value in self.size.values())
        yield Resource(
            "group",
            "web",
            "arn:aws:x:::web",
            session.target.account,
            session.target.region,
            "web",
            {search.tag: "office"},
            "office",
            Live.RUNNING if lit else Live.STOPPED,
            "lit" if lit else "out",
            size=dict(self.size),
        )

    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        self._set(resources[0].restore)
        return [Result("web")]

    def stop(self, session: Session, resources: Sequence[Resource], _how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        self._set({"min": "0", "desired": "0"})
        return [Result("web")]

    def _set(self, size: Mapping[str, str]) -> None:
        for name in ("min", "desired"):
            self.calls += 1
            if self.calls == self.dies:
                raise Killed
            self.size[name] = size[name]


def group(size: Mapping[str, str], restore: Mapping[str, str]) -> Resource:
    return Resource(
        "group",
        "web",
        "arn",
        "111122223333",
        "eu-west-1",
        "web",
        {},
        None,
        Live.RUNNING,
        "lit",
        size=size,
        restore=restore,
    )


def test_nothing_does_not_replace_what_is_remembered() -> None:
    (put,) = remember_size(group({"min": "0", "desired": "3"}, BEFORE), "t")
    assert put.data == {"min": "1", "desired": "3"}
    (put,) = remember_size(group({"min": "0", "desired": "5"}, {}), "t")
    assert put.data == {"min": "0", "desired": "5"}


def test_a_start_half_done_does_not_replace_what_is_remembered() -> None:
    half = replace(group({"min": "1", "desired": "1"}, BEFORE), live=Live.PARTLY)
    (put,) = remember_size(half, "t")
    assert put.data == BEFORE


def test_kinds_without_size_cost_nothing() -> None:
    plain = group({}, {})
    assert remember_size(plain, "t") == []
    closed = MemoryStore()
    closed.close()
    assert with_sizes(closed, "t", [plain]) == [plain]


def test_out_at_night_and_back_in_the_morning(stage: Stage) -> None:
    groups = Groups()
    stage.with_kinds({"group": groups})
    stage.clock.at(20)
    stage.run()
    assert groups.size == {"min": "0", "desired": "0"}
    assert [dict(item.data) for item in stage.store.query(TABLE, HERE.key)] == [BEFORE]
    stage.clock.at(8, day=1)
    stage.run()
    assert groups.size == BEFORE
    assert list(stage.store.query(TABLE, HERE.key)) == []


@pytest.mark.parametrize("dies", [1, 2, 3, 4])
@pytest.mark.slow
def test_a_pass_that_dies_between_two_calls_forgets_no_size(stage: Stage, dies: int) -> None:
    groups = Groups()
    groups.dies = dies
    stage.with_kinds({"group": groups})
    deaths = 0
    for hour, day in ((20, 0), (21, 0), (8, 1), (9, 1)):
        stage.clock.at(hour, day=day)
        try:
            stage.run()
        except Killed:
            deaths += 1
            stage.clock.now += LEASE
            stage.run()
    assert deaths == 1
    assert groups.size == BEFORE
    assert list(stage.store.query(TABLE, HERE.key)) == []


def test_a_size_that_somebody_put_back_is_forgotten_so_that_growing_is_no_half_start(stage: Stage) -> None:
    """With a remembered size beside it, an enforced start would undo every scaling."""
    stage.define(OFFICE.replace("{periods: office}", "{periods: office, enforced: true}"))
    groups = Groups()
    stage.with_kinds({"group": groups})
    stage.run(20)
    groups.size = dict(BEFORE)
    stage.run(8, day=1)
    assert list(stage.store.query(TABLE, HERE.key)) == []
    groups.size["desired"] = "5"
    stage.run(9, day=1)
    assert groups.size["desired"] == "5"
    stage.run(20, day=1)
    stage.run(8, day=2)
    assert groups.size == {"min": "1", "desired": "5"}
