"""Our own short form, which fits into a tag of any service, RDS included.

    text   := entry { "+" entry }
    entry  := ["off"] words of: days, times, zone, @type, options; or always | never | ignore
    days   := mon-fri  sat  mon.1 (first Monday)  friL (last Friday)  mon/2  day1-15  dayL  day15W  jan-mar
              2026-12-24  2026-12-24..2027-01-02  daily
    times  := 08:00-12:00  22:00-06:00  from 08:00  until 18:00  or, over days: fri 20:00 - mon 08:00
    zone   := an IANA name; the first one is that of all entries, a later one that of its own entry
    option := enforced  retain_running  hibernate  stop_only  stay_off  snapshot_before_stop
              stop_new_instances=false  use_maintenance_window=false  otherwise=any

Words of one sort add up; sorts narrow each other; an entry without times means whole days. `off` entries win.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from lamplighter.errors import DefinitionError
from lamplighter.schedules.clock_times import parse_dates, parse_time, parse_times, parse_weekly
from lamplighter.schedules.days import MONTHS, WEEKDAYS, GrammarError, parse_days
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.day_words import date_word, month_words, monthday_words, span, weekday_words
from lamplighter.schedules.dialects.translation import (
    FLAGS,
    MORE,
    Dialect,
    Named,
    Translation,
    Word,
    Written,
    any_case_zone,
    compiled,
    rejected,
    translated,
)

LONGEST = 256
"""Characters that the value of an AWS tag may have."""

_SEPARATOR = re.compile(r"(?<!gmt)\+|\+(?!\d)", re.IGNORECASE)
_TIME = r"\d{1,2}:\d{2}"
_SPAN = re.compile(rf"{_TIME}-{_TIME}")
_OVER_DAYS = re.compile(rf"{_TIME}-[a-z]+", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d|\.\.")
_MONTHDAY = re.compile(r"day(?=\d|l)", re.IGNORECASE)
_TYPE = re.compile(r"@[a-z0-9][a-z0-9.-]*", re.IGNORECASE)
_WHOLE: Mapping[str, dict[str, object]] = {
    "always": {"override_status": "running"},
    "never": {"override_status": "stopped"},
    "ignore": {"ignore": True},
}
_SWITCHES = (*FLAGS, "use_maintenance_window")
_STATES = ("running", "stopped", "any")
_VOCABULARY = ("off", "daily", "from", "until", "otherwise", *_WHOLE, *_SWITCHES, *WEEKDAYS, *MONTHS)
_EXAMPLES = "for example mon-fri 08:00-19:00, or always, never, ignore"
_WEEKDAY_NAMES = frozenset(form for name in WEEKDAYS for form in (name, name[:3]))
_MONTH_NAMES = frozenset(form for name in MONTHS for form in (name, name[:3]))


@dataclass(slots=True)
class _Entry:
    """What the words of one entry have said so far."""

    position: int
    stops: bool = False
    daily: bool = False
    fields: dict[str, list[str]] = field(default_factory=dict)
    begin: str | None = None
    end: str | None = None
    zone: str | None = None
    kind: str | None = None
    options: dict[str, object] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        self.fields.setdefault(name, []).append(text)


def read(name: str, text: str, *, default_timezone: str = "UTC") -> Translation:
    """Read the value of a tag; any case, blanks and commas between words as you like."""
    entries: list[_Entry] = []
    errors: list[GrammarError] = []
    if not text.strip():
        return rejected(name, [GrammarError("the text is empty", 0, _EXAMPLES)])
    for part in _parts(text):
        try:
            entries.append(_entry(part))
        except GrammarError as error:
            errors.append(error)
    if errors:
        return rejected(name, errors)
    zone = next((entry.zone for entry in entries if entry.zone), None) or default_timezone
    fields: dict[str, object] = {"timezone": zone}
    for entry in entries:
        fields |= entry.options
    periods: list[Named] = []
    for entry in entries:
        try:
            definition = _definition(entry, zone)
        except GrammarError as error:
            errors.append(error)
            continue
        if definition is not None:
            periods.append((definition, entry.kind))
    fixed = {"override_status", "ignore"} & fields.keys()
    if fixed and periods:
        word = next(word for word, meaning in _WHOLE.items() if meaning.items() <= fields.items())
        at = text.lower().find(word)
        hint = f"remove it, or write {word} alone"
        errors.append(GrammarError(f"{word!r} leaves the other entries without effect", at, hint))
    if not periods and not fixed and "otherwise" not in fields and not errors:
        errors.append(GrammarError("this says no time", 0, _EXAMPLES))
    if errors:
        return rejected(name, errors)
    return translated(name, ScheduleDefinition.model_validate(fields), periods)


def _parts(text: str) -> list[Word]:
    cuts = [(found.start(), found.end()) for found in _SEPARATOR.finditer(text)]
    begins = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(text)]
    return [Word(text[begin:end], begin) for begin, end in zip(begins, ends, strict=True)]


def _words(part: Word) -> list[Word]:
    """Words of an entry; blanks around a dash do not part them."""
    words: list[Word] = []
    for found in re.finditer(r"[^\s,]+", part.text):
        word = Word(found[0], part.position + found.start())
        if words and (word.text.startswith("-") or words[-1].text.endswith("-")):
            words[-1] = Word(words[-1].text + word.text, words[-1].position)
        else:
            words.append(word)
    if not words:
        raise GrammarError("there is nothing beside the +", part.position, "remove the extra +, or write an entry")
    return words


def _entry(part: Word) -> _Entry:
    words = _words(part)
    entry = _Entry(words[0].position)
    index = 0
    while index < len(words):
        word = words[index]
        following = words[index + 1] if index + 1 < len(words) else None
        if word.text.lower() in ("from", "until"):
            _one_end(entry, word, following)
            index += 2
        elif following and word.text.lower() in _WEEKDAY_NAMES and _OVER_DAYS.fullmatch(following.text):
            last = words[index + 2].text if index + 2 < len(words) else ""
            _read(parse_weekly, f"{word.text} {following.text} {last}", word.position)
            left, _, right = following.text.partition("-")
            entry.add("weekly", f"{word.text} {left} - {right} {last}".lower())
            index += 3
        else:
            _word(entry, word)
            index += 1
    return entry


def _read(reader: Callable[[str], object], text: str, position: int) -> None:
    try:
        reader(text)
    except GrammarError as error:
        raise GrammarError(error.message, position + error.position, error.hint) from None


def _one_end(entry: _Entry, word: Word, following: Word | None) -> None:
    if following is None:
        raise GrammarError(f"{word.text!r} is followed by no time", word.position, "write for example from 08:00")
    if word.text.lower() == "from":
        _read(lambda text: parse_time(text, latest=1439), following.text, following.position)
        entry.begin = following.text
    else:
        _read(parse_time, following.text, following.position)
        entry.end = following.text


def _word(entry: _Entry, word: Word) -> None:
    text, lower = word.text, word.text.lower()
    option, given, value = lower.partition("=")
    stem = re.split(r"[-./]", lower)[0]
    if lower == "off":
        entry.stops = True
    elif lower == "daily":
        entry.daily = True
    elif lower in _WHOLE:
        entry.options |= _WHOLE[lower]
    elif option in _SWITCHES or option == "otherwise":
        entry.options[option] = _option(option, value if given else None, word.position)
    elif _TYPE.fullmatch(text):
        entry.kind = text[1:]
    elif _SPAN.fullmatch(text):
        _read(lambda given: parse_times((given,)), text, word.position)
        entry.add("times", text)
    elif _DATE.match(text):
        _read(lambda given: parse_dates((given,)), text, word.position)
        entry.add("dates", text)
    elif _MONTHDAY.match(text):
        _read(lambda given: parse_days(monthdays=(given,)), text[3:], word.position + 3)
        entry.add("monthdays", text[3:])
    elif stem in _WEEKDAY_NAMES or (stem[-1:] == "l" and stem[:-1] in _WEEKDAY_NAMES):
        days = lower.replace(".", "#")
        _read(lambda given: parse_days(weekdays=(given,)), days, word.position)
        entry.add("weekdays", days)
    elif stem in _MONTH_NAMES:
        _read(lambda given: parse_days(months=(given,)), lower, word.position)
        entry.add("months", lower)
    else:
        entry.zone = _zone(word)


def _option(option: str, value: str | None, position: int) -> object:
    allowed = _STATES if option == "otherwise" else ("true", "false")
    if option == "otherwise" and value is None:
        value = ""
    if value is not None and value not in allowed:
        hint = f"write {option}={allowed[0]} or {option}={allowed[-1]}"
        raise GrammarError(f"{value!r} is no value of {option}", position + len(option) + 1, hint)
    return value if option == "otherwise" else value != "false"


def _zone(word: Word) -> str:
    try:
        return any_case_zone(word.text, word.position)
    except GrammarError as error:
        if "/" in word.text:
            raise
        close = get_close_matches(word.text.lower(), _VOCABULARY, n=1)
        hint = f"did you mean {close[0]}?" if close else "write for example mon-fri 08:00-19:00 Europe/Berlin"
        raise GrammarError(f"{word.text!r} is neither a day, a time nor a zone", error.position, hint) from None


def _definition(entry: _Entry, zone: str) -> PeriodDefinition | None:
    """The period of an entry; None if it holds only a zone, options or a word for all times."""
    times, weekly = entry.fields.get("times", []), entry.fields.get("weekly", [])
    open_ended = entry.begin is not None or entry.end is not None
    if not (entry.fields or entry.daily or open_ended):
        if entry.stops or entry.kind:
            word = "'off'" if entry.stops else f"'@{entry.kind}'"
            raise GrammarError(f"{word} is without days and times", entry.position, "for example off sat-sun, or never")
        return None
    if sum((bool(times), bool(weekly), open_ended)) > 1:
        raise GrammarError("two sorts of times in one entry", entry.position, "make two entries of it, with + between")
    if weekly and "weekdays" in entry.fields:
        raise GrammarError("a span over days brings its own weekdays", entry.position, "remove the other weekdays")
    if entry.stops and open_ended and (entry.begin is None or entry.end is None):
        raise GrammarError("an off entry needs both ends", entry.position, "write for example off 18:00-24:00")
    fields: dict[str, object] = {**entry.fields, "begintime": entry.begin, "endtime": entry.end}
    if len(times) == 1:
        fields["begintime"], fields["endtime"] = times[0].split("-")
        del fields["times"]
    if entry.stops:
        fields["state"] = "stopped"
    if entry.zone not in (None, zone):
        fields["timezone"] = entry.zone
    return PeriodDefinition.model_validate(fields)


def write(
    schedule: ScheduleDefinition, periods: Mapping[str, PeriodDefinition], *, default_timezone: str = "UTC"
) -> Written:
    """The value of a tag that means the same; only calendars cannot be expressed."""
    named = {text.partition("@")[0]: text.partition("@")[2] for text in schedule.periods}
    own = {name: periods[name] for name in named if name in periods}
    named_calendars = schedule.open or schedule.closed or schedule.freeze
    if named_calendars or any(period.only_on or period.not_on for period in own.values()):
        return Written(None, ("calendars have no short form; keep it as a named schedule",))
    try:
        compiled("schedule", schedule, own, default_timezone=default_timezone)
    except DefinitionError as error:
        return Written(None, tuple(str(problem) for problem in error.problems))
    lost = [name for name in ("ssm_maintenance_window", *MORE) if getattr(schedule, name)]
    notes = [f"not kept: {', '.join(lost)}"] if lost else []
    zone = schedule.timezone or default_timezone
    if schedule.ignore or schedule.override_status:
        word = "ignore" if schedule.ignore else {"running": "always"}.get(str(schedule.override_status), "never")
        entries = [word]
        notes += ["not kept: the periods, which have no effect"] if schedule.periods else []
    else:
        entries = []
        for listed in schedule.periods:
            name, _, kind = listed.partition("@")
            entries += _entry_texts(periods[name], kind, zone)
        leads = bool(entries) and (periods[schedule.periods[0].partition("@")[0]].timezone or zone) == zone
        entries = [f"{entries[0]} {zone}", *entries[1:]] if leads else [zone, *entries]
    text = " + ".join(" ".join([entry, *options]) for entry, options in _with_options(entries, schedule))
    if len(text) > LONGEST:
        return Written(None, (f"it takes {len(text)} characters, a tag holds {LONGEST}; keep it as a named schedule",))
    return Written(text, tuple(notes))


def _with_options(entries: Sequence[str], schedule: ScheduleDefinition) -> list[tuple[str, list[str]]]:
    options = []
    for name in _SWITCHES:
        value = getattr(schedule, name)
        if value != ScheduleDefinition.model_fields[name].default:
            options.append(name if value else f"{name}=false")
    if schedule.otherwise and not (schedule.override_status or schedule.ignore):
        options.append(f"otherwise={schedule.otherwise}")
    return [(entries[0], options), *((entry, []) for entry in entries[1:])]


def _entry_texts(period: PeriodDefinition, kind: str, zone: str) -> list[str]:
    rule = parse_days(period.weekdays, period.monthdays, period.months)
    head = ["off"] if period.state == "stopped" else []
    days = month_words(rule) + [f"day{word}" for word in monthday_words(rule)]
    days += [date_word(days) for days in parse_dates(period.dates)] + weekday_words(rule, nth=".")
    tail = [period.timezone] if period.timezone not in (None, zone) else []
    tail += [f"@{kind}"] if kind else []
    times = list(period.times)
    if period.begintime is not None and period.endtime is not None:
        times = [f"{period.begintime}-{period.endtime}"]
    ends = [f"from {period.begintime}"] if period.begintime is not None else []
    ends += [f"until {period.endtime}"] if period.endtime is not None else []
    found = []
    if times:
        found.append([*days, *(span(begin, end) for begin, end in parse_times(times))])
    elif ends:
        found.append([*days, *(" ".join(end.split()) for end in ends)])
    elif not period.weekly:
        found.append(days or ["daily"])
    found += [[*days, " ".join(text.lower().replace("-", " - ").split())] for text in period.weekly]
    return [" ".join(word for word in [*head, *words, *tail] if word) for words in found]


DIALECT = Dialect(
    name="inline",
    title="Lamplighter's own short form for a tag",
    source="this module; the characters are those that every AWS service allows in a tag's value",
    since="0.1",
    example="mon-fri 08:00-19:00 Europe/Berlin + sat 10:00-14:00",
    read=read,
    write=write,
)
