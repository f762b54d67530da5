from __future__ import annotations

from pathlib import Path

import pytest
from tests.lake.conftest import write_month

from lamplighter.errors import UsageError
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.tags import expand, map_sql, tag_columns, tag_sql

HOT = {"Team": ("2026-10", "2026-11"), "a b": ("2026-11",)}


def test_a_column_where_every_month_has_it_else_the_map() -> None:
    assert tag_sql("Team", HOT, ["2026-10", "2026-11"]) == '"x_Tag_Team"'
    assert tag_sql("Team", HOT, ["2026-09"]) == "NULLIF(COALESCE(Tags['Team'], Tags['team']), '')"
    assert tag_sql("a b", HOT, ["2026-10", "2026-11"]) == (
        "CASE WHEN billing_period IN ('2026-11') THEN \"x_Tag_a_b\""
        " ELSE NULLIF(COALESCE(Tags['a b'], Tags['a_b']), '') END"
    )
    assert tag_sql("a-b", HOT, ["2026-11"]) == "NULLIF(Tags['a-b'], '')"
    assert tag_sql("Team", HOT, []) == map_sql("Team")


def test_a_quote_in_a_key_stays_in_the_key() -> None:
    assert map_sql("o'x") == "NULLIF(Tags['o''x'], '')"
    assert expand("SELECT tag('o''x') FROM charges") == "SELECT NULLIF(Tags['o''x'], '') FROM charges"


@pytest.mark.parametrize("text", ["SELECT 'tag(''Team'')'", "SELECT untag('x')", "SELECT tag(x)", "SELECT tag('')"])
def test_only_calls_with_a_key_are_expanded(text: str) -> None:
    assert expand(text) == text


def test_two_keys_with_the_same_column_are_refused() -> None:
    assert tag_columns(["Team", "cost-center", "Team"]) == {"Team": "x_Tag_Team", "cost-center": "x_Tag_cost_center"}
    for other in ("cost center", "Cost-Center"):
        with pytest.raises(UsageError, match="would be the same column"):
            tag_columns(["cost-center", other])


def test_questions_and_views_take_the_column_of_each_month(tmp_path: Path) -> None:
    """The columns hold other values than the map here, to show which of them was read."""
    tags = "MAP {'Team': 'map'}"
    write_month(tmp_path, "2026-09", [{"Tags": tags}])
    write_month(tmp_path, "2026-10", [{"Tags": tags, "x_Tag_Team": "'column'"}], tags=["Team"])
    question = "SELECT billing_period, tag('Team') FROM charges ORDER BY 1"
    with Ledger.open(tmp_path) as ledger:
        assert list(ledger.query(question).rows) == [("2026-09", "map"), ("2026-10", "column")]
        assert list(ledger.query("SELECT team FROM cost_by_team ORDER BY 1").rows) == [("column",), ("map",)]
        assert ledger.hot_tags == {"Team": {"2026-10"}}
        write_month(tmp_path, "2026-10", [{"Tags": tags, "x_Tag_Team": "'stray'"}])
        assert list(ledger.query("SELECT DISTINCT team FROM cost_by_team").rows) == [("map",)]
        assert ledger.hot_tags == {}
