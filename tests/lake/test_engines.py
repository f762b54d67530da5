"""The same questions, the same answers: every view and ad-hoc questions on DuckDB and on a real Spark."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.lake.conftest import write_month
from tests.lake.known import EXPECTED, plain, write_known

from lamplighter.errors import LakeError
from lamplighter.lake.engines import Engine, SparkLedger
from lamplighter.lake.ledger import Ledger

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).parents[2] / "docs" / "ledger-queries.md"
NAMES = ("duckdb", "spark")
ADHOC: Mapping[str, list[tuple[str | None, ...]]] = {
    "SELECT ChargeCategory AS kind, SUM(BilledCost) AS cost FROM charges GROUP BY ALL ORDER BY ALL": [
        ("Adjustment", "0"),
        ("Credit", "-0.25"),
        ("Purchase", "1.95"),
        ("Tax", "0.4"),
        ("Usage", "3.93"),
    ],
    "SELECT tag('Team') AS team, COUNT(*) FROM charges WHERE contains(x_UsageType, 'Box') GROUP BY team": [
        ("a", "3"),
        ("b", "1"),
        (None, "1"),
    ],
    "SELECT Tags['nothing'] AS n, x_CostCategories['unit'] AS unit FROM charges WHERE ResourceId = 'i-1' ORDER BY 2": [
        (None, "retail"),
        (None, None),
        (None, None),
    ],
    "SELECT strftime(ChargePeriodStart, '%Y-%m') AS m, CAST(MAX(ChargePeriodEnd) AS VARCHAR) FROM charges GROUP BY 1": [
        ("2026-10", "2026-10-06 11:00:00"),
        ("2026-11", "2026-11-03 11:00:00"),
    ],
    "SELECT day, SUM(list_cost) FROM cost_by_day WHERE day > DATE '2026-10-05' AND currency = 'USD' GROUP BY 1": [
        ("2026-10-06", "2"),
        ("2026-11-03", "1.515"),
    ],
    "SELECT ResourceId FROM charges QUALIFY ROW_NUMBER() OVER (PARTITION BY ServiceName ORDER BY BilledCost DESC) = 1"
    " AND ResourceId IS NOT NULL": [("bucket-1",), ("function-1",)],
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("known")
    write_known(folder)
    return folder


@pytest.fixture(scope="module")
def engines(lake: Path) -> Iterator[dict[str, Engine]]:
    opened: dict[str, Engine] = {"duckdb": Ledger.open(lake)}
    if shutil.which("java"):
        pytest.importorskip("pyspark")
        opened["spark"] = SparkLedger.open(lake)
    yield opened
    for each in opened.values():
        each.close()


@pytest.fixture(params=NAMES)
def engine(engines: dict[str, Engine], request: pytest.FixtureRequest) -> Engine:
    if request.param not in engines:
        pytest.skip("Spark needs Java, which is not here")
    return engines[request.param]


@pytest.mark.parametrize("view", sorted(EXPECTED))
def test_a_view_says_the_same_on_every_engine(engine: Engine, view: str) -> None:
    assert plain(engine.query(f"FROM {view}").rows) == plain(EXPECTED[view])


@pytest.mark.parametrize("sql", ADHOC)
def test_a_question_has_the_same_answer_on_every_engine(engine: Engine, sql: str) -> None:
    assert plain(engine.query(sql).rows) == plain(ADHOC[sql])


@pytest.mark.parametrize("sql", ["SELECT nothing FROM charges", "SELECT * FROM nowhere", "DROP TABLE charges"])
def test_a_wrong_question_is_an_error_of_the_lake(engine: Engine, sql: str) -> None:
    with pytest.raises(LakeError) as raised:
        engine.query(sql)
    assert raised.value.hint
    assert "\n" not in raised.value.message


@pytest.fixture
def spark(engines: dict[str, Engine]) -> SparkLedger:
    found = engines.get("spark")
    if not isinstance(found, SparkLedger):
        pytest.skip("Spark needs Java, which is not here")
    return found


def test_what_spark_itself_refuses_is_an_error_of_the_lake(spark: SparkLedger) -> None:
    with pytest.raises(LakeError, match="DIVIDE_BY_ZERO") as raised:
        spark.query("SELECT 1 / 0 FROM charges")
    assert "\n" not in raised.value.message


def test_tags_that_are_columns_in_every_month_are_read_from_them(spark: SparkLedger, tmp_path: Path) -> None:
    """In a session of one's own. The column holds another value than the map, to show which of them was read."""
    tags = "MAP {'Team': 'map'}"
    own = spark.session.newSession()
    write_month(tmp_path, "2026-10", [{"Tags": tags, "x_Tag_Team": "'column'"}], tags=["Team"])
    with SparkLedger.open(tmp_path, own) as opened:
        assert list(opened.query("SELECT team FROM cost_by_team").rows) == [("column",)]
    write_month(tmp_path, "2026-11", [{"Tags": tags}])
    with SparkLedger.open(tmp_path, own) as opened:
        assert list(opened.query("SELECT DISTINCT team FROM cost_by_team").rows) == [("map",)]
    assert spark.query("SELECT COUNT(*) FROM charges").rows == [(15,)]


def test_an_empty_lake_answers_with_no_rows(spark: SparkLedger, tmp_path: Path) -> None:
    with SparkLedger.open(tmp_path, spark.session.newSession()) as opened:
        assert opened.query("SELECT * FROM cost_by_service").rows == []


def test_the_example_of_the_documents_runs_and_leaves_the_session_alone(
    spark: SparkLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [code] = re.findall(r"<!-- needs Java -->\n```python\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    write_known(tmp_path / "lake")
    monkeypatch.chdir(tmp_path)
    found: dict[str, list[tuple[object, ...]]] = {}
    exec(code, found)
    assert len(found["rows"]) == 5
    assert spark.query("SELECT COUNT(*) FROM charges").rows == [(15,)]
