"""Cost and Usage Report, CSV."""

from __future__ import annotations

from typing import ClassVar

from lamplighter.billing import cur
from lamplighter.billing.columns import Columns
from lamplighter.billing.format import Format, Reading, Table
from lamplighter.billing.names import by_athena_name
from lamplighter.billing.raw import AGAIN


class CurCsv(Format):
    """The report as CSV: one column for each tag, cost category and product fact."""

    name: ClassVar[str] = "cur-csv"
    title: ClassVar[str] = "Cost and Usage Report (CSV)"
    why: ClassVar[str] = (
        "The report that most organisations have had for years: every line type, hourly, with resources."
    )
    source: ClassVar[str] = "https://docs.aws.amazon.com/cur/latest/userguide/data-dictionary.html"
    since: ClassVar[str] = "0.1.0"

    def recognises(self, table: Table) -> bool:
        """By its `category/Name` columns."""
        return {"lineItem/UnblendedCost", "lineItem/LineItemType"} <= set(table.columns)

    def reading(self, table: Table) -> Reading:
        """As `lamplighter.billing.cur` says."""
        return cur.reading(
            Columns(by_athena_name(table.columns), table.types),
            tags=_keys(table, "resourceTags/"),
            cost_categories=_keys(table, "costCategory/"),
            discounts=_keys(table, "discount/"),
            filled=table.filled,
        )


def _keys(table: Table, prefix: str) -> dict[str, str]:
    """Own column name -> key in the map."""
    return {
        column: column.removeprefix(prefix).removeprefix("user:").partition(AGAIN)[0]
        for column in table.columns
        if column.startswith(prefix)
    }
