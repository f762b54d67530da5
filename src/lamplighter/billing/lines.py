"""Lines of text files, counted without the reader of rows: every line must be a row, or be said to be none.

A quote that is never closed makes one row, or one bad line, of many lines; CSV allows line breaks in quotes, so no
reader complains of it. Bills have next to none; that is why lines and rows can be held against each other.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from lamplighter.billing.columns import quoted
from lamplighter.billing.raw import Raw
from lamplighter.billing.sources import GZIP, Part, most_unpacked
from lamplighter.errors import BillError
from lamplighter.lake.columns import literal

if TYPE_CHECKING:
    import duckdb

_CHUNK: Final = 1 << 16


def count_lines(part: Part) -> int:
    """Lines of a text file, the last one with or without an end.

    This also compares a gzip file with its own checksums, which DuckDB does not look at.

    Raises:
        BillError: it is damaged, cut off, a bomb, or holds NUL bytes.
    """
    lines, last = 0, bytearray(b"\n")
    for chunk, size in _chunks(part):
        # Many times as fast as `count`, which looks at each byte.
        whole = chunk if size == _CHUNK else chunk[:size]
        lines += size - len(whole.replace(b"\n", b""))
        last = chunk[size - 1 : size]
    return lines + (last != b"\n")


def prove_lines(connection: duckdb.DuckDBPyConnection, raw: Raw, lines: int, rows: int) -> None:
    """Hold the lines of files with the same columns against what was read from them.

    Args:
        connection: for another look, should they differ.
        raw: the files.
        lines: of all of them, headers included.
        rows: rows and lines that are no rows, as the reader counted them.

    Raises:
        BillError: lines are missing.
    """
    missing = lines - raw.skip * len(raw.parts) - rows
    if not missing:
        return
    blank = sum(_blank(part) for part in raw.parts)
    columns = f"[{', '.join(quoted(name) for name in raw.table.columns)}]"
    broken = f"list_filter({columns}, lambda text: contains(text, chr(10)))"
    breaks = f"list_sum(list_transform({broken}, lambda text: len(text) - len(replace(text, chr(10), ''))))"
    # A text with so many commas and a line break is no text but rows.
    many = len(raw.table.columns) // 2
    swallowing = f"list_filter({broken}, lambda text: len(text) - len(replace(text, {literal(',')}, '')) >= {many})"
    row = connection.execute(
        f"SELECT COALESCE(SUM({breaks}), 0), COUNT(*) FILTER (len({swallowing}) > 0) FROM {raw.sql()}"
    ).fetchone()
    inside, swallowed = row or (0, 0)
    if missing != blank + inside or swallowed:
        names = ", ".join(part.name for part in raw.parts[:3])
        raise BillError(
            f"{names}: {lines:,} lines, yet {rows:,} rows; a quote that is not closed swallows lines",
            hint="the file is damaged, fetch it again; nothing was published",
        )


def _chunks(part: Part) -> Iterator[tuple[bytearray, int]]:
    """The same piece of memory again and again, and how many bytes were read: fresh pieces cost more than counting."""
    most, seen = most_unpacked(part.path.stat().st_size), 0
    chunk = bytearray(_CHUNK)
    try:
        with gzip.open(part.path, "rb") if part.kind == GZIP else part.path.open("rb", buffering=0) as file:
            while size := file.readinto(chunk):
                seen += size
                if seen > most:
                    raise BillError(f"{part.name} unpacks to more than {most:,} bytes", hint="that is no bill")
                if chunk.find(b"\0", 0, size) >= 0:
                    raise BillError(f"{part.name} holds NUL bytes", hint="it is damaged, fetch it again")
                yield chunk, size
    except (OSError, EOFError, zlib.error) as error:
        raise BillError(f"{part.name} is damaged: {error}", hint="fetch it again") from error


def _blank(part: Part) -> int:
    with gzip.open(part.path, "rb") if part.kind == GZIP else part.path.open("rb") as file:
        return sum(line in (b"\n", b"\r\n") for line in file)
