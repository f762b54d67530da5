"""`lamp calendars`, and Change Calendars in the commands that talk to AWS and in those that do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scheduler.test_change_calendars import put_document, set_text
from tests.schedules.test_calendars import change_calendar

from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.testing import EstateProbe

DEFINITIONS = """\
version: 1
timezone: Europe/Berlin
calendars:
  year-end: {ssm: year-end}
  windows: {ssm: windows}
  feast: {dates: "2000-01-01..2999-12-31"}
periods:
  office: {begintime: "08:00", endtime: "18:00"}
schedules:
  office: {periods: office}
  frozen: {periods: office, freeze: year-end}
  always: {override_status: stopped}
  held: {override_status: stopped, freeze: year-end}
"""
LONG = "DTSTART:20000101T000000Z DTEND:20991231T230000Z"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lamplighter.yaml"
    path.write_text(DEFINITIONS)
    return path


def test_without_a_copy_the_schedules_that_need_it_are_not_valid(lamp: Lamp, file: Path) -> None:
    said = lamp("schedules", "validate")
    assert said.code == 3
    assert (
        "lamplighter.yaml:4:13: error: calendars.year-end: of Change Calendar 'year-end' no copy is kept yet "
        "(read it from AWS with `lamp calendars refresh`)"
    ) in said.out
    said = lamp("next", "office", "--count", "1")
    assert said.code == 0
    assert lamp("next", "frozen").code != 0


def test_a_refresh_keeps_copies_for_commands_that_do_not_ask(lamp: Lamp, estate: EstateProbe, file: Path) -> None:
    put_document(estate, "year-end", change_calendar(LONG))
    put_document(estate, "windows", change_calendar(kind="DEFAULT_CLOSED"))
    said = lamp("calendars", "refresh", "-o", "json")
    assert (said.code, said.err) == (0, "")
    assert [(row["calendar"], row["news"], row["source"]) for row in said.rows] == [
        ("year-end", "new", "111122223333/eu-west-1"),
        ("windows", "new", "111122223333/eu-west-1"),
    ]
    assert [row["news"] for row in lamp("calendars", "refresh", "-o", "json").rows] == ["unchanged"] * 2

    listed = lamp("calendars", "list", "-o", "json")
    assert [(row["name"], row["is"], row["in_it"], row["forbids_change"]) for row in listed.rows] == [
        ("year-end", "Change Calendar, open by default", True, True),
        ("windows", "Change Calendar, closed by default", False, True),
        ("feast", "days", True, True),
    ]
    assert "Change Calendar year-end: as read" in listed.err
    assert "in it" in lamp("calendars", "list").out

    said = lamp("schedules", "validate")
    assert said.code == 0
    assert "Change Calendar windows: as read" in said.err
    said = lamp("next", "frozen", "--from", "2026-11-23 07:00")
    assert "frozen: nothing is changed at the begin, calendar year-end forbids change" in said.err
    assert said.code == 0


def test_next_tells_what_has_to_wait(lamp: Lamp, estate: EstateProbe, file: Path) -> None:
    put_document(estate, "year-end", change_calendar("DTSTART:20261123T160000Z DTEND:20261123T200000Z"))
    put_document(estate, "windows", change_calendar(kind="DEFAULT_CLOSED"))
    lamp("calendars", "refresh")
    said = lamp("next", "frozen", "--from", "2026-11-23 07:00", "--count", "3", "-o", "json")
    assert [(row["at"], row["now"]) for row in said.rows] == [
        ("2026-11-23T08:00:00+01:00", "running"),
        ("2026-11-23T21:00:00+01:00", "stopped"),
        ("2026-11-24T08:00:00+01:00", "running"),
    ]
    assert (
        "frozen: stopped at 2026-11-23 18:00 has to wait, "
        "calendar year-end forbids change until 2026-11-23 21:00 Europe/Berlin"
    ) in said.err


def test_what_cannot_be_read_is_said_and_the_rest_is_kept(lamp: Lamp, estate: EstateProbe, file: Path) -> None:
    put_document(estate, "windows", change_calendar(kind="DEFAULT_CLOSED"))
    said = lamp("calendars", "refresh")
    assert said.code == 4
    assert "windows" in said.out
    assert "calendar year-end" in said.err
    assert "InvalidDocument" in said.err
    assert lamp("next", "office", "--count", "1").code == 0


def test_passes_read_it_anew(lamp: Lamp, estate: EstateProbe, file: Path) -> None:
    put_document(estate, "year-end", change_calendar(LONG))
    put_document(estate, "windows", change_calendar(kind="DEFAULT_CLOSED"))
    free, held = launch(estate, "always"), launch(estate, "held")
    rows = {row["id"]: row for row in lamp("plan", "--all", "-o", "json").rows}
    assert (rows[free]["action"], rows[held]["action"], rows[held]["rule"]) == ("stop", "none", "frozen")
    assert "calendar year-end forbids change" in rows[held]["reason"]
    assert lamp("schedules", "validate").code == 3, "a plan keeps nothing"
    assert lamp("run").code == 0
    assert lamp("schedules", "validate").code == 0, "a run keeps a copy"
    set_text("year-end", change_calendar())
    assert [(row["id"], row["action"]) for row in lamp("run", "-o", "json").rows] == [(held, "stop")]


def test_a_file_without_change_calendars_asks_nobody(lamp: Lamp, definitions: Path, closed_port: str) -> None:
    said = lamp("calendars", "refresh", "--endpoint-url", closed_port)
    assert (said.code, said.out) == (0, "")
    assert "the definition file names no SSM Change Calendar" in said.err
    said = lamp("calendars", "list")
    assert said.code == 0


def test_doctor_looks_whether_they_can_be_read(lamp: Lamp, estate: EstateProbe, file: Path) -> None:
    put_document(estate, "windows", change_calendar(kind="DEFAULT_CLOSED"))
    checks = {row["check"]: row for row in lamp("doctor", "-o", "json").rows}
    assert checks["calendar windows"]["status"] == "ok"
    assert "ssm:GetDocument" in checks["calendar windows"]["detail"]
    assert checks["calendar year-end"]["status"] == "fail"
