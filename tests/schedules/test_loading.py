from __future__ import annotations

import re

import pytest

from lamplighter.errors import LamplighterError
from lamplighter.schedules.loading import BUILT_IN, Loaded, load_schedules
from lamplighter.schedules.source import parse_yaml
from lamplighter.schedules.timeline import State


def load(text: str, files: dict[str, str] | None = None) -> Loaded:
    def read(name: str) -> str:
        if name not in (files or {}):
            raise FileNotFoundError(2, "No such file or directory", name)
        return (files or {})[name]

    return load_schedules(parse_yaml(text), read)


def marked(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    """A file without its marks, and where they stand.

    A line `   ^ words` marks the column above it, where a problem with these words is expected.
    """
    lines: list[str] = []
    marks: list[tuple[int, int, str]] = []
    for line in text.strip("\n").splitlines():
        found = re.fullmatch(r"( *)\^ (.*)", line)
        if found:
            marks.append((len(lines), len(found[1]) + 1, found[2]))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n", marks


GOLDEN = {
    "a day that is none": """
periods:
  office:
    weekdays: mon-fri, xyz
                       ^ 'xyz' is not a value for weekdays
""",
    "quotes are not counted": """
periods:
  office:
    weekdays: "mon-fri, xyz"
                        ^ 'xyz' is not a value for weekdays
""",
    "a time that is none": """
periods:
  office:
    begintime: 8 o'clock
               ^ "8 o'clock" is not a time
    endtime: 18:00
""",
    "a time past the end": """
periods:
  office: {begintime: 08:00, endtime: 25:00}
                                      ^ '25:00' is not a time of the day
""",
    "the same begin and end": """
periods:
  office:
    begintime: 08:00
    endtime: 08:00
             ^ begin and end are the same time, so this would never run
""",
    "spans": """
periods:
  office:
    times: 08:00-12:00, 13:00-1800
                              ^ '1800' is not a time
""",
    "an unknown field": """
periods:
  office:
    week_days: mon
               ^ there is no field 'week_days' here (did you mean weekdays?)
""",
    "an unknown field of something inside": """
calendars:
  feast:
    holidays: {country: DE, subdivison: BY}
                                        ^ there is no field 'subdivison' here (did you mean subdivision?)
""",
    "not a mapping": """
periods:
  office: 5
          ^ Input should be a valid dictionary or instance of PeriodDefinition
""",
    "a section that is no mapping": """
schedules: [office]
           ^ schedules must be a mapping of names (write schedules: {name: ...})
""",
    "a wrong choice": """
periods:
  office:
    state: lit
           ^ Input should be 'running' or 'stopped'
""",
    "a period that is not there": """
periods:
  office: {}
schedules:
  day:
    periods: [ofice]
             ^ period 'ofice' is not defined or not valid (did you mean office?)
""",
    "twice the same key": """
periods:
  office:
    begintime: 08:00
    begintime: 09:00
    ^ 'begintime' stands twice (keep one)
    endtime: 18:00
""",
    "twice the same period": """
periods:
  office: {begintime: 08:00, endtime: 18:00}
  office: {begintime: 09:00, endtime: 18:00}
  ^ 'office' stands twice (keep one)
schedules:
  day: {periods: office}
                 ^ period 'office' is not defined or not valid
""",
    "two contradictory flags": """
schedules:
  day:
    override_status: running
    enforced: true
    stay_off: true
              ^ enforced and stay_off contradict each other (choose one)
""",
    "a schedule that says nothing": """
schedules:
  day: {}
       ^ the schedule says nothing
""",
    "a calendar whose file is missing": """
calendars:
  closures:
    ical: closures.ics
    ^ 'closures.ics' cannot be read: No such file or directory (check the path)
""",
    "a time zone that is none": """
timezone: Europe/Berln
          ^ 'Europe/Berln' is not a time zone (did you mean Europe/Berlin?
schedules:
  day: {timezone: CET, override_status: running}
""",
    "not a truth": """
schedules:
  day: {override_status: running, enforced: perhaps}
                                            ^ Input should be a valid boolean
""",
    "a field of several that is wrong by its item": """
periods:
  office:
    dates:
      - 2026-12-24
      - [2027-01-01]
        ^ Input should be a valid string
""",
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_problem_stands_where_it_is(name: str) -> None:
    text, marks = marked(GOLDEN[name])
    loaded = load(text)
    assert marks
    found = [(problem.line, problem.column) for problem in loaded.problems]
    assert found == [(line, column) for line, column, _ in marks], loaded.problems
    for problem, (_, _, words) in zip(loaded.problems, marks, strict=True):
        said = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
        assert said.startswith(words), said


def test_what_is_wrong_stops_no_other() -> None:
    loaded = load(
        """
calendars:
  good: {dates: 2026-12-24}
  bad: {dates: someday}
periods:
  office: {begintime: 08:00, endtime: 18:00, not_on: good}
  broken: {begintime: 25:00}
  after-bad: {begintime: 08:00, not_on: bad}
schedules:
  day: {periods: office}
  night: {periods: broken}
  both: {periods: [office, broken]}
  with-bad-calendar: {periods: office, closed: bad}
  with-bad-period: {periods: after-bad}
"""
    )
    assert set(loaded.calendars) == {"good"}
    assert set(loaded.periods) == {"office"}
    assert set(loaded.schedules) == {"day", *BUILT_IN}
    assert loaded.rejected == {
        "night": "period 'broken' is not defined or not valid: '25:00' is not a time of the day",
        "both": "period 'broken' is not defined or not valid: '25:00' is not a time of the day",
        "with-bad-calendar": "calendar 'bad' is not defined or not valid: 'someday' is not a date",
        "with-bad-period": (
            "period 'after-bad' is not defined or not valid: calendar 'bad' is not defined or not valid: "
            "'someday' is not a date"
        ),
    }
    assert [problem.where for problem in loaded.problems] == [
        "calendars.bad",
        "periods.broken.begintime",
        "periods.after-bad.not_on",
        "schedules.night.periods",
        "schedules.both.periods",
        "schedules.with-bad-calendar.closed",
        "schedules.with-bad-period.periods",
    ]


def test_a_wrong_time_zone_leaves_the_built_in_schedules_and_those_with_their_own() -> None:
    loaded = load(
        "timezone: Mars/Phobos\nschedules:\n  a: {otherwise: running}\n  b: {otherwise: running, timezone: UTC}\n"
    )
    assert set(loaded.schedules) == {"b", *BUILT_IN}
    assert loaded.rejected == {"a": "'Mars/Phobos' is not a time zone"}


@pytest.mark.parametrize(
    ("text", "zone"), [("timezone:\n", "UTC"), ("version: 1\n", "UTC"), ("timezone: Asia/Tokyo\n", "Asia/Tokyo")]
)
def test_the_default_time_zone(text: str, zone: str) -> None:
    loaded = load(text + "schedules: {a: {otherwise: running}}\n")
    assert loaded.problems == []
    assert loaded.timezone == zone
    assert loaded.schedules["a"].zone.key == zone


def test_what_stands_twice_is_not_guessed() -> None:
    loaded = load("schedules:\n  a:\n    otherwise: running\n    otherwise: stopped\n  b: {otherwise: running}\n")
    assert set(loaded.schedules) == {"b", *BUILT_IN}
    assert loaded.rejected == {"a": "'otherwise' stands twice"}


def test_a_merge_key_is_not_guessed() -> None:
    loaded = load("schedules:\n  a: &a {otherwise: running}\n  b:\n    <<: *a\n    enforced: true\n  c: *a\n")
    assert set(loaded.schedules) == {"a", "c", *BUILT_IN}
    assert loaded.rejected == {"b": "merge keys are not read"}


def test_the_built_in_schedules_and_a_user_s_own_of_that_name() -> None:
    loaded = load("version: 1\n")
    assert set(loaded.schedules) == {"ignore", "running", "stopped"}
    assert loaded.schedules["ignore"].definition.ignore
    assert loaded.problems == []
    own = load("schedules: {running: {override_status: stopped}}\n")
    assert own.schedules["running"].definition.override_status == "stopped"
    broken = load("schedules: {running: {periods: none}}\n")
    assert "running" not in broken.schedules
    assert set(broken.rejected) == {"running"}


@pytest.mark.parametrize("text", ["periods:\n", "periods: {}\n", "schedules: ~\n"])
def test_empty_sections(text: str) -> None:
    assert load(text).problems == []


def test_an_empty_period_is_always_on() -> None:
    loaded = load("periods: {always: }\nschedules: {a: {periods: always}}\n")
    assert loaded.problems == []
    from datetime import UTC, datetime

    assert loaded.schedules["a"].state_at(datetime(2026, 11, 23, tzinfo=UTC)).state is State.RUNNING


def test_yaml_1_1_does_not_bite() -> None:
    """`22:00` would be 79,200 seconds, `on` a truth, `no` Norway's fate."""
    loaded = load(
        """
calendars:
  no: {holidays: {country: NO}}
periods:
  on: {begintime: 22:00, endtime: 6:00, weekdays: [mon, tue], dates: 2026-12-24}
schedules:
  off: {periods: on, closed: no, enforced: on}
"""
    )
    assert loaded.problems == []
    assert loaded.periods["on"].definition.begintime == "22:00"
    assert loaded.schedules["off"].definition.enforced is True
    assert loaded.schedules["off"].definition.closed == ("no",)


def test_an_alias_can_be_used_for_a_whole_value() -> None:
    loaded = load("periods:\n  a: {weekdays: &work [mon, fri]}\n  b: {weekdays: *work, monthdays: 1-7}\n")
    assert loaded.problems == []
    assert loaded.periods["b"].definition.weekdays == ("mon", "fri")


def test_names_with_dots_are_told_apart() -> None:
    loaded = load("schedules:\n  v1: {otherwise: running}\n  v1.2: {periods: none}\n  v1.2.3: {otherwise: running}\n")
    assert set(loaded.schedules) == {"v1", "v1.2.3", *BUILT_IN}
    assert set(loaded.rejected) == {"v1.2"}


def test_a_calendar_file_is_read_by_its_name() -> None:
    event = ["BEGIN:VEVENT", "UID:1", "DTSTART;VALUE=DATE:20261224", "END:VEVENT"]
    text = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *event, "END:VCALENDAR", ""])
    loaded = load("calendars: {shut: {ical: shut.ics}}\n", {"shut.ics": text})
    assert loaded.problems == []
    assert set(loaded.calendars) == {"shut"}
    broken = load("calendars: {shut: {ical: shut.ics}, open: {dates: 2026-12-24}}\n", {"shut.ics": "hello"})
    assert set(broken.calendars) == {"open"}
    assert [problem.where for problem in broken.problems] == ["calendars.shut"]


def test_the_documents_of_change_calendars_are_known_also_of_those_that_cannot_be_read() -> None:
    def unread(name: str) -> str:
        raise LamplighterError(f"{name} is not kept", hint="refresh")

    text = "calendars: {a: {ssm: year-end}, b: {dates: 2026-12-24}}\nschedules: {s: {periods: [], freeze: [b, a]}}\n"
    loaded = load_schedules(parse_yaml(text.replace("periods: []", "otherwise: any")), unread)
    assert loaded.change_calendars == {"a": "year-end"}
    assert [str(p) for p in loaded.problems if p.where == "calendars.a"] == [
        "1:16: calendars.a: ssm:year-end is not kept (refresh)"
    ]
    assert loaded.rejected == {"s": "calendar 'a' is not defined or not valid: ssm:year-end is not kept"}
