"""Lengths of time as people write them: `15m`, `4h`, `1h30m`, `1d12h`, `1w`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from lamplighter.schedules.days import GrammarError

_PARTS: Final = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?")
_LONGEST: Final = timedelta(days=3660)
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def parse_duration(text: str) -> timedelta:
    """Read a length: weeks, days, hours and minutes, each once, in this order; at least a minute, below ten years.

    A number without a unit is refused: some would mean minutes by it, some hours.

    Raises:
        GrammarError: not a length, or no time at all.
    """
    found = _PARTS.fullmatch(text.strip().lower().replace(" ", ""))
    weeks, days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    try:
        total = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    except OverflowError:
        total = timedelta()
    if not timedelta() < total < _LONGEST:
        raise GrammarError(f"{text!r} is not a length of time", 0, "write 90m, 2h or 1d12h")
    return total


def duration_text(length: timedelta) -> str:
    """A length for people, `1h30m`, in the grammar that is read; cut to whole minutes, or seconds below a minute."""
    rest = max(0, int(length.total_seconds()))
    rest -= rest % 60 if rest >= 60 else 0
    parts = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0m"


def _read(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"{value!r} is not a length of time; write 90m, 2h or 1d12h")  # noqa: TRY004 - pydantic's own
    try:
        return parse_duration(str(value))
    except GrammarError as error:
        raise ValueError(f"{error.message}; {error.hint}") from error


Duration = Annotated[
    timedelta,
    BeforeValidator(_read),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\s*(\d+\s*[wW]\s*)?(\d+\s*[dD]\s*)?(\d+\s*[hH]\s*)?(\d+\s*[mM]\s*)?$"}
    ),
]
"""A field of a definition that holds a length of time: written `1h30m`, held as a timedelta of more than zero."""
