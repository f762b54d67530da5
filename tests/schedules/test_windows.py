from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.windows import Window, occurrences_text, parse_weekly, read_occurrences

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MINUTE = timedelta(minutes=1)
LEAD = timedelta(minutes=10)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("tue:03:00-tue:03:30", "2026-11-24T02:49", None),
        ("tue:03:00-tue:03:30", "2026-11-24T02:50", ("2026-11-24T03:00", "2026-11-24T03:30")),
        ("tue:03:00-tue:03:30", "2026-11-24T03:29", ("2026-11-24T03:00", "2026-11-24T03:30")),
        ("tue:03:00-tue:03:30", "2026-11-24T03:30", None),
        ("sun:23:45-mon:00:15", "2026-11-23T00:10", ("2026-11-22T23:45", "2026-11-23T00:15")),
        ("sun:23:45-mon:00:15", "2026-11-29T23:40", ("2026-11-29T23:45", "2026-11-30T00:15")),
        ("mon:00:05-mon:00:35", "2026-11-22T23:55", ("2026-11-23T00:05", "2026-11-23T00:35")),
        ("Sat:22:00-SUN:02:00", "2026-11-29T00:00", ("2026-11-28T22:00", "2026-11-29T02:00")),
        ("wed:12:00-tue:12:00", "2026-11-24T11:00", ("2026-11-18T12:00", "2026-11-24T12:00")),
    ],
)
def test_weekly_windows(text: str, moment: str, expected: tuple[str, str] | None) -> None:
    found = parse_weekly(text).open_at(at(moment), LEAD)
    name = text.lower()
    assert found == ((Window(name, at(expected[0]), at(expected[1])),) if expected else ())


def test_an_instant_is_the_same_in_every_zone() -> None:
    moment = at("2026-11-24T03:10")
    there = moment.astimezone(timezone(timedelta(hours=-8)))
    weekly = parse_weekly("tue:03:00-tue:03:30")
    assert weekly.open_at(there, LEAD) == weekly.open_at(moment, LEAD) != ()


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "'' is not a weekly window"),
        ("none", 0, "'none' is not a weekly window"),
        ("tue:3:00-tue:03:30", 0, "'tue:3:00-tue:03:30' is not a weekly window"),
        ("tue:24:00-tue:03:30", 0, "'tue:24:00-tue:03:30' is not a weekly window"),
        ("tue:03:00-tue:03:60", 0, "'tue:03:00-tue:03:60' is not a weekly window"),
        ("tue:03:00-tue:03:30,", 0, "'tue:03:00-tue:03:30,' is not a weekly window"),
        ("die:03:00-tue:03:30", 0, "'die' is not a day of the week"),
        ("tue:03:00-mit:03:30", 10, "'mit' is not a day of the week"),
        ("tue:03:00-tue:03:00", 10, "'tue:03:00-tue:03:00' ends when it begins"),
    ],
)
def test_what_is_no_weekly_window(text: str, position: int, message: str) -> None:
    with pytest.raises(GrammarError) as caught:
        parse_weekly(text)
    assert (caught.value.position, caught.value.message) == (position, message)
    assert "ddd:hh:mm-ddd:hh:mm" in caught.value.hint


def minutes(begin: int, end: int, lead: int) -> list[int]:
    """The oracle: for each minute of the week how many minutes the window that is open then has begun; -1 for none."""
    found = [-1] * 10_080
    minute, lasted = begin, 0
    while minute != end:
        found[minute] = lasted
        minute, lasted = (minute + 1) % 10_080, lasted + 1
    for ahead in range(1, lead + 1):
        earlier = (begin - ahead) % 10_080
        if found[earlier] < 0:
            found[earlier] = -1 - ahead
    return found


def written(minute: int) -> str:
    return f"{DAYS[minute // 1440]}:{minute // 60 % 24:02}:{minute % 60:02}"


@given(st.integers(0, 10_079), st.integers(1, 10_079), st.integers(0, 180), st.integers(-3, 60))
def test_every_minute_of_a_week_against_an_oracle(begin: int, length: int, lead: int, week: int) -> None:
    end = (begin + length) % 10_080
    weekly = parse_weekly(f"{written(begin)}-{written(end)}")
    expected = minutes(begin, end, lead)
    start = MONDAY + timedelta(weeks=week)
    # Every minute around the edges, and some between.
    edges = {(edge + near) % 10_080 for edge in (0, begin, end, begin - lead) for near in range(-2, 3)}
    for minute in sorted(edges | set(range(0, 10_080, 97))):
        moment = start + minute * MINUTE
        found = weekly.open_at(moment, lead * MINUTE)
        lasted = expected[minute]
        if lasted == -1:
            assert found == (), minute
        else:
            begun = moment - (lasted if lasted >= 0 else lasted + 1) * MINUTE
            assert Window(weekly.name, begun, begun + length * MINUTE) in found, minute
            assert all(window.begin - lead * MINUTE <= moment < window.end for window in found)


def test_a_long_lead_sees_two() -> None:
    found = parse_weekly("mon:00:00-sun:23:00").open_at(at("2026-11-29T12:00"), timedelta(days=1))
    assert [window.begin for window in found] == [at("2026-11-23T00:00"), at("2026-11-30T00:00")]


# --- as it is remembered and said ---------------------------------------------------------------------------

PATCHES = Window("patch-tuesday", at("2026-11-24T02:00"), at("2026-11-24T05:00"))
OWN = Window("tue:03:00-tue:03:30", at("2026-11-24T03:00"), at("2026-11-24T03:30"))


def test_occurrences_are_remembered_as_text() -> None:
    text = occurrences_text([PATCHES, OWN])
    assert text == (
        "patch-tuesday 2026-11-24T02:00+00:00/2026-11-24T05:00+00:00; "
        "tue:03:00-tue:03:30 2026-11-24T03:00+00:00/2026-11-24T03:30+00:00"
    )
    assert read_occurrences(text) == (PATCHES, OWN)
    assert occurrences_text([]) == ""
    assert read_occurrences("") == ()


@pytest.mark.parametrize("text", ["x", "x y/z", "x 2026-11-24T02:00+00:00", "; ; "])
def test_what_is_damaged_is_left_out(text: str) -> None:
    assert read_occurrences(text) == ()
    assert read_occurrences(f"{text}; {PATCHES.occurrence}") == (PATCHES,)


def test_words_say_when() -> None:
    assert PATCHES.words() == (
        "maintenance window patch-tuesday lasts from 2026-11-24T02:00+00:00 to 2026-11-24T05:00+00:00"
    )
