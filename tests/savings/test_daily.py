from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from tests.savings.test_measure import BOOK, YUAN, entry, seen

from lamplighter.pricing.money import Money
from lamplighter.pricing.price import ec2_key
from lamplighter.savings.daily import Whose, daily, days_before

ODD = ec2_key("eu-west-1", "odd.large")
SUNDAY, MONDAY, TUESDAY = (date(2026, 11, day) for day in (22, 23, 24))


def test_each_day_is_measured_by_account_and_team() -> None:
    other = "444455556666/us-east-1"
    entries = [
        replace(seen(-30, "running"), team="web"),
        replace(entry(20, "stop"), team="web"),
        replace(entry(32, "start"), team="web"),
        seen(-5, "stopped", resource="i-2", target=other, keys=(YUAN,)),
        replace(seen(0, "stopped", resource="i-3", keys=(ODD,)), team=""),
    ]
    sunday, monday, tuesday = daily(entries, BOOK, [SUNDAY, MONDAY, TUESDAY])
    assert {whose: int(each.all_hours - each.lit_hours) for whose, each in sunday.groups.items()} == {
        Whose("111122223333", "web"): 0,
        Whose("444455556666", None): 5,
    }
    assert [
        (whose, int(each.all_hours - each.lit_hours), dict(each.saved)) for whose, each in monday.groups.items()
    ] == [
        (Whose("111122223333", ""), 24, {}),
        (Whose("111122223333", "web"), 4, {"USD": Money(Decimal("0.4"), "USD")}),
        (Whose("444455556666", None), 24, {"CNY": Money(Decimal("16.8"), "CNY")}),
    ]
    assert monday.total.unpriced == 1
    assert monday.total.saved == {"USD": Money(Decimal("0.4"), "USD"), "CNY": Money(Decimal("16.8"), "CNY")}
    assert tuesday.groups[Whose("111122223333", "web")].lit_hours == 16
    assert monday.last == datetime(2026, 11, 23, 23, 59, tzinfo=UTC)


def test_days_end_at_midnight_utc() -> None:
    just_after = datetime(2026, 11, 25, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert days_before(just_after, 2) == [SUNDAY, MONDAY]
    assert days_before(datetime(2026, 11, 25, 0, 0, tzinfo=UTC), 2) == [MONDAY, TUESDAY]


def test_nothing_known_is_no_saving() -> None:
    (day,) = daily([], BOOK, [MONDAY])
    assert not day.groups
    assert not day.total.saved
    assert day.total.all_hours == 0
