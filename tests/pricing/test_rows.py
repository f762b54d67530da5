from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from lamplighter.errors import PriceBookError
from lamplighter.pricing.money import Money
from lamplighter.pricing.price import Price, PriceKey, ec2_key, rds_key
from lamplighter.pricing.rows import read_rows

ROW = {
    "service": "ec2",
    "region": "us-east-1",
    "resource_type": "m5.large",
    "amount": "0.08",
    "currency": "USD",
    "as_of": "2026-01-31",
}


def test_a_short_row_is_a_linux_hour() -> None:
    price = Price(Money(Decimal("0.08"), "USD"), "Hrs", date(2026, 1, 31), "own price")
    assert read_rows([ROW]) == {ec2_key("us-east-1", "m5.large"): price}


def test_words_of_other_spellings_are_understood() -> None:
    rows = [
        ROW | {"service": "EC2", "operating_system": "Windows", "estimated": "yes", "source": "contract 7"},
        ROW | {"service": "rds", "resource_type": "db.m5.large", "engine": "PostgreSQL", "deployment": "multi-az"},
        ROW | {"service": "redshift", "resource_type": " ra3.large ", "unit": "", "engine": ""},
    ]
    windows, postgres, redshift = read_rows(rows).items()
    assert windows[0] == ec2_key("us-east-1", "m5.large", "Windows")
    assert (windows[1].estimated, windows[1].source) == (True, "contract 7")
    assert postgres[0] == rds_key("us-east-1", "db.m5.large", "postgres", "multi-az")
    assert redshift[0] == PriceKey("redshift", "us-east-1", "ra3.large")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"amount": "0"}, "row 2: a price is above zero"),
        ({"amount": "-1"}, "above zero"),
        ({"amount": "NaN"}, "finite"),
        ({"amount": "cheap"}, "'cheap' is not a number"),
        ({"amount": " "}, "amount is missing"),
        ({"currency": "dollar"}, "three capital letters"),
        ({"as_of": "31/01/2026"}, "Invalid isoformat"),
        ({"as_of": ""}, "as_of is missing"),
        ({"estimated": "perhaps"}, "estimated is 'perhaps'"),
        ({"operating_sytem": "Linux"}, "no column 'operating_sytem'"),
    ],
)
def test_a_row_that_cannot_be_read_stops_the_reading(change: dict[str, str], message: str) -> None:
    with pytest.raises(PriceBookError, match=message):
        read_rows([ROW | {"resource_type": "m5.xlarge"}, ROW | change])


def test_two_rows_for_one_thing_are_one_too_many() -> None:
    with pytest.raises(PriceBookError, match=r"row 2: ec2 m5.large Linux in us-east-1 has a price already"):
        read_rows([ROW, ROW | {"operating_system": "Linux/UNIX"}])
