from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.commitments.sizing.test_demand import OTHER, look, sample

from lamplighter.cli.testing import Lamp
from lamplighter.lake.usage import Look, Source, UsageSample
from lamplighter.lake.usage_files import write_usage

pytestmark = pytest.mark.slow

START = datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
ONE_YEAR = ("--terms", "1y", "--payment", "no")
DEFINITIONS = """\
version: 1
timezone: UTC
periods:
  office: {begintime: "08:00", endtime: "18:00", weekdays: mon-fri}
schedules:
  office-hours: {periods: office}
"""


def at(hour: int) -> dict[str, object]:
    return {"time": START + timedelta(hours=hour)}


def write(folder: Path, hours: int = 48) -> str:
    """Five m5.large always, four more with a schedule that always ran; lab was refused but for two hours."""
    samples: list[UsageSample] = []
    looks: list[Look] = []
    for hour in range(hours):
        samples += [
            sample(0, "5", **at(hour)),
            sample(0, "4", schedule="office-hours", **at(hour)),
            sample(0, "1", resource_type="m5.huge", **at(hour)),
        ]
        looks.append(look(0, time=START + timedelta(hours=hour)))
        if hour < 2:
            samples.append(sample(0, "9", account=OTHER, **at(hour)))
        source = Source.COLLECTED if hour < 2 else None
        reason = "" if source else "access denied"
        looks.append(look(0, source, reason, account=OTHER, time=START + timedelta(hours=hour)))
    write_usage(folder, samples, looks, at=NOW)
    return str(folder)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter.cli.context.utc_now", lambda: NOW)


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return write(tmp_path / "lake")


def test_what_is_always_lit_is_bought_and_the_rest_is_said(lamp: Lamp, lake: str) -> None:
    said = lamp("commit", "recommend", "--lake", lake, *ONE_YEAR, "-o", "json")
    line, total = said.rows
    # A plan and a reservation cost the same in the packaged book: the plan also covers other sizes.
    assert (line["record"], line["service"], line["resource_type"]) == ("line", "EC2Instance", "m5")
    assert Decimal(line["quantity"]) == 9 * Decimal("0.067")
    assert Decimal(line["monthly"]) == 9 * Decimal("0.067") * 730
    assert Decimal(line["saving"]) == 9 * (Decimal("0.107") - Decimal("0.067")) * 730
    assert (line["utilisation"], line["years"], line["payment"]) == ("1.000000", 1, "No Upfront")
    assert Decimal(total["before"]) - Decimal(total["after"]) == Decimal(total["saving"]) == Decimal(line["saving"])
    assert total["left_out"] == [f"{OTHER}/eu-west-1/ec2"]
    assert total["unknown"][0] == "ec2 m5.huge Linux in eu-west-1: no price on demand in USD"
    assert said.code == 4
    assert f"warning: {OTHER}/eu-west-1: ec2 is left out: too few of its hours are known" in said.err
    assert "warning: 46 hours of 1 target are not known and not counted" in said.err
    assert "what is held is not known" in said.err


def test_schedules_of_the_definition_file_are_taken_out(lamp: Lamp, lake: str, tmp_path: Path) -> None:
    (tmp_path / "lamplighter.yaml").write_text(DEFINITIONS)
    said = lamp("commit", "recommend", "--lake", lake, *ONE_YEAR, "-o", "json")
    line, total = said.rows
    # Thursday and Friday from 8 to 18: 20 of 48 hours, too few for 62.6 %.
    assert Decimal(line["quantity"]) == 5 * Decimal("0.067")
    blind = lamp("commit", "recommend", "--lake", lake, *ONE_YEAR, "--without-schedules", "-o", "json")
    assert Decimal(blind.rows[0]["quantity"]) == 9 * Decimal("0.067")
    # Four more are reserved and used in 20 hours of 48.
    unused = 4 * Decimal("0.067") * Decimal(28) / 48 * 730
    assert Decimal(total["unused_without_schedules"]) == round(unused, 6)
    wasted = 4 * (Decimal("0.067") - Decimal("0.107") * 20 / 48) * 730
    assert Decimal(total["wasted_without_schedules"]) == round(wasted, 6)


def test_people_get_a_table_and_sentences(lamp: Lamp, lake: str) -> None:
    said = lamp("commit", "recommend", "--lake", lake, *ONE_YEAR, "--ladder", "2")
    assert "EC2Instance plan m5" in said.out
    assert "No purchase can cost less than" in said.out
    assert "Month 1: 0.302 of line 1" in said.out
    assert "By 48 of 48 hours from 2026-10-01 00:00 to 2026-10-03 00:00 UTC." in said.out


def test_statistics_of_what_could_be_reserved(lamp: Lamp, lake: str, tmp_path: Path) -> None:
    (tmp_path / "lamplighter.yaml").write_text(DEFINITIONS)
    words = ("commit", "recommend", "--lake", lake, *ONE_YEAR, "--statistics")
    rows = {row["resource_type"]: row for row in lamp(*words, "-o", "json").rows}
    large = rows["m5.large"]
    # 5 in 28 of 48 hours, 9 in 20 of them. No factor is published for m5.huge, so it stands alone.
    assert [large[name] for name in ("hours", "p5", "p50", "p95", "least", "most")] == [48, 5.0, 5.0, 9.0, 5.0, 9.0]
    assert (large["best"], large["break_even"], large["held"]) == (5, 0.626168, "0")
    assert (large["last_utilisation"], large["next_utilisation"]) == (1.0, 20 / 48)
    assert (rows["m5.huge"]["p50"], rows["m5.huge"]["best"]) == (1.0, None)
    said = lamp(*words)
    assert "62.6 %" in said.out
    assert "P5: level in use in at least 95 % of the hours" in said.err
    assert "P95: 95th percentile: no more than 5 % of the hours use more" in said.err


def test_a_line_is_explained(lamp: Lamp, lake: str) -> None:
    said = lamp("commit", "explain", "1", "--lake", lake, *ONE_YEAR)
    assert "a tenth more" in said.out
    assert "Line 1: 0.603 USD an hour of EC2Instance m5 eu-west-1, 1 year, No Upfront." in said.out
    assert "The last one takes 1.597 of its price off what is on demand; one more would take 0.000 of it." in said.out
    (record,) = lamp("commit", "explain", "1", "--lake", lake, *ONE_YEAR, "-o", "json").rows
    assert (record["next_worth"], record["in_use"]["95"]) == (0.0, 0.603)
    none = lamp("commit", "explain", "7", "--lake", lake, *ONE_YEAR)
    assert none.code == 2
    assert "there is no line 7: the recommendation has 1 line" in none.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--period", "2026-09"), "no usage is known of 2026-09; the lake has 2026-10 to 2026-10"),
        (("--since", "2027-01-01"), "no usage is known of the time since 2027-01-01"),
        (("--since", "2026-10-20"), "no usage is known since 2026-10-20"),
        (("--terms", "5y"), "--terms '5y' is none of 1y, 3y"),
        (("--payment", ","), "--payment ',' is none of no, partial, all"),
        (("--capital-rate", "-100"), "--capital-rate is percent a year"),
    ],
)
def test_what_cannot_be_answered(lamp: Lamp, lake: str, words: tuple[str, ...], said: str) -> None:
    answer = lamp("commit", "recommend", "--lake", lake, *words)
    assert answer.code == 2
    assert said in answer.err
    assert answer.out == ""


def test_an_empty_lake_is_no_recommendation(lamp: Lamp, tmp_path: Path) -> None:
    answer = lamp("commit", "recommend", "--lake", str(tmp_path / "nowhere"))
    assert (answer.code, answer.out) == (2, "")
    assert "no usage is known of any month" in answer.err
    assert "hint: lamp usage collect" in answer.err


def test_looking_failed_everywhere(lamp: Lamp, tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    write_usage(folder, [], [look(0, None, "access denied", time=START)], at=NOW)
    answer = lamp("commit", "recommend", "--lake", str(folder))
    assert answer.code == 2
    assert "no hour is known in which all usage was seen" in answer.err


def test_a_library_that_is_missing_is_named(lamp: Lamp, lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)
    answer = lamp("commit", "recommend", "--lake", lake)
    assert answer.code == 1
    assert answer.err == "error: highspy not installed\nhint: pip install 'lamplighter[commit]'\n"
