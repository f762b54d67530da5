"""Times, lengths and days as people type them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.cli import values
from lamplighter.errors import UsageError

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        (" Now ", NOW),
        ("2026-11-23", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("2026-11-23 08:30", datetime(2026, 11, 23, 7, 30, tzinfo=UTC)),
        ("2026-11-23T08:30", datetime(2026, 11, 23, 7, 30, tzinfo=UTC)),
        ("2026-11-23T08:30:15Z", datetime(2026, 11, 23, 8, 30, 15, tzinfo=UTC)),
        ("2026-11-23T08:30+05:30", datetime(2026, 11, 23, 3, tzinfo=UTC)),
        ("2026-10-25 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_moment(text: str, expected: datetime) -> None:
    assert values.moment(text, now=NOW, zone=BERLIN) == expected


@pytest.mark.parametrize("text", ["", "noon", "2026-02-30", "23.11.2026", "2026-11-23 25:00", "1700000000"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        values.moment(text, now=NOW, zone=BERLIN)


def test_a_time_that_the_clock_skips_is_refused() -> None:
    with pytest.raises(UsageError, match="2027-03-28 02:30 does not exist in Europe/Berlin"):
        values.moment("2027-03-28 02:30", now=NOW, zone=BERLIN)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("90m", 90), ("2h", 120), ("1d12h", 2160), ("1w", 10080), ("1h30m", 90), ("1 H 30 M", 90), ("0d5m", 5)],
)
def test_length(text: str, minutes: int) -> None:
    assert values.length(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "0m", "2", "h", "-2h", "2h2h", "2x", "1.5h", "99999999999999w", "30m1h"])
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(UsageError, match="is not a length of time"):
        values.length(text)


def test_day() -> None:
    assert values.day("2026-11-23") == values.day("20261123") == date(2026, 11, 23)
    with pytest.raises(UsageError, match="is not a day"):
        values.day("tomorrow")


def test_span() -> None:
    given = {"now": NOW, "zone": BERLIN, "start": NOW, "stop": timedelta(days=28)}
    assert values.span(None, None, **given) == (NOW, NOW + timedelta(days=28))  # type: ignore[arg-type]
    first, last = values.span("2026-12-01", "2027-01-01", **given)  # type: ignore[arg-type]
    assert last - first == timedelta(days=31)
    first, last = values.span("2027-03-21", None, **given)  # type: ignore[arg-type]
    assert values.shown(last, BERLIN) == "2027-04-18 00:00 Europe/Berlin"
    assert last - first == timedelta(days=28) - timedelta(hours=1)
    assert values.span("2026-11-20", None, now=NOW, zone=BERLIN, start=NOW, stop=NOW)[1] == NOW
    with pytest.raises(UsageError, match="before it begins"):
        values.span("2026-12-01", "2026-12-01", **given)  # type: ignore[arg-type]


def test_times_are_shown_with_their_zone_and_the_second_coming_is_marked() -> None:
    assert values.shown(NOW, BERLIN) == "2026-11-21 13:00 Europe/Berlin"
    assert values.shown(NOW, ZoneInfo("UTC")) == "2026-11-21 12:00 UTC"
    assert values.clock(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), BERLIN) == "2026-10-25 02:30"
    assert values.clock(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), BERLIN) == "2026-10-25 02:30 (2nd)"


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)).map(lambda one: one.replace(second=0, microsecond=0)),  # noqa: DTZ001
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_what_is_shown_can_be_typed(local: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    instant = local.replace(tzinfo=UTC)
    text = values.clock(instant, zone)
    if "(2nd)" not in text:
        assert values.moment(text, now=NOW, zone=zone) == instant


def test_key_and_value() -> None:
    assert values.key_and_value("Team=web=1") == ("Team", "web=1")
    assert values.key_and_value("Team=") == ("Team", "")
    for text in ("Team", "=web", ""):
        with pytest.raises(UsageError, match="is not a tag"):
            values.key_and_value(text)


def test_listed() -> None:
    assert values.listed(["a,b@m5.large", " c "]) == ("a", "b@m5.large", "c")
    assert values.listed(None) == values.listed(["", ","]) == ()
