"""`lamp schedules import --table` and `--file dynamodb:NAME`: a config table of the AWS Instance Scheduler in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.testing import EstateProbe
from lamplighter.schedules.source import parse_yaml

PERIOD = {
    "type": {"S": "period"},
    "name": {"S": "office"},
    "begintime": {"S": "09:00"},
    "endtime": {"S": "17:00"},
    "weekdays": {"SS": ["mon-fri"]},
}
SCHEDULE = {"type": {"S": "schedule"}, "name": {"S": "uk"}, "periods": {"SS": ["office"]}, "enforced": {"BOOL": True}}
BAD = {"type": {"S": "schedule"}, "name": {"S": "bad"}, "periods": {"SS": ["none"]}}


@pytest.fixture
def table(estate: EstateProbe) -> EstateProbe:
    client = estate.client("dynamodb")
    client.create_table(
        TableName="ConfigTable",
        KeySchema=[{"AttributeName": "type", "KeyType": "HASH"}, {"AttributeName": "name", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("type", "name")],
        BillingMode="PAY_PER_REQUEST",
    )
    for item in (PERIOD, SCHEDULE):
        client.put_item(TableName="ConfigTable", Item=item)
    return estate


def test_import(table: EstateProbe, lamp: Lamp, tmp_path: Path) -> None:
    said = lamp("schedules", "import", "--table", "ConfigTable", "--default-timezone", "Europe/London")
    assert said.code == 0, said.err
    found: Any = parse_yaml(said.out).data
    assert found["periods"] == {"office": {"begintime": "09:00", "endtime": "17:00", "weekdays": "mon-fri"}}
    assert found["schedules"] == {"uk": {"timezone": "Europe/London", "periods": "office", "enforced": True}}
    arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/ConfigTable"
    said = lamp("schedules", "import", "--table", arn, "--write", AWS_REGION="us-east-1")
    assert said.code == 0, said.err
    assert lamp("schedules", "validate").code == 0
    said = lamp("schedules", "import", "--table", "ConfigTable", "--region", "us-east-1")
    assert said.code == 1
    assert "there is no table ConfigTable in us-east-1" in said.err


def test_in_place(table: EstateProbe, lamp: Lamp) -> None:
    table.client("dynamodb").put_item(TableName="ConfigTable", Item=BAD)
    launch(table, "uk", "web-1")
    launch(table, "bad", "web-2")
    place = "dynamodb://ConfigTable?timezone=Europe/Berlin"
    said = lamp("schedules", "list", "--file", place, "-o", "json")
    assert [row["name"] for row in said.rows if row["name"] not in ("ignore", "running", "stopped")] == ["uk", "bad"]
    given = "dynamodb:ConfigTable?region=eu-west-1&timezone=Europe/Berlin"
    said = lamp("plan", "--file", given, "--at", "2026-11-24 23:00", "-o", "json")
    assert said.code == 0, said.err
    assert "schedules.bad" in said.err
    assert {row["name"] for row in said.rows} == {"web-1"}
    said = lamp("next", "uk", "--file", place, "-o", "json")
    assert said.code == 0, said.err
    assert "1 schedules and 1 periods as they stand in the table ConfigTable" in said.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("schedules", "import"), "there is nothing to import"),
        (("schedules", "import", "x.json", "--table", "T"), "there are two sources: x.json and a table"),
        (("schedules", "import", "--table", "T", "--from", "gcp"), "a table holds no gcp"),
        (("schedules", "import", "--table", "T"), "it is not said in which region the table T is"),
        (("schedules", "list", "--file", "dynamodb://"), "is no address of a config table"),
        (("schedules", "list", "--file", "dynamodb:T?zone=x"), "is no address of a config table"),
        (("schedules", "list", "--file", "dynamodb:T?timezone=Mars"), "timezone of --file: 'Mars' is not a time zone"),
        (("schedules", "validate", "--file", "dynamodb:T"), "is a table, and this command needs a file"),
        (("schedules", "delete", "uk", "--file", "dynamodb:T"), "is a table, and this command needs a file"),
        (("schedules", "create", "uk", "--periods", "x", "--file", "dynamodb:T"), "is a table, and this command"),
    ],
)
def test_mistakes_are_refused(lamp: Lamp, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    said = lamp(*words)
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert list(tmp_path.iterdir()) == []
