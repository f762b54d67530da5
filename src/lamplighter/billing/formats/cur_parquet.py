"""Cost and Usage Report, Parquet as made for Athena."""

from __future__ import annotations

from typing import ClassVar

from lamplighter.billing import cur
from lamplighter.billing.columns import Columns
from lamplighter.billing.format import Format, Reading, Table
from lamplighter.billing.maps import plain_key


class CurParquet(Format):
    """The report with Athena's column names: one column for each tag, cost category and product fact."""

    name: ClassVar[str] = "cur-parquet"
    title: ClassVar[str] = "Cost and Usage Report (Parquet)"
    why: ClassVar[str] = "The same report, smaller and faster to read; its tag keys have lost their capitals and signs."
    source: ClassVar[str] = "https://docs.aws.amazon.com/cur/latest/userguide/cur-query-athena.html"
    since: ClassVar[str] = "0.1.0"

    def recognises(self, table: Table) -> bool:
        """By Athena's names, without the maps of CUR 2.0."""
        return set(cur.REQUIRED) <= set(table.columns) and "resource_tags" not in table.columns

    def reading(self, table: Table) -> Reading:
        """As `lamplighter.billing.cur` says."""
        return cur.reading(
            Columns({name: name for name in table.columns}, table.types),
            tags=_keys(table, "resource_tags_"),
            cost_categories=_keys(table, "cost_category_"),
            discounts=_keys(table, "discount_"),
        )


def _keys(table: Table, prefix: str) -> dict[str, str]:
    return {column: plain_key(column.removeprefix(prefix)) for column in table.columns if column.startswith(prefix)}
