"""Looking at schedules: list, show, usage, schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from lamplighter.cli.testing import Lamp
from lamplighter.schedules.source import parse_yaml

ROOT = Path(__file__).parents[2]


def test_list(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(definitions.read_text() + "  odd: {periods: offce}\n")
    rows = {row["name"]: row for row in lamp("schedules", "list", "-o", "json").rows}
    assert set(rows) == {"office-hours", "ignore", "running", "stopped", "odd"}
    assert len({frozenset(row) for row in rows.values()}) == 1
    office = rows["office-hours"]
    assert (office["valid"], office["timezone"], office["periods"]) == (True, "Europe/Berlin", ["office"])
    assert (office["now"], office["next"]) in {("running", "stopped"), ("stopped", "running")}
    assert office["next_at"][10:16] in {"T08:00", "T18:00"}
    assert (rows["running"]["now"], rows["running"]["next_at"]) == ("running", None)
    assert rows["odd"]["valid"] is False
    assert "period 'offce' is not defined" in rows["odd"]["problem"]
    said = lamp("schedules", "list", COLUMNS="80")
    assert all(len(line) <= 80 for line in said.out.splitlines())
    assert "not valid" in said.out


def test_show_as_it_stands_in_the_file(lamp: Lamp, definitions: Path) -> None:
    said = lamp("schedules", "show", "office-hours")
    assert said.code == 0
    found = parse_yaml(said.out).data
    assert found["schedules"] == {"office-hours": {"periods": "office"}}
    assert found["periods"] == {"office": {"begintime": "08:00", "endtime": "18:00", "weekdays": "mon-fri"}}
    assert said.out.count("Europe/Berlin: ") == 4
    [row] = lamp("schedules", "show", "office-hours", "-o", "json").rows
    assert row["name"] == "office-hours"
    assert row["stop_new_instances"] is True


@pytest.mark.parametrize("words", [["schedules", "show"], ["schedules", "usage"], ["next"]])
def test_an_unknown_name_is_refused_with_a_suggestion(words: list[str], lamp: Lamp, definitions: Path) -> None:
    said = lamp(*words, "ofice-hours")
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: there is no schedule 'ofice-hours'\nhint: did you mean office-hours?\n"
    said = lamp(*words, "zzz")
    assert said.err.splitlines()[1] == "hint: known: ignore, office-hours, running, stopped"


def test_one_that_is_not_valid_says_why(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(definitions.read_text() + "  odd: {periods: offce}\n")
    said = lamp("schedules", "show", "odd")
    assert said.code == 1
    assert said.err.splitlines()[0] == "error: schedule 'odd' is not valid"
    assert said.err.splitlines()[1].startswith("  7:18: schedules.odd.periods: period 'offce'")


def test_usage_in_real_hours(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(
        "timezone: Europe/Berlin\nperiods: {night: {begintime: 22:00, endtime: 06:00}}\n"
        "schedules: {batch: {periods: night}}\n"
    )
    said = lamp("schedules", "usage", "batch", "--from", "2027-03-27", "--to", "20270329", "-o", "json")
    assert [(row["date"], row["hours"]) for row in said.rows] == [
        ("2027-03-27", "8.0000"),
        ("2027-03-28", "7.0000"),
        ("2027-03-29", "8.0000"),
    ]
    assert said.rows[1]["periods"] == [
        {"begin": "2027-03-28T00:00:00+01:00", "end": "2027-03-28T06:00:00+02:00", "period": "night"},
        {"begin": "2027-03-28T22:00:00+02:00", "end": "2027-03-29T00:00:00+02:00", "period": "night"},
    ]
    table = lamp("schedules", "usage", "batch", "--from", "2027-03-27", "--to", "2027-03-29").out
    assert "Sun 2027-03-28       00:00-06:00, 22:00-24:00   7.00" in table
    assert table.splitlines()[-1].split() == ["Total", "23.00"]
    assert len(lamp("schedules", "usage", "batch", "-o", "json").rows) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "soon"], "'soon' is not a day"),
        (["--from", "2026-11-24", "--to", "2026-11-23"], "the last day 2026-11-23 comes before the first 2026-11-24"),
    ],
)
def test_usage_of_no_days(words: list[str], message: str, lamp: Lamp, definitions: Path) -> None:
    said = lamp("schedules", "usage", "office-hours", *words)
    assert (said.code, said.err.splitlines()[0]) == (2, f"error: {message}")


def test_the_published_schema_is_current(lamp: Lamp) -> None:
    said = lamp("schedules", "schema")
    assert said.out == (ROOT / "docs/lamplighter.schema.json").read_text(), "write it anew: make schema"
    schema = json.loads(said.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "urn:lamplighter:definitions:1"
    assert schema["title"] == "Lamplighter definitions"


@pytest.mark.parametrize("text", ["examples/lamplighter.yaml"])
def test_the_examples_fit_the_schema(text: str) -> None:
    schema = json.loads((ROOT / "docs/lamplighter.schema.json").read_text())
    jsonschema.validate(parse_yaml((ROOT / text).read_text()).data, schema)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("periods: {p: {weekdays: mon, monthdays: [1, 15]}}", True),
        ("schedules: {s: {periods: [a, b]}}", True),
        (
            'targets: {accounts: ["111122223333", {id: "444455556666", name: x}], organization: true, regions: all}',
            True,
        ),
        ("periods: {p: {weekday: mon}}", False),
        ("shedules: {}", False),
        ("guardrails: {max_changes: many}", False),
    ],
)
def test_the_schema_takes_what_the_program_takes(text: str, fits: bool) -> None:
    schema = json.loads((ROOT / "docs/lamplighter.schema.json").read_text())
    assert jsonschema.Draft202012Validator(schema).is_valid(parse_yaml(text).data) is fits
