"""Days and times as texts: the way back from what the day and time grammars read."""

from __future__ import annotations

from datetime import date

from lamplighter.schedules.clock_times import DAY, DateRange
from lamplighter.schedules.days import MONTHS, WEEKDAYS, DayRule

WEEK = 7 * DAY
"""Minutes of a wall-clock week, which begins on Monday."""

_EVERY_WEEKDAY = 0b111_1111
_EVERY_MONTH = 0b1_1111_1111_1110
_EVERY_MONTHDAY = 0xFFFF_FFFE


def clock(minute: int) -> str:
    """`HH:MM` of minutes after midnight; 1440 is 24:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


def span(begin: int, end: int) -> str:
    """`HH:MM-HH:MM` of minutes after midnight; an end past 1440 lies in the next day."""
    return f"{clock(begin)}-{clock(end if end <= DAY else end - DAY)}"


def week_moment(minute: int) -> str:
    """`fri 20:00` of a minute of the week."""
    day, at = divmod(minute % WEEK, DAY)
    return f"{WEEKDAYS[day][:3]} {clock(at)}"


def stretches(values: set[int], first: int, last: int, *, wraps: bool) -> list[tuple[int, int]]:
    """Values as inclusive ranges; with `wraps` a range may run over the end to the begin."""
    found: list[tuple[int, int]] = []
    for value in sorted(values):
        if found and found[-1][1] == value - 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    if wraps and len(found) > 1 and found[0][0] == first and found[-1][1] == last:
        found = [*found[1:-1], (found[-1][0], found[0][1])]
    return found


def _values(mask: int, first: int, last: int) -> set[int]:
    return {value for value in range(first, last + 1) if mask >> value & 1}


def weekday_words(rule: DayRule, *, nth: str = "#") -> list[str]:
    """`mon-fri`, `mon#1`, `friL`; empty if every weekday matches. `nth` stands before the number."""
    if rule.weekdays & _EVERY_WEEKDAY == _EVERY_WEEKDAY:
        return []
    short = [name[:3] for name in WEEKDAYS]
    words = [_range(short[a], short[b]) for a, b in stretches(_values(rule.weekdays, 0, 6), 0, 6, wraps=True)]
    words += [f"{short[day]}{nth}{count}" for day, count in sorted(rule.nth)]
    return words + [f"{short[day]}L" for day in sorted(rule.last)]


def monthday_words(rule: DayRule) -> list[str]:
    """`1-15`, `L`, `15W`; empty if every day of the month matches."""
    if rule.monthdays & _EVERY_MONTHDAY == _EVERY_MONTHDAY:
        return []
    words = [_range(str(a), str(b)) for a, b in stretches(_values(rule.monthdays, 1, 31), 1, 31, wraps=False)]
    return words + (["L"] if rule.last_day else []) + [f"{day}W" for day in sorted(rule.nearest)]


def month_words(rule: DayRule) -> list[str]:
    """`jan-mar`; empty if every month matches."""
    if rule.months & _EVERY_MONTH == _EVERY_MONTH:
        return []
    return [
        _range(MONTHS[a - 1][:3], MONTHS[b - 1][:3])
        for a, b in stretches(_values(rule.months, 1, 12), 1, 12, wraps=True)
    ]


def _range(left: str, right: str) -> str:
    return left if left == right else f"{left}-{right}"


def date_word(days: DateRange) -> str:
    """`2026-12-24`, `2026-12-24..2027-01-02`, `2027-06-01..`, `..2026-06-30`."""
    first, last = date.fromordinal(days.first).isoformat(), date.fromordinal(days.last).isoformat()
    if days.first == days.last:
        return first
    if days.last == date.max.toordinal():
        return f"{first}.."
    return f"..{last}" if days.first == date.min.toordinal() else f"{first}..{last}"


def day_fields(rule: DayRule) -> dict[str, tuple[str, ...]]:
    """The fields of a period that say the same as `rule`."""
    words = {"weekdays": weekday_words(rule), "monthdays": monthday_words(rule), "months": month_words(rule)}
    return {name: tuple(found) for name, found in words.items() if found}


def is_weekly(rule: DayRule) -> bool:
    """Whether only the weekday matters."""
    return not (rule.nth or rule.last or month_words(rule) or monthday_words(rule))
