"""What a format of bills is: how it is recognised by its columns, and what charges it makes of its rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from lamplighter.billing.columns import Columns


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a file, before it is known what it is.

    Attributes:
        columns: names as the file has them, in order.
        types: DuckDB's types by name; empty for CSV, where everything is text.
        sample: values of the first row by column, as texts; empty if there is no row.
        filled: names of the columns that are not empty, of some of the first rows; not for Parquet.
    """

    columns: tuple[str, ...]
    types: Mapping[str, str]
    sample: Mapping[str, str]
    filled: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How a format reads a table, in SQL over its columns.

    Attributes:
        charges: expression by column of a charge; columns that are missing are NULL. `_unused` and `_net_unused`,
            where given, are the unused part of a commitment on its fee row; `_used_units` the normalised units of a
            reservation that were used.
        problem: expression that says why a row cannot be read, or is NULL.
        cost: expression of the cost as it stands in the bill, for the control totals.
        kind: expression of the bill's own word for the kind of line.
        keep: condition of the rows that are charges at all; others (totals of statements) are counted apart.
        notes: what was assumed, for people.
        values: expressions over columns of the bill by the name of the column that stands for them in all the others:
            those of the `Columns` that made the expressions.
        tags: expression of each tag by its key, NULL where it has no value, where they are known before the rows are.
        month: expression whose most frequent value in a file is the month of the whole file, YYYY-MM, where rows do not
            say it; then the other expressions may use the column `_month`.
    """

    charges: Mapping[str, str]
    problem: str
    cost: str
    kind: str
    keep: str = "true"
    notes: tuple[str, ...] = ()
    month: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None


class Format(ABC):
    """One format of bills. Members of the family are found by themselves, see `registry`.

    Attributes:
        name: stable name, kept with every charge.
        title: name for people.
        why: what it is good for, or what it lacks.
        source: where it is documented.
        since: version of Lamplighter that brought it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    why: ClassVar[str]
    source: ClassVar[str]
    since: ClassVar[str]

    @abstractmethod
    def recognises(self, table: Table) -> bool:
        """Whether the columns are those of this format; formats exclude each other."""

    @abstractmethod
    def reading(self, table: Table) -> Reading:
        """How to read it."""


def checked(charges: Mapping[str, str], columns: Columns, required: tuple[str, ...]) -> str:
    """SQL: the first reason why a row cannot be read: a value that is none, or one that must be there and is not."""
    empty = [f"CASE WHEN {charges[name]} IS NULL THEN '{name} is empty' END" for name in required]
    start, end = charges["BillingPeriodStart"], charges["BillingPeriodEnd"]
    at = charges["ChargePeriodStart"]
    early, late = f"{start} < TIMESTAMP '2006-01-01'", f"{start} >= TIMESTAMP '2200-01-01'"
    wild = (
        f"CASE WHEN {early} OR {late} THEN 'there was no AWS in the billing period: ' || CAST({start} AS VARCHAR) END"
    )
    after, before = f"{at} >= {end}", f"{at} < {start} - INTERVAL 400 DAY"
    outside = (
        f"CASE WHEN {after} OR {before} THEN"
        f" 'the charge lies outside of its billing period: ' || CAST({at} AS VARCHAR) END"
    )
    # A date that is missing makes the doubts NULL, which is not 0 either.
    doubts = [f"({charges[name]} IS NULL)" for name in required]
    doubts += [f"({each})" for each in (early, late, after, before)]
    return columns.first_problem(doubts, [*empty, wild, outside])
