"""`lamp run`, and what journal and savings say afterwards, on a simulated AWS."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.control import deny
from lamplighter.estate.testing import EstateProbe


def test_a_pass_does_what_is_due_once(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    off = launch(estate, "stopped", "off")
    lit = launch(estate, "running", "lit")
    said = lamp("run", "-o", "json")
    assert said.code == 0
    [row] = said.rows
    assert (row["id"], row["action"], row["outcome"], row["error"], row["hint"]) == (off, "stop", "done", None, None)
    assert said.err == "1 done, 0 failed, 1 left as they are, in 1 target\n"
    estate.control.finish_transitions()
    assert estate.states([off, lit]) == ["stopped", "running"]
    again = lamp("run", "-o", "json")
    assert (again.code, again.out) == (0, "[]\n")
    assert lamp("run").err.startswith("nothing to change\n")


def test_a_dry_run_writes_nothing(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    off = launch(estate, "stopped", "off")
    said = lamp("run", "--dry-run", "-o", "json")
    assert [(row["id"], row["outcome"]) for row in said.rows] == [(off, "planned")]
    assert said.err == "1 would change, 0 left as they are, in 1 target\n"
    assert estate.states([off]) == ["running"]
    assert lamp("journal", "-o", "json").rows == []
    assert not (definitions.parent / ".local").exists()


@pytest.mark.parametrize("limit", [["--max-changes", "1"], ["--max-changes-percent", "50"]])
def test_guardrails_of_the_command_line(limit: list[str], estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    both = [launch(estate, "stopped"), launch(estate, "stopped")]
    said = lamp("run", *limit, "-o", "json")
    assert said.code == 5
    assert [row["outcome"] for row in said.rows] == ["not tried", "not tried"]
    assert said.err.splitlines()[-2].startswith("error: the pass would change 2 ")
    assert said.err.splitlines()[-1].startswith("hint: look at `lamp plan`")
    assert lamp("run", *limit, "--dry-run").code == 5
    assert estate.states(both) == ["running", "running"]
    definitions.write_text(definitions.read_text() + "guardrails: {max_changes: 0, max_changes_percent: 0}\n")
    assert lamp("run").code == 5
    assert lamp("run", "--max-changes", "2", "--max-changes-percent", "100").code == 0


def test_what_fails_is_told_and_stops_no_other(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    estate.database("orders", Tags=[{"Key": "Schedule", "Value": "stopped"}])
    estate.control.finish_transitions()
    web = launch(estate, "stopped", "web")
    estate.control.inject(deny("111122223333", "rds:StopDBInstance"))
    said = lamp("run", "-o", "json")
    assert said.code == 4
    outcomes = {row["id"]: row["outcome"] for row in said.rows}
    assert outcomes == {web: "done", "orders": "failed"}
    [bad] = [row for row in said.rows if row["error"]]
    assert "not authorized" in bad["error"]
    assert bad["code"]
    assert bad["hint"]
    assert "error: " in said.err
    assert "1 done, 1 failed" in said.err
    rows = lamp("journal", "orders", "-o", "json").rows
    assert [(row["action"], row["outcome"]) for row in rows] == [("seen", "done"), ("stop", "failed")]


TAGS = """
tags:
  stopped: {Last: "off {hour}:{minute} {timezone} {schedule}"}
"""


def test_tags_are_counted_and_what_cannot_be_written_is_told(
    estate: EstateProbe, lamp: Lamp, definitions: Path
) -> None:
    definitions.write_text(definitions.read_text() + TAGS)
    off = launch(estate, "stopped", "off")
    assert lamp("plan").err.endswith("tags of 1 resource would be written\n")
    said = lamp("run", "--dry-run", "-o", "json")
    assert said.err.splitlines() == [
        "1 would change, 0 left as they are, in 1 target",
        "tags of 1 resource would be written",
    ]
    estate.control.inject(deny("111122223333", "ec2:CreateTags", times=1))
    said = lamp("run", "-o", "json")
    assert (said.code, [row["outcome"] for row in said.rows]) == (0, ["done"])
    assert said.err.splitlines()[0] == "1 done, 0 failed, 0 left as they are, in 1 target"
    warning = said.err.splitlines()[1]
    assert warning.startswith("warning: 111122223333/eu-west-1: the tags of off are not written: ")
    assert warning.endswith(
        "(allow the action for this role; an explicit deny in a service control policy wins over it)"
    )

    said = lamp("run", "-o", "json")
    assert said.err.splitlines()[-1] == "tags of 1 resource written"
    [found] = estate.client("ec2").describe_instances(InstanceIds=[off])["Reservations"][0]["Instances"]
    [value] = [tag["Value"] for tag in found["Tags"] if tag["Key"] == "Last"]
    assert re.fullmatch(r"off \d\d:\d\d Europe/Berlin stopped", value)
    assert lamp("run", "-o", "json").err == "0 done, 0 failed, 1 left as they are, in 1 target\n"


def test_tags_that_are_not_valid_stop_no_pass(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(definitions.read_text() + TAGS.replace("{hour}", "{hours}"))
    launch(estate, "stopped", "off")
    said = lamp("schedules", "validate")
    assert said.code == 3
    assert "9:20: error: tags.stopped.Last" in said.out
    assert "there is no placeholder {hours}; did you mean {hour}?" in said.out
    said = lamp("run", "-o", "json")
    assert (said.code, [row["outcome"] for row in said.rows]) == (0, ["done"])
    assert "warning: definitions: 9:20: tags.stopped.Last: there is no placeholder {hours}" in said.err
    assert "tags of" not in said.err


def test_the_journal_of_a_run(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    off = launch(estate, "stopped", "off")
    launch(estate, "running", "lit")
    lamp("run")
    rows = lamp("journal", "-o", "json").rows
    assert [(row["name"], row["action"], row["outcome"]) for row in rows if row["name"] == "off"] == [
        ("off", "seen", "done"),
        ("off", "stop", "done"),
    ]
    assert {row["name"] for row in rows} == {"off", "lit"}
    assert set(rows[0]) == {
        *("at", "run", "action", "outcome", "kind", "id", "name", "account", "region", "state"),
        *("schedule", "reason", "note", "code"),
    }
    arn = f"arn:aws:ec2:eu-west-1:111122223333:instance/{off}"
    for words in ("off", off, f"ec2-instance/{off}", arn):
        assert len(lamp("journal", words, "-o", "json").rows) == 2, words
    for words in ("nobody", arn.replace("eu-west-1", "us-east-1")):
        assert lamp("journal", words, "-o", "json").rows == []
    assert lamp("journal", "-r", "us-east-1", "-o", "json").rows == []
    assert len(lamp("journal", "-r", "eu-west-1", "--account", "111122223333", "-o", "json").rows) == len(rows)
    assert lamp("journal", "--to", "2020-01-01", "-o", "json").rows == []
    assert len(lamp("journal", "--from", "2020-01-01", "-o", "json").rows) == len(rows)
    said = lamp("journal", COLUMNS="80")
    assert "Europe/Berlin" in said.out
    assert all(len(line) <= 80 for line in said.out.splitlines())


def test_savings_of_a_run(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    launch(estate, "stopped", "off")
    launch(estate, "running", "odd", InstanceType="t1.micro")
    lamp("run")
    for by, groups in (
        ("schedule", ["running", "stopped"]),
        ("account", ["111122223333"]),
    ):
        rows = lamp("savings", "--by", by, "-o", "json").rows
        assert [row["group"] for row in rows] == groups
        assert sum(row["resources"] for row in rows) == 2
        assert sum(row["stops"] for row in rows) == 1
    rows = lamp("savings", "--by", "resource", "-o", "json").rows
    assert [row["group"].split("/")[:3] for row in rows] == [["111122223333", "eu-west-1", "ec2-instance"]] * 2
    said = lamp("savings", COLUMNS="80")
    assert "measured from " in said.err
    assert "on-demand list prices as of " in said.err
    assert lamp("savings", "--to", "2020-01-01", "--from", "2019-01-01", "-o", "json").rows == []


def test_overrides_decide_and_are_cleared(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    off = launch(estate, "stopped", "off")
    lamp("override", "set", "off", "--keep", "running", "--for", "2h", "--reason", "late", "--author", "ada")
    said = lamp("plan", "--all", "-o", "json")
    assert [(row["id"], row["action"], row["rule"]) for row in said.rows] == [(off, "none", "override")]
    assert "an override by ada keeps it running until " in said.rows[0]["reason"]
    lamp("override", "clear", "off")
    assert [row["action"] for row in lamp("plan", "-o", "json").rows] == ["stop"]
