"""Raw tables: the rows of a bill's files as DuckDB sees them, before anybody knows what they mean."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from lamplighter.billing.columns import quoted
from lamplighter.billing.format import Table
from lamplighter.billing.sources import CSV, GZIP, PARQUET, Part
from lamplighter.errors import BillError
from lamplighter.lake.columns import literal

if TYPE_CHECKING:
    import duckdb

AGAIN: Final = "\x1f"
"""Stands behind a column name that the header has more than once, capitals aside, before the number of its repeat."""

_HEADER_BYTES: Final = 1 << 20
_LINE_BYTES: Final = 8 << 20
_SAMPLE: Final = 500
_BANNER: Final = "Don't see your tags"


@dataclass(frozen=True, slots=True)
class Raw:
    """Files with the same columns.

    Attributes:
        table: their columns.
        parts: the files.
        skip: lines before the first row, the header among them; 0 for Parquet.
        months: YYYY-MM by path, where rows do not say their month; then there is a column `_month`.
        values: SQL of more columns by name, over the others; `Reading.values`.
    """

    table: Table
    parts: tuple[Part, ...]
    skip: int
    months: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_text(self) -> bool:
        """Whether it is CSV."""
        return self.parts[0].kind != PARQUET

    def sql(self, parts: Sequence[Part] | None = None, *, sequential: bool = False) -> str:
        """A FROM item with every column, `filename`, and `_month` where there are months.

        Args:
            parts: only these of its files.
            sequential: read by one thread, so that rows can be numbered.
        """
        source = self._source(parts or self.parts, sequential)
        if self.months:
            keys, values = ", ".join(map(literal, self.months)), ", ".join(map(literal, self.months.values()))
            source = f"(SELECT *, MAP([{keys}], [{values}])[filename] AS _month FROM {source})"
        if not self.values:
            return source
        return f"(SELECT *, {', '.join(f'{sql} AS {quoted(name)}' for name, sql in self.values.items())} FROM {source})"

    def _source(self, parts: Sequence[Part], sequential: bool) -> str:
        files = f"[{', '.join(literal(str(part.path)) for part in parts)}]"
        if not self.is_text:
            return f"read_parquet({files}, filename = true, hive_partitioning = false)"
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in self.table.columns)
        packed = "gzip" if self.parts[0].kind == GZIP else "none"
        return (
            f"read_csv({files}, auto_detect = false, header = false, skip = {self.skip}, delim = ',', quote = '\"',"
            f" escape = '\"', nullstr = '', allow_quoted_nulls = true, columns = {{{columns}}},"
            f" compression = '{packed}', filename = true, strict_mode = true,"
            f" store_rejects = true, max_line_size = {_LINE_BYTES}, parallel = {'false' if sequential else 'true'})"
        )


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that is no row of its file.

    Attributes:
        path: the file.
        line: its number, from 1.
        reason: why.
        text: the line, cut.
    """

    path: str
    line: int
    reason: str
    text: str


def read_tables(parts: Sequence[Part], connection: duckdb.DuckDBPyConnection) -> list[Raw]:
    """Group files by their columns, in the order of the files.

    Raises:
        BillError: a file has no header, or is no Parquet.
    """
    groups: dict[tuple[object, ...], list[Part]] = {}
    tables: dict[tuple[object, ...], tuple[Table, int]] = {}
    for part in parts:
        table, skip = _parquet(part, connection) if part.kind == PARQUET else _header(part)
        key = (part.kind, table.columns, tuple(sorted(table.types.items())), skip)
        groups.setdefault(key, []).append(part)
        tables.setdefault(key, (table, skip))
    return [Raw(tables[key][0], tuple(found), tables[key][1]) for key, found in groups.items()]


def rejects(connection: duckdb.DuckDBPyConnection) -> Iterator[Reject]:
    """Lines that the last read of this connection refused; they are forgotten by asking."""
    if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'").fetchone():
        return
    rows = connection.execute(
        "SELECT scans.file_path, errors.line, errors.error_type, errors.error_message, left(errors.csv_line, 2000)"
        " FROM reject_errors errors JOIN reject_scans scans"
        " ON errors.scan_id = scans.scan_id AND errors.file_id = scans.file_id ORDER BY 1, 2"
    ).fetchall()
    seen: set[tuple[str, int]] = set()
    for path, line, kind, message, text in rows:
        if (path, line) not in seen:
            seen.add((path, line))
            words = " ".join(str(message).split())
            yield Reject(str(path), int(line), f"{str(kind).lower()}: {words}", str(text or ""))
    connection.execute("DELETE FROM reject_errors")


def _parquet(part: Part, connection: duckdb.DuckDBPyConnection) -> tuple[Table, int]:
    import duckdb as library

    source = f"read_parquet({literal(str(part.path))}, hive_partitioning = false)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        texts = ", ".join(f"CAST({quoted(row[0])} AS VARCHAR)" for row in described)
        first = connection.execute(f"SELECT {texts} FROM {source} LIMIT 1").fetchone()
    except library.Error as error:
        message = str(error).partition("\n")[0]
        raise BillError(f"{part.name} cannot be read: {message}", hint="fetch it again") from error
    names = tuple(str(row[0]) for row in described)
    sample = {name: value for name, value in zip(names, first or (), strict=False) if value is not None}
    return Table(names, {str(row[0]): str(row[1]) for row in described}, sample), 0


def _header(part: Part) -> tuple[Table, int]:
    try:
        with gzip.open(part.path, "rb") if part.kind == GZIP else part.path.open("rb") as file:
            begin = file.read(_HEADER_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise BillError(f"{part.name} is damaged: {error}", hint="fetch it again") from error
    assert part.kind in (CSV, GZIP)
    if b"\0" in begin:
        raise BillError(f"{part.name} holds NUL bytes", hint="it is damaged, fetch it again")
    reader = csv.reader(io.StringIO(begin.decode("utf-8-sig", errors="replace")))
    try:
        header = next(reader, [])
        banner = bool(header) and header[0].startswith(_BANNER)
        if banner:
            header = next(reader, [])
        lines = reader.line_num
    except csv.Error as error:
        raise BillError(f"{part.name} has no header that can be read: {error}", hint="is it a bill?") from error
    if len(header) < 2:
        raise BillError(f"{part.name} has no header of columns", hint="is it a bill?")
    names = tuple(_unique(header))
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows += islice(reader, _SAMPLE)
    filled = tuple(frozenset(name for name, text in zip(names, row, strict=False) if text) for row in rows)
    return Table(names, {}, dict(zip(names, rows[0], strict=False)) if rows else {}, filled), lines


def _unique(header: Sequence[str]) -> Iterator[str]:
    """Names that differ, capitals aside, and are not empty, as DuckDB needs them."""
    seen: dict[str, int] = {}
    for position, given in enumerate(header, start=1):
        name = given or f"column {position}"
        count = seen[name.lower()] = seen.get(name.lower(), 0) + 1
        yield name if count == 1 else f"{name}{AGAIN}{count}"
