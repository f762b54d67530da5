from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.schedules.test_calendars import change_calendar

from lamplighter.errors import Problem
from lamplighter.schedules.loading import load_schedules
from lamplighter.schedules.source import parse_yaml
from lamplighter.schedules.timeline import State
from lamplighter.schedules.traps import daylight_saving, warnings

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def warned(text: str, now: datetime = NOW) -> list[Problem]:
    loaded = load_schedules(parse_yaml(text), lambda name: name)
    assert loaded.problems == []
    return warnings(loaded, now)


def said(text: str, now: datetime = NOW) -> list[tuple[str, str]]:
    return [(problem.where, problem.message) for problem in warned(text, now)]


QUIET = {
    "office hours": "periods: {a: {begintime: 08:00, endtime: 18:00}}\nschedules: {s: {periods: a}}\n",
    "overnight": "periods: {a: {begintime: 22:00, endtime: 06:00}}\nschedules: {s: {periods: a}}\n",
    "until midnight": "periods: {a: {begintime: 08:00, endtime: 24:00}}\nschedules: {s: {periods: a}}\n",
    "only a begin, every day": "periods: {a: {begintime: 08:00}}\nschedules: {s: {periods: a}}\n",
    "only an end": "periods: {a: {endtime: 18:00}}\nschedules: {s: {periods: a}}\n",
    "two minutes apart": (
        "periods: {a: {begintime: 08:00, endtime: 12:00}, b: {begintime: 12:02, endtime: 18:00}}\n"
        "schedules: {s: {periods: [a, b]}}\n"
    ),
    "a minute that otherwise is lit": (
        "periods: {a: {begintime: 08:00, endtime: 12:00}, b: {begintime: 12:01, endtime: 18:00}}\n"
        "schedules: {s: {periods: [a, b], otherwise: running}}\n"
    ),
    "touching": (
        "periods: {a: {begintime: 08:00, endtime: 12:00}, b: {begintime: 12:00, endtime: 18:00}}\n"
        "schedules: {s: {periods: [a, b]}}\n"
    ),
    "fixed": "schedules: {s: {override_status: running, timezone: Europe/Berlin}}\n",
    "a zone without changes": (
        "periods: {a: {begintime: 02:15, endtime: 02:45}}\nschedules: {s: {periods: a, timezone: Asia/Tokyo}}\n"
    ),
    "hours far from the change": (
        "periods: {a: {begintime: 08:00, endtime: 18:00}}\nschedules: {s: {periods: a, timezone: Europe/Berlin}}\n"
    ),
}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("ssm_maintenance_window: patch-tuesday_1.0", None),
        ("ssm_maintenance_window: ab", "no maintenance window can be called 'ab'"),
        ("ssm_maintenance_window: [abc, 'every tuesday']", "no maintenance window can be called 'every tuesday'"),
        ("use_maintenance_window: false", None),
        (
            "ssm_maintenance_window: abc, use_maintenance_window: false",
            "the maintenance windows are not used: use_maintenance_window is off",
        ),
        (
            "ssm_maintenance_window: abc, stop_only: true",
            "the maintenance windows are not used: stop_only never starts",
        ),
    ],
)
def test_maintenance_windows(fields: str, message: str | None) -> None:
    text = f"periods: {{a: {{begintime: 08:00, endtime: 18:00}}}}\nschedules: {{s: {{periods: a, {fields}}}}}\n"
    assert said(text) == ([("schedules.s.ssm_maintenance_window", message)] if message else [])


@pytest.mark.parametrize("name", QUIET)
def test_nothing_is_said_without_need(name: str) -> None:
    assert said(QUIET[name]) == []


def test_one_sided_periods_do_not_combine() -> None:
    text = "periods: {up: {begintime: 08:00}, down: {endtime: 02:00}}\nschedules: {s: {periods: [up, down]}}\n"
    assert said(text) == [
        ("schedules.s", "period up has only a begin, down only an end; they do not combine, so nothing stops"),
    ]
    [problem] = warned(text)
    assert problem.hint == "write one period from 08:00 to 02:00"
    loaded = load_schedules(parse_yaml(text), lambda name: name)
    timeline = loaded.schedules["s"].timeline(NOW, NOW + timedelta(days=2))
    assert timeline.seconds(State.STOPPED) == 0


def test_a_begin_with_weekdays_is_put_out_at_midnight_of_the_next_other_day() -> None:
    text = "periods: {up: {begintime: 08:00, weekdays: mon-thu}}\nschedules: {s: {periods: up}}\n"
    assert [where for where, _ in said(text)] == ["schedules.s"]
    assert "put out at 00:00" in warned(text)[0].message
    loaded = load_schedules(parse_yaml(text), lambda name: name)
    transitions = loaded.schedules["s"].transitions(NOW, NOW + timedelta(days=7))
    assert [str(t.at) for t in transitions if t.now.state is State.STOPPED] == ["2026-11-27 00:00:00+00:00"]


def test_an_end_after_a_period_leaves_the_time_between_open() -> None:
    text = (
        "periods: {day: {begintime: 08:00, endtime: 18:00}, down: {endtime: 20:00}}\n"
        "schedules: {s: {periods: [day, down]}}\n"
    )
    assert said(text) == [("schedules.s", "after day ends, period down leaves the state open until 20:00")]
    loaded = load_schedules(parse_yaml(text), lambda name: name)
    assert loaded.schedules["s"].state_at(NOW + timedelta(hours=19)).state is State.ANY


@pytest.mark.parametrize("text", ["00:00", "0:00"])
def test_an_end_at_midnight_alone(text: str) -> None:
    found = said(f"periods: {{a: {{endtime: {text}}}}}\nschedules: {{s: {{periods: a}}}}\n")
    assert found == [("periods.a.endtime", "endtime 00:00 alone puts out for the whole day")]


def test_the_last_minute_of_the_day() -> None:
    found = warned("periods: {a: {begintime: 08:00, endtime: 23:59}}\nschedules: {s: {periods: a}}\n")
    assert [(problem.where, problem.hint) for problem in found] == [("periods.a.endtime", "write 24:00")]


@pytest.mark.parametrize(
    "text",
    [
        (
            "periods: {a: {begintime: 08:00, endtime: 12:00}, b: {begintime: 12:01, endtime: 18:00}}\n"
            "schedules: {s: {periods: [a, b]}}\n"
        ),
        'periods: {a: {times: ["08:00-12:00", "12:01-18:00"]}}\nschedules: {s: {periods: a}}\n',
    ],
)
def test_a_gap_of_one_minute_is_bridged_and_said(text: str) -> None:
    [(where, message)] = said(text)
    assert where == "schedules.s"
    assert message.endswith("lies one minute; it is bridged")
    loaded = load_schedules(parse_yaml(text), lambda name: name)
    assert loaded.schedules["s"].state_at(NOW + timedelta(hours=12)).state is State.RUNNING


def test_a_gap_of_one_minute_of_one_span_with_itself_is_not_bridged_and_not_said() -> None:
    text = "periods: {a: {begintime: 00:00, endtime: 24:00, weekdays: mon-tue}}\nschedules: {s: {periods: a}}\n"
    assert said(text) == []
    alone = "periods: {a: {begintime: 12:01, endtime: 12:00}}\nschedules: {s: {periods: a}}\n"
    assert said(alone) == []
    loaded = load_schedules(parse_yaml(alone), lambda name: name)
    assert loaded.schedules["s"].state_at(NOW + timedelta(hours=12)).state is State.STOPPED


BERLIN = "schedules: {s: {periods: a, timezone: Europe/Berlin}}\n"


def test_a_span_that_a_spring_day_lacks() -> None:
    text = "periods: {a: {begintime: 02:15, endtime: 02:45}}\n" + BERLIN
    assert said(text)[0] == (
        "schedules.s",
        "on 2027-03-28 the clock skips 02:15-02:45, so this span does not take place",
    )
    loaded = load_schedules(parse_yaml(text), lambda name: name)
    day = datetime(2027, 3, 28, tzinfo=UTC)
    assert loaded.schedules["s"].lit_hours(day - timedelta(hours=2), day + timedelta(hours=22)) == 0


def test_a_change_inside_the_hour_that_comes_twice() -> None:
    text = "periods: {a: {begintime: 00:00, endtime: 02:30}}\n" + BERLIN
    found = said(text)
    assert found == [
        ("schedules.s", "on 2027-10-31 the hour from 02:00 comes twice, and so does the change in it"),
    ]
    loaded = load_schedules(parse_yaml(text), lambda name: name)
    moments = loaded.schedules["s"].transitions(
        datetime(2027, 10, 31, tzinfo=UTC), datetime(2027, 10, 31, 3, tzinfo=UTC)
    )
    assert [f"{moment.at:%H:%M}" for moment in moments] == ["00:30", "01:00", "01:30"]


def test_only_the_span_asked_for_is_looked_at() -> None:
    loaded = load_schedules(
        parse_yaml("periods: {a: {begintime: 02:15, endtime: 02:45}}\n" + BERLIN), lambda name: name
    )
    schedule = loaded.schedules["s"]
    assert daylight_saving(schedule, NOW, datetime(2027, 3, 1, tzinfo=UTC)) == []
    assert len(daylight_saving(schedule, NOW, datetime(2027, 4, 1, tzinfo=UTC))) == 1


def test_schedules_and_periods_that_are_not_valid_are_left_out() -> None:
    text = "periods: {bad: {begintime: 25:00}}\nschedules: {s: {periods: bad}}\n"
    loaded = load_schedules(parse_yaml(text), lambda name: name)
    assert warnings(loaded, NOW) == []


def test_every_warning_has_a_hint() -> None:
    text = """
periods:
  up: {begintime: 08:00, weekdays: mon}
  down: {endtime: 00:00}
  late: {begintime: 12:01, endtime: 23:59}
  early: {begintime: 02:15, endtime: 02:45}
  noon: {begintime: 10:00, endtime: 12:00}
schedules: {s: {periods: [up, down, late, early, noon], timezone: Europe/Berlin}}
"""
    found = warned(text)
    assert len(found) >= 6
    assert all(problem.hint for problem in found)


CHANGES = """
calendars:
  open: {ssm: DEFAULT_OPEN}
  closed: {ssm: DEFAULT_CLOSED}
  never: {ssm: DEFAULT_CLOSED-without}
schedules:
"""


def change_calendars(schedules: str, year: int = 2026) -> list[tuple[str, str]]:
    def text(name: str) -> str:
        kind, _, empty = name.removeprefix("ssm:").partition("-")
        return change_calendar(*([] if empty else [f"DTSTART:{year}1201T080000Z DURATION:PT2H"]), kind=kind)

    loaded = load_schedules(parse_yaml(CHANGES + schedules), text)
    assert loaded.problems == []
    return [(problem.where, problem.message) for problem in warnings(loaded, NOW)]


def test_change_calendars_that_are_used_the_wrong_way_round() -> None:
    right = "  a: {open: closed}\n  b: {closed: open}\n  c: {override_status: running, freeze: [open, closed]}\n"
    assert change_calendars(right) == []
    assert change_calendars("  a: {open: open}\n  b: {closed: closed}\n") == [
        ("schedules.a.open", "Change Calendar open is open by default: its events are the times in which it is not"),
        (
            "schedules.b.closed",
            "Change Calendar closed is closed by default: its events are the times in which it is not",
        ),
    ]


def test_a_freeze_without_end() -> None:
    said = "forbids change for the whole year to come: nothing is started or stopped"
    forever = [("schedules.a.freeze", f"calendar never {said}")]
    assert change_calendars("  a: {override_status: running, freeze: never}\n") == forever
    assert change_calendars("  a: {override_status: running, freeze: closed}\n", 2026) == []
    past = [("schedules.a.freeze", f"calendar closed {said}")]
    assert change_calendars("  a: {override_status: running, freeze: closed}\n", 2025) == past
