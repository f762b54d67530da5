from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.lake.known import look, sample
from tests.usage.conftest import TIME

from lamplighter.errors import StoreCorrupt, VersionConflict
from lamplighter.lake.usage import Look, Source, UsageSample
from lamplighter.store.memory import MemoryStore
from lamplighter.store.sqlite import SqliteStore
from lamplighter.store.table import Item, Put, Store, Write
from lamplighter.usage.registry import collectors
from lamplighter.usage.tables import COST, MAP, Names, cost_items, looked_hours, put_items

KEY = ("ec2:shop:us-east-1", "2026-11-27T09:00:00Z")
OS_KEY = ("ec2os:shop:us-east-1", "2026-11-27T09:00:00Z")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "state.sqlite")
    yield opened
    opened.close()


def put(store: Store, samples: Sequence[UsageSample], *looks: Look) -> int:
    return put_items(store, cost_items(collectors(), samples, looks, Names(store)))


def data(store: Store, key: tuple[str, str] = KEY) -> Mapping[str, Any]:
    item = store.get(COST, *key)
    assert item is not None
    return item.data


def test_the_layout_is_that_of_the_tables(store: Store) -> None:
    samples = [
        sample(TIME, "4"),
        sample(TIME, "2", zone="us-east-1b", spot=Decimal(1), scheduled_off=Decimal(3)),
        sample(TIME, "1", schedule="", resource_type="c4.large"),
    ]
    assert put(store, samples, look(TIME)) == 2
    assert data(store) == {
        "m5.large:us-east-1a": 4,
        "m5.large:us-east-1b": 2,
        "c4.large:us-east-1a": 1,
        "x_account": "444455556666",
        "x_hours": 1,
        "x_source": "collected",
        "x_spot": {"m5.large:us-east-1b": 1},
        "x_scheduled_off": {"m5.large:us-east-1b": 3},
    }
    assert {name: count for name, count in data(store, OS_KEY).items() if not name.startswith("x_")} == {
        "linux-m5.large": 6,
        "linux-c4.large": 1,
    }
    assert store.partitions(COST) == [KEY[0], OS_KEY[0]]


def test_a_day_stands_under_its_beginning(store: Store) -> None:
    midnight = TIME.replace(hour=0)
    what: dict[str, Any] = {"service": "opensearch", "hours": 24}
    nodes = sample(midnight, "3", resource_type="m4.large.search", platform="", **what)
    put(store, [nodes], look(midnight, **what))
    found = data(store, ("es:shop:us-east-1", "2026-11-27T00:00:00Z"))
    assert (found["m4.large.elasticsearch"], found["x_hours"]) == (3, 24)


def test_what_is_no_whole_number_is_exact_text_and_covered_is_told_if_known(store: Store) -> None:
    filled = sample(TIME, "1.50", covered=Decimal("0.5"), source=Source.LEDGER)
    put(store, [filled], look(TIME, Source.LEDGER))
    assert data(store)["m5.large:us-east-1a"] == "1.5"
    assert (data(store)["x_covered"], data(store)["x_source"]) == ({"m5.large:us-east-1a": "0.5"}, "ledger")


def test_an_hour_with_nothing_in_use_is_an_item_and_a_failed_one_says_why(store: Store) -> None:
    put(store, [], look(TIME), look(TIME + timedelta(hours=1), None, "refused"))
    assert data(store) == {"x_account": "444455556666", "x_hours": 1, "x_source": "collected"}
    failed = data(store, (KEY[0], "2026-11-27T10:00:00Z"))
    assert failed == {"x_account": "444455556666", "x_hours": 1, "x_source": None, "x_reason": "refused"}
    hours = [(KEY[0], f"2026-11-27T{hour:02}:00:00Z") for hour in (9, 10, 11)]
    assert looked_hours(store, hours) == {KEY: True, hours[1]: False}


def test_the_same_hour_again_changes_nothing(store: Store) -> None:
    assert put(store, [sample(TIME, "4")], look(TIME)) == 2
    assert put(store, [sample(TIME, "9")], look(TIME)) == 0
    item = store.get(COST, *KEY)
    assert item is not None
    assert (item.data["m5.large:us-east-1a"], item.version) == (4, 1)


def test_a_later_look_stands_only_if_it_knows_more(store: Store) -> None:
    steps = [
        (look(TIME, None, "refused"), None, 2),
        (look(TIME, None, "again"), None, 0),
        (look(TIME, Source.LEDGER), "ledger", 2),
        (look(TIME, None, "refused"), "ledger", 0),
        (look(TIME), "collected", 2),
        (look(TIME, Source.LEDGER), "collected", 0),
    ]
    for each, source, written in steps:
        assert put(store, [], each) == written
        assert data(store)["x_source"] == source


class Contested(MemoryStore):
    """Somebody else writes the same item before each of the first writes."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def transact(self, writes: Sequence[Write]) -> None:
        if self.times:
            self.times -= 1
            self.put(COST, *KEY, {"x_source": None, "x_reason": "theirs"})
        super().transact(writes)


def test_writes_of_others_in_between_are_taken_into_account() -> None:
    store = Contested(2)
    assert put(store, [sample(TIME, "4")], look(TIME)) == 2
    assert data(store)["m5.large:us-east-1a"] == 4
    with pytest.raises(VersionConflict):
        put(Contested(99), [], look(TIME))


def test_many_items_are_written_in_parts(store: Store) -> None:
    looks = [look(TIME + timedelta(hours=number)) for number in range(45)]
    assert put(store, [], *looks) == 90
    assert len(list(store.query(COST, KEY[0]))) == 45


def test_an_account_goes_by_its_name_and_a_second_one_of_that_name_by_its_id(store: Store) -> None:
    names = Names(store)
    assert names.account("444455556666", "shop", claim=False) == "shop"
    assert store.get(MAP, "account:shop", "value") is None
    assert names.account("444455556666", "shop") == "shop"
    assert names.account("777788889999", "shop") == "777788889999"
    assert Names(store).account("777788889999", "shop", claim=False) == "777788889999"
    assert Names(store).account("444455556666", "shop") == "shop"
    item = store.get(MAP, "account:shop", "value")
    assert item is not None
    assert item.data == {"value": "444455556666"}


@pytest.mark.parametrize("name", ["", "444455556666", "a:b"])
def test_a_name_that_would_not_do_in_a_key_is_not_taken(store: Store, name: str) -> None:
    assert Names(store).account("444455556666", name) == "444455556666"
    assert store.partitions(MAP) == []


def test_a_name_that_somebody_else_took_meanwhile(store: Store) -> None:
    ours, theirs = Names(store), Names(store)
    assert ours.known("account:shop") is None
    assert theirs.account("777788889999", "shop") == "shop"
    assert ours.account("444455556666", "shop") == "444455556666"


def test_what_is_learned_is_kept(store: Store) -> None:
    names = Names(store)
    assert names.known("ami-1") is None
    names.learn("ami-1", "Windows")
    assert names.known("ami-1") == "Windows"
    assert store.partitions(MAP) == []
    names.save()
    item = store.get(MAP, "ami-1", "value")
    assert item is not None
    assert (item.data, item.version) == ({"value": "Windows"}, 1)
    again = Names(store)
    again.learn("ami-1", "Windows")
    again.save()
    assert store.get(MAP, "ami-1", "value") == item


def test_services_of_others_are_left_out(store: Store) -> None:
    assert put(store, [], replace(look(TIME), service="of-somebody-else")) == 0


class Foreign(MemoryStore):
    """Under some keys stands what others wrote."""

    def __init__(self, *keys: tuple[str, str, str]) -> None:
        super().__init__()
        self.keys = set(keys)

    def _check(self, keys: Iterable[tuple[str, str, str]]) -> None:
        for key in self.keys & set(keys):
            raise StoreCorrupt(f"{'/'.join(key)}: no item of the store", hint="it was left as it is")

    def get(self, table: str, partition: str, sort: str) -> Item | None:
        self._check([(table, partition, sort)])
        return super().get(table, partition, sort)

    def get_many(self, table: str, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        asked = list(keys)
        self._check((table, *key) for key in asked)
        return super().get_many(table, asked)

    def transact(self, writes: Sequence[Write]) -> None:
        self._check((each.table, each.partition, each.sort) for each in writes)
        super().transact(writes)

    def put(self, table: str, partition: str, sort: str, *rest: Any, **options: Any) -> Item:
        self._check([(table, partition, sort)])
        return super().put(table, partition, sort, *rest, **options)

    def put_many(self, writes: Iterable[Put]) -> None:
        found = list(writes)
        self._check((each.table, each.partition, each.sort) for each in found)
        super().put_many(found)


def test_what_others_wrote_is_left_alone_and_stops_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    store = Foreign((COST, *KEY))
    assert put(store, [sample(TIME, "4")], look(TIME)) == 1
    assert data(store, OS_KEY)["x_source"] == "collected"
    assert looked_hours(store, [KEY, OS_KEY]) == {KEY: False, OS_KEY: True}
    assert f"AWSCost/{KEY[0]}/{KEY[1]}: no item of the store; it was left as it is" in caplog.text


def test_a_name_that_others_wrote_belongs_to_nobody_here() -> None:
    store = Foreign((MAP, "account:shop", "value"), (MAP, "ami-1", "value"))
    names = Names(store)
    assert names.account("444455556666", "shop") == "444455556666"
    assert names.account("444455556666", "till") == "till"
    assert names.known("ami-1") == ""
    names.learn("ami-1", "Linux")
    names.learn("ami-2", "Windows")
    names.save()
    assert Names(store).known("ami-2") == "Windows"
