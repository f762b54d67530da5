from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.commitments.conftest import NOW

from lamplighter.cli.testing import Lamp
from lamplighter.estate.presets import deny
from lamplighter.estate.testing import MANAGEMENT, EstateProbe

OCTOBER = {"Start": "2026-10-01", "End": "2026-11-01"}
SPAN = ("--from", "2026-10-01", "--to", "2026-11-01")
HOURS = {"ReservedHours": "60", "TotalRunningHours": "80", "CoverageHoursPercentage": "75"}
GROUP = {
    "Attributes": {"region": "eu-west-1"},
    "Coverage": {"CoverageHours": HOURS, "CoverageCost": {"OnDemandCost": "12.5"}},
}
PLAN = {
    "SavingsPlansDetails": {"Region": "eu-west-1", "InstanceFamily": "m5", "OfferingId": "x"},
    "HourlyCommitmentToPurchase": "1.25",
    "EstimatedMonthlySavingsAmount": "200",
    "CurrencyCode": "USD",
}
COSTS: dict[str, list[dict[str, Any]]] = {
    "GetReservationCoverage": [
        {"CoveragesByTime": [{"TimePeriod": OCTOBER, "Groups": [GROUP]}]},
        {"CoveragesByTime": [], "Total": {"CoverageHours": HOURS}},
    ],
    "GetReservationUtilization": [
        {
            "UtilizationsByTime": [],
            "Total": {
                "UtilizationPercentage": "87.5",
                "PurchasedHours": "80",
                "TotalAmortizedFee": "5",
                "NetRISavings": "2",
            },
        }
    ],
    "GetSavingsPlansPurchaseRecommendation": [
        {
            "SavingsPlansPurchaseRecommendation": {
                "SavingsPlansType": "EC2_INSTANCE_SP",
                "TermInYears": "ONE_YEAR",
                "PaymentOption": "NO_UPFRONT",
                "SavingsPlansPurchaseRecommendationDetails": [PLAN],
            }
        }
    ],
}


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter.cli.context.utc_now", lambda: NOW)


@pytest.fixture
def ce(estate: EstateProbe) -> EstateProbe:
    """A simulated AWS whose Cost Explorer has something to say."""
    estate.control.plant_commitments({"costs": COSTS})
    return estate


def test_it_is_paid_for_once(lamp: Lamp, ce: EstateProbe) -> None:
    words = ("commit", "aws", "--what", "coverage", "--service", "ec2", "--by", "region", *SPAN, "--store", "s.db")
    planned = lamp(*words, "--dry-run")
    assert planned.code == 0
    assert planned.out.split()[-1] == "page"
    assert planned.err == "1 question would be asked, for 0.01 USD at least\n"

    said = lamp(*words, "-o", "json")
    assert said.code == 0
    assert [(row["of"], row["share"], row["kept"]) for row in said.rows] == [
        ({"region": "eu-west-1"}, "0.75", False),
        ({}, "0.75", False),
    ]
    assert said.rows[0]["on_demand_cost"] == "12.5"
    assert said.err == "Cost Explorer: 2 pages asked for, 0.02 USD\n"

    again = lamp(*words)
    assert again.out.startswith("Coverage as Cost Explorer states it:")
    line = next(one for one in again.out.splitlines() if "region=eu-west-1" in one)
    assert line.split() == [
        "ec2",
        "region=eu-west-1",
        "2026-10-01",
        "-",
        "2026-11-01",
        "75.0",
        "%",
        "60",
        "80",
        "12.50",
        "USD",
    ]
    assert again.err == "Cost Explorer: 0 pages asked for, 0.00 USD; 2 pages kept from before saved 0.02 USD\n"
    assert ce.control.calls().count("GetReservationCoverage", region="us-east-1") == 2
    assert lamp(*words, "--dry-run").err == "0 questions would be asked, for 0.00 USD at least\n"
    assert "2 pages asked for" in lamp(*words, "--refresh").err


def test_the_budget_refuses(lamp: Lamp, ce: EstateProbe) -> None:
    words = ("commit", "aws", "--what", "coverage", "--service", "ec2", "--store", "s.db", *SPAN)
    said = lamp(*words, "--budget", "0.01")
    assert (said.code, said.out) == (5, "")
    refused, hint, spent = said.err.splitlines()
    assert refused.startswith("error: coverage of ec2: Cost Explorer was not asked: 0.01 USD of 0.01 USD are spent")
    assert hint == "hint: raise --budget; what was answered is kept and not paid for again"
    assert spent == "Cost Explorer: 1 page asked for, 0.01 USD"
    assert "1 page asked for, 0.01 USD; 1 page kept" in lamp(*words, "--budget", "0.01").err


def test_all_topics_and_what_cannot_be_had(lamp: Lamp, ce: EstateProbe) -> None:
    ce.control.inject(deny(MANAGEMENT, "ce:GetSavingsPlansCoverage"))
    said = lamp("commit", "aws", "--service", "savings-plans", "--service", "ec2", "--store", "s.db")
    assert said.code == 4
    assert "Utilisation as Cost Explorer states it:" in said.out
    assert "EC2Instance Region=eu-west-1, InstanceFamily=m5" in said.out
    assert "1.25 USD an hour" in said.out
    lines = said.err.splitlines()
    assert any(line.startswith("error: coverage of savings-plans: ") and "AccessDenied" in line for line in lines)
    assert "Cost Explorer has no data: utilisation of savings-plans, recommendations of ec2" in lines


def test_no_data_is_a_note_and_no_failure(lamp: Lamp, ce: EstateProbe) -> None:
    said = lamp("commit", "aws", "--what", "utilisation", "--service", "savings-plans", "--store", "s.db", "-o", "json")
    assert (said.code, said.rows) == (0, [])
    assert said.err.startswith("Cost Explorer has no data: utilisation of savings-plans\n")
    daily = lamp("commit", "aws", "--what", "utilisation", "--service", "savings-plans", "--store", "s.db", "--daily")
    assert daily.code == 0
    assert ce.control.calls().count("GetSavingsPlansUtilization", region="us-east-1") == 1


def test_what_is_older_than_half_a_day_is_asked_again(
    lamp: Lamp, ce: EstateProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("commit", "aws", "--what", "utilisation", "--service", "rds", "--store", "s.db")
    assert "1 page asked for" in lamp(*words).err
    monkeypatch.setattr("lamplighter.cli.context.utc_now", lambda: NOW + timedelta(hours=11))
    assert "0 pages asked for" in lamp(*words).err
    monkeypatch.setattr("lamplighter.cli.context.utc_now", lambda: NOW + timedelta(hours=12))
    assert "1 page asked for" in lamp(*words).err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--what", "coverag"], "error: there is no topic 'coverag'\nhint: did you mean coverage?"),
        (["--service", "s3"], "error: there is no service 's3'"),
        (["--by", "team"], "error: there is no group 'team'"),
        (["--by", "region", "--daily"], "error: --by and --daily do not go together"),
        (["--budget", "much"], "error: --budget: 'much' is no amount\nhint: write --budget 1.00"),
        (["--budget", "-1"], "error: --budget: '-1' is no amount"),
        (["--from", "2026-11-01", "--to", "2026-10-01"], "error: the span ends"),
        (["--years", "2"], "error: Invalid value"),
    ],
)
def test_wrong_words(words: list[str], message: str, lamp: Lamp) -> None:
    said = lamp("commit", "aws", *words)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith(message)
