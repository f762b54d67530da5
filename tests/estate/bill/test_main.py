from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from lamplighter.estate.bill.__main__ import main
from lamplighter.estate.bill.write import TRUTH

pytestmark = pytest.mark.slow

SMALL = ["--resources", "3", "--days", "2"]


def test_it_writes_at_least_so_many_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path), "--rows", "1000", "--files", "2", *SMALL]) == 0
    truth = json.loads((tmp_path / TRUTH).read_text())
    assert truth["lines"] >= 1000
    assert truth["month"] == "2026-10"
    assert f"{truth['lines']:,} rows in 2 files" in capsys.readouterr().out
    assert len(list(tmp_path.rglob("*.csv.gz"))) == 2


def test_parquet_has_a_file_for_each_copy(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--rows", "1000", "--format", "focus-1.2-parquet", *SMALL]) == 0
    copies = json.loads((tmp_path / TRUTH).read_text())["copies"]
    assert copies > 1
    assert len(list(tmp_path.rglob("*.parquet"))) == copies


def test_without_anything_bought_there_are_no_columns_for_it(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--nothing-bought", *SMALL]) == 0
    assert json.loads((tmp_path / TRUTH).read_text())["commitments"] == {}
    manifest = json.loads(next(tmp_path.rglob("*Manifest.json")).read_text())
    assert "savingsPlan" not in {column["category"] for column in manifest["columns"]}


def test_containers_have_lines_unless_they_shall_not(tmp_path: Path) -> None:
    rows = {}
    for words in ((), ("--no-split",)):
        assert main(["--out", str(tmp_path / str(len(words))), "--resources", "5", "--days", "1", *words]) == 0
        truth = json.loads((tmp_path / str(len(words)) / TRUTH).read_text())
        with gzip.open(next((tmp_path / str(len(words))).rglob("*.csv.gz")), "rt") as file:
            header = file.readline()
        rows[words] = truth["split"]["rows"], "splitLineItem/SplitCost" in header, "resourceTags/aws:eks" in header
    assert rows[()][0] > 100
    assert rows == {(): (rows[()][0], True, True), ("--no-split",): (0, False, False)}


@pytest.mark.parametrize(
    ("words", "said"), [(["--month", "soon"], "soon is no month"), (["--days", "0"], "sizes begin with one")]
)
def test_what_cannot_be_followed_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["--out", str(tmp_path), *words]) == 2
    assert said in capsys.readouterr().err
