from __future__ import annotations

from datetime import UTC, datetime

from lamplighter.commitments.sizing.lit import lit_by_schedule, lit_hours
from lamplighter.schedules.compiler import compile_period, compile_schedule
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.schedule import Schedule

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def office(begin: str = "08:00", end: str = "18:00", zone: str = "UTC") -> Schedule:
    period = compile_period("p", PeriodDefinition(begintime=begin, endtime=end, weekdays=("mon-fri",)), {})
    return compile_schedule("office", ScheduleDefinition(timezone=zone, periods=("p",)), {"p": period}, {})


def test_working_hours_of_a_week() -> None:
    found = lit_hours(office(), MONDAY, 168)
    assert found[:24].tolist() == [8 <= hour < 18 for hour in range(24)]
    assert found.sum() == 50
    assert not found[120:].any()


def test_the_hour_is_that_of_the_schedule() -> None:
    assert [int(hour) for hour in lit_hours(office(zone="Europe/Berlin"), MONDAY, 24).nonzero()[0]] == list(
        range(7, 17)
    )


def test_an_hour_that_is_lit_in_part_stays() -> None:
    found = lit_hours(office("08:30", "17:30"), MONDAY, 24)
    assert [int(hour) for hour in found.nonzero()[0]] == list(range(8, 18))


def test_names_without_a_schedule_have_no_hours() -> None:
    assert set(lit_by_schedule({"office": office()}, ["office", "gone", "office"], MONDAY, 3)) == {"office"}
