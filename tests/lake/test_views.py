"""Every view on a lake whose answers were worked out by hand; on other engines: test_engines.py."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from tests.lake.conftest import write_month
from tests.lake.known import EXPECTED, RI, box, charge, look, plain, sample, write_known

from lamplighter.lake.catalog import views
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.usage_files import write_usage


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    lake = tmp_path_factory.mktemp("known")
    write_known(lake)
    with Ledger.open(lake) as opened:
        yield opened


def test_every_view_is_known() -> None:
    assert set(EXPECTED) == set(views())


@pytest.mark.slow
@pytest.mark.parametrize("view", sorted(EXPECTED))
def test_a_view_says_what_was_worked_out_by_hand(ledger: Ledger, view: str) -> None:
    assert plain(ledger.query(f"FROM {view}").rows) == plain(EXPECTED[view])


@pytest.mark.parametrize(
    "view", [name for name in sorted(EXPECTED) if name.startswith("cost_by_") and "tag" not in name]
)
def test_a_view_of_costs_leaves_nothing_out(ledger: Ledger, view: str) -> None:
    sums = "currency, SUM(billed_cost), SUM(effective_cost), SUM(unblended_cost), SUM(list_cost), SUM(charges)"
    assert plain(ledger.query(f"SELECT {sums} FROM {view} GROUP BY 1").rows) == [
        ("EUR", "1", "1", "1", "1", "1"),
        ("USD", "5.03", "5.03", "5.03", "8.08", "14"),
    ]


@pytest.mark.slow
def test_a_view_of_an_empty_lake_has_no_rows(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as empty:
        assert [list(empty.query(f"FROM {view}").rows) for view in EXPECTED] == [[]] * len(EXPECTED)


@pytest.mark.slow
def test_what_the_bill_does_not_say_is_not_zero(tmp_path: Path) -> None:
    used = {"CommitmentDiscountId": RI, "CommitmentDiscountStatus": "Used"}
    write_month(
        tmp_path,
        "2026-10",
        [charge("0", "1", "0", "0", **box("10", "2"), **used), charge("0", "1", "0", "0", **box("10", "NULL"), **used)],
    )
    with Ledger.open(tmp_path) as opened:
        asked = "SELECT used_cost, on_demand_cost, saving, utilisation FROM commitments"
        assert plain(opened.query(asked).rows) == [("2", None, None, "1")]
        asked = "SELECT covered_cost, uncovered_cost, coverage, covered_hours, hours FROM commitment_coverage"
        assert plain(opened.query(asked).rows) == [(None, "0", None, "20", "20")]
        asked = "SELECT quantity, effective_price, on_demand_cost, list_price FROM unit_prices"
        assert plain(opened.query(asked).rows) == [("20", "0.1", None, None)]


def test_an_account_that_changes_its_name_is_one_account(tmp_path: Path) -> None:
    names = ({"SubAccountName": name} for name in ("old", "shop"))
    write_month(
        tmp_path, "2026-10", [charge("1", "1", "1", "1", SubAccountId="444455556666", **name) for name in names]
    )
    with Ledger.open(tmp_path) as opened:
        [row] = opened.query("SELECT account_name, billed_cost FROM cost_by_account").rows
    assert row == ("shop", Decimal(2))


@pytest.mark.slow
def test_movers_are_held_against_the_last_month_that_is_loaded(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-07", [charge("1", "1", "1", "1")])
    write_month(tmp_path, "2026-10", [charge("3", "3", "3", "3")])
    with Ledger.open(tmp_path) as opened:
        asked = "SELECT billing_period, previous_period, change, change_share FROM top_movers"
        assert plain(opened.query(asked).rows) == [("2026-10", "2026-07", "2", "2")]


@pytest.mark.slow
def test_levels_of_use_are_those_of_the_sorted_hours(tmp_path: Path) -> None:
    random = Random(7)
    start, hours = datetime(2026, 10, 1, tzinfo=UTC), 137
    times = [start + timedelta(hours=number) for number in range(hours)]
    known = [time for time in times if random.random() < 0.9]
    runs = {time: Decimal(random.randrange(9)) for time in known}
    samples = [sample(time, str(count), spot=min(count, Decimal(2))) for time, count in runs.items() if count]
    failed = [look(time, None, "refused") for time in times if time not in runs]
    write_usage(tmp_path, samples, [*(look(time) for time in known), *failed], at=start)
    levels = sorted(count - min(count, Decimal(2)) for count in runs.values())
    count = len(levels)
    most_that_at_least = [
        max(level for level in levels if sum(each >= level for each in levels) >= share * count)
        for share in (Decimal("0.95"), Decimal("0.5"))
    ]
    p95 = min(level for level in levels if sum(each > level for each in levels) <= Decimal("0.05") * count)
    with Ledger.open(tmp_path) as opened:
        asked = "SELECT known_hours, used_hours, least, p5, p50, p95, most, mean FROM usage_statistics"
        (row,) = opened.query(asked).rows
    assert list(row[:-1]) == [count, sum(levels), levels[0], *most_that_at_least, p95, levels[-1]]
    assert Decimal(str(row[-1])) == pytest.approx(sum(levels) / count)
