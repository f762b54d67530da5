"""Unit prices: each with a source; what has none is unknown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from lamplighter.deploy.unit_prices import unit_prices


def test_every_price_says_where_it_is_from() -> None:
    for each in unit_prices().values():
        assert each.source
        assert each.unit
        assert each.usd is None or each.usd > 0
        assert each.as_of is None or date(2019, 1, 1) <= each.as_of <= date(2026, 11, 27)


def test_known_and_unknown_prices() -> None:
    prices = unit_prices()
    assert prices["lambda.gb-seconds"].usd == Decimal("0.0000166667")
    assert not prices["lambda.gb-seconds"].estimated
    assert prices["dynamodb.writes"].usd == Decimal("0.000000625")
    assert prices["dynamodb.writes"].estimated
    assert prices["athena.scanned"].usd is None
