"""What the DynamoDB engine promises beyond the contract, on two emulators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest
from tests.store.dynamodb_servers import REGION, Losing, Plain, caller, empty_store, no_sleep
from tests.store.test_lease import NAME, NOW, TTL

from lamplighter.aws.access import Aws
from lamplighter.errors import StoreCorrupt, StoreUnavailable, VersionConflict
from lamplighter.store.dynamodb import DynamoDBStore
from lamplighter.store.dynamodb_calls import Caller, Connection
from lamplighter.store.dynamodb_layout import PERMISSIONS, TABLES, Layout
from lamplighter.store.lease import acquire
from lamplighter.store.table import ANY, NEW, Delete, Expect, Item, Put, Write

pytestmark = pytest.mark.slow
_spares = count(1)


@pytest.fixture(params=["on_moto", "on_dynalite"])
def wire(request: pytest.FixtureRequest) -> Aws:
    aws: Aws = request.getfixturevalue(request.param)
    return aws


@pytest.fixture
def moto(on_moto: Aws) -> Aws:
    """For what dynalite lacks: transactions, point-in-time recovery."""
    return on_moto


def losing(
    aws: Aws, layouts: Mapping[str, Layout] = TABLES, **which: int
) -> tuple[DynamoDBStore, DynamoDBStore, Losing]:
    """A store that loses answers once it is told to, the same store of somebody else, and who loses them."""
    made: list[Losing] = []

    def wrap(inner: Caller) -> Losing:
        made.append(Losing(inner))
        return made[-1]

    store = empty_store(aws, wrap=wrap, layouts=layouts)
    other = DynamoDBStore(Connection(made[0]._inner, REGION), store.requests.prefix, layouts=layouts, sleep=no_sleep)
    other.put("t", "p", "s", {"n": 1})
    made[0].done, made[0].undone = which.get("done", 0), which.get("undone", 0)
    return store, other, made[0]


# --- answers that are lost


@pytest.mark.parametrize("which", [{"done": 1}, {"done": 2}, {"undone": 1}, {"undone": 1, "done": 1}])
@pytest.mark.parametrize(("sort", "expect", "version"), [("s", 1, 2), ("s", ANY, 2), ("new", NEW, 1), ("new", ANY, 1)])
def test_a_put_whose_answer_is_lost_is_done_once(
    wire: Aws, which: dict[str, int], sort: str, expect: Expect, version: int
) -> None:
    store, other, _ = losing(wire, TABLES, **which)
    assert store.put("t", "p", sort, {"n": 2}, expect=expect) == Item("p", sort, {"n": 2}, version)
    assert other.get("t", "p", sort) == Item("p", sort, {"n": 2}, version)


def test_somebody_else_who_wrote_first_is_a_conflict_still(wire: Aws) -> None:
    store, other, loser = losing(wire, undone=1)
    loser.between = lambda: other.put("t", "p", "s", {"n": "theirs"}, expect=1)
    with pytest.raises(VersionConflict, match="t/p/s: expected version 1, found version 2"):
        store.put("t", "p", "s", {"n": 2}, expect=1)


def test_what_was_written_over_since_is_not_called_a_conflict(wire: Aws) -> None:
    store, other, loser = losing(wire, done=1)
    loser.between = lambda: other.put("t", "p", "s", {"n": "theirs"}, expect=2)
    with pytest.raises(StoreUnavailable, match="t/p/s: the answer to a write was lost") as caught:
        store.put("t", "p", "s", {"n": 2}, expect=1)
    assert "read it again" in caught.value.hint
    assert other.get("t", "p", "s") == Item("p", "s", {"n": "theirs"}, 3)


def test_deletes_whose_answer_is_lost(wire: Aws) -> None:
    store, other, loser = losing(wire, done=1)
    store.delete("t", "p", "s")
    assert other.get("t", "p", "s") is None
    other.put("t", "p", "s", {})
    loser.done = 1
    with pytest.raises(StoreUnavailable, match="t/p/s: it is gone, but the answer to our delete was lost"):
        store.delete("t", "p", "s", expect=1)
    other.put("t", "p", "s", {})
    loser.undone = 1
    store.delete("t", "p", "s", expect=1)
    assert other.get("t", "p", "s") is None


def test_a_lease_whose_answer_is_lost_is_held(wire: Aws) -> None:
    store, _, _ = losing(wire, done=1)
    lease = acquire(store, NAME, "run-1", now=NOW, ttl=TTL)
    assert lease is not None
    assert (lease.holder, lease.version) == ("run-1", 1)


@pytest.mark.parametrize("which", [{"done": 1}, {"undone": 1}])
def test_a_transaction_whose_answer_is_lost_is_done_once(moto: Aws, which: dict[str, int]) -> None:
    store, other, _ = losing(moto, TABLES, **which)
    other.put("t", "p", "gone", {})
    writes: list[Write] = [Put("t", "p", "s", {"n": 2}, 1), Put("t", "p", "new", {}, NEW), Delete("t", "p", "gone", 1)]
    store.transact(writes)
    assert [(item.sort, item.version) for item in other.query("t", "p")] == [("new", 1), ("s", 2)]


def test_a_lost_transaction_that_others_wrote_over_is_unknown(moto: Aws) -> None:
    store, other, loser = losing(moto, undone=1)
    loser.between = lambda: other.put("t", "p", "s", {"n": "theirs"})
    with pytest.raises(StoreUnavailable, match="t/p/s: the answer to a transaction was lost"):
        store.transact([Put("t", "p", "s", {"n": 2}, 1), Put("t", "p", "new", {}, NEW)])
    assert other.get("t", "p", "new") is None


# --- what stands in the tables


def raw(aws: Aws, store: DynamoDBStore, table: str) -> list[Any]:
    return list(caller(aws).call("dynamodb", "scan", TableName=store.requests.name(table))["Items"])


def test_items_have_keys_data_version_and_the_last_write(wire: Aws) -> None:
    store = empty_store(wire)
    store.put("journal", "111122223333/eu-west-1", "now", {"a": [1, None, True], "b": {"c": "x"}})
    (found,) = raw(wire, store, "journal")
    assert len(found.pop("write")["S"]) == 32
    assert found == {
        "partition": {"S": "111122223333/eu-west-1"},
        "sort": {"S": "now"},
        "data": {"M": {"a": {"L": [{"N": "1"}, {"NULL": True}, {"BOOL": True}]}, "b": {"M": {"c": {"S": "x"}}}}},
        "version": {"N": "1"},
    }


def test_tables_keep_the_names_of_their_keys(wire: Aws) -> None:
    store = empty_store(wire)
    place = "ec2-instance:production:eu-west-1"
    store.put_many([Put("AWSCost", place, f"2026-11-23T0{n}:00:00Z", {"n": n}) for n in range(5)])
    assert {frozenset(item) for item in raw(wire, store, "AWSCost")} == {
        frozenset({"awsResource", "time", "n", "version", "write"})
    }
    found = store.query("AWSCost", place, prefix="2026-11-23", after="2026-11-23T02:00:00Z")
    assert [item.data["n"] for item in found] == [3, 4]
    assert store.partitions("AWSCost") == [place]
    sole = store.requests.layout("AWSCostMap").sole
    store.put("AWSCostMap", "ami-1", sole, {"os": "Linux"}, expect=NEW)
    assert {frozenset(item) for item in raw(wire, store, "AWSCostMap")} == {frozenset({"id", "os", "version", "write"})}
    assert list(store.query("AWSCostMap", "ami-1")) == [Item("ami-1", sole, {"os": "Linux"}, 1)]
    assert list(store.query("AWSCostMap", "ami-1", after=sole)) == []
    assert store.get_many("AWSCostMap", [("ami-1", sole), ("ami-2", sole)]) == {
        ("ami-1", sole): Item("ami-1", sole, {"os": "Linux"}, 1)
    }
    with pytest.raises(ValueError, match="AWSCostMap has no sort key"):
        store.get("AWSCostMap", "ami-1", "other")
    # What is put without condition takes the place of all that was there.
    assert store.put("AWSCostMap", "ami-1", sole, {"value": "Windows"}).version == 2
    [item] = [item for item in raw(wire, store, "AWSCostMap") if item["id"] == {"S": "ami-1"}]
    assert {name: value for name, value in item.items() if name != "write"} == {
        "id": {"S": "ami-1"},
        "value": {"S": "Windows"},
        "version": {"N": "2"},
    }


# --- items whose data are attributes of their own

FLAT = {"t": Layout("id", "time", flat=True)}


class Between:
    """Lets others do something before each of the first so many writes that reach the table."""

    def __init__(self, inner: Caller) -> None:
        self._inner = inner
        self.times = 0
        self.work: Callable[[], object] = lambda: None

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        if operation in ("put_item", "transact_write_items") and self.times:
            self.times -= 1
            self.work()
        return self._inner.call(service, operation, **params)


def contended(aws: Aws, times: int) -> tuple[DynamoDBStore, DynamoDBStore]:
    """A flat store before whose first writes somebody else writes t/p/s, and the store of that one."""
    made: list[Between] = []

    def wrap(inner: Caller) -> Between:
        made.append(Between(inner))
        return made[-1]

    store = empty_store(aws, wrap=wrap, layouts=FLAT)
    between = made[0]
    other = DynamoDBStore(Connection(between._inner, REGION), store.requests.prefix, layouts=FLAT, sleep=no_sleep)
    other.put("t", "p", "s", {"n": "theirs"})
    between.work, between.times = lambda: other.put("t", "p", "s", {"n": "theirs"}), times
    return store, other


def test_a_write_without_condition_is_done_although_others_write(wire: Aws) -> None:
    store, other = contended(wire, 2)
    assert store.put("t", "p", "s", {"m": 1}) == Item("p", "s", {"m": 1}, 4)
    assert other.get("t", "p", "s") == Item("p", "s", {"m": 1}, 4)


def test_a_transaction_without_condition_is_done_although_others_write(moto: Aws) -> None:
    store, other = contended(moto, 2)
    store.transact([Put("t", "p", "s", {"m": 1}), Put("t", "p", "new", {}, NEW)])
    assert [(item.sort, item.version) for item in other.query("t", "p")] == [("new", 1), ("s", 4)]
    with pytest.raises(VersionConflict, match="t/p/new: expected no item, found version 1"):
        store.transact([Put("t", "p", "s", {"m": 2}), Put("t", "p", "new", {}, NEW)])


def test_foreign_items_of_a_flat_table_are_named_and_left_alone(wire: Aws) -> None:
    store = empty_store(wire, layouts=FLAT)
    store.put("t", "p", "a", {})
    item = {"id": {"S": "p"}, "time": {"S": "b"}, "c4.large:eu-west-1a": {"N": "3"}}
    caller(wire).call("dynamodb", "put_item", TableName=store.requests.name("t"), Item=item)
    for expect in (NEW, ANY, 1):
        with pytest.raises(StoreCorrupt, match="t/p/b: no item of the store"):
            store.put("t", "p", "b", {}, expect=expect)
    assert item in raw(wire, store, "t")
    assert store.get("t", "p", "a") == Item("p", "a", {}, 1)


def test_others_who_never_stop_writing_are_named(wire: Aws) -> None:
    store, _ = contended(wire, 1_000)
    with pytest.raises(StoreUnavailable, match="t/p/s: others wrote it again and again"):
        store.put("t", "p", "s", {"m": 1})


@pytest.mark.parametrize("which", [{"done": 1}, {"undone": 1, "done": 1}])
@pytest.mark.parametrize(("sort", "expect", "version"), [("s", 1, 2), ("s", ANY, 2), ("new", NEW, 1), ("new", ANY, 1)])
def test_a_flat_put_whose_answer_is_lost_is_done_once(
    wire: Aws, which: dict[str, int], sort: str, expect: Expect, version: int
) -> None:
    store, other, _ = losing(wire, FLAT, **which)
    assert store.put("t", "p", sort, {"n": 2}, expect=expect) == Item("p", sort, {"n": 2}, version)
    assert other.get("t", "p", sort) == Item("p", sort, {"n": 2}, version)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"data": {"S": "text"}, "version": {"N": "1"}, "write": {"S": "w"}},
        {"data": {"M": {}}, "version": {"S": "1"}, "write": {"S": "w"}},
        {"data": {"M": {"price": {"N": "0.5"}}}, "version": {"N": "1"}, "write": {"S": "w"}},
        {"data": {"M": {"names": {"SS": ["a"]}}}, "version": {"N": "1"}, "write": {"S": "w"}},
        {"data": {"M": {"b": {"B": b"x"}}}, "version": {"N": "1"}, "write": {"S": "w"}},
    ],
)
def test_foreign_items_are_named_and_left_alone(wire: Aws, attributes: dict[str, Any]) -> None:
    store = empty_store(wire)
    store.put("t", "p", "a", {})
    item = {"partition": {"S": "p"}, "sort": {"S": "b"}, **attributes}
    caller(wire).call("dynamodb", "put_item", TableName=store.requests.name("t"), Item=item)
    reads: list[Callable[[], object]] = [
        lambda: store.get("t", "p", "b"),
        lambda: store.get_many("t", [("p", "a"), ("p", "b")]),
        lambda: list(store.query("t", "p")),
        lambda: store.put("t", "p", "b", {}, expect=NEW),
    ]
    for read in reads:
        with pytest.raises(StoreCorrupt, match="t/p/b: no item of the store") as caught:
            read()
        assert "left as it is" in caught.value.hint
    assert store.get("t", "p", "a") == Item("p", "a", {}, 1)


# --- pages and permissions


def test_queries_go_past_a_megabyte_and_read_no_more_than_is_asked_for(wire: Aws) -> None:
    spies: list[Plain] = []

    def wrap(inner: Caller) -> Plain:
        spies.append(Plain(inner))
        return spies[-1]

    store = empty_store(wire, wrap=wrap)
    keys = [f"{n:02}" for n in range(25)]
    store.put_many(Put("t", "p", key, {"x": "y" * 100_000}) for key in keys)
    spies[0].made.clear()
    assert [item.sort for item in store.query("t", "p")] == keys
    assert [operation for operation, _ in spies[0].made] == ["query"] * 3
    assert [item.sort for item in store.query("t", "p", limit=15, descending=True)] == keys[:-16:-1]
    assert store.get_many("t", [("p", key) for key in keys]).keys() == {("p", key) for key in keys}
    spies[0].made.clear()
    assert next(store.query("t", "p", descending=True, limit=1)).sort == "24"
    assert [(operation, asked["Limit"]) for operation, asked in spies[0].made] == [("query", 1)]
    assert all(asked["ConsistentRead"] for _, asked in spies[0].made)


def test_what_is_called_is_declared(moto: Aws) -> None:
    spies: list[Plain] = []

    def wrap(inner: Caller) -> Plain:
        spies.append(Plain(inner))
        return spies[-1]

    store = empty_store(moto, wrap=wrap)
    some = Put("t", "p", "s", {})

    def refused(work: Callable[[], object]) -> None:
        with pytest.raises(VersionConflict):
            work()

    done: dict[str, Callable[[], object]] = {
        "get": lambda: store.get("t", "p", "s"),
        "get_many": lambda: store.get_many("t", [("p", "s")]),
        "query": lambda: list(store.query("t", "p")),
        "partitions": lambda: store.partitions("t"),
        "put": lambda: refused(lambda: store.put("t", "p", "none", {}, expect=2)),
        "put_many": lambda: store.put_many([some, Put("t", "p", "z", {})]),
        "delete": lambda: refused(lambda: store.delete("t", "p", "none", expect=2)),
        "transact": lambda: store.transact([some, Delete("t", "p", "z")]),
    }
    assert set(done) < set(PERMISSIONS)
    for name, work in done.items():
        spies[0].made.clear()
        work()
        used = {operation for made, asked in spies[0].made for operation in actions(made, asked)}
        assert used <= set(PERMISSIONS[name]), name
        assert used, name


def actions(operation: str, asked: Any) -> set[str]:
    """The IAM actions of a call; those of a transaction are those of its parts."""
    if operation == "transact_write_items":
        return {f"dynamodb:{kind}Item" for part in asked["TransactItems"] for kind in part}
    return {"dynamodb:" + "".join(word.title() for word in operation.split("_"))}


# --- what is wrong with a table


def plain_store(aws: Aws, prefix: str) -> DynamoDBStore:
    """A store of tables that nobody makes."""
    return DynamoDBStore(Connection(caller(aws), REGION), prefix, sleep=no_sleep)


def test_a_missing_table_is_named_with_its_region(wire: Aws) -> None:
    store = plain_store(wire, "nowhere")
    calls: list[Callable[[], object]] = [
        lambda: store.get("state", "p", "s"),
        lambda: store.get_many("state", [("p", "s")]),
        lambda: list(store.query("state", "p")),
        lambda: store.partitions("state"),
        lambda: store.put("state", "p", "s", {}),
        lambda: store.delete("state", "p", "s"),
        lambda: store.put_many([Put("state", "p", "s", {}), Put("state", "p", "z", {})]),
        lambda: store.transact([Delete("state", "p", "s")]),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable, match=r"^the table nowhere-state is missing in eu-west-1$") as caught:
            call()
        assert "lamp doctor --create-tables" in caught.value.hint


def test_a_table_of_a_transaction_is_missing(moto: Aws) -> None:
    with pytest.raises(StoreUnavailable, match="nowhere-state or nowhere-t is missing"):
        plain_store(moto, "nowhere").transact([Delete("t", "p", "s"), Put("state", "p", "s", {})])


@pytest.fixture
def other_keys(wire: Aws) -> DynamoDBStore:
    """A store whose table `t` has the keys of another program."""
    prefix = f"spare{next(_spares)}"
    caller(wire).call(
        "dynamodb",
        "create_table",
        TableName=f"{prefix}-t",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    store = plain_store(wire, prefix)
    while caller(wire).call("dynamodb", "describe_table", TableName=f"{prefix}-t")["Table"]["TableStatus"] != "ACTIVE":
        pass
    return store


def test_a_table_with_other_keys_is_refused(other_keys: DynamoDBStore) -> None:
    calls: list[Callable[[], object]] = [
        lambda: other_keys.get("t", "p", "s"),
        lambda: other_keys.put("t", "p", "s", {}),
        lambda: list(other_keys.query("t", "p")),
    ]
    for call in calls:
        with pytest.raises(
            StoreUnavailable, match=r"the table spare\d+-t in eu-west-1 has other keys than the store's"
        ):
            call()
