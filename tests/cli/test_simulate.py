"""`lamp simulate`: hours and money before anything is done."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.testing import EstateProbe
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.price import HOURS, Price, ec2_key

WEEK = ["--from", "2026-11-23", "--to", "2026-11-30"]


def test_hours_of_schedules_without_aws(lamp: Lamp, definitions: Path) -> None:
    said = lamp("simulate", "--without-aws", *WEEK, "-o", "json")
    assert said.code == 0
    [row] = said.rows
    assert (row["schedule"], row["lit_hours"], row["all_hours"]) == ("office-hours", "50.000000", "168.000000")
    assert (row["starts"], row["stops"], row["from"]) == (5, 5, "2026-11-22T23:00:00+00:00")
    assert lamp("simulate", "--without-aws", *WEEK).out.splitlines()[2].split() == [
        *("office-hours", "50.0", "168.0", "70", "%", "5", "5")
    ]
    spring = ["--from", "2027-03-28", "--to", "2027-03-29", "-o", "json"]
    assert lamp("simulate", "--without-aws", *spring).rows[0]["all_hours"] == "23.000000"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--without-aws", "--by", "account"], "--without-aws knows no accounts"),
        (["--from", "2026-12-01", "--to", "2026-11-01"], "before it begins"),
        (["--from", "x"], "'x' is not a time"),
    ],
)
def test_what_is_refused(words: list[str], message: str, lamp: Lamp, definitions: Path) -> None:
    said = lamp("simulate", *words)
    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_money_of_what_is_there(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    launch(estate, "office-hours", "a")
    launch(estate, "office-hours", "b")
    launch(estate, "running", "c", InstanceType="t3.micro")
    rate = PriceBook.bundled().hourly(ec2_key("eu-west-1", "m5.large"))
    assert rate is not None
    rows = {row["group"]: row for row in lamp("simulate", *WEEK, "-o", "json").rows}
    office = rows["office-hours"]
    assert (office["resources"], office["lit_hours"], office["all_hours"]) == (2, "100", "336")
    assert (office["starts"], office["stops"], office["unknown_prices"]) == (10, 10, 0)
    assert Decimal(office["cost"]["USD"]) == rate.amount * 100
    assert Decimal(office["cost_always_on"]["USD"]) == rate.amount * 336
    assert Decimal(office["saved"]["USD"]) == rate.amount * 236
    assert rows["running"]["saved"] == {"USD": "0"}
    [account] = lamp("simulate", *WEEK, "--by", "account", "-o", "json").rows
    assert (account["group"], account["resources"]) == ("111122223333", 3)
    assert Decimal(account["saved"]["USD"]) == rate.amount * 236
    assert len(lamp("simulate", *WEEK, "--by", "resource", "-o", "json").rows) == 3
    said = lamp("simulate", *WEEK, COLUMNS="80")
    assert "estimated from 2026-11-23 00:00 Europe/Berlin to 2026-11-30 00:00 Europe/Berlin" in said.err
    assert said.out.splitlines()[-1].split()[:2] == ["Total", "3"]
    assert "Cost" in said.out


def book(amount: str, *, estimated: bool = False) -> PriceBook:
    rate = Price(Money(Decimal(amount), "USD"), HOURS, date(2026, 1, 1), "a test", estimated)
    return PriceBook.from_prices({ec2_key("eu-west-1", "m5.large"): rate})


def test_unknown_prices_are_unknown_and_not_zero(
    estate: EstateProbe, lamp: Lamp, definitions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PriceBook, "bundled", lambda: book("0.10"))
    launch(estate, "running", "odd", InstanceType="t3.micro")
    launch(estate, "office-hours", "a")
    launch(estate, "office-hours", "b", InstanceType="t3.micro")
    said = lamp("simulate", *WEEK, "-o", "json")
    rows = {row["group"]: row for row in said.rows}
    assert (rows["running"]["unknown_prices"], rows["running"]["cost"], rows["running"]["saved"]) == (1, None, None)
    assert (rows["office-hours"]["unknown_prices"], rows["office-hours"]["saved"]) == (1, {"USD": "11.8"})
    assert "2 resources have no known price: the hours are counted, the money is not" in said.err
    table = lamp("simulate", *WEEK).out.splitlines()
    assert table[0].split()[-2:] == ["No", "price"]
    assert [line.split()[-1] for line in table if line.startswith(("office", "running", "Total"))] == ["1", "1", "2"]
    assert table[3].split()[6:9] == ["unknown"] * 3


def test_estimates_are_marked(
    estate: EstateProbe, lamp: Lamp, definitions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PriceBook, "bundled", lambda: book("0.10", estimated=True))
    launch(estate, "office-hours", "a")
    said = lamp("simulate", *WEEK)
    assert "~5.00" in said.out
    assert "~11.80" in said.out
    assert "~ with estimated prices, of 1 resource" in said.err
    assert lamp("simulate", *WEEK, "-o", "json").rows[0]["estimated_prices"] == 1


def test_what_cannot_be_scheduled_is_left_out_or_named(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    web = launch(estate, "office-hours", "web")
    launch(estate, "tpyo", "typo")
    estate.client("ec2").create_tags(Resources=[web], Tags=[{"Key": "lamplighter:opt-out", "Value": ""}])
    said = lamp("simulate", *WEEK, "-o", "json")
    assert [row["group"] for row in said.rows] == ["tpyo"]
    assert "1 resource left out: opted out" in said.err
    assert "1 resource: schedule 'tpyo' is not valid or not defined; counted as always on" in said.err


def test_no_resources(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    said = lamp("simulate", *WEEK, "-o", "json")
    assert (said.code, said.out) == (0, "[]\n")
