from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.resources.conftest import Recorder
from tests.usage.conftest import AROUND, charged, counted, looked, values

from lamplighter.usage.collector import Seen
from lamplighter.usage.collectors.elasticache import ElastiCacheUsage

CACHE = ElastiCacheUsage()


def nodes(*zones: str, status: str = "available") -> list[dict[str, Any]]:
    return [{"CacheNodeId": "0001", "CacheNodeStatus": status, "CustomerAvailabilityZone": zone} for zone in zones]


def caches(status: str = "available", **more: Any) -> dict[str, Any]:
    """What DescribeCacheClusters says of one cluster of two nodes."""
    return {
        "CacheClusterId": "sessions",
        "CacheNodeType": "cache.r4.large",
        "Engine": "redis",
        "CacheClusterStatus": status,
        "NumCacheNodes": 2,
        "PreferredAvailabilityZone": "Multiple",
        "CacheNodes": nodes("eu-west-1a", "eu-west-1b"),
        **more,
    }


def test_each_node_is_counted_in_its_zone() -> None:
    found = [
        caches(),
        caches("snapshotting", CacheNodes=nodes("eu-west-1a") + nodes("eu-west-1a", status="creating")),
        caches(Engine="memcached", CacheNodes=None, PreferredAvailabilityZone="eu-west-1c"),
        caches(Engine="valkey", CacheNodes=None),
    ]
    assert counted(looked(CACHE, {"describe_cache_clusters": found})) == {
        ("cache.r4.large", "redis", "", "eu-west-1a", ""): (2, 0, 0),
        ("cache.r4.large", "redis", "", "eu-west-1b", ""): (1, 0, 0),
        ("cache.r4.large", "memcached", "", "eu-west-1c", ""): (2, 0, 0),
        ("cache.r4.large", "valkey", "", "", ""): (2, 0, 0),
    }


@pytest.mark.parametrize("status", ["creating", "deleting", "deleted", "create-failed", "restore-failed"])
def test_what_is_not_charged_is_not_counted(status: str) -> None:
    assert looked(CACHE, {"describe_cache_clusters": [caches(status)]}) == []


def test_the_zones_of_nodes_are_asked_for() -> None:
    session = Recorder()
    assert list(CACHE.look(session, AROUND)) == []
    assert session.asked == [("elasticache", "describe_cache_clusters", {"ShowCacheNodeInfo": True})]


def test_the_key_is_that_of_the_table() -> None:
    assert values(CACHE, Seen("cache.r4.large", platform="redis")) == {"elasticache": "cache.r4.large"}


@pytest.mark.parametrize(
    ("usage_type", "code", "engine"),
    [
        ("EUC1-NodeUsage:cache.r4.large", "0002", "redis"),
        ("NodeUsage:cache.r4.large", "0001", "memcached"),
        ("NodeUsage:cache.r4.large", "0099", "CreateCacheCluster:0099"),
    ],
)
def test_node_hours_of_a_bill(usage_type: str, code: str, engine: str) -> None:
    found = CACHE.read(charged(usage_type, f"CreateCacheCluster:{code}"))
    assert found == Seen("cache.r4.large", Decimal(2), engine, covered=Decimal(1))


@pytest.mark.parametrize("usage_type", ["EUC1-BackupUsage", "ElastiCache:CachedData:Redis", "DataTransfer-Out-Bytes"])
def test_other_charges_are_none_of_nodes(usage_type: str) -> None:
    assert CACHE.read(charged(usage_type)) is None
