from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.commitments.conftest import START, WHERE, YEAR_SECONDS, one

from lamplighter.commitments.inventory.opensearch import OpenSearch
from lamplighter.commitments.model import Attributes
from lamplighter.estate import wire
from lamplighter.pricing.offers import Payment, Terms

ID = "00000007-2222-3333-4444-555566667777"
COMMON: dict[str, Any] = {
    "ReservationName": "search",
    "StartTime": START,
    "Duration": YEAR_SECONDS,
    "FixedPrice": 500.0,
    "UsagePrice": 0.0,
    "CurrencyCode": "USD",
    "State": "active",
    "PaymentOption": "PARTIAL_UPFRONT",
    "RecurringCharges": [{"RecurringChargeAmount": 0.06, "RecurringChargeFrequency": "Hourly"}],
}


def test_one() -> None:
    row = {"ReservedInstanceId": ID, "InstanceType": "m4.large.search", "InstanceCount": 2, **COMMON}
    found = one(OpenSearch(), "opensearch", "describe_reserved_instances", "ReservedInstances", row)
    assert (found.key, found.value, found.resource_type) == ("ri-es", "m4.large.elasticsearch", "m4.large.search")
    assert found.attributes == Attributes("opensearch", "eu-west-1", "m4")
    assert (found.count, found.size, found.units) == (Decimal(2), "large", None)
    assert found.end == datetime(2027, 3, 1, tzinfo=UTC)
    assert found.terms == Terms(1, Payment.PARTIAL_UPFRONT)
    assert found.arn == "arn:aws:es:eu-west-1:111122223333:reserved-instances/00000007-2222-3333-4444-555566667777"
    assert found.notes == ()


def test_the_older_api_tells_the_same() -> None:
    old = {
        "ReservedElasticsearchInstanceId": ID,
        "ElasticsearchInstanceType": "m4.large.elasticsearch",
        "ElasticsearchInstanceCount": 2,
        **COMMON,
    }
    answer = {"ReservedElasticsearchInstances": [old]}
    [row] = wire.parsed("es", "DescribeReservedElasticsearchInstances", answer)["ReservedElasticsearchInstances"]
    found = OpenSearch().held(row, WHERE)
    assert (found.id, found.value, found.count) == (ID, "m4.large.elasticsearch", Decimal(2))


def test_without_a_type_it_cannot_be_read() -> None:
    with pytest.raises(KeyError, match="InstanceType"):
        OpenSearch().held({"ReservedInstanceId": ID, **COMMON}, WHERE)
