"""`lamp deploy cost`: tables for people, quantities for programs, and what cannot be."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lamplighter.cli.testing import Lamp

LARGE = ("--accounts", "100", "--regions", "4", "--resources", "10000", "--frequency", "5")


def test_both_systems_side_by_side(lamp: Lamp) -> None:
    said = lamp("deploy", "cost", *LARGE)
    lines = [line.split() for line in said.out.splitlines() if line.strip("─ ")]
    assert said.code == 0
    assert lines[0] == ["Part", "Lamplighter", "USD", "AWS", "scheduler", "USD"]
    assert [line[0] for line in lines[1:9]] == [
        "clock", "passes", "events", "watching", "standing", "collecting", "bills", "reports",
    ]  # fmt: skip
    assert lines[6][2] == "-"
    assert lines[9] == ["a", "month", "31.36", "85.92"]
    assert "132,130 passes a month: 34,797 for transitions" in said.err
    assert "the AWS Instance Scheduler makes 10,512,000 requests" in said.err


def test_programs_get_every_quantity_with_its_price(lamp: Lamp) -> None:
    rows = lamp("deploy", "cost", *LARGE, "-o", "json").rows
    assert {row["system"] for row in rows} == {"lamplighter", "instance-scheduler"}
    ours = sum(Decimal(row["usd"]) for row in rows if row["system"] == "lamplighter")
    assert round(ours, 2) == Decimal("31.36")
    (alarms,) = [row for row in rows if row["price"] == "cloudwatch.alarms"]
    assert (alarms["unit"], alarms["unit_usd"], alarms["estimated"]) == ("alarm metric-month", "0.10", False)
    (writes,) = [row for row in rows if (row["part"], row["price"]) == ("passes", "dynamodb.writes")][:1]
    assert (writes["estimated"], writes["price_as_of"]) == (True, "2026-07-30")
    assert Decimal(writes["unit_usd"]) * Decimal(writes["quantity"]) == pytest.approx(Decimal(writes["usd"]))


def test_the_stack_watch_can_be_left_out(lamp: Lamp) -> None:
    small = ("deploy", "cost", "--accounts", "3", "--regions", "1", "--resources", "60")
    said, less = lamp(*small), lamp(*small, "--without", "watch")
    assert "without the stack watch (dashboard, alarms): 6.81 USD a month in all\n" in said.err
    assert ["a", "month", "6.81", "7.25"] in [line.split() for line in less.out.splitlines()]
    assert "with the stack watch (dashboard, alarms): 11.71 USD a month in all\n" in less.err
    prices = {
        row["price"] for row in lamp(*small, "--without", "watch", "-o", "json").rows if row["system"] == "lamplighter"
    }
    assert {"cloudwatch.alarms", "cloudwatch.dashboards"} & prices == set()
    assert "cloudwatch.metrics" in prices, "functions write them all the same"


def test_every_quantity_as_a_table(lamp: Lamp) -> None:
    said = lamp("deploy", "cost", "--detail", "--explorer-pages", "12")
    assert "the key" in said.out
    (pages,) = [line.split() for line in said.out.splitlines() if "Cost Explorer" in line]
    assert pages == ["lamplighter", "reports", "pages", "of", "Cost", "Explorer", "12.00", "page", "0.12", "counted"]


def test_what_is_unknown_is_said_and_not_zero(lamp: Lamp) -> None:
    said = lamp("deploy", "cost", "--scanned", "100", "-o", "csv")
    (row,) = [line for line in said.out.splitlines() if "athena" in line]
    assert row.startswith("lamplighter,reports,scanned by Athena,100.000000,GB,,")
    assert "warning: scanned by Athena: no price is known for 100.00 GB; it is in no sum" in said.err
    assert "reports" in lamp("deploy", "cost", "--scanned", "100", "--reports", "0").out
    assert "unknown" in lamp("deploy", "cost", "--scanned", "100", "--reports", "0").out


def test_another_region_is_an_estimate(lamp: Lamp) -> None:
    said = lamp("deploy", "cost", "--hub-region", "eu-central-1")
    assert "warning: prices are those of us-east-1: for eu-central-1 all of it is an estimate" in said.err


def test_an_estate_with_nothing_in_it(lamp: Lamp) -> None:
    said = lamp("deploy", "cost", "--resources", "0", "--no-collect", "--bill-lines", "0", "--reports", "0")
    assert said.code == 0
    assert "collecting" not in said.out
    assert "makes 0 requests" in said.err


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--frequency", "7"], "frequency is 7", "one of 1, 2, 5, 10, 15, 30, 60 minutes"),
        (["--scheduled", "120"], "scheduled is 120", "a percentage, 0 to 100"),
        (["--watched", "some"], "--watched is 'some', not a number", "for example 12 or 1.5"),
        (["--transitions", "inf"], "--transitions is 'inf', not a number", "for example"),
        (["--request-seconds", "-1"], "request seconds is -1", "from 0 on"),
        (["--accounts", "0"], "--accounts", "lamp deploy cost --help"),
        (["--hub-region", "moon"], "region is moon", "a region code"),
        (["--without", "hub"], "hub cannot be left out", "what can be left out: watch"),
    ],
)
def test_what_cannot_be_is_refused(lamp: Lamp, words: list[str], message: str, hint: str) -> None:
    said = lamp("deploy", "cost", *words)
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert hint in said.err.partition("hint:")[2]
