"""Engines that answer questions on a lake: DuckDB in this process, or a Spark of your own.

`lamplighter.lake.ledger.Ledger` is the one, `SparkLedger` the other; both take DuckDB's SQL and give the same answer.
Athena is asked by what is deployed, with statements of `lamplighter.lake.dialects`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from lamplighter.errors import LakeError
from lamplighter.lake.catalog import views
from lamplighter.lake.columns import PARTITION, TIME
from lamplighter.lake.dialects import hive_type, translate
from lamplighter.lake.ledger import Answer, hot_everywhere
from lamplighter.lake.months import CHARGES, periods
from lamplighter.lake.tables import TABLES
from lamplighter.lake.tags import tag_columns

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Engine(Protocol):
    """Answers questions."""

    def query(self, sql: str, /) -> Answer:
        """Ask one SELECT in DuckDB's dialect; raises LakeError when it is wrong, or the files cannot be read."""

    def close(self) -> None:
        """Give back what it holds."""


class SparkLedger:
    """The charges of a lake as they were when `open` made it, asked with Spark. Only reads."""

    def __init__(self, session: SparkSession, tags: Sequence[str], *, own: bool) -> None:
        self.session = session
        self._tags = tags
        self._own = own

    @classmethod
    def open(cls, path: str | Path, session: SparkSession | None = None) -> Self:
        """Open a lake's folder, and define its tables and every view as temporary views of the session.

        Args:
            path: the folder, which this process can see as well as Spark.
            session: yours; else one beside the session that this process has; else one made for this, on this
                machine, which `close` stops.

        Raises:
            LakeError: pyspark or Java is missing, or Spark cannot read the folder.
        """
        folder = Path(path).resolve()
        beside = session or _beside()
        made = cls(beside or _local_session(), hot_everywhere(folder), own=beside is None)
        try:
            made._define(folder)
        except LakeError:
            made.close()
            raise
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the session if it was made here."""
        if self._own:
            self.session.stop()

    def query(self, sql: str, /) -> Answer:
        """Ask one SELECT in DuckDB's dialect; `charges` and every view can be named.

        Raises:
            LakeError: the question is wrong, cannot be asked on Spark, or files of the lake cannot be read.
        """
        text = translate(sql, "spark", self._tags)
        from pyspark.errors import PySparkException

        try:
            frame = self.session.sql(text)
            return Answer(frame.columns, [kind for _, kind in frame.dtypes], [tuple(row) for row in frame.collect()])
        except PySparkException as error:
            raise LakeError(_first_line(error), hint="lamp sql --for spark shows what was asked") from error

    def _define(self, folder: Path) -> None:
        from pyspark.errors import PySparkException

        try:
            for table in TABLES.values():
                columns = [(column.name, _spark_type(column.type)) for column in table.columns]
                if table.name == CHARGES:
                    columns += [(name, "string") for name in tag_columns(self._tags).values()]
                ddl = ", ".join(f"`{name}` {kind}" for name, kind in [*columns, (PARTITION, "string")])
                if periods(folder, table.folder):
                    frame = self.session.read.schema(ddl).parquet(str(folder / table.folder))
                else:
                    frame = self.session.createDataFrame([], ddl)
                frame.createOrReplaceTempView(table.name)
            for view in views().values():
                self.session.sql(translate(view.sql, "spark", self._tags)).createOrReplaceTempView(view.name)
        except PySparkException as error:
            raise LakeError(f"{folder}: {_first_line(error)}", hint="lamp bill check") from error


def _spark_type(duckdb_type: str) -> str:
    # Times without a zone are what the files hold; Spark's plain timestamp would be turned into the machine's zone.
    return "timestamp_ntz" if duckdb_type == TIME else hive_type(duckdb_type)


def _beside() -> SparkSession | None:
    """A session with views of its own in the Spark that this process has already."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise LakeError("pyspark is not installed", hint="pip install 'lamplighter[spark]'") from error
    active = SparkSession.getActiveSession()
    return active.newSession() if active is not None else None


def _local_session() -> SparkSession:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    try:
        return (
            SparkSession.builder.master("local[2]")
            .appName("lamplighter")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.session.timeZone", str(UTC))
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.decimalOperations.allowPrecisionLoss", "false")
            .getOrCreate()
        )
    except PySparkException as error:
        raise LakeError(f"Spark does not start: {_first_line(error)}", hint="it needs Java 17 or newer") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
