"""A failure that goes on becomes one OpsItem, by `lamp run` against a simulated AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.control import deny
from lamplighter.estate.testing import EstateProbe

ACCOUNT = "111122223333"
TO = "opsitem:eu-west-1?severity=2"


@pytest.fixture
def third(definitions: Path) -> Path:
    """An OpsItem for what three passes in a row have met."""
    definitions.write_text(
        definitions.read_text() + f"notify: {{rules: [{{to: '{TO}', about: [errors], after: 3}}]}}\n"
    )
    return definitions


def items(estate: EstateProbe) -> list[dict[str, Any]]:
    ssm = estate.client("ssm")
    found = ssm.describe_ops_items()["OpsItemSummaries"]
    return [ssm.get_ops_item(OpsItemId=one["OpsItemId"])["OpsItem"] for one in found]


def writes(estate: EstateProbe) -> tuple[int, int]:
    """How often OpsItems were made, and changed."""
    calls = estate.control.calls()
    return calls.count("CreateOpsItem", service="ssm"), calls.count("UpdateOpsItem", service="ssm")


def test_a_failure_of_three_passes_is_one_item_until_it_is_over(estate: EstateProbe, lamp: Lamp, third: Path) -> None:
    web = launch(estate, "stopped", "web")
    fault = estate.control.inject(deny(ACCOUNT, "ec2:StopInstances"))
    for _ in range(2):
        said = lamp("run")
        assert said.code == 4
        assert "message" not in said.err
        assert items(estate) == []
    assert "1 message sent" in lamp("run").err
    [item] = items(estate)
    arn = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/{web}"
    assert (item["Status"], item["Severity"], item["Category"], item["Source"]) == (
        "Open",
        "2",
        "Availability",
        "Lamplighter",
    )
    assert web in item["Title"]
    assert json.loads(item["OperationalData"]["/aws/resources"]["Value"]) == [{"arn": arn}]
    assert f"Look with: lamp why {arn}\n" in item["Description"]
    # The fourth pass finds the same: nothing is made, nothing is changed.
    assert "message" not in lamp("run").err
    assert writes(estate) == (1, 0)
    # It goes on, and says something else: the same item says so.
    estate.control.clear_faults(fault)
    fault = estate.control.inject(deny(ACCOUNT, "ec2:DescribeInstances"))
    assert lamp("run").code == 4
    assert [one["OpsItemId"] for one in items(estate)] == [item["OpsItemId"]]
    estate.control.clear_faults(fault)
    assert "1 message sent" in lamp("run").err
    [over] = items(estate)
    assert (over["OpsItemId"], over["Status"]) == (item["OpsItemId"], "Resolved")
    assert over["OperationalData"]["lamplighter-over"]["Value"] == "it is well again"
    assert "message" not in lamp("run").err
    assert writes(estate) == (1, 1)


def test_an_item_that_cannot_be_made_waits_and_stops_no_pass(estate: EstateProbe, lamp: Lamp, third: Path) -> None:
    third.write_text(third.read_text().replace(", after: 3", ""))
    launch(estate, "stopped", "web")
    estate.control.inject(deny(ACCOUNT, "ec2:StopInstances"))
    fault = estate.control.inject(deny(ACCOUNT, "ssm:CreateOpsItem"))
    said = lamp("run")
    assert said.code == 4
    assert f"to {TO}: " in said.err
    assert "not authorized" in said.err
    [row] = lamp("notify", "list", "-o", "json").rows
    assert row["waiting"] == 1
    estate.control.clear_faults(fault)
    assert "1 message sent" in lamp("run").err
    assert [item["Status"] for item in items(estate)] == ["Open"]


def test_a_test_makes_an_item_and_resolves_it(estate: EstateProbe, lamp: Lamp, third: Path) -> None:
    said = lamp("notify", "test")
    assert said.code == 0
    assert "resolved it" in said.out + said.err
    assert [item["Status"] for item in items(estate)] == ["Resolved"]


@pytest.mark.parametrize("to", ["opsitem:home", "opsitem:eu-west-1?severity=9"])
def test_an_address_that_is_none_is_refused_with_a_hint(lamp: Lamp, definitions: Path, to: str) -> None:
    definitions.write_text(definitions.read_text() + f"notify: {{rules: [{{to: '{to}', about: [errors]}}]}}\n")
    said = lamp("schedules", "validate")
    assert said.code == 3
    assert "names no region, or a severity that is not 1 to 4; write opsitem:" in said.out + said.err
