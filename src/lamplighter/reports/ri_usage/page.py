"""What a page of the workbook is: a question to the lake and how its answer is shown, or code that makes sheets."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from lamplighter.reports.sheet import Chart, Column, Kind, Sheet, Value

if TYPE_CHECKING:
    from lamplighter.commitments.kept import Inventory
    from lamplighter.commitments.sizing.recommendation import Recommendation
    from lamplighter.lake.ledger import Ledger

CURRENCY = "Currency"


@dataclass(frozen=True, slots=True)
class Facts:
    """What pages are made from.

    Attributes:
        ledger: the lake.
        period: the month, YYYY-MM.
        organization: name of the organisation, for titles.
        inventory: what has been committed to, as it was kept.
        recommendation: what to buy; None if it could not be worked out.
        missing: why there is no recommendation; empty if there is one.
        at: when the workbook is made, aware UTC.
        warnings: what the recommendation could not take into account, a line each.
    """

    ledger: Ledger
    period: str
    organization: str
    inventory: Inventory
    recommendation: Recommendation | None
    missing: str
    at: datetime
    warnings: tuple[str, ...] = ()

    @property
    def recommend_again(self) -> str:
        """The command that works the recommendation out again."""
        return f"lamp commit recommend --period {self.period} (by views usage and usage_looks)"


class Page(ABC):
    """One page, or several of a kind. A page that asks one question only names it; others override `sheets`.

    Attributes:
        name: of the tab.
        order: place in the workbook.
        title: above it; `{period}` and `{organization}` may stand in it.
        about: what the rows are.
        sql: a SELECT to views of the lake, with `{period}` for the month; its columns are those of `columns`.
        columns: how they are shown.
        charts: beside them.
        empty: said when there are no rows.
    """

    name: ClassVar[str]
    order: ClassVar[int]
    title: ClassVar[str]
    about: ClassVar[str]
    sql: ClassVar[str] = ""
    columns: ClassVar[tuple[Column, ...]] = ()
    charts: ClassVar[tuple[Chart, ...]] = ()
    empty: ClassVar[str] = "nothing is known of this month"

    def sheets(self, facts: Facts) -> Iterator[Sheet]:
        """The sheets of it, in order.

        Raises:
            LakeError: the lake cannot be read.
        """
        question = " ".join(self.sql.format(period=facts.period).split())
        yield self.sheet(facts, answered(facts, question), asked(question))

    def sheet(self, facts: Facts, rows: Sequence[Sequence[Value]], source: str) -> Sheet:
        """A sheet of the page's columns."""
        words = {"period": facts.period, "organization": facts.organization}
        return Sheet(
            self.name,
            self.title.format(**words),
            self.about,
            source,
            summed(self.columns, rows),
            rows,
            self.charts if rows else (),
            self.empty,
        )


def answered(facts: Facts, question: str) -> list[tuple[Value, ...]]:
    """What the lake answers; its times have no zone and are UTC.

    Raises:
        LakeError: the lake cannot be read.
    """
    return [
        tuple(value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in row)
        for row in facts.ledger.query(question).rows
    ]


def asked(question: str) -> str:
    """The command that asks it again."""
    return f'lamp sql "{question}"'


def summed(columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> Sequence[Column]:
    """The columns, without sums of money where it is of several currencies."""
    place = next((number for number, column in enumerate(columns) if column.title == CURRENCY), None)
    if place is None or len({row[place] for row in rows} - {None}) < 2:
        return columns
    return [replace(each, total=False) if each.kind is Kind.MONEY else each for each in columns]
