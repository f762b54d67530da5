"""Items as DynamoDB holds them: there and back, and what is none of ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from tests.store.test_table_model import datas

from lamplighter.errors import StoreCorrupt
from lamplighter.store.dynamodb_layout import Layout
from lamplighter.store.dynamodb_values import attribute, flat_attributes, plain, read_item
from lamplighter.store.table import JSON, Item


@given(data=datas)
def test_there_and_back(data: dict[str, JSON]) -> None:
    again = plain(attribute(data))
    assert again == data
    assert repr(again) == repr(_sorted(data))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(member) for member in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, {"BOOL": True}),
        (1, {"N": "1"}),
        (-(10**38) + 1, {"N": "-" + "9" * 38}),
        (None, {"NULL": True}),
        ("", {"S": ""}),
        ([1, "a"], {"L": [{"N": "1"}, {"S": "a"}]}),
        ({"a": {}}, {"M": {"a": {"M": {}}}}),
    ],
)
def test_forms(value: JSON, expected: dict[str, Any]) -> None:
    assert attribute(value) == expected
    assert plain(expected) == value


@pytest.mark.parametrize(("text", "number"), [("1E+37", 10**37), ("100", 100), ("-7.0", -7), ("0", 0)])
def test_numbers_may_come_back_in_another_form(text: str, number: int) -> None:
    assert plain({"N": text}) == number


@pytest.mark.parametrize(
    "value",
    [{"N": "0.5"}, {"N": "NaN"}, {"N": "x"}, {"N": "1E+125"}, {"SS": ["a"]}, {"B": b"x"}, {"S": 1}, {"BOOL": "true"}],
)
def test_what_no_store_writes(value: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not"):
        plain(value)


ITEM = {
    "id": {"S": "p"},
    "at": {"S": "s"},
    "data": {"M": {"a": {"N": "1"}}},
    "version": {"N": "2"},
    "write": {"S": "w"},
}


def test_an_item_and_its_last_write() -> None:
    assert read_item("t", Layout("id", "at"), ITEM) == (Item("p", "s", {"a": 1}, 2), "w")
    assert read_item("t", Layout("id", None), ITEM) == (Item("p", "value", {"a": 1}, 2), "w")


def test_a_flat_item_holds_all_attributes_that_are_not_the_stores() -> None:
    cost, names = Layout("awsResource", "time", flat=True), Layout("id", None, flat=True)
    own: dict[str, Any] = {"version": {"N": "2"}, "write": {"S": "w"}}
    raw = {"awsResource": {"S": "p"}, "time": {"S": "s"}, "id": {"S": "x"}, "_version": {"N": "7"}, **own}
    assert read_item("t", cost, raw) == (Item("p", "s", {"id": "x", "version": 7}, 2), "w")
    assert read_item("t", names, {"id": {"S": "p"}, **own}) == (Item("p", "value", {}, 2), "w")
    assert flat_attributes(cost, {"c4.large:a": 4, "time": "1.5"}) == {"c4.large:a": {"N": "4"}, "_time": {"S": "1.5"}}
    for foreign in ({"price": {"N": "0.5"}}, {"sizes": {"SS": ["a"]}}, {"version": {"N": "0.5"}}):
        with pytest.raises(StoreCorrupt, match="t/p/s: no item of the store"):
            read_item("t", cost, raw | foreign)


@pytest.mark.parametrize(
    "change",
    [
        {"version": {"N": "0"}},
        {"version": {"BOOL": True}},
        {"version": {"S": "1"}},
        {"data": {"L": []}},
        {"at": {"N": "1"}},
    ],
)
def test_what_is_no_item(change: dict[str, Any]) -> None:
    with pytest.raises(StoreCorrupt):
        read_item("t", Layout("id", "at"), ITEM | change)
