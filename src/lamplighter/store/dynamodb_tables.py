"""The tables of a store in DynamoDB: which are missing, and making them.

A deployment makes them by its templates. This is for a store without one, and for the simulated AWS.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lamplighter.errors import AwsError, NotFound, StoreUnavailable, WrongState
from lamplighter.store.dynamodb_calls import store_error
from lamplighter.store.dynamodb_layout import table_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lamplighter.store.dynamodb import DynamoDBStore

MISSING: Final = "missing"

_LOOKS: Final = 60
_BETWEEN_LOOKS: Final = 1.0


@dataclass(frozen=True, slots=True)
class TableState:
    """How one table is.

    Attributes:
        name: in DynamoDB.
        problem: what is wrong with it; empty if nothing.
    """

    name: str
    problem: str = ""


def look_at_tables(store: DynamoDBStore) -> list[TableState]:
    """How every table of a store is, by DescribeTable.

    Raises:
        StoreError: DynamoDB does not tell.
    """
    return [_look(store, table) for table in store.requests.layouts]


def create_tables(store: DynamoDBStore, sleep: Callable[[float], None] = time.sleep) -> list[str]:
    """Make the tables that are missing, wait until they can be used, and switch point-in-time recovery on in them.

    Args:
        store: the store.
        sleep: waits for that many seconds.

    Returns:
        Names of the tables that were made.

    Raises:
        StoreError: not permitted, or not done within a minute a table; what was made stays.
    """
    missing = [table for table in store.requests.layouts if _look(store, table).problem == MISSING]
    for table in missing:
        request = table_request(store.requests.name(table), store.requests.layout(table))
        try:
            store.calls("create_table", **request)
        except WrongState:
            continue  # somebody else was faster
        except AwsError as error:
            raise store_error(error, request["TableName"], store.connection.region) from error
    for table in missing:
        _wait(store, table, sleep)
        _protect(store, store.requests.name(table), sleep)
    return [store.requests.name(table) for table in missing]


def _look(store: DynamoDBStore, table: str) -> TableState:
    name = store.requests.name(table)
    try:
        found = store.calls("describe_table", TableName=name)["Table"]
    except NotFound:
        return TableState(name, MISSING)
    except AwsError as error:
        raise store_error(error, name, store.connection.region) from error
    wanted = table_request(name, store.requests.layout(table))
    if _keys(found) != _keys(wanted):
        return TableState(name, f"has the keys {_keys(found)}, and needs {_keys(wanted)}")
    status = found["TableStatus"]
    return TableState(name, "" if status in ("ACTIVE", "UPDATING") else f"is {status}")


def _keys(table: Mapping[str, Any]) -> str:
    kinds = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    keys = sorted(table["KeySchema"], key=lambda key: str(key["KeyType"]))
    return ", ".join(f"{key['AttributeName']} ({kinds[key['AttributeName']]})" for key in keys)


def _wait(store: DynamoDBStore, table: str, sleep: Callable[[float], None]) -> None:
    for _ in range(_LOOKS):
        state = _look(store, table)
        if not state.problem:
            return
        sleep(_BETWEEN_LOOKS)
    raise StoreUnavailable(
        f"the table {state.name} {state.problem} after a minute", hint="look again with `lamp doctor`"
    )


def _protect(store: DynamoDBStore, name: str, sleep: Callable[[float], None]) -> None:
    """Point-in-time recovery; DynamoDB refuses it for some seconds after a table was made."""
    for look in range(_LOOKS):
        try:
            store.calls(
                "update_continuous_backups",
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
        except AwsError as error:
            if error.code != "ContinuousBackupsUnavailableException" or look == _LOOKS - 1:
                raise store_error(error, name, store.connection.region) from error
            sleep(_BETWEEN_LOOKS)
        else:
            return
