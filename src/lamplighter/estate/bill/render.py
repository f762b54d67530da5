"""Lines in a format, fast: what a group of lines has in common is made once, not once for each line.

Of CSV it is text, so that a line is a few texts one after the other: some are the line's own, some are its group's.
What is a line's own is made once for all copies of the estate (`Rendering.table`), what is a group's for each copy,
for that is where ids are. A column that is a line's own must therefore not depend on an id (`table.COPIED`), but it may
on whether there is one; `line_id` is the exception, and stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from lamplighter.estate.bill.shape import Selected, Shape
from lamplighter.estate.bill.table import COPIED, ENTRY, copy_sql, line_id

if TYPE_CHECKING:
    import duckdb

_LITERAL: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_WHETHER: Final = re.compile(rf"\b({'|'.join(COPIED)}) IS (NOT )?NULL")
_WORD: Final = re.compile(r"[a-z_]\w*")
_ID: Final = "line_id"
_TEXT: Final = "VARCHAR"


@dataclass(frozen=True, slots=True)
class Run:
    """Columns beside each other that are made in the same way.

    Attributes:
        own: they are each line's own, not its group's.
        places: their places among all columns.
    """

    own: bool
    places: Sequence[int]


@dataclass(frozen=True, slots=True)
class Rendering:
    """A month's lines in a format, all but ids.

    Attributes:
        table: what is each line's own.
        keys: what a line is joined to its group by.
        groups: SQL of what is a group's, over `{copy}`.
        result: SQL of what is written, over both, and over `line_id`.
        version: of the bill.
    """

    table: str
    keys: Sequence[str]
    groups: str
    result: str
    version: int

    def piece(self, copy: int, low: int, high: int) -> str:
        """SQL of the lines [low, high) of a copy: of CSV one text each, else all columns."""
        keys = ", ".join(self.keys)
        return (
            f"SELECT {self.result} FROM (SELECT *, {line_id(copy, self.version)} AS {_ID} FROM {self.table}"
            f" WHERE n >= {low} AND n < {high}) JOIN ({self.groups.replace('{copy}', copy_sql(copy))}) USING ({keys})"
        )


def render(
    connection: duckdb.DuckDBPyConnection, made: Shape, columns: Sequence[Selected], version: int, table: str
) -> Rendering:
    """Make the table of what is each line's own in a format.

    Args:
        connection: has `lines`, `entries` and `groups`.
        made: the format.
        columns: its columns.
        version: of the bill.
        table: name of the table to be made; one that is there is replaced.

    Raises:
        ValueError: a column is neither a line's own nor its group's.
    """
    runs = list(_runs(columns))
    keys = ("g", *made.keys)
    own = [place for run in runs if run.own for place in run.places if _ID not in columns[place][1]]
    shared = [place for run in runs if not run.own for place in run.places]
    lines = _selected(columns, ("n", *keys), own, f"({made.rows(copy_sql(0, 'lines'))})")
    both = "".join(f", (VALUES (false), (true)) as_{key}({key})" for key in made.keys)
    groups = _selected(columns, keys, shared, f"{{copy}} made{both}")
    if made.parquet:
        result = [sql if _ID in sql else f"c{place}" for place, (_, sql) in enumerate(columns)]
    else:
        texts = [_text_of(run, columns, number) for number, run in enumerate(runs)]
        lines = _texts(connection, lines, ("n", *keys), [run for run in runs if run.own], runs)
        groups = _texts(connection, groups, keys, [run for run in runs if not run.own], runs)
        # One call for all: `||` would copy the line once for each of its parts.
        result = [f"concat({', '.join(texts)})"]
    connection.execute(f"CREATE OR REPLACE TABLE {table} AS {lines}")
    return Rendering(table, keys, groups, ", ".join(result), version)


def text_sql(connection: duckdb.DuckDBPyConnection, sql: str, columns: int) -> str:
    """SQL of the rows of a query as lines of CSV, one text each."""
    named = f"SELECT * FROM ({sql}) made({', '.join(f'c{place}' for place in range(columns))})"
    types = _types(connection, named)
    return f"SELECT {_joined(range(columns), types)} FROM ({named})"


def _runs(columns: Sequence[Selected]) -> Iterable[Run]:
    owns = [_is_own(sql) for _, sql in columns]
    alone = [_ID in sql for _, sql in columns]
    for (own, _), places in groupby(range(len(columns)), key=lambda place: (owns[place], alone[place])):
        yield Run(own, list(places))


def _is_own(sql: str) -> bool:
    known = _WHETHER.sub("", _LITERAL.sub("", sql))
    words = set(_WORD.findall(known))
    own = bool(words & ENTRY)
    if ((own or _ID in words) and words & COPIED.keys()) or (own and _ID in words):
        raise ValueError(f"neither a line's own nor its group's: {sql}")
    return own or _ID in words


def _selected(columns: Sequence[Selected], keys: Sequence[str], places: Iterable[int], relation: str) -> str:
    return f"SELECT {', '.join((*keys, *(f'{columns[place][1]} AS c{place}' for place in places)))} FROM {relation}"


def _text_of(run: Run, columns: Sequence[Selected], number: int) -> str:
    comma = "" if number == 0 else "',', "
    sql = columns[run.places[0]][1]
    return comma + (sql if _ID in sql else f"r{number}")


def _texts(
    connection: duckdb.DuckDBPyConnection, sql: str, keys: Sequence[str], chosen: Sequence[Run], runs: Sequence[Run]
) -> str:
    """SQL with one column of text for each run; the id of the line has none."""
    types = _types(connection, sql.replace("{copy}", copy_sql(0)))
    found = [
        f"{_joined(run.places, types)} AS r{number}"
        for number, run in enumerate(runs)
        if run in chosen and f"c{run.places[0]}" in types
    ]
    return f"SELECT {', '.join((*keys, *found))} FROM ({sql})"


def _types(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f"DESCRIBE {sql}").fetchall()}


def _joined(places: Iterable[int], types: dict[str, str]) -> str:
    return f"concat_ws(',', {', '.join(_csv(f'c{place}', types[f'c{place}']) for place in places)})"


def _csv(name: str, kind: str) -> str:
    """SQL of a value as DuckDB writes it into CSV: nothing is NULL, and an empty text stands in quotes."""
    if kind != _TEXT:
        return f"COALESCE(CAST({name} AS VARCHAR), '')"
    quoted = f"'\"' || replace({name}, '\"', '\"\"') || '\"'"
    return (
        f"CASE WHEN {name} IS NULL THEN '' WHEN {name} = '' OR regexp_matches({name}, '[,\"\\n\\r]')"
        f" THEN {quoted} ELSE {name} END"
    )
