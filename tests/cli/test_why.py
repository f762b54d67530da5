"""`lamp why` on a simulated AWS."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.control import unreachable
from lamplighter.estate.testing import EstateProbe


def test_by_id_arn_and_name(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    web = launch(estate, "office-hours", "web")
    for words in (web, "web", f"arn:aws:ec2:eu-west-1:111122223333:instance/{web}"):
        [row] = lamp("why", words, "--at", "2026-11-23 20:00", "-o", "json").rows
        assert row["id"] == web
        assert (row["wanted"], row["wanted_because"], row["action"]) == ("stopped", "no period is on", "stop")
        assert row["next"] == {
            "at": "2026-11-24T07:00:00+00:00",
            "state": "running",
            "instance_type": None,
            "reason": "period office is on",
        }
        assert (row["stored_since"], row["history"]) == (None, [])


def test_with_history_in_the_zone_of_the_schedule(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    off = launch(estate, "stopped", "off")
    lamp("run")
    estate.control.finish_transitions()
    said = lamp("why", "off")
    assert said.code == 0
    lines = [line.split(maxsplit=1) for line in said.out.splitlines()]
    assert lines[0] == ["off"]
    assert ["what", f"ec2-instance {off}"] in lines
    assert ["state", "stopped"] in lines
    assert ["wanted", "stopped: the schedule is fixed to stopped"] in lines
    assert any(line[0] == "stored" and line[1].startswith("stopped since ") for line in lines)
    assert any(line[0] == "done" and " stop done: the schedule is fixed to stopped" in line[1] for line in lines)
    [row] = lamp("why", "off", "-o", "json").rows
    assert [entry["action"] for entry in row["history"]] == ["stop", "seen"]


def test_a_database_that_aws_starts_again_is_stopped_again(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    estate.database("orders", Tags=[{"Key": "Schedule", "Value": "stopped"}])
    lamp("run")
    estate.control.finish_transitions()
    lamp("run")
    said = lamp("why", "orders")
    assert re.search(r"restarts +2026-11-30 \d\d:04.*: AWS starts it by itself", said.out)
    [row] = lamp("why", "orders", "-o", "json").rows
    assert row["restarts_at"] == "2026-11-30T08:04:00+00:00"

    estate.control.advance(7 * 24 * 3600 + 60)
    said = lamp("why", "orders", "--at", "2026-11-30T08:09:00Z")
    reason = "the schedule is fixed to stopped, and it was AWS that started it again by itself"
    assert f"{reason}; it is starting now, so the stop waits for the next pass" in said.out
    estate.control.finish_transitions()
    [row] = lamp("why", "orders", "--at", "2026-11-30T08:15:00Z", "-o", "json").rows
    assert (row["action"], row["rule"], row["reason"]) == ("stop", "restarted-by-aws", reason)


def test_without_a_tag_and_without_a_file(estate: EstateProbe, lamp: Lamp) -> None:
    bare = launch(estate)
    said = lamp("why", bare)
    assert said.code == 0
    assert "it has no tag Schedule" in said.out
    assert "wanted    not known" in said.out


def test_what_is_not_there(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    said = lamp("why", "nobody")
    assert (said.code, said.out) == (1, "")
    assert said.err.splitlines()[0] == "error: no resource is called 'nobody' in 1 targets"
    said = lamp("why", "nobody", "-r", "eu-wset-1")
    assert "there is no region eu-wset-1" in said.err


@pytest.mark.slow
def test_where_aws_does_not_answer(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    web = launch(estate, "stopped", "web")
    estate.control.inject(unreachable("ec2:*", region="us-east-1"))
    said = lamp("why", web, "-r", "eu-west-1", "-r", "us-east-1", "-o", "json")
    assert said.code == 4
    assert [row["id"] for row in said.rows] == [web]
    assert "us-east-1" in said.err
    said = lamp("why", web, "-r", "us-east-1")
    assert (said.code, said.out) == (4, "")
    assert f"{web} was not found where AWS answered" in said.err
