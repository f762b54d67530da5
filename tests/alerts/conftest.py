"""A stage as for passes, with a bell: a sender that keeps what it is sent, and refuses or dies when told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.scheduler.conftest import Cloud, Stage

from lamplighter import families
from lamplighter.alerts import Told, after_pass, preview
from lamplighter.alerts.outbox import TABLE as OUTBOX
from lamplighter.alerts.told import TABLE as TOLD
from lamplighter.errors import LamplighterError, SendError
from lamplighter.notify import registry
from lamplighter.notify.message import Message
from lamplighter.notify.sender import Means, Sender
from lamplighter.pricing.book import PriceBook
from lamplighter.scheduler.passes import PassReport
from lamplighter.store.table import Store

OFFICE = """
version: 1
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
schedules:
  office: {periods: office}
  strict: {periods: office, enforced: true}
  stops: {periods: office, stop_only: true}
  left: {periods: office, ignore: true}
  retain: {periods: office, retain_running: true}
"""


BOOK = PriceBook.bundled()


class Bell(Sender):
    """Keeps messages by address; `ring` is called before one is taken."""

    name, schemes, permissions = "bell", ("bell",), ()
    rung: ClassVar[list[tuple[str, Message]]] = []
    ring: ClassVar[Callable[[str, Message], None]]

    def check(self, to: str) -> None:
        """Any will do."""

    def send(self, to: str, message: Message, means: Means) -> str:
        type(self).ring(to, message)
        type(self).rung.append((to, message))
        return ""


def _quiet(_to: str, _message: Message) -> None:
    """Nothing is in the way."""


@dataclass
class Tower:
    """A stage whose passes are told.

    Attributes:
        stage: cloud, store, clock, definitions.
        means: what senders work with.
        told: what the last pass was told to have sent.
    """

    stage: Stage
    means: Means
    told: Told = field(default_factory=Told)
    report: PassReport | None = None

    @property
    def cloud(self) -> Cloud:
        return self.stage.cloud

    def pass_(self, hour: int, minute: int = 0, day: int = 0, *, whole: bool = True, **options: Any) -> list[Message]:
        """A pass and what it tells; everything under way has arrived afterwards."""
        before = len(Bell.rung)
        self.report = self.stage.run(hour, minute, day, settle=False, **options)
        self.told = after_pass(self.stage.world, self.report, self.means, whole=whole, prices=lambda: BOOK)
        self.cloud.settle()
        return [message for _, message in Bell.rung[before:]]

    def tell(self, report: PassReport) -> Told:
        return after_pass(self.stage.world, report, self.means, prices=lambda: BOOK)

    def preview(self, hour: int, minute: int = 0, day: int = 0) -> list[Message]:
        """What a pass would tell."""
        report = self.stage.run(hour, minute, day, dry_run=True)
        found, _ = preview(self.stage.world, report, self.means)
        return [message for _, message in found]

    def refuse(self, error: LamplighterError | None = None) -> None:
        """No message gets through from now on."""

        def fail(_to: str, _message: Message) -> None:
            raise error or SendError("the rope is broken", hint="mend it")

        Bell.ring = fail

    def mend(self) -> None:
        """Messages get through again."""
        Bell.ring = _quiet

    def outbox(self) -> list[str]:
        """Subjects that wait."""
        return [str(item.data["subject"]) for item in contents(self.stage.plain, OUTBOX)]

    def remembered(self) -> list[tuple[str, str]]:
        """(partition, sort) of everything that was told."""
        return [(item.partition.partition("/")[0], item.sort) for item in contents(self.stage.plain, TOLD)]


def contents(store: Store, table: str) -> list[Any]:
    return [item for partition in store.partitions(table) for item in store.query(table, partition)]


MakeTower = Callable[..., Tower]


@pytest.fixture
def tower(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MakeTower]:
    """Makes towers; rules default to everything to one bell."""
    entry = EntryPoint("bell", f"{__name__}:Bell", registry.ENTRY_POINT)
    monkeypatch.setattr(families, "entry_points", lambda group: [entry] if group == registry.ENTRY_POINT else [])
    registry.senders.cache_clear()
    Bell.rung.clear()
    Bell.ring = _quiet

    def make(
        rules: str = "[{to: 'bell:ops'}]", *, more: str = "", yaml: str = OFFICE, cloud: Cloud | None = None
    ) -> Tower:
        stage = Stage(f"{yaml}\nnotify:\n  rules: {rules}\n{more}", cloud=cloud)
        assert stage.world.config.problems == (), stage.world.config.problems
        return Tower(stage, Means(folder=tmp_path))

    yield make
    registry.senders.cache_clear()
    Bell.rung.clear()


MINUTE = timedelta(minutes=1)
