from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.commitments.estate import facts, held

from lamplighter.commitments.coverage import Alike, CommitmentHour, CoverageHour, Item, may_miss, measure
from lamplighter.commitments.holdings import Held
from lamplighter.commitments.model import Attributes, PlanKind, Target, Use
from lamplighter.commitments.totals import By, coverage_by, utilisation_by
from lamplighter.pricing import Money

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
START, END = NOON - timedelta(days=30), NOON + timedelta(days=335)
SHOP, DATA = "111122223333", "444455556666"
M5 = Attributes("ec2", "us-east-1", "m5", "Linux")
D = Decimal


def item(account: str, size: str = "large", units: str = "4", rate: str = "0.1", *, priced: bool = True) -> Item:
    """An m5 that runs Linux, in one zone."""
    rates = {PlanKind.COMPUTE: D(rate) * D("0.75")} if priced else {}
    use = Use("", account, D(1), D(rate) if priced else D(0), rates, M5, size, "us-east-1a", D(units))
    return Item(use, Target(account, "us-east-1", "ec2"), "m5", f"m5.{size}", priced=priced, units=D(units))


def reservation(account: str = SHOP, count: int = 1, **more: object) -> Held:
    """Regional and size-flexible, of m5.large, for 0.06 an hour each, half of it upfront."""
    given: dict[str, object] = {
        "region": "us-east-1", "key": "ri-ec2", "attributes": M5, "resource_type": "m5.large", "size": "large",
        "count": D(count), "units": D(4),
    }  # fmt: skip
    return held(f"arn:ri-{account}", account, START, END, D("0.03") * 8760, D("0.03"), **(given | more))


def plan(commitment: str, account: str = SHOP) -> Held:
    return held(
        "arn:sp", account, START, END, D(0), D(commitment), key="sp-compute", plan=PlanKind.COMPUTE,
        commitment=Money(D(commitment), "USD"),
    )  # fmt: skip


def one_hour(
    items: list[Item], quantities: Mapping[int, str], bought: list[Held], missing: frozenset[Target] = frozenset()
) -> tuple[dict[str, CoverageHour], dict[str, CommitmentHour]]:
    ran = tuple((number, D(much)) for number, much in quantities.items())
    [alike] = measure(items, {NOON: ran}, bought, {NOON: missing})
    assert alike.times == [NOON]
    return {row.account: row for row in alike.coverage}, {row.commitment: row for row in alike.commitments}


def test_what_an_account_uses_lends_and_borrows() -> None:
    """Three reserved m5.large (12 units): one xlarge of the owner takes 8, the other account's two larges 4 of 8."""
    used, bought = one_hour([item(SHOP, "xlarge", "8", "0.2"), item(DATA)], {0: "1", 1: "2"}, [reservation(count=3)])
    own, other, one = used[SHOP], used[DATA], bought[f"arn:ri-{SHOP}"]
    assert facts(own.hours, own.reserved_hours, own.borrowed_hours, own.on_demand_hours) == (1, 1, 0, 0)
    assert facts(own.units, own.covered_units, own.cost, own.covered_cost) == (8, 8, D("0.2"), D("0.2"))
    assert facts(other.hours, other.reserved_hours, other.borrowed_hours, other.on_demand_hours) == (2, 1, 1, 1)
    assert facts(other.units, other.covered_units, other.cost, other.covered_cost) == (8, 4, D("0.2"), D("0.1"))
    assert facts(one.unit, one.total, one.used, one.lent, one.unused) == ("Units", 12, 12, 4, 0)
    assert facts(one.cost, one.used_cost, one.unused_cost, one.on_demand_cost) == (D("0.18"), D("0.18"), 0, D("0.3"))


def test_what_nobody_uses_costs_all_the_same() -> None:
    _, bought = one_hour([item(SHOP)], {0: "1"}, [reservation(count=4)])
    one = bought[f"arn:ri-{SHOP}"]
    assert facts(one.total, one.used, one.unused) == (16, 4, 12)
    assert facts(one.cost, one.used_cost, one.unused_cost) == (D("0.24"), D("0.06"), D("0.18"))


def test_a_plan_is_measured_in_money() -> None:
    used, bought = one_hour([item(SHOP), item(DATA)], {0: "1", 1: "1"}, [plan("0.1125")])
    one = bought["arn:sp"]
    assert facts(one.unit, one.service, one.total, one.used, one.lent) == (
        "USD",
        "savingsplans",
        D("0.1125"),
        D("0.1125"),
        D("0.0375"),
    )
    assert facts(one.cost, one.on_demand_cost) == (D("0.1125"), D("0.15"))
    assert facts(used[SHOP].plan_hours, used[SHOP].borrowed_hours) == (1, 0)
    assert facts(used[DATA].plan_hours, used[DATA].borrowed_hours, used[DATA].on_demand_hours) == (D("0.5"),) * 3


def test_a_zonal_reservation_is_measured_in_instances() -> None:
    _, bought = one_hour([item(SHOP)], {0: "1"}, [reservation(count=2, zone="us-east-1a", units=None)])
    one = bought[f"arn:ri-{SHOP}"]
    assert facts(one.unit, one.total, one.used, one.unused) == ("Hrs", 2, 1, 1)


def test_what_has_no_price_is_counted_in_hours_and_in_no_money() -> None:
    dear = item(DATA, priced=False)
    used, bought = one_hour([item(SHOP), dear], {0: "1", 1: "1"}, [reservation(DATA)])
    other, one = used[DATA], bought[f"arn:ri-{DATA}"]
    assert facts(other.hours, other.reserved_hours, other.unpriced_hours) == (1, 1, 1)
    assert facts(other.cost, other.covered_cost, other.units) == (None, None, 4)
    assert facts(one.used, one.on_demand_cost) == (4, None)
    assert used[SHOP].unpriced_hours == 0


def test_a_rest_that_somebody_unknown_may_have_used_is_not_known() -> None:
    missing = frozenset({Target(DATA, "us-east-1", "ec2")})
    _, bought = one_hour([item(SHOP)], {0: "1"}, [reservation(count=2), plan("1")], missing)
    assert bought[f"arn:ri-{SHOP}"].unused is None
    assert bought["arn:sp"].unused is None
    assert bought["arn:sp"].unused_cost is None
    _, bought = one_hour([item(SHOP)], {0: "1"}, [reservation(count=1)], missing)
    assert bought[f"arn:ri-{SHOP}"].unused == 0


@pytest.mark.parametrize(
    ("target", "reserved", "planned"),
    [
        (Target(DATA, "us-east-1", "ec2"), True, True),
        (Target(DATA, "eu-west-1", "ec2"), False, True),
        (Target(DATA, "us-east-1", "lambda"), False, True),
        (Target(DATA, "us-east-1", "rds"), False, False),
    ],
)
def test_which_usage_a_commitment_may_cover(target: Target, reserved: bool, planned: bool) -> None:
    assert may_miss(reservation(), [target]) is reserved
    assert may_miss(plan("1"), [target]) is planned
    assert not may_miss(reservation(shared=False), [target])


def test_hours_that_are_alike_are_worked_out_once_and_terms_begin_and_end() -> None:
    short = replace(reservation(), start=NOON + HOUR, end=NOON + 3 * HOUR)
    hours = {NOON + number * HOUR: ((0, D(1)),) for number in range(4)}
    found = measure([item(SHOP)], hours, [short])
    assert [each.times for each in found] == [[NOON, NOON + 3 * HOUR], [NOON + HOUR, NOON + 2 * HOUR]]
    assert [len(each.commitments) for each in found] == [0, 1]


@given(
    st.lists(
        st.tuples(st.sampled_from([SHOP, DATA]), st.sampled_from(["large", "xlarge"]), st.integers(1, 5)), max_size=6
    ),
    st.integers(0, 6),
    st.integers(0, 20),
)
def test_nothing_is_lost(runs: list[tuple[str, str, int]], count: int, cents: int) -> None:
    units = {"large": "4", "xlarge": "8"}
    items = [item(account, size, units[size], str(D(units[size]) / 40)) for account, size, _ in runs]
    ran = tuple((number, D(quantity)) for number, (_, _, quantity) in enumerate(runs))
    bought = [reservation(count=count)] if count else []
    bought += [plan(str(D(cents) / 100))] if cents else []
    found: list[Alike] = measure(items, {NOON: ran}, bought)
    total = sum((D(quantity) for _, _, quantity in runs), D(0))
    used = coverage_by(found, [])
    assert sum((each.hours for each in used), D(0)) == total
    assert all(0 <= each.covered_hours <= each.hours for each in used)
    assert all(each.borrowed_hours <= each.covered_hours for each in used)
    for one in utilisation_by(found, [By.COMMITMENT]):
        assert one.used + one.unused == one.total
        assert 0 <= one.lent <= one.used
