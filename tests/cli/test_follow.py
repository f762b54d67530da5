"""`lamp run --follow` on a simulated AWS: a database takes four minutes, and the application waits for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.cli import context
from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.testing import EstateProbe

ORDER = """
order:
  groups:
    databases: {kinds: rds-instance}
    app: {tags: {Tier: app}, after: databases}
"""


@pytest.fixture
def app(estate: EstateProbe, definitions: Path) -> str:
    """Id of an instance that comes after a database; both are out, and should run."""
    definitions.write_text(definitions.read_text() + ORDER)
    estate.database("orders", Tags=[{"Key": "Schedule", "Value": "running"}])
    estate.control.finish_transitions()
    estate.client("rds").stop_db_instance(DBInstanceIdentifier="orders")
    id_ = launch(estate, "running", "app-1")
    estate.client("ec2").create_tags(Resources=[id_], Tags=[{"Key": "Tier", "Value": "app"}])
    estate.client("ec2").stop_instances(InstanceIds=[id_])
    estate.control.finish_transitions()
    return id_


@pytest.fixture
def slept(estate: EstateProbe, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the command slept; so long goes the clock of the simulated AWS on."""
    found: list[float] = []

    def wait(seconds: float) -> None:
        found.append(seconds)
        estate.control.advance(seconds)

    monkeypatch.setattr(context, "wait", wait)
    return found


def test_the_next_pass_comes_while_something_waits(
    estate: EstateProbe, lamp: Lamp, app: str, slept: list[float]
) -> None:
    said = lamp("run", "--follow", "15m", "--pause", "60", "-o", "json")
    assert said.code == 0
    assert [(row["id"], row["action"], row["outcome"]) for row in said.rows] == [
        ("orders", "start", "done"),
        (app, "start", "done"),
    ]
    assert slept == [60] * 4
    first, *between, last = said.err.splitlines()
    assert first == "1 done, 0 failed, 1 put off, 0 left as they are, in 1 target"
    assert set(between) == {"0 done, 0 failed, 1 put off, 1 left as they are, in 1 target"}
    assert last == "1 done, 0 failed, 1 left as they are, in 1 target"
    assert estate.statuses()["orders"] == "available"
    started = [change.id for change in estate.control.history() if change.to_state in ("starting", "pending")]
    assert started[-2:] == ["orders", app]


def test_people_see_each_pass(lamp: Lamp, app: str, slept: list[float]) -> None:
    said = lamp("run", "--follow", "15m")
    assert slept == [15] * 16
    assert said.out.count("start") == 2
    assert said.err.count("nothing to change") == 15
    assert said.err.index("1 done, 0 failed, 1 put off") < said.err.index("nothing to change")


def test_the_time_is_over(lamp: Lamp, app: str, slept: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    said = lamp("run", "--follow", "1m", "--pause", "61", "-o", "json")
    assert (said.code, len(said.rows), slept) == (0, 1, [])
    [row] = [row for row in lamp("plan", "-o", "json").rows if row["put_off"]]
    assert (row["id"], row["action"], row["put_off"], row["rule"]) == (app, "none", "start", "order")
    assert row["reason"] == "the schedule is fixed to running; but it waits for orders (starting)"
    said = lamp("plan")
    assert "wait" in said.out
    assert "0 to start, 0 to stop, 1 that wait, 1 to leave as they are, in 1 target" in said.err
    said = lamp("why", "app-1")
    assert "a pass    would wait to start it: the schedule is fixed to running; but it waits for orders" in said.out


def test_without_it_one_pass_is_all(lamp: Lamp, app: str, slept: list[float]) -> None:
    assert [row["id"] for row in lamp("run", "-o", "json").rows] == ["orders"]
    assert slept == []


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--follow", "soon"], "'soon' is not a length of time", "write 90m, 2h or 1d12h"),
        (["--follow", "5m", "--dry-run"], "--follow waits for what a pass did", "leave one of them out"),
    ],
)
def test_what_makes_no_sense(words: list[str], message: str, hint: str, lamp: Lamp, definitions: Path) -> None:
    said = lamp("run", *words)
    assert said.code == 2
    assert message in said.err
    assert hint in said.err


def test_an_order_that_cannot_be_read_is_refused(lamp: Lamp, app: str, definitions: Path) -> None:
    definitions.write_text(definitions.read_text().replace("after: databases", "after: database"))
    said = lamp("run")
    assert said.code == 1
    assert "order.groups.app.after.0: there is no group 'database' (did you mean databases?)" in said.err
    said = lamp("schedules", "validate")
    assert said.code == 3
    assert "error: order.groups.app.after.0: there is no group 'database'" in said.out
