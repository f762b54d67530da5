"""The demo as a newcomer sees it: once for the week, then other commands on what it leaves running."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from lamplighter.aws.access import Aws
from lamplighter.estate.demo import WEEK, demo_configuration, last_week
from lamplighter.estate.steering import EstateControl
from lamplighter.scheduler.passes import World, run_pass
from lamplighter.store.memory import MemoryStore

pytestmark = pytest.mark.slow

LAMP = [sys.executable, "-m", "lamplighter.cli.main"]


@dataclass(frozen=True)
class Left:
    """A demo that was left running."""

    folder: Path
    out: str
    err: str
    environ: dict[str, str]

    def lamp(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*LAMP, *words],
            check=False,
            env=self.environ,
            cwd=self.folder.parent,
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    folder = tmp_path_factory.mktemp("demo") / "left"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAMPLIGHTER_"))}
    clean["COLUMNS"] = "200"
    words = [*LAMP, "demo", "--keep", "--folder", str(folder), "--from", "2026-11-16"]
    done = subprocess.run(words, check=False, env=clean, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    exported = re.findall(r"^export (\w+)=(.*)$", (folder / "env").read_text(), re.MULTILINE)
    environ = {**clean, **{name: value.strip("'") for name, value in exported}}
    yield Left(folder, done.stdout, done.stderr, environ)
    subprocess.run([*LAMP, "demo", "--stop", "--folder", str(folder)], env=clean, check=True, timeout=60)


def test_it_shows_what_the_week_came_to(left: Left) -> None:
    found = re.search(r"(\d+) schedulable resources, (\d+) passes, (\d+) starts, (\d+) stops, (\d+) failed", left.out)
    assert found
    schedulable, passes, starts, stops, failed = map(int, found.groups())
    assert schedulable >= 400
    assert passes > 30
    assert min(starts, stops) > 1_000
    assert 0 < failed < 10
    for account in ("111122223333", "123456789012", "222233334444", "444455556666", "777788889999"):
        assert re.search(rf"^{account} .*\n.* \d+ %$", left.out, re.MULTILINE), account
    assert re.search(r"^Total .*\n.* \d+ %$", left.out, re.MULTILINE)


def test_the_journal_and_the_simulated_aws_agree_to_the_minute(left: Left) -> None:
    found = re.search(r"own record: (\d+) of (\d+) equal", left.out)
    assert found
    assert found[1] == found[2]


def test_the_bill_and_the_journal_agree_to_the_cent(left: Left) -> None:
    found = re.search(r"on the bill and by the journal: (\d+) of (\d+) equal, to the cent", left.out)
    assert found
    assert found[1] == found[2]
    assert int(found[1]) > 450
    table = left.out.split("The bill of the week")[1]
    rows = re.findall(
        r"^(office-hours-berlin|always-on|Total) +(\d+) +(\S+) +(\S+) +(\S+) +(\S+) +(\S+)$", table, re.MULTILINE
    )
    assert {row[0] for row in rows} == {"always-on", "office-hours-berlin", "Total"}
    for name, _, billed_hours, journal_hours, billed, journal, saved in rows:
        assert (billed_hours, billed) == (journal_hours, journal)
        assert (saved == "0.00") == (name == "always-on")
    assert re.search(r"Compute Savings Plan of \d+\.\d\d USD an hour was used to \d\d%", left.out)


def test_the_bill_that_is_left_can_be_asked(left: Left) -> None:
    cost = left.lamp("cost", "--by", "tag:Schedule", "--where", "usage-type~BoxUsage", "-o", "json")
    assert cost.returncode == 0, cost.stderr
    assert "office-hours-berlin" in cost.stdout
    check = left.lamp("bill", "check")
    assert check.returncode == 0, check.stderr


def test_what_is_committed_to_on_the_bill_is_listed_by_the_estate(left: Left) -> None:
    said = left.lamp("commit", "inventory", "--all", "-o", "json")
    # One account of the demo cannot be entered.
    assert said.returncode == 4
    assert [(row["kind"], row["payment"], row["scope"]) for row in json.loads(said.stdout)] == [
        ("sp-compute", "No Upfront", "everywhere")
    ]


def test_by_the_use_of_the_week_commitments_did_what_the_bill_says(left: Left) -> None:
    found = re.search(r"was used to \d\d%: ([\d,.]+) USD went unused", left.out)
    assert found
    said = left.lamp("commit", "utilisation", "--period", "2026-11", "-o", "json")
    assert said.returncode == 0, said.stderr
    (plan,) = json.loads(said.stdout)
    assert round(Decimal(plan["unused"]), 2) == Decimal(found[1].replace(",", ""))
    asked = "SELECT SUM(used_hours) AS used FROM usage_by_day"
    [used] = json.loads(left.lamp("sql", asked, "-o", "json").stdout)
    ran = "x_InstanceType IS NOT NULL AND x_UsageQuantity IS NOT NULL"
    billed = f"SELECT SUM(x_UsageQuantity) AS used FROM charges WHERE {ran}"
    [charged] = json.loads(left.lamp("sql", billed, "-o", "json").stdout)
    assert round(Decimal(str(used["used"])), 4) == round(Decimal(str(charged["used"])), 4)


def test_it_ends_with_what_to_buy_and_a_workbook(left: Left) -> None:
    told = left.out.split("What to commit to")[1]
    assert re.search(r"^1 .* Savings Plan|^1 .* ec2 ", told, re.MULTILINE)
    saved = re.search(r"A month costs ([\d,.]+) USD now and ([\d,.]+) with the purchase", told)
    assert saved
    assert float(saved[1].replace(",", "")) > float(saved[2].replace(",", ""))
    wasted = re.search(r"would commit ([\d,.]+) in place of ([\d,.]+) a month, leave ([\d,.]+) of it unused", told)
    assert wasted
    blind, seeing, unused = (float(figure.replace(",", "")) for figure in wasted.groups())
    assert blind > 5 * seeing
    assert unused > seeing
    path = left.folder / "AwsRIUsageReport_lamplighter-demo_2026-11-23.xlsx"
    assert str(path) in left.err
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(path, data_only=True)
    assert {"Summary", "ec2 eu-central-1", "rds us-east-1", "P95 Statistics", "Expiries", "Notes"} <= set(
        book.sheetnames
    )
    assert [row[0] for row in book["Summary"].iter_rows(min_row=5, max_row=6, values_only=True)] == ["ec2", "rds"]


def test_it_says_why_one_is_off_and_one_is_on(left: Left) -> None:
    off, on = re.split(r"Why is it on\?", left.out.split("Why is it off?")[1])
    assert "state     stopped" in off
    assert "wanted    stopped: no period is on" in off
    assert "next      running at 2026-11-23 08:00 Europe/Berlin: period office is on" in off
    assert "state     running" in on
    assert "an override by release-team keeps it running" in on


def test_it_shows_what_went_wrong(left: Left) -> None:
    wrong = left.out.split("What went wrong")[1]
    assert "schedule 'broken-hours' is not valid: period 'broken-thursdays'" in wrong
    assert "'thurs' is not a value for weekdays" in wrong
    assert re.search(r"a denied account: 999988887777: AssumeRole .* is refused", wrong)
    assert "InsufficientInstanceCapacity" in wrong
    assert "it ran from Tue 07:30 UTC" in wrong or "it ran from Tue 08:30 UTC" in wrong


def test_other_commands_work_on_what_is_left_running(left: Left) -> None:
    plan = left.lamp("plan", "--account", "people", "-o", "json", "--all")
    assert plan.returncode == 0, plan.stderr
    rows = json.loads(plan.stdout)
    assert {row["account"] for row in rows} == {"444455556666"}
    assert all(row["reason"] for row in rows)
    why = left.lamp("why", rows[0]["id"], "--account", "people", "-o", "json")
    assert why.returncode == 0, why.stderr
    assert json.loads(why.stdout)[0]["id"] == rows[0]["id"]
    run = left.lamp("run")
    assert run.returncode == 4
    assert "999988887777" in run.stderr
    savings = left.lamp("savings", "--from", "2026-11-16", "--to", "2026-11-23", "--by", "account", "-o", "json")
    assert len(json.loads(savings.stdout)) == 5


def test_a_second_one_from_the_same_folder_is_refused(left: Left) -> None:
    again = left.lamp("demo", "--keep", "--folder", str(left.folder))
    assert again.returncode == 2
    assert "runs from" in again.stderr


def test_a_pass_with_nothing_to_do_only_reads(left: Left) -> None:
    control = EstateControl(left.environ["AWS_ENDPOINT_URL"])
    at = control.set_clock(datetime.now(UTC) + timedelta(hours=3))
    config = demo_configuration()
    with Aws(environ=left.environ, region="eu-central-1") as aws:
        world = World(aws, MemoryStore(), config, config.kinds, lambda: at)
        run_pass(world, run="first")
        control.clear_calls()
        second = run_pass(world, run="second")
    control.release_clock()
    assert len(second.steps) > 400
    actions = {(row["service"], row["action"]) for row in control.calls().counts}
    assert actions
    assert {one for one in actions if not one[1].startswith(("Describe", "List", "Get", "Assume"))} == set()


def test_the_last_whole_week() -> None:
    monday = datetime(2026, 11, 9, tzinfo=UTC)
    assert last_week(datetime(2026, 11, 16, 0, 0, 1, tzinfo=UTC)) == monday
    assert last_week(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)) == monday
    assert timedelta(days=7) == WEEK


def test_stopping_what_does_not_run_is_a_mistake(tmp_path: Path) -> None:
    done = subprocess.run(
        [*LAMP, "demo", "--stop", "--folder", str(tmp_path)], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, "no demo runs from" in done.stderr) == (2, True)


def test_plan_and_journal_of_the_week_are_equal_but_for_what_is_known(left: Left) -> None:
    """What differs is what the demo is about: a machine without capacity, one that is held, those never started."""
    span = ["--from", "2026-11-16T00:00Z", "--to", "2026-11-23T00:00Z"]
    done = left.lamp("simulate", "--compare", *span, "--by", "schedule,resource", "-o", "json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert len(rows) > 400
    differing = [row for row in rows if not row["equal"]]
    told = [cause.partition(" h: ")[2] for row in differing for cause in row["why"]]
    assert {text.partition(":")[0].partition(" by ")[0] for text in told} == {
        "start failed",
        "stop_only",
        "an override",
    }
    assert {row["schedule"] for row in differing if "stop_only" in row["why"][0]} == {"evenings-out"}
    assert len([row for row in differing if row["schedule"] != "evenings-out"]) == 2
