"""The tables: every one that the code names is there, and what CreateTable is asked is valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.test_dynamodb_requests import check

import lamplighter
from lamplighter.errors import UsageError
from lamplighter.store.dynamodb_layout import PERMISSIONS, TABLES, Layout, check_prefix, table_name, table_request
from lamplighter.store.table import Store

_NAMED = re.compile(r'^(?:TABLE|PASSES|COST|MAP)(?:: Final)? = "([\w.-]+)"$', re.MULTILINE)


def test_every_table_that_the_code_names_is_known() -> None:
    sources = Path(lamplighter.__file__).parent.rglob("*.py")
    named = {
        name
        for path in sources
        if "lamplighter.store" in (text := path.read_text()) or path.parent.name == "store"
        for name in _NAMED.findall(text)
    }
    assert {"journal", "leases", "passes", "outbox", "AWSCost", "AWSCostMap"} <= named
    assert named - set(TABLES) == set(), "put it into TABLES of store/dynamodb_layout.py"


@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_made(table: str) -> None:
    request = table_request(table_name("lamplighter", table), TABLES[table])
    check("CreateTable", request)
    assert request["BillingMode"] == "PAY_PER_REQUEST"
    assert request["SSESpecification"] == {"Enabled": True, "SSEType": "KMS"}
    keys = [key["AttributeName"] for key in request["KeySchema"]]
    assert keys == {"AWSCost": ["awsResource", "time"], "AWSCostMap": ["id"]}.get(table, ["partition", "sort"])


@pytest.mark.parametrize("layout", [Layout(), Layout("awsResource", "time", flat=True), Layout("id", None, flat=True)])
@given(
    name=st.sampled_from(["version", "write", "id", "time", "sort", "awsResource"]) | st.text(min_size=1, max_size=3)
)
def test_names_of_attributes_collide_with_nothing_and_come_back(layout: Layout, name: str) -> None:
    for before in ("", "_", "__"):
        attribute = layout.attribute(before + name)
        assert attribute not in {*layout.keys, "version", "write"}
        assert layout.name(attribute) == before + name


@pytest.mark.parametrize("prefix", ["", "a b", "a/b", "é", "x" * 101])
def test_prefixes_that_are_refused(prefix: str) -> None:
    with pytest.raises(UsageError, match="is no prefix of tables") as caught:
        check_prefix(prefix)
    assert "dynamodb://lamplighter" in caught.value.hint


def test_the_longest_name_is_short_enough_for_dynamodb() -> None:
    assert len(table_name(check_prefix("x" * 100), "t" * 128)) <= 255


def test_every_method_has_its_permissions() -> None:
    methods = {name for name in vars(Store) if not name.startswith("_")} - {"close"}
    assert methods < set(PERMISSIONS)
    assert all(re.fullmatch(r"dynamodb:[A-Z]\w+", action) for actions in PERMISSIONS.values() for action in actions)
