"""The ledger: all charges of a lake, asked in SQL with DuckDB.

Example:
    >>> with Ledger.open("lake") as ledger:  # doctest: +SKIP
    ...     ledger.query("SELECT service, SUM(effective_cost) FROM cost_by_service GROUP BY service").rows
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from lamplighter.errors import LakeError
from lamplighter.lake.catalog import views
from lamplighter.lake.columns import CHARGE, PARTITION, TEXT
from lamplighter.lake.months import CHARGES, files, periods

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars
    import pyarrow

T = TypeVar("T")
_ATTEMPTS = 3


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
        self._seen: tuple[Path, ...] | None = None

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
        try:
            import duckdb
        except ImportError as error:
            raise LakeError("DuckDB is not installed", hint="pip install 'lamplighter[lake]'") from error
        folder = Path(path).resolve()
        if folder.exists() and not folder.is_dir():
            raise LakeError(f"{path} is no folder", hint="give the folder of the lake, for example --lake ./lake")
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        if memory is not None:
            connection.execute("SET memory_limit = ?", [memory])
        if threads is not None:
            connection.execute("SET threads = ?", [threads])
        # A question may name files; it can reach those of the lake, and write none.
        connection.execute("SET allowed_directories = ?", [[str(folder)]])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return cls(folder, connection)

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

    def query(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Answer:
        """Ask; `charges` and every view of `lamplighter.lake.catalog` can be named.

        Args:
            sql: one SELECT in DuckDB's dialect.
            parameters: values for `?` or `$name`.

        Raises:
            LakeError: the question is wrong, or files of the lake cannot be read.
        """

        def ask() -> Answer:
            cursor = self._connection.execute(sql, parameters or None)
            described = cursor.description or []
            return Answer([each[0] for each in described], [str(each[1]) for each in described], cursor.fetchall())

        return self._again(ask)

    def to_parquet(self, sql: str, path: Path) -> int:
        """Write an answer as Parquet, and give the number of its rows. Raises LakeError as `query` does."""
        import duckdb

        table = self.arrow(sql)
        try:
            duckdb.from_arrow(table).write_parquet(str(path), compression="zstd")
        except duckdb.Error as error:
            raise LakeError(f"{path} cannot be written: {_first_line(error)}", hint="check the path") from error
        return int(table.num_rows)

    def arrow(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> pyarrow.Table:
        """The same as a pyarrow table. Raises LakeError as `query` does, and where pyarrow is missing."""
        _needs("pyarrow")

        def ask() -> pyarrow.Table:
            relation = self._connection.sql(sql, params=parameters or None)
            if relation is None:
                raise LakeError("the question has no answer", hint="ask with one SELECT")
            return relation.to_arrow_table()

        return self._again(ask)

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

    def _again(self, ask: Callable[[], T]) -> T:
        """Ask, and ask again when a month was replaced meanwhile."""
        import duckdb

        for attempt in range(_ATTEMPTS):
            try:
                self._see()
                return ask()
            except duckdb.IOException as error:
                current = tuple(files(self.path, CHARGES))
                if attempt + 1 == _ATTEMPTS or current == self._seen:
                    raise LakeError(f"{self.path}: {_first_line(error)}", hint="lamp bill check") from error
            except duckdb.Error as error:
                raise LakeError(_first_line(error), hint="lamp sql --tables lists what can be asked") from error
        raise AssertionError  # the last attempt returns or raises

    def _see(self) -> None:
        """Define `charges` over the files that are there now, and the views over it."""
        found = tuple(files(self.path, CHARGES))
        if found == self._seen:
            return
        self._connection.execute(f"CREATE OR REPLACE VIEW {CHARGES} AS {_charges(found)}")
        for view in views().values():
            self._connection.execute(f"CREATE OR REPLACE VIEW {view.name} AS {view.sql}")
        self._seen = found


def _charges(found: Sequence[Path]) -> str:
    if not found:
        columns = [f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in CHARGE]
        return f"SELECT {', '.join(columns)}, CAST(NULL AS {TEXT}) AS {PARTITION} WHERE false"
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in found)
    return (
        f"SELECT COLUMNS(lambda name: NOT starts_with(name, '_'))"
        f" FROM read_parquet([{listed}], union_by_name = true, hive_partitioning = true, "
        f"hive_types = {{'{PARTITION}': {TEXT}}})"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _needs(module: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise LakeError(f"{module} is not installed", hint="pip install 'lamplighter[notebook]'")
