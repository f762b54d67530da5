"""Our own short form: what it reads, what it refuses, and that writing and reading mean the same at every instant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lamplighter.errors import DefinitionError
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.inline import read, write
from lamplighter.schedules.dialects.translation import Translation, compiled

RDS_VALUE = re.compile(r"[A-Za-z0-9 _.:/=+\-@]{1,256}")
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)
Change = tuple[datetime, str, str | None]

GOOD: list[tuple[str, dict[str, object], list[dict[str, object]]]] = [
    (
        "mon-fri 08:00-19:00 Europe/Berlin + sat 10:00-14:00",
        {"timezone": "Europe/Berlin"},
        [
            {"weekdays": "mon-fri", "begintime": "08:00", "endtime": "19:00"},
            {"weekdays": "sat", "begintime": "10:00", "endtime": "14:00"},
        ],
    ),
    ("off fri 20:00 - mon 08:00", {}, [{"state": "stopped", "weekly": "fri 20:00 - mon 08:00"}]),
    ("off fri 20:00-mon 08:00", {}, [{"state": "stopped", "weekly": "fri 20:00 - mon 08:00"}]),
    ("always", {"override_status": "running"}, []),
    ("never", {"override_status": "stopped"}, []),
    ("IGNORE", {"ignore": True}, []),
    ("always enforced", {"override_status": "running", "enforced": True}, []),
    ("daily", {}, [{}]),
    ("sat-sun", {}, [{"weekdays": "sat-sun"}]),
    ("mon, wed fri 22:00 - 06:00", {}, [{"weekdays": ["mon", "wed", "fri"], "begintime": "22:00", "endtime": "06:00"}]),
    ("08:00-12:00 13:00-18:00", {}, [{"times": ["08:00-12:00", "13:00-18:00"]}]),
    ("mon.1 friL mon/2", {}, [{"weekdays": ["mon#1", "fril", "mon/2"]}]),
    ("day1-15 dayL day15W jan-mar jul", {}, [{"monthdays": ["1-15", "L", "15W"], "months": ["jan-mar", "jul"]}]),
    ("off 2026-12-24..2027-01-02 2026-05-01", {}, [
        {"state": "stopped", "dates": ["2026-12-24..2027-01-02", "2026-05-01"]}
    ]),
    ("mon from 08:00 + until 18:00", {}, [{"weekdays": "mon", "begintime": "08:00"}, {"endtime": "18:00"}]),
    ("mon 08:00-09:00 + tue 08:00-09:00 asia/tokyo", {"timezone": "Asia/Tokyo"}, [
        {"weekdays": "mon", "begintime": "08:00", "endtime": "09:00"},
        {"weekdays": "tue", "begintime": "08:00", "endtime": "09:00"},
    ]),
    ("mon Etc/GMT+1+tue Etc/GMT-2", {"timezone": "Etc/GMT+1"}, [
        {"weekdays": "mon"}, {"weekdays": "tue", "timezone": "Etc/GMT-2"}
    ]),
    ("mon 08:00-09:00+tue 10:00-11:00", {}, [
        {"weekdays": "mon", "begintime": "08:00", "endtime": "09:00"},
        {"weekdays": "tue", "begintime": "10:00", "endtime": "11:00"},
    ]),
    ("otherwise=any", {"otherwise": "any"}, []),
    ("mon stay_off stop_new_instances=false otherwise=running", {
        "stay_off": True, "stop_new_instances": False, "otherwise": "running"
    }, [{"weekdays": "mon"}]),
]  # fmt: skip

BAD: list[tuple[str, int, str, str]] = [
    ("", 0, "the text is empty", "mon-fri 08:00-19:00"),
    ("Europe/Berlin", 0, "this says no time", "always"),
    ("off", 0, "'off' is without days and times", "never"),
    ("mon-fri 8-18", 8, "'8-18' is neither a day, a time nor a zone", "mon-fri 08:00-19:00"),
    ("mnday 08:00-18:00", 0, "'mnday' is neither", "did you mean monday?"),
    ("mon-fri 08:00-25:00", 14, "'25:00' is not a time of the day", "00:00 to 24:00"),
    ("mon-fri 08:00-18:00 Europe/Berln", 20, "'Europe/Berln' is not a time zone", "Europe/Berlin"),
    ("mon 08:00-09:00 + + tue", 17, "there is nothing beside the +", "remove"),
    ("mon 08:00-08:00", 4, "begin and end are the same time", "whole day"),
    ("mon from 08:00 09:00-10:00", 0, "two sorts of times", "two entries"),
    ("sat fri 20:00 - mon 08:00", 0, "brings its own weekdays", "remove"),
    ("mon from", 4, "'from' is followed by no time", "from 08:00"),
    ("off mon from 08:00", 0, "needs both ends", "off 18:00-24:00"),
    ("always + mon", 0, "'always' leaves the other entries without effect", "alone"),
    ("mon otherwise=on", 14, "'on' is no value of otherwise", "otherwise=running"),
    ("mon.6", 0, "a month has no 6 of a weekday", "#1 to #5"),
    ("day32", 3, "'32' is not a value", "1 to 31"),
    ("2026-13-01", 0, "is not a date", "YYYY-MM-DD"),
    ("mon enforced stay_off", 0, "contradict each other", "choose one"),
]


def changes(found: Translation) -> list[Change]:
    assert found.schedule is not None, found.problems
    return changes_of(found.schedule, found.periods)


def changes_of(schedule: ScheduleDefinition, periods: Mapping[str, PeriodDefinition]) -> list[Change]:
    line = compiled("x", schedule, periods, default_timezone="Asia/Tokyo").timeline(START, END)
    first = line.values[0]
    later = [(change.at, change.now.state.value, change.now.instance_type) for change in line.transitions()]
    return [(START, first.state.value, first.instance_type), *later]


@pytest.mark.parametrize(("text", "schedule", "periods"), GOOD, ids=[case[0] for case in GOOD])
def test_it_reads(text: str, schedule: dict[str, object], periods: list[dict[str, object]]) -> None:
    found = read("dev", text, default_timezone="Asia/Tokyo")
    assert found.problems == ()
    assert list(found.periods.values()) == [PeriodDefinition.model_validate(period) for period in periods]
    names = ["dev"] if len(periods) == 1 else [f"dev-{n}" for n in range(1, len(periods) + 1)]
    fields = {"timezone": "Asia/Tokyo", "periods": names, **schedule}
    assert found.schedule == ScheduleDefinition.model_validate(fields)


@pytest.mark.parametrize(("text", "position", "message", "hint"), BAD, ids=[case[0] for case in BAD])
def test_it_refuses(text: str, position: int, message: str, hint: str) -> None:
    found = read("dev", text)
    assert found.schedule is None
    assert (found.problems[0].position, len(found.problems)) == (position, 1)
    assert message in found.problems[0].message
    assert hint in found.problems[0].hint


def test_instance_types_and_names_that_are_no_names() -> None:
    found = read("a tag @ work", "mon @t3.large + tue")
    assert list(found.periods) == ["a-tag-work-1", "a-tag-work-2"]
    assert found.schedule is not None
    assert found.schedule.periods == ("a-tag-work-1@t3.large", "a-tag-work-2")


def test_every_problem_is_found_at_once() -> None:
    found = read("dev", "mon 08:00-25:00 + fooday + tue")
    assert [problem.position for problem in found.problems] == [10, 18]


@pytest.mark.parametrize(
    ("schedule", "periods", "note"),
    [
        ({"periods": "p", "closed": "feast"}, {"p": {}}, "calendars have no short form"),
        ({"periods": "p", "freeze": "feast"}, {"p": {}}, "calendars have no short form"),
        ({"periods": "p"}, {"p": {"not_on": "feast"}}, "calendars have no short form"),
        ({"periods": "p"}, {}, "period 'p' is not defined"),
        (
            {"periods": [f"p{n}" for n in range(20)]},
            {f"p{n}": {"weekdays": "mon", "begintime": f"{n:02}:00", "endtime": f"{n:02}:30"} for n in range(20)},
            "a tag holds 256",
        ),
    ],
)
def test_what_has_no_short_form_is_said(
    schedule: dict[str, object], periods: dict[str, dict[str, object]], note: str
) -> None:
    own = {name: PeriodDefinition.model_validate(fields) for name, fields in periods.items()}
    written = write(ScheduleDefinition.model_validate(schedule), own)
    assert written.text is None
    assert note in written.notes[0]


def test_what_is_lost_is_said() -> None:
    written = write(ScheduleDefinition(override_status="running", ssm_maintenance_window=("patch",)), {})
    assert written.text == "always"
    assert written.notes == ("not kept: ssm_maintenance_window",)
    listed = write(ScheduleDefinition(override_status="running", instance_types=("m5.large",)), {})
    assert listed.notes == ("not kept: instance_types",)


ZONES = ["Europe/Berlin", "America/New_York", "UTC", "Etc/GMT+5", "Australia/Lord_Howe"]
minutes = st.integers(0, 47).map(lambda half: f"{half // 2:02}:{half % 2 * 30:02}")
spans = st.tuples(minutes, minutes).filter(lambda ends: ends[0] != ends[1]).map("-".join)
weekday = st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
weekdays = st.sampled_from(["mon-fri", "sat-mon", "sun", "wed#2", "friL", "mon/2", "L", "*", "0-3", "Tuesday"])
monthdays = st.sampled_from(["1-7", "15-L", "L", "15W", "1/10", "*", "31"])
months = st.sampled_from(["jan-mar", "nov-feb", "jun", "jan/3", "1-12", "*"])
dates = st.sampled_from(["2026-05-01", "2026-03-01..2026-04-15", "2026-09-01..", "..2026-02-15"])
weekly = st.tuples(weekday, minutes, weekday, minutes).filter(lambda w: w[:2] != w[2:]).map(
    lambda w: f"{w[0]} {w[1]} - {w[2]} {w[3]}"
)  # fmt: skip


@st.composite
def periods_(draw: st.DrawFn) -> PeriodDefinition:
    fields: dict[str, object] = {"state": draw(st.sampled_from(["running", "running", "stopped"]))}
    for name, values in (("monthdays", monthdays), ("months", months), ("dates", dates)):
        if draw(st.integers(0, 3)) == 0:
            fields[name] = draw(st.lists(values, min_size=1, max_size=2))
    if draw(st.integers(0, 4)) == 0:
        fields["timezone"] = draw(st.sampled_from(ZONES))
    form = draw(st.sampled_from(["both", "times", "weekly", "weekly and times", "begin", "end", "none"]))
    if "weekly" in form:
        fields["weekly"] = draw(st.lists(weekly, min_size=1, max_size=2))
    elif draw(st.booleans()):
        fields["weekdays"] = draw(st.lists(weekdays, min_size=1, max_size=2))
    if "times" in form:
        fields["times"] = draw(st.lists(spans, min_size=1, max_size=3))
    if form == "both":
        fields["begintime"], fields["endtime"] = draw(spans).split("-")
    if form == "begin":
        fields["begintime"] = draw(minutes)
    if form == "end":
        fields["endtime"] = draw(minutes)
    return PeriodDefinition.model_validate(fields)


@st.composite
def definitions(draw: st.DrawFn) -> tuple[ScheduleDefinition, dict[str, PeriodDefinition]]:
    own = draw(st.lists(periods_(), max_size=4))
    names = [f"p{n}" for n in range(len(own))]
    listed = [name + draw(st.sampled_from(["", "", "@t3.micro", "@m5.large"])) for name in names]
    schedule = ScheduleDefinition(
        periods=tuple(listed),
        timezone=draw(st.sampled_from([None, *ZONES])),
        otherwise=draw(st.sampled_from([None, None, "running", "stopped", "any"])),
        override_status=draw(st.sampled_from([None] * 8 + ["running", "stopped"])),
        enforced=draw(st.booleans()),
        stop_new_instances=draw(st.booleans()),
    )
    return schedule, dict(zip(names, own, strict=True))


@given(definitions())
@settings(max_examples=80, deadline=None)
def test_what_is_written_means_the_same_at_every_instant(
    case: tuple[ScheduleDefinition, dict[str, PeriodDefinition]],
) -> None:
    schedule, own = case
    try:
        expected = changes_of(schedule, own)
    except DefinitionError:
        assert write(schedule, own).text is None
        return
    written = write(schedule, own, default_timezone="Asia/Tokyo")
    if written.text is None:
        assert "a tag holds 256" in written.notes[0]
        return
    assert RDS_VALUE.fullmatch(written.text)
    again = read("x", written.text)
    assert again.problems == ()
    assert changes(again) == expected
    assert again.schedule is not None
    assert (again.schedule.enforced, again.schedule.stop_new_instances, again.schedule.override_status) == (
        schedule.enforced,
        schedule.stop_new_instances,
        schedule.override_status,
    )


WORDS = st.one_of(
    spans, weekly, weekday, dates, st.sampled_from(ZONES),
    st.sampled_from(["off", "daily", "mon-fri", "mon.1", "friL", "day1-7", "dayL", "jan-mar", "from 08:00"]),
)  # fmt: skip


@given(st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=4).map(" + ".join))
@settings(max_examples=80, deadline=None)
def test_a_text_that_is_read_and_written_means_the_same(text: str) -> None:
    first = read("x", text)
    assume(first.schedule is not None)
    assert first.schedule is not None
    written = write(first.schedule, first.periods)
    if written.text is None:
        assert "a tag holds 256" in written.notes[0]
        return
    again = read("x", written.text)
    assert changes(again) == changes(first)
    assert again.schedule is not None
    assert write(again.schedule, again.periods).text == written.text
