"""Three days of a made-up estate: its bill, its usage as collected, and what it had bought, in one lake."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.commitments.estate import OCTOBER, held_of, looks_of, made, samples_of

from lamplighter.aws.targets import Target
from lamplighter.billing.load import load
from lamplighter.cli.testing import Lamp
from lamplighter.commitments.collect import Answered
from lamplighter.commitments.kept import keep
from lamplighter.estate.bill.options import PLAIN
from lamplighter.estate.bill.write import prepare, write
from lamplighter.lake.usage import Look, UsageSample
from lamplighter.lake.usage_files import write_usage

pytestmark = pytest.mark.slow

END = OCTOBER + timedelta(days=3)
PAYER = Target("111122223333", "us-east-1")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter.cli.context.utc_now", lambda: END)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which everything is known."""
    home = tmp_path_factory.mktemp("lake")
    used, bought = made(7, 20, END)
    with prepare(used, bought, PLAIN, OCTOBER, threads=1) as prepared:
        write(prepared, home / "bill", "cur-csv")
    load([str(home / "bill")], home / "lake", at=datetime(2026, 11, 1, tzinfo=UTC))
    samples = samples_of(used)
    write_usage(home / "lake", samples, looks_of(samples, used.hours), at=END)
    keep(home / "lake", [Answered("ec2", PAYER, tuple(held_of(bought)), everywhere=True)], END)
    return home / "lake"


@pytest.fixture
def lake(whole: Path, tmp_path: Path) -> Path:
    """A copy to write into."""
    shutil.copytree(whole, tmp_path / "lake")
    return tmp_path / "lake"


def test_usage_and_bill_say_the_same(lamp: Lamp, whole: Path) -> None:
    asked = ("commit", "coverage", "--by", "region,family", "--lake", str(whole), "-o", "json")
    ours, theirs = lamp(*asked), lamp(*asked, "--source", "ledger")
    assert "the bill says the same, within 1 %" in ours.err
    assert "effective savings rate" in ours.err
    assert "effective savings rate" in theirs.err
    bill = {(row["region"], row["family"]): row for row in theirs.rows if row["family"]}
    assert {(row["region"], row["family"]) for row in ours.rows} == set(bill)
    for row in ours.rows:
        other = bill[row["region"], row["family"]]
        for figure in ("hours", "reserved_hours", "borrowed_hours", "cost", "covered_cost"):
            assert abs(Decimal(row[figure]) - Decimal(other[figure])) < Decimal("0.001"), (row["family"], figure)


def test_coverage_is_a_table_with_totals_that_can_be_asked_in_sql(lamp: Lamp, lake: Path) -> None:
    said = lamp("commit", "coverage", "--by", "service", "--lake", str(lake))
    assert said.code == 0
    head, _, *rows = said.out.splitlines()
    assert head.split() == [
        *("Service", "Hours", "Reserved", "Plans", "Borrowed", "On", "demand", "By", "hours", "By", "units"),
        *("On-demand", "price", "By", "cost"),
    ]
    assert [row.split()[0] for row in rows] == ["ec2", "rds"]
    asked = "SELECT service, SUM(hours) AS hours FROM coverage_hours GROUP BY 1 ORDER BY 1"
    kept = lamp("sql", asked, "--lake", str(lake), "-o", "json").rows
    assert [f"{Decimal(row['hours']):,.1f}" for row in kept] == [row.split()[1] for row in rows]


def test_utilisation_tells_used_lent_and_unused(lamp: Lamp, whole: Path) -> None:
    asked = ("commit", "utilisation", "--lake", str(whole), "-o", "json")
    ours, theirs = lamp(*asked), lamp(*asked, "--source", "ledger")
    assert len(ours.rows) == 6
    assert "Fargate and Lambda are not collected" in ours.err
    bill = {row["commitment"]: row for row in theirs.rows}
    for row in ours.rows:
        assert Decimal(row["used"]) + Decimal(row["unused"]) == Decimal(row["total"])
        if "savingsplan" not in row["commitment"]:
            other = bill[row["commitment"]]
            for figure in ("cost", "unused_cost", "on_demand_cost", "utilisation"):
                assert abs(Decimal(row[figure]) - Decimal(other[figure])) < Decimal("0.0001")
    by_hour = lamp(*asked, "--by", "hour,commitment")
    assert len(by_hour.rows) > 72 * 4


def test_what_is_not_known_is_said_and_in_no_figure(lamp: Lamp, lake: Path) -> None:
    """A service that refused in all of a day, and a type without a price."""
    at = END - timedelta(hours=1)
    odd = UsageSample(at, 1, "999988887777", "odd", "us-east-1", "ec2", "m5.huge", "Linux", "", "", "", Decimal(2))
    looks = [Look(END - timedelta(hours=n), "999988887777", "odd", "us-east-1", "rds", None, "refused") for n in (1, 2)]
    seen = Look(at, "999988887777", "odd", "us-east-1", "ec2", odd.source)
    write_usage(lake, [odd], [*looks, seen], at=END)
    said = lamp("commit", "coverage", "--by", "account", "--lake", str(lake), "-o", "json")
    assert said.code == 0
    row = next(row for row in said.rows if row["account"] == "999988887777")
    assert Decimal(row["hours"]) == Decimal(row["unpriced_hours"]) == Decimal(2)
    assert row["cost"] is None
    assert "rds in 999988887777/us-east-1: 72 of 72 hours are not known (refused): in no figure" in said.err
    assert "2.0 hours have no known price on demand (+): in no money" in said.err
    assert "no price on demand is known of m5.huge in us-east-1" in said.err
    assert "999988887777: hours 2.0 by usage, nothing by the bill" in said.err
    shown = lamp("commit", "utilisation", "--by", "account", "--lake", str(lake))
    assert "hours of commitments left out: some was left and usage that it may have covered is not known" in shown.err


def test_aws_s_own_prices_win_and_a_damaged_file_is_named(lamp: Lamp, whole: Path, tmp_path: Path) -> None:
    product = {
        "serviceCode": "AmazonRDS",
        "publicationDate": "2026-10-01T00:00:00Z",
        "product": {
            "attributes": {
                "regionCode": "us-east-1", "instanceType": "db.m6g.large", "databaseEngine": "MySQL",
                "deploymentOption": "Single-AZ",
            }
        },
        "terms": {
            "OnDemand": {
                "A.1": {"priceDimensions": {"1": {"unit": "Hrs", "pricePerUnit": {"USD": "1"}}}, "termAttributes": {}}
            }
        },
    }  # fmt: skip
    prices = tmp_path / "products.json"
    prices.write_text(json.dumps({"PriceList": [json.dumps(product)]}))
    asked = ("commit", "coverage", "--by", "service", "--lake", str(whole), "-o", "json")
    [packaged] = [row["cost"] for row in lamp(*asked).rows if row["service"] == "rds"]
    [own] = [row["cost"] for row in lamp(*asked, "--prices", str(prices)).rows if row["service"] == "rds"]
    assert Decimal(own) > Decimal(packaged)
    prices.write_text("{}")
    said = lamp(*asked, "--prices", str(prices))
    assert said.code == 1
    assert f"{prices}: this holds no prices that are known" in said.err


def test_an_empty_month_and_an_empty_lake_say_what_to_do(lamp: Lamp, whole: Path, tmp_path: Path) -> None:
    for asked, hint in (
        (("coverage",), "lamp usage collect"),
        (("coverage", "--source", "ledger"), "lamp bill load"),
        (("utilisation",), "lamp usage collect"),
        (("utilisation", "--source", "ledger"), "lamp bill load"),
    ):
        for lake, more in ((tmp_path, ()), (whole, ("--period", "2026-09"))):
            said = lamp("commit", *asked, *more, "--lake", str(lake))
            assert said.code == 0
            assert hint in said.out + said.err


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("coverage", "--by", "commitment"), "there is no name to add up by 'commitment'"),
        (("coverage", "--by", ","), "--by names nothing"),
        (("coverage", "--period", "october"), "'october' is not a month"),
        (("coverage", "--period", "october", "--source", "ledger"), "'october' is not a month"),
        (("utilisation", "--by", "hour", "--source", "ledger"), "this cannot be told by hour"),
    ],
)
def test_what_cannot_be_asked_is_refused(lamp: Lamp, whole: Path, asked: tuple[str, ...], message: str) -> None:
    said = lamp("commit", *asked, "--lake", str(whole))
    assert said.code == 2
    assert message in said.err
    assert "hint:" in said.err


def test_a_lake_that_is_being_loaded_is_no_reason_not_to_show(
    lamp: Lamp, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lamplighter.errors import LakeError

    def refuse(*_: object) -> None:
        raise LakeError("another load is at work")

    monkeypatch.setattr("lamplighter.commitments.kept_hours.keep_month", refuse)
    said = lamp("commit", "coverage", "--lake", str(lake))
    assert said.code == 0
    assert "not kept for lamp sql: another load is at work" in said.err


def test_a_commitment_of_unknown_cost_is_in_no_saving_and_not_in_the_savings_rate(lamp: Lamp, lake: Path) -> None:
    _, bought = made(7, 20, END)
    held = held_of(bought)
    first = next(each for each in held if each.effective is not None)
    dark = [replace(each, hourly=None) if each is first else each for each in held]
    keep(lake, [Answered("ec2", PAYER, tuple(dark), everywhere=True)], END)
    rows = lamp("commit", "utilisation", "--lake", str(lake), "-o", "json").rows
    mine = next(row for row in rows if row["commitment"] == first.arn)
    assert (mine["cost"], mine["saving"]) == (None, None)
    said = lamp("commit", "coverage", "--by", "service", "--lake", str(lake))
    assert f"{mine['unpriced_hours']} hours of commitments, and what they covered, left out of the savings rate" in (
        " ".join(said.err.split())
    )
