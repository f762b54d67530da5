"""Services of AWS: from product codes to names for people and the service categories of FOCUS."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from lamplighter.billing.columns import literal


@cache
def services() -> MappingProxyType[str, tuple[str, str]]:
    """(category, name) by product code. Source of the categories: FOCUS 1.2, "Service Category"."""
    text = files("lamplighter.billing").joinpath("data/services.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["code"]: (row["category"], row["name"]) for row in csv.DictReader(text.splitlines())})


def category_sql(code: str) -> str:
    """SQL of the service category of a product code, itself SQL; one that is not known is in category Other."""
    return f"COALESCE({_lookup(0)}[{code}], 'Other')"


def service_sql(code: str, given: str) -> str:
    """SQL of the service's name: as known here, else as the bill says, else the code itself.

    Bills of different formats name services differently; known ones are alike here.
    """
    return f"COALESCE({_lookup(1)}[{code}], {given}, {code}, 'Unknown')"


def code_sql(name: str) -> str:
    """SQL of the product code of a service's name, itself SQL; the name itself where it is not known."""
    codes = {given: code for code, (_, given) in reversed(list(services().items()))}
    keys, values = ", ".join(map(literal, codes)), ", ".join(map(literal, codes.values()))
    return f"COALESCE(MAP([{keys}], [{values}])[{name}], {name})"


def _lookup(part: int) -> str:
    keys = ", ".join(literal(code) for code in services())
    values = ", ".join(literal(row[part]) for row in services().values())
    return f"MAP([{keys}], [{values}])"
