"""The runbook: every alarm is in it, every heading that is referred to exists, every command of AWS's is one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from botocore import xform_name
from tests.models import service_model

from lamplighter.deploy.alarms import ALARMS
from lamplighter.deploy.queries import QUERIES
from lamplighter.store.dynamodb_layout import TABLES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "runbook.md").read_text()
HEADINGS = {line[3:].lower() for line in TEXT.splitlines() if line.startswith("## ")}
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINES = [line for block in FENCE.findall(TEXT) for line in block.replace("\\\n", " ").splitlines()]
AWS = sorted({line for line in LINES if line.startswith("aws ")})
BEYOND_THE_API = {
    "cloudformation deploy": {"stack-name", "template-file", "capabilities", "parameter-overrides"},
    "logs tail": {"since"},
    "s3 rb": {"force"},
    "s3 sync": {"exclude", "delete", "sse", "sse-kms-key-id"},
}
"""Commands of the AWS CLI that are more than one call (AWS CLI Command Reference), with the options used here."""

OF_THE_CLI = {"region", "query", "cli-binary-format"}


def test_every_alarm_is_in_it() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|", TEXT, re.MULTILINE)
    assert rows == [*(alarm.name for alarm in ALARMS), "FUNCTION-errors"]


def test_links_within_it_lead_somewhere() -> None:
    anchors = {heading.replace(" ", "-") for heading in HEADINGS}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors


def test_hints_name_headings_of_it() -> None:
    found = {
        heading
        for path in (ROOT / "src" / "lamplighter" / "deploy").rglob("*.py")
        for heading in re.findall(r"docs/runbook\.md, ([\w ]+)", path.read_text())
    }
    assert len(found) >= 4
    assert found <= HEADINGS


def test_saved_queries_that_it_names_exist() -> None:
    named = set(re.findall(r"`([a-z ]+)`", " ".join(re.findall(r"saved quer(?:y|ies) ([^.);]+)", TEXT))))
    assert named
    assert named <= set(QUERIES)


@pytest.mark.parametrize("line", AWS)
def test_commands_of_aws(line: str) -> None:
    words = shlex.split(line)[1:]
    service, command = words[0], words[1]
    options = {word.removeprefix("--") for word in words if word.startswith("--")}
    if f"{service} {command}" in BEYOND_THE_API:
        assert options - OF_THE_CLI <= BEYOND_THE_API[f"{service} {command}"]
        return
    model = service_model(service)
    if command == "wait":
        assert (service, words[2]) == ("dynamodb", "table-exists")
        command = "describe-table"
    names = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[command]).input_shape
    assert shape is not None
    members = {xform_name(name, "-") for name in shape.members}
    assert options - OF_THE_CLI <= members
    assert {xform_name(name, "-") for name in shape.required_members} <= options


def test_tables_that_it_names_are_those_of_the_store() -> None:
    named = set(re.findall(r"--(?:source-)?table-name lamplighter-(\w+)", TEXT))
    assert named
    assert named <= set(TABLES)
