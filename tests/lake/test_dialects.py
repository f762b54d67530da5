"""Questions for Spark and Athena: as text here; answers of a real Spark: test_engines.py."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from lamplighter.errors import LakeError, UsageError
from lamplighter.lake.catalog import views
from lamplighter.lake.columns import CHARGE
from lamplighter.lake.dialects import athena_table, charges_table, glue_columns, schema, translate, view_statements
from lamplighter.lake.tables import TABLES

ADHOC = [
    "SELECT ServiceName AS service, SUM(BilledCost) AS cost FROM charges GROUP BY ALL ORDER BY ALL",
    "SELECT tag('Team') AS team, SUM(EffectiveCost) AS cost FROM charges GROUP BY team HAVING cost > 1 ORDER BY 2 DESC",
    "SELECT strftime(ChargePeriodStart, '%Y-%m') AS month, COUNT(*) FROM charges GROUP BY 1",
    "SELECT date_trunc('week', ChargePeriodStart) AS week, SUM(BilledCost) FROM charges GROUP BY 1",
    "SELECT SUM(BilledCost) FILTER (WHERE ChargeCategory = 'Tax') AS t FROM charges WHERE contains(ServiceName, 'EC2')",
    "FROM cost_by_day WHERE service ILIKE '%s3%' AND day >= DATE '2026-10-05'",
    "SELECT * EXCLUDE (charges) FROM cost_by_service LIMIT 5",
    "WITH a AS (SELECT RegionId AS r, MAX(BilledCost) AS m FROM charges GROUP BY r) SELECT r FROM a WHERE m > 0.5",
    "SELECT ResourceId FROM charges QUALIFY RANK() OVER (ORDER BY BilledCost DESC) = 1 AND ResourceId IS NOT NULL",
    "SELECT c.service, t.team FROM cost_by_service c JOIN cost_by_team t ON t.account_id = c.account_id",
    "SELECT x_CostCategories['unit'] AS unit, TRY_CAST(InvoiceId AS BIGINT) FROM charges WHERE RegionId IS NULL",
]


@pytest.mark.parametrize("engine", ["spark", "athena"])
@pytest.mark.parametrize("sql", ADHOC)
def test_a_question_can_be_read_back(sql: str, engine: str) -> None:
    text = translate(sql, engine)
    tree = sqlglot.parse_one(text, read=engine)
    assert tree.sql(dialect=engine, pretty=True) == text


@cache
def _glue_schema() -> dict[str, dict[str, str]]:
    """Every table and view, with Glue's own types; those of a view come from its translated text."""
    found = {name: {**dict(glue_columns(["Team"], name)), "billing_period": "string"} for name in TABLES}
    for view in views().values():
        tree = _typed(translate(view.sql, "athena", ["Team"]), found)
        assert isinstance(tree, exp.Query)
        found[view.name] = {each.alias_or_name: each.type.sql("hive") for each in tree.selects if each.type}
    return found


def _typed(text: str, known: dict[str, dict[str, str]]) -> exp.Expr:
    """Qualified and typed; what sqlglot has no types for is put in its place beforehand: parts of maps, DATE_TRUNC."""
    hive = sqlglot.MappingSchema(dict(known), dialect="hive")
    tree = qualify(sqlglot.parse_one(text, read="athena"), schema=hive, dialect="athena", expand_stars=True)
    return annotate_types(tree.transform(_plainer), schema=hive, dialect="athena")


def _plainer(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Bracket):
        return sqlglot.parse_one("CAST(NULL AS VARCHAR)", read="athena")
    if isinstance(node, exp.Column) and node.table == "keys":
        return sqlglot.parse_one("CAST(NULL AS VARCHAR)", read="athena")
    if isinstance(node, exp.TimestampTrunc):
        return sqlglot.parse_one("CAST(NULL AS TIMESTAMP)", read="athena")
    return node


@pytest.mark.slow
@pytest.mark.parametrize("sql", [*ADHOC, *(view.sql for view in views().values())])
def test_what_athena_is_asked_fits_the_table_in_glue(sql: str) -> None:
    tree = _typed(translate(sql, "athena", ["Team"]), _glue_schema())
    assert isinstance(tree, exp.Query)
    unknown = [each.sql() for each in tree.selects if each.type is None or each.is_type("unknown", "null")]
    assert unknown == []


@pytest.mark.slow
def test_views_have_the_same_columns_everywhere() -> None:
    for engine in ("spark", "athena"):
        for name, statement in view_statements(engine).items():
            tree = sqlglot.parse_one(statement, read=engine)
            found = tree.find(exp.Query)
            assert found is not None
            assert [each.alias_or_name for each in found.selects] == [c.name for c in views()[name].columns]
            assert statement.startswith(f"CREATE OR REPLACE VIEW {name} AS\n")


@pytest.mark.slow
def test_views_of_views_come_after_them() -> None:
    order = list(view_statements("athena"))
    assert order.index("cost_by_service") < order.index("top_movers")


def test_a_key_that_a_map_lacks_is_null_on_athena() -> None:
    assert "ELEMENT_AT(charges.tags, 'Team')" in translate("SELECT Tags['Team'] FROM charges", "athena")
    assert "charges.tags['Team']" in translate("SELECT Tags['Team'] FROM charges", "spark")


def test_names_given_in_the_select_are_written_out() -> None:
    text = " ".join(translate(ADHOC[0], "athena").split())
    assert text.endswith("FROM charges AS charges GROUP BY charges.servicename ORDER BY service, cost")
    text = " ".join(translate(ADHOC[0] + " DESC NULLS FIRST", "athena").split())
    assert text.endswith("ORDER BY service DESC NULLS FIRST, cost DESC NULLS FIRST")


def test_tags_that_are_columns() -> None:
    sql = "SELECT tag('Team'), tag('Owner') FROM charges"
    assert 'charges."x_tag_team"' in translate(sql, "athena", ["Team"]).lower()
    assert "element_at(charges.tags, 'owner')" in translate(sql, "athena", ["Team"]).lower()
    assert translate(sql, "duckdb", ["Team"]) == (
        "SELECT \"x_Tag_Team\", NULLIF(COALESCE(Tags['Owner'], Tags['owner']), '') FROM charges"
    )
    with pytest.raises(LakeError, match="x_tag_team"):
        translate("SELECT x_Tag_Team FROM charges", "athena")


@pytest.mark.parametrize("engine", ["spark", "athena"])
@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT nothing FROM charges", "Column 'nothing' could not be resolved"),
        ("SELECT 1 FROM nowhere", "there is no table 'nowhere'"),
        ("SELECT * FROM read_parquet('x')", "there is no table"),
        ("SELECT bogus(1)", "the function BOGUS has no sure translation"),
        ("SELECT median(BilledCost) FROM charges", "the function Median has no sure translation"),
        ("SELECT COLUMNS('x.*') FROM charges", "the function Columns has no sure translation"),
        ("SELECT * FROM charges GROUP BY ALL", r"ALL and \* together"),
        ("PIVOT charges ON ServiceName USING SUM(BilledCost)", "not one question"),
        ("SELECT 1; SELECT 2", "not one question"),
        ("DROP TABLE charges", "not one question"),
        ("SELEC", "not one question"),
        ("SELECT (1", "cannot be asked on"),
        ("", "not one question"),
    ],
)
def test_what_cannot_be_translated_says_so(sql: str, says: str, engine: str) -> None:
    with pytest.raises(LakeError, match=says) as raised:
        translate(sql, engine)
    assert raised.value.hint
    assert "\n" not in raised.value.message


def test_an_engine_that_is_none() -> None:
    with pytest.raises(UsageError, match="there is no engine 'oracle'") as raised:
        translate("SELECT 1", "oracle")
    assert raised.value.hint == "known: duckdb, spark, athena"


def test_the_table_in_glue() -> None:
    columns = dict(glue_columns(["Team"]))
    assert len(columns) == len(CHARGE) + 1
    assert columns["billedcost"] == "decimal(38,18)"
    assert columns["tags"] == "map<string,string>"
    assert (columns["chargeperiodstart"], columns["regionid"]) == ("timestamp", "string")
    assert columns["x_tag_team"] == "string"
    assert all(name == name.lower() for name in columns)
    text = charges_table("s3://bucket/lake/charges/", ["Team"])
    [tree] = sqlglot.parse(text, read="hive")
    assert tree is not None
    assert {each.name for each in tree.find_all(exp.ColumnDef)} == {*columns, "billing_period"}
    assert text.endswith(
        "PARTITIONED BY (`billing_period` string)\nSTORED AS PARQUET\nLOCATION 's3://bucket/lake/charges/'"
    )
    assert schema()["charges"]["billing_period"] == "VARCHAR"


def _words() -> Iterator[str]:
    from lamplighter.lake.dialects import SAME

    yield from SAME


def test_functions_that_are_the_same_are_names_of_sqlglot() -> None:
    assert [name for name in _words() if not hasattr(exp, name)] == []


def test_the_tables_of_usage_in_glue() -> None:
    text = athena_table("usage_looks_written", "s3://lake/usage_looks/", ["Team"])
    assert text.startswith("CREATE EXTERNAL TABLE usage_looks_written (\n  `time` timestamp,\n  `hours` int,\n")
    assert text.endswith(
        "PARTITIONED BY (`billing_period` string)\nSTORED AS PARQUET\nLOCATION 's3://lake/usage_looks/'"
    )
    assert "team" not in text
