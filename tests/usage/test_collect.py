from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.resources.conftest import Recorder, database, instance, reservation
from tests.usage.conftest import TIME

from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, LamplighterError, Throttled
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.usage import Source
from lamplighter.lake.usage_files import read_looks, read_usage
from lamplighter.store.memory import MemoryStore
from lamplighter.usage.collect import Result, keep, look, plan
from lamplighter.usage.registry import collectors
from lamplighter.usage.tables import COST, MAP

SHOP, DATA = Target("444455556666", "eu-west-1", "shop"), Target("777788889999", "us-east-1", "data")
AT = TIME + timedelta(minutes=17)
TWO = [collectors()["ec2"], collectors()["rds"]]


class Cloud:
    """Sessions by target; what is an error is raised."""

    def __init__(self, **found: Any) -> None:
        self.found = found
        self.asked: list[tuple[Target, str]] = []

    def session(self, target: Target) -> Recorder:
        given = self.found.get(target.name, {})
        if isinstance(given, Exception):
            raise given
        return Answers(self, target, given)


class Answers(Recorder):
    def __init__(self, cloud: Cloud, target: Target, pages: Mapping[str, Any]) -> None:
        super().__init__({}, target=target)
        self._cloud, self._given = cloud, pages

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        self._cloud.asked.append((self.target, service))
        for item in self._given.get(operation, ()):
            if isinstance(item, Exception):
                raise item
            yield item


def collected(cloud: Cloud, store: MemoryStore, *targets: Target, **more: Any) -> list[Result]:
    tasks = plan(store, targets or (SHOP, DATA), TWO, AT)
    return look(cloud, store, tasks, tag="Schedule", threads=4, **more)


FULL = {"describe_instances": [reservation(instance(), instance("i-2"))], "describe_db_instances": [database()]}


def test_a_collection_looks_at_every_service_of_every_target() -> None:
    done: list[Result] = []
    results = collected(Cloud(shop=FULL), MemoryStore(), done=done.append)
    assert [(each.look.account, each.look.service, len(each.samples)) for each in results] == [
        ("444455556666", "ec2", 1),
        ("444455556666", "rds", 1),
        ("777788889999", "ec2", 0),
        ("777788889999", "rds", 0),
    ]
    assert {(each.look.time, each.look.source, each.look.reason) for each in results} == {(TIME, Source.COLLECTED, "")}
    assert int(results[0].samples[0].quantity) == 2
    assert len(done) == 4


def test_what_fails_belongs_to_its_target_and_service_and_counts_as_no_zero() -> None:
    cloud = Cloud(
        shop=AccessDenied("AssumeRole is\nrefused", service="sts"),
        data={
            "describe_instances": [reservation(instance()), Throttled("the second page was refused")],
            "describe_db_instances": [database()],
        },
    )
    results = collected(cloud, MemoryStore())
    assert [(each.look.source, each.look.reason, len(each.samples)) for each in results] == [
        (None, "AssumeRole is refused", 0),
        (None, "AssumeRole is refused", 0),
        (None, "the second page was refused", 0),
        (Source.COLLECTED, "", 1),
    ]
    assert [type(each.error) for each in results] == [AccessDenied, AccessDenied, Throttled, type(None)]


def test_a_bug_in_one_collector_stops_no_other() -> None:
    broken = {"describe_instances": [{"Instances": [{"State": {}}]}], "describe_db_instances": [database()]}
    first, second = collected(Cloud(shop=broken), MemoryStore(), SHOP)
    assert isinstance(first.error, LamplighterError)
    assert first.look.reason.startswith("444455556666/eu-west-1 ec2: unexpected KeyError")
    assert (first.look.source, second.look.source) == (None, Source.COLLECTED)


def test_what_was_collected_is_written_and_this_hour_is_not_asked_again(tmp_path: Path) -> None:
    store, cloud = MemoryStore(), Cloud(shop=FULL, data=AccessDenied("no"))
    keep(collected(cloud, store), at=AT, lake=tmp_path, store=store)
    tasks = plan(store, (SHOP, DATA), TWO, AT + timedelta(minutes=30))
    assert [(task.target, task.known) for task in tasks] == [(SHOP, True)] * 2 + [(DATA, False)] * 2
    cloud.asked.clear()
    cloud.found["data"] = FULL
    again = look(cloud, store, tasks, tag="Schedule", threads=1)
    assert {target for target, _ in cloud.asked} == {DATA}
    keep(again, at=AT + timedelta(minutes=30), lake=tmp_path, store=store)
    with Ledger.open(tmp_path) as ledger:
        assert {each.source for each in read_looks(ledger)} == {Source.COLLECTED}
        assert [(each.account, each.service) for each in read_usage(ledger)] == [
            ("444455556666", "ec2"),
            ("444455556666", "rds"),
            ("777788889999", "ec2"),
            ("777788889999", "rds"),
        ]
    assert not any(task.known for task in plan(store, (SHOP,), TWO, AT + timedelta(hours=1)))
    assert store.partitions(COST)[:2] == ["ec2:data:us-east-1", "ec2:shop:eu-west-1"]


def test_a_plan_writes_nothing() -> None:
    store = MemoryStore()
    assert len(plan(store, (SHOP, DATA), collectors().values(), AT)) == 12
    assert store.partitions(COST) == store.partitions(MAP) == []


def test_a_day_is_looked_at_once(tmp_path: Path) -> None:
    store, daily = MemoryStore(), [collectors()["redshift"]]
    [task] = plan(store, (SHOP,), daily, AT)
    assert task.time == TIME.replace(hour=0)
    keep(look(Cloud(), store, [task], tag="Schedule", threads=1), at=AT, lake=tmp_path, store=store)
    assert [each.known for each in plan(store, (SHOP,), daily, AT + timedelta(hours=14))] == [True]
    assert [each.known for each in plan(store, (SHOP,), daily, AT + timedelta(hours=15))] == [False]


def test_what_the_scheduler_put_out_is_told_from_what_people_stopped() -> None:
    store = MemoryStore()
    store.put("state", SHOP.key, "ec2-instance/i-1", {"stored": "stopped"})
    store.put("state", SHOP.key, "ec2-instance/i-2", {"stored": "running"})
    still = [instance(f"i-{number}", "stopped") for number in (1, 2, 3)]
    cloud = Cloud(shop={"describe_instances": [reservation(*still)]})
    [result, _] = collected(cloud, store, SHOP, schedules=frozenset({"office"}))
    assert [int(each.scheduled_off) for each in result.samples] == [2]


def test_systems_of_images_are_kept_for_all() -> None:
    store = MemoryStore()
    collected(Cloud(shop=FULL), store, SHOP)
    item = store.get(MAP, "ami-12345678", "value")
    assert item is not None
    assert item.data == {"value": "Linux/UNIX"}


def test_looks_of_one_target_are_taken_beside_each_other() -> None:
    meet = threading.Barrier(2)

    class Meeting(Cloud):
        def session(self, target: Target) -> Recorder:
            meet.wait(timeout=10)
            return super().session(target)

    assert {each.look.source for each in collected(Meeting(shop=FULL), MemoryStore(), SHOP)} == {Source.COLLECTED}


def test_a_store_that_fails_is_an_error_of_all() -> None:
    store = MemoryStore()
    tasks = plan(store, (SHOP,), TWO, AT)
    store.close()
    with pytest.raises(LamplighterError):
        look(Cloud(), store, tasks, tag="Schedule", threads=1)
