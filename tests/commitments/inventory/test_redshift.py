from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tests.commitments.conftest import NOW, START, YEAR_SECONDS, one

from lamplighter.commitments.inventory.redshift import Redshift
from lamplighter.commitments.model import Attributes
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import Payment, Terms


def test_one() -> None:
    row = {
        "ReservedNodeId": "1ba8e2e3-bacf-48d9-841f-cc675182a8a6",
        "NodeType": "dc2.8xlarge",
        "StartTime": START,
        "Duration": YEAR_SECONDS,
        "FixedPrice": 4008.0,
        "UsagePrice": 0.0,
        "CurrencyCode": "USD",
        "NodeCount": 2,
        "State": "exchanging",
        "OfferingType": "All Upfront",
        "RecurringCharges": [{"RecurringChargeAmount": 0.0, "RecurringChargeFrequency": "Hourly"}],
        "ReservedNodeOfferingType": "Regular",
    }
    found = one(Redshift(), "redshift", "describe_reserved_nodes", "ReservedNodes", row)
    assert (found.key, found.value) == ("ri-redshift", "dc2.8xlarge")
    assert found.attributes == Attributes("redshift", "eu-west-1", "dc2")
    assert (found.count, found.size, found.units) == (Decimal(2), "8xlarge", None)
    assert found.end == datetime(2027, 3, 1, tzinfo=UTC)
    assert found.terms == Terms(1, Payment.ALL_UPFRONT)
    assert found.upfront == Money(Decimal("4008.0"), "USD")
    assert found.hourly == Money(Decimal("0.0"), "USD")
    assert found.arn == "arn:aws:redshift:eu-west-1:111122223333:reserved-node:1ba8e2e3-bacf-48d9-841f-cc675182a8a6"
    assert found.in_force(NOW)
