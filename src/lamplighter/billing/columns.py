"""SQL over the columns that a bill happens to have: what is missing is NULL, what cannot be read is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Final

from lamplighter.lake.columns import NUMBER, literal

_MARK: Final = "\x1e"
"""Stands in the names of columns that hold what was read of a text; no bill has it in a name."""

_NO_UTC: Final = (
    " OR NOT (suffix({raw}, 'Z') AND strlen({raw}) IN (20, 24))"
    " AND NOT regexp_full_match({raw},"
    " '[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}([T ][0-9]{{1,2}}:[0-9]{{2}}(:[0-9]{{2}}([.][0-9]+)?)?Z?)?')"
)
"""SQL: a text that DuckDB takes for a time, yet it is none in UTC: with an offset, a zone, or a word for it.

Nearly all are `2026-10-05T10:00:00Z`, with or without milliseconds, which is cheap to see.
"""


def quoted(name: str) -> str:
    """A column name in SQL."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(slots=True)
class Columns:
    """The columns of a bill as a format reads them, and which of them were read as numbers or times.

    Attributes:
        actual: by the name that the format uses, the column's own name.
        types: DuckDB's types by the column's own name; texts when empty (CSV).
        nothing: texts that mean that there is no value.
        checks: SQL that is a reason when a value cannot be read, NULL otherwise; one for each number or time read.
        suspects: SQL of conditions, one of which at least is true or NULL in every row where a check has a reason.
            They cost far less than the checks, which are asked only then.
        values: SQL by the name of a column that stands for it in everything else, so that each text is read once.
    """

    actual: Mapping[str, str]
    types: Mapping[str, str] = field(default_factory=dict)
    nothing: tuple[str, ...] = ("",)
    checks: dict[str, str] = field(default_factory=dict)
    suspects: dict[str, None] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def first(self, *names: str) -> str | None:
        """The first of these names that the bill has."""
        return next((name for name in names if name in self.actual), None)

    def has(self, name: str) -> bool:
        """Whether the bill has the column."""
        return name in self.actual

    def beginning(self, prefix: str) -> list[str]:
        """The names that begin with a prefix, in the order of the bill."""
        return [name for name in self.actual if name.startswith(prefix)]

    def raw(self, name: str) -> str:
        """The column as text, NULL when it is empty or missing."""
        if name not in self.actual:
            return "CAST(NULL AS VARCHAR)"
        return self.own_text(self.actual[name])

    def own_text(self, own: str) -> str:
        """A column by its own name, as text, NULL when it is empty. The reader of CSV has made NULL of `""` already."""
        if not self._is_text(own):
            return f"CAST({quoted(own)} AS VARCHAR)"
        words = [word for word in self.nothing if word or self.types]
        return reduce(lambda column, word: f"NULLIF({column}, {literal(word)})", words, quoted(own))

    def once(self, word: str, sql: str) -> str:
        """A column that stands for something that is worked out once a row.

        Args:
            word: what it is, unlike others.
            sql: over columns of the bill only.
        """
        name = f"{word}{_MARK}"
        self.values[name] = sql
        return quoted(name)

    def text(self, *names: str) -> str:
        """The first of these columns that the bill has, as text."""
        return self.raw(self.first(*names) or names[0])

    def number(self, *names: str) -> str:
        """The first of these columns that the bill has, as an exact number.

        Binary numbers go through their shortest text, so that 0.1 is 0.1.
        """
        return self._read(names, NUMBER, "number")

    def time(self, *names: str) -> str:
        """The first of these columns that the bill has, as a time in UTC.

        One with an offset other than Z, or with words, is a problem of its row: DuckDB would leave the offset out.
        """
        name = self.first(*names)
        kind = self.types.get(self.actual[name], "") if name is not None else ""
        if name is not None and kind.startswith("TIMESTAMP WITH"):
            return f"({quoted(self.actual[name])} AT TIME ZONE 'UTC')"
        if name is not None and kind.startswith("TIMESTAMP"):
            return f"CAST({quoted(self.actual[name])} AS TIMESTAMP)"
        return self._read(names, "TIMESTAMP", "time in UTC", _NO_UTC)

    def problem(self) -> str:
        """SQL: the first reason why a row cannot be read, or NULL."""
        return self.first_problem((), ())

    def first_problem(self, suspects: Iterable[str], reasons: Iterable[str]) -> str:
        """The same, with conditions and reasons of a format behind those of the values."""
        doubts = [f"CAST({each} AS SMALLINT)" for each in (*self.suspects, *suspects)]
        if not doubts:
            return "CAST(NULL AS VARCHAR)"
        said = ", ".join((*self.checks.values(), *reasons))
        return f"CASE WHEN {' + '.join(doubts)} = 0 THEN CAST(NULL AS VARCHAR) ELSE COALESCE({said}) END"

    def _read(self, names: Iterable[str], sql_type: str, word: str, wrong: str = "") -> str:
        name = self.first(*names)
        if name is None:
            return f"CAST(NULL AS {sql_type})"
        own, raw = self.actual[name], self.raw(name)
        if self.types.get(own) == sql_type:
            return quoted(own)
        value = self.once(f"{own}{_MARK}{sql_type}", f"TRY_CAST({raw} AS {sql_type})")
        self.suspects[f"(({raw} IS NULL) <> ({value} IS NULL))"] = None
        if wrong:
            self.suspects[f"(NOT COALESCE(suffix({raw}, 'Z'), true))"] = None
            self.suspects[f"(COALESCE(strlen({raw}), 20) NOT IN (20, 24))"] = None
        self.checks[name] = (
            f"CASE WHEN {raw} IS NOT NULL AND ({value} IS NULL{wrong.format(raw=raw)}) "
            f"THEN {literal(f'{own} is no {word}: ')} || left({raw}, 60) END"
        )
        return value

    def _is_text(self, own: str) -> bool:
        return not self.types or self.types.get(own) == "VARCHAR"
