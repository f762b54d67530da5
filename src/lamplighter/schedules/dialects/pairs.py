"""The text that holds a start and a stop expression: `start: ...`, `stop: ...`, `timezone: ...`, a line each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.cron import Cron
from lamplighter.schedules.dialects.cron_edges import EDGES, WeekTimes, cron_periods, week_times
from lamplighter.schedules.dialects.translation import (
    Inexpressible,
    Translation,
    Word,
    Written,
    any_case_zone,
    lost_fields,
    rejected,
    translated,
)
from lamplighter.schedules.dialects.week import week_of

_KEYS = {"start": "start", "on": "start", "stop": "stop", "off": "stop", "tz": "zone", "timezone": "zone"}
_KEY = re.compile(r"\s*(start|stop|on|off|tz|timezone|cron_tz)\s*[:=]\s*", re.IGNORECASE)
_CUT = re.compile(r"\n|;(?=\s*(?:start|stop|on|off|tz|timezone)\s*[:=])", re.IGNORECASE)


@dataclass(slots=True)
class Pair:
    """What the lines say.

    Attributes:
        starts: expressions that start.
        stops: expressions that stop.
        zone: name of the zone.
    """

    starts: list[Word] = field(default_factory=list)
    stops: list[Word] = field(default_factory=list)
    zone: Word | None = None


def read_pair(text: str, other: Callable[[Word, Pair], None] | None = None) -> Pair:
    """The expressions of a text; empty lines and lines that begin with # are passed over.

    Args:
        text: lines, or parts between `;`.
        other: reads a line of another form.

    Raises:
        GrammarError: a line of no known form, or no expression at all.
    """
    pair = Pair()
    for line in _lines(text):
        found = _KEY.match(line.text)
        if line.text.lstrip().startswith("#") or not line.text.strip():
            continue
        if found is None:
            if other is None:
                raise _unknown(line)
            other(line, pair)
            continue
        rest = line.text[found.end() :].rstrip()
        bare = rest.strip("\"'")
        word = Word(bare, line.position + found.end() + (rest.find(bare) if bare else 0))
        match _KEYS.get(found[1].lower(), "zone"):
            case "start":
                pair.starts.append(word)
            case "stop":
                pair.stops.append(word)
            case _:
                pair.zone = word
    if not pair.starts and not pair.stops:
        raise GrammarError("there is no start and no stop", 0, "write start: and stop:, a line each")
    return pair


def _lines(text: str) -> list[Word]:
    lines, at = [], 0
    for found in _CUT.finditer(text):
        lines.append(Word(text[at : found.start()], at))
        at = found.end()
    return [*lines, Word(text[at:], at)]


def _unknown(line: Word) -> GrammarError:
    at = line.position + len(line.text) - len(line.text.lstrip())
    return GrammarError(f"{line.text.strip()!r} is neither a start nor a stop", at, "begin it with start: or stop:")


def translate_pair(
    name: str, pair: Pair, parse: Callable[[str, int], Cron], default_timezone: str, notes: Sequence[str] = ()
) -> Translation:
    """Definitions from a pair of expressions.

    Args:
        name: of the schedule.
        pair: the expressions.
        parse: reads one; gets the text and its offset, raises GrammarError.
        default_timezone: IANA zone if the pair names none.
        notes: what was said before.
    """
    errors: list[GrammarError] = []
    crons: tuple[list[Cron], list[Cron]] = ([], [])
    for expressions, found in zip((pair.starts, pair.stops), crons, strict=True):
        for word in expressions:
            try:
                found.append(parse(word.text, word.position))
            except GrammarError as error:
                errors.append(error)
    zone = default_timezone
    try:
        zone = any_case_zone(pair.zone.text, pair.zone.position) if pair.zone else default_timezone
    except GrammarError as error:
        errors.append(error)
    if errors:
        return rejected(name, errors, notes)
    try:
        periods = cron_periods(*crons)
    except Inexpressible as error:
        at = (pair.stops or pair.starts)[0].position
        return rejected(name, [GrammarError(error.message, at, error.hint)], notes)
    schedule = ScheduleDefinition(timezone=zone, otherwise=periods.otherwise)
    return translated(name, schedule, [(period, None) for period in periods.periods], [*notes, *periods.notes])


def write_pair(
    schedule: ScheduleDefinition,
    periods: Mapping[str, PeriodDefinition],
    default_timezone: str,
    expression: Callable[[WeekTimes], str],
) -> Written:
    """Lines `start:`, `stop:` and `timezone:` of a schedule that is the same every week."""
    try:
        week = week_of(schedule, periods, default_timezone=default_timezone)
        if week.always or not week.lit:
            raise _no_edges(always=week.always)
    except Inexpressible as error:
        return Written(None, (str(error),))
    lines = [
        f"{key}: {expression(times)}"
        for key, end in (("start", 0), ("stop", 1))
        for times in week_times(interval[end] for interval in week.lit)
    ]
    return Written("\n".join([*lines, f"timezone: {week.zone}"]), (EDGES, *lost_fields(schedule)))


def _no_edges(*, always: bool) -> Inexpressible:
    word = "always runs" if always else "never runs"
    return Inexpressible(f"what {word} has no start and no stop", "a single line that starts or stops it once a day")
