"""Column names as Athena writes them, so that CSV and Parquet bills are read alike."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")


def athena_name(name: str) -> str:
    """`lineItem/UsageStartDate` as `line_item_usage_start_date`, `savingsPlan/SavingsPlanARN` as `..._a_r_n`.

    Source: Cost and Usage Report user guide, "Querying Cost and Usage Reports using Amazon Athena".
    """
    return _OTHER.sub("_", _CAPITAL.sub("_", name).lower()).strip("_")


def by_athena_name(columns: Iterable[str]) -> dict[str, str]:
    """Columns by their Athena name; where two come to the same, the first keeps it."""
    found: dict[str, str] = {}
    for column in columns:
        found.setdefault(athena_name(column), column)
    return found
