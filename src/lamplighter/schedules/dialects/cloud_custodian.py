"""Cloud Custodian's off-hours tags: `off=(M-F,19);on=(M-F,7);tz=pt`, also with its characters escaped (`u28`).

Custodian acts in the matching hour only and has forgotten it in the next; between two such hours the resource is as
the last one left it, and that is the state that is translated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lamplighter.schedules.clock_times import DAY
from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.day_words import stretches, week_moment
from lamplighter.schedules.dialects.translation import (
    Dialect,
    Inexpressible,
    Translation,
    Word,
    Written,
    any_case_zone,
    lost_fields,
    rejected,
    translated,
)
from lamplighter.schedules.dialects.week import Week, between_edges, masked, week_of, week_periods

DAYS = "mtwhfsu"
"""Letters of the weekdays, Monday first; H is Thursday and U is Sunday."""

ZONES: Mapping[str, str] = {
    **dict.fromkeys(("pt", "pst", "pdt"), "America/Los_Angeles"),
    **dict.fromkeys(("mt", "mst", "mdt"), "America/Denver"),
    **dict.fromkeys(("ct", "cst", "cdt"), "America/Chicago"),
    **dict.fromkeys(("et", "est", "edt"), "America/New_York"),
    **dict.fromkeys(("at", "ast"), "America/Phoenix"),
    **dict.fromkeys(("gt", "gmt"), "Etc/GMT"),
    "utc": "Etc/UTC",
    "bst": "Europe/London",
    "ist": "Europe/Dublin",
    "cet": "Europe/Berlin",
    "it": "Asia/Kolkata",
    "jst": "Asia/Tokyo",
    "kst": "Asia/Seoul",
    "sgt": "Asia/Singapore",
    "aet": "Australia/Sydney",
    "brt": "America/Sao_Paulo",
}
"""Custodian's short names of zones."""

_SURPRISES = {
    "ist": "tz=ist is Europe/Dublin in Cloud Custodian; for India it is tz=it",
    "it": "tz=it is Asia/Kolkata in Cloud Custodian, not Italy; for Italy write tz=europe/rome",
    "ast": "tz=ast is America/Phoenix in Cloud Custodian, not Atlantic time; for that write tz=america/halifax",
    "at": "tz=at is America/Phoenix in Cloud Custodian, not Atlantic time; for that write tz=america/halifax",
}
_ESCAPES = {
    "u28": "(", "u29": ")", "u5b": "[", "u5d": "]", "u2c": ",", "u3b": ";", "u3d": "=", "u2f": "/", "u2d": "-"
}  # fmt: skip
_ESCAPE = re.compile("|".join(_ESCAPES))
_SPEC = re.compile(r"\(?([a-z-]*),([^,()]*)\)?")
_EDGES = (
    "Cloud Custodian starts and stops in the matching hour only; Lamplighter keeps the state between these hours: "
    "what was missed in that hour is done later, and what is new is brought to the state of the moment"
)
_DEFAULTED = "bare value: the hours are those of the Custodian policy"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a Custodian policy says for tags that do not say it themselves; the values are Custodian's own defaults.

    Attributes:
        onhour: hour of the start, 0-23.
        offhour: hour of the stop, 0-23.
        weekends: start and stop on Monday to Friday only, so that weekends are off; else every day.
        weekends_only: stop on Friday, start on Monday; goes before `weekends`.
    """

    onhour: int = 7
    offhour: int = 19
    weekends: bool = True
    weekends_only: bool = False

    def edges(self, kind: Literal["on", "off"]) -> set[int]:
        """Minutes of the week at which it starts (`on`) or stops (`off`)."""
        hour = self.onhour if kind == "on" else self.offhour
        days = range(5 if self.weekends else 7)
        if self.weekends_only:
            days = range(1) if kind == "on" else range(4, 5)
        return {day * DAY + hour * 60 for day in days}


def read(name: str, text: str, *, default_timezone: str = "UTC", policy: Policy | None = None) -> Translation:
    """Read the value of an off-hours tag.

    Args:
        name: of the schedule.
        text: the tag's value; any case, quotes around it do not matter.
        default_timezone: the policy's `default_tz`, as IANA name.
        policy: the rest of the policy's defaults.
    """
    plain, positions, notes = _plain(text)
    if plain == "off":
        said = "`off` excludes the resource from Cloud Custodian's policies"
        return translated(name, ScheduleDefinition(ignore=True, timezone=default_timezone), (), [*notes, said])
    try:
        given, zone = _fields(plain, default_timezone, notes)
        on = _edges("on", given, policy or Policy(), notes)
        off = _edges("off", given, policy or Policy(), notes)
        _expect_apart(on, off, given)
    except GrammarError as error:
        at = positions[min(error.position, len(positions) - 1)]
        return rejected(name, [GrammarError(error.message, at, error.hint)], notes)
    periods = [(period, None) for period in week_periods(between_edges(on, off))]
    return translated(name, ScheduleDefinition(timezone=zone), periods, [*notes, _EDGES])


def _expect_apart(on: set[int], off: set[int], given: Mapping[str, Word]) -> None:
    if on & off:
        at = next((given[key].position for key in ("off", "on") if key in given), 0)
        moment = week_moment(min(on & off))
        hint = "Custodian runs both in no certain order; move one of them"
        raise GrammarError(f"on and off fall into the same hour, {moment}", at, hint)


def _plain(text: str) -> tuple[str, list[int], list[str]]:
    """The value as Custodian sees it, the offset in `text` of each of its characters, and notes."""
    lower = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    left = len(lower) - len(lower.lstrip("'\""))
    bare = lower.strip("'\"")
    notes = []
    plain, positions, index = "", list[int](), 0
    escaped = not re.search(r"[=(;]", bare)
    while index < len(bare):
        found = _ESCAPE.match(bare, index) if escaped else None
        plain += _ESCAPES[found[0]] if found else bare[index]
        positions.append(left + index)
        index += len(found[0]) if found else 1
    if escaped and plain != bare:
        notes.append("read with its escaped characters put back")
    return plain, [*positions, left + index], notes


def _fields(plain: str, default_timezone: str, notes: list[str]) -> tuple[dict[str, Word], str]:
    """The components by key, and the zone."""
    pieces = _pieces(plain)
    given: dict[str, Word] = {}
    if not any("=" in piece.text for piece in pieces):
        if plain not in ("", "on"):
            notes.append(f"{plain!r} means `on`: Cloud Custodian takes any word for it")
        notes.append(_DEFAULTED)
        return {}, _default_zone(default_timezone, notes)
    for piece in pieces:
        key, sign, value = piece.text.partition("=")
        if not sign:
            raise GrammarError(
                f"{piece.text!r} is not key=value, so Custodian ignores the whole tag", piece.position, "remove it"
            )
        if key not in ("on", "off", "tz"):
            raise GrammarError(f"there is no key {key!r}", piece.position, "the keys are off, on and tz")
        blank = re.search(r"\s(?=(on|off|tz)=)", value)
        if blank:
            at = piece.position + len(key) + 1 + blank.start()
            hint = "write ; in place of the blank"
            raise GrammarError("blanks do not part components: Custodian logs this and does nothing", at, hint)
        if key in given:
            notes.append(f"{key} stands twice; Cloud Custodian takes the last")
        given[key] = Word(value, piece.position + len(key) + 1)
    zone = given.pop("tz", Word("", 0))
    if not zone.text:
        return given, _default_zone(default_timezone, notes)
    if zone.text in _SURPRISES:
        notes.append(_SURPRISES[zone.text])
    return given, ZONES.get(zone.text) or any_case_zone(zone.text, zone.position)


def _pieces(plain: str) -> list[Word]:
    return [Word(found[0], found.start()) for found in re.finditer(r"[^;]+", plain)]


def _default_zone(zone: str, notes: list[str]) -> str:
    notes.append(f"the tag names no zone, so the policy's default_tz counts; taken as {zone}")
    return zone


def _edges(kind: Literal["on", "off"], given: Mapping[str, Word], policy: Policy, notes: list[str]) -> set[int]:
    """Minutes of the week at which the tag, or the policy for it, starts (`on`) or stops (`off`)."""
    if kind in given:
        return _specs(given[kind])
    if given:
        hour = policy.onhour if kind == "on" else policy.offhour
        notes.append(f"the tag has no {kind}=, so the policy's own counts; taken as hour {hour}")
    return policy.edges(kind)


def _specs(value: Word) -> set[int]:
    found: set[int] = set()
    bare = re.sub(r"[\[\]]", "\0", value.text)
    for part in re.finditer(r"(?:(?!,\0*\().)+", bare):
        skipped = 1 if part[0].startswith(",") else 0
        spec = part[0][skipped:].replace("\0", "")
        lead = len(part[0]) - len(part[0].lstrip(",\0"))
        found |= _spec(Word(spec, value.position + part.start() + lead))
    if not found:
        raise GrammarError("there is no time", value.position, "write for example off=(M-F,19)")
    return found


def _spec(spec: Word) -> set[int]:
    shape = _SPEC.fullmatch(spec.text)
    if shape is None:
        raise GrammarError(
            f"{spec.text!r} is not (days,hour), so Custodian ignores the whole tag",
            spec.position,
            "write for example (M-F,19), without blanks",
        )
    days, hour = shape[1], shape[2]
    if not (hour.isascii() and hour.isdecimal() and len(hour) < 5 and int(hour) < 24):
        raise GrammarError(
            f"{hour!r} is not an hour", spec.position + shape.start(2), "hours are whole, from 0 to 23; midnight is 0"
        )
    ends = days.split("-")
    if len(ends) > 2 or not all(len(end) == 1 and end in DAYS for end in ends):
        raise GrammarError(
            f"{days!r} are not days", spec.position + shape.start(1), "M T W H F S U, where H is Thursday; ranges M-F"
        )
    first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
    numbers = range(first, last + 1) if first <= last else [*range(first, 7), *range(last + 1)]
    return {day * DAY + int(hour) * 60 for day in numbers}


def write(
    schedule: ScheduleDefinition, periods: Mapping[str, PeriodDefinition], *, default_timezone: str = "UTC"
) -> Written:
    """The value of an off-hours tag with the same state between its hours."""
    if schedule.ignore:
        return Written("off")
    try:
        week = week_of(schedule, periods, default_timezone=default_timezone)
        on, off = _hours(week)
    except Inexpressible as error:
        return Written(None, (str(error),))
    zone = next((alias for alias, known in ZONES.items() if known == week.zone), week.zone)
    text = f"off={_list(off)};on={_list(on)};tz={'utc' if zone == 'UTC' else zone}"
    return Written(text, (_EDGES, *lost_fields(schedule)))


def _hours(week: Week) -> tuple[list[int], list[int]]:
    """Minutes of the week at which it starts and stops, whole hours all."""
    if week.always or not week.lit:
        word = "always" if week.always else "never"
        raise Inexpressible(f"Cloud Custodian has no tag for {word} running", "off, which excludes the resource")
    on, off = ([interval[end] for interval in week.lit] for end in (0, 1))
    odd = [minute for minute in (*on, *off) if minute % 60]
    if odd:
        hour = (odd[0] // 60) % 24
        nearest = f"{hour}:00 or {(hour + 1) % 24}:00"
        raise Inexpressible(f"Cloud Custodian knows whole hours only, not {week_moment(odd[0])}", nearest)
    return on, off


def _list(edges: list[int]) -> str:
    specs = [
        f"({_letters(first, last)},{at // 60})"
        for at, mask in sorted(masked(edges).items())
        for first, last in stretches({day for day in range(7) if mask >> day & 1}, 0, 6, wraps=True)
    ]
    return specs[0] if len(specs) == 1 else f"[{','.join(specs)}]"


def _letters(first: int, last: int) -> str:
    letters = DAYS.upper()
    return letters[first] if first == last else f"{letters[first]}-{letters[last]}"


DIALECT = Dialect(
    name="cloud-custodian",
    title="off-hours tag of Cloud Custodian (maid_offhours)",
    source="Cloud Custodian, c7n/filters/offhours.py",
    since="0.1",
    example="off=(M-F,19);on=(M-F,7);tz=pt",
    read=read,
    write=write,
)
