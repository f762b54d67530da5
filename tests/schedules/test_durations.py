"""Lengths of time: the grammar, the field of definitions, and what is shown."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.definitions import Model
from lamplighter.schedules.durations import Duration, duration_text, parse_duration


class Example(Model):
    """A definition with a length in it."""

    wait: Duration


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("90m", 90), ("2h", 120), ("1d12h", 2160), ("1w", 10080), ("1h30m", 90), ("1 H 30 M", 90), ("0d5m", 5)],
)
def test_lengths(text: str, minutes: int) -> None:
    assert parse_duration(text) == Example.model_validate({"wait": text}).wait == timedelta(minutes=minutes)
    assert re.search(Example.model_json_schema()["properties"]["wait"]["pattern"], text)


@pytest.mark.parametrize("text", ["", "0m", "2", "h", "-2h", "2h2h", "2x", "1.5h", "99999999999999w", "30m1h", "15s"])
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(GrammarError, match="is not a length of time"):
        parse_duration(text)
    with pytest.raises(ValidationError, match="is not a length of time; write 90m"):
        Example.model_validate({"wait": text})


@pytest.mark.parametrize("value", [15, 0, True, None, 1.5, ["4h"], {"hours": 4}])
def test_a_number_without_a_unit_and_other_things_are_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="is not a length of time"):
        Example.model_validate({"wait": value})


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(minutes=15), "15m"),
        (timedelta(hours=1, minutes=30), "1h30m"),
        (timedelta(days=8), "8d"),
        (timedelta(hours=2, seconds=59), "2h"),
        (timedelta(seconds=59.9), "59s"),
        (timedelta(0), "0m"),
        (timedelta(minutes=-90), "0m"),
    ],
)
def test_lengths_are_shown_in_the_grammar_that_is_read(length: timedelta, expected: str) -> None:
    assert duration_text(length) == expected


@given(st.integers(1, 3659 * 1440))
def test_what_is_shown_is_read_as_the_same(minutes: int) -> None:
    length = timedelta(minutes=minutes)
    assert parse_duration(duration_text(length)) == length
    shown = Example(wait=length).model_dump()
    assert shown == {"wait": duration_text(length)}
    assert Example.model_validate(shown).wait == length
