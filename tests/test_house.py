"""Rules that hold for the whole tree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TEXTS = sorted(
    path
    for folder in ("src", "tests", "docs", "examples", "benchmarks", "scripts", ".ci")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and path.suffix not in (".pyc", ".zip", ".png")
) + sorted(path for path in ROOT.iterdir() if path.is_file() and path.name not in (".coverage", ".git"))
EXAMPLE_ACCOUNTS = {
    "111122223333",
    "222233334444",
    "333344445555",
    "444455556666",
    "555566667777",
    "666677778888",
    "777788889999",
    "888899990000",
    "999900001111",
    "123456789012",
    "210987654321",
    "012345678901",
    "012345670123",
    "000012345678",
    "123456789013",
    "111111111111",
    "222222222222",
    "333333333333",
    "444444444444",
    "000000000000",
    "999988887777",
    "999999999999",
}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_files_stay_readable(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= 400, f"{_name(path)} has {len(lines)} lines; it wants a new room"


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_every_module_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert text.startswith('"""'), f"{_name(path)} has no docstring"


def test_no_place_of_work_is_named() -> None:
    wrong = re.compile(r"/work/|/root/|(?<!emit-)index-url|files\.pythonhosted|registry\.npm")
    found = [_name(path) for path in TEXTS if path != Path(__file__) and wrong.search(path.read_text())]
    assert found == []


def test_only_example_accounts_are_named() -> None:
    number = re.compile(r"(?<![\w.:-])[0-9]{12}(?![\w.])")
    found = {
        (_name(path), account)
        for path in TEXTS
        if path.name != "requirements.lock"
        for account in number.findall(path.read_text())
        if account not in EXAMPLE_ACCOUNTS
    }
    assert found == set()


def test_every_locked_version_has_a_hash() -> None:
    text = (ROOT / "requirements.lock").read_text()
    entries = [block for block in re.split(r"\n(?=\S)", text) if "==" in block]
    assert len(entries) > 50
    assert [block.split()[0] for block in entries if "--hash=sha256:" not in block] == []
