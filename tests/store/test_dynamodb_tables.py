"""Which tables are missing, and making them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.store.dynamodb_servers import REGION, caller, no_sleep
from tests.store.test_dynamodb_calls import Script

from lamplighter.aws.access import Aws
from lamplighter.errors import AccessDenied, AwsError, NotFound, StoreUnavailable, WrongState
from lamplighter.store.dynamodb import DynamoDBStore
from lamplighter.store.dynamodb_calls import Connection
from lamplighter.store.dynamodb_layout import PLAIN, TABLES, table_request
from lamplighter.store.dynamodb_tables import TableState, create_tables, look_at_tables

NAMES = [f"made-{table}" for table in TABLES]


@pytest.mark.slow
def test_missing_tables_are_made_once(on_moto: Aws) -> None:
    store = DynamoDBStore(Connection(caller(on_moto), REGION), "made", sleep=no_sleep)
    assert look_at_tables(store) == [TableState(name, "missing") for name in NAMES]
    caller(on_moto).call("dynamodb", "create_table", **table_request("made-state", PLAIN))
    assert create_tables(store, no_sleep) == [name for name in NAMES if name != "made-state"]
    assert create_tables(store, no_sleep) == []
    assert look_at_tables(store) == [TableState(name) for name in NAMES]
    made = caller(on_moto).call("dynamodb", "describe_table", TableName="made-journal")["Table"]
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert made["SSEDescription"]["Status"] == "ENABLED"
    kept = caller(on_moto).call("dynamodb", "describe_continuous_backups", TableName="made-journal")
    point = kept["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert point["PointInTimeRecoveryStatus"] == "ENABLED"
    store.put("journal", "p", "s", {})


def described(status: str = "ACTIVE", **change: Any) -> dict[str, Any]:
    return {"Table": {**table_request("lamp-t", PLAIN), "TableStatus": status, **change}}


def one_table(*answers: Any) -> tuple[DynamoDBStore, Script]:
    script = Script(*answers)
    return DynamoDBStore(Connection(script, REGION), "lamp", layouts={"t": PLAIN}, sleep=no_sleep), script


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (described(), ""),
        (described("UPDATING"), ""),
        (described("CREATING"), "is CREATING"),
        (NotFound("no"), "missing"),
        (
            described(
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
            ),
            "has the keys id (N), and needs partition (S), sort (S)",
        ),
    ],
)
def test_how_a_table_is(answer: Any, problem: str) -> None:
    store, _ = one_table(answer)
    assert look_at_tables(store) == [TableState("lamp-t", problem)]


def test_making_waits_until_the_table_and_its_backups_are_ready() -> None:
    early = AwsError("not yet", code="ContinuousBackupsUnavailableException")
    waits: list[float] = []
    store, script = one_table(NotFound("no"), {}, described("CREATING"), described(), early, {})
    assert create_tables(store, waits.append) == ["lamp-t"]
    assert [operation for operation, _ in script.made] == [
        "describe_table",
        "create_table",
        "describe_table",
        "describe_table",
        "update_continuous_backups",
        "update_continuous_backups",
    ]
    assert len(waits) == 2


def test_somebody_else_may_make_it_at_the_same_time() -> None:
    store, _ = one_table(NotFound("no"), WrongState("exists", code="ResourceInUseException"), described(), {})
    assert create_tables(store, no_sleep) == ["lamp-t"]


def test_what_hinders_making_is_said() -> None:
    store, _ = one_table(NotFound("no"), AccessDenied("denied", operation="CreateTable"))
    with pytest.raises(StoreUnavailable, match="denied") as caught:
        create_tables(store, no_sleep)
    assert "allow dynamodb:CreateTable on the table lamp-t" in caught.value.hint
    store, _ = one_table(NotFound("no"), {}, described("CREATING"))
    with pytest.raises(StoreUnavailable, match="lamp-t is CREATING after a minute"):
        create_tables(store, no_sleep)
    store, _ = one_table(AccessDenied("denied", operation="DescribeTable"))
    with pytest.raises(StoreUnavailable, match="denied"):
        look_at_tables(store)
