"""Services of AWS: from product codes to names for people and the service categories of FOCUS."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from lamplighter.lake.columns import literal


@cache
def services() -> MappingProxyType[str, tuple[str, str]]:
    """(category, name) by product code. Source of the categories: FOCUS 1.2, "Service Category"."""
    text = files("lamplighter.billing").joinpath("data/services.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["code"]: (row["category"], row["name"]) for row in csv.DictReader(text.splitlines())})


def known_sql(code: str) -> str:
    """SQL of what is known of a product code, itself SQL: a structure of category and name, or NULL."""
    keys = ", ".join(literal(key) for key in services())
    values = ", ".join(
        f"{{'category': {literal(category)}, 'name': {literal(name)}}}" for category, name in services().values()
    )
    return f"MAP([{keys}], [{values}])[{code}]"


def category_sql(code: str, known: str | None = None) -> str:
    """SQL of the service category of a product code, itself SQL; one that is not known is in category Other.

    Args:
        code: SQL of the product code.
        known: a column that holds `known_sql` of it already.
    """
    return f"COALESCE(({known or known_sql(code)}).category, 'Other')"


def service_sql(code: str, given: str, known: str | None = None) -> str:
    """SQL of the service's name: as known here, else as the bill says, else the code itself.

    Bills of different formats name services differently; known ones are alike here.

    Args:
        code: SQL of the product code.
        given: SQL of the name that the bill has.
        known: a column that holds `known_sql` of the code already.
    """
    return f"COALESCE(({known or known_sql(code)}).name, {given}, {code}, 'Unknown')"


def code_sql(name: str) -> str:
    """SQL of the product code of a service's name, itself SQL; the name itself where it is not known."""
    codes = {given: code for code, (_, given) in reversed(list(services().items()))}
    keys, values = ", ".join(map(literal, codes)), ", ".join(map(literal, codes.values()))
    return f"COALESCE(MAP([{keys}], [{values}])[{name}], {name})"
