"""The same questions for other engines: from DuckDB's SQL to Spark's and Athena's.

A question is translated only when the answer will be the same: its tables and columns are looked up in the ledger's
schema, `GROUP BY ALL` and names given in the SELECT are written out, and functions are those of `SAME`. Everything else
is refused, for a query that an engine rejects, or answers in its own way, is worse than none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from lamplighter.errors import LakeError, UsageError
from lamplighter.lake.catalog import views
from lamplighter.lake.columns import CHARGE, MAP, PARTITION, TEXT, TIME
from lamplighter.lake.tables import TABLES
from lamplighter.lake.tags import expand, tag_columns
from lamplighter.lake.usage import COUNT

if TYPE_CHECKING:
    from sqlglot import exp

ENGINES: Final = ("duckdb", "spark", "athena")
_TYPES: Final[Mapping[str, str]] = {COUNT: "int", TEXT: "string", TIME: "timestamp", MAP: "map<string,string>"}
_HINT: Final = "lamp sql --tables lists what can be asked; or write it in the engine's own SQL"

SAME: Final = frozenset(
    (
        "Abs",
        "And",
        "AnyValue",
        "ArgMax",
        "ArgMin",
        "Avg",
        "Case",
        "Cast",
        "Ceil",
        "Coalesce",
        "Concat",
        "Contains",
        "Count",
        "CountIf",
        "CurrentDate",
        "CurrentTimestamp",
        "DPipe",
        "DateAdd",
        "DateDiff",
        "DateSub",
        "DateTrunc",
        "Day",
        "DenseRank",
        "Exists",
        "Extract",
        "FirstValue",
        "Floor",
        "If",
        "Lag",
        "LastValue",
        "Lead",
        "Length",
        "Like",
        "Lower",
        "MapKeys",
        "Max",
        "Min",
        "Month",
        "Nullif",
        "Ntile",
        "Or",
        "PercentRank",
        "Quarter",
        "Rank",
        "Replace",
        "Round",
        "RowNumber",
        "StartsWith",
        "Stddev",
        "StddevPop",
        "StddevSamp",
        "StrPosition",
        "Substring",
        "Sum",
        "TimeToStr",
        "TimestampTrunc",
        "Trim",
        "TryCast",
        "Unnest",
        "Upper",
        "Variance",
        "Year",
    )
)
"""Functions, by sqlglot's names, that mean the same in each engine or are translated into what does."""


def translate(sql: str, engine: str, tags: Sequence[str] = ()) -> str:
    """One question for another engine.

    Args:
        sql: one SELECT in DuckDB's dialect; `tag('KEY')` is the value of a tag.
        engine: `duckdb`, `spark` or `athena`.
        tags: keys of tags that are columns of the engine's table, in every month.

    Raises:
        UsageError: there is no such engine, or two tags would be the same column.
        LakeError: sqlglot is missing, or the question cannot be asked there; it says why.
    """
    if engine not in ENGINES:
        raise UsageError(f"there is no engine {engine!r}", hint=f"known: {', '.join(ENGINES)}")
    try:
        import sqlglot
        from sqlglot.errors import SqlglotError
    except ImportError as error:
        raise LakeError("sqlglot is not installed", hint="pip install 'lamplighter[lake]'") from error
    text = expand(sql, dict.fromkeys(tags, ("all",)), ("all",))
    if engine == "duckdb":
        return text
    try:
        tree = _resolved(_question(text), tags)
        _check(tree, engine)
        return str(_fitted(tree, engine).sql(dialect=engine, pretty=True, unsupported_level=sqlglot.ErrorLevel.RAISE))
    except (SqlglotError, ValueError) as error:
        said = " ".join(str(error).split())
        raise LakeError(f"this cannot be asked on {engine}: {said}", hint=_HINT) from error


def view_statements(engine: str, tags: Sequence[str] = ()) -> dict[str, str]:
    """CREATE VIEW statements of every view, each after those it needs, by name; arguments as of `translate`."""
    return {
        view.name: f"CREATE OR REPLACE VIEW {view.name} AS\n{translate(view.sql, engine, tags)}"
        for view in views().values()
    }


def schema(tags: Sequence[str] = ()) -> dict[str, Mapping[str, str]]:
    """Table -> column -> DuckDB type of everything that can be asked; types of a view's columns are those of texts.

    Args:
        tags: keys of tags that are columns.
    """
    charges = {column.name: column.type for column in CHARGE}
    charges |= {**dict.fromkeys(tag_columns(tags).values(), TEXT), PARTITION: TEXT}
    found: dict[str, Mapping[str, str]] = {
        table.name: {**{column.name: column.type for column in table.columns}, PARTITION: TEXT}
        for table in TABLES.values()
    }
    found["charges"] = charges
    for view in views().values():
        found[view.name] = dict.fromkeys((column.name for column in view.columns), "UNKNOWN")
    return found


def glue_columns(tags: Sequence[str] = (), table: str = "charges") -> list[tuple[str, str]]:
    """(name, Hive type) of every column of a table but its partition; names in small letters, as Glue has them.

    Args:
        tags: keys of tags that are columns of `charges`.
        table: name in questions, see `lamplighter.lake.tables`.
    """
    columns = [(column.name.lower(), hive_type(column.type)) for column in TABLES[table].columns]
    own = tag_columns(tags).values() if table == "charges" else ()
    return columns + [(name.lower(), hive_type(TEXT)) for name in own]


def charges_table(location: str, tags: Sequence[str] = ()) -> str:
    """`athena_table` of `charges`."""
    return athena_table("charges", location, tags)


def athena_table(table: str, location: str, tags: Sequence[str] = ()) -> str:
    """The CREATE EXTERNAL TABLE statement of a table for Athena.

    Args:
        table: name in questions, see `lamplighter.lake.tables`.
        location: `s3://` address of the folder that holds `billing_period=YYYY-MM` folders.
        tags: keys of tags that are columns of `charges`.
    """
    columns = ",\n  ".join(f"`{name}` {kind}" for name, kind in glue_columns(tags, table))
    place = location.replace("'", "''")
    return (
        f"CREATE EXTERNAL TABLE {table} (\n  {columns}\n)\nPARTITIONED BY (`{PARTITION}` string)\n"
        f"STORED AS PARQUET\nLOCATION '{place}'"
    )


def hive_type(duckdb_type: str) -> str:
    """A column's type as Hive, Glue and Spark write it."""
    return _TYPES.get(duckdb_type) or duckdb_type.lower()


def _question(sql: str) -> exp.Query:
    """Its tree. Raises LakeError when it is not one question."""
    import sqlglot
    from sqlglot import exp

    trees = [tree for tree in sqlglot.parse(sql, read="duckdb") if tree is not None]
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise LakeError("this is not one question", hint="ask with one SELECT")
    for select in trees[0].find_all(exp.Select):
        _write_out(select)
    found = trees[0].transform(_without_qualify)
    assert isinstance(found, exp.Query)
    return found


def _without_qualify(node: exp.Expr) -> exp.Expr:
    """QUALIFY as a subquery. Left to the end, sqlglot names tables that are not in sight there."""
    from sqlglot import exp
    from sqlglot.transforms import eliminate_qualify

    return eliminate_qualify(node) if isinstance(node, exp.Select) and node.args.get("qualify") else node


def _write_out(select: exp.Select) -> None:
    """GROUP BY ALL and ORDER BY ALL as the columns they stand for, which Athena needs."""
    from sqlglot import exp

    group, order = select.args.get("group"), select.args.get("order")
    by_all = bool(group and group.args.get("all"))
    order_all = order.expressions[0] if order and str(order.expressions[0].this) == "ALL" else None
    if (by_all or order_all) and select.is_star:
        raise LakeError("ALL and * together cannot be written out", hint="name the columns")
    if by_all:
        plain = [each.unalias() for each in select.expressions if not _aggregates(each)]
        select.set("group", exp.Group(expressions=[each.copy() for each in plain]) if plain else None)
    if order_all:
        numbers = [exp.Literal.number(number) for number in range(1, len(select.expressions) + 1)]
        ordered = [exp.Ordered(**{**order_all.args, "this": number}) for number in numbers]
        select.set("order", exp.Order(expressions=ordered))


def _aggregates(expression: exp.Expr) -> bool:
    from sqlglot import exp

    return any(not isinstance(each.parent, exp.Window) for each in expression.find_all(exp.AggFunc))


def _resolved(tree: exp.Query, tags: Sequence[str]) -> exp.Expr:
    """With every table and column found in the schema."""
    from sqlglot import exp
    from sqlglot.optimizer.qualify import qualify

    known = schema(tags)
    named = {each.alias_or_name.lower() for each in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if table.name.lower() not in {*known, *named}:
            raise LakeError(f"there is no table {table.sql()!r}", hint=_HINT)
    leaves_out = any(star.args.get(key) for star in tree.find_all(exp.Star) for key in ("except_", "replace", "rename"))
    return qualify(
        tree, schema=dict(known), dialect="duckdb", quote_identifiers=False, identify=False, expand_stars=leaves_out
    )


def _check(tree: exp.Expr, engine: str) -> None:
    for name in _functions(tree):
        if name not in SAME:
            raise LakeError(f"the function {name} has no sure translation for {engine}", hint=_HINT)


def _functions(tree: exp.Expr) -> Iterator[str]:
    from sqlglot import exp

    for node in tree.walk():
        if isinstance(node, exp.Anonymous):
            yield str(node.this).upper()
        elif isinstance(node, exp.Func | exp.Columns):
            yield type(node).__name__


def _fitted(tree: exp.Expr, engine: str) -> exp.Expr:
    """With what the engine spells in another way than sqlglot's own translation does."""
    from sqlglot import exp

    def change(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Contains):
            found = exp.StrPosition(this=node.this, substr=node.expression)
            return exp.Paren(this=exp.GT(this=found, expression=exp.Literal.number(0)))
        if engine != "athena":
            return node
        if isinstance(node, exp.IgnoreNulls) and isinstance(node.this, exp.AnyValue):
            return node.this
        # Trino's subscript fails on a key that a map lacks, where DuckDB's is NULL.
        if isinstance(node, exp.Bracket) and len(node.expressions) == 1 and not node.expressions[0].is_number:
            return exp.Anonymous(this="ELEMENT_AT", expressions=[node.this, node.expressions[0]])
        return node

    return tree.transform(change)
