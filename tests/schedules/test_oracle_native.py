"""Compiled schedules with the native additions, against an evaluation by hand, one instant at a time.

Overnight periods, several spans a day, weekly spans, stop periods, dates, calendars, zones of periods and
`otherwise`; and what must hold for every timeline. The oracle shares no code with the package.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.schedules import Schedule, State
from lamplighter.schedules.calendars import compile_calendar
from lamplighter.schedules.compiler import compile_period, compile_schedule
from lamplighter.schedules.definitions import CalendarDefinition, PeriodDefinition, ScheduleDefinition

Event = tuple[datetime, datetime]
"""Aware ends are instants; naive ends are on the wall clock of the zone that asks."""

Ends = Literal["both", "begin", "end", "day"]
Otherwise = Literal["running", "stopped", "any"] | None


@dataclass(frozen=True)
class Days:
    """A calendar: listed days, and events of an iCalendar file."""

    name: str
    days: tuple[date, ...]
    events: tuple[Event, ...]

    def ical(self) -> str:
        def line(name: str, at: date) -> str:
            if not isinstance(at, datetime):
                return f"{name};VALUE=DATE:{at:%Y%m%d}"
            return f"{name}:{at:%Y%m%dT%H%M%S}{'Z' if at.tzinfo else ''}"

        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN"]
        for n, (begin, end) in enumerate(self.events):
            lines += ["BEGIN:VEVENT", f"UID:{n}@tests", "DTSTAMP:20260101T000000Z"]
            lines += [line("DTSTART", begin), line("DTEND", end), "END:VEVENT"]
        return "\r\n".join([*lines, "END:VCALENDAR", ""])

    def instants(self, zone: str) -> list[Event]:
        return [(_instant(b, zone), _instant(e, zone)) for b, e in self.events]

    def touches(self, day: date, zone: str) -> bool:
        ends = [(begin, end - timedelta(seconds=1)) for begin, end in self.instants(zone)]
        local = [[at.astimezone(ZoneInfo(zone)).date() for at in pair] for pair in ends]
        return day in self.days or any(first <= day <= last for first, last in local)


def _instant(at: datetime, zone: str) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


@dataclass(frozen=True)
class Period:
    """A period; `spans` are (begin, end) in minutes from the midnight of its day, `ends` says which are written."""

    name: str
    kind: str | None = None
    stops: bool = False
    zone: str | None = None
    ends: Ends = "day"
    spans: tuple[tuple[int, int], ...] = ()
    weekly: tuple[tuple[int, int, int], ...] = ()
    days: str = "every"
    dates: tuple[tuple[date, date], ...] = ()
    only_on: tuple[Days, ...] = ()
    not_on: tuple[Days, ...] = ()


@dataclass(frozen=True)
class Case:
    """A schedule with all that it names."""

    zone: str
    periods: tuple[Period, ...]
    opens: tuple[Days, ...] = ()
    closes: tuple[Days, ...] = ()
    otherwise: Otherwise = None
    calendars: tuple[Days, ...] = ()


# --- the oracle -------------------------------------------------------------------------------------------

OPEN, CLOSED, RUN, ANY, ENDED, NOTHING = 5, 4, 3, 2, 1, 0


class Claim(NamedTuple):
    """What speaks at a wall time; the greatest decides. `began` is a wall time, None without a begin."""

    rank: int
    has_begin: bool
    began: datetime
    order: int


DAY_RULES: Mapping[str, tuple[dict[str, str], Callable[[date], bool]]] = {
    "every": ({}, lambda _: True),
    "week": ({"weekdays": "mon-fri"}, lambda d: d.weekday() < 5),
    "weekend": ({"weekdays": "sat,sun"}, lambda d: d.weekday() > 4),
    "sunday": ({"weekdays": "L"}, lambda d: d.weekday() == 6),
    "last friday": (
        {"weekdays": "friL"},
        lambda d: d.weekday() == 4 and d.day + 7 > monthrange(d.year, d.month)[1],
    ),
    "first half": ({"monthdays": "1-15"}, lambda d: d.day <= 15),
    "last of winter": (
        {"monthdays": "L", "months": "nov-feb"},
        lambda d: d.day == monthrange(d.year, d.month)[1] and d.month in (11, 12, 1, 2),
    ),
}
EARLY = datetime(1, 1, 1)  # noqa: DTZ001 - a wall time


def answer_at(case: Case, instant: datetime) -> tuple[str, str | None, str | None]:
    """State, period or calendar, and instance type at an aware instant."""
    names = [(p.name, p.kind) for p in case.periods] + [(c.name, None) for c in (*case.opens, *case.closes)]
    best = Claim(NOTHING, False, EARLY, 0)
    for zone in {case.zone, *(p.zone for p in case.periods if p.zone)}:
        wall = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        claim = _on_wall(case, zone, wall)
        if claim.rank in (NOTHING, ENDED) and _bridges(case):
            before, after = (_on_wall(case, zone, wall + timedelta(minutes=by)) for by in (-1, 1))
            if {before.rank, after.rank} <= {RUN, OPEN}:
                claim = after
        if claim.has_begin:  # clocks of different zones are compared in UTC, by the offset of now
            claim = claim._replace(began=instant.replace(tzinfo=None) - (wall - claim.began))
        best = max(best, claim)
    for order, rank, calendar in _calendars(case):
        if any(begin <= instant < end for begin, end in calendar.instants(case.zone)):
            best = max(best, Claim(rank, False, EARLY, -order))
    name, kind = names[-best.order] if names else ("", None)
    if best.rank == NOTHING:
        return _otherwise(case), None, None
    return {
        OPEN: ("running", name, None),
        CLOSED: ("stopped", name, None),
        RUN: ("running", name, kind),
        ANY: ("any", None, None),
        ENDED: ("stopped", None, None),
    }[best.rank]


def _on_wall(case: Case, zone: str, wall: datetime) -> Claim:
    found = [Claim(NOTHING, False, EARLY, 0)]
    for order, period in enumerate(case.periods):
        if (period.zone or case.zone) != zone:
            continue
        for back in range(9):
            midnight = datetime.combine(wall.date() - timedelta(days=back), datetime.min.time())
            for begin, end, rank, has_begin in _spans(period, midnight.date(), zone):
                start = midnight + timedelta(minutes=begin)
                if start <= wall < midnight + timedelta(minutes=end):
                    found.append(Claim(rank, has_begin, start if has_begin else EARLY, -order))
    if zone == case.zone:
        found += [Claim(rank, False, EARLY, -n) for n, rank, c in _calendars(case) if wall.date() in c.days]
    return max(found)


def _spans(period: Period, day: date, zone: str) -> Iterator[tuple[int, int, int, bool]]:
    if not DAY_RULES[period.days][1](day):
        return
    if period.dates and not any(first <= day <= last for first, last in period.dates):
        return
    if not all(c.touches(day, zone) for c in period.only_on) or any(c.touches(day, zone) for c in period.not_on):
        return
    lit = CLOSED if period.stops else RUN
    for begin, end in period.spans:
        if period.ends == "begin":
            yield from ((0, begin, ANY, False), (begin, 1440, RUN, True))
        elif period.ends == "end":
            yield from ((0, end, ANY, False), (end, 1440, ENDED, False))
        else:
            yield begin, end if end > begin else end + 1440, lit, True
    for weekday, begin, length in period.weekly:
        if day.weekday() == weekday:
            yield begin, begin + length, lit, True
    if period.ends == "day" and not period.weekly:
        yield 0, 1440, lit, False


def _calendars(case: Case) -> list[tuple[int, int, Days]]:
    both = [*((OPEN, c) for c in case.opens), *((CLOSED, c) for c in case.closes)]
    return [(len(case.periods) + n, rank, calendar) for n, (rank, calendar) in enumerate(both)]


def _otherwise(case: Case) -> str:
    only_stops = all(p.stops for p in case.periods) if case.periods else bool(case.closes)
    return case.otherwise or ("running" if only_stops else "stopped")


def _bridges(case: Case) -> bool:
    return _otherwise(case) == "stopped" and sum(max(1, len(p.spans) + len(p.weekly)) for p in case.periods) > 1


# --- random definitions -----------------------------------------------------------------------------------

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana")
CHANGES = ("2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-10-04", "2026-02-28")
NEAR = st.builds(
    lambda text, by: date.fromisoformat(text) + timedelta(days=by), st.sampled_from(CHANGES), st.integers(-3, 3)
)
MINUTE = st.one_of(st.integers(0, 1439), st.sampled_from([0, 1, 60, 120, 150, 180, 541, 540, 1439]))
SPANS = st.lists(
    st.tuples(MINUTE, st.one_of(MINUTE, st.just(1440))).filter(lambda s: s[0] != s[1]), min_size=1, max_size=3
)
WEEKLY = st.lists(
    st.tuples(st.integers(0, 6), MINUTE, st.one_of(st.integers(1, 3000), st.integers(1, 10079))), max_size=2
)


@st.composite
def events(draw: st.DrawFn) -> Event:
    start = datetime.combine(draw(NEAR), datetime.min.time()) + timedelta(minutes=draw(MINUTE))
    end = start + timedelta(minutes=draw(st.sampled_from([1, 30, 60, 61, 600, 1440, 4000])))
    if draw(st.booleans()):
        return start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
    return start, end


@st.composite
def calendars(draw: st.DrawFn, name: str) -> Days:
    days = draw(st.lists(NEAR, max_size=4, unique=True))
    return Days(name, tuple(days), tuple(draw(st.lists(events(), min_size=0 if days else 1, max_size=3))))


@st.composite
def periods(draw: st.DrawFn, name: str, known: tuple[Days, ...]) -> Period:
    stops = draw(st.sampled_from([False, False, False, True]))
    ends: Ends = draw(st.sampled_from(["both", "both", "day"] if stops else ["both", "both", "day", "begin", "end"]))
    spans = () if ends == "day" else tuple(draw(SPANS))[: None if ends == "both" else 1]
    if ends in ("begin", "end"):
        spans = tuple((b, e % 1440) for b, e in spans)
    weekly = tuple(draw(WEEKLY)) if ends == "day" else ()
    plain = draw(st.sampled_from(list(DAY_RULES))) if not weekly else draw(st.sampled_from(["every", "first half"]))
    first = st.tuples(NEAR, st.integers(0, 30)).map(lambda at: (at[0], at[0] + timedelta(days=at[1])))
    some = st.lists(st.sampled_from(known), max_size=1, unique=True).map(tuple)
    return Period(
        name,
        None if stops else draw(st.sampled_from([None, None, "t3.large"])),
        stops,
        draw(st.sampled_from([None, None, None, *ZONES])),
        ends,
        spans,
        weekly,
        plain,
        tuple(draw(st.lists(first, max_size=2))) if draw(st.integers(1, 4)) == 1 else (),
        draw(some) if draw(st.integers(1, 4)) == 1 else (),
        draw(some) if draw(st.integers(1, 4)) == 1 else (),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    known = (draw(calendars("north")), draw(calendars("south")))
    found = tuple(draw(periods(name, known)) for name in ("a", "b", "c", "d")[: draw(st.integers(0, 4))])
    some = st.lists(st.sampled_from(known), max_size=2, unique=True).map(tuple)
    opens, closes = draw(some) if draw(st.booleans()) else (), draw(some) if draw(st.booleans()) else ()
    spoken: list[Otherwise] = ["running", "stopped", "any"]
    silent = not (found or opens or closes)
    otherwise = draw(st.sampled_from(spoken if silent else [None, None, None, *spoken]))
    return Case(draw(st.sampled_from(ZONES)), found, opens, closes, otherwise, known)


@st.composite
def instants(draw: st.DrawFn, case: Case) -> datetime:
    """An aware instant, often at an end of a span or event, or where a clock changes."""
    minutes = [m for p in case.periods for span in (*p.spans, *((b, b + n) for _, b, n in p.weekly)) for m in span]
    zone = draw(st.sampled_from([case.zone, *(p.zone for p in case.periods if p.zone)]))
    ends = [end for c in case.calendars for event in c.events for end in event]
    nudge = timedelta(seconds=draw(st.sampled_from([0, 0, 1, -1, 30, -60, 60, 3600, -3600])))
    if ends and draw(st.integers(1, 4)) == 1:
        return _instant(draw(st.sampled_from(ends)), zone) + nudge
    at = draw(st.one_of(st.sampled_from([*minutes, 0, 120]), MINUTE)) % 1440
    wall = datetime.combine(draw(NEAR), datetime.min.time(), ZoneInfo(zone)) + timedelta(minutes=at)
    return wall.replace(fold=draw(st.integers(0, 1))).astimezone(UTC) + nudge


@st.composite
def situations(draw: st.DrawFn, count: int) -> tuple[Case, list[datetime]]:
    case = draw(cases())
    return case, draw(st.lists(instants(case), min_size=count, max_size=count))


# --- the same, compiled -----------------------------------------------------------------------------------


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _fields(period: Period) -> dict[str, object]:
    fields: dict[str, object] = {"state": "stopped" if period.stops else "running", "timezone": period.zone}
    fields |= DAY_RULES[period.days][0]
    fields["dates"] = [f"{first}..{last}" for first, last in period.dates]
    fields["only_on"], fields["not_on"] = [c.name for c in period.only_on], [c.name for c in period.not_on]
    if period.ends == "both" and len(period.spans) > 1:
        fields["times"] = ", ".join(f"{_time(b)}-{_time(e)}" for b, e in period.spans)
    for begin, end in period.spans[:1] if "times" not in fields else ():
        fields |= {"begintime": _time(begin)} if period.ends in ("both", "begin") else {}
        fields |= {"endtime": _time(end)} if period.ends in ("both", "end") else {}
    names = ("mon", "Tue", "wednesday", "thu", "fri", "SAT", "sun")
    fields["weekly"] = [
        f"{names[day]} {_time(begin)} - {names[(day + (begin + n) // 1440) % 7]} {_time((begin + n) % 1440)}"
        for day, begin, n in period.weekly
    ]
    return fields


def compiled(case: Case) -> Schedule:
    known = {}
    for calendar in case.calendars:
        given = CalendarDefinition(ical="x.ics", dates=tuple(day.isoformat() for day in calendar.days))
        known[calendar.name] = compile_calendar(calendar.name, given, lambda _, c=calendar: c.ical())  # type: ignore[misc]
    found = {p.name: compile_period(p.name, PeriodDefinition.model_validate(_fields(p)), known) for p in case.periods}
    definition = ScheduleDefinition(
        timezone=case.zone,
        periods=tuple(f"{p.name}@{p.kind}" if p.kind else p.name for p in case.periods),
        open=tuple(c.name for c in case.opens),
        closed=tuple(c.name for c in case.closes),
        otherwise=case.otherwise,
    )
    return compile_schedule("s", definition, found, known)


def check(situation: tuple[Case, list[datetime]]) -> None:
    case, moments = situation
    schedule = compiled(case)
    for moment in moments:
        got = schedule.state_at(moment)
        assert (got.state.value, got.period, got.instance_type) == answer_at(case, moment), moment.isoformat()


def check_timeline(situation: tuple[Case, list[datetime]]) -> None:
    """What must hold for every timeline, on a stretch between three of the moments."""
    case, moments = situation
    start, middle, end = sorted(moments)[:3]
    middle, end = middle + timedelta(seconds=17), max(end, start + timedelta(days=1)) + timedelta(seconds=90)
    if end - start > timedelta(days=40):
        end = max(middle, start) + timedelta(days=2)
    middle = min(middle, end - timedelta(seconds=1))
    schedule = compiled(case)
    whole = schedule.timeline(start, end)

    assert (whole.starts[0], whole.end) == (int(start.timestamp()), int(end.timestamp()))
    assert all(a < b for a, b in pairwise((*whole.starts, whole.end)))
    assert all(a != b for a, b in pairwise(whole.values))
    for at in {s for begin in whole.starts for s in (begin, max(begin - 1, whole.start))}:
        assert schedule.state_at(datetime.fromtimestamp(at, UTC)) == whole.at(at)

    changes = {int(t.at.timestamp()): (t.before, t.now) for t in schedule.transitions(start, end)}
    for at, (before, now) in changes.items():
        assert (before, now) == (whole.at(at - 1), whole.at(at))
        assert (before.state, before.instance_type) != (now.state, now.instance_type)
    quiet = [at for at in whole.starts[1:] if at not in changes]
    assert all(whole.at(at).state is whole.at(at - 1).state for at in quiet)

    left, right = schedule.timeline(start, middle), schedule.timeline(middle, end)
    seam = right.starts[1:] if left.values[-1] == right.values[0] else right.starts
    assert (*left.starts, *seam) == whole.starts
    for state in State:
        assert left.seconds(state) + right.seconds(state) == whole.seconds(state)
    assert sum(whole.seconds(state) for state in State) == whole.end - whole.start


QUIET = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@settings(QUIET, max_examples=70)
@given(situations(8))
def test_compiled_schedules_say_what_their_definitions_say(situation: tuple[Case, list[datetime]]) -> None:
    check(situation)


@settings(QUIET, max_examples=60)
@given(situations(3))
def test_timelines_hold_together(situation: tuple[Case, list[datetime]]) -> None:
    check_timeline(situation)


@pytest.mark.slow
@settings(QUIET, max_examples=1000)
@given(situations(12))
def test_compiled_schedules_say_what_their_definitions_say_over_many(situation: tuple[Case, list[datetime]]) -> None:
    check(situation)
    check_timeline(situation)
