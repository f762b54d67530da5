"""The day grammar: which days match, and what is said of texts that it does not know."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.schedules.days import EVERY_DAY, DayRule, GrammarError, parse_days

# What is meant | weekdays | monthdays | months | year | the days that match, month by month.
GOLDEN = """
first Monday of a quarter       | mon#1     |         | jan/3   | 2026 | 01-05 04-06 07-06 10-05
last Friday of a month          | friL      |         |         | 2026 | 01-30 02-27 03-27 04-24 05-29 06-26 07-31 \
08-28 09-25 10-30 11-27 12-25
last Thursday, by number        | 3L        |         | nov-feb | 2026 | 01-29 02-26 11-26 12-31
fifth Fridays                   | fri#5     |         |         | 2026 | 01-30 05-29 07-31 10-30
first Sunday, written 6#01      | 6#01      |         | may     | 2026 | 05-03
Sunday, written L               | L         | 1-10    | may     | 2026 | 05-03 05-10
last day of a month             |           | L       | jan-apr | 2026 | 01-31 02-28 03-31 04-30
last day of a leap February     |           | L       | feb     | 2028 | 02-29
working day nearest the 15th    |           | 15W     |         | 2026 | 01-15 02-16 03-16 04-15 05-15 06-15 07-15 \
08-14 09-15 10-15 11-16 12-15
the 1st is a Saturday: the 3rd  |           | 1W      | aug     | 2026 | 08-03
the 2nd is a Saturday: the 1st  |           | 2W      | may     | 2026 | 05-01
the 1st is a Sunday: the 2nd    |           | 1W      | nov     | 2026 | 11-02
the 31st is a Sunday: the 29th  |           | 31W     | may     | 2026 | 05-29
the 31st is a Saturday: the 30th|           | 31W     | jan     | 2026 | 01-30
the 30th is a Sunday: the 31st  |           | 30W     | aug     | 2026 | 08-31
a short month has no 31st       |           | 31W     | apr,jun,sep,nov | 2026 |
February has no 29th            |           | 29W     | feb     | 2026 |
February has no 30th, no 31st   |           | 30W,31W | feb     | 2026 |
nor beside another token        |           | 29W, 3  | feb     | 2026 | 02-03
a leap February has a 29th      |           | 29W     | feb     | 2028 | 02-29
from the 30th to the end        |           | 30-L    | jan-apr | 2026 | 01-30 01-31 03-30 03-31 04-30
every tenth day, from the 1st   |           | 1-31/10 | jan,feb | 2026 | 01-01 01-11 01-21 01-31 02-01 02-11 02-21
every fifteenth                 |           | 1/15    | jan,feb | 2026 | 01-01 01-16 01-31 02-01 02-16
every second up to the end      |           | 25-L/2  | feb     | 2026 | 02-25 02-27
a step past the end             |           | 20/40   | feb     | 2026 | 02-20
blanks after the slash          |           | 1/ 12   | feb     | 2026 | 02-01 02-13 02-25
winter round the new year       |           | 1       | nov-feb | 2026 | 01-01 02-01 11-01 12-01
every third month               |           | 1       | jan/3   | 2026 | 01-01 04-01 07-01 10-01
every second, round the new year|           | 1       | nov-mar/2 | 2026 | 01-01 03-01 11-01
Saturday to Monday              | sat-mon   | 1-7     | may     | 2026 | 05-02 05-03 05-04
every second of those           | sat-mon/2 | 1-7     | may     | 2026 | 05-02 05-04
every second from Monday        | mon/2     | 1-7     | may     | 2026 | 05-01 05-03 05-04 05-06
both fields must match          | fri       | 13      |         | 2026 | 02-13 03-13 11-13
any token may match             | mon, FRI  | 1-8     | May     | 2026 | 05-01 05-04 05-08
numbers count from Monday       | 0-4       | 1-5     | 5       | 2026 | 05-01 05-04 05-05
every day                       | *         | ?       | feb     | 2026 | \
02-01 02-02 02-03 02-04 02-05 02-06 02-07 02-08 02-09 02-10 02-11 02-12 02-13 02-14 \
02-15 02-16 02-17 02-18 02-19 02-20 02-21 02-22 02-23 02-24 02-25 02-26 02-27 02-28
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in GOLDEN.strip().splitlines()]


@pytest.mark.parametrize(
    ("weekdays", "monthdays", "months", "year", "days"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS]
)
def test_golden(weekdays: str, monthdays: str, months: str, year: str, days: str) -> None:
    rule = parse_days(*((text,) if text else () for text in (weekdays, monthdays, months)))
    first = date(int(year), 1, 1)
    every = (first + timedelta(days=n) for n in range(366))
    assert [f"{d:%m-%d}" for d in every if d.year == first.year and rule.matches(d)] == days.split()


def test_missing_fields_match_every_day() -> None:
    assert parse_days() == EVERY_DAY == DayRule()
    assert all(EVERY_DAY.matches(date(2028, 1, 1) + timedelta(days=n)) for n in range(366))


def test_several_texts_are_one_list() -> None:
    assert parse_days(["mon", "wed-fri/2"]) == parse_days(["mon,wed,fri"])


@pytest.mark.parametrize("text", ["Mon - Fri", " mon-fri ", "monday-FRIDAY", "0 -4", "MON,tue, wed ,Thursday,4"])
def test_case_and_blanks_do_not_matter(text: str) -> None:
    assert parse_days([text]) == parse_days(["0-4"])


# Field | text | position | message | hint.
ERRORS = """
weekdays  | 7             | 0  | '7' is not a value for weekdays            | weekdays count from 0 (Monday)
weekdays  | mon,7         | 4  | '7' is not a value for weekdays            | weekdays count from 0 (Monday)
weekdays  | mon, tue,thurs| 9  | 'thurs' is not a value for weekdays        | write thu or thursday
weekdays  | fridya        | 0  | 'fridya' is not a value                    | write fri or friday
weekdays  | mnoday        | 0  | 'mnoday' is not a value                    | did you mean monday?
weekdays  | mon-          | 4  | '' is not a value                          | weekdays count from 0
weekdays  | -fri          | 0  | '' is not a value                          | weekdays count from 0
weekdays  | mon-x         | 4  | 'x' is not a value                         | weekdays count from 0
weekdays  | tue, mon - x  | 11 | 'x' is not a value                         | weekdays count from 0
weekdays  | mon-L         | 4  | 'l' is not a value                         | ends a range of days of the month only
weekdays  | fri#6         | 0  | a month has no 6                           | use #1 to #5
weekdays  | fri#0         | 0  | a month has no 0                           | use #1 to #5
weekdays  | fri#          | 0  | a month has no such                        | use #1 to #5
weekdays  | x#1           | 0  | 'x' is not a value                         | weekdays count from 0
weekdays  | fri L         | 0  | 'fri ' is not a value                      | write fri or friday
weekdays  | mon /2        | 0  | 'mon ' is not a value                      | write mon or monday
weekdays  | 8L            | 0  | '8' is not a value                         | weekdays count from 0
weekdays  | mon/0         | 4  | the step must be a whole number from 1     | for example mon-fri/2
weekdays  | mon-fri/x     | 8  | the step must be a whole number from 1     | for example mon-fri/2
weekdays  | mon/          | 4  | the step must be a whole number from 1     | for example mon-fri/2
weekdays  | mon/٣         | 4  | the step must be a whole number from 1     | for example mon-fri/2
weekdays  | */2           | 0  | a step needs a first value                 | write mon/2
weekdays  | mon,,tue      | 4  | there is nothing between two commas        | remove the extra comma
weekdays  | mon,          | 4  | there is nothing between two commas        | remove the extra comma
weekdays  | !sat          | 0  | '!sat' is not a value                      | weekdays count from 0
weekdays  | 15W           | 0  | '15w' is not a value                       | weekdays count from 0
monthdays | 0             | 0  | '0' is not a value for monthdays           | days of the month count from 1 to 31
monthdays | 32            | 0  | '32' is not a value                        | days of the month count from 1 to 31
monthdays | 28-3          | 0  | days of the month do not wrap around       | write 28-L,1-3
monthdays | 1, 28-3       | 3  | days of the month do not wrap around       | write 28-L,1-3
monthdays | L-3           | 0  | counting back from the last day            | list the days
monthdays | L-L           | 0  | 'l' is not a value                         | days of the month count from 1
monthdays | L/2           | 0  | 'l' is not a value                         | days of the month count from 1
monthdays | 32W           | 0  | '32' is not a value                        | days of the month count from 1
monthdays | W             | 0  | '' is not a value                          | days of the month count from 1
monthdays | LW            | 0  | 'l' is not a value                         | days of the month count from 1
monthdays | 15 W          | 0  | '15 ' is not a value                       | days of the month count from 1
monthdays | mon           | 0  | 'mon' is not a value                       | days of the month count from 1
monthdays | 1-31/0        | 5  | the step must be a whole number from 1     | 1/15
monthdays | ?/2           | 0  | a step needs a first value                 | write 1/2
monthdays | 2026-12-24    | 0  | '2026' is not a value                      | days of the month count from 1
months    | 0             | 0  | '0' is not a value for months              | months count from 1 to 12
months    | 13            | 0  | '13' is not a value                        | months count from 1 to 12
months    | sept          | 0  | 'sept' is not a value                      | write sep or september
months    | L             | 0  | 'L' has no meaning for months              | write dec
months    | jan-L         | 4  | 'l' is not a value                         | ends a range of days of the month only
months    | jan#1         | 0  | 'jan#1' is not a value                     | write jan or january
"""
BAD = [[cell.strip() for cell in line.split("|")] for line in ERRORS.strip().splitlines()]


@pytest.mark.parametrize(("field", "text", "position", "message", "hint"), BAD, ids=[f"{r[0]} {r[1]}" for r in BAD])
def test_errors(field: str, text: str, position: str, message: str, hint: str) -> None:
    with pytest.raises(GrammarError) as caught:
        parse_days(**{field: [text]})
    assert (caught.value.position, message in caught.value.message, hint in caught.value.hint) == (
        int(position),
        True,
        True,
    ), (caught.value.message, caught.value.hint)


@pytest.mark.parametrize("text", ["", " ", "9" * 5000, "1/" + "9" * 5000, "fri#" + "9" * 5000])
def test_texts_that_no_table_shows(text: str) -> None:
    with pytest.raises(GrammarError) as caught:
        parse_days([text])
    assert 0 <= caught.value.position <= len(text)


ALPHABET = "0123456789 ,-/#*?LWlwmonfrijuXé!"


@settings(derandomize=True, database=None, deadline=None, max_examples=600)
@given(st.sampled_from(["weekdays", "monthdays", "months"]), st.text(ALPHABET, max_size=12))
def test_any_text_is_read_or_refused_at_a_place_in_it(field: str, text: str) -> None:
    refused: GrammarError | None = None
    try:
        rule = parse_days(**{field: [text]})
    except GrammarError as error:
        refused = error
    if refused is None:
        assert isinstance(rule.matches(date(2026, 5, 4)), bool)
    else:
        assert 0 <= refused.position <= len(text)
        assert refused.hint
        assert refused.message
