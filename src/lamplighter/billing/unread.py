"""Rows that cannot be read, written down while the text that they stand in is here."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lamplighter.billing.format import Reading
from lamplighter.billing.raw import Raw, Reject
from lamplighter.lake.columns import literal

if TYPE_CHECKING:
    import duckdb

KEPT: Final = 100_000
"""Rows that are written out; more than that are counted only."""


@dataclass(frozen=True, slots=True)
class Read:
    """Files with the same columns, and how they were read.

    Attributes:
        raw: the files.
        reading: how.
        problem: SQL of the reason why a row cannot be read, or NULL.
        rows: rows and lines that are no rows, as the reader counted them.
    """

    raw: Raw
    reading: Reading
    problem: str
    rows: int


def write_unread(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    reads: Sequence[Read],
    rejects: Sequence[Reject],
    bad: Collection[str],
) -> None:
    """Write rows as JSON lines: file, line, reason, and the row or its text; at most `KEPT`.

    The line is that of the row in its file; rows that hold line breaks themselves make it a lower bound.

    Args:
        connection: for reading the files again.
        path: of the file that is written.
        reads: how the files were read.
        rejects: lines that are no rows.
        bad: names of the files that have rows which cannot be read.
    """
    with path.open("w", encoding="utf-8") as file:
        for number, row in enumerate(_rows(connection, reads, rejects, bad)):
            if number == KEPT:
                break
            file.write(json.dumps(row, default=str) + "\n")


def _rows(
    connection: duckdb.DuckDBPyConnection, reads: Sequence[Read], rejects: Sequence[Reject], bad: Collection[str]
) -> Iterator[dict[str, Any]]:
    names = {str(part.path): part.name for read in reads for part in read.raw.parts}
    for reject in rejects:
        yield {
            "file": names.get(reject.path, reject.path),
            "line": reject.line,
            "reason": reject.reason,
            "text": reject.text,
        }
    for read in reads:
        raw, reading = read.raw, read.reading
        for part in raw.parts:
            if part.name not in bad:
                continue
            columns = ", ".join(
                f'{literal(name)}: "{name.replace(chr(34), chr(34) * 2)}"' for name in raw.table.columns
            )
            cursor = connection.execute(
                f"SELECT line, reason, row FROM (SELECT row_number() OVER () + {raw.skip} AS line,"
                f" {reading.keep} AS keep, {read.problem} AS reason, {{{columns}}} AS row"
                f" FROM {raw.sql([part], sequential=True)}) WHERE keep AND reason IS NOT NULL"
            )
            while rows := cursor.fetchmany(1000):
                for line, reason, row in rows:
                    kept = {name: value for name, value in row.items() if value not in (None, "")}
                    yield {"file": part.name, "line": line, "reason": reason, "row": kept}
