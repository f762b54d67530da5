"""`lamp notify`, and what `lamp run` tells, on a simulated AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.control import deny
from lamplighter.estate.testing import EstateProbe


@pytest.fixture
def rules(definitions: Path) -> Path:
    """Everything goes into a file, errors also to a place that does not exist."""
    definitions.write_text(
        definitions.read_text()
        + "notify:\n  rules:\n    - to: file:told.jsonl\n    - {to: 'file:nowhere/told.txt', about: [errors]}\n"
    )
    return definitions


def told(folder: Path) -> list[dict[str, Any]]:
    place = folder / "told.jsonl"
    return [json.loads(line) for line in place.read_text().splitlines()] if place.exists() else []


def test_a_run_tells_once(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(definitions.read_text() + "notify: {rules: [{to: 'file:told.jsonl'}]}\n")
    launch(estate, "stopped", "off")
    said = lamp("run", "-o", "json")
    assert said.code == 0
    assert said.err == "1 done, 0 failed, 0 left as they are, in 1 target\n1 message sent\n"
    assert [one["kind"] for one in told(definitions.parent)] == ["digest"]
    said = lamp("run", "-o", "json")
    assert said.err == "0 done, 0 failed, 1 left as they are, in 1 target\n"
    assert len(told(definitions.parent)) == 1


def test_what_cannot_be_sent_is_a_warning_and_no_failure(estate: EstateProbe, lamp: Lamp, rules: Path) -> None:
    off = launch(estate, "nobody", "off")
    said = lamp("run")
    assert said.code == 0
    warning = "warning: message 'Lamplighter: left alone: off (" + off + ")' to file:nowhere/told.txt: "
    assert warning in said.err
    assert "No such file or directory; the next pass tries again\n" in said.err
    assert [one["kind"] for one in told(rules.parent)] == ["digest", "errors"]
    [good, bad] = lamp("notify", "list", "-o", "json").rows
    assert (good["to"], good["waiting"], good["errors"], good["last_error"]) == ("file:told.jsonl", 0, 1, None)
    assert (bad["to"], bad["waiting"], bad["errors"]) == ("file:nowhere/told.txt", 1, 1)
    assert "No such file" in bad["last_error"]
    (rules.parent / "nowhere").mkdir()
    assert "1 message sent" in lamp("run").err
    assert (rules.parent / "nowhere" / "told.txt").read_text().startswith("20")
    assert [row["waiting"] for row in lamp("notify", "list", "-o", "json").rows] == [0, 0]


def test_an_opsitem_for_what_goes_on(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    rule = "{to: 'opsitem:eu-west-1', about: [errors], after: 3}"
    definitions.write_text(f"{definitions.read_text()}notify: {{rules: [{rule}]}}\n")
    typo = launch(estate, "nobody", "typo")
    assert [lamp("run").code for _ in range(2)] == [0, 0]
    [row] = lamp("notify", "list", "-o", "json").rows
    assert (row["to"], row["after"], row["errors"], row["waiting"]) == ("opsitem:eu-west-1", 3, 0, 0)
    assert row["permissions"] == ["ssm:CreateOpsItem", "ssm:DescribeOpsItems", "ssm:UpdateOpsItem"]
    assert "errors (errors after 3 passes)" in lamp("notify", "list", COLUMNS="200").out
    # The third pass would tell it.
    [message] = lamp("notify", "preview", "-o", "json").rows
    arn = f"arn:aws:ec2:eu-west-1:111122223333:instance/{typo}"
    assert (message["to"], message["trouble"]["arn"], message["trouble"]["over"]) == ("opsitem:eu-west-1", arn, False)
    assert message["trouble"]["look"] == f"lamp why {arn}"


def test_a_dry_run_tells_nothing(estate: EstateProbe, lamp: Lamp, rules: Path) -> None:
    launch(estate, "stopped", "off")
    assert lamp("run", "--dry-run").code == 0
    assert told(rules.parent) == []


def test_a_preview_sends_and_writes_nothing(estate: EstateProbe, lamp: Lamp, rules: Path) -> None:
    launch(estate, "stopped", "off")
    launch(estate, "nobody", "typo")
    said = lamp("notify", "preview")
    assert said.code == 0
    assert (
        "To: file:told.jsonl\nAbout: digest\nSubject: Lamplighter: would do: 1 stopped, 0 started, 1 error" in said.out
    )
    assert "To: file:nowhere/told.txt\nAbout: errors\n" in said.out
    assert said.err == "3 messages would be sent\n"
    rows = lamp("notify", "preview", "--to", "file:nowhere/told.txt", "-o", "json").rows
    assert [(row["to"], row["kind"], row["data"]["new"]) for row in rows] == [("file:nowhere/told.txt", "errors", 1)]
    assert lamp("notify", "preview", "--html").out.startswith("<!doctype html>")
    assert told(rules.parent) == []
    assert not (rules.parent / ".local").exists()
    assert "1 done" in lamp("run").err


def test_a_test_message(estate: EstateProbe, lamp: Lamp, rules: Path) -> None:
    said = lamp("notify", "test", "-o", "json")
    assert said.code == 4
    assert [(row["to"], row["outcome"]) for row in said.rows] == [
        ("file:told.jsonl", "sent"),
        ("file:nowhere/told.txt", "failed"),
    ]
    assert "hint: the folder must exist" in said.err
    [one] = told(rules.parent)
    assert one["subject"] == "Lamplighter: a test message"
    assert "errors, digest, upcoming" in one["text"]
    assert lamp("notify", "test", "--to", "file:told.jsonl").code == 0
    assert lamp("notify", "test", "--to", "file:nowhere/told.txt").code == 1


def test_a_test_message_over_sns(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    arn = estate.client("sns").create_topic(Name="alerts")["TopicArn"]
    definitions.write_text(definitions.read_text() + f"notify: {{rules: [{{to: 'sns:{arn}'}}]}}\n")
    assert lamp("notify", "test").code == 0
    estate.control.inject(deny("111122223333", "sns:Publish"))
    said = lamp("notify", "test")
    assert said.code == 1
    assert "not authorized" in said.err
    [row] = lamp("notify", "list", "-o", "json").rows
    assert row["permissions"] == ["sns:Publish"]


def test_a_pass_that_fails_as_a_whole_is_told(
    estate: EstateProbe, lamp: Lamp, definitions: Path, closed_port: str
) -> None:
    definitions.write_text(definitions.read_text() + "notify: {rules: [{to: 'file:told.jsonl'}]}\n")
    said = lamp("run", "--endpoint-url", closed_port)
    assert said.code == 1
    [one] = told(definitions.parent)
    assert one["subject"] == "Lamplighter: the pass failed: the pass"
    assert lamp("run").code == 0
    assert told(definitions.parent)[1]["data"]["recovered"] == 1


@pytest.mark.parametrize("command", ["test", "preview"])
def test_an_address_of_no_rule(command: str, estate: EstateProbe, lamp: Lamp, rules: Path) -> None:
    said = lamp("notify", command, "--to", "file:x")
    assert said.code == 2
    assert said.err == ("error: no rule of the file sends to 'file:x'\nhint: `lamp notify list` shows the addresses\n")


def test_without_rules(lamp: Lamp, definitions: Path) -> None:
    said = lamp("notify", "list")
    assert (said.code, said.out) == (0, "")
    assert said.err == "nobody is told anything: there are no rules in the section `notify`\n"
    assert lamp("notify", "test").code == 0


def test_a_rule_that_is_wrong_stops_no_pass(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(
        definitions.read_text()
        + "notify:\n  rules:\n    - to: file:told.jsonl\n    - to: slack:https://x/secret-token\n"
    )
    said = lamp("schedules", "validate")
    assert said.code == 3
    assert "error: notify.rules.1.to: a secret stands where a reference to it is wanted" in said.out
    assert "secret-token" not in said.out + said.err
    launch(estate, "stopped", "off")
    said = lamp("run")
    assert said.code == 0
    assert "warning: definitions: 10:11: notify.rules.1.to" in said.err
    # What is wrong with the file is told as an error, too.
    assert [one["kind"] for one in told(definitions.parent)] == ["digest", "errors"]


def test_templates_are_validated(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(definitions.read_text() + "notify: {templates: messages}\n")
    said = lamp("schedules", "validate")
    assert said.code == 3
    assert "notify.templates: there is no folder messages" in said.out
    folder = definitions.parent / "messages"
    folder.mkdir()
    assert lamp("schedules", "validate").code == 0
    (folder / "digest.txt.j2").write_text("{{ nobody }}")
    (folder / "errors.html.j2").write_text("{% if %}")
    said = lamp("schedules", "validate")
    assert said.code == 3
    assert "digest.txt.j2: UndefinedError: 'nobody' is undefined" in said.out
    assert "errors.html.j2: TemplateSyntaxError: Expected an expression" in said.out
