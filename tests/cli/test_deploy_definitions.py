"""`lamp deploy definitions`: what is valid goes into a deployed store; nothing else goes anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp
from lamplighter.estate.testing import EstateProbe

STORE = "dynamodb://lamp"


def kept(estate: EstateProbe) -> list[str]:
    """Sort keys of what is in the table of definitions."""
    rows = estate.client("dynamodb").scan(TableName="lamp-definitions")["Items"]
    return sorted(row["sort"]["S"] for row in rows)


def test_definitions_go_into_the_store_with_the_calendars_they_name(
    estate: EstateProbe, lamp: Lamp, definitions: Path
) -> None:
    ics = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n"
    (definitions.parent / "days.ics").write_text(ics)
    definitions.write_text(definitions.read_text() + "calendars: {days: {ical: days.ics}}\n")
    assert lamp("doctor", "--store", STORE, "--create-tables").code == 0
    done = lamp("deploy", "definitions", "--store", STORE, "-o", "json")
    assert done.code == 0, done.err
    assert [(each["file"], each["version"]) for each in done.rows] == [("lamplighter.yaml", 1), ("days.ics", 1)]
    stored = kept(estate)
    assert any("lamplighter.yaml" in sort for sort in stored)

    definitions.write_text("schedules: {office: {periods: nowhere}}\n")
    refused = lamp("deploy", "definitions", "--store", STORE)
    assert refused.code == 3
    assert "lamplighter.yaml is not valid; nothing was put into the store" in refused.err
    assert "1:31: schedules.office.periods: " in refused.err
    assert "nowhere" in refused.err
    assert kept(estate) == stored


def test_templates_go_along_and_addresses_that_cannot_work_are_told(
    estate: EstateProbe, lamp: Lamp, definitions: Path
) -> None:
    (definitions.parent / "tpl").mkdir()
    (definitions.parent / "tpl" / "errors.subject.j2").write_text("Lamp: errors\n")
    (definitions.parent / "tpl" / "notes.txt").write_text("no template")
    text = definitions.read_text() + "notify:\n  templates: tpl\n  rules:\n    - to: slack:env:SLACK_URL\n"
    definitions.write_text(text)
    assert lamp("doctor", "--store", STORE, "--create-tables").code == 0
    done = lamp("deploy", "definitions", "--store", STORE, "-o", "json")
    assert done.code == 0, done.err
    assert [each["file"] for each in done.rows] == ["lamplighter.yaml", "tpl/errors.subject.j2"]
    assert f"warning: lamplighter.yaml:{len(text.splitlines())}:" in done.err
    assert "notify.rules.0.to: deployed functions have no variable SLACK_URL" in done.err
    assert "ssm:/lamp/NAME" in done.err
    assert any("tpl/errors.subject.j2" in sort for sort in kept(estate))


def test_templates_elsewhere_are_refused(lamp: Lamp, definitions: Path, tmp_path: Path) -> None:
    definitions.write_text(definitions.read_text() + f"notify: {{templates: {tmp_path}}}\n")
    done = lamp("deploy", "definitions", "--store", STORE)
    assert done.code == 2
    assert "outside of the folder of the definition file" in done.err
    assert "put that folder beside the definition file" in done.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("targets: {accounts: [12]}\n", "targets.accounts"),
        ("schedules: {\n", "is not valid"),
        ("calendars: {days: {ical: none.ics}}\n", "none.ics"),
    ],
)
def test_what_is_not_valid_is_told_and_nothing_is_stored(lamp: Lamp, definitions: Path, text: str, said: str) -> None:
    definitions.write_text(text)
    done = lamp("deploy", "definitions", "--store", f"{STORE}?region=eu-west-1")
    assert done.code == 3
    assert said in done.err
    assert "nothing was put into the store" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which store do the deployed functions read?"),
        (("--store", "state.sqlite"), "deployed functions do not read state.sqlite"),
        (("--store", "memory:"), "deployed functions do not read memory:"),
    ],
)
def test_a_store_that_is_not_deployed_is_refused(
    lamp: Lamp, definitions: Path, words: tuple[str, ...], said: str
) -> None:
    done = lamp("deploy", "definitions", *words)
    assert done.code == 2
    assert said in done.err
    assert "output Store of the stack state" in done.err
    assert [path.name for path in definitions.parent.rglob("*.sqlite")] == []


def test_without_a_file_it_is_asked_for(lamp: Lamp) -> None:
    done = lamp("deploy", "definitions", "--store", STORE)
    assert done.code == 2
    assert "there is no definition file" in done.err


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_without_the_tables_the_stack_state_is_to_be_deployed(
    estate: EstateProbe, lamp: Lamp, definitions: Path, words: tuple[str, ...]
) -> None:
    done = lamp("deploy", "definitions", "--store", STORE, *words)
    assert done.code == 1
    assert "the table lamp-definitions is missing in eu-west-1" in done.err
    assert "hint: deploy the stack state first, which makes it" in done.err
    assert "--create-tables" not in done.err


def test_a_dry_run_shows_what_would_change_and_writes_nothing(
    estate: EstateProbe, lamp: Lamp, definitions: Path
) -> None:
    assert lamp("doctor", "--store", STORE, "--create-tables").code == 0
    words = ("deploy", "definitions", "--store", STORE)
    first = lamp(*words, "--dry-run", "-o", "json")
    assert first.code == 0, first.err
    assert [(each["what"], each["name"], each["action"]) for each in first.rows] == [
        ("file", "lamplighter.yaml", "added"),
        ("period", "office", "added"),
        ("schedule", "office-hours", "added"),
    ]
    assert "nothing was written; nothing is deployed yet" in first.err
    assert kept(estate) == []

    assert lamp(*words).code == 0
    stored = kept(estate)
    same = lamp(*words, "--dry-run", "--detailed-exitcode")
    assert (same.code, same.out) == (0, "")
    assert "nothing would change" in same.err
    definitions.write_text(definitions.read_text().replace("18:00", "19:00"))
    changed = lamp(*words, "--dry-run")
    assert changed.code == 0
    assert '-  office: {begintime: "08:00", endtime: "18:00", weekdays: mon-fri}\n' in changed.out
    assert '+  office: {begintime: "08:00", endtime: "19:00", weekdays: mon-fri}\n' in changed.out
    (row,) = [line for line in changed.out.splitlines() if "office-hours  " in line and "schedule" in line]
    assert row.count("running") + row.count("stopped") == 6
    assert "18:00 stopped" in row
    assert "19:00 stopped" in row
    assert "nothing was written; version 1 is deployed" in changed.err
    told = lamp(*words, "--dry-run", "--detailed-exitcode", "-o", "json")
    assert told.code == 2
    assert [each["action"] for each in told.rows] == ["changed"] * 3
    schedule = told.rows[2]
    assert (schedule["timezone"], len(schedule["before"]), len(schedule["after"])) == ("Europe/Berlin", 3, 3)
    assert schedule["before"] != schedule["after"]
    assert told.rows[0]["diff"].startswith("--- deployed/lamplighter.yaml\n+++ here/lamplighter.yaml\n@@ ")
    assert lamp(*words, "--dry-run", "-o", "csv").code == 0
    assert kept(estate) == stored
    definitions.write_text("schedules: {office: {periods: nowhere}}\n")
    assert lamp(*words, "--dry-run", "--detailed-exitcode").code == 3


def test_the_exit_code_in_detail_belongs_to_a_dry_run(lamp: Lamp, definitions: Path) -> None:
    done = lamp("deploy", "definitions", "--store", STORE, "--detailed-exitcode")
    assert done.code == 2
    assert "add --dry-run" in done.err
