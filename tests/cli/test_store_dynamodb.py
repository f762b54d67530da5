"""A store in DynamoDB through the command: making its tables, working on it, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.control import deny
from lamplighter.estate.testing import EstateProbe
from lamplighter.store.dynamodb_layout import TABLES

STORE = "dynamodb://lamp"


def test_from_nothing_to_a_journal(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    launch(estate, "office-hours", "web-1", running=True)
    said = lamp("run", "--store", STORE)
    assert said.code == 1
    assert "the table lamp-overrides is missing in eu-west-1" in said.err
    assert "lamp doctor --create-tables" in said.err
    rows = {row["check"]: row for row in lamp("doctor", "--store", STORE, "-o", "json").rows}
    assert rows["store"]["status"] == "fail"
    assert rows["store"]["detail"].startswith("DynamoDB tables lamp-* in eu-west-1: missing lamp-AWSCost, ")
    said = lamp("doctor", "--store", STORE, "--create-tables", "-o", "json")
    assert said.err.count("made the table lamp-") == len(TABLES)
    rows = {row["check"]: row for row in said.rows}
    assert rows["store"]["status"] == "ok"
    assert rows["store"]["detail"] == f"DynamoDB tables lamp-* in eu-west-1: all {len(TABLES)} are there"
    # The same store for commands that have no options about AWS.
    here = {"LAMPLIGHTER_STORE": STORE}
    assert lamp("override", "set", "web-1", "--keep", "stopped", "--for", "2h", "--reason", "quiet", **here).code == 0
    said = lamp("run", "-o", "json", **here)
    assert said.code == 0, said.err
    assert [row["selector"] for row in lamp("override", "list", "-o", "json", **here).rows] == ["web-1"]
    entries = lamp("journal", "-o", "json", **here).rows
    assert [(entry["name"], entry["action"], entry["outcome"]) for entry in entries if entry["action"] == "stop"] == [
        ("web-1", "stop", "done")
    ]


def test_the_address_says_region_and_endpoint(
    estate: EstateProbe, lamp: Lamp, monkeypatch: pytest.MonkeyPatch, closed_port: str
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    place = f"{STORE}?region=us-east-1&endpoint={estate.server.url}"
    said = lamp("doctor", "--store", place, "--create-tables", "-o", "json", "--endpoint-url", estate.server.url)
    assert f"in us-east-1: all {len(TABLES)} are there" in said.out
    assert lamp("override", "list", "--store", place, "-o", "json").rows == []
    variables = {"LAMPLIGHTER_STORE": f"{STORE}?region=us-east-1", "LAMPLIGHTER_ENDPOINT_URL": estate.server.url}
    assert lamp("override", "list", "-o", "json", **variables).rows == []
    said = lamp("override", "list", "--store", f"{STORE}?region=us-east-1&endpoint={closed_port}")
    assert said.code == 1
    assert "store/us-east-1: dynamodb Query: EndpointConnection" in said.err


def test_what_is_denied_is_said_with_the_action(estate: EstateProbe, lamp: Lamp) -> None:
    lamp("doctor", "--store", STORE, "--create-tables")
    estate.control.inject(deny("111122223333", "dynamodb:Query"))
    said = lamp("override", "list", "--store", STORE)
    assert said.code == 1
    assert "allow dynamodb:Query on the table lamp-overrides" in said.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("override", "list", "--store", STORE), "the store's address names no region"),
        (("override", "list", "--store", "dynamodb://lamp/x"), "no address of a store in DynamoDB"),
        (("doctor", "--without-aws", "--create-tables", "--store", "memory:"), "the store is not in DynamoDB"),
    ],
)
def test_mistakes_are_refused(lamp: Lamp, words: tuple[str, ...], message: str) -> None:
    said = lamp(*words)
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert "dynamodb://lamplighter" in said.err or "region=" in said.err


def test_doctor_without_aws_leaves_it_alone(lamp: Lamp) -> None:
    rows = {row["check"]: row for row in lamp("doctor", "--without-aws", "--store", STORE, "-o", "json").rows}
    assert rows["store"]["status"] == "warn"
    assert rows["store"]["detail"] == f"{STORE}: not looked at"
