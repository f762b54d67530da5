"""Requests: valid by the service's own model, asking for the right range, and nothing unused in them."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from lamplighter.store.dynamodb_layout import TABLES
from lamplighter.store.dynamodb_requests import Requests
from lamplighter.store.table import ANY, NEW, Delete, Expect, Put

REQUESTS = Requests("lamp", TABLES)
LONG = "x" * 1_025
MODEL = botocore.session.get_session().get_service_model("dynamodb")


def check(operation: str, request: dict[str, Any]) -> None:
    """What botocore refuses, and the unused names and values that DynamoDB refuses."""
    report = ParamValidator().validate(request, MODEL.operation_model(operation).input_shape)
    assert not report.has_errors(), report.generate_report()
    text = " ".join(str(value) for name, value in request.items() if name.endswith("Expression"))
    used = set(re.findall(r"[#:]\w+", text))
    assert used == {*request.get("ExpressionAttributeNames", ()), *request.get("ExpressionAttributeValues", ())}


@pytest.mark.parametrize(
    ("table", "expect"),
    [("state", ANY), ("state", NEW), ("state", 3), *product(["AWSCost", "AWSCostMap"], [NEW, 3])],
)
def test_writes(table: str, expect: Expect) -> None:
    sort = "value" if table == "AWSCostMap" else "s"
    put, delete = Put(table, "p", sort, {"a": 1}, expect), Delete(table, "q", sort, expect)
    check("UpdateItem" if table == "state" else "PutItem", REQUESTS.put(put, '{"a":1}', "mark"))
    check("DeleteItem", REQUESTS.delete(delete))
    both = REQUESTS.transact([put, delete], ['{"a":1}', ""], "mark")
    check("TransactWriteItems", both)
    for part in both["TransactItems"]:
        [(kind, request)] = part.items()
        check(f"{kind}Item", request)
        assert "ReturnValues" not in request
    assert [list(part) for part in both["TransactItems"]] == [["Update" if table == "state" else "Put"], ["Delete"]]
    assert both["ClientRequestToken"] == "mark"


def test_a_flat_item_is_put_whole() -> None:
    request = REQUESTS.put(Put("AWSCost", "ec2:shop:eu-west-1", "now", {}, 3), '{"c4.large:a":2,"version":1}', "mark")
    assert request == {
        "TableName": "lamp-AWSCost",
        "Item": {
            "awsResource": {"S": "ec2:shop:eu-west-1"},
            "time": {"S": "now"},
            "c4.large:a": {"N": "2"},
            "_version": {"N": "1"},
            "version": {"N": "4"},
            "write": {"S": "mark"},
        },
        "ConditionExpression": "#v = :v",
        "ExpressionAttributeNames": {"#v": "version"},
        "ExpressionAttributeValues": {":v": {"N": "3"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def test_reads() -> None:
    check("GetItem", REQUESTS.get("state", "p", "s"))
    check("BatchGetItem", REQUESTS.batch("state", [REQUESTS.key("state", "p", "s")]))
    check("Scan", REQUESTS.partitions("AWSCost"))
    assert REQUESTS.key("AWSCost", "p", "s") == {"awsResource": {"S": "p"}, "time": {"S": "s"}}
    assert REQUESTS.key("AWSCostMap", "ami-1", "value") == {"id": {"S": "ami-1"}}


WITHIN = " AND #s BETWEEN :low AND :high"
PREFIX = " AND begins_with(#s, :low)"


@pytest.mark.parametrize(
    ("prefix", "after", "descending", "condition", "values", "limit"),
    [
        ("", None, False, "", {}, 5),
        ("b", None, False, PREFIX, {":low": "b"}, 5),
        ("b", None, True, PREFIX, {":low": "b"}, 5),
        ("", "b", False, " AND #s > :after", {":after": "b"}, 5),
        ("", "", False, "", {}, 5),
        ("", "b", True, " AND #s < :after", {":after": "b"}, 5),
        # What stands at an end that BETWEEN or >= includes is asked for besides.
        ("b", "b1", False, WITHIN, {":low": "b1", ":high": "c"}, 7),
        ("b", "b1", True, WITHIN, {":low": "b", ":high": "b1"}, 7),
        ("b", "a", False, PREFIX, {":low": "b"}, 5),
        ("b", "c", True, PREFIX, {":low": "b"}, 5),
        ("\U0010ffff", None, False, PREFIX, {":low": "\U0010ffff"}, 5),
        ("\U0010ffff", "\U0010ffffa", False, " AND #s >= :low", {":low": "\U0010ffffa"}, 6),
        ("", LONG, False, "", {}, 5),
        ("", LONG, True, "", {}, 5),
        ("b", LONG, True, PREFIX, {":low": "b"}, 5),
        (LONG, None, False, "", {}, 5),
    ],
)
def test_ranges(
    prefix: str, after: str | None, descending: bool, condition: str, values: dict[str, str], limit: int
) -> None:
    request = REQUESTS.query("state", "p", prefix, after, descending=descending, limit=5)
    check("Query", request)
    assert request["KeyConditionExpression"] == "#p = :p" + condition
    given = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
    assert given == {":p": "p", **values}
    assert request["Limit"] == limit
    assert request["ScanIndexForward"] is not descending


def test_a_table_without_sort_key_has_no_range() -> None:
    request = REQUESTS.query("AWSCostMap", "p", "a", "b", descending=False, limit=None)
    check("Query", request)
    assert request["KeyConditionExpression"] == "#p = :p"
    assert "Limit" not in request
