"""The ledger: all charges of a lake, and the usage beside them, asked in SQL with DuckDB.

Example:
    >>> with Ledger.open("lake") as ledger:  # doctest: +SKIP
    ...     ledger.query("SELECT service, SUM(effective_cost) FROM cost_by_service GROUP BY service").rows
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar
from uuid import uuid4

from lamplighter.errors import LakeError
from lamplighter.lake.catalog import named_views
from lamplighter.lake.columns import literal
from lamplighter.lake.months import CHARGES, RECORD, files, periods, record_of
from lamplighter.lake.tables import TABLES, parquet
from lamplighter.lake.tags import expand

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars
    import pyarrow

T = TypeVar("T")
_ATTEMPTS = 3
_HELP: Final = "lamp sql --tables lists what can be asked"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question came to.

    Attributes:
        columns: names, in order.
        types: DuckDB's types of them.
        rows: values; money and quantities are Decimal, times are naive UTC datetimes, maps are dicts.
    """

    columns: Sequence[str]
    types: Sequence[str]
    rows: Sequence[tuple[Any, ...]]


class Ledger:
    """The charges of a lake. Only reads; `open` makes one. Not safe for use by several threads at once."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.path = path
        self._connection = connection
        self._seen: object = None
        self._defined: set[str] = set()
        self._hot: Mapping[str, Collection[str]] = {}

    @classmethod
    def open(cls, path: str | Path, *, memory: str | None = None, threads: int | None = None) -> Self:
        """Open a lake's folder for questions.

        Args:
            path: the folder; one that has no months yet answers with no rows.
            memory: DuckDB's limit, for example `2GB`.
            threads: DuckDB's threads.

        Raises:
            LakeError: DuckDB is not installed, or the path is no folder.
        """
        folder = Path(path).resolve()
        if folder.exists() and not folder.is_dir():
            raise LakeError(f"{path} is no folder", hint="give the folder of the lake, for example --lake ./lake")
        return cls(folder, _connect(folder, memory=memory, threads=threads))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back what it holds. Harmless when repeated."""
        self._connection.close()

    @property
    def periods(self) -> list[str]:
        """The months that are loaded, YYYY-MM, sorted."""
        return periods(self.path, CHARGES)

    @property
    def hot_tags(self) -> Mapping[str, Collection[str]]:
        """Keys of tags that are columns, with the months in which they are; see `lamplighter.lake.tags`."""
        return hot_tags(self.path)

    def query(
        self,
        sql: str,
        parameters: Sequence[object] | Mapping[str, object] = (),
        *,
        months: Collection[str] = (),
    ) -> Answer:
        """Ask; `charges` and every view of `lamplighter.lake.catalog` can be named.

        Args:
            sql: one SELECT in DuckDB's dialect; `tag('KEY')` is the value of a tag.
            parameters: values for `?` or `$name`.
            months: those that the question is about, YYYY-MM, where it is not about all; tags can then be read from
                columns that only they have.

        Raises:
            LakeError: the question is wrong, or files of the lake cannot be read.
        """

        def ask(text: str) -> Answer:
            cursor = self._connection.execute(text, parameters or None)
            described = cursor.description or []
            names = _different([str(each[0]) for each in described])
            return Answer(names, [str(each[1]) for each in described], cursor.fetchall())

        return self._again(sql, ask, months)

    def to_parquet(self, sql: str, path: Path) -> int:
        """Write an answer as Parquet, whole or not at all, and give the number of its rows.

        Raises:
            LakeError: as by `query`, or the file cannot be written.
        """
        half = path.resolve().parent / f".{path.name}-{uuid4().hex[:8]}"
        if not half.parent.is_dir():
            raise LakeError(f"{path} cannot be written: there is no folder {half.parent}", hint="check the path")
        writer = Ledger(self.path, _connect(self.path, writable=half))
        try:

            def ask(text: str) -> int:
                # A text may end with a semicolon and a remark, which COPY's brackets cannot hold.
                writer._connection.execute(f"CREATE OR REPLACE VIEW _answer AS {text}")
                options = "FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false"
                copy = f"COPY (FROM _answer) TO {literal(str(half))} ({options})"
                row = writer._connection.execute(copy).fetchone()
                return int(row[0]) if row else 0

            rows = writer._again(sql, ask)
            half.rename(path)
        except OSError as error:
            raise LakeError(f"{path} cannot be written: {error.strerror or error}", hint="check the path") from error
        finally:
            writer.close()
            half.unlink(missing_ok=True)
        return rows

    def arrow(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> pyarrow.Table:
        """The same as a pyarrow table. Raises LakeError as `query` does, and where pyarrow is missing."""
        _needs("pyarrow")

        def ask(text: str) -> pyarrow.Table:
            return self._connection.sql(text, params=parameters or None).to_arrow_table()

        return self._again(sql, ask)

    def pandas(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> pandas.DataFrame:
        """The same as a pandas frame; money arrives as Decimal. Raises LakeError as `query` does."""
        _needs("pandas")
        _needs("pyarrow")
        return self.arrow(sql, parameters).to_pandas()

    def polars(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> polars.DataFrame:
        """The same as a polars frame. Raises LakeError as `query` does."""
        _needs("polars")
        import polars

        frame = polars.from_arrow(self.arrow(sql, parameters))
        assert isinstance(frame, polars.DataFrame)
        return frame

    def _again(self, sql: str, ask: Callable[[str], T], months: Collection[str] = ()) -> T:
        """Ask, and ask again when a month was replaced meanwhile."""
        import duckdb

        try:
            text = _one_select(self._connection, sql)
        except duckdb.Error as error:
            raise LakeError(_first_line(error), hint=_HELP) from error
        for attempt in range(_ATTEMPTS):
            try:
                self._see()
                self._define(text)
                return ask(expand(text, self._hot, months or self.periods))
            except duckdb.IOException as error:
                if attempt + 1 == _ATTEMPTS or self._now()[0] == self._seen:
                    raise LakeError(f"{self.path}: {_first_line(error)}", hint="lamp bill check") from error
            except duckdb.Error as error:
                raise LakeError(_first_line(error), hint=_HELP) from error
        raise AssertionError  # the last attempt returns or raises

    def _see(self) -> None:
        """Define the tables over the files that are there now."""
        now, found = self._now()
        if now == self._seen:
            return
        for view in self._defined:
            self._connection.execute(f"DROP VIEW {view}")
        self._defined = set()
        for table, paths in found.items():
            self._connection.execute(f"CREATE OR REPLACE VIEW {table} AS {parquet(paths, TABLES[table].columns)}")
        self._hot = hot_tags(self.path)
        self._seen = now

    def _now(self) -> tuple[object, Mapping[str, Sequence[Path]]]:
        """What tells the lake's state from another one, and the files of all months of each table."""
        found = {table.name: files(self.path, table.folder) for table in TABLES.values()}
        marks = []
        for folder in dict.fromkeys(path.parent for path in found[CHARGES]):
            with suppress(FileNotFoundError):
                status = (folder / RECORD).stat()
                marks.append((status.st_ino, status.st_mtime_ns))
        return (tuple(map(tuple, found.values())), tuple(marks)), found

    def _define(self, sql: str) -> None:
        """Define the views that a question names; each costs a look at every file's columns."""
        for view in named_views(sql):
            if view.name not in self._defined:
                text = expand(view.sql, self._hot, self.periods)
                self._connection.execute(f"CREATE OR REPLACE VIEW {view.name} AS {text}")
                self._defined.add(view.name)


def _connect(
    folder: Path, *, memory: str | None = None, threads: int | None = None, writable: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """DuckDB that reaches the files of a folder, and one other."""
    try:
        import duckdb
    except ImportError as error:
        raise LakeError("DuckDB is not installed", hint="pip install 'lamplighter[lake]'") from error
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    try:
        if memory is not None:
            connection.execute("SET memory_limit = ?", [memory])
        if threads is not None:
            connection.execute("SET threads = ?", [threads])
    except duckdb.Error as error:
        raise LakeError(_first_line(error), hint="for example memory='2GB', threads=2") from error
    connection.execute("SET allowed_directories = ?", [[str(folder)]])
    if writable is not None:
        connection.execute("SET allowed_paths = ?", [[str(writable)]])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The text of a question that only asks: anything else could change the lake's files or the views."""
    import duckdb

    found = connection.extract_statements(sql)
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        raise LakeError("this is not one question", hint="ask with one SELECT")
    return str(found[0].query)


def _different(names: Sequence[str]) -> list[str]:
    """Names of columns, each once: a second `cost` is `cost_2`."""
    found: list[str] = []
    for name in names:
        number, free = 1, name
        while free in found:
            number += 1
            free = f"{name}_{number}"
        found.append(free)
    return found


def hot_tags(lake: Path) -> Mapping[str, Collection[str]]:
    """Keys of tags that are columns, with the months in which they are, by the records of the months."""
    found: dict[str, set[str]] = {}
    for period in periods(lake, CHARGES):
        # A damaged record tells nothing; then tags are looked up in the map, which is slower and as right.
        with suppress(LakeError):
            for key in (record_of(lake, CHARGES, period) or {}).get("tags") or ():
                found.setdefault(str(key), set()).add(period)
    return found


def hot_everywhere(lake: Path) -> list[str]:
    """Keys of tags that are columns in every month of a lake."""
    months = set(periods(lake, CHARGES))
    return [key for key, having in hot_tags(lake).items() if months <= set(having)]


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _needs(module: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise LakeError(f"{module} is not installed", hint="pip install 'lamplighter[notebook]'")
