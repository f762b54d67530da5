"""A clock over a store in memory, as tests of its parts share it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tests.scheduler.conftest import HERE, MONDAY, OFFICE, THERE

from lamplighter.aws.targets import Target, TargetList
from lamplighter.scheduler import kept_definitions
from lamplighter.scheduler.messages import Message
from lamplighter.scheduler.settings import Configuration
from lamplighter.scheduler.tick import Tick, tick
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import Item

NIGHTS = OFFICE + "  nights: {periods: night}\n"
NIGHTS = NIGHTS.replace("schedules:", "  night: {begintime: 20:00, endtime: 06:00}\nschedules:")


class Counted(MemoryStore):
    """A store that counts the items that are read."""

    read = 0

    def get(self, table: str, partition: str, sort: str) -> Item | None:
        self.read += 1
        return super().get(table, partition, sort)

    def query(self, *args: str, **options: object) -> Iterator[Item]:
        for item in super().query(*args, **options):  # type: ignore[arg-type]
            self.read += 1
            yield item


class Clockwork:
    """A store with definitions and a roster, and ticks over it."""

    alarm = "lamplighter/wake"

    def __init__(self, yaml: str = NIGHTS, targets: Sequence[Target] = (HERE, THERE)) -> None:
        self.store = Counted()
        self.found = TargetList(tuple(targets))
        self.sent: list[Message] = []
        self.looked = self.resolved = 0
        self.define(yaml)

    def define(self, yaml: str) -> None:
        kept_definitions.put_files(self.store, {"lamplighter.yaml": yaml})

    def roster(self, target: Target, *names: str, watch: bool = False) -> None:
        self.store.put("clock", "roster", target.key, {"schedules": [*names], "watch": watch})
        if watch:
            self.store.put("clock", "watch", target.key, {})

    def config(self) -> Configuration:
        self.looked += 1
        return kept_definitions.configuration(kept_definitions.read(self.store), {}, lambda name: name)

    def resolve(self, _: Configuration) -> TargetList:
        self.resolved += 1
        return self.found

    def at(self, at: datetime) -> Tick:
        self.sent.clear()
        self.store.read = self.looked = self.resolved = 0
        return tick(self.store, at, config=self.config, resolve=self.resolve, send=self.sent.extend, alarm=self.alarm)


def hours(number: float) -> datetime:
    return MONDAY + timedelta(hours=number)


def told(messages: Iterable[Message]) -> list[tuple[str, str, list[str] | None]]:
    return [(each.target.key, each.why, sorted(each.schedules) if each.schedules else None) for each in messages]


def settled() -> Clockwork:
    """Reconciled at 7:00; the one target has office hours, the other nights."""
    works = Clockwork()
    works.at(hours(7))
    works.roster(HERE, "office")
    works.roster(THERE, "nights")
    works.at(hours(7.1))
    return works
