"""FOCUS 1.0, CSV or Parquet, as Data Exports writes it."""

from __future__ import annotations

from typing import ClassVar

from lamplighter.billing import focus
from lamplighter.billing.format import Format, Reading, Table


class Focus10(Format):
    """FOCUS 1.0 with AWS columns: 43 columns of the specification, and five that begin with `x_`."""

    name: ClassVar[str] = "focus-1.0"
    title: ClassVar[str] = "FOCUS 1.0"
    why: ClassVar[str] = (
        "The open specification: commitments spread and negations gone already; costs before discounts are not in it."
    )
    source: ClassVar[str] = "https://focus.finops.org/focus-specification/v1-0/"
    since: ClassVar[str] = "0.1.0"

    def recognises(self, table: Table) -> bool:
        """By columns of the specification, none of which came after 1.0."""
        return focus.is_focus(table) and not focus.SINCE_1_0 & set(focus.known(table))

    def reading(self, table: Table) -> Reading:
        """As `lamplighter.billing.focus` says."""
        return focus.reading(table)
