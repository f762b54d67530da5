"""When something is done again and again, as people say it: `every 5 minutes`, `hourly`, `mon-fri at 19:00`.

    text  := "hourly" | "every" [number] unit | [days] "at" times | expression
    unit  := minute(s)  hour(s)  day(s)
    days  := daily  every day  weekdays  weekends  mon-fri  mon,wed
    times := 19:00  |  8:00, 12:00 and 19:00 (with the same minute)
    expression := rate(5 minutes)  cron(0 19 ? * MON-FRI *)  at(2026-12-24T12:00:00), as EventBridge Scheduler has them

A rhythm is for events that happen at a moment. What is to be lit from one time to another is a schedule.
Source: EventBridge Scheduler User Guide, "Schedule types"; crontab(5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from lamplighter.schedules.clock_times import DAY, parse_time
from lamplighter.schedules.days import WEEKDAYS, GrammarError, parse_days
from lamplighter.schedules.dialects.aws_cron import Rate, parse_expression

_EVERY = re.compile(r"every\s+(?:(\d{1,9})\s+)?(minute|hour|day)s?", re.IGNORECASE)
_AT = re.compile(r"(?:(.*?)\s+)?at\s+(.+)", re.IGNORECASE | re.DOTALL)
_PART = re.compile(r"\s*,\s*and\s+|\s*,\s*|\s+and\s+", re.IGNORECASE)
_HOUR: Final = 60
_WEEK: Final = 0b111_1111
_DAYS: Final = {"": "*", "daily": "*", "every day": "*", "weekdays": "mon-fri", "weekends": "sat,sun"}
_HINT: Final = "write for example every 5 minutes, hourly, at 19:00 or mon-fri at 19:00"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A rhythm in the words of those who keep it.

    Attributes:
        expression: of EventBridge Scheduler. A rate counts from when the schedule is made, cron by the wall clock.
        crontab: the five fields of crontab(5); None where they cannot say it, or nobody said it in words.
    """

    expression: str
    crontab: str | None = None


def read_rhythm(text: str) -> Rhythm:
    """Read a rhythm; any case, blanks as you like.

    Raises:
        GrammarError: it is none.
    """
    bare = " ".join(text.split()).lower()
    if bare == "hourly":
        return _rate(_HOUR)
    if every := _EVERY.fullmatch(text.strip()):
        number, unit = every[1] or "1", every[2].lower()
        if int(number) < 1:
            at = text.index(number, text.lower().index("every"))
            raise GrammarError(f"{number!r} is not a whole number from 1", at, _HINT)
        return _rate(int(number) * {"minute": 1, "hour": _HOUR, "day": DAY}[unit])
    if "(" in text or (len(bare.split()) == 6 and "?" in bare):
        return _expression(text)
    if moment := _AT.fullmatch(text):
        return _moment(moment)
    raise GrammarError(f"{text.strip()!r} is no rhythm", 0, _HINT)


def _rate(minutes: int) -> Rhythm:
    for unit, length in (("day", DAY), ("hour", _HOUR), ("minute", 1)):
        if minutes % length == 0:
            number = minutes // length
            return Rhythm(f"rate({number} {unit}{'s' if number > 1 else ''})", _repeated(number, unit))
    raise AssertionError(minutes)


def _repeated(number: int, unit: str) -> str | None:
    """The fields of crontab, which begins anew with each hour, day and month."""
    every = "*" if number == 1 else f"*/{number}"
    if unit == "minute":
        return f"{every} * * * *" if _HOUR % number == 0 else None
    if unit == "hour":
        return f"0 {every} * * *" if 24 % number == 0 else None
    return "0 0 * * *" if number == 1 else None


def _moment(found: re.Match[str]) -> Rhythm:
    days = _weekdays(found[1] or "", found.start(1) if found[1] else 0)
    times, at = [], 0
    for part in _PART.split(found[2]):
        at = found[2].index(part, at)
        try:
            times.append(parse_time(part, latest=DAY - 1))
        except GrammarError as error:
            raise GrammarError(error.message, found.start(2) + at + error.position, error.hint) from None
    minutes = {time % _HOUR for time in times}
    if len(minutes) > 1:
        raise GrammarError("times with other minutes are not one rhythm", 0, "write an event for each")
    hours = ",".join(str(hour) for hour in sorted({time // _HOUR for time in times}))
    when = f"{minutes.pop()} {hours}"
    return Rhythm(f"cron({when} ? * {days} *)" if days else f"cron({when} * * ? *)", f"{when} * * {days or '*'}")


def _weekdays(text: str, offset: int) -> str:
    """`MON-FRI`, `SAT,SUN`; empty for every day."""
    words = _DAYS.get(" ".join(text.split()).lower(), text)
    if words == "*":
        return ""
    try:
        rule = parse_days(weekdays=[words])
    except GrammarError as error:
        raise GrammarError(error.message, offset + error.position, error.hint) from None
    if rule.nth or rule.last:
        raise GrammarError(f"{text!r}: only weekdays go with a time", offset, "write it as cron(0 8 ? * 2#1 *)")
    if rule.weekdays & _WEEK == _WEEK:
        return ""
    # AWS counts the week from Sunday, so a range never reaches over it.
    names = [name[:3].upper() for day, name in enumerate(WEEKDAYS) if rule.weekdays >> day & 1]
    return "MON-FRI" if rule.weekdays & _WEEK == 0b001_1111 else ",".join(names)


def _expression(text: str) -> Rhythm:
    found = parse_expression(text)
    if isinstance(found, Rate):
        return Rhythm(text.strip(), _rate(found.every // timedelta(minutes=1)).crontab)
    return Rhythm(text.strip() if "(" in text else f"cron({text.strip()})")
