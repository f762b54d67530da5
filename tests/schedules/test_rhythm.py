"""Rhythms as people say them, and what EventBridge Scheduler and cron are told; AWS's form is read back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.dialects.aws_cron import Rate, parse_expression
from lamplighter.schedules.dialects.cron import Cron
from lamplighter.schedules.dialects.cron_pairs import parse_cron
from lamplighter.schedules.rhythm import read_rhythm


@pytest.mark.parametrize(
    ("text", "expression", "crontab"),
    [
        ("every 5 minutes", "rate(5 minutes)", "*/5 * * * *"),
        ("every 10 minutes", "rate(10 minutes)", "*/10 * * * *"),
        ("every 15 minutes", "rate(15 minutes)", "*/15 * * * *"),
        ("hourly", "rate(1 hour)", "0 * * * *"),
        ("at 19:00", "cron(0 19 * * ? *)", "0 19 * * *"),
        ("every minute", "rate(1 minute)", "* * * * *"),
        ("every 1 minute", "rate(1 minute)", "* * * * *"),
        ("Every  60 Minutes", "rate(1 hour)", "0 * * * *"),
        ("every 2 hours", "rate(2 hours)", "0 */2 * * *"),
        ("every hour", "rate(1 hour)", "0 * * * *"),
        ("every day", "rate(1 day)", "0 0 * * *"),
        ("every 24 hours", "rate(1 day)", "0 0 * * *"),
        # What cron cannot say: it begins anew with every hour, day and month.
        ("every 7 minutes", "rate(7 minutes)", None),
        ("every 90 minutes", "rate(90 minutes)", None),
        ("every 5 hours", "rate(5 hours)", None),
        ("every 3 days", "rate(3 days)", None),
        ("daily at 7:05", "cron(5 7 * * ? *)", "5 7 * * *"),
        ("every day at 07:05", "cron(5 7 * * ? *)", "5 7 * * *"),
        ("at 08:30, 12:30 and 19:30", "cron(30 8,12,19 * * ? *)", "30 8,12,19 * * *"),
        ("mon-fri at 19:00", "cron(0 19 ? * MON-FRI *)", "0 19 * * MON-FRI"),
        ("weekdays at 19:00", "cron(0 19 ? * MON-FRI *)", "0 19 * * MON-FRI"),
        ("weekends at 00:00", "cron(0 0 ? * SAT,SUN *)", "0 0 * * SAT,SUN"),
        ("fri-mon at 6:00", "cron(0 6 ? * MON,FRI,SAT,SUN *)", "0 6 * * MON,FRI,SAT,SUN"),
        ("Monday, wed at 6:00", "cron(0 6 ? * MON,WED *)", "0 6 * * MON,WED"),
        ("mon-sun at 6:00", "cron(0 6 * * ? *)", "0 6 * * *"),
        # As EventBridge Scheduler writes them.
        ("rate(15 minutes)", "rate(15 minutes)", "*/15 * * * *"),
        (" cron(0 19 ? * MON-FRI *) ", "cron(0 19 ? * MON-FRI *)", None),
        ("0 19 ? * MON-FRI *", "cron(0 19 ? * MON-FRI *)", None),
        ("at(2026-12-24T12:00:00)", "at(2026-12-24T12:00:00)", None),
    ],
)
def test_what_is_said(text: str, expression: str, crontab: str | None) -> None:
    found = read_rhythm(text)
    assert (found.expression, found.crontab) == (expression, crontab)
    parse_expression(found.expression)
    if crontab:
        parse_cron(crontab)


@pytest.mark.parametrize(
    ("text", "position", "message", "hint"),
    [
        ("", 0, "is no rhythm", "every 5 minutes"),
        ("now and then", 0, "is no rhythm", "at 19:00"),
        ("daily", 0, "is no rhythm", "at 19:00"),
        ("every 0 minutes", 6, "'0' is not a whole number from 1", "every 5 minutes"),
        ("every 5 weeks", 0, "is no rhythm", "every 5 minutes"),
        ("at 25:00", 3, "not a time of the day", "00:00 to 23:59"),
        ("at 24:00", 3, "not a time of the day", "00:00 to 23:59"),
        ("at 7pm", 3, "'7pm' is not a time", "HH:MM"),
        ("at 08:00, 19:30", 0, "times with other minutes", "an event for each"),
        ("mon#1 at 08:00", 0, "only weekdays", "cron("),
        ("mond at 08:00", 0, "'mond'", "mon"),
        ("rate(5 minute)", 7, "'minute' is not a unit here", "5 minutes"),
        ("cron(0 19 * * *)", 5, "5 fields instead of 6", "minutes hours"),
    ],
)
def test_what_is_not_understood(text: str, position: int, message: str, hint: str) -> None:
    with pytest.raises(GrammarError) as refusal:
        read_rhythm(text)
    assert message in refusal.value.message
    assert hint in refusal.value.hint
    assert refusal.value.position == position


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@given(st.sets(st.integers(0, 6), min_size=1), st.sets(st.integers(0, 23), min_size=1), st.integers(0, 59))
def test_both_forms_mean_what_was_said(days: set[int], hours: set[int], minute: int) -> None:
    times = ", ".join(f"{hour}:{minute:02}" for hour in sorted(hours))
    found = read_rhythm(f"{','.join(DAYS[day] for day in sorted(days))} at {times}")
    aws = parse_expression(found.expression)
    assert isinstance(aws, Cron)
    assert found.crontab is not None
    unix, zone = parse_cron(found.crontab), ZoneInfo("UTC")
    at = datetime(2026, 11, 23, tzinfo=UTC) - timedelta(minutes=1)
    for _ in range(len(days) * len(hours)):
        wanted = at + timedelta(minutes=1)
        while wanted.weekday() not in days or wanted.hour not in hours or wanted.minute != minute:
            wanted += timedelta(minutes=1 if wanted.minute != minute else 60)
        assert aws.next(at, zone) == unix.next(at, zone) == wanted
        at = wanted


@given(st.integers(1, 5000), st.sampled_from(["minute", "hour", "day"]))
def test_a_rate_is_as_long_as_said(number: int, unit: str) -> None:
    found = parse_expression(read_rhythm(f"every {number} {unit}s").expression)
    assert isinstance(found, Rate)
    assert found.every == timedelta(**{f"{unit}s": number})
