from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_commit_recommend import NOW, write

from lamplighter.cli.testing import Lamp
from lamplighter.estate.presets import deny
from lamplighter.estate.testing import MANAGEMENT, EstateProbe

PLAN = {
    "SavingsPlansDetails": {"Region": "eu-west-1", "InstanceFamily": "m5", "OfferingId": "x"},
    "HourlyCommitmentToPurchase": "0.9",
    "EstimatedMonthlySavingsAmount": "300",
    "CurrencyCode": "USD",
}
COSTS: dict[str, list[dict[str, Any]]] = {
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
    """A simulated AWS whose Cost Explorer recommends a plan, of whatever kind it is asked about."""
    estate.control.plant_commitments({"costs": COSTS})
    return estate


@pytest.fixture
def words(tmp_path: Path) -> tuple[str, ...]:
    """The command, on a lake with usage."""
    return ("commit", "compare", "--lake", write(tmp_path / "lake"), "--store", "s.db")


def test_both_stand_side_by_side(lamp: Lamp, ce: EstateProbe, words: tuple[str, ...]) -> None:
    said = lamp(*words, "-o", "json")
    [row] = [row for row in said.rows if row["family"] == "m5"]
    assert (row["what"], row["service"], row["region"]) == ("savings-plan", "EC2Instance", "eu-west-1")
    # Asked about four kinds of plans, the simulated AWS answers with this one each time.
    assert (row["ours"], row["theirs"], row["their_saving"]) == ("0.603", "3.6", "1200")
    assert row["said"] == "83 % less than AWS"
    assert ce.control.calls().count("GetSavingsPlansPurchaseRecommendation", region="us-east-1") == 4
    assert "its savings do not add up" in said.err


def test_people_see_what_only_one_of_them_buys(lamp: Lamp, ce: EstateProbe, words: tuple[str, ...]) -> None:
    said = lamp(*words, "--without-schedules")
    assert "savings-plan EC2Instance m5" in said.out
    assert "0.603" in said.out


def test_what_aws_does_not_say_is_an_error_and_no_none(lamp: Lamp, ce: EstateProbe, words: tuple[str, ...]) -> None:
    ce.control.inject(deny(MANAGEMENT, "ce:GetSavingsPlansPurchaseRecommendation"))
    said = lamp(*words)
    assert said.code == 4
    assert "AccessDenied" in said.err
    assert lamp(*words, "--budget", "much").code == 2
