from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from tests.commitments.estate import facts

from lamplighter.commitments.coverage import Alike, CommitmentHour, CoverageHour
from lamplighter.commitments.totals import By, SavingsRate, coverage_by, savings_rates, utilisation_by

D = Decimal
TIMES = (datetime(2026, 10, 5, 1, tzinfo=UTC), datetime(2026, 10, 5, 2, tzinfo=UTC))
A, B = "111122223333", "444455556666"


def row(
    account: str, hours: str, reserved: str, cost: str | None, covered: str | None, currency: str = "USD"
) -> CoverageHour:
    unpriced = D(hours) if cost is None else D(0)
    money = (None if cost is None else D(cost), None if covered is None else D(covered))
    return CoverageHour(
        account, "us-east-1", "ec2", "m5", currency, D(hours), D(reserved), D(0), D(0), D(hours) * 4, D(reserved) * 4,
        *money, unpriced,
    )  # fmt: skip


def bought(
    arn: str,
    used: str,
    unused: str | None,
    cost: str | None = "0.5",
    saved: str | None = "0.6",
    priced: str | None = None,
) -> CommitmentHour:
    return CommitmentHour(
        arn, A, "us-east-1", "ec2", "m5", "Units", D(4), D(used), D(0), None if unused is None else D(unused), "USD",
        None if cost is None else D(cost), None if saved is None else D(saved), D(priced or saved or 0),
    )  # fmt: skip


HOURS = [
    Alike(TIMES, [row(A, "4", "1", "0.4", "0.1"), row(B, "1", "0", None, None)], [bought("ri-1", "4", "0")]),
    Alike(TIMES[:1], [row(A, "1", "1", "0.1", "0.1")], [bought("ri-1", "3", "1"), bought("ri-2", "2", None)]),
]


def test_ratios_are_those_of_the_sums() -> None:
    [one, other] = coverage_by(HOURS, [By.ACCOUNT])
    assert facts(one.group, one.hours, one.reserved_hours, one.on_demand_hours) == ((A,), 9, 3, 6)
    assert one.by_hours == D(1) / 3
    assert one.by_units == D(1) / 3
    assert facts(one.cost, one.covered_cost, one.on_demand_cost) == (D("0.9"), D("0.3"), D("0.6"))
    assert one.by_cost == D(1) / 3
    assert facts(other.hours, other.cost, other.by_cost, other.on_demand_cost) == (2, None, None, None)
    assert other.unpriced_hours == 2


def test_every_hour_can_be_asked_for() -> None:
    found = coverage_by(HOURS, [By.HOUR, By.FAMILY])
    assert [facts(each.group, each.hours) for each in found] == [
        (("2026-10-05T01:00Z", "m5"), 6),
        (("2026-10-05T02:00Z", "m5"), 5),
    ]
    with pytest.raises(ValueError, match="account, service, region, family or hour"):
        coverage_by(HOURS, [By.COMMITMENT])


def test_an_hour_whose_rest_is_not_known_is_left_out_and_counted() -> None:
    first, second = utilisation_by(HOURS, [By.COMMITMENT])
    assert facts(first.total, first.used, first.unused, first.utilisation) == (12, 11, 1, D(11) / 12)
    assert facts(first.cost, first.used_cost, first.unused_cost) == (D("1.5"), D("1.375"), D("0.125"))
    assert facts(first.on_demand_cost, first.saving) == (D("1.8"), D("0.3"))
    assert facts(second.total, second.utilisation, second.cost, second.unknown_hours) == (0, None, None, 1)


def test_currencies_and_units_do_not_mix() -> None:
    hours = [Alike(TIMES[:1], [row(A, "1", "0", "1", "0"), row(A, "1", "0", "7", "0", "CNY")], [])]
    assert [facts(each.currency, each.cost) for each in coverage_by(hours, [])] == [("CNY", 7), ("USD", 1)]


def test_costs_that_are_not_known_are_counted_and_never_zero() -> None:
    [one] = utilisation_by([Alike(TIMES, [], [bought("ri-1", "4", "0", None, None)])], [])
    assert facts(one.cost, one.saving, one.on_demand_cost, one.unpriced_hours) == (None, None, None, 2)
    assert one.utilisation == 1


def test_the_savings_rate_counts_what_nobody_used() -> None:
    """On demand 0.6 is left of 0.9; commitments cost 3 x 0.5, and of the hour that is not known its used half."""
    assert savings_rates(HOURS) == [SavingsRate("USD", D("0.9"), D("2.35"), D(2))]
    assert savings_rates(HOURS)[0].rate == 1 - D("2.35") / D("0.9")
    assert SavingsRate("USD", D(0), D(1)).rate is None


def test_a_commitment_of_unknown_cost_is_not_free() -> None:
    hours = [Alike(TIMES, [], [bought("ri-1", "4", "0"), bought("ri-2", "4", "0", None)])]
    [one] = utilisation_by(hours, [By.FAMILY])
    assert facts(one.cost, one.saving, one.unpriced_hours) == (D(1), None, 2)
    known, unknown = utilisation_by(hours, [By.COMMITMENT])
    assert facts(known.saving, unknown.saving) == (D("0.2"), None)


def test_the_savings_rate_leaves_out_both_sides_of_what_has_no_cost_or_no_price() -> None:
    """On demand 2, of it 0.6 covered for 0.5, 0.6 for nobody knows what, and 0.1 beside usage without a price."""
    bill = [bought("ri-1", "4", "0"), bought("ri-2", "4", "0", None), bought("ri-3", "4", "0", "0.5", None, "0.1")]
    [one] = savings_rates([Alike(TIMES[:1], [row(A, "20", "13", "2", "1.3")], bill)])
    assert one == SavingsRate("USD", D("1.3"), D("1.2"), D(0), 3 - 1)
    assert one.rate == 1 - D("1.2") / D("1.3")
    assert SavingsRate("USD", D(1), None).rate is None
