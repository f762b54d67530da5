"""CUR 2.0 of Data Exports, Parquet with maps or CSV with JSON."""

from __future__ import annotations

from typing import ClassVar

from lamplighter.billing import cur
from lamplighter.billing.columns import Columns
from lamplighter.billing.format import Format, Reading, Table


class Cur2(Format):
    """The report of Data Exports: a fixed set of columns; tags, cost categories, discounts, product facts as maps."""

    name: ClassVar[str] = "cur-2.0"
    title: ClassVar[str] = "Cost and Usage Report 2.0"
    why: ClassVar[str] = (
        "What AWS offers today: the same lines, with account names, and maps instead of columns that change."
    )
    source: ClassVar[str] = "https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html"
    since: ClassVar[str] = "0.1.0"

    def recognises(self, table: Table) -> bool:
        """By Athena's names and the map of tags, or the payer's name, which version 1 has not."""
        return set(cur.REQUIRED) <= set(table.columns) and "resource_tags" in table.columns

    def reading(self, table: Table) -> Reading:
        """As `lamplighter.billing.cur` says."""
        return cur.reading(Columns({name: name for name in table.columns}, table.types))
