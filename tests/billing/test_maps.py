"""Maps of many columns: the short way through structures gives what the long way gives."""

from __future__ import annotations

import duckdb
import pytest

from lamplighter.billing.columns import Columns, quoted
from lamplighter.billing.maps import EMPTY, flat_map

ROWS = [("a", None, "c"), (None, None, None), ("a", "b", "c"), (None, "b", None), ("x", None, "z"), ("it's", "b", None)]


def maps(keys: list[str], filled: list[set[str]]) -> tuple[str, list[object]]:
    names = [f"column {number}" for number in range(len(keys))]
    c = Columns({name: name for name in names})
    given = dict(zip(names, keys, strict=True))
    sql = flat_map(c, given, [frozenset(f"column {number}" for number in map(int, each)) for each in filled])
    with duckdb.connect() as connection:
        listed = ", ".join(f"CAST(NULL AS VARCHAR) AS {quoted(name)}" for name in names)
        connection.execute(f"CREATE TABLE t AS SELECT {listed} LIMIT 0")
        connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(names))})", ROWS)
        values = ", ".join(f"{value} AS {quoted(name)}" for name, value in c.values.items())
        source = f"(SELECT *{', ' + values if values else ''} FROM t)"
        return sql, [row[0] for row in connection.execute(f"SELECT {sql} FROM {source}").fetchall()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "short"),
    [
        (["Team", "Cost Center", "aws:createdBy"], True),
        (["it's", 'a"b', "größe"], True),
        (["Team", "team", "TEAM"], False),
        (["", "Team", "x"], False),
        (["Team", "Team", "x"], True),
    ],
)
def test_both_ways_agree(keys: list[str], short: bool) -> None:
    _, slow = maps(keys, [])
    sql, fast = maps(keys, [{"0", "2"}, set(), {"1"}, {"0", "2"}])
    assert fast == slow
    assert ("CASE" in sql) is short
    assert slow[1] == {}
    assert slow[0] == ({keys[0]: "a", keys[2]: "c"})


def test_no_columns_are_no_map() -> None:
    assert flat_map(Columns({}), {}, [frozenset()]) == EMPTY
