"""A small made-up estate, its bills prepared once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lamplighter.estate.bill.bought import buy
from lamplighter.estate.bill.fleet import make_used
from lamplighter.estate.bill.options import Discounts, Options
from lamplighter.estate.bill.used import Bought, Used
from lamplighter.estate.bill.write import Prepared, prepare

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
FIFTH = datetime(2026, 10, 5, tzinfo=UTC)
SEVENTEENTH = datetime(2026, 10, 17, tzinfo=UTC)

Prepare = Callable[..., Prepared]


@dataclass(frozen=True)
class Estate:
    """What ran, and what had been bought."""

    used: Used
    bought: Bought


@pytest.fixture(scope="session")
def small() -> Estate:
    """Twenty resources, for four days of October 2026."""
    used = make_used(7, 20, OCTOBER, FIFTH)
    return Estate(used, buy(used))


@pytest.fixture(scope="session")
def prepared(small: Estate) -> Iterator[Prepare]:
    """Prepares the small estate's bill; the same options are prepared once."""
    known: dict[str, Prepared] = {}

    def get(**options: Any) -> Prepared:
        key = repr(sorted(options.items()))
        if key not in known:
            if "discounts" in options:
                options["discounts"] = Discounts(options["discounts"])
            known[key] = prepare(small.used, small.bought, Options(**options), OCTOBER, threads=1)
        return known[key]

    yield get
    for each in known.values():
        each.close()


def csv_sql(folder: Path) -> str:
    """FROM item of all CSV below a folder, every column a text, empty ones NULL."""
    found = ", ".join(f"'{path}'" for path in sorted(folder.rglob("*.csv.gz")))
    return f"read_csv([{found}], header = true, all_varchar = true, auto_detect = true, delim = ',', quote = '\"')"


def rows_of(sql: str) -> list[tuple[Any, ...]]:
    """What a query of files comes to."""
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()
