"""Times of day, spans, weekly spans and dates as users write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.schedules.clock_times import (
    DAY,
    DateRange,
    WeeklySpan,
    parse_dates,
    parse_time,
    parse_times,
    parse_weekly,
    span_minutes,
)
from lamplighter.schedules.days import WEEKDAYS, GrammarError


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("0:00", 0), ("00:00", 0), ("8:05", 485), ("08:05", 485), ("23:59", 1439), ("24:00", 1440), (" 8:30 ", 510)],
)
def test_times(text: str, minutes: int) -> None:
    assert parse_time(text) == minutes


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("08:00-18:00", [(480, 1080)]),
        ("08:00 - 12:00 , 13:00-18:00", [(480, 720), (780, 1080)]),
        ("22:00-06:00", [(1320, DAY + 360)]),
        ("00:00-24:00", [(0, DAY)]),
        ("22:00-00:00", [(1320, DAY)]),
        ("22:00-24:00", [(1320, DAY)]),
        ("00:01-00:00", [(1, DAY)]),
    ],
)
def test_spans_of_a_day(text: str, spans: list[tuple[int, int]]) -> None:
    assert parse_times([text]) == spans


def test_spans_add_up_over_texts() -> None:
    assert parse_times(["08:00-12:00", "13:00-18:00,20:00-21:00"]) == [(480, 720), (780, 1080), (1200, 1260)]


def test_an_end_before_the_begin_lies_in_the_next_day() -> None:
    assert (span_minutes(60, 120), span_minutes(120, 60)) == ((60, 120), (120, DAY + 60))


HOUR = 60


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("fri 20:00 - mon 08:00", WeeklySpan(4, 20 * HOUR, 60 * HOUR)),
        ("Friday 20:00-MONDAY 8:00", WeeklySpan(4, 20 * HOUR, 60 * HOUR)),
        ("mon 08:00 - mon 09:00", WeeklySpan(0, 8 * HOUR, HOUR)),
        ("mon 09:00 - mon 08:00", WeeklySpan(0, 9 * HOUR, 167 * HOUR)),
        ("sun 24:00 - tue 00:00", WeeklySpan(6, 24 * HOUR, 24 * HOUR)),
        ("sat 00:00 - sun 24:00", WeeklySpan(5, 0, 48 * HOUR)),
        (" sun  23:59  -  mon  00:00 ", WeeklySpan(6, 1439, 1)),
    ],
)
def test_weekly_spans(text: str, span: WeeklySpan) -> None:
    assert parse_weekly(text) == span


def _range(first: str, last: str) -> DateRange:
    return DateRange(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal())


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("2026-12-24", [_range("2026-12-24", "2026-12-24")]),
        ("2026-12-24..2027-01-02", [_range("2026-12-24", "2027-01-02")]),
        (" 2026-12-24 .. 2027-01-02 ", [_range("2026-12-24", "2027-01-02")]),
        ("2027-06-01..", [_range("2027-06-01", "9999-12-31")]),
        ("..2026-06-30", [_range("0001-01-01", "2026-06-30")]),
        ("2028-02-29, 2028-03-01", [_range("2028-02-29", "2028-02-29"), _range("2028-03-01", "2028-03-01")]),
    ],
)
def test_dates(text: str, ranges: list[DateRange]) -> None:
    assert parse_dates([text]) == tuple(ranges)


READERS: dict[str, Callable[[str], object]] = {
    "time": parse_time,
    "begin": lambda text: parse_time(text, latest=DAY - 1),
    "times": lambda text: parse_times([text]),
    "weekly": parse_weekly,
    "dates": lambda text: parse_dates([text]),
}

# Reader | text | position | message | hint.
ERRORS = """
time   | 8                        | 0  | '8' is not a time             | write HH:MM
time   | 800                      | 0  | '800' is not a time           | write HH:MM
time   | 08:00:00                 | 0  | '08:00:00' is not a time      | write HH:MM
time   | 8:5                      | 0  | '8:5' is not a time           | write HH:MM
time   | ٠٨:٣٠                    | 0  | is not a time                 | write HH:MM
time   | -08:00                   | 0  | is not a time                 | write HH:MM
time   | 08:60                    | 0  | is not a time of the day      | use 00:00 to 24:00
time   | 24:01                    | 0  | is not a time of the day      | use 00:00 to 24:00
begin  | 24:00                    | 0  | is not a time of the day      | use 00:00 to 23:59
times  | 08:00                    | 0  | '08:00' is not a span         | write begin-end
times  | 08:00-12:00, 13:00       | 13 | '13:00' is not a span         | write begin-end
times  | 08:00-12:00,             | 12 | '' is not a span              | write begin-end
times  | 08:00-12:00, 13:00-13:00 | 13 | the same time                 | leave both out
times  | 08:00-08:00              | 0  | the same time                 | leave both out
times  | 08:00 - 25:00            | 8  | '25:00' is not a time of      | use 00:00 to 24:00
times  | 24:00-06:00              | 0  | '24:00' is not a time of      | use 00:00 to 23:59
times  | 08:00-12:00-13:00        | 6  | '12:00-13:00' is not a time   | write HH:MM
weekly | fri 20:00                | 0  | is not a weekly span          | fri 20:00 - mon 08:00
weekly | fri 20:00 - mon          | 12 | 'mon' is not a weekday and a  | for example fri 20:00
weekly | fry 20:00 - mon 08:00    | 0  | 'fry' is not a weekday        | write mon, tue
weekly | fri 20:00 - mom 08:00    | 12 | 'mom' is not a weekday        | write mon, tue
weekly | fri 20:00 - mon 8        | 16 | '8' is not a time             | write HH:MM
weekly | mon 20:00 - mon mon      | 16 | 'mon' is not a time           | write HH:MM
weekly | 4 20:00 - mon 08:00      | 0  | '4' is not a weekday          | write mon, tue
weekly | mon 08:00 - mon 08:00    | 0  | the same moment of the week   | shorter than a week
weekly | mon 00:00 - sun 24:00    | 0  | the same moment of the week   | shorter than a week
dates  | 2026-13-01               | 0  | '2026-13-01' is not a date    | write YYYY-MM-DD
dates  | 2026-02-29               | 0  | '2026-02-29' is not a date    | write YYYY-MM-DD
dates  | 24.12.2026               | 0  | is not a date                 | write YYYY-MM-DD
dates  | 2026-12-24, 2026-12-32   | 12 | '2026-12-32' is not a date    | write YYYY-MM-DD
dates  | 2026-12-24..2026-12-32   | 12 | '2026-12-32' is not a date    | write YYYY-MM-DD
dates  | 2026-12-24 .. 2026-12-23 | 0  | ends before it begins         | the earlier date comes first
dates  | ..                       | 0  | '' is not a date              | write YYYY-MM-DD
dates  | 2026-12-24,              | 11 | '' is not a date              | write YYYY-MM-DD
"""
BAD = [[cell.strip() for cell in line.split("|")] for line in ERRORS.strip().splitlines()]


@pytest.mark.parametrize(("reader", "text", "position", "message", "hint"), BAD, ids=[f"{r[0]} {r[1]}" for r in BAD])
def test_errors(reader: str, text: str, position: str, message: str, hint: str) -> None:
    with pytest.raises(GrammarError) as caught:
        READERS[reader](text)
    said = caught.value
    assert (said.position, message in said.message, hint in said.hint) == (int(position), True, True), vars(said)


@settings(derandomize=True, database=None, deadline=None, max_examples=400)
@given(st.sampled_from(sorted(READERS)), st.text("0123456789 :,-.monfrisuT٣", max_size=24))
def test_any_text_is_read_or_refused_at_a_place_in_it(reader: str, text: str) -> None:
    refused: GrammarError | None = None
    try:
        READERS[reader](text)
    except GrammarError as error:
        refused = error
    assert refused is None or (0 <= refused.position <= len(text) and refused.hint and refused.message)


@settings(derandomize=True, database=None, deadline=None, max_examples=100)
@given(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 7 * DAY - 1))
def test_weekly_spans_read_back(day: int, begin: int, length: int) -> None:
    days, at = divmod(day * DAY + begin + length, DAY)
    text = f"{WEEKDAYS[day]} {begin // 60}:{begin % 60:02} - {WEEKDAYS[days % 7][:3]} {at // 60:02}:{at % 60:02}"
    assert parse_weekly(text) == WeeklySpan(day, begin, length)
