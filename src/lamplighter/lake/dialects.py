"""The same questions for other engines: from DuckDB's SQL to Spark's and Athena's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from lamplighter.errors import LakeError, UsageError
from lamplighter.lake.catalog import views
from lamplighter.lake.columns import CHARGE, MAP, PARTITION, TEXT, TIME

if TYPE_CHECKING:
    from sqlglot import exp

ENGINES: Final = ("duckdb", "spark", "athena")
_TYPES: Final[Mapping[str, str]] = {TEXT: "string", TIME: "timestamp", MAP: "map<string,string>"}


def translate(sql: str, engine: str) -> str:
    """One statement for another engine.

    Args:
        sql: in DuckDB's dialect.
        engine: `duckdb`, `spark` or `athena`.

    Raises:
        UsageError: there is no such engine.
        LakeError: sqlglot is missing, or the text is no statement that the engine can be given.
    """
    if engine not in ENGINES:
        raise UsageError(f"there is no engine {engine!r}", hint=f"known: {', '.join(ENGINES)}")
    try:
        import sqlglot
        from sqlglot.errors import SqlglotError
    except ImportError as error:
        raise LakeError("sqlglot is not installed", hint="pip install 'lamplighter[lake]'") from error
    try:
        [tree] = sqlglot.parse(sql, read="duckdb")
        if tree is None:
            raise LakeError("the question is empty", hint="ask with one SELECT")
        if engine == "athena":
            tree = _athena(tree)
        return str(tree.sql(dialect=engine, unsupported_level=sqlglot.ErrorLevel.RAISE))
    except (SqlglotError, ValueError) as error:
        said = " ".join(str(error).split())
        raise LakeError(f"this cannot be asked on {engine}: {said}", hint="ask with one SELECT") from error


def view_statements(engine: str) -> dict[str, str]:
    """CREATE VIEW statements of every view, each after those it needs, by name."""
    return {
        view.name: f"CREATE OR REPLACE VIEW {view.name} AS\n{translate(view.sql, engine)}" for view in views().values()
    }


def glue_columns() -> list[tuple[str, str]]:
    """(name, Hive type) of every column of `charges` but its partition; names in small letters, as Glue has them."""
    return [(column.name.lower(), hive_type(column.type)) for column in CHARGE]


def charges_table(location: str) -> str:
    """The CREATE EXTERNAL TABLE statement of `charges` for Athena.

    Args:
        location: `s3://` address of the folder that holds `billing_period=YYYY-MM` folders.
    """
    columns = ",\n  ".join(f"`{name}` {kind}" for name, kind in glue_columns())
    return (
        f"CREATE EXTERNAL TABLE charges (\n  {columns}\n)\nPARTITIONED BY (`{PARTITION}` string)\n"
        f"STORED AS PARQUET\nLOCATION '{location}'"
    )


def hive_type(duckdb_type: str) -> str:
    """A column's type as Hive, Glue and Spark write it."""
    return _TYPES.get(duckdb_type) or duckdb_type.lower()


def _athena(tree: exp.Expr) -> exp.Expr:
    """Trino's subscript fails on a key that a map lacks, where DuckDB's is NULL."""
    from sqlglot import exp

    def change(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Bracket) and len(node.expressions) == 1:
            return exp.Anonymous(this="ELEMENT_AT", expressions=[node.this, node.expressions[0]])
        return node

    return tree.transform(change)
