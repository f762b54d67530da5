"""A month's bill, written: files as AWS lays them out, and beside them the truth."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from lamplighter.estate.bill.extras import with_extras
from lamplighter.estate.bill.lines import make_blocks
from lamplighter.estate.bill.month import MonthBill, month_bill
from lamplighter.estate.bill.options import Options
from lamplighter.estate.bill.render import render, text_sql
from lamplighter.estate.bill.shape import CREATE_NEW, GZIP, ZIP, Sheet, shape
from lamplighter.estate.bill.table import fill
from lamplighter.estate.bill.truth import Truth, counted
from lamplighter.estate.bill.used import Bought, Used
from lamplighter.lake.columns import literal

if TYPE_CHECKING:
    import duckdb

TRUTH: Final = "truth.json"
_CHUNK: Final = 1 << 20
_AT_ONCE: Final = 2
_LEVEL: Final = 3
"""A quarter larger than at 6, in half the time, which is what writing a large bill is spent on."""
_GZIP_BITS: Final = 31
_OLD: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        folder: where.
        files: the data files, paths with slashes below the folder.
        rows: rows in them.
        truth: what one copy comes to.
        copies: how many there are.
    """

    folder: Path
    files: Sequence[str]
    rows: int
    truth: Truth
    copies: int


@dataclass(slots=True)
class Prepared:
    """A month's lines, ready to be written in any format; close it when done.

    Attributes:
        bill: the month.
        truth: what it comes to.
        tags: keys of its tags.
        connection: holds the table `lines`.
        scratch: folder for what is in between.
    """

    bill: MonthBill
    truth: Truth
    tags: Sequence[str]
    connection: duckdb.DuckDBPyConnection
    scratch: tempfile.TemporaryDirectory[str] = field(repr=False)

    def close(self) -> None:
        """Give back memory and disk."""
        self.connection.close()
        self.scratch.cleanup()

    def __enter__(self) -> Prepared:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def prepare(
    used: Used, bought: Bought, options: Options, month: datetime, *, memory: str = "1GB", threads: int = 2
) -> Prepared:
    """Make the lines of a month.

    Args:
        used: what ran.
        bought: what had been bought.
        options: what is chosen.
        month: first instant of the month.
        memory: DuckDB's limit.
        threads: DuckDB's threads.

    Raises:
        ValueError: nothing ran in the month.
    """
    import duckdb

    bill, truth = month_bill(used, bought, options, month), Truth()
    scratch = tempfile.TemporaryDirectory(prefix="lamp-bill-")
    home = Path(scratch.name)
    connection = duckdb.connect(home / "lines.duckdb", config={"threads": threads, "memory_limit": memory})
    # Lines keep their order through a join as long as they are on its left side, which DuckDB would change at will.
    connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
    blocks = counted(with_extras(bill, make_blocks(bill, used)), bill.meters, options.discounts, truth)
    tags = fill(connection, bill, blocks, truth.blend, home)
    return Prepared(bill, truth, tags, connection, scratch)


def write(
    prepared: Prepared,
    folder: Path,
    format_name: str,
    *,
    copies: int = 1,
    files: int = 1,
    layout: str = CREATE_NEW,
    compression: str = GZIP,
) -> Written:
    """Write a month in one format.

    Args:
        prepared: its lines.
        folder: where; what lies there stays, files of the same names are replaced.
        format_name: see `shape.shapes`.
        copies: how many estates like this one there are, each with resources and commitments of its own.
        files: into how many files it is split, where the format allows it.
        layout: `create-new` or `overwrite`.
        compression: of CSV, `gzip` or `zip`.

    Raises:
        UsageError: there is no such format.
        OSError: the folder cannot be written.
    """
    made, bill = shape(format_name), prepared.bill
    sheet = Sheet(bill.options, bill.start, bill.end, prepared.tags, bool(bill.bought.plans), layout, compression)
    columns = made.columns(sheet)
    total = prepared.truth.lines
    groups = list(_groups(total, copies, files if made.split else 1))
    names = [made.file(sheet, number) for number in range(1, len(groups) + 1)]
    rows = 0
    rendering = render(prepared.connection, made, columns, bill.options.version, f"rendered_{len(columns)}")
    for name, group in zip(names, groups, strict=True):
        selects = [rendering.piece(*piece) for piece in group]
        if name == names[-1] and (last := made.last_rows(sheet, copies)):
            selects.append(text_sql(prepared.connection, last, len(columns)))
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        put = _put_parquet if made.parquet else _put_zip if compression == ZIP else _put_gzip
        rows += put(prepared.connection, selects, path, [each for each, _ in columns])
    prepared.connection.execute(f"DROP TABLE {rendering.table}")
    for name, content in made.manifests(sheet, names).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    told = {"format": format_name, "month": f"{bill.start:%Y-%m}", **prepared.truth.as_json(copies)}
    (folder / TRUTH).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return Written(folder, names, rows, prepared.truth, copies)


def _groups(total: int, copies: int, files: int) -> Iterator[list[tuple[int, int, int]]]:
    """For each file its pieces: (copy, first line, line after the last)."""
    files = max(1, min(files, total * copies))
    whole = total * copies
    bounds = [whole * number // files for number in range(files + 1)]
    for low, high in pairwise(bounds):
        pieces = []
        for copy in range(low // total, (high - 1) // total + 1):
            begins = copy * total
            pieces.append((copy, max(low - begins, 0), min(high - begins, total)))
        yield pieces


def _put_parquet(
    connection: duckdb.DuckDBPyConnection, selects: Sequence[str], path: Path, names: Sequence[str]
) -> int:
    sql = f"SELECT * FROM ({' UNION ALL '.join(selects)}) made({', '.join(map(_quoted, names))})"
    return _count(
        connection.execute(f"COPY ({sql}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION snappy)").fetchone()
    )


def _put_gzip(connection: duckdb.DuckDBPyConnection, selects: Sequence[str], path: Path, names: Sequence[str]) -> int:
    """One member for the header and for each piece: together they are one gzip file."""
    with path.open("wb") as sink:
        sink.write(gzip.compress(_header(names), mtime=0))
        return _append(connection, selects, sink, path, _packed)


def _put_zip(connection: duckdb.DuckDBPyConnection, selects: Sequence[str], path: Path, names: Sequence[str]) -> int:
    member = zipfile.ZipInfo(f"{path.stem}.csv", _OLD)
    member.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as archive, archive.open(member, "w", force_zip64=True) as sink:
        sink.write(_header(names))
        return _append(connection, selects, sink, path, lambda made: made)


def _header(names: Sequence[str]) -> bytes:
    return (",".join(names) + "\n").encode()


def _append(
    connection: duckdb.DuckDBPyConnection,
    selects: Sequence[str],
    sink: IO[bytes],
    path: Path,
    pack: Callable[[Path], Path],
) -> int:
    """Piece by piece, two at a time and in order, so that no more than that is held in memory or waits on disk."""

    def piece(number: int) -> tuple[Path, int]:
        made = path.with_name(f".{path.name}.{number}")
        # The text is CSV already: nothing is quoted again.
        target = f"{literal(str(made))} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', COMPRESSION none)"
        with connection.cursor() as cursor:
            rows = _count(cursor.execute(f"COPY ({selects[number]}) TO {target}").fetchone())
        return pack(made), rows

    rows = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for first in range(0, len(selects), _AT_ONCE):
            for made, count in pool.map(piece, range(first, min(first + _AT_ONCE, len(selects)))):
                with made.open("rb") as source:
                    shutil.copyfileobj(source, sink, _CHUNK)
                made.unlink()
                rows += count
    return rows


def _packed(plain: Path) -> Path:
    """The file as a gzip member, without a time in it; the plain one is gone."""
    packed, squeeze = plain.with_name(f"{plain.name}.gz"), zlib.compressobj(_LEVEL, wbits=_GZIP_BITS)
    with plain.open("rb") as source, packed.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            sink.write(squeeze.compress(chunk))
        sink.write(squeeze.flush())
    plain.unlink()
    return packed


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _count(row: tuple[int, ...] | None) -> int:
    return row[0] if row else 0
