from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from tests.reports.ri_usage.conftest import DATA, END, HOURS, NAMES, SHOP

from lamplighter.commitments.kept import Inventory
from lamplighter.lake.ledger import Ledger
from lamplighter.reports.ri_usage.page import Facts, summed
from lamplighter.reports.ri_usage.report import file_name, pages, sheets, write_report
from lamplighter.reports.sheet import Column, Kind, Sheet, Value

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*extension is not supported")]


def by_name(facts: Facts) -> dict[str, Sheet]:
    return {sheet.name: sheet for sheet in sheets(facts)}


def records(sheet: Sheet) -> list[dict[str, Value]]:
    titles = [column.title for column in sheet.columns]
    return [dict(zip(titles, row, strict=True)) for row in sheet.rows]


def test_pages_are_found_and_documented() -> None:
    assert [page.name for page in pages()] == [
        "Summary",
        "Accounts",
        "Days",
        "Region",
        "P95 Statistics",
        "Coverage",
        "Utilisation",
        "Recommendations",
        "Expiries",
        "Gaps",
        "Notes",
    ]
    assert all(page.__doc__ and page.about and page.columns for page in pages())


def test_sheets_of_a_month(facts: Facts) -> None:
    assert list(by_name(facts)) == [
        "Summary",
        "Accounts",
        "Days",
        "ec2 eu-central-1",
        "rds eu-central-1",
        "P95 Statistics",
        "Coverage",
        "Utilisation",
        "Recommendations",
        "Expiries",
        "Gaps",
        "Notes",
    ]


def test_every_figure_of_a_question_can_be_asked_again(facts: Facts) -> None:
    asked = 0
    for sheet in sheets(facts):
        if found := re.fullmatch(r'lamp sql "(.+)"', sheet.source):
            again = facts.ledger.query(found[1]).rows
            assert len(again) == len(sheet.rows) > 0
            used = [number for number, column in enumerate(sheet.columns) if column.title == "Used hours"]
            if used and "FROM usage_statistics" not in found[1]:
                assert [row[used[0]] for row in again] == [row[used[0]] for row in sheet.rows]
            asked += 1
        else:
            assert sheet.source.startswith(("lamp commit ", "docs/"))
    assert asked == 8


def test_summary_counts_what_ran_and_what_schedules_put_out(facts: Facts) -> None:
    rows = {row["Service"]: row for row in records(by_name(facts)["Summary"])}
    lit = 10 * 10  # weekdays of the fortnight, hours of a day
    assert rows["ec2"]["Used hours"] == lit * 6 + (HOURS - lit) * 2 + 14 * 4 * 3 - spot_not_seen()
    assert rows["ec2"]["Put out by schedules"] == (HOURS - lit) * 4
    assert rows["ec2"]["Failed hours"] == 10
    assert rows["rds"]["Used hours"] == HOURS
    # One m5.large is reserved all the time, of 6 or 2 that run; 0.115 USD an hour on demand.
    assert rows["ec2"]["Covered"] == Decimal("0.115") * HOURS
    assert rows["ec2"]["Cost on demand"] == Decimal("0.115") * (lit * 6 + (HOURS - lit) * 2)
    assert rows["rds"]["Coverage"] == 0


def spot_not_seen() -> int:
    """Spot hours in the hours at which looking failed: they are in no figure."""
    return sum(3 for number in range(30, 40) if number % 24 < 4)


def test_levels_of_use(facts: Facts) -> None:
    (web, batch) = records(by_name(facts)["ec2 eu-central-1"])
    assert (web["Type"], web["Account"], web["Name"]) == ("m5.large", SHOP, NAMES[SHOP])
    assert [web[name] for name in ("Minimum", "P5", "P50", "P95", "Maximum")] == [2, 2, 2, 6, 6]
    assert (batch["Account"], batch["Used hours"], batch["Known hours"]) == (DATA, 0, HOURS - 10)


def test_statistics_hold_the_best_number(facts: Facts) -> None:
    found = next(row for row in records(by_name(facts)["P95 Statistics"]) if row["Type"] == "m5.large")
    assert (found["P5"], found["P95"], found["Held"]) == (2, 6, 1)
    assert found["Best"] == 2, "two run always; one of them is reserved, but only for 65 days more"
    assert found["Known hours"] == HOURS


def test_utilisation_and_expiry(facts: Facts) -> None:
    (used,) = records(by_name(facts)["Utilisation"])
    assert used["Utilisation"] == 1
    assert used["Cost"] == Decimal("0.07") * HOURS
    assert used["Saving"] == Decimal("0.045") * HOURS
    (ends,) = records(by_name(facts)["Expiries"])
    assert (ends["Ends"], ends["Days left"], ends["What"]) == (END + timedelta(days=65), 65, "linux-m5.large")
    assert ends["An hour"] == Decimal("0.07")


def test_gaps_and_notes_say_what_is_not_known(facts: Facts) -> None:
    made = by_name(facts)
    assert sum(int(str(row["Hours"])) for row in records(made["Gaps"])) == 10
    notes = [f"{row['About']}: {row['Note']}" for row in records(made["Notes"])]
    assert any(note.startswith("Not known: rds") and "AccessDenied" in note for note in notes)


def test_recommendation_stands_with_its_bound_and_waste(facts: Facts) -> None:
    found = facts.recommendation
    assert found is not None
    sheet = by_name(facts)["Recommendations"]
    assert [row["Title"] for row in records(sheet)] == [line.title for line in found.lines]
    assert sum(Decimal(str(row["Saving a month"])) for row in records(sheet)) == sum(
        line.saving.amount for line in found.lines
    )
    assert str(found.bound.rounded()) in sheet.about
    assert found.waste is not None
    assert str(found.waste.wasted.rounded()) in sheet.about


def test_without_a_recommendation_the_pages_say_why(facts: Facts) -> None:
    made = by_name(replace(facts, recommendation=None, missing="no offers are known"))
    assert made["Recommendations"].rows == []
    assert made["Recommendations"].empty == "no offers are known"
    assert made["P95 Statistics"].rows == []


def test_an_empty_month(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "lake") as ledger:
        empty = Facts(ledger, "2026-10", "Example", Inventory(), None, "no usage", END)
        path = write_report(empty, tmp_path)
    book = openpyxl.load_workbook(path)
    assert "Summary" in book.sheetnames
    assert book["Summary"]["A5"].value == "nothing is known of this month"
    assert book["Expiries"]["A5"].value.startswith("no reservations")


def test_the_file(facts: Facts, tmp_path: Path) -> None:
    path = write_report(facts, tmp_path)
    assert path.name == "AwsRIUsageReport_Example-Sons_2026-10-15.xlsx"
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == list(by_name(facts))
    assert all(book[name].freeze_panes for name in book.sheetnames)
    assert len(book["Summary"]._charts) == 2
    names = {cell.value: cell.data_type for row in book["Accounts"].iter_rows(min_row=5) for cell in row}
    assert names[NAMES[SHOP]] == "s"
    assert not [
        cell.coordinate
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" and not str(cell.value).startswith("=SUBTOTAL(109,")
    ]


@pytest.mark.parametrize(
    ("organization", "name"),
    [("o-abc123", "o-abc123"), ("../../etc", "etc"), ("Käse & Co/KG", "K-se-Co-KG"), ("...", "organization")],
)
def test_file_names(organization: str, name: str) -> None:
    assert file_name(organization, datetime(2026, 11, 1, tzinfo=UTC)) == f"AwsRIUsageReport_{name}_2026-11-01.xlsx"


def test_money_of_several_currencies_is_not_added_up() -> None:
    columns = [Column("Currency"), Column("Cost", Kind.MONEY, total=True), Column("Hours", Kind.HOURS, total=True)]
    assert [each.total for each in summed(columns, [("USD", 1, 1), (None, None, 1)])] == [False, True, True]
    assert [each.total for each in summed(columns, [("USD", 1, 1), ("CNY", 1, 1)])] == [False, False, True]
