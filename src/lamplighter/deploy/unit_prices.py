"""Prices of what a deployment uses: public list prices of us-east-1, each with its source and date."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

REGION: Final = "us-east-1"
"""Where the prices hold; elsewhere they are an estimate."""

CURRENCY: Final = "USD"


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one unit costs.

    Attributes:
        name: `<service>.<what>`.
        unit: what is counted; sizes in GB are of 10^9 bytes.
        usd: price of one; None if it is not known.
        as_of: when it was read, by the source; None if it is not known.
        estimated: whether it is derived or stands for something else, as the source says.
        source: where it is from.
    """

    name: str
    unit: str
    usd: Decimal | None
    as_of: date | None
    estimated: bool
    source: str


@cache
def unit_prices() -> Mapping[str, UnitPrice]:
    """Every price, by name."""
    text = resources.files("lamplighter.deploy").joinpath("data", "unit_prices.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["name"]: _price(row) for row in csv.DictReader(text.splitlines())})


def _price(row: Mapping[str, str]) -> UnitPrice:
    return UnitPrice(
        row["name"],
        row["unit"],
        Decimal(row["usd"]) if row["usd"] else None,
        date.fromisoformat(row["as_of"]) if row["as_of"] else None,
        row["estimated"] == "yes",
        row["source"],
    )
