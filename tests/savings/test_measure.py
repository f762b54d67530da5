from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.errors import StoreCorrupt
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.price import HOURS, Price, PriceKey, ec2_key
from lamplighter.savings.measure import Measured, measure
from lamplighter.store import journal
from lamplighter.store.journal import Entry

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = timedelta(days=7)
LARGE, XLARGE, YUAN = (
    ec2_key("eu-west-1", "m5.large"),
    ec2_key("eu-west-1", "m5.xlarge"),
    ec2_key("cn-north-1", "m5.large"),
)
BOOK = PriceBook.from_prices(
    {
        key: Price(Money(Decimal(amount), currency), HOURS, date(2026, 1, 1), "a test", estimated=key is XLARGE)
        for key, amount, currency in [(LARGE, "0.10", "USD"), (XLARGE, "0.20", "USD"), (YUAN, "0.70", "CNY")]
    }
)


def texts(*keys: PriceKey) -> tuple[tuple[str, ...], ...]:
    return tuple((k.service, k.region, k.resource_type, k.operating_system, k.engine, k.deployment) for k in keys)


def entry(
    hours: float,
    action: str,
    *,
    outcome: str = journal.DONE,
    state: str = "stopped",
    resource: str = "i-1",
    keys: Sequence[PriceKey] = (LARGE,),
    target: str = "111122223333/eu-west-1",
    run: str = "r",
) -> Entry:
    return Entry(
        target=target,
        at=MONDAY + timedelta(hours=hours),
        run=run,
        resource=f"ec2-instance/{resource}",
        name=resource,
        action=action,
        outcome=outcome,
        state=state,
        schedule="office",
        reason="why",
        prices=texts(*keys),
    )


def seen(hours: float, state: str, **more: object) -> Entry:
    return entry(hours, journal.SEEN, state=state, **more)  # type: ignore[arg-type]


def one(entries: Sequence[Entry], start: float = 0, end: float = 168) -> Measured:
    [found] = measure(entries, BOOK, MONDAY + timedelta(hours=start), MONDAY + timedelta(hours=end))
    return found


def hours(found: Measured) -> tuple[int, int]:
    """Lit and all hours, which must be whole here."""
    assert found.tally.lit_hours % 1 == found.tally.all_hours % 1 == 0
    return int(found.tally.lit_hours), int(found.tally.all_hours)


def test_two_days() -> None:
    entries = [seen(0, "stopped"), *(entry(h, a) for h, a in [(8, "start"), (18, "stop"), (32, "start"), (42, "stop")])]
    found = one(entries, end=48)
    assert hours(found) == (20, 48)
    assert (found.tally.starts, found.tally.stops) == (2, 2)
    assert found.tally.saved == {"USD": Money(Decimal("2.80"), "USD")}
    assert (found.target, found.resource, found.name, found.schedule) == (
        "111122223333/eu-west-1",
        "ec2-instance/i-1",
        "i-1",
        "office",
    )


def test_what_came_before_tells_how_the_span_begins() -> None:
    entries = [seen(-100, "stopped"), entry(-10, "start")]
    assert one(entries, 0, 24).tally.lit_hours == 24
    assert one([*entries, entry(-5, "stop")], 0, 24).tally.lit_hours == 0
    assert one(entries, 0, 24).tally.starts == 0


def test_a_resource_counts_from_its_first_sight_until_it_is_gone() -> None:
    found = one([seen(10, "running"), entry(20, journal.GONE, keys=())], 0, 48)
    assert hours(found) == (10, 10)
    back = one([seen(10, "running"), entry(20, journal.GONE, keys=()), seen(30, "stopped")], 0, 48)
    assert hours(back) == (10, 28)


def test_what_was_not_there_at_all_is_left_out() -> None:
    entries = [seen(-100, "running"), entry(-50, journal.GONE, keys=())]
    assert measure(entries, BOOK, MONDAY, MONDAY + WEEK) == []
    assert measure([seen(168, "running")], BOOK, MONDAY, MONDAY + WEEK) == []


@pytest.mark.parametrize("outcome", [journal.FAILED, journal.NOT_DONE])
def test_what_was_not_done_counts_for_nothing(outcome: str) -> None:
    entries = [seen(0, "stopped"), entry(8, "start", outcome=outcome)]
    assert one(entries).tally.lit_hours == 0
    assert one(entries).tally.starts == 0


def test_what_was_found_done_counts_from_when_it_was_done() -> None:
    assert one([seen(0, "stopped"), entry(8, "start", outcome=journal.FOUND)], end=24).tally.lit_hours == 16


@pytest.mark.parametrize(("state", "lit"), [("busy", 24), ("starting", 24), ("stopping", 0), ("stopped", 0)])
def test_what_is_in_between_at_first_sight(state: str, lit: int) -> None:
    assert one([seen(0, state)], end=24).tally.lit_hours == lit


def test_first_sight_goes_before_the_action_of_the_same_moment() -> None:
    entries = [entry(8, "start"), seen(8, "stopped")]
    assert one(entries, end=24).tally.lit_hours == 16
    assert one(entries[::-1], end=24).tally.lit_hours == 16


def test_an_action_at_the_seam_of_two_spans_is_counted_in_the_second_and_only_there() -> None:
    entries = [seen(-24, "stopped"), entry(0, "start"), entry(24, "stop")]
    before, day, after = one(entries, -24, 0), one(entries, 0, 24), one(entries, 24, 48)
    assert [(each.tally.starts, each.tally.stops) for each in (before, day, after)] == [(0, 0), (1, 0), (0, 1)]
    assert [each.tally.lit_hours for each in (before, day, after)] == [0, 24, 0]


def test_fractions_of_seconds_are_not_lost() -> None:
    step = timedelta(microseconds=333_333)
    acts = [replace(entry(0, ("start", "stop")[n % 2]), at=MONDAY + n * step, run=str(n)) for n in range(600)]
    [found] = measure([seen(0, "stopped"), *acts], BOOK, MONDAY, MONDAY + 600 * step)
    assert found.tally.lit_hours * 2 == found.tally.all_hours
    assert found.tally.all_hours == Decimal(600 * 333_333) / 3_600_000_000


def test_prices_are_the_latest_known() -> None:
    entries = [seen(0, "running"), entry(10, "stop", keys=(XLARGE,)), entry(20, journal.GONE, keys=())]
    found = one(entries)
    assert found.tally.lit_cost == {"USD": Money(Decimal("2.0"), "USD")}
    assert found.tally.estimated == 1


def test_unknown_prices_and_mixed_currencies() -> None:
    none = one([seen(0, "running", keys=())])
    assert hours(none) == (168, 168)
    assert (none.tally.unpriced, dict(none.tally.lit_cost)) == (1, {})
    strange = one([seen(0, "running", keys=(ec2_key("eu-west-1", "x99.large"),))])
    assert strange.tally.unpriced == 1
    mixed = one([seen(0, "running", keys=(LARGE, YUAN))], end=10)
    assert mixed.tally.lit_cost == {"USD": Money(Decimal(1), "USD"), "CNY": Money(Decimal(7), "CNY")}


def test_resources_and_targets_are_kept_apart() -> None:
    there = "444455556666/us-east-1"
    entries = [seen(0, "running"), seen(0, "stopped", resource="i-2"), seen(12, "running", target=there)]
    found = measure(entries, BOOK, MONDAY, MONDAY + timedelta(hours=24))
    assert [(each.target, each.name, hours(each)[0]) for each in found] == [
        ("111122223333/eu-west-1", "i-1", 24),
        ("111122223333/eu-west-1", "i-2", 0),
        (there, "i-1", 12),
    ]


@pytest.mark.parametrize("wrong", [(("ec2",),), (("ec2", "eu-west-1", "m5.large", "", "", "", "more"),)])
def test_prices_that_are_no_keys_are_a_damaged_journal(wrong: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(StoreCorrupt, match="ec2-instance/i-1"):
        one([replace(seen(0, "running"), prices=wrong)])


def test_a_span_must_be_one() -> None:
    with pytest.raises(ValueError, match="must come after"):
        measure([], BOOK, MONDAY, MONDAY)


steps = st.lists(
    st.tuples(st.integers(-500, 1200), st.sampled_from(["start", "stop", "seen-lit", "seen-out", "gone"])),
    min_size=1,
    max_size=12,
    unique_by=lambda step: step[0],
)


@given(steps, st.integers(0, 600), st.integers(1, 600))
@settings(max_examples=150, deadline=None)
def test_against_a_clock_that_steps_by_minutes(given: list[tuple[int, str]], first: int, length: int) -> None:
    def at(minutes: int, action: str) -> Entry:
        if action.startswith("seen"):
            return seen(minutes / 60, "running" if action == "seen-lit" else "stopped")
        return entry(minutes / 60, action, keys=() if action == "gone" else (LARGE,))

    entries = [replace(at(*step), at=MONDAY + timedelta(minutes=step[0])) for step in given]
    start, end = MONDAY + timedelta(minutes=first), MONDAY + timedelta(minutes=first + length)
    lit_minutes = all_minutes = 0
    for minute in range(first, first + length):
        before = [action for moment, action in sorted(given) if moment <= minute]
        if before:
            lit_minutes += before[-1] in ("start", "seen-lit")
            all_minutes += before[-1] != "gone"
    found = measure(entries, BOOK, start, end)
    if all_minutes == 0:
        assert found == []
        return
    [result] = found
    assert result.tally.lit_hours == Decimal(lit_minutes) / 60
    assert result.tally.all_hours == Decimal(all_minutes) / 60
    inside = [action for moment, action in given if first <= moment < first + length]
    assert (result.tally.starts, result.tally.stops) == (inside.count("start"), inside.count("stop"))
