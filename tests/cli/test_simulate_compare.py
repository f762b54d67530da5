"""`lamp simulate --compare` on a journal written by hand."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lamplighter.cli.context import state
from lamplighter.cli.testing import Lamp
from lamplighter.store import journal

DAYS = ["--compare", "--from", "2026-11-02", "--to", "2026-11-04"]
"""Monday and Tuesday in Berlin, from midnight, which is 23:00 UTC of the day before."""


def entry(
    day: int, hour: int, action: str, resource: str = "web", *, schedule: str = "office-hours", **more: str
) -> None:
    given = {"outcome": journal.DONE, "state": "stopped", "reason": "period office is on", **more}
    made = journal.Entry(
        target="111122223333/eu-west-1",
        at=datetime(2026, 11, day, hour, tzinfo=UTC),
        run="r1",
        resource=f"ec2-instance/{resource}",
        name=resource,
        action=action,
        outcome=given["outcome"],
        state=given["state"],
        schedule=schedule,
        reason=given["reason"],
        note=given.get("note", ""),
    )
    with state(None, writes=True) as store:
        store.transact([journal.put(made)])


@pytest.fixture(autouse=True)
def week(definitions: Path) -> None:
    """08:00 to 18:00 in Berlin is 07 to 17 UTC. `web` did as asked, `api` was late and failed, `odd` has no plan."""
    for resource in ("web", "api", "odd"):
        entry(1, 12, "seen", resource, schedule="nowhere" if resource == "odd" else "office-hours")
    for day in (2, 3):
        entry(day, 7, "start")
        entry(day, 17, "stop")
    entry(2, 7, "start", "api", outcome=journal.FAILED, note="no capacity")
    entry(2, 9, "start", "api")
    entry(2, 18, "stop", "api")
    entry(2, 20, "start", "api", reason="by hand: a demo")
    entry(2, 22, "stop", "api")
    entry(3, 7, "start", "api")
    entry(3, 17, "stop", "api")


def test_plan_and_deed(lamp: Lamp) -> None:
    said = lamp("simulate", *DAYS, "-o", "json")
    assert said.code == 0
    [row] = said.rows
    assert (row["group"], row["resources"], row["equal"]) == ("office-hours", 2, 1)
    assert (row["asked_hours"], row["lit_hours"]) == ("40", "41")
    assert (row["too_long_hours"], row["too_short_hours"]) == ("3", "2")
    assert row["why"] == [
        "2 h: start at another time: by hand: a demo",
        "2 h: start failed: no capacity",
        "1 h: done by a later pass",
    ]
    assert "1 resource left out: the schedule is ignore, not valid or not defined" in said.err
    assert "compared from 2026-11-02 00:00 Europe/Berlin to 2026-11-04 00:00 Europe/Berlin" in said.err


@pytest.mark.parametrize("width", ["80", "120"])
def test_the_table(width: str, lamp: Lamp) -> None:
    lines = lamp("simulate", *DAYS, "--by", "resource", COLUMNS=width).out.splitlines()
    assert max(map(len, lines)) <= int(width)
    assert lines[-2].split() == ["Total", "1", "40.0", "41.0", "3.0", "2.0"]
    assert lines[-1].split() == ["of", "2"]
    assert "no capacity" in " ".join(" ".join(lines).split())


def test_csv(lamp: Lamp) -> None:
    said = lamp("simulate", *DAYS, "--by", "account,resource", "-o", "csv")
    api, web = csv.DictReader(io.StringIO(said.out, newline=""))
    assert (api["account"], api["resource"]) == ("111122223333", "111122223333/eu-west-1/ec2-instance/api")
    assert api["why"].split(" | ")[2] == "1 h: done by a later pass"
    assert (web["equal"], web["too_long_hours"], web["why"]) == ("1", "0", "")


def test_no_journal_of_that_time(lamp: Lamp) -> None:
    said = lamp("simulate", "--compare", "--from", "2025-11-02", "--to", "2025-11-04")
    assert (said.code, said.out) == (0, "")
    assert "the journal says nothing about this time" in said.err
