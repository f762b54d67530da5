"""From definitions to schedules: what is read, what is refused, and where the problem is said to be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from lamplighter.errors import DefinitionError, Problem
from lamplighter.schedules import State
from lamplighter.schedules.calendars import Calendar, compile_calendar
from lamplighter.schedules.compiler import Period, compile_period, compile_schedule
from lamplighter.schedules.definitions import CalendarDefinition, PeriodDefinition, ScheduleDefinition


def _no_file(file: str) -> str:
    raise FileNotFoundError(file)


CALENDARS: Mapping[str, Calendar] = {
    "holidays": compile_calendar("holidays", CalendarDefinition(dates=("2026-05-01",)), _no_file),
    "fair": compile_calendar("fair", CalendarDefinition(dates=("2026-05-02",)), _no_file),
}


def period(**fields: object) -> Period:
    return compile_period("office", PeriodDefinition.model_validate(fields), CALENDARS)


def problems(**fields: object) -> tuple[Problem, ...]:
    with pytest.raises(DefinitionError) as caught:
        period(**fields)
    return caught.value.problems


@pytest.mark.parametrize(
    ("fields", "where", "position", "message", "hint"),
    [
        ({"weekdays": "mon, fryday"}, "weekdays", 5, "'fryday' is not a value for weekdays", "did you mean friday?"),
        ({"monthdays": ["1-15", "28-3"]}, "monthdays", 0, "days of the month do not wrap", "write 28-L,1-3"),
        ({"months": "jan,L"}, "months", 4, "'L' has no meaning for months", "write dec"),
        ({"begintime": "8"}, "begintime", 0, "'8' is not a time", "write HH:MM"),
        ({"begintime": "24:00"}, "begintime", 0, "'24:00' is not a time of the day", "use 00:00 to 23:59"),
        ({"endtime": "24:01"}, "endtime", 0, "'24:01' is not a time of the day", "use 00:00 to 24:00"),
        ({"begintime": "08:00", "endtime": "8:00"}, "endtime", 0, "would never run", "leave both out"),
        ({"times": "08:00-12:00, 13:00"}, "times", 13, "'13:00' is not a span", "begin-end"),
        ({"weekly": "fri 20:00 - mom 08:00"}, "weekly", 12, "'mom' is not a weekday", "write mon"),
        ({"dates": "2026-12-24..2026-12-32"}, "dates", 12, "is not a date", "write YYYY-MM-DD"),
        ({"timezone": "Europe/Berlni"}, "timezone", 0, "is not a time zone", "did you mean Europe/Berlin?"),
        ({"only_on": "holiday"}, "only_on", None, "calendar 'holiday' is not defined", "did you mean holidays?"),
        ({"not_on": ["fair", "x"]}, "not_on", None, "calendar 'x' is not defined", "define it, or correct"),
        ({"times": "08:00-12:00", "endtime": "13:00"}, "times", None, "stands beside", "use one or the other"),
        ({"weekly": "fri 20:00 - mon 08:00", "begintime": "08:00"}, "weekly", None, "stands beside", "use one or"),
        ({"weekly": "fri 20:00 - mon 08:00", "weekdays": "mon"}, "weekdays", None, "its own weekdays", "remove"),
        ({"state": "stopped", "begintime": "08:00"}, "begintime", None, "needs both ends", "endtime 24:00"),
        ({"state": "stopped", "endtime": "08:00"}, "begintime", None, "needs both ends", "endtime 24:00"),
    ],
)
def test_periods_that_cannot_be_read(
    fields: dict[str, object], where: str, position: int | None, message: str, hint: str
) -> None:
    (problem,) = problems(**fields)
    assert (problem.where, problem.position) == (f"periods.office.{where}", position)
    assert message in problem.message
    assert hint in problem.hint


def test_every_problem_of_a_period_is_said() -> None:
    found = problems(weekdays="x", monthdays="y", begintime="z", endtime="1", dates="d", timezone="t", only_on="o")
    fields = ("weekdays", "monthdays", "begintime", "endtime", "dates", "timezone", "only_on")
    assert {p.where for p in found} == {f"periods.office.{field}" for field in fields}


@pytest.mark.parametrize("fields", [{"weekday": "mon"}, {"state": "any"}, {"begintime": 8}, {"weekdays": True}])
def test_shapes_that_the_models_refuse(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PeriodDefinition.model_validate(fields)


def test_one_text_stands_for_a_list_and_a_number_for_its_digits() -> None:
    given = PeriodDefinition.model_validate({"weekdays": "mon", "monthdays": [1, "15-L"], "months": 5})
    assert (given.weekdays, given.monthdays, given.months) == (("mon",), ("1", "15-L"), ("5",))


@pytest.mark.parametrize(
    ("fields", "spans"),
    [
        ({}, 1),
        ({"begintime": "08:00"}, 1),
        ({"times": "08:00-12:00"}, 1),
        ({"times": "08:00-12:00, 13:00-18:00"}, 2),
        ({"times": ["08:00-12:00", "13:00-18:00, 19:00-20:00"]}, 3),
        ({"weekly": "fri 20:00 - sat 08:00"}, 1),
        ({"weekly": ["fri 20:00 - sat 08:00", "sun 20:00 - mon 08:00"]}, 2),
        ({"times": "08:00-12:00", "weekly": "fri 12:01 - sat 08:00"}, 2),
    ],
)
def test_spans_that_may_be_bridged_are_counted(fields: dict[str, object], spans: int) -> None:
    assert period(**fields).spans == spans


def schedule_problems(**fields: object) -> tuple[Problem, ...]:
    with pytest.raises(DefinitionError) as caught:
        compile_schedule("dev", ScheduleDefinition.model_validate(fields), {"office": period()}, CALENDARS)
    return caught.value.problems


@pytest.mark.parametrize(
    ("fields", "where", "message", "hint"),
    [
        ({}, "", "the schedule says nothing", "give it periods"),
        ({"periods": []}, "", "the schedule says nothing", "give it periods"),
        ({"periods": "ofice"}, ".periods", "period 'ofice' is not defined or not valid", "did you mean office?"),
        ({"periods": "x@t3.large"}, ".periods", "period 'x' is not defined or not valid", "define it, or correct"),
        ({"periods": "office@"}, ".periods", "'office@' names no instance type", "write period@t3.large"),
        ({"periods": "office", "instance_types": "m5 large"}, ".instance_types", "'m5 large' is no", "m5.large"),
        ({"periods": "office", "open": "far"}, ".open", "calendar 'far' is not defined", "did you mean fair?"),
        ({"periods": "office", "closed": "x"}, ".closed", "calendar 'x' is not defined", "define it, or correct"),
        ({"periods": "office", "timezone": "UTC+1"}, ".timezone", "'UTC+1' is not a time zone", "did you mean"),
        ({"periods": "office", "enforced": True, "stay_off": True}, ".stay_off", "contradict", "choose one"),
    ],
)
def test_schedules_that_cannot_be_read(fields: dict[str, object], where: str, message: str, hint: str) -> None:
    (problem,) = schedule_problems(**fields)
    assert problem.where == f"schedules.dev{where}"
    assert message in problem.message
    assert hint in problem.hint


def test_every_problem_of_a_schedule_is_said() -> None:
    found = schedule_problems(periods=["x", "y"], open="z", timezone="Nowhere")
    assert [p.where.rpartition(".")[2] for p in found] == ["timezone", "periods", "periods", "open"]


ON_MONDAY = {"weekdays": "mon"}
OFF_MONDAY = {"weekdays": "mon", "state": "stopped"}


# Periods | other fields | state on Monday, Tuesday; Friday is in `holidays`, Saturday in `fair`.
@pytest.mark.parametrize(
    ("periods", "fields", "states"),
    [
        ([ON_MONDAY], {}, "running stopped stopped stopped"),
        ([OFF_MONDAY], {}, "stopped running running running"),
        ([OFF_MONDAY, ON_MONDAY], {}, "stopped stopped stopped stopped"),
        ([ON_MONDAY], {"otherwise": "running"}, "running running running running"),
        ([ON_MONDAY], {"otherwise": "any"}, "running any any any"),
        ([OFF_MONDAY], {"otherwise": "any"}, "stopped any any any"),
        ([], {"closed": "holidays"}, "running running stopped running"),
        ([], {"open": "fair"}, "stopped stopped stopped running"),
        ([], {"open": "fair", "closed": ["fair", "holidays"]}, "running running stopped running"),
        ([{}], {"closed": ["holidays", "fair"]}, "running running stopped stopped"),
        ([{}], {"closed": ["holidays", "fair"], "open": "fair"}, "running running stopped running"),
        ([{"not_on": "holidays"}], {}, "running running stopped running"),
        ([{"only_on": "holidays"}], {}, "stopped stopped running stopped"),
        ([{"state": "stopped", "only_on": "holidays"}], {}, "running running stopped running"),
        ([{"dates": ["2026-04-28..2026-05-01", "2027-01-01"]}], {}, "stopped running running stopped"),
    ],
)
def test_what_wins(periods: list[dict[str, object]], fields: dict[str, object], states: str) -> None:
    known = {str(n): period(**given) for n, given in enumerate(periods)}
    definition = ScheduleDefinition.model_validate({"periods": list(known), **fields})
    schedule = compile_schedule("s", definition, known, CALENDARS)
    monday = datetime(2026, 4, 27, 12, tzinfo=UTC)
    found = [schedule.state_at(monday + timedelta(days=n)).state.value for n in (0, 1, 4, 5)]
    assert " ".join(found) == states


@pytest.mark.parametrize(
    ("fields", "otherwise", "states"),
    [
        ({"times": "08:00-12:00, 12:01-17:00"}, None, "running running running"),
        ({"times": "08:00-12:00, 12:02-17:00"}, None, "running stopped stopped"),
        ({"times": "08:00-12:00, 12:01-17:00"}, "any", "running any running"),
        ({"times": "08:00-12:00", "weekly": "mon 12:01 - tue 08:00"}, None, "running running running"),
        ({"weekly": ["mon 08:00 - mon 12:00", "mon 12:01 - mon 20:00"]}, None, "running running running"),
        ({"times": "00:00-12:00, 12:01-24:00", "state": "stopped"}, None, "stopped running stopped"),
        ({"times": "00:00-12:00, 12:01-24:00", "state": "stopped"}, "stopped", "stopped stopped stopped"),
    ],
)
def test_gaps_of_one_minute_within_a_period(fields: dict[str, object], otherwise: str | None, states: str) -> None:
    definition = ScheduleDefinition.model_validate({"periods": ["p"], "otherwise": otherwise})
    schedule = compile_schedule("s", definition, {"p": period(**fields)}, {})
    noon = datetime(2026, 5, 4, 11, 59, tzinfo=UTC)
    assert " ".join(schedule.state_at(noon + timedelta(minutes=n)).state for n in range(3)) == states


def test_zones_of_periods_and_schedules() -> None:
    known = {
        "home": period(begintime="08:00", endtime="09:00"),
        "tokyo": period(begintime="08:00", endtime="09:00", timezone="Asia/Tokyo"),
    }
    start = datetime(2026, 5, 4, tzinfo=UTC)

    def lit(**fields: object) -> list[int]:
        definition = ScheduleDefinition.model_validate({"periods": ["home", "tokyo"], **fields})
        schedule = compile_schedule("s", definition, known, {}, default_timezone="America/New_York")
        hours = (start + timedelta(hours=n) for n in range(24))
        return [at.hour for at in hours if schedule.state_at(at).state is State.RUNNING]

    assert lit() == [12, 23]
    assert lit(timezone="Europe/Berlin") == [6, 23]
    assert lit(timezone="Asia/Tokyo") == [23]


def test_a_default_zone_that_is_wrong_is_a_problem_of_the_schedule() -> None:
    with pytest.raises(DefinitionError) as caught:
        compile_schedule("s", ScheduleDefinition(otherwise="any"), {}, {}, default_timezone="Europe/Berlni")
    (problem,) = caught.value.problems
    assert (problem.where, problem.hint) == ("schedules.s.timezone", "did you mean Europe/Berlin?")


def test_of_clocks_in_two_zones_the_later_begin_names_the_period() -> None:
    known = {
        "berlin": period(begintime="08:00", endtime="20:00", timezone="Europe/Berlin"),
        "london": period(begintime="07:30", endtime="20:00", timezone="Europe/London"),
    }
    schedule = compile_schedule("s", ScheduleDefinition(periods=("london", "berlin")), known, {})
    noon = datetime(2026, 5, 4, 12, tzinfo=UTC)
    assert schedule.state_at(noon).period == "london"
    assert schedule.state_at(noon.replace(hour=6, minute=15)).period == "berlin"
