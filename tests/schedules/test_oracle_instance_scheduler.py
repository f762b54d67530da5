"""Compiled schedules against the AWS Instance Scheduler's rules, evaluated by hand one instant at a time.

The oracle below is written from the rules (period at a local wall time, schedule at an instant,
day grammar) and shares no code with the package.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.schedules import Schedule, load_instance_scheduler

Fields = Mapping[str, str | list[str]]
"""The fields of a period item, without type and name."""

Answer = tuple[str, str | None, str | None]
"""State, period, instance type."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = tuple(date(2000, n, 1).strftime("%B").lower() for n in range(1, 13))
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Case:
    """One schedule and its periods: in list order, (name, instance type, fields)."""

    zone: str
    periods: tuple[tuple[str, str | None, Fields], ...]
    override: str | None = None
    typed: bool = False

    def items(self) -> list[dict[str, object]]:
        """The config-table items, plain or with DynamoDB's type markers."""
        found: list[dict[str, object]] = [{"type": "period", "name": n, **fields} for n, _, fields in self.periods]
        schedule: dict[str, object] = {"type": "schedule", "name": "s", "timezone": self.zone}
        if self.periods:
            schedule["periods"] = [f"{n}@{kind}" if kind else n for n, kind, _ in self.periods]
        if self.override:
            schedule["override_status"] = self.override
        found.insert(0, schedule)
        return [_with_markers(item) for item in found] if self.typed else found

    def ordered(self) -> list[tuple[str, str | None, Fields]]:
        """Periods in the order in which a reader sees them; a string set is read sorted."""
        key = {name: f"{name}@{kind}" if kind else name for name, kind, _ in self.periods}
        return sorted(self.periods, key=lambda p: key[p[0]]) if self.typed else list(self.periods)


def _with_markers(item: Mapping[str, object]) -> dict[str, object]:
    marked: dict[str, object] = {}
    for key, value in item.items():
        if isinstance(value, list):
            marked[key] = {"SS": list(value)}
        else:
            marked[key] = {"SS": [value]} if key in ("weekdays", "monthdays", "months") else {"S": value}
    return marked


# --- the oracle -------------------------------------------------------------------------------------------


def answer_at(case: Case, instant: datetime) -> Answer:
    """State, authoritative period and instance type at an aware instant."""
    wall = instant.astimezone(ZoneInfo(case.zone)).replace(tzinfo=None, microsecond=0)
    now = _answer_on(case, wall)
    if now[0] == "stopped" and len(case.periods) > 1:
        before, after = _answer_on(case, wall - MINUTE), _answer_on(case, wall + MINUTE)
        if before[0] == after[0] == "running":
            return after
    return now


def _answer_on(case: Case, wall: datetime) -> Answer:
    if case.override:
        return case.override.lower(), "override_status", None
    found = [(_period_state(fields, wall), name, kind, fields) for name, kind, fields in case.ordered()]
    on = [(name, kind, fields) for state, name, kind, fields in found if state == "running"]
    if on:
        begins = [_clock(fields.get("begintime")) for _, _, fields in on]
        best = 0
        for index, begin in enumerate(begins):
            best_begin = begins[best]
            if begin is not None and (best_begin is None or begin > best_begin):
                best = index
        return "running", on[best][0], on[best][1]
    return ("any" if any(state == "any" for state, *_ in found) else "stopped"), None, None


def _period_state(fields: Fields, wall: datetime) -> str:
    if not _day_matches(fields, wall.date()):
        return "stopped"
    now, begin, end = wall.time(), _clock(fields.get("begintime")), _clock(fields.get("endtime"))
    if begin is None and end is None:
        return "running"
    if begin is None:
        assert end is not None
        return "stopped" if now >= end else "any"
    if end is None:
        return "running" if now >= begin else "any"
    return "running" if begin <= now < end else "stopped"


def _clock(text: object) -> time | None:
    if text is None:
        return None
    hours, minutes = str(text).split(":")
    return time(int(hours), int(minutes))


def _day_matches(fields: Fields, day: date) -> bool:
    weekdays, monthdays, months = (_tokens(fields.get(f)) for f in ("weekdays", "monthdays", "months"))
    year, month, length = day.year, day.month, monthrange(day.year, day.month)[1]
    if months is not None and not any(month in _walk(t, 1, 12, MONTHS) for t in months):
        return False
    if weekdays is not None and not any(day.day in _weekday_days(t, year, month, length) for t in weekdays):
        return False
    return monthdays is None or any(day.day in _monthdays(t, year, month, length) for t in monthdays)


def _tokens(value: str | list[str] | None) -> list[str] | None:
    if value is None:
        return None
    return [part.strip().lower() for text in ([value] if isinstance(value, str) else value) for part in text.split(",")]


def _weekday_days(token: str, year: int, month: int, length: int) -> list[int]:
    def on(weekday: int) -> list[int]:
        return [d for d in range(1, length + 1) if date(year, month, d).weekday() == weekday]

    if token == "l":
        return on(6)
    if "#" in token:
        name, count = token.split("#")
        return on(_walk(name, 0, 6, WEEKDAYS)[0])[int(count) - 1 : int(count)]
    if token.endswith("l"):
        return on(_walk(token[:-1], 0, 6, WEEKDAYS)[0])[-1:]
    return [d for weekday in _walk(token, 0, 6, WEEKDAYS) for d in on(weekday)]


def _monthdays(token: str, year: int, month: int, length: int) -> list[int]:
    if token == "l":
        return [length]
    if token.endswith("w"):
        wanted = int(token[:-1])
        working = [d for d in range(1, length + 1) if date(year, month, d).weekday() < 5]
        return sorted(working, key=lambda d: abs(d - wanted))[:1] if wanted <= length else []
    if re.match(r"\d+ *- *l", token):
        if int(token.partition("-")[0]) > length:
            return []
        return _walk(re.sub(r"- *l", f"-{length}", token), 1, length, ())
    return [d for d in _walk(token, 1, 31, ()) if d <= length]


def _walk(token: str, first: int, last: int, names: Sequence[str]) -> list[int]:
    """Walk the circle first..last from `a` to `b` and keep every `s`-th value of `a-b/s`."""
    if token in ("*", "?"):
        return list(range(first, last + 1))
    span, slash, step = token.partition("/")
    low, dash, high = (part.strip() for part in span.partition("-"))

    def value(text: str) -> int:
        return int(text) if text.isdigit() else first + [name[: len(text)] for name in names].index(text)

    at, stop = value(low), value(high) if dash else last if slash else value(low)
    found, walked = [at], 0
    while at != stop:
        at, walked = (first if at == last else at + 1), walked + 1
        if walked % int(step or 1) == 0:
            found.append(at)
    return found


# --- random definitions -----------------------------------------------------------------------------------

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Europe/London",
    "Africa/Cairo",
    "America/Havana",
    "Antarctica/Troll",
)
DAYS = tuple(
    date.fromisoformat(text)
    for text in (
        *("2026-03-29", "2026-10-25"),  # Berlin, London
        *("2026-03-08", "2026-11-01"),  # New York, Havana
        *("2026-04-05", "2026-10-04"),  # Lord Howe, half an hour
        *("2026-02-15", "2026-03-22"),  # Casablanca, around Ramadan
        *("2026-04-24", "2026-10-29", "2026-10-30"),  # Cairo, at midnight
        *("2011-12-29", "2011-12-30", "2011-12-31"),  # Apia skips the 30th
        *("2017-10-14", "2017-10-15", "2018-02-17", "2018-11-04"),  # Sao Paulo, at midnight
        *("2024-02-28", "2024-02-29", "2024-03-01", "2026-02-28", "2028-02-29"),
        *("2025-12-31", "2026-01-01", "2026-04-30", "2026-05-01", "2026-05-31"),
    )
)


def _spelled(names: Sequence[str], first: int) -> st.SearchStrategy[str]:
    forms = [form for n, name in enumerate(names) for form in (str(first + n), name[:3], name, name[:3].upper())]
    return st.sampled_from(forms)


WEEKDAY, MONTH = _spelled(WEEKDAYS, 0), _spelled(MONTHS, 1)
MONTHDAY = st.one_of(st.integers(1, 31), st.sampled_from([1, 15, 28, 29, 30, 31])).map(str)
STEP = st.one_of(st.integers(1, 4), st.integers(1, 40)).map(str)
DASH = st.sampled_from(["-", "-", " - ", "- "])


def _joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


def _ranges(value: st.SearchStrategy[str]) -> list[st.SearchStrategy[str]]:
    slash = st.just("/")
    return [
        value,
        st.sampled_from(["*", "?"]),
        _joined(value, DASH, value),
        _joined(value, slash, STEP),
        _joined(value, DASH, value, slash, STEP),
    ]


def _upwards(token: str) -> str:
    """The same token with the ends of a day-of-month range in order, because these do not wrap."""
    ends = re.fullmatch(r"(\d+)( *- *)(\d+)(/\d+)?", token)
    if not ends or int(ends[1]) <= int(ends[3]):
        return token
    return f"{ends[3]}{ends[2]}{ends[1]}{ends[4] or ''}"


WEEKDAY_TOKEN = st.one_of(
    *_ranges(WEEKDAY),
    st.just("L"),
    _joined(WEEKDAY, st.sampled_from(["#1", "#2", "#3", "#4", "#5"])),
    _joined(WEEKDAY, st.sampled_from(["L", "l"])),
)
MONTHDAY_TOKEN = st.one_of(
    *(ranges.map(_upwards) for ranges in _ranges(MONTHDAY)),
    st.sampled_from(["L", "l"]),
    _joined(MONTHDAY, DASH, st.sampled_from(["L", "l"]), st.sampled_from(["", "/2", "/10"])),
    _joined(MONTHDAY, st.sampled_from(["W", "w"])),
)
MONTH_TOKEN = st.one_of(*_ranges(MONTH))


def _field(token: st.SearchStrategy[str]) -> st.SearchStrategy[str | list[str]]:
    tokens = st.lists(token, min_size=1, max_size=3, unique=True)
    return st.one_of(tokens, tokens.map(", ".join))


def _time_text(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}" if minutes % 7 == 0 else f"{minutes // 60:02}:{minutes % 60:02}"


DAY_FIELDS = (("weekdays", WEEKDAY_TOKEN, 2), ("monthdays", MONTHDAY_TOKEN, 4), ("months", MONTH_TOKEN, 5))
MINUTE_OF_DAY = st.one_of(st.integers(0, 1439), st.sampled_from([0, 1, 60, 120, 121, 180, 1438, 1439]))


@st.composite
def day_fields(draw: st.DrawFn) -> dict[str, str | list[str]]:
    return {name: draw(_field(token)) for name, token, share in DAY_FIELDS if draw(st.integers(1, share)) == 1}


@st.composite
def lone_periods(draw: st.DrawFn) -> dict[str, str | list[str]]:
    shape: Literal["both", "begin", "end", "day"] = draw(st.sampled_from(["both", "both", "begin", "end", "day"]))
    fields = draw(day_fields())
    if shape == "both":
        begin, end = sorted(draw(st.lists(MINUTE_OF_DAY, min_size=2, max_size=2, unique=True)))
        fields |= {"begintime": _time_text(begin), "endtime": _time_text(end)}
    elif shape != "day":
        fields[f"{shape}time"] = _time_text(draw(MINUTE_OF_DAY))
    return fields or {"weekdays": draw(_field(WEEKDAY_TOKEN))}


@st.composite
def chains(draw: st.DrawFn) -> list[dict[str, str | list[str]]]:
    """Periods one behind the other, with gaps of zero to two minutes, perhaps round midnight."""
    days = draw(st.one_of(st.just({}), day_fields()))
    cuts = sorted(draw(st.lists(st.integers(1, 477).map(lambda n: n * 3), min_size=2, max_size=4, unique=True)))
    if draw(st.booleans()):
        cuts = [0, *cuts, 1439]
    pairs = list(pairwise(cuts))
    gaps = [draw(st.sampled_from([0, 1, 1, 1, 2])) if begin else 0 for begin, _ in pairs]
    return [
        {**days, "begintime": _time_text(begin + gap), "endtime": _time_text(end)}
        for (begin, end), gap in zip(pairs, gaps, strict=True)
    ]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    fields = draw(st.one_of(st.lists(lone_periods(), min_size=1, max_size=4), chains()))
    names = draw(st.permutations(["a", "b", "c", "d", "e"]))
    kinds = draw(st.lists(st.sampled_from([None, "t3.large", "m5.xlarge"]), min_size=5, max_size=5))
    override = draw(st.sampled_from([None] * 20 + ["running", "Stopped"]))
    found = tuple(zip(names, kinds, fields, strict=False))
    return Case(draw(st.sampled_from(ZONES)), found, override, draw(st.booleans()))


@st.composite
def instants(draw: st.DrawFn, case: Case) -> datetime:
    """An aware instant, often on or beside an end of a period, a midnight or a change of the offset."""
    day = draw(st.one_of(st.sampled_from(DAYS), st.dates(date(2008, 1, 1), date(2037, 12, 31))))
    ends = [_clock(fields.get(f)) for _, _, fields in case.periods for f in ("begintime", "endtime")]
    special = [at for at in ends if at is not None] + [time(0), time(2), time(3)]
    at = draw(st.one_of(st.sampled_from(special), st.times()))
    nudge = draw(st.sampled_from([0, -1, 1, -60, 60, -61, 59, -120, 119, 1800, 3600, -3600]))
    wall = datetime.combine(day, at.replace(tzinfo=None), ZoneInfo(case.zone)).replace(fold=draw(st.integers(0, 1)))
    return wall.astimezone(UTC) + timedelta(seconds=nudge)


@st.composite
def situations(draw: st.DrawFn, count: int) -> tuple[Case, list[datetime]]:
    case = draw(cases())
    return case, draw(st.lists(instants(case), min_size=count, max_size=count))


def compiled(case: Case) -> Schedule:
    imported = load_instance_scheduler(case.items())
    assert imported.errors == {}
    return imported.schedules["s"]


def check(situation: tuple[Case, list[datetime]]) -> None:
    """Answers of the compiled schedule equal the oracle's, from a block and from a timeline of its own."""
    case, moments = situation
    schedule = compiled(case)
    for moment in moments:
        want = answer_at(case, moment)
        got = schedule.state_at(moment)
        assert (got.state.value, got.period, got.instance_type) == want, moment.isoformat()
        alone = schedule.timeline(moment - timedelta(seconds=1), moment + timedelta(seconds=2)).at(moment)
        assert alone == got, moment.isoformat()


QUIET = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@settings(QUIET, max_examples=120)
@given(situations(8))
def test_compiled_schedules_follow_the_rules(situation: tuple[Case, list[datetime]]) -> None:
    check(situation)


@pytest.mark.slow
@settings(QUIET, max_examples=1500)
@given(situations(20))
def test_compiled_schedules_follow_the_rules_over_many(situation: tuple[Case, list[datetime]]) -> None:
    check(situation)
