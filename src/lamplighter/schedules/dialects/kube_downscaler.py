"""kube-downscaler's annotations: `downscaler/uptime: Mon-Fri 07:30-20:30 Europe/Berlin` and their like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from lamplighter.schedules.clock_times import DAY, parse_time
from lamplighter.schedules.days import WEEKDAYS, GrammarError
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.day_words import clock, stretches
from lamplighter.schedules.dialects.moments import dated_periods
from lamplighter.schedules.dialects.translation import (
    Dialect,
    Inexpressible,
    Named,
    Translation,
    Word,
    Written,
    any_case_zone,
    lost_fields,
    rejected,
    translated,
)
from lamplighter.schedules.dialects.week import Interval, times_fields, week_of

_DAYS = tuple(name[:3].title() for name in WEEKDAYS)
_LINE = re.compile(r"[ \t]*[\"']?(?:downscaler/)?([a-z-]+)[\"']?[ \t]*[:=][ \t]*(.*?)[ \t]*(?:\n|\Z)")
_SPEC = re.compile(r"(?:([a-zA-Z]{3})-([a-zA-Z]{3}) +)?(\d\d):(\d\d)-(\d\d):(\d\d)(?: +(\S+))?")
_MOMENT = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d)"
_DATED = re.compile(f"{_MOMENT}-{_MOMENT}")
_TIMES = ("uptime", "downtime", "upscale-period", "downscale-period")
_PASSED_OVER = ("original-replicas", "grace-period")
_LEVEL = (
    "kube-downscaler scales down again what is scaled up in its downtime; add `enforced: true` to keep that, by "
    "default a change by hand lasts until the next change of state"
)
_GAP = "a gap of one minute between two specs is bridged: nothing is stopped for one minute"
State = Literal["running", "stopped"]


def read(name: str, text: str, *, default_timezone: str = "UTC") -> Translation:
    """Read annotations, `key: value` or `key=value` a line, or the value of an uptime alone."""
    given = _annotations(text)
    try:
        fixed, notes = _fixed(given)
    except GrammarError as error:
        return rejected(name, [error])
    if fixed is not None:
        return translated(name, fixed.model_copy(update={"timezone": default_timezone}), (), notes)
    if not any(key in given for key in _TIMES):
        hint = "write downscaler/uptime: Mon-Fri 08:00-19:00 UTC"
        return rejected(name, [GrammarError("there is no uptime and no downtime", 0, hint)], notes)
    return _times(name, given, default_timezone, notes)


def _annotations(text: str) -> dict[str, Word]:
    found: dict[str, Word] = {}
    at = 0
    while at < len(text):
        line = _LINE.match(text, at)
        if line is None or line.end() == at:
            break
        bare = line[2].strip("\"'")
        found[line[1]] = Word(bare, line.start(2) + (line[2].find(bare) if bare else 0))
        at = line.end()
    if not found or (at < len(text) and text[at:].strip()):
        bare = text.strip().strip("\"'")
        return {"uptime": Word(bare, text.find(bare) if bare else 0)}
    return found


def _fixed(given: Mapping[str, Word]) -> tuple[ScheduleDefinition | None, list[str]]:
    """The schedule if one annotation decides alone, and notes on those without a counterpart."""
    notes: list[str] = []
    for key, word in given.items():
        match key, word.text.lower():
            case "exclude", "true":
                return ScheduleDefinition(ignore=True), ["excluded from kube-downscaler, so left alone"]
            case "force-uptime", "true":
                return ScheduleDefinition(override_status="running"), []
            case "force-downtime", "true":
                return ScheduleDefinition(override_status="stopped"), []
            case (("exclude" | "force-uptime" | "force-downtime"), "false"):
                pass
            case "exclude-until", _:
                notes.append(f"left alone until {word.text} there; here make an override until then")
            case "downtime-replicas", count if count != "0":
                notes.append(f"{word.text} replicas are kept in the downtime there; here all is stopped")
            case _ if key not in (*_TIMES, *_PASSED_OVER, "downtime-replicas"):
                hint = f"known are {', '.join(_TIMES)}, exclude, exclude-until, force-uptime and force-downtime"
                raise GrammarError(f"{key}: {word.text!r} is not known", word.position, hint)
    return None, notes


def _times(name: str, given: Mapping[str, Word], default_timezone: str, notes: list[str]) -> Translation:
    windowed = any(given.get(key, Word("never", 0)).text.lower() != "never" for key in _TIMES[2:])
    keys: tuple[tuple[str, State], ...] = (
        (("upscale-period", "running"), ("downscale-period", "stopped"))
        if windowed
        else (("uptime", "running"), ("downtime", "stopped"))
    )
    if windowed:
        notes.append("outside of the upscale and downscale periods nothing is done")
        notes += ["where the two overlap, kube-downscaler does nothing and Lamplighter stops"] * all(
            key in given for key, _ in keys
        )
        notes += ["uptime and downtime have no effect beside these"] * any(key in given for key in _TIMES[:2])
    periods: list[Named] = []
    errors: list[GrammarError] = []
    said: dict[str, str] = {}
    for key, state in keys:
        if key not in given:
            continue
        word = given[key]
        said[key] = word.text.lower() if word.text.lower() in ("always", "never") else "specs"
        for spec in _specs(word) if said[key] == "specs" else []:
            try:
                periods += [(period, None) for period in _spec(spec, state, default_timezone, notes)]
            except GrammarError as error:
                errors.append(error)
    if errors:
        return rejected(name, errors, notes)
    return _assembled(name, periods, {state: said.get(key) for key, state in keys}, windowed, default_timezone, notes)


def _assembled(
    name: str,
    periods: list[Named],
    said: Mapping[State, str | None],
    windowed: bool,
    default_timezone: str,
    notes: list[str],
) -> Translation:
    if said["stopped"] == "always":
        periods = [] if not windowed else [named for named in periods if named[0].state == "stopped"]
        fixed: State | None = "stopped"
    elif said["running"] == "always":
        periods = [named for named in periods if named[0].state == "stopped"]
        fixed = None if periods else "running"
    elif said["running"] == "never" and not windowed:
        periods, fixed = [], "stopped"
    else:
        fixed = None if periods else "running"
    if fixed:
        return translated(name, ScheduleDefinition(override_status=fixed, timezone=default_timezone), (), notes)
    zone = next((period.timezone for period, _ in periods if period.timezone), None) or default_timezone
    own = [(p.model_copy(update={"timezone": None if p.timezone == zone else p.timezone}), kind) for p, kind in periods]
    otherwise: Literal["any"] | None = "any" if windowed and said["running"] != "always" else None
    notes += [_GAP] if _has_short_gap([period for period, _ in own]) else []
    return translated(name, ScheduleDefinition(timezone=zone, otherwise=otherwise), own, [*notes, _LEVEL])


def _has_short_gap(periods: list[PeriodDefinition]) -> bool:
    ends = [parse_time(period.endtime) for period in periods if period.endtime is not None]
    return any(p.begintime is not None and (parse_time(p.begintime) - end) % DAY == 1 for p in periods for end in ends)


def _specs(value: Word) -> list[Word]:
    found = []
    for part in re.finditer(r"[^,]+|(?<=,)(?=,|$)|^$", value.text):
        bare = part[0].strip()
        found.append(Word(bare, value.position + part.start() + (part[0].find(bare) if bare else 0)))
    return found


def _spec(spec: Word, state: State, default_timezone: str, notes: list[str]) -> list[PeriodDefinition]:
    dated = _DATED.fullmatch(spec.text)
    if dated:
        return _dated(spec, dated, state, notes)
    found = _SPEC.fullmatch(spec.text)
    if found is None:
        hint = "write Mon-Fri 07:30-20:30 Europe/Berlin, or two times such as 2026-01-01T00:00:00+00:00 with - between"
        raise GrammarError(f"{spec.text!r} is not a time spec", spec.position, hint)
    fields: dict[str, object] = {"state": state}
    if found[1]:
        days = [_day(Word(found[group], spec.position + found.start(group))) for group in (1, 2)]
        if (days[1] - days[0]) % 7 != 6:
            fields["weekdays"] = "-".join(dict.fromkeys(_DAYS[day].lower() for day in days))
    else:
        notes.append("a spec names no days, so DEFAULT_WEEKFRAME counts; taken as Mon-Sun")
    begin, end = (int(found[hour]) * 60 + int(found[hour + 1]) for hour in (3, 5))
    for group, minute in ((3, begin), (5, end)):
        if minute > DAY or int(found[group + 1]) > 59:
            at = spec.position + found.start(group)
            raise GrammarError(f"{found[group]}:{found[group + 1]} is not a time of the day", at, "00:00 to 24:00")
    if begin >= end:
        raise GrammarError(
            f"{clock(begin)}-{clock(end)} never matches in kube-downscaler, which does not pass midnight",
            spec.position + found.start(3),
            f"write two specs: {clock(begin)}-24:00 and, for the days after, 00:00-{clock(end)}",
        )
    return [
        PeriodDefinition.model_validate(
            {**fields, **times_fields(begin, end), **_zone(spec, found, default_timezone, notes)}
        )
    ]


def _zone(spec: Word, found: re.Match[str], default_timezone: str, notes: list[str]) -> dict[str, str]:
    if found[7] is None:
        notes.append(f"a spec names no zone, so DEFAULT_TIMEZONE counts; taken as {default_timezone}")
        return {"timezone": default_timezone}
    at = spec.position + found.start(7)
    if not re.fullmatch(r"[a-zA-Z/_]+", found[7]):
        hint = "kube-downscaler takes letters, / and _ only"
        raise GrammarError(f"{found[7]!r} is not a zone for kube-downscaler", at, hint)
    return {"timezone": any_case_zone(found[7], at)}


def _day(word: Word) -> int:
    if word.text.title() not in _DAYS:
        raise GrammarError(
            f"{word.text!r} is not a weekday", word.position, "write Mon, Tue, Wed, Thu, Fri, Sat or Sun"
        )
    return _DAYS.index(word.text.title())


def _dated(spec: Word, found: re.Match[str], state: State, notes: list[str]) -> list[PeriodDefinition]:
    try:
        begin, end = (datetime.fromisoformat(found[group]).astimezone(UTC).replace(tzinfo=None) for group in (1, 2))
    except ValueError as error:
        raise GrammarError(f"{spec.text!r}: {error}", spec.position, "write 2026-01-01T00:00:00+00:00") from None
    if end <= begin:
        raise GrammarError(f"{spec.text!r} ends before it begins", spec.position, "the earlier time comes first")
    if begin.second or end.second:
        notes.append("seconds are not kept: a span with dates begins and ends with a full minute")
        begin, end = begin.replace(second=0), end.replace(second=0) + timedelta(minutes=1 if end.second else 0)
    return dated_periods(begin, end, state=state, timezone="UTC")


def write(
    schedule: ScheduleDefinition, periods: Mapping[str, PeriodDefinition], *, default_timezone: str = "UTC"
) -> Written:
    """The value of `downscaler/uptime`; `downscaler/exclude: "true"` for a schedule that leaves alone."""
    if schedule.ignore:
        return Written('downscaler/exclude: "true"')
    try:
        week = week_of(schedule, periods, default_timezone=default_timezone)
        if not (week.always or not week.lit):
            _expect_zone(week.zone)
    except Inexpressible as error:
        return Written(None, (str(error),))
    if week.always or not week.lit:
        return Written("always" if week.always else "never", tuple(lost_fields(schedule)))
    return Written(",".join(f"{spec} {week.zone}" for spec in _day_specs(week.lit)), (_LEVEL, *lost_fields(schedule)))


def _expect_zone(zone: str) -> None:
    if not re.fullmatch(r"[a-zA-Z/_]+", zone):
        raise Inexpressible(f"kube-downscaler does not take the zone {zone}", "a zone of letters, / and _ only")


def _day_specs(lit: tuple[Interval, ...]) -> list[str]:
    """Specs without a zone; what passes midnight is cut there."""
    days: dict[tuple[int, int], set[int]] = {}
    for begin, end in lit:
        while begin < end:
            midnight = (begin // DAY + 1) * DAY
            upto = min(end, midnight)
            at = begin % DAY
            days.setdefault((at, at + upto - begin), set()).add(begin // DAY % 7)
            begin = upto
    return [
        f"{_DAYS[first]}-{_DAYS[last]} {clock(begin)}-{clock(end)}"
        for (begin, end), numbers in sorted(days.items())
        for first, last in stretches(numbers, 0, 6, wraps=True)
    ]


DIALECT = Dialect(
    name="kube-downscaler",
    title="annotations of kube-downscaler",
    source="py-kube-downscaler (caas-team), kube_downscaler/helper.py and scaler.py",
    since="0.1",
    example="Mon-Fri 07:30-20:30 Europe/Berlin",
    read=read,
    write=write,
)
