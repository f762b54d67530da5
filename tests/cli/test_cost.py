"""`lamp cost` and `lamp sql` on a lake whose answers were worked out by hand."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import duckdb
import pytest
from tests.lake.conftest import write_month
from tests.lake.known import DATA, EC2, EXPECTED, OTHER, PAYER, S3, SHOP, write_known

from lamplighter.cli.testing import Lamp
from lamplighter.lake.catalog import views


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("known")
    write_known(folder)
    return folder


@pytest.fixture
def lake(known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "lake"
    shutil.copytree(known, folder)
    monkeypatch.setenv("LAMPLIGHTER_LAKE", str(folder))
    return folder


def table(text: str) -> list[list[str]]:
    """Words of the lines of a table, without rules."""
    return [line.split() for line in text.splitlines() if line.strip("─ ")]


@pytest.mark.slow
@pytest.mark.usefixtures("lake")
def test_a_table_with_shares_and_a_total(lamp: Lamp) -> None:
    said = lamp("cost", "--by", "account,service", "--period", "2026-11")
    assert (said.code, table(said.out)) == (
        0,
        [
            ["account", "service", "Effective", "USD", "Share", "Charges"],
            [DATA, *S3.split(), "1.12", "73.6", "%", "1"],
            [SHOP, *EC2.split(), "0.40", "26.4", "%", "1"],
            ["total", "1.52", "2"],
        ],
    )
    assert said.err == "effective cost of 2026-11\n"


@pytest.mark.usefixtures("lake")
def test_two_currencies_are_never_added(lamp: Lamp) -> None:
    said = lamp("cost", "--by", "payer")
    assert table(said.out) == [
        ["payer", "Currency", "Effective", "Share", "Charges"],
        [OTHER, "EUR", "1.00", "100.0", "%", "1"],
        [PAYER, "USD", "5.03", "100.0", "%", "14"],
    ]
    assert said.err.splitlines() == ["total 1.00 EUR", "total 5.03 USD", "effective cost of 2026-10, 2026-11"]


@pytest.mark.slow
@pytest.mark.usefixtures("lake")
def test_groups_without_a_value_are_shown(lamp: Lamp) -> None:
    words = ("--by", "tag:Team", "--period", "2026-10", "--where", f"payer={PAYER}")
    assert table(lamp("cost", *words).out)[1:] == [
        ["(none)", "1.32", "37.4", "%", "10"],
        ["b", "1.20", "34.1", "%", "1"],
        ["a", "1.00", "28.4", "%", "1"],
        ["total", "3.52", "12"],
    ]
    assert [row["tag:Team"] for row in lamp("cost", *words, "-o", "json").rows] == [None, "b", "a"]


@pytest.mark.usefixtures("lake")
def test_json_is_exact(lamp: Lamp) -> None:
    found = lamp(
        "cost", "--by", "account-name,day", "--measure", "net-amortised", "--where", f"service={S3}", "-o", "json"
    )
    assert found.err == "net amortized cost of 2026-10, 2026-11\n"
    assert found.rows == [
        {"account_name": DATA, "day": day, "currency": "USD", "measure": "net_amortized", "cost": cost, "charges": 1}
        for day, cost in (("2026-11-03", "1.115"), ("2026-10-05", "0.115"))
    ]


@pytest.mark.usefixtures("lake")
def test_csv(lamp: Lamp) -> None:
    said = lamp("cost", "--by", "service", "--period", "2026-11", "-o", "csv")
    assert list(csv.reader(io.StringIO(said.out))) == [
        ["service", "currency", "measure", "cost", "charges"],
        [S3, "USD", "effective", "1.115", "1"],
        [EC2, "USD", "effective", "0.4", "1"],
    ]


@pytest.mark.usefixtures("lake")
def test_a_limit_and_conditions(lamp: Lamp) -> None:
    said = lamp("cost", "--by", "service", "--limit", "1", "--where", f"payer={PAYER}", "--where", "day<2026-11-01")
    assert table(said.out)[1:] == [
        [*EC2.split(), "2.95", "83.9", "%", "7"],
        ["(others)", "0.56", "16.1", "%", "5"],
        ["total", "3.52", "12"],
    ]


@pytest.mark.usefixtures("lake")
def test_what_is_not_known_is_said(lamp: Lamp) -> None:
    said = lamp("cost", "--measure", "on-demand", "--where", f"account={SHOP}", "--period", "2026-10")
    assert [line[-4] for line in table(said.out)[1:-1]] == ["3.85", "0.50"]
    assert "warning: 2 charges with no known on demand cost: in no row\n" in said.err


def test_amounts_under_a_cent_are_not_minus_zero(lamp: Lamp, tmp_path: Path) -> None:
    write_month(tmp_path / "lake", "2026-10", [{"EffectiveCost": "-0.001"}])
    said = lamp("cost", "--lake", str(tmp_path / "lake"))
    assert "-0.00" not in said.out
    assert table(said.out)[-1] == ["total", "0.00", "1"]


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["--by", "servise"], "there is no dimension 'servise'", "did you mean service?"),
        (["--by", " , "], "--by names nothing", "for example --by account,service"),
        (["--period", "2026-09"], "2026-09 is not in the ledger", "loaded: 2026-10, 2026-11"),
        (["--measure", "gross"], "there is no measure 'gross'", "known: billed, effective"),
        (["--where", "service"], "'service' is no condition", "write name=value"),
        (["--limit", "0"], "Invalid value for '--limit'", "lamp cost --help"),
    ],
)
@pytest.mark.usefixtures("lake")
def test_what_cannot_be_asked_is_a_line_and_a_hint(lamp: Lamp, words: list[str], error: str, hint: str) -> None:
    said = lamp("cost", *words)
    assert (said.code, said.out) == (2, "")
    assert error in said.err.splitlines()[0]
    assert hint in said.err.splitlines()[1]


@pytest.mark.slow
def test_an_empty_lake_says_what_to_do(lamp: Lamp) -> None:
    said = lamp("cost")
    assert (said.code, said.out, said.err) == (0, "", "nothing is loaded yet: lamp bill load\n")
    assert lamp("cost", "-o", "json").rows == []


def test_a_lake_that_is_none_is_an_error(lamp: Lamp, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for command in (["cost"], ["sql", "SELECT 1"]):
        said = lamp(*command, "--lake", str(tmp_path / "file"))
        assert (said.code, said.out) == (1, "")
        assert "is no folder" in said.err


@pytest.mark.slow
@pytest.mark.usefixtures("lake")
def test_a_question_in_sql(lamp: Lamp) -> None:
    question = "SELECT service, SUM(effective_cost) AS cost, NULL AS n FROM cost_by_service WHERE currency = 'USD'"
    question += " GROUP BY 1 ORDER BY 2 DESC LIMIT 2"
    assert table(lamp("sql", question).out) == [
        ["service", "cost", "n"],
        [*EC2.split(), "3.35"],
        [*S3.split(), "1.23"],
    ]
    assert lamp("sql", question, "-o", "json").rows == [
        {"service": EC2, "cost": "3.35", "n": None},
        {"service": S3, "cost": "1.23", "n": None},
    ]
    assert lamp("sql", question, "-o", "csv").out.splitlines() == ["service,cost,n", f"{EC2},3.35,", f"{S3},1.23,"]


@pytest.mark.slow
@pytest.mark.usefixtures("lake")
def test_values_of_every_type(lamp: Lamp) -> None:
    question = (
        "SELECT DATE '2026-10-05' AS d, TIMESTAMP '2026-10-05 10:00:00' AS t, MAP {'a': 1.50} AS m, [1, 2] AS l,"
        " 1.0::DOUBLE / 0 AS i, true AS b, 3 AS n, INTERVAL 1 DAY AS v, 'x' AS s, 'y' AS s"
    )
    [row] = lamp("sql", question, "-o", "json").rows
    assert list(row.values()) == [
        *("2026-10-05", "2026-10-05T10:00:00", {"a": "1.5"}, [1, 2], "inf", True, 3, "1 day, 0:00:00", "x", "y")
    ]
    assert list(row)[-2:] == ["s", "s_2"]
    assert lamp("sql", question).code == 0


@pytest.mark.slow
@pytest.mark.usefixtures("lake")
def test_no_rows(lamp: Lamp) -> None:
    said = lamp("sql", "SELECT service FROM cost_by_service WHERE false")
    assert (said.code, said.out, said.err) == (0, "", "no rows\n")
    assert lamp("sql", "SELECT service FROM cost_by_service WHERE false", "-o", "json").rows == []


@pytest.mark.slow
@pytest.mark.usefixtures("lake")
def test_a_question_from_a_file_and_from_stdin(lamp: Lamp, tmp_path: Path) -> None:
    (tmp_path / "question.sql").write_text("-- how many\nSELECT COUNT(*) AS n\nFROM charges;\n")
    assert lamp("sql", "--query-file", "question.sql", "-o", "json").rows == [{"n": 15}]
    assert lamp("sql", "--query-file", "-", "-o", "json", stdin="SELECT COUNT(*) AS n FROM charges").rows == [{"n": 15}]
    said = lamp("sql", "--query-file", "none.sql")
    assert (said.code, "none.sql cannot be read" in said.err) == (2, True)


@pytest.mark.parametrize("words", [[], ["SELECT 1", "--query-file", "-"]])
def test_one_question_at_a_time(lamp: Lamp, words: list[str]) -> None:
    said = lamp("sql", *words, stdin="SELECT 1")
    assert (said.code, said.err.splitlines()[0]) == (2, "error: ask one question")


@pytest.mark.slow
@pytest.mark.usefixtures("lake")
def test_an_answer_as_parquet(lamp: Lamp, tmp_path: Path) -> None:
    said = lamp("sql", "SELECT billing_period, billed_cost FROM cost_by_service", "--to-parquet", "out.parquet")
    assert (said.code, said.out, said.err) == (0, "", "8 rows written to out.parquet\n")
    found = duckdb.read_parquet(str(tmp_path / "out.parquet"))
    assert (found.columns, str(found.types[1])) == (["billing_period", "billed_cost"], "DECIMAL(38,18)")
    said = lamp("sql", "SELECT 1", "--to-parquet", "none/out.parquet")
    assert (said.code, said.err.splitlines()[1]) == (1, "hint: check the path")


@pytest.mark.usefixtures("lake")
@pytest.mark.parametrize(
    ("question", "error"),
    [
        ("SELECT nothing FROM charges", 'Referenced column "nothing" not found'),
        ("SELEC 1", "syntax error"),
        ("DROP VIEW charges", "this is not one question"),
        ("SELECT * FROM read_csv('/etc/hostname')", "Cannot access file"),
    ],
)
def test_a_wrong_question_is_a_line_and_a_hint(lamp: Lamp, question: str, error: str) -> None:
    said = lamp("sql", question)
    assert (said.code, said.out) == (1, "")
    assert error in said.err.splitlines()[0]
    assert said.err.splitlines()[1].startswith("hint: ")
    assert len(said.err.splitlines()) == 2


def test_what_can_be_asked(lamp: Lamp) -> None:
    said = lamp("sql", "--tables")
    assert [line[0] for line in table(said.out) if line[0] in EXPECTED] == list(views())
    listed = {(row["view"], row["column"]): row["unit"] for row in lamp("sql", "--tables", "-o", "json").rows}
    assert listed["charges", "BilledCost"] == "DECIMAL(38,18)"
    assert listed["charges", "billing_period"] == "VARCHAR"
    assert listed["commitments", "utilisation"] == "ratio"


@pytest.mark.slow
def test_a_question_for_another_engine(lamp: Lamp) -> None:
    question = "SELECT Tags['Team'] AS team, SUM(BilledCost) AS cost FROM charges GROUP BY team"
    assert "ELEMENT_AT(charges.tags, 'Team')" in lamp("sql", question, "--for", "athena").out
    assert "charges.tags['Team']" in lamp("sql", question, "--for", "spark").out
    said = lamp("sql", question, "--for", "oracle")
    assert (said.code, said.err) == (2, "error: there is no engine 'oracle'\nhint: known: duckdb, spark, athena\n")
    said = lamp("sql", "SELECT median(BilledCost) FROM charges", "--for", "athena")
    assert (said.code, "the function Median has no sure translation for athena" in said.err) == (1, True)


@pytest.mark.usefixtures("lake")
def test_tags_that_are_columns_everywhere_are_columns_for_another_engine(lamp: Lamp, lake: Path) -> None:
    question = "SELECT tag('Team') AS team FROM charges"
    assert "x_tag_team" not in lamp("sql", question, "--for", "athena").out
    for period in ("2026-10", "2026-11"):
        write_month(lake, period, [{"x_Tag_Team": "'a'"}], tags=["Team"])
    assert "x_tag_team" in lamp("sql", question, "--for", "athena").out
