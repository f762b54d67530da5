"""The day grammar: weekdays, days of the month, months.

A field is a comma list of tokens, any of which may match; the fields of a period must all match;
a missing field matches every day. Case and blanks around tokens and `-` do not matter. The grammar
is that of the AWS Instance Scheduler (v3.2.8) with two of its defects fixed: a step may have any
number of digits, and `29W` to `31W` match nothing in a month that lacks the day.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)


class GrammarError(ValueError):
    """A text that the grammar does not know; `position` is the 0-based offset of the token at fault."""

    def __init__(self, message: str, position: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.hint = hint


@dataclass(frozen=True, slots=True)
class _Domain:
    """What the values of a field are: first to last, their names, whether ranges may wrap."""

    field: str
    first: int
    last: int
    names: tuple[str, ...]
    wraps: bool
    numbering: str


_WEEKDAY = _Domain("weekdays", 0, 6, WEEKDAYS, True, "weekdays count from 0 (Monday) to 6 (Sunday)")
_MONTHDAY = _Domain("monthdays", 1, 31, (), False, "days of the month count from 1 to 31")
_MONTH = _Domain("months", 1, 12, MONTHS, True, "months count from 1 to 12")


@dataclass(frozen=True, slots=True)
class DayRule:
    """Which days match. Masks have bit n set for the value n; -1 has every bit set.

    Attributes:
        months: mask of months 1-12.
        weekdays: mask of weekdays 0-6, Monday first.
        nth: pairs (weekday, n): the nth such weekday of the month.
        last: weekdays whose last occurrence in the month matches.
        monthdays: mask of days 1-31.
        last_day: whether the last day of the month matches.
        nearest: days n whose nearest working day (Monday to Friday) in the month matches.
    """

    months: int = -1
    weekdays: int = -1
    nth: frozenset[tuple[int, int]] = frozenset()
    last: frozenset[int] = frozenset()
    monthdays: int = -1
    last_day: bool = False
    nearest: frozenset[int] = frozenset()

    def matches(self, day: date) -> bool:
        """Whether the calendar day `day` satisfies every field."""
        if not self.months >> day.month & 1:
            return False
        weekday, number = day.weekday(), day.day
        if not self.weekdays >> weekday & 1 and not self._special_weekday(day, weekday, number):
            return False
        return bool(self.monthdays >> number & 1) or self._special_monthday(day, number)

    def _special_weekday(self, day: date, weekday: int, number: int) -> bool:
        if (weekday, (number + 6) // 7) in self.nth:
            return True
        return weekday in self.last and number + 7 > monthrange(day.year, day.month)[1]

    def _special_monthday(self, day: date, number: int) -> bool:
        length = monthrange(day.year, day.month)[1]
        if self.last_day and number == length:
            return True
        return any(n <= length and _nearest_working_day(day, n, length) == number for n in self.nearest)


EVERY_DAY = DayRule()


def _nearest_working_day(day: date, wanted: int, length: int) -> int:
    weekday = day.replace(day=wanted).weekday()
    if weekday == 5:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 6:
        return wanted + 1 if wanted < length else wanted - 2
    return wanted


def parse_days(weekdays: Sequence[str] = (), monthdays: Sequence[str] = (), months: Sequence[str] = ()) -> DayRule:
    """Read the three day fields; each is a sequence of texts, empty when the field is missing.

    Raises:
        GrammarError: at the first token that is not in the grammar.
    """
    week = _Collector()
    for token in _tokens(weekdays):
        _read(token, _WEEKDAY, week, _read_weekday_special)
    month_days = _Collector()
    for token in _tokens(monthdays):
        _read(token, _MONTHDAY, month_days, _read_monthday_special)
    month_names = _Collector()
    for token in _tokens(months):
        _read(token, _MONTH, month_names, _read_month_special)
    return DayRule(
        months=month_names.mask if months else -1,
        weekdays=week.mask if weekdays else -1,
        nth=frozenset(week.nth),
        last=frozenset(week.last),
        monthdays=month_days.mask if monthdays else -1,
        last_day=month_days.last_day,
        nearest=frozenset(month_days.nearest),
    )


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    position: int


class _Collector:
    """What the tokens of one field have said so far."""

    def __init__(self) -> None:
        self.mask = 0
        self.nth: set[tuple[int, int]] = set()
        self.last: set[int] = set()
        self.last_day = False
        self.nearest: set[int] = set()

    def add(self, values: Sequence[int]) -> None:
        for value in values:
            self.mask |= 1 << value


def _tokens(texts: Sequence[str]) -> list[_Token]:
    found: list[_Token] = []
    for text in texts:
        start = 0
        for raw in text.split(","):
            token = _Token(raw.strip().lower(), start + len(raw) - len(raw.lstrip()))
            if not token.text:
                raise GrammarError("there is nothing between two commas", token.position, "remove the extra comma")
            found.append(token)
            start += len(raw) + 1
    return found


def _read(token: _Token, domain: _Domain, into: _Collector, special: Callable[[_Token, _Collector], bool]) -> None:
    if token.text in ("*", "?"):
        into.mask = -1
    elif not special(token, into):
        into.add(_plain(token, domain))


def _read_weekday_special(token: _Token, into: _Collector) -> bool:
    text = token.text
    if text == "l":
        into.add((6,))
        return True
    if "#" in text:
        name, _, count = text.partition("#")
        if not _is_number(count) or not 1 <= int(count) <= 5:
            raise GrammarError(
                f"{text!r}: a month has no {count or 'such'} of a weekday", token.position, "use #1 to #5"
            )
        into.nth.add((_value(_Token(name, token.position), _WEEKDAY), int(count)))
        return True
    if text.endswith("l") and "-" not in text and "/" not in text:
        into.last.add(_value(_Token(text[:-1], token.position), _WEEKDAY))
        return True
    return False


def _read_monthday_special(token: _Token, into: _Collector) -> bool:
    text = token.text
    if text == "l":
        into.last_day = True
        return True
    if re.fullmatch(r"l\s*-\s*\d+", text):
        raise GrammarError(f"{text!r}: counting back from the last day is not known", token.position, "list the days")
    if text.endswith("w"):
        into.nearest.add(_value(_Token(text[:-1], token.position), _MONTHDAY))
        return True
    return False


def _read_month_special(token: _Token, _into: _Collector) -> bool:
    if token.text == "l":
        raise GrammarError("'L' has no meaning for months", token.position, "write dec")
    return False


def _plain(token: _Token, domain: _Domain) -> list[int]:
    """Values of `a`, `a-b`, `a/s` and `a-b/s`."""
    base, slash, step_text = token.text.partition("/")
    if not slash:
        return _range(_Token(base, token.position), domain, to_the_end=False)
    step = step_text.strip()
    if not _is_number(step) or int(step) == 0:
        raise GrammarError(
            f"{token.text!r}: the step must be a whole number from 1",
            token.position + len(base) + 1 + len(step_text) - len(step),
            "for example mon-fri/2, 1/15",
        )
    if base.strip() in ("*", "?"):
        first = domain.names[0][:3] if domain.names else str(domain.first)
        raise GrammarError(f"{token.text!r}: a step needs a first value", token.position, f"write {first}/{step}")
    return _range(_Token(base, token.position), domain, to_the_end=True)[:: int(step)]


def _range(token: _Token, domain: _Domain, *, to_the_end: bool) -> list[int]:
    left, dash, right = token.text.partition("-")
    low = _value(_Token(left.rstrip() if dash else left, token.position), domain)
    if not dash:
        return list(range(low, domain.last + 1)) if to_the_end else [low]
    right_token = _Token(right.strip(), token.position + len(left) + 1 + len(right) - len(right.lstrip()))
    if right_token.text == "l" and domain is _MONTHDAY:
        return list(range(low, domain.last + 1))
    high = _value(right_token, domain)
    if low <= high:
        return list(range(low, high + 1))
    if not domain.wraps:
        raise GrammarError(
            f"{token.text!r}: days of the month do not wrap around", token.position, f"write {low}-L,1-{high}"
        )
    return [*range(low, domain.last + 1), *range(domain.first, high + 1)]


def _value(token: _Token, domain: _Domain) -> int:
    text = token.text
    if _is_number(text):
        number = int(text)
        if domain.first <= number <= domain.last:
            return number
        raise GrammarError(f"{text!r} is not a value for {domain.field}", token.position, domain.numbering)
    for index, name in enumerate(domain.names):
        if text in (name, name[:3]):
            return domain.first + index
    raise GrammarError(f"{text!r} is not a value for {domain.field}", token.position, _name_hint(text, domain))


def _is_number(text: str) -> bool:
    """Whether `text` is a number that a field may hold; `int` refuses texts of thousands of digits."""
    return text.isdecimal() and text.isascii() and len(text) < 10


def _name_hint(text: str, domain: _Domain) -> str:
    if text == "l":
        return "'L' ends a range of days of the month only" if domain.names else domain.numbering
    for name in domain.names:
        if len(text) > 2 and name.startswith(text[:3]):
            return f"write {name[:3]} or {name}"
    close = get_close_matches(text, domain.names, n=1)
    return f"did you mean {close[0]}?" if close else domain.numbering
