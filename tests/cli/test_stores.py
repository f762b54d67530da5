"""A deployed store through the command: what is written into it wakes the clock, or it is said when that looks next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target
from lamplighter.cli.testing import Lamp
from lamplighter.estate.control import deny
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.store.dynamodb import DynamoDBStore
from lamplighter.store.dynamodb_calls import Connection
from lamplighter.store.dynamodb_layout import PLAIN, table_request
from lamplighter.store.table import JSON

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SOON = "at(2026-11-23T09:00:05)"
FAR = "at(2099-01-01T00:00:00)"
STORE = "dynamodb://lamp"
HERE = {"LAMPLIGHTER_STORE": STORE}
SET = ("override", "set", "web-1", "--keep", "running", "--for", "2h", "-o", "json")
WOKEN = "the clock is woken: what was written takes effect within a minute or two\n"


class Deployed:
    """Tables, and the alarm of a clock that has ticked once."""

    def __init__(self, estate: EstateProbe, aws: Aws) -> None:
        session = aws.session_as(Target("store", REGION), None)
        for name in ("clock", "definitions", "overrides"):
            session.call("dynamodb", "create_table", **table_request(f"lamp-{name}", PLAIN))
        self.store = DynamoDBStore(Connection(session, REGION), "lamp")
        self.scheduler = estate.client("scheduler")
        self.scheduler.create_schedule_group(Name="lamp")
        self.make()
        self.sleep(NOW + timedelta(hours=3))

    def make(self, state: str = "ENABLED") -> None:
        self.scheduler.create_schedule(
            GroupName="lamp",
            Name="lamp-wake",
            ScheduleExpression=FAR,
            FlexibleTimeWindow={"Mode": "OFF"},
            State=state,
            Target={
                "Arn": f"arn:aws:lambda:{REGION}:{MANAGEMENT}:function:lamp-clock",
                "RoleArn": f"arn:aws:iam::{MANAGEMENT}:role/lamp",
            },
        )

    def remake(self, state: str = "ENABLED") -> None:
        self.remove()
        self.make(state)

    def remove(self) -> None:
        self.scheduler.delete_schedule(GroupName="lamp", Name="lamp-wake")

    def sleep(self, until: datetime) -> None:
        data: dict[str, JSON] = {"version": 0, "wakes": {}, "alarm": "lamp/lamp-wake", "next": until.isoformat()}
        self.store.put("clock", "clock", "next", data)

    @property
    def alarm(self) -> str:
        return str(self.scheduler.get_schedule(GroupName="lamp", Name="lamp-wake")["ScheduleExpression"])


@pytest.fixture
def deployed(estate: EstateProbe, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """A store whose clock sleeps for three hours."""
    monkeypatch.setattr("lamplighter.cli.context.utc_now", lambda: NOW)
    with Aws(region=REGION, retries=0) as aws:
        yield Deployed(estate, aws)


def test_overrides_and_definitions_wake_the_clock(deployed: Deployed, lamp: Lamp, definitions: Path) -> None:
    for command in (SET, ("override", "clear", "web-1"), ("deploy", "definitions", "--file", str(definitions))):
        deployed.remake()
        said = lamp(*command, **HERE)
        assert (said.code, said.err.startswith(WOKEN), deployed.alarm) == (0, True, SOON), said.err
    deployed.remake()
    deployed.store.delete("clock", "clock", "next")
    deployed.store.put("clock", "clock", "next", {"version": 1, "alarm": "", "next": NOW.isoformat()})
    assert lamp(*SET, **HERE).err == "it decides from the next pass on (`lamp run`)\n", "no clock ticks there"
    assert lamp("override", "list", **HERE).err == ""
    assert deployed.alarm == FAR


def test_what_cannot_be_woken_is_said_and_set_all_the_same(deployed: Deployed, lamp: Lamp, estate: EstateProbe) -> None:
    estate.control.inject(deny(MANAGEMENT, "scheduler:UpdateSchedule"))
    said = lamp(*SET, **HERE)
    assert (said.code, len(said.rows), deployed.alarm) == (0, 1, FAR)
    first, second, third, _ = said.err.splitlines()
    assert first.startswith(
        "warning: the clock could not be woken: own/eu-west-1: scheduler UpdateSchedule: AccessDenied"
    )
    assert second.startswith("hint: ")
    assert third == "what was written takes effect at the clock's next tick, at the latest 2026-11-23 12:00 UTC"

    deployed.sleep(NOW - timedelta(hours=7))
    said = lamp(*SET, **HERE)
    assert "takes effect at the clock's next tick, which was due at 2026-11-23 02:00 UTC\n" in said.err
    deployed.remove()
    said = lamp(*SET, **HERE)
    assert (said.code, "takes effect at the clock's next tick\n" in said.err) == (0, True), said.err


def test_scheduling_that_is_off_is_said(deployed: Deployed, lamp: Lamp) -> None:
    deployed.remake("DISABLED")
    said = lamp(*SET, **HERE)
    assert (said.code, "warning: scheduling is switched off (SchedulingActive)" in said.err) == (0, True)
