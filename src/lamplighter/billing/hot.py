"""Which tags are columns in a month: those that every file of it has, whoever's bill it came from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lamplighter.errors import LakeError
from lamplighter.lake import months
from lamplighter.lake.tags import tag_column, tag_columns

if TYPE_CHECKING:
    import duckdb


def hot_tags(
    connection: duckdb.DuckDBPyConnection, lake: Path, period: str, folder: Path, tags: Sequence[str]
) -> list[str]:
    """Keys whose columns can be relied on in a month that is about to be published; its record keeps them.

    Args:
        connection: for looking into the files.
        lake: the lake's folder, with the month as it was.
        period: YYYY-MM.
        folder: all files of the month as it will be; some may be of other payers, from an earlier load.
        tags: keys that this load made columns of.
    """
    if not tags:
        return []
    files = [str(path) for path in folder.glob("*.parquet")]
    found = connection.execute(
        "SELECT lower(name) FROM parquet_schema(?) GROUP BY lower(name) HAVING COUNT(DISTINCT file_name) = ?",
        [files, len(files)],
    ).fetchall()
    everywhere = {name for (name,) in found}
    earlier = {tag_column(key).lower(): key for key in _earlier(lake, period)}
    return [
        key
        for key, column in tag_columns(tags).items()
        if column.lower() in everywhere and earlier.get(column.lower(), key) == key
    ]


def _earlier(lake: Path, period: str) -> Sequence[str]:
    try:
        record = months.record_of(lake, months.CHARGES, period)
    except LakeError:
        return ()
    return (record or {}).get("tags") or ()
