from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.commitments.conftest import START, WHERE, YEAR_SECONDS, one

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.inventory.elasticache import ElastiCache
from lamplighter.commitments.model import Attributes
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import Payment, Terms

ROW: dict[str, Any] = {
    "ReservedCacheNodeId": "cache-1",
    "CacheNodeType": "cache.r4.large",
    "StartTime": START,
    "Duration": YEAR_SECONDS,
    "FixedPrice": 0.0,
    "CacheNodeCount": 4,
    "ProductDescription": "redis",
    "OfferingType": "No Upfront",
    "State": "active",
    "RecurringCharges": [{"RecurringChargeAmount": 0.15, "RecurringChargeFrequency": "Hourly"}],
    "ReservationARN": "arn:aws:elasticache:eu-west-1:111122223333:reserved-instance:cache-1",
}


def held(**more: Any) -> Held:
    service = ("elasticache", "describe_reserved_cache_nodes", "ReservedCacheNodes")
    found: Held = one(ElastiCache(), *service, {**ROW, **more})
    return found


def test_one() -> None:
    found = held()
    assert (found.key, found.value) == ("ri-elasticache", "cache.r4.large")
    assert found.attributes == Attributes("elasticache", "eu-west-1", "cache.r4", "redis")
    assert (found.count, found.size, found.units) == (Decimal(4), "large", Decimal(4))
    assert found.end == datetime(2027, 3, 1, tzinfo=UTC)
    assert found.terms == Terms(1, Payment.NO_UPFRONT)
    assert found.hourly == Money(Decimal("0.15"), "USD")
    assert found.arn == ROW["ReservationARN"]


def test_an_arn_that_is_missing_is_made() -> None:
    row = dict(ROW)
    del row["ReservationARN"]
    found = one(ElastiCache(), "elasticache", "describe_reserved_cache_nodes", "ReservedCacheNodes", row)
    assert found.arn == ROW["ReservationARN"]


def test_china_bills_in_yuan() -> None:
    found = ElastiCache().held(ROW, replace(WHERE, region="cn-north-1"))
    assert found.hourly == Money(Decimal("0.15"), "CNY")
