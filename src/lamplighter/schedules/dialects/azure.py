"""The tag `AutoShutdownSchedule` of the Azure runbook: when to be out, `10pm->6am, Saturday, Sunday, December 25`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from lamplighter.schedules.clock_times import DAY
from lamplighter.schedules.days import MONTHS, WEEKDAYS, GrammarError
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.day_words import clock
from lamplighter.schedules.dialects.moments import dated_periods
from lamplighter.schedules.dialects.translation import (
    Dialect,
    Inexpressible,
    Translation,
    Word,
    Written,
    lost_fields,
    rejected,
    translated,
)
from lamplighter.schedules.dialects.week import Week, times_fields, week_of

_TIME = re.compile(r"(\d{1,2})(?::(\d\d))?(?::(\d\d))?\s*([ap]m)?", re.IGNORECASE)
_DAY_OF_YEAR = re.compile(r"([a-z]{3,9})\.?\s+(\d{1,2})|(\d{1,2})\s+([a-z]{3,9})\.?", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d)?")
_MONTH_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LEVEL = (
    "the runbook undoes starts and stops by hand at its next run; add `enforced: true` to keep that, by default they "
    "last until the next change of state"
)
_NEVER_STARTS = "a time alone stops and never starts; the stop holds until midnight, then nothing is done"
_UTC = ("UTC", "Etc/UTC", "GMT", "Etc/GMT", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal")


def read(name: str, text: str, *, default_timezone: str = "UTC") -> Translation:
    """Read the tag; `default_timezone` is the zone of the runbook, which is UTC unless somebody changed it."""
    entries = _entries(text)
    schedule = ScheduleDefinition(timezone=default_timezone)
    if len(entries) == 1 and _TIME.fullmatch(entries[0].text) and "->" not in text:
        try:
            at, _ = _time(entries[0])
        except GrammarError as error:
            return rejected(name, [error])
        alone = PeriodDefinition(endtime=clock(at))
        return translated(name, schedule.model_copy(update={"otherwise": "any"}), [(alone, None)], [_NEVER_STARTS])
    errors: list[GrammarError] = []
    periods: list[PeriodDefinition] = []
    weekdays: list[str] = []
    notes: list[str] = []
    for entry in entries:
        try:
            day = _weekday(entry.text)
            if day:
                weekdays.append(day)
            else:
                periods += _stops(entry, notes)
        except GrammarError as error:
            errors.append(error)
    if errors:
        return rejected(name, errors)
    if weekdays:
        periods.append(PeriodDefinition(state="stopped", weekdays=tuple(dict.fromkeys(weekdays))))
    return translated(name, schedule, [(period, None) for period in periods], [*notes, _LEVEL])


def _entries(text: str) -> list[Word]:
    found, at = [], 0
    for part in text.split(","):
        found.append(Word(part.strip(), at + len(part) - len(part.lstrip())))
        at += len(part) + 1
    return found


def _weekday(text: str) -> str | None:
    lower = text.lower()
    return next((day[:3] for day in WEEKDAYS if len(lower) > 2 and day.startswith(lower)), None)


def _stops(entry: Word, notes: list[str]) -> list[PeriodDefinition]:
    """Stop periods of a range or a date."""
    left, arrow, right = entry.text.partition("->")
    if arrow:
        after = entry.position + len(left) + 2 + len(right) - len(right.lstrip())
        ends = (Word(left.rstrip(), entry.position), Word(right.strip(), after))
        if all(_MOMENT.fullmatch(end.text) for end in ends):
            begin, end = (_moment(word) for word in ends)
            if end <= begin:
                raise GrammarError(f"{entry.text!r} ends before it begins", entry.position, "the earlier comes first")
            return dated_periods(begin, end, state="stopped")
        return [_range(ends[0], ends[1], notes)]
    if _MOMENT.fullmatch(entry.text) and len(entry.text) == 10:
        return [PeriodDefinition(state="stopped", dates=(_moment(entry).date().isoformat(),))]
    found = _DAY_OF_YEAR.fullmatch(entry.text)
    if found is None:
        hint = "write 10pm->6am, a weekday, or a day such as December 25; a time alone must be the only entry"
        raise GrammarError(f"{entry.text!r} is not known", entry.position, hint)
    word, number = found[1] or found[4], int(found[2] or found[3])
    month = next((index for index, name in enumerate(MONTHS) if name.startswith(word.lower())), None)
    if month is None or not 1 <= number <= _MONTH_LENGTHS[month]:
        raise GrammarError(f"{entry.text!r} is not a day of the year", entry.position, "write for example December 25")
    return [PeriodDefinition(state="stopped", months=(MONTHS[month][:3],), monthdays=(str(number),))]


def _moment(word: Word) -> datetime:
    try:
        return datetime.fromisoformat(word.text)
    except ValueError as error:
        raise GrammarError(f"{word.text!r}: {error}", word.position, "write YYYY-MM-DD or YYYY-MM-DD HH:MM") from None


def _range(left: Word, right: Word, notes: list[str]) -> PeriodDefinition:
    (begin, begin_second), (end, end_second) = _time(left), _time(right)
    if begin_second or end_second not in (0, 59):
        notes.append("seconds are not kept: a range begins and ends with a full minute")
    end += 1 if end_second else 0
    if begin == end % DAY and not (begin == 0 and end == DAY):
        raise GrammarError("begin and end are the same time", left.position, "for the whole day write 0:00->23:59:59")
    fields = times_fields(begin, end if end > begin else end + DAY)
    return PeriodDefinition.model_validate({"state": "stopped", **fields})


def _time(word: Word) -> tuple[int, int]:
    """Minutes after midnight, and seconds."""
    found = _TIME.fullmatch(word.text)
    if found is None or not (found[2] or found[4]):
        raise GrammarError(f"{word.text!r} is not a time", word.position, "write 22:00 or 10pm")
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if minute > 59 or second > 59 or (not 1 <= hour <= 12 if found[4] else hour > 23):
        hint = "1am to 12pm" if found[4] else "0:00 to 23:59; midnight is 0:00, the end of the day 23:59:59"
        raise GrammarError(f"{word.text!r} is not a time of the day", word.position, hint)
    if found[4]:
        hour = hour % 12 + (12 if found[4].lower() == "pm" else 0)
    return hour * 60 + minute, second


def write(
    schedule: ScheduleDefinition, periods: Mapping[str, PeriodDefinition], *, default_timezone: str = "UTC"
) -> Written:
    """The tag of a schedule in UTC whose days are alike, but for those that it is out all day."""
    own = {text.partition("@")[0] for text in schedule.periods}
    yearly = {name: day for name in own if name in periods and (day := _day_of_year(periods[name]))}
    rest = tuple(text for text in schedule.periods if text.partition("@")[0] not in yearly)
    only_stops = bool(own) and all(periods[name].state == "stopped" for name in own if name in periods)
    otherwise = schedule.otherwise or ("running" if only_stops else "stopped")
    plain = schedule.model_copy(update={"periods": rest, "otherwise": otherwise})
    try:
        week = week_of(plain, periods, default_timezone=default_timezone)
        entries = _week_entries(week)
    except Inexpressible as error:
        return Written(None, (str(error),))
    listed = [] if schedule.override_status else [text.partition("@")[0] for text in schedule.periods]
    entries += dict.fromkeys(yearly[name] for name in listed if name in yearly)
    if not entries:
        return Written(None, ("what always runs needs no tag",))
    return Written(", ".join(entries), (_LEVEL, *lost_fields(schedule)))


def _day_of_year(period: PeriodDefinition) -> str | None:
    """`December 25` for a stop period that is that day and no more."""
    if len(period.months) != 1 or len(period.monthdays) != 1:
        return None
    expected = PeriodDefinition(state="stopped", months=period.months, monthdays=period.monthdays)
    month = next((name for name in MONTHS if period.months[0].lower() in (name, name[:3])), None)
    if (
        month is None
        or not period.monthdays[0].isdecimal()
        or period.model_copy(update={"description": ""}) != expected
    ):
        return None
    return f"{month.title()} {period.monthdays[0]}"


def _week_entries(week: Week) -> list[str]:
    """Ranges of every day, and the weekdays that are out all day."""
    if week.zone not in _UTC and not (week.always or not week.lit):
        raise Inexpressible(
            f"the runbook's times are UTC, not {week.zone}", "its times in UTC, wrong by the summer hour"
        )
    days: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for begin, end in week.out:
        while begin < end:
            upto = min(end, (begin // DAY + 1) * DAY)
            days[begin // DAY % 7].append((begin % DAY, begin % DAY + upto - begin))
            begin = upto
    whole = [day for day in range(7) if days[day] == [(0, DAY)]]
    if len(whole) == 7:
        return ["0:00->23:59:59"]
    patterns = {tuple(sorted(days[day])) for day in range(7) if day not in whole}
    if len(patterns) > 1:
        raise Inexpressible("the times differ from day to day", "the same times on all days that are not out")
    return [*_ranges(list(patterns.pop())), *(WEEKDAYS[day].title() for day in whole)]


def _ranges(out: list[tuple[int, int]]) -> list[str]:
    """Ranges of a day; one that ends and one that begins at midnight are one."""
    if len(out) > 1 and out[0][0] == 0 and out[-1][1] == DAY:
        out = [*out[1:-1], (out[-1][0], out[0][1])]
    return [f"{clock(begin)}->{clock(end % DAY)}" for begin, end in out]


DIALECT = Dialect(
    name="azure",
    title="AutoShutdownSchedule tag of the Azure runbook",
    source="Automys, Scheduled Virtual Machine Shutdown/Startup (runbook AutoShutdownSchedule)",
    since="0.1",
    example="10pm->6am, Saturday, Sunday, December 25",
    read=read,
    write=write,
)
