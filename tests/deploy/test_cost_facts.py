"""Every number that the calculator calls counted, counted again with light doubles of AWS and a store that meters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from tests.deploy.metering import Metered
from tests.lambdas.conftest import ENVIRON, Context, Hub, event
from tests.lambdas.test_passes import batch
from tests.resources.conftest import Recorder
from tests.savings.test_measure import seen
from tests.scheduler.conftest import HERE, OFFICE

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target
from lamplighter.deploy.cost_facts import FACTS, fact
from lamplighter.lake.usage import LOOKS, USAGE
from lamplighter.lambdas import clock, events, passes
from lamplighter.lambdas.runtime import Meters, Runtime
from lamplighter.lambdas.saved import tell_saved
from lamplighter.pricing.book import PriceBook
from lamplighter.resources.kind import Search, Session
from lamplighter.resources.registry import kinds
from lamplighter.scheduler.asked import ask_for_all
from lamplighter.scheduler.messages import Message
from lamplighter.store import journal
from lamplighter.usage.collect import keep, look, plan
from lamplighter.usage.registry import collectors

OFFICES = frozenset({"office"})
MOVES = ((39, "stop"), (30, "start"))
"""Hours before now, and what was done then."""
ROOT = Path(__file__).parents[2]


class Meter(Hub):
    """A hub whose store meters; `used` and `wrote` are of the last call of `count`."""

    def __init__(self, machines: int = 0) -> None:
        super().__init__()
        self.metered = Metered()
        self.store = self.metered
        self.runtime = Runtime(dict(ENVIRON), clock=self.clock, aws=cast(Aws, self.aws), store=self.store)
        self.define(OFFICE)
        for _ in range(machines):
            self.cloud.instance(at=HERE)

    def count(self, work: Callable[[], object]) -> Counter[str]:
        """Units and calls of the store, and calls in targets (`aws`), to the queue (`sqs`) and for the alarm."""
        for calls in (self.metered.units, self.cloud.calls, self.aws.queue.calls):
            calls.clear()
        work()
        found = Counter(self.metered.units)
        return found + Counter(aws=len(self.cloud.calls), sqs=len(self.aws.queue.calls))

    def tick(self) -> object:
        return clock.answer({}, self.runtime)

    def take(self, *, whole: bool = True) -> object:
        message = Message(HERE, "transition", self.clock.now, None if whole else OFFICES)
        return passes.answer(batch(message.text()), Context(), self.runtime)

    def tell(self) -> object:
        return tell_saved(self.runtime, PriceBook.bundled(), Meters(ENVIRON))

    def settled(self) -> Meter:
        """After a first tick and pass, at a time when nothing is due."""
        self.tick()
        self.take()
        self.clock.now += timedelta(minutes=10)
        self.tick()
        return self


def test_a_tick_with_nothing_due(capsys: pytest.CaptureFixture[str]) -> None:
    hub = Meter(machines=3).settled()
    capsys.readouterr()
    used = hub.count(hub.tick)
    assert used == {"reads": fact("tick.reads"), "writes": fact("tick.writes"), "calls": fact("tick.calls")}
    assert fact("tick.log") * Decimal("0.9") < len(capsys.readouterr().out) <= fact("tick.log")
    # Setting the alarm: it is read and, where the next time is another, written.
    hub.aws.scheduler.calls.clear()
    hub.clock.at(13)
    hub.tick()
    assert fact("tick.alarm") == len(hub.aws.scheduler.calls)


def test_a_tick_that_is_due() -> None:
    hub = Meter(machines=3).settled()
    hub.clock.at(12, 55)
    ask_for_all(hub.store, hub.clock.now)
    hub.tick()
    for number in range(200):
        key = Target(f"{number:012}", "eu-west-1").key
        hub.store.put("clock", "roster", key, {"schedules": ["office"], "watch": False})
    hub.clock.at(18, 0)
    hub.store.put("clock", "clock", "next", {**_next(hub), "reconciled": hub.clock.now.isoformat()})
    used = hub.count(hub.tick)
    assert used["sqs"] == -(-201 // int(fact("send.targets")))
    roster = 200 * fact("roster.reads")
    assert fact("due.reads") + roster * Decimal("0.5") < used["reads"] <= fact("due.reads") + roster
    assert used["calls"] <= fact("due.calls")
    assert used["writes"] == fact("tick.writes")


def _next(hub: Meter) -> dict[str, Any]:
    item = hub.store.get("clock", "clock", "next")
    assert item is not None
    return dict(item.data)


def test_a_tick_that_asks_for_everything() -> None:
    hub = Meter()
    used = hub.count(hub.tick)
    assert used["reads"] == fact("reconcile.reads")
    # What is written the first time only: since when each of two targets is known.
    assert used["calls"] == fact("reconcile.calls") + 2 * 2
    assert used["writes"] == fact("tick.writes") + 2 * 2


def test_a_pass_in_which_nothing_changes(capsys: pytest.CaptureFixture[str]) -> None:
    hub = Meter(machines=3).settled()
    capsys.readouterr()
    used = hub.count(hub.take)
    assert used["calls"] == fact("pass.calls")
    assert used["writes"] == fact("pass.writes")
    assert used["reads"] == fact("pass.reads") == hub.count(hub.take)["reads"]
    assert used["sqs"] == 0
    assert fact("pass.log") * Decimal("0.9") < len(capsys.readouterr().out) / 2 <= fact("pass.log")


def test_handing_on_costs_a_read_and_a_write_and_taking_it_up_a_read() -> None:
    """The figures of docs/handlers.md."""
    hub = Meter(machines=3).settled()
    hub.cloud.instance(at=HERE, state="stopping")
    hub.take()
    hub.clock.now += timedelta(minutes=2)
    plain = Counter(reads=int(fact("pass.reads")), writes=int(fact("pass.writes")), calls=int(fact("pass.calls")))
    used = hub.count(hub.take)
    assert (used["reads"], used["writes"], used["calls"], used["sqs"]) == (
        plain["reads"] + 1, plain["writes"] + 1, plain["calls"] + 2, 1,
    )  # fmt: skip
    assert hub.count(hub.take)["writes"] == plain["writes"], "one is to come"
    hub.clock.now = hub.sent[-1].at
    used = hub.count(lambda: passes.answer(batch(hub.sent[-1].text()), Context(), hub.runtime))
    assert (used["reads"], used["writes"], used["calls"]) == (
        plain["reads"] + 2, plain["writes"] + 1, plain["calls"] + 3,
    )  # fmt: skip
    used = hub.count(lambda: passes.answer(batch(hub.sent[-2].text()), Context(), hub.runtime))
    assert used == {"reads": 1, "calls": 1}, "it was overtaken"


def test_a_pass_that_is_noted() -> None:
    hub = Meter(machines=3).settled()
    plain = hub.count(hub.take)
    hub.clock.now += timedelta(hours=1)
    used = hub.count(hub.take)
    assert used["writes"] - plain["writes"] == used["calls"] - plain["calls"] == fact("noted.writes")


@pytest.mark.parametrize("resources", [100, 500])
def test_a_day_that_is_measured(resources: int, capsys: pytest.CaptureFixture[str]) -> None:
    hub = Meter().settled()
    for number in range(resources):
        told = seen(-100, "running", resource=f"i-{number:017x}")
        several = [told, *(replace(told, at=hub.clock.now - timedelta(hours=h), action=a) for h, a in MOVES)]
        hub.metered.put_many([journal.put(replace(each, team="web")) for each in several])
    hub.tell()
    hub.clock.now += timedelta(days=1)
    capsys.readouterr()
    used = hub.count(hub.tell)
    # Of each resource what was kept, and two lines of the days since.
    assert resources * 3 * fact("saved.reads") * Decimal("0.5") < used["reads"] - 3
    assert used["reads"] - 3 <= resources * 3 * fact("saved.reads")
    assert resources * fact("saved.writes") * Decimal("0.5") < used["writes"] <= resources * fact("saved.writes") + 1
    lines = [line for line in capsys.readouterr().out.splitlines() if " saved" in line]
    assert len(lines) == 2 * 3
    assert max(map(len, lines)) <= fact("saved.log")


@pytest.mark.parametrize("machines", [50, 200])
def test_a_pass_that_changes(machines: int, capsys: pytest.CaptureFixture[str]) -> None:
    hub = Meter(machines).settled()
    hub.clock.at(18)
    idle = hub.count(lambda: None)
    capsys.readouterr()
    used = hub.count(lambda: hub.take(whole=False))
    assert idle == {}
    assert [each.action for each in hub.cloud.effects[-machines:]] == ["stop"] * machines
    assert used["writes"] <= fact("pass.writes") + machines * fact("change.writes") + -(-machines // 50)
    assert used["writes"] > machines * fact("change.writes")
    assert used["reads"] <= fact("pass.reads") + machines * fact("state.reads")
    asked = used["calls"] + used["aws"] - fact("pass.calls") - len(kinds())
    assert asked <= machines * fact("change.calls")
    wrote = len(capsys.readouterr().out) - fact("pass.log")
    assert machines * fact("change.log") * Decimal("0.9") < wrote <= machines * fact("change.log")
    lines = [each for each in journal.read(hub.store, HERE.key) if each.action == "stop"]
    assert len(lines) == machines * fact("change.items")


def test_each_kind_is_asked_once() -> None:
    for kind in kinds().values():
        session = Recorder()
        assert list(kind.discover(session, Search("Schedule"))) == []
        assert len(session.asked) == fact("kind.calls"), kind.name


def test_an_event_of_our_own_act(capsys: pytest.CaptureFixture[str]) -> None:
    hub = Meter(machines=1).settled()
    hub.clock.at(18)
    hub.take()
    told = event("instance_running")
    told |= {"time": hub.clock.now.isoformat(), "detail": {"instance-id": hub.cloud.effects[-1].id, "state": "stopped"}}
    capsys.readouterr()
    used = hub.count(lambda: events.answer(told, hub.runtime))
    assert used == {"reads": fact("event.reads"), "calls": fact("event.calls")}
    assert fact("event.log") * Decimal("0.9") < len(capsys.readouterr().out) <= fact("event.log")
    other = {**event("tag_changed"), "time": hub.clock.now.isoformat()}
    used = hub.count(lambda: events.answer(other, hub.runtime))
    assert used == {"reads": fact("event.reads"), "calls": fact("event.calls") + 1, "writes": 1, "sqs": 1}


_ANSWERS: dict[str, Any] = {
    "describe_table": {"Table": {"TableStatus": "ACTIVE", "ProvisionedThroughput": {"ReadCapacityUnits": 5}}},
    "describe_domains": {"DomainStatusList": []},
}


class Looked:
    """Sessions of targets in which there is one table and one domain, and nothing else."""

    def __init__(self) -> None:
        self.made: list[Recorder] = []

    def session(self, target: Target) -> Session:
        pages: dict[str, list[Any]] = {"list_tables": ["orders"], "list_domain_names": [{"DomainName": "logs"}]}
        made = Recorder(pages, lambda operation, **_: _ANSWERS[operation], target)
        self.made.append(made)
        return made

    def calls(self) -> int:
        return sum(len(each.asked) for each in self.made)


@pytest.mark.slow  # DuckDB writes Parquet
def test_a_collection(tmp_path: Path) -> None:
    store, targets = Metered(), [Target(f"{number:012}", "eu-west-1") for number in range(20)]
    at = event_time()
    found: list[tuple[int, Counter[str]]] = []
    for hour in range(2):
        store.units.clear()
        cloud, now = Looked(), at + timedelta(hours=hour)
        tasks = plan(store, targets, collectors().values(), now)
        results = look(cloud, store, tasks, tag="Schedule", threads=1)
        keep(results, at=now, lake=tmp_path, store=store)
        assert [each.error for each in results if each.error] == []
        found.append((cloud.calls(), Counter(store.units)))
    (first, _), (second, used) = found
    assert second == 20 * fact("look.calls")
    assert first == 20 * (fact("look.calls") + fact("look.daily"))
    assert 20 * fact("look.reads") - 20 < used["reads"] <= 20 * fact("look.reads") + 5
    assert used["writes"] == 20 * fact("look.writes")
    assert fact("look.items") == sum(len(each.keys) for each in collectors().values() if each.hours == 1)
    # Nothing was in use: looks alone, of each hour a file; what is found stands in another.
    assert len(list(tmp_path.glob(f"{LOOKS}/*/*.parquet"))) + len(list(tmp_path.glob(f"{USAGE}/*/*.parquet"))) <= 4
    assert fact("look.files") == 2


def event_time() -> Any:
    from benchmarks.bench_collect import AT

    return AT


def test_every_counted_number_names_a_test_that_is_there() -> None:
    here = Path(__file__).read_text()
    for name, each in FACTS.items():
        path, _, test = each.held_by.partition("::")
        if test:
            assert path == "tests/deploy/test_cost_facts.py"
            assert f"def {test}(" in here, name
            assert f'"{name}"' in here.partition(f"def {test}(")[2].partition("\n\n\n")[0], name
        elif path.startswith("benchmarks/"):
            assert (ROOT / path).is_file()


def _source(path: str) -> str:
    return (ROOT / "src" / "lamplighter" / path).read_text()
