from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from lamplighter.estate.bill.blended import Blend
from lamplighter.estate.bill.meters import Meter
from lamplighter.estate.bill.month import Line

METER = Meter(
    "i-0abc1234def567890", "444455556666", "us-east-1", "AmazonEC2", "Compute Instance", "BoxUsage:m5.large",
    "RunInstances", "Hrs", Decimal("0.096"), Decimal("0.096"), "",
)  # fmt: skip
SKU = ("AmazonEC2", "BoxUsage:m5.large", "RunInstances")


def test_what_is_reserved_and_what_is_not_are_averaged() -> None:
    blend = Blend()
    blend.count(Line("Usage", 0, Decimal(1), Decimal("0.096")), METER, 30)
    reserved = Line("DiscountedUsage", 0, Decimal(1), Decimal(0), "ri", Decimal("0.06"), Decimal("0.024"))
    blend.count(reserved, replace(METER, account="777788889999"), 10)
    # (30 x 0.096 + 10 x 0.036 recurring) / 40: the upfront payment does not count.
    assert blend.rates() == {SKU: Decimal("0.081")}


def test_what_a_plan_covers_is_not_averaged() -> None:
    blend = Blend()
    blend.count(Line("DiscountedUsage", 0, Decimal(2), Decimal(0), "ri", Decimal("0.06"), Decimal(0)), METER, 1)
    blend.count(Line("SavingsPlanCoveredUsage", 0, Decimal(5), Decimal("0.48"), "sp", Decimal("0.3")), METER, 1)
    assert blend.rates() == {SKU: Decimal("0.03")}


def test_where_nothing_is_reserved_the_rate_is_the_meters() -> None:
    blend = Blend()
    blend.count(Line("Usage", 0, Decimal("0.33333333"), Decimal("0.0319999997")), METER, 7)
    assert blend.rates() == {}
