"""Capacity units of DynamoDB are not hours, and are added to none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.lake.known import look, sample

from lamplighter.commitments.kept import Inventory
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.usage_files import write_usage
from lamplighter.reports.ri_usage.page import Facts, Page
from lamplighter.reports.ri_usage.pages.accounts import Accounts
from lamplighter.reports.ri_usage.pages.days import Days
from lamplighter.reports.ri_usage.pages.summary import Summary

pytestmark = pytest.mark.slow

TEN = datetime(2026, 10, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("page", "expected"),
    [(Summary, [(0, 7000), (3, 0)]), (Accounts, [(3, 7000)]), (Days, [(3, 7000)])],
    ids=["Summary", "Accounts", "Days"],
)
def test_capacity_units_stand_apart_from_hours(
    tmp_path: Path, page: type[Page], expected: list[tuple[int, int]]
) -> None:
    units = {"service": "dynamodb", "platform": "", "deployment": "", "zone": ""}
    samples = [
        sample(TEN, "3"),
        sample(TEN, "5000", resource_type="read", **units),
        sample(TEN, "2000", resource_type="write", **units),
    ]
    write_usage(tmp_path, samples, [look(TEN), look(TEN, service="dynamodb")], at=TEN)
    with Ledger.open(tmp_path) as ledger:
        [sheet] = page().sheets(Facts(ledger, "2026-10", "Example", Inventory(), None, "", TEN))
    titles = [column.title for column in sheet.columns]
    used, apart = titles.index("Used hours"), titles.index("Capacity unit hours")
    assert sorted((float(str(row[used])), float(str(row[apart]))) for row in sheet.rows) == expected
