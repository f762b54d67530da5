"""FOCUS 1.1 and 1.2, CSV or Parquet, as Data Exports writes it."""

from __future__ import annotations

from typing import ClassVar

from lamplighter.billing import focus
from lamplighter.billing.format import Format, Reading, Table


class Focus12(Format):
    """FOCUS 1.2 with AWS columns: 57 columns of the specification, and three that begin with `x_`; 1.1 as well."""

    name: ClassVar[str] = "focus-1.2"
    title: ClassVar[str] = "FOCUS 1.2"
    why: ClassVar[str] = (
        "The open specification with invoices, capacity reservations, SKU meters; cost categories are among its tags."
    )
    source: ClassVar[str] = "https://focus.finops.org/focus-specification/v1-2/"
    since: ClassVar[str] = "0.1.0"

    def recognises(self, table: Table) -> bool:
        """By columns of the specification, one of which at least came after 1.0."""
        return focus.is_focus(table) and bool(focus.SINCE_1_0 & set(focus.known(table)))

    def reading(self, table: Table) -> Reading:
        """As `lamplighter.billing.focus` says."""
        return focus.reading(table)
