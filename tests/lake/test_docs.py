"""The examples of docs/ledger-queries.md run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.lake.known import write_known

from lamplighter.cli.testing import Lamp
from lamplighter.lake.catalog import views
from lamplighter.lake.columns import MEASURES
from lamplighter.lake.cost import DIMENSIONS

pytestmark = pytest.mark.slow

TEXT = (Path(__file__).parents[2] / "docs" / "ledger-queries.md").read_text()
CODE = re.findall(r"(?<!<!-- needs Java -->\n)```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_known(tmp_path / "lake")
    (tmp_path / "question.sql").write_text("SELECT 1 AS n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAMPLIGHTER_LAKE", "lake")


def test_the_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    [code] = CODE
    found: dict[str, object] = {}
    exec(code, found)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "['2026-10', '2026-11']"
    assert said[1].startswith("Amazon Elastic Compute Cloud 3.35")
    assert said[-1].startswith("777788889999 None 0.115")
    assert {name: len(found[name]) for name in ("table", "frame")} == {"table": 8, "frame": 4}  # type: ignore[arg-type]


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_run(line: str) -> None:
    import shlex

    said = Lamp()(*shlex.split(line.replace("--period 2026-09", ""))[1:])
    assert said.code == 0, said.err


def test_every_view_dimension_and_measure_is_named() -> None:
    names = set(re.findall(r"`([\w:-]+)`", TEXT))
    assert set(views()) <= names
    assert set(DIMENSIONS) <= names
    assert {measure.replace("_", "-") for measure in MEASURES} <= names
