"""Coverage by usage and by the bill of the same truth: the same to the unit and the cent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.commitments.estate import OCTOBER, held_of, items_of, made

from lamplighter.billing.load import load
from lamplighter.commitments.by_ledger import (
    Difference,
    differences,
    ledger_coverage,
    ledger_savings_rates,
    ledger_utilisation,
)
from lamplighter.commitments.coverage import Alike, measure
from lamplighter.commitments.totals import By, Coverage, coverage_by, savings_rates, utilisation_by
from lamplighter.errors import UsageError
from lamplighter.estate.bill.options import PLAIN
from lamplighter.estate.bill.write import prepare, write
from lamplighter.lake.ledger import Ledger

END = OCTOBER + timedelta(days=3)
MILLIONTH = Decimal("0.000001")
EVERY = (By.HOUR, By.ACCOUNT, By.SERVICE, By.REGION, By.FAMILY)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Alike], Ledger]]:
    """Three days of twenty resources, by what ran and by the bill of it."""
    used, bought = made(7, 20, END)
    home = tmp_path_factory.mktemp("bill")
    with prepare(used, bought, PLAIN, OCTOBER, threads=1) as prepared:
        write(prepared, home / "bill", "cur-csv")
    load([str(home / "bill")], home / "lake", at=datetime(2026, 11, 1, tzinfo=UTC))
    with Ledger.open(home / "lake", threads=1) as ledger:
        yield measure(*items_of(used), held_of(bought)), ledger


@pytest.mark.slow
def test_every_hour_account_and_family_is_covered_as_the_bill_says(both: tuple[list[Alike], Ledger]) -> None:
    hours, ledger = both
    ours, theirs = coverage_by(hours, EVERY), ledger_coverage(ledger, "2026-10", EVERY)
    assert len(ours) > 500
    assert [(each.group, each.currency) for each in ours] == [(each.group, each.currency) for each in theirs]
    for one, other in zip(ours, theirs, strict=True):
        for name in ("hours", "reserved_hours", "plan_hours", "borrowed_hours", "unpriced_hours"):
            assert abs(getattr(one, name) - getattr(other, name)) < MILLIONTH, (one.group, name)
        for name in ("units", "covered_units", "cost", "covered_cost"):
            mine, bill = getattr(one, name), getattr(other, name)
            assert (mine is None) == (bill is None), (one.group, name)
            assert mine is None or abs(mine - bill) < MILLIONTH, (one.group, name)


@pytest.mark.slow
def test_every_commitment_is_used_as_the_bill_says(both: tuple[list[Alike], Ledger]) -> None:
    hours, ledger = both
    ours = {each.group: each for each in utilisation_by(hours, [By.COMMITMENT])}
    theirs = {each.group: each for each in ledger_utilisation(ledger, "2026-10", [By.COMMITMENT])}
    assert len(ours) == 6
    assert set(ours) == set(theirs)
    for group, one in ours.items():
        other = theirs[group]
        assert one.utilisation is not None
        assert other.utilisation is not None
        assert abs(one.utilisation - other.utilisation) < MILLIONTH
        for name in ("cost", "used_cost", "unused_cost", "on_demand_cost", "saving"):
            assert abs(getattr(one, name) - getattr(other, name)) < Decimal("0.00001"), (group, name)
        assert one.cost is not None
        assert abs(one.lent * one.cost / one.total - other.lent) < Decimal("0.00001")
    assert sum(one.lent > 0 for one in ours.values()) > 0
    assert sum(one.unused > 0 for one in ours.values()) > 0


def test_owners_and_regions_of_reservations_are_those_of_their_arns(both: tuple[list[Alike], Ledger]) -> None:
    hours, ledger = both
    by = (By.ACCOUNT, By.SERVICE)
    ours = {each.group: each.cost for each in utilisation_by(hours, by)}
    theirs = {each.group: each.cost for each in ledger_utilisation(ledger, "2026-10", by)}
    assert set(ours) == set(theirs)
    assert all(abs((ours[group] or Decimal(0)) - (theirs[group] or Decimal(0))) < Decimal("0.00001") for group in ours)


def test_the_savings_rate_is_the_same(both: tuple[list[Alike], Ledger]) -> None:
    hours, ledger = both
    [ours], [theirs] = savings_rates(hours), ledger_savings_rates(ledger, "2026-10")
    assert ours.rate is not None
    assert theirs.rate is not None
    assert abs(ours.rate - theirs.rate) < MILLIONTH
    assert theirs.actual is not None
    assert ours.actual is not None
    assert abs(ours.actual - theirs.actual) < Decimal("0.0001")


def test_a_month_that_is_not_there_is_empty(both: tuple[list[Alike], Ledger]) -> None:
    _, ledger = both
    assert ledger_coverage(ledger, "2026-09", [By.REGION]) == []
    assert ledger_utilisation(ledger, "2026-09", []) == []
    assert ledger_savings_rates(ledger, "2026-09") == []


def test_a_bill_does_not_tell_unused_hours_of_reservations(both: tuple[list[Alike], Ledger]) -> None:
    _, ledger = both
    with pytest.raises(UsageError, match="cannot be told by hour"):
        ledger_utilisation(ledger, "2026-10", [By.HOUR])
    with pytest.raises(UsageError, match="cannot be told by commitment"):
        ledger_coverage(ledger, "2026-10", [By.COMMITMENT])


def test_what_differs_is_named_and_rounding_is_not() -> None:
    ours = [Coverage(("m5",), "USD", Decimal(100), Decimal(50)), Coverage(("c5",), "USD", Decimal(7))]
    theirs = [Coverage(("m5",), "USD", Decimal("99.5"), Decimal(40)), Coverage(("r5",), "USD", Decimal(1))]
    assert differences(ours, theirs, ("hours", "reserved_hours")) == [
        Difference(("c5",), "hours", Decimal(7), None),
        Difference(("m5",), "reserved_hours", Decimal(50), Decimal(40)),
        Difference(("r5",), "hours", None, Decimal(1)),
    ]


def test_rows_are_looked_at_once_however_many_groups_there_are() -> None:
    class Counted(list[Coverage]):
        times = 0

        def __iter__(self) -> Iterator[Coverage]:
            self.times += 1
            return super().__iter__()

    ours, theirs = (
        Counted(Coverage((f"m{number}",), "USD", Decimal(hours)) for number in range(50)) for hours in (1, 2)
    )
    assert len(differences(ours, theirs, ("hours", "reserved_hours"))) == 50
    assert (ours.times, theirs.times) == (1, 1)
