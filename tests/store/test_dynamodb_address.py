"""Addresses of stores in DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lamplighter.errors import UsageError
from lamplighter.store.dynamodb import DynamoDBStore
from lamplighter.store.dynamodb_calls import Connection
from lamplighter.store.open import open_store


class Silent:
    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        raise AssertionError("opening asks nobody")


@pytest.mark.parametrize(
    ("url", "prefix", "region", "endpoint"),
    [
        ("dynamodb://lamplighter", "lamplighter", None, None),
        ("dynamodb://Team.A_1-", "Team.A_1-", None, None),
        ("dynamodb://lamp/?region=eu-west-1", "lamp", "eu-west-1", None),
        ("dynamodb://lamp?region=&endpoint=http://127.0.0.1:4567", "lamp", None, "http://127.0.0.1:4567"),
        ("dynamodb://lamp?endpoint=https%3A%2F%2Fhost&region=us-east-1", "lamp", "us-east-1", "https://host"),
    ],
)
def test_addresses(url: str, prefix: str, region: str | None, endpoint: str | None) -> None:
    asked: list[tuple[str | None, str | None]] = []
    closed: list[bool] = []

    def connect(region: str | None, endpoint: str | None) -> Connection:
        asked.append((region, endpoint))
        return Connection(Silent(), region or "home", lambda: closed.append(True))

    store = open_store(url, connect)
    assert isinstance(store, DynamoDBStore)
    assert (store.requests.prefix, asked) == (prefix, [(region, endpoint)])
    assert store.path == f"DynamoDB tables {prefix}-* in {region or 'home'}"
    store.close()
    store.close()
    assert closed == [True]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("dynamodb:lamp", "no address of a store in DynamoDB"),
        ("dynamodb://", "no address"),
        ("dynamodb:///lamp", "no address"),
        ("dynamodb://lamp/table", "no address"),
        ("dynamodb://lamp#x", "no address"),
        ("dynamodb://lamp?zone=x", "there is no 'zone'"),
        ("dynamodb://lamp?region", "bad query field"),
        ("dynamodb://lamp?endpoint=host", "the endpoint is not a URL"),
        ("dynamodb://a b", "is no prefix of tables"),
        ("dynamodb://[x", "Invalid IPv6 URL"),
    ],
)
def test_what_is_no_address(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        open_store(url, lambda _region, _endpoint: Connection(Silent(), "r"))
    assert caught.value.hint


def test_without_a_way_to_aws_there_is_no_store() -> None:
    with pytest.raises(UsageError, match="a store in AWS cannot be used here"):
        open_store("dynamodb://lamp")
