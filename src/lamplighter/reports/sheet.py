"""What a sheet holds, as data: titles, columns with their meaning, rows, charts, and where the figures come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | float | Decimal | date | datetime | bool | None
"""What a cell may hold. None is an empty cell: not known, never zero. Times are aware and shown in UTC."""


class Kind(StrEnum):
    """What a column holds, which decides how it is shown."""

    TEXT = "text"
    COUNT = "count"
    HOURS = "hours"
    QUANTITY = "quantity"
    PERCENT = "percent"
    MONEY = "money"
    RATE = "rate"
    DATE = "date"
    TIME = "time"


NUMBERS = frozenset({Kind.COUNT, Kind.HOURS, Kind.QUANTITY, Kind.PERCENT, Kind.MONEY, Kind.RATE})
"""Kinds whose cells are numbers."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: unique in its sheet; names the unit where the kind does not.
        kind: what it holds. PERCENT takes shares: 0.25 is shown as 25.0%.
        about: a note at the title: what it means, its formula.
        total: whether a sum of it means something; the foot of the sheet then has it.
        bar: whether cells show a data bar.
    """

    title: str
    kind: Kind = Kind.TEXT
    about: str = ""
    total: bool = False
    bar: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A native chart of columns of its sheet.

    Attributes:
        title: above it.
        kind: `line`, `column`, `bar`, `area`, as XlsxWriter names them.
        categories: title of the column along its axis.
        series: titles of the columns that are drawn.
        stacked: whether series stand on each other.
        axis: what the values are, with unit.
    """

    title: str
    kind: str
    categories: str
    series: Sequence[str]
    stacked: bool = False
    axis: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet.

    Attributes:
        name: of its tab; shortened and made unique where a workbook demands it.
        title: above everything.
        about: what the rows are, a sentence or two.
        source: how to get the same figures again: a view with its question, or a command.
        columns: in order.
        rows: cells in the order of the columns.
        charts: beside the rows.
        empty: said in place of rows when there are none.
    """

    name: str
    title: str
    about: str
    source: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    charts: Sequence[Chart] = ()
    empty: str = "nothing to show"
