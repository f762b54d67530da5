from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from tests.resources.conftest import Recorder
from tests.usage.conftest import AROUND, charged, counted, looked, values

from lamplighter.errors import AccessDenied, NotFound
from lamplighter.usage.collector import Seen
from lamplighter.usage.collectors.dynamodb import DynamoDbUsage

DYNAMO = DynamoDbUsage()


def units(read: int, write: int) -> dict[str, Any]:
    return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}


def table(status: str = "ACTIVE", read: int = 5, write: int = 3, **more: Any) -> dict[str, Any]:
    """What DescribeTable says of one table."""
    return {"TableName": "orders", "TableStatus": status, **units(read, write), **more}


def index(read: int, write: int, status: str = "ACTIVE") -> dict[str, Any]:
    return {"IndexName": "by-day", "IndexStatus": status, **units(read, write)}


TABLES: Mapping[str, dict[str, Any]] = {
    "a": table(GlobalSecondaryIndexes=[index(10, 7), index(100, 100, "CREATING")]),
    "b": table("UPDATING", 1, 1, BillingModeSummary={"BillingMode": "PROVISIONED"}),
    "c": table(BillingModeSummary={"BillingMode": "PAY_PER_REQUEST"}, GlobalSecondaryIndexes=[index(9, 9)]),
    "d": table("DELETING"),
    "e": table(read=20, write=2, TableClassSummary={"TableClass": "STANDARD_INFREQUENT_ACCESS"}),
    "f": table(read=50, write=4, Replicas=[{"RegionName": "us-east-1"}]),
}


def answer(_: str, **params: Any) -> Mapping[str, Any]:
    if params["TableName"] == "gone":
        raise NotFound("it is not there any more")
    if params["TableName"] == "secret":
        raise AccessDenied("no")
    return {"Table": TABLES[params["TableName"]]}


def test_units_of_tables_and_indexes_are_added_up() -> None:
    samples = looked(DYNAMO, {"list_tables": ["gone", *TABLES]}, answer=answer)
    assert counted(samples) == {
        ("read", "", "", "", ""): (5 + 10 + 1 + 50, 0, 0),
        ("write", "", "", "", ""): (3 + 7 + 1, 0, 0),
        ("read", "standard-ia", "", "", ""): (20, 0, 0),
        ("write", "standard-ia", "", "", ""): (2, 0, 0),
        ("write", "", "global", "", ""): (4, 0, 0),
    }


def test_a_table_that_may_not_be_read_is_no_zero() -> None:
    session = Recorder({"list_tables": ["a", "secret"]}, answer)
    with pytest.raises(AccessDenied):
        list(DYNAMO.look(session, AROUND))


def test_keys_are_those_of_the_table() -> None:
    assert values(DYNAMO, Seen("read")) == {"dynamodb": "read"}
    assert values(DYNAMO, Seen("write", deployment="global")) == {"dynamodb": "write"}


@pytest.mark.parametrize(
    ("usage_type", "seen"),
    [
        ("EUC1-ReadCapacityUnit-Hrs", ("read", "", "")),
        ("WriteCapacityUnit-Hrs", ("write", "", "")),
        ("IA-ReadCapacityUnit-Hrs", ("read", "standard-ia", "")),
        ("USW2-IA-WriteCapacityUnit-Hrs", ("write", "standard-ia", "")),
        ("EU-ReplWriteCapacityUnit-Hrs", ("write", "", "global")),
    ],
)
def test_unit_hours_of_a_bill(usage_type: str, seen: tuple[str, str, str]) -> None:
    kind, kept, copied = seen
    assert DYNAMO.read(charged(usage_type)) == Seen(kind, Decimal(2), kept, copied, covered=Decimal(1))


@pytest.mark.parametrize("usage_type", ["EUC1-TimedStorage-ByteHrs", "ReadRequestUnits", "WriteRequestUnits"])
def test_other_charges_are_none_of_capacity(usage_type: str) -> None:
    assert DYNAMO.read(charged(usage_type)) is None
