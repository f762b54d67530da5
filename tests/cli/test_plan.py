"""`lamp plan` and `lamp resources list` on a simulated AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.control import deny, throttle
from lamplighter.estate.testing import EstateProbe

KEYS = {
    "action",
    "put_off",
    "kind",
    "id",
    "name",
    "arn",
    "account",
    "region",
    "schedule",
    "state",
    "live",
    "instance_type",
    "start_types",
    "stored",
    "desired",
    "rule",
    "reason",
    "hibernate",
    "snapshot",
}


def test_changes_come_first_and_nothing_changes(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    off = launch(estate, "stopped", "off")
    lit = launch(estate, "running", "lit")
    launch(estate, None, "untagged")
    said = lamp("plan", "-o", "json")
    assert said.code == 0
    [row] = said.rows
    assert set(row) == KEYS
    assert (row["action"], row["id"], row["kind"], row["state"]) == ("stop", off, "ec2-instance", "running")
    assert (row["account"], row["region"], row["rule"]) == ("111122223333", "eu-west-1", "schedule")
    assert said.err == "0 to start, 1 to stop, 1 to leave as they are, in 1 target\n"
    everything = lamp("plan", "--all", "-o", "json").rows
    assert [(one["action"], one["id"]) for one in everything] == [("stop", off), ("none", lit)]
    assert estate.states([off, lit]) == ["running", "running"]
    assert not (definitions.parent / ".local").exists()


def test_for_another_time(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    launch(estate, "office-hours", "web")
    assert [row["action"] for row in lamp("plan", "--at", "2026-11-23 20:00", "-o", "json").rows] == ["stop"]
    assert lamp("plan", "--at", "2026-11-23T09:00+01:00", "-o", "json").rows == []
    said = lamp("plan", "--at", "2026-11-23 09:00")
    assert (said.out, said.err.splitlines()[0]) == ("", "nothing to change")


def test_types_are_planned_explained_and_done(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    sized = "sized: {periods: always@t3.large, instance_types: [t4g.large, t3a.large]}"
    always = f'  always: {{weekdays: "*"}}\nschedules:\n  {sized}'
    definitions.write_text(definitions.read_text().replace("schedules:", always))
    id_ = launch(estate, "sized", "web")
    [row] = lamp("plan", "-o", "json").rows
    assert (row["action"], row["rule"], row["start_types"]) == ("stop", "resize", [])
    words = "it is running already; to be resized from m5.large to t3.large; t4g.large does not fit: it runs arm64"
    assert words in row["reason"]
    assert words in " ".join(lamp("why", id_).out.split())
    assert lamp("run").code == 0
    estate.control.finish_transitions()
    [row] = lamp("plan", "-o", "json").rows
    assert (row["action"], row["start_types"]) == ("start", ["t3.large", "t3a.large", "m5.large"])
    assert "stored    stopped_for_resize since" in lamp("why", id_).out
    said = lamp("run", "-o", "json")
    assert [(each["outcome"], each["note"]) for each in said.rows] == [("done", "runs as t3.large, was m5.large")]
    estate.control.finish_transitions()
    said = lamp("plan")
    assert (said.out, said.err.splitlines()[0]) == ("", "nothing to change")


def test_exit_codes_as_terraform_has_them(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    assert lamp("plan", "--detailed-exitcode").code == 0
    launch(estate, "stopped")
    assert lamp("plan", "--detailed-exitcode").code == 2
    assert lamp("plan").code == 0
    definitions.write_text("a: [")
    assert lamp("plan", "--detailed-exitcode").code == 1


def test_only_some_schedules(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    launch(estate, "stopped", "a")
    launch(estate, "office-hours", "b")
    at = ["--at", "2026-11-23 20:00", "-o", "json"]
    assert {row["name"] for row in lamp("plan", *at).rows} == {"a", "b"}
    assert {row["name"] for row in lamp("plan", "--schedule", "stopped", *at).rows} == {"a"}
    assert {row["name"] for row in lamp("plan", "--schedule", "stopped", "--schedule", "office-hours", *at).rows} == {
        "a",
        "b",
    }


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_schedule_that_is_not_defined_is_a_mistake(command: str, lamp: Lamp, definitions: Path) -> None:
    said = lamp(command, "--schedule", "ofice-hours")
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: there is no schedule 'ofice-hours'\nhint: did you mean office-hours?\n"


def test_a_target_that_fails_stops_no_other(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    launch(estate, "stopped", "web")
    estate.control.inject(deny("111122223333", "rds:DescribeDBInstances"))
    said = lamp("plan", "-o", "json", "--detailed-exitcode")
    assert said.code == 4
    assert [row["name"] for row in said.rows] == ["web"]
    errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "111122223333/eu-west-1" in errors[0]
    assert "not authorized" in errors[0]


def test_regions_that_are_none_are_said(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    launch(estate, "stopped", "web")
    said = lamp("plan", "-r", "eu-west-1", "-r", "eu-wset-1", "-o", "json")
    assert said.code == 4
    assert len(said.rows) == 1
    assert "there is no region eu-wset-1" in said.err
    assert "hint: did you mean eu-west-1?" in said.err
    assert lamp("plan", "--account", "444455556666").code == 4


def test_bad_definitions_are_warned_about_and_show_in_the_reason(
    estate: EstateProbe, lamp: Lamp, definitions: Path
) -> None:
    definitions.write_text(definitions.read_text() + "  odd: {periods: offce}\n")
    launch(estate, "odd", "x")
    launch(estate, "tpyo", "y")
    said = lamp("plan", "--all", "-o", "json")
    assert said.code == 0
    assert {row["name"]: row["rule"] for row in said.rows} == {"x": "invalid-schedule", "y": "unknown-schedule"}
    assert said.err.startswith("warning: definitions: 7:18: schedules.odd.periods: period 'offce'")


def test_a_guardrail_is_announced(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(definitions.read_text() + "guardrails: {max_changes: 0}\n")
    launch(estate, "stopped")
    said = lamp("plan")
    assert said.code == 0
    assert "warning: `lamp run` would be refused: the pass would change 1 resources" in said.err


def test_resources_need_no_file(estate: EstateProbe, lamp: Lamp) -> None:
    off = launch(estate, "stopped", "off [x]")
    launch(estate, "office-hours", "web")
    said = lamp("resources", "list", "-o", "json")
    assert said.code == 0
    rows = {row["name"]: row for row in said.rows}
    assert rows["off [x]"]["id"] == off
    assert rows["off [x]"]["action"] == "stop"
    assert rows["web"]["reason"] == "schedule 'office-hours' is not defined"
    table = lamp("resources", "list", COLUMNS="80").out
    assert all(len(line) <= 80 for line in table.splitlines())
    assert "off [x]" in table
    assert off in table
    assert [row["name"] for row in lamp("resources", "list", "--schedule", "stopped", "-o", "json").rows] == ["off [x]"]


def test_no_resources(estate: EstateProbe, lamp: Lamp) -> None:
    said = lamp("resources", "list", "-o", "json")
    assert (said.code, said.out, said.err) == (0, "[]\n", "")
    said = lamp("resources", "list")
    assert (said.out, said.err) == ("", "no resource has the schedule tag here\n")


def test_throttling_is_ridden_out_and_logged(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    launch(estate, "stopped")
    estate.control.inject(throttle("ec2:DescribeInstances", 1))
    said = lamp("plan", "-o", "json")
    assert (said.code, len(said.rows)) == (0, 1)
