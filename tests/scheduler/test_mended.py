"""Foreign and damaged items in the table of the clock, in DynamoDB: they stop nothing, are told, and go."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from tests.scheduler.conftest import HERE, MONDAY, OFFICE, THERE
from tests.store.dynamodb_servers import OneByOne, Plain, caller, no_sleep, way

from lamplighter.aws.targets import TargetList
from lamplighter.errors import StoreCorrupt
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import REGION
from lamplighter.scheduler import hand_on, kept_definitions, last_pass, roster
from lamplighter.scheduler.asked import ask_for_all
from lamplighter.scheduler.mended import MOST, mended
from lamplighter.scheduler.messages import Message
from lamplighter.scheduler.passes import PassReport, TargetReport
from lamplighter.scheduler.take import AGAIN, Taken
from lamplighter.scheduler.tick import Tick, outdated, tick
from lamplighter.store.dynamodb import DynamoDBStore
from lamplighter.store.dynamodb_calls import Connection
from lamplighter.store.dynamodb_layout import PLAIN
from lamplighter.store.dynamodb_tables import create_tables
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import Item

TABLE = "clock"
AT = MONDAY + timedelta(hours=7)
FOREIGN: dict[str, Any] = {"owner": {"S": "somebody"}, "version": {"S": "one"}}
_numbers = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with start_thread() as running:
        yield running.url


@pytest.fixture
def store(server: str) -> Iterator[DynamoDBStore]:
    """With the definitions of the office, and its tables empty else."""
    layouts = dict.fromkeys((TABLE, "definitions", "overrides"), PLAIN)
    with way(server) as aws:
        connection = Connection(OneByOne(Plain(caller(aws))), REGION)
        made = DynamoDBStore(connection, f"mended{next(_numbers)}", layouts=layouts, sleep=no_sleep)
        create_tables(made, no_sleep)
        kept_definitions.put_files(made, {"lamplighter.yaml": OFFICE})
        yield made


def foreign(store: DynamoDBStore, partition: str, sort: str, table: str = TABLE) -> None:
    """What stands there is no item of the store; not even its version is a number."""
    item = {"partition": {"S": partition}, "sort": {"S": sort}, **FOREIGN}
    store.connection.caller.call("dynamodb", "put_item", TableName=store.requests.name(table), Item=item)
    with pytest.raises(StoreCorrupt):
        store.get(table, partition, sort)


def ticked(store: DynamoDBStore, hours: float = 0) -> Tick:
    return tick(
        store,
        AT + timedelta(hours=hours),
        config=lambda: kept_definitions.configuration(kept_definitions.read(store), {}, lambda name: name),
        resolve=lambda _: TargetList((HERE, THERE)),
        send=lambda _: None,
    )


@pytest.mark.parametrize(
    ("partition", "sort", "hours"),
    [
        ("clock", "next", 0.1),
        ("clock", "asked", 0.1),
        ("roster", HERE.key, 1),  # the roster is read when something is due
        ("watch", HERE.key, 0.1),
        ("overrides", "2026-01-01T00:00:00.000000Z#o1", 0.1),
        ("last-passes", "2026-01-01T00:00:00.000000Z#" + HERE.key, 4.5),
    ],
)
def test_a_tick_looks_at_everything_instead(
    store: DynamoDBStore, caplog: pytest.LogCaptureFixture, partition: str, sort: str, hours: float
) -> None:
    ticked(store)
    foreign(store, partition, sort)
    with caplog.at_level(logging.WARNING, "lamplighter.scheduler"):
        done = ticked(store, hours)
    assert [each.target for each in done.messages] == [HERE, THERE]
    assert f"clock/{partition}/{sort}: no item of the store" in caplog.text
    assert not outdated(store, done)
    found = store.get(TABLE, "clock", "next")
    assert found is not None
    assert found.data["next"] == done.next.isoformat()
    caplog.clear()
    assert ticked(store, hours + 0.01).messages == []
    assert caplog.text == ""


def test_many_at_once_do_no_more(store: DynamoDBStore) -> None:
    for partition, sort in (("clock", "next"), ("clock", "asked"), ("roster", "x"), ("roster", "y"), ("watch", "x")):
        foreign(store, partition, sort)
    assert [each.target for each in ticked(store).messages] == [HERE, THERE]


def test_who_asks_for_everything_finds_room(store: DynamoDBStore) -> None:
    ticked(store)
    foreign(store, "clock", "asked")
    ask_for_all(store, AT + timedelta(minutes=1))
    assert len(ticked(store, 0.1).messages) == 2


def test_a_pass_notes_over_it_what_it_found(store: DynamoDBStore) -> None:
    config = kept_definitions.configuration(kept_definitions.read(store), {}, lambda name: name)
    foreign(store, "roster", HERE.key)
    foreign(store, "last-pass", HERE.key)
    roster.note(store, config, TargetReport(HERE))
    last_pass.note(store, HERE.key, AT)
    assert roster.roster(store) == {HERE.key: frozenset()}
    assert last_pass.oldest(store) == AT


def test_a_mark_that_is_none_promises_nothing_and_makes_room(store: DynamoDBStore) -> None:
    again = Message(HERE, AGAIN, AT + timedelta(minutes=1), None)
    foreign(store, hand_on.MARKS, HERE.key)
    assert not hand_on.overtaken(store, again, at=AT)
    foreign(store, hand_on.MARKS, HERE.key)
    sent: list[Message] = []
    taken = Taken(PassReport("r1", AT, ()), False, again, 60)
    assert hand_on.hand_on(store, taken, lambda message, _: sent.append(message), at=AT)
    assert not hand_on.hand_on(store, taken, lambda message, _: sent.append(message), at=AT)
    assert sent == [again]


def test_what_is_wrong_in_another_table_is_raised(store: DynamoDBStore) -> None:
    foreign(store, "head", "head", "definitions")
    with pytest.raises(StoreCorrupt):
        ticked(store)


class Hopeless(MemoryStore):
    """A store with an item that cannot be read, and does not go."""

    looks = 0

    def get(self, table: str, partition: str, sort: str) -> Item | None:
        self.looks += 1
        raise StoreCorrupt("damaged", key=(table, partition, sort) if table == TABLE else None)


@pytest.mark.parametrize(("table", "looks"), [(TABLE, MOST + 1), ("state", 1)])
def test_it_is_not_tried_for_ever(table: str, looks: int) -> None:
    store, lost = Hopeless(), list[None]()
    with pytest.raises(StoreCorrupt):
        mended(store, TABLE, lambda: store.get(table, "x", "y"), lambda: lost.append(None))
    assert (store.looks, len(lost)) == (looks, looks - 1)
