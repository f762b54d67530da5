"""`lamp simulate`: hours and money before anything is done."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.control import deny
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
        (["--by", "owner"], "nothing can be grouped by 'owner'"),
        (["--compare", "--by", "tag:Team"], "the journal does not know tags"),
        (["--compare", "--without-aws"], "--compare goes by the journal"),
        (["--compare", "--from", "2126-01-01", "--to", "2126-02-01"], "nothing is in the journal yet from 2126-01-01"),
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
    goes_on = Decimal(office["goes_on"]["USD"])
    assert Decimal(office["cost"]["USD"]) == rate.amount * 100 + goes_on
    assert Decimal(office["cost_always_on"]["USD"]) == rate.amount * 336 + goes_on
    assert Decimal(office["saved"]["USD"]) == rate.amount * 236
    assert rows["running"]["saved"] == {"USD": "0"}
    [account] = lamp("simulate", *WEEK, "--by", "account", "-o", "json").rows
    assert (account["group"], account["resources"]) == ("111122223333", 3)
    assert Decimal(account["saved"]["USD"]) == rate.amount * 236
    assert len(lamp("simulate", *WEEK, "--by", "resource", "-o", "json").rows) == 3
    said = lamp("simulate", *WEEK, COLUMNS="80")
    assert "estimated from 2026-11-23 00:00 Europe/Berlin to 2026-11-30 00:00 Europe/Berlin" in said.err
    assert said.out.splitlines()[-2].split()[:2] == ["Total", "3"]
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
    assert table[0].split()[1:4] == ["No.", "(no", "price)"]
    named = [line for line in table if line.startswith(("office", "running", "Total"))]
    assert [line.split()[2] for line in named] == ["(1)", "(1)", "(2)"]
    assert table[3].split()[8:10] == ["unknown"] * 2


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


# --- what goes on ------------------------------------------------------------------------------------------


NOVEMBER = ["--from", "2026-11-01T00:00Z", "--to", "2026-12-01T00:00Z"]


def furnish(estate: EstateProbe) -> str:
    """A machine with a disk of 100 GB and an address."""
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 100, "VolumeType": "gp3"}}
    id_ = launch(estate, "office-hours", "web", BlockDeviceMappings=[disk])
    ec2 = estate.client("ec2")
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=id_)
    return id_


def test_storage_and_addresses_go_on_in_both_costs(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    furnish(estate)
    rate = PriceBook.bundled().hourly(ec2_key("eu-west-1", "m5.large"))
    assert rate is not None
    [row] = lamp("simulate", *NOVEMBER, "-o", "json").rows
    goes_on = Decimal("0.088") * 100 + Decimal("0.005") * 720
    assert Decimal(row["goes_on"]["USD"]) == goes_on
    assert Decimal(row["cost"]["USD"]) == rate.amount * 210 + goes_on
    assert Decimal(row["cost_always_on"]["USD"]) == rate.amount * 720 + goes_on
    assert Decimal(row["saved"]["USD"]) == rate.amount * 510
    assert row["unknown_goes_on"] == 0
    assert "Goes on USD" in lamp("simulate", *NOVEMBER).out
    [bare] = lamp("simulate", *NOVEMBER, "--without-storage", "-o", "json").rows
    assert (bare["goes_on"], bare["unknown_goes_on"]) == (None, None)
    assert Decimal(bare["cost"]["USD"]) == rate.amount * 210
    assert "Goes on" not in lamp("simulate", *NOVEMBER, "--without-storage").out


def test_what_may_not_be_asked_is_unknown_and_the_answer_partial(
    estate: EstateProbe, lamp: Lamp, definitions: Path
) -> None:
    furnish(estate)
    estate.control.inject(deny("111122223333", "ec2:DescribeVolumes"))
    said = lamp("simulate", *NOVEMBER, "-o", "json")
    assert said.code == 4
    [row] = said.rows
    assert (row["goes_on"], row["unknown_goes_on"]) == (None, 1)
    assert row["saved"] is not None
    assert "ec2 DescribeVolumes" in said.err
    assert "+ what goes on is not, or not wholly, known of 1 resource: it is missing in both costs" in said.err
    assert "unknown" in lamp("simulate", *NOVEMBER).out
    assert lamp("simulate", *NOVEMBER, "--without-storage").code == 0


def test_storage_of_databases_has_no_known_price(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    estate.database("orders", Tags=[{"Key": "Schedule", "Value": "office-hours"}], AllocatedStorage=100)
    [row] = lamp("simulate", *NOVEMBER, "-o", "json").rows
    assert (row["goes_on"], row["unknown_goes_on"], row["unknown_prices"]) == (None, 1, 0)


# --- groups and formats ------------------------------------------------------------------------------------


def tagged(estate: EstateProbe, schedule: str, name: str, **tags: str) -> str:
    id_ = launch(estate, schedule, name)
    estate.client("ec2").create_tags(Resources=[id_], Tags=[{"Key": key, "Value": text} for key, text in tags.items()])
    return id_


def test_groups_by_tag_and_csv(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    tagged(estate, "office-hours", "a", Team="web")
    tagged(estate, "running", "b", Team="=web")
    tagged(estate, "office-hours", "c")
    said = lamp("simulate", *WEEK, "--by", "account,tag:Team", "-o", "csv")
    assert said.code == 0
    rows = list(csv.DictReader(io.StringIO(said.out, newline="")))
    assert [(row["account"], row["tag:Team"], row["group"], row["lit_hours"]) for row in rows] == [
        ("111122223333", "'=web", "111122223333, =web", "168"),
        ("111122223333", "web", "111122223333, web", "50"),
        ("111122223333", "", "111122223333, (not tagged)", "50"),
    ]
    assert Decimal(rows[1]["cost_always_on_USD"]) - Decimal(rows[1]["cost_USD"]) == Decimal(rows[1]["saved_USD"])
    lines = lamp("simulate", *WEEK, "--by", "tag:Team", COLUMNS="80").out.splitlines()
    assert max(map(len, lines)) <= 80
    names = [line.split("  ")[0] for line in lines if line[:1].strip()]
    assert names[-4:] == ["=web", "web", "(not tagged)", "Total"]


@pytest.mark.parametrize("by", ["schedule", "region", "kind", "resource", "tag:Team", "account,region,kind"])
def test_the_total_is_the_sum_of_the_rows(by: str, estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    tagged(estate, "office-hours", "a", Team="web")
    launch(estate, "running", "b", InstanceType="t3.micro")
    estate.database("orders", Tags=[{"Key": "Schedule", "Value": "office-hours"}])
    [whole] = lamp("simulate", *WEEK, "--by", "account", "-o", "json").rows
    rows = lamp("simulate", *WEEK, "--by", by, "-o", "json").rows
    for key in ("resources", "starts", "stops", "unknown_prices", "unknown_goes_on"):
        assert sum(row[key] for row in rows) == whole[key]
    for key in ("lit_hours", "all_hours"):
        assert sum(Decimal(row[key]) for row in rows) == Decimal(whole[key])
    for key in ("cost", "cost_always_on", "saved", "goes_on"):
        parts = [Decimal(row[key]["USD"]) for row in rows if row[key]]
        assert abs(sum(parts) - Decimal(whole[key]["USD"])) <= Decimal("0.000001") * len(rows)


def test_what_is_assumed_is_said_at_its_row(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    launch(estate, "office-hours", "web")
    launch(estate, "ignore", "odd")
    held = lamp("override", "set", "web", "--keep", "running", "--for", "2h", "--reason", "late")
    assert held.code == 0
    said = lamp("simulate")
    lines = said.out.splitlines()
    assert [line.split()[:2] for line in lines if "[" in line] == [["ignore", "[1]"], ["office-hours", "[2]"]]
    assert "[1] 1 resource: left alone; counted as always on" in said.err
    assert "[2] 1 resource: an override by" in said.err
    assert "(late); not counted" in said.err
    rows = {row["group"]: row["notes"] for row in lamp("simulate", "-o", "json").rows}
    assert rows["ignore"] == ["left alone; counted as always on"]
    assert "not counted" in rows["office-hours"][0]
