"""`lamp schedules export`, and the way back through `import` with other dialects."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp
from lamplighter.schedules.dialects import dialects

YAML = """version: 1
timezone: Europe/Berlin
calendars:
  free: {dates: 2026-12-24}
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
schedules:
  office: {periods: office}
  closed: {periods: office, closed: free}
"""


@pytest.fixture
def definitions(tmp_path: Path) -> str:
    path = tmp_path / "lamplighter.yaml"
    path.write_text(YAML)
    return str(path)


def test_a_schedule_in_the_short_form(definitions: str) -> None:
    said = Lamp()("schedules", "export", "office", "--to", "inline", "-f", definitions, "-o", "json")
    assert said.code == 0
    assert said.rows == [{"schedule": "office", "text": "mon-fri 08:00-18:00 Europe/Berlin", "notes": []}]


def test_what_cannot_be_expressed_is_said(definitions: str) -> None:
    said = Lamp()("schedules", "export", "-f", definitions)
    assert said.code == 3
    assert "cannot be expressed" in said.out
    assert "closed: calendars have no short form" in said.err
    assert "mon-fri 08:00-18:00 Europe/Berlin" in said.out


def test_a_dialect_that_is_only_read(definitions: str) -> None:
    said = Lamp()("schedules", "export", "--to", "instance-scheduler", "-f", definitions)
    assert (said.code, "can be read only" in said.err) == (2, True)


def test_a_dialect_that_does_not_exist(definitions: str) -> None:
    said = Lamp()("schedules", "export", "--to", "inlin", "-f", definitions)
    assert (said.code, "did you mean inline?" in said.err) == (2, True)
    said = Lamp()("schedules", "import", definitions, "--from", "custodian")
    assert said.code == 2


@pytest.mark.parametrize("name", sorted(set(dialects()) - {"instance-scheduler"}))
def test_the_example_of_every_dialect_is_imported(name: str, tmp_path: Path) -> None:
    path = tmp_path / "office.txt"
    path.write_text(dialects()[name].example)
    said = Lamp()("schedules", "import", str(path), "--from", name, "-o", "json")
    assert said.code == 0, said.err
    schedules = [row["name"] for row in said.rows if row["type"] == "schedule"]
    assert schedules == ["office"]


def test_a_text_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "tag.txt"
    path.write_text("off=(M-F,19) on=(M-F,7)")
    said = Lamp()("schedules", "import", str(path), "--from", "cloud-custodian", "--name", "night", "-o", "json")
    assert (said.code, said.rows) == (3, [])
    assert "schedules.night" in said.err
    assert "at character 13" in said.err
