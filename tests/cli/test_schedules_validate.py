"""`lamp schedules validate`: places, severities, exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp

TRAPS = """\
version: 1
periods:
  early: {begintime: 08:00, endtime: 12:00}
  late: {begintime: 12:01, endtime: 23:59}
schedules:
  both: {periods: [early, late]}
"""


def test_a_valid_file(lamp: Lamp, definitions: Path) -> None:
    said = lamp("schedules", "validate")
    assert (said.code, said.out, said.err) == (0, "", "lamplighter.yaml: valid\n")
    assert lamp("schedules", "validate", "-o", "json").rows == []


def test_errors_stand_with_their_place(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text("version: 1\nperiods:\n  p: {weekdays: 'mon, thurs'}\nschedules:\n  s: {periods: p}\n")
    said = lamp("schedules", "validate")
    assert said.code == 3
    first, second = said.out.splitlines()
    assert first.startswith("lamplighter.yaml:3:23: error: periods.p.weekdays: 'thurs' is not a value for weekdays (")
    assert second.startswith("lamplighter.yaml:5:16: error: schedules.s.periods: period 'p' is not defined")
    assert said.err == "lamplighter.yaml: 2 errors, 0 warnings\n"
    row = lamp("schedules", "validate", "-o", "json").rows[0]
    assert {key: row[key] for key in ("severity", "file", "line", "column", "where")} == {
        "severity": "error",
        "file": "lamplighter.yaml",
        "line": 3,
        "column": 23,
        "where": "periods.p.weekdays",
    }
    assert row["hint"]


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 3), ("never", 0)])
def test_warnings_count_when_asked(fail_on: str, code: int, lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(TRAPS)
    said = lamp("schedules", "validate", "--fail-on", fail_on)
    assert said.code == code
    assert said.out.splitlines()[0].startswith(
        "lamplighter.yaml:6:9: warning: schedules.both: between the end of early"
    )
    assert any(": warning: periods.late.endtime: an endtime of 23:59 " in line for line in said.out.splitlines())


def test_what_is_no_yaml_is_a_finding_too(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text("a: [\n")
    said = lamp("schedules", "validate", "-o", "json")
    assert said.code == 3
    assert [(row["severity"], row["line"], row["column"]) for row in said.rows] == [("error", 2, 1)]
    assert lamp("schedules", "validate", "--fail-on", "never").code == 0


def test_the_example_is_wrong_where_it_says(lamp: Lamp) -> None:
    example = Path(__file__).parents[2] / "examples" / "lamplighter.yaml"
    rows = lamp("schedules", "validate", "-f", str(example), "-o", "json").rows
    assert {row["where"] for row in rows if row["severity"] == "error"} == {
        "periods.broken-thursdays.weekdays",
        "schedules.broken-hours.periods",
    }
