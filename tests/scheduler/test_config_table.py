"""The config table of the AWS Instance Scheduler, read where it lies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.store.dynamodb_servers import caller, dynalite, way

from lamplighter.aws.access import Aws
from lamplighter.aws.calls import CallRecord
from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, LamplighterError, NotFound
from lamplighter.estate.control import deny, start_thread
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.scheduler.config_table import PERMISSIONS, fetch
from lamplighter.store.dynamodb_layout import Layout, table_request

KEYS = [{"AttributeName": "type", "KeyType": "HASH"}, {"AttributeName": "name", "KeyType": "RANGE"}]


@pytest.fixture(scope="module")
def _probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        probe = EstateProbe(server)
        yield probe
        probe.close()


@pytest.fixture
def estate(_probe: EstateProbe) -> EstateProbe:
    _probe.fresh()
    return _probe


@pytest.fixture
def aws(estate: EstateProbe) -> Iterator[Aws]:
    with Aws(region=REGION, environ=estate.server.environment, retries=0) as opened:
        yield opened


def read(aws: Aws, table: str = "ConfigTable") -> list[Any]:
    return list(fetch(aws.session_as(Target("definitions", REGION), None), table))


def make(estate: EstateProbe, name: str = "ConfigTable", keys: list[dict[str, str]] = KEYS) -> Any:
    client = estate.client("dynamodb")
    client.create_table(
        TableName=name,
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


@pytest.mark.slow
def test_four_thousand_periods_are_more_than_a_page() -> None:
    period = {"type": {"S": "period"}, "begintime": {"S": "09:00"}, "description": {"S": "x" * 250}}
    items: list[dict[str, Any]] = [{**period, "name": {"S": f"period-{n:04}"}} for n in range(4_000)]
    items += [{"type": {"S": "schedule"}, "name": {"S": f"s{n}"}, "periods": {"SS": ["period-3999"]}} for n in range(3)]
    items += [{"type": {"S": "config"}, "name": {"S": "scheduler"}}]
    with dynalite() as url, way(url) as aws:
        call = caller(aws).call
        call(
            "dynamodb",
            "create_table",
            **table_request("ConfigTable", Layout("type", "name")) | {"SSESpecification": {}},
        )
        while call("dynamodb", "describe_table", TableName="ConfigTable")["Table"]["TableStatus"] != "ACTIVE":
            pass
        for start in range(0, len(items), 25):
            puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
            assert not call("dynamodb", "batch_write_item", RequestItems={"ConfigTable": puts})["UnprocessedItems"]
        calls: list[CallRecord] = []
        with way(url, calls.append) as counted:
            assert read(counted) == items[:-1]
        assert [call.operation for call in calls] == ["query"] * 3


def test_what_hinders_reading_is_said(estate: EstateProbe, aws: Aws) -> None:
    with pytest.raises(NotFound, match="there is no table ConfigTable in eu-west-1") as missing:
        read(aws)
    assert "check the region" in missing.value.hint
    make(estate, "StateTable", [{"AttributeName": "service", "KeyType": "HASH"}])
    with pytest.raises(LamplighterError, match="StateTable is no config table of the AWS Instance Scheduler"):
        read(aws, "StateTable")
    estate.control.inject(deny(MANAGEMENT, *PERMISSIONS))
    with pytest.raises(AccessDenied, match="dynamodb:Query"):
        read(aws)
