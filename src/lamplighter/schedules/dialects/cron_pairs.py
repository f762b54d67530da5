"""A pair of Unix cron lines, one that starts and one that stops; also lines of a crontab as they stand there."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lamplighter.schedules.days import DayRule, GrammarError
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.cron import HOUR, MINUTE, MONTH, MONTHDAY, Cron, CronField, mask, values, words
from lamplighter.schedules.dialects.cron_edges import WeekTimes
from lamplighter.schedules.dialects.day_words import stretches
from lamplighter.schedules.dialects.pairs import Pair, read_pair, translate_pair, write_pair
from lamplighter.schedules.dialects.translation import Dialect, Translation, Word, Written, rejected

_WEEKDAY = CronField(
    "weekday",
    0,
    7,
    {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))},
)
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_STARTS = re.compile(r"\b(start|poweron|power-on|up)\b|[-_]start\b|\bstart[-_]", re.IGNORECASE)
_STOPS = re.compile(r"\b(stop|poweroff|power-off|down|shutdown)\b|[-_]stop\b|\bstop[-_]", re.IGNORECASE)


def parse_cron(text: str, offset: int = 0) -> Cron:
    """Read `minute hour day-of-month month weekday`, or `@daily` and its like.

    A day matches if either day field does when both are restricted, else if both do (crontab(5): a field that begins
    with `*` is not restricted). Weekdays count from 0 (Sunday) to 7 (Sunday again).

    Raises:
        GrammarError: not an expression; `offset` is added to the position.
    """
    found = words(text, offset)
    if len(found) == 1 and found[0].text.lower() in _MACROS:
        return parse_cron(_MACROS[found[0].text.lower()])
    if len(found) != 5:
        at = found[0].position if found else offset
        raise GrammarError(
            f"{len(found)} fields instead of 5", at, "minute hour day-of-month month weekday: 0 8 * * 1-5"
        )
    monthdays, weekdays = values(found[2], MONTHDAY), {day % 7 for day in values(found[4], _WEEKDAY)}
    months = mask(values(found[3], MONTH))
    by_day = DayRule(months=months, monthdays=mask(monthdays))
    by_weekday = DayRule(months=months, weekdays=mask({(day - 1) % 7 for day in weekdays}))
    if found[2].text.startswith("*") or found[4].text.startswith("*"):
        rules: tuple[DayRule, ...] = (DayRule(months=months, monthdays=by_day.monthdays, weekdays=by_weekday.weekdays),)
    else:
        rules = (by_day, by_weekday) if by_day != by_weekday else (by_day,)
    return Cron(values(found[0], MINUTE), values(found[1], HOUR), rules)


def read(name: str, text: str, *, default_timezone: str = "UTC") -> Translation:
    """Read `start: 0 8 * * 1-5`, `stop: 0 18 * * 1-5`, `timezone: Europe/Berlin`, or crontab lines with commands.

    In a crontab the command says what the line does: it must hold one of the words start and stop.
    """
    try:
        pair = read_pair(text, _crontab_line)
    except GrammarError as error:
        return rejected(name, [error])
    return translate_pair(name, pair, parse_cron, default_timezone)


def _crontab_line(line: Word, pair: Pair) -> None:
    found = words(line.text, line.position)
    count = 1 if found[0].text.startswith("@") else 5
    command = line.text[found[count].position - line.position :] if len(found) > count else ""
    starts, stops = _STARTS.search(command), _STOPS.search(command)
    if bool(starts) == bool(stops):
        at = found[count].position if command else found[0].position
        raise GrammarError(
            "this line does not say whether it starts or stops", at, "begin it with start: or stop:, without a command"
        )
    expression = Word(" ".join(word.text for word in found[:count]), found[0].position)
    (pair.starts if starts else pair.stops).append(expression)


def write(
    schedule: ScheduleDefinition, periods: Mapping[str, PeriodDefinition], *, default_timezone: str = "UTC"
) -> Written:
    """Lines `start:`, `stop:` and `timezone:`; several of them if the times differ from day to day."""
    return write_pair(schedule, periods, default_timezone, unix_expression)


def unix_expression(times: WeekTimes) -> str:
    """`0 8 * * 1-5`."""
    numbers = {(day + 1) % 7 for day in range(7) if times.weekdays >> day & 1}
    days = ",".join(str(a) if a == b else f"{a}-{b}" for a, b in stretches(numbers, 0, 6, wraps=False))
    return f"{times.minute} {','.join(map(str, times.hours))} * * {'*' if len(numbers) == 7 else days}"


DIALECT = Dialect(
    name="cron-pairs",
    title="a pair of Unix cron lines",
    source="crontab(5)",
    since="0.1",
    example="start: 0 8 * * 1-5\nstop: 0 18 * * 1-5\ntimezone: Europe/Berlin",
    read=read,
    write=write,
)
