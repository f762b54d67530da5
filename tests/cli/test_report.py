from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from tests.cli.test_commit_recommend import DEFINITIONS, write

from lamplighter.cli.testing import Lamp

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*extension is not supported")]


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter.cli.context.utc_now", lambda: NOW)


def test_the_workbook_of_a_month(lamp: Lamp, tmp_path: Path) -> None:
    lake = write(tmp_path / "lake")
    definitions = tmp_path / "lamplighter.yaml"
    definitions.write_text(DEFINITIONS, encoding="utf-8")
    answer = lamp(
        *("report", "ri-usage", "--period", "2026-10", "--organization", "Example", "--lake", lake),
        *("--out", str(tmp_path / "reports"), "-f", str(definitions), "-o", "json"),
    )
    assert answer.code == 0, answer.err
    rows = answer.rows
    path = tmp_path / "reports" / "AwsRIUsageReport_Example_2026-11-01.xlsx"
    assert {row["file"] for row in rows} == {str(path)}
    book = openpyxl.load_workbook(path, data_only=True)
    assert book.sheetnames == [row["sheet"] for row in rows]
    assert "what is held is not known" in answer.err
    shown = {name: list(book[name].iter_rows(min_row=5, values_only=True)) for name in book.sheetnames}
    hours = [(row[5], row[6]) for row in shown["ec2 eu-west-1"] if row[0] == "m5.large"]
    assert hours == [(48, 48 * 9), (2, 2 * 9)]
    buys = [row[2] for row in shown["Recommendations"] if isinstance(row[0], int)]
    assert buys


def test_a_month_without_usage_says_so(lamp: Lamp, tmp_path: Path) -> None:
    answer = lamp("report", "ri-usage", "--lake", str(tmp_path / "lake"), "--out", str(tmp_path))
    assert answer.code == 4
    assert "no usage is known of 2026-11" in answer.err
    book = openpyxl.load_workbook(tmp_path / "AwsRIUsageReport_organization_2026-11-01.xlsx")
    assert book["Recommendations"]["A5"].value == "no usage is known of 2026-11"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--period", "October"), "'October' is not a month"),
        (("--file", "nowhere.yaml"), "there is no file nowhere.yaml"),
    ],
)
def test_mistakes(lamp: Lamp, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    answer = lamp("report", "ri-usage", "--lake", str(tmp_path / "lake"), "--out", str(tmp_path), *arguments)
    assert answer.code == 2
    assert message in answer.err
    assert not list(tmp_path.glob("*.xlsx"))


def test_a_folder_that_cannot_be_written(lamp: Lamp, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = lamp("report", "ri-usage", "--lake", str(tmp_path / "lake"), "--out", str(tmp_path / "file"))
    assert answer.code == 1
    assert "cannot be written" in answer.err
