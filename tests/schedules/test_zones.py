"""Zones: looking them up, and the instants at which a clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.zones import epoch, find_zone, instant, offsets

# Zone | year | the changes of its clock: UTC instant and minutes east of Greenwich from then on.
CHANGES = """
UTC                 | 2026 |
Asia/Kathmandu      | 2026 |
Europe/Berlin       | 2026 | 03-29T01:00 +120, 10-25T01:00 +60
Europe/London       | 2026 | 03-29T01:00 +60, 10-25T01:00 +0
America/New_York    | 2026 | 03-08T07:00 -240, 11-01T06:00 -300
Australia/Lord_Howe | 2026 | 04-04T15:00 +630, 10-03T15:30 +660
Africa/Casablanca   | 2026 | 02-15T02:00 +0, 03-22T02:00 +60
Pacific/Apia        | 2011 | 04-02T14:00 -660, 09-24T14:00 -600, 12-30T10:00 +840
America/Sao_Paulo   | 2018 | 02-18T02:00 -180, 11-04T03:00 -120
Asia/Gaza           | 2015 | 03-27T22:00 +180, 10-22T22:00 +120
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in CHANGES.strip().splitlines()]


@pytest.mark.parametrize(("name", "year", "changes"), ROWS, ids=[r[0] for r in ROWS])
def test_changes_of_a_clock(name: str, year: str, changes: str) -> None:
    start, end = (datetime(int(year) + n, 1, 1, tzinfo=UTC) for n in (0, 1))
    stretches = list(offsets(find_zone(name), epoch(start), epoch(end)))
    said = [f"{instant(begin):%m-%dT%H:%M} {offset // 60:+}" for begin, _, offset in stretches[1:]]
    assert ", ".join(said) == changes


NAMES = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "America/Havana"]


@settings(derandomize=True, database=None, deadline=None, max_examples=150)
@given(
    st.sampled_from(NAMES),
    st.integers(epoch(datetime(1995, 1, 1, tzinfo=UTC)), epoch(datetime(2040, 1, 1, tzinfo=UTC))),
    st.integers(1, 900 * 86_400),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=5, max_size=5),
)
def test_stretches_cover_what_is_asked_for(name: str, first: int, length: int, parts: list[float]) -> None:
    zone = find_zone(name)
    stretches = list(offsets(zone, first, first + length))
    assert (stretches[0][0], stretches[-1][1]) == (first, first + length)
    assert all(a[1] == b[0] and a[0] < a[1] for a, b in pairwise(stretches))
    for part in parts:
        at = first + int(length * part)
        (offset,) = (offset for begin, end, offset in stretches if begin <= at < end)
        assert timedelta(seconds=offset) == instant(at).astimezone(zone).utcoffset()


@pytest.mark.slow
def test_every_zone_agrees_with_the_database_hour_by_hour() -> None:
    hours = [epoch(datetime(2026, 1, 1, tzinfo=UTC)) + 3600 * n for n in range(365 * 24)]
    for name in sorted(available_timezones()):
        zone = find_zone(name)
        for begin, end, offset in offsets(zone, hours[0], hours[-1] + 1):
            want = timedelta(seconds=offset)
            inside = [h for h in hours if begin <= h < end]
            assert all(datetime.fromtimestamp(h, zone).utcoffset() == want for h in inside), name


def test_seconds_of_an_instant() -> None:
    assert epoch(datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == 0
    assert epoch(datetime(2026, 5, 4, 12, 0, 1, 999_999, tzinfo=UTC)) == 1_777_896_001
    assert epoch(datetime(1969, 12, 31, 23, 59, 58, 500_000, tzinfo=UTC)) == -2
    assert instant(1_777_896_001) == datetime(2026, 5, 4, 12, 0, 1, tzinfo=UTC)


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        epoch(datetime(2026, 5, 4))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Berlni", "did you mean Europe/Berlin?"),
        ("europe/berlin", "did you mean Europe/Berlin?"),
        ("Berlin", "did you mean Europe/Berlin?"),
        ("", "use an IANA name"),
        ("../etc/passwd", "use an IANA name"),
        ("Mars/Olympus", "use an IANA name"),
    ],
)
def test_unknown_zones(name: str, hint: str) -> None:
    with pytest.raises(GrammarError) as caught:
        find_zone(name)
    assert hint in caught.value.hint
    assert caught.value.position == 0
    assert caught.value.message == f"{name!r} is not a time zone"
