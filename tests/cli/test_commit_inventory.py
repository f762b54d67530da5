from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.commitments.conftest import HERE, NOW, WHERE
from tests.commitments.inventory.test_ec2 import row as reserved
from tests.commitments.inventory.test_savings_plans import row as planned

from lamplighter.aws.targets import Target
from lamplighter.cli.testing import Lamp
from lamplighter.commitments.collect import LEDGER, Answered
from lamplighter.commitments.inventory.ec2 import Ec2
from lamplighter.commitments.inventory.savings_plans import SavingsPlans
from lamplighter.commitments.kept import keep
from lamplighter.errors import AccessDenied, LakeError
from lamplighter.estate.presets import deny
from lamplighter.estate.testing import MANAGEMENT, EstateProbe

EC2 = Ec2().held(reserved(), WHERE)
SOON = replace(EC2, id="soon", value="linux-m5.large", end=NOW + timedelta(days=20, hours=1))
PAST = replace(EC2, id="past", state="retired", end=NOW - timedelta(days=5))
PLAN = SavingsPlans().held(planned(), WHERE)
FAR, FARTHER = Target("444455556666", "us-west-2"), Target("444455556666", "us-west-1")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter.cli.context.utc_now", lambda: NOW)


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """A lake that knows some commitments, and that an account refused."""
    folder = tmp_path / "lake"
    home = replace(HERE, region="us-east-1")
    keep(
        folder,
        [
            Answered("ec2", HERE, (EC2, SOON, PAST)),
            Answered("savings-plans", home, (PLAN,), everywhere=True),
            *(
                Answered("ec2", one, (), (AccessDenied(f"{one.key}: refused", hint="allow it"),), whole=False)
                for one in (FAR, FARTHER)
            ),
            Answered("dynamodb", LEDGER, (), (LakeError("no bills", hint="load"),), whole=False, everywhere=True),
        ],
        NOW,
    )
    return str(folder)


def test_the_next_to_end_comes_first_and_what_is_not_known_is_said(lamp: Lamp, lake: str) -> None:
    said = lamp("commit", "inventory", "--without-aws", "--lake", lake, "-o", "json")
    assert said.code == 4
    assert [row["id"] for row in said.rows] == ["soon", EC2.id, PLAN.id]
    assert said.err.splitlines() == [
        "no bills (load)",
        "error: 444455556666/us-west-1, 444455556666/us-west-2: refused",
        "hint: allow it",
        "warning: what 2 sources would tell was never known, which does not mean none",
        "as AWS told from 2026-11-23 08:00 UTC on",
    ]


def test_a_record(lamp: Lamp, lake: str) -> None:
    said = lamp("commit", "inventory", "--without-aws", "--lake", lake, "--account", "shop", "-o", "json")
    assert said.code == 0
    first = said.rows[0]
    shown = ("kind", "value", "account_name", "region", "scope", "count", "units", "state", "in_force", "days_left")
    assert [first[name] for name in shown] == [
        *("ri-ec2", "linux-m5.large", "shop", "eu-west-1", "region", "3", "1", "active", True, 20)
    ]
    assert [first[name] for name in ("upfront", "hourly", "currency", "commitment")] == ["184.5", "0.021", "USD", None]
    plan = said.rows[2]
    assert [plan[name] for name in ("kind", "scope", "commitment", "hourly", "years", "payment")] == [
        *("sp-compute", "everywhere", "2.5", "2.5", 1, "No Upfront")
    ]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["--expiring", "30"], ["soon"]),
        (["--expiring", "0"], []),
        (["--kind", "sp-compute"], [PLAN.id]),
        (["--all"], ["past", "soon", EC2.id, PLAN.id]),
        (["--region", "us-west-2"], [PLAN.id]),
    ],
)
def test_what_is_asked_for(words: list[str], ids: list[str], lamp: Lamp, lake: str) -> None:
    said = lamp("commit", "inventory", "--without-aws", "--lake", lake, *words, "-o", "json")
    assert [row["id"] for row in said.rows] == ids


def test_only_who_tells_of_a_kind_is_missed(lamp: Lamp, lake: str) -> None:
    said = lamp("commit", "inventory", "--without-aws", "--lake", lake, "--kind", "sp-compute", "-o", "json")
    assert (said.code, said.err) == (0, "as AWS told from 2026-11-23 08:00 UTC on\n")


def test_the_table(lamp: Lamp, lake: str) -> None:
    said = lamp("commit", "inventory", "--without-aws", "--lake", lake, "--expiring", "30")
    line = " ".join(said.out.splitlines()[-1].split())
    assert line.startswith("2026-12-13 20 ri-ec2 linux-m5.large soon shop eu-west-1 3 1 y Partial Upfront, convertible")


def test_nothing_kept_is_said(lamp: Lamp, tmp_path: Path) -> None:
    said = lamp("commit", "inventory", "--without-aws", "--lake", str(tmp_path / "none"))
    assert (said.code, said.out) == (0, "")
    assert said.err == "no commitment fits\nnothing is kept yet: ask AWS, without --without-aws\n"


def test_wrong_words(lamp: Lamp, lake: str) -> None:
    said = lamp("commit", "inventory", "--without-aws", "--lake", lake, "--kind", "ri-ec")
    assert said.code == 2
    assert said.err == "error: there is no kind of commitment 'ri-ec'\nhint: did you mean ri-ec2?\n"
    assert lamp("commit", "inventory", "--expiring", "-1").code == 2


def test_asking_aws(lamp: Lamp, estate: EstateProbe, tmp_path: Path) -> None:
    lists = [
        {"service": "ec2", "account": MANAGEMENT, "region": "eu-west-1", "rows": [_plain(reserved())]},
        {"service": "savingsplans", "account": MANAGEMENT, "rows": [planned()]},
    ]
    estate.control.plant_commitments({"lists": lists})
    lake = str(tmp_path / "lake")
    said = lamp("commit", "inventory", "--lake", lake, "-o", "json")
    assert (said.code, [row["kind"] for row in said.rows]) == (0, ["ri-ec2", "sp-compute"])
    assert said.err.startswith("DynamoDB reservations stand on bills only, and none is loaded (lamp bill load)")
    calls = estate.control.calls()
    assert calls.count("DescribeSavingsPlans", region="us-east-1") == 1
    assert calls.count("DescribeReservedInstances", region="eu-west-1") == 2
    estate.control.clear_calls()
    narrow = lamp("commit", "inventory", "--kind", "ri-ec2", "--lake", lake, "-o", "json")
    assert [row["kind"] for row in narrow.rows] == ["ri-ec2"]
    assert estate.control.calls().count("DescribeSavingsPlans") == 0

    estate.control.inject(deny(MANAGEMENT, "ec2:DescribeReservedInstances"))
    refused = lamp("commit", "inventory", "--lake", lake, "-o", "json")
    assert (refused.code, len(refused.rows)) == (4, 2)
    assert "error: 111122223333/eu-west-1: ec2 DescribeReservedInstances: UnauthorizedOperation" in refused.err


def _plain(row: dict[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def test_without_credentials_it_fails(lamp: Lamp, tmp_path: Path) -> None:
    said = lamp("commit", "inventory", "--region", "eu-west-1", "--lake", str(tmp_path))
    assert said.code == 1
    assert said.err.startswith("error: ")
