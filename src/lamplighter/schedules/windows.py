"""Maintenance windows: stretches of time in which a resource must be lit, and the weekly ones of databases.

The windows of Systems Manager are read in `lamplighter.schedules.ssm_windows`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from lamplighter.schedules.days import GrammarError

DEFAULT_LEAD: Final = timedelta(minutes=10)
"""How long before its window a resource is lit; that of the AWS Instance Scheduler."""

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE: Final = timedelta(minutes=1)
_WEEK: Final = 7 * 1440
_WEEKLY: Final = re.compile(r"([a-z]{3}):([01]\d|2[0-3]):([0-5]\d)-([a-z]{3}):([01]\d|2[0-3]):([0-5]\d)")
_BETWEEN: Final = "; "


@dataclass(frozen=True, slots=True)
class Window:
    """One occurrence of a maintenance window.

    Attributes:
        name: what people call the window; without `; ` and `/`.
        begin: aware UTC datetime at which it begins; what it is for is lit earlier.
        end: aware UTC datetime at which it is over.
    """

    name: str
    begin: datetime
    end: datetime

    @property
    def occurrence(self) -> str:
        """The occurrence as it is remembered: `patch-tuesday 2026-11-24T02:00+00:00/2026-11-24T05:00+00:00`."""
        return f"{self.name} {_text(self.begin)}/{_text(self.end)}"

    def words(self) -> str:
        """The occurrence as a clause, for reasons."""
        return f"maintenance window {self.name} lasts from {_text(self.begin)} to {_text(self.end)}"

    def open_at(self, at: datetime, lead: timedelta) -> bool:
        """Whether it is open at an aware datetime, or begins within `lead`."""
        return self.begin - lead <= at < self.end


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def occurrences_text(windows: Iterable[Window]) -> str:
    """Several occurrences as one text; empty for none."""
    return _BETWEEN.join(window.occurrence for window in windows)


@lru_cache(maxsize=4096)
def read_occurrences(text: str) -> tuple[Window, ...]:
    """What `occurrences_text` wrote. What cannot be read is left out: it was written by nobody we know."""
    found = []
    for part in text.split(_BETWEEN) if text else ():
        name, _, span = part.rpartition(" ")
        begin, _, end = span.partition("/")
        try:
            found.append(Window(name, datetime.fromisoformat(begin), datetime.fromisoformat(end)))
        except ValueError:
            continue
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Weekly:
    """A window of every week, as RDS and Redshift have one for each database or cluster.

    Attributes:
        name: its text, lower case.
        begin: minute of the week, counted from Monday 00:00 UTC.
        minutes: how long it lasts, less than a week.
    """

    name: str
    begin: int
    minutes: int

    def open_at(self, at: datetime, lead: timedelta = DEFAULT_LEAD) -> tuple[Window, ...]:
        """The occurrences that are open at an aware datetime or begin within `lead`; two if the lead is that long."""
        moment = at.astimezone(UTC)
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        first = midnight - timedelta(days=moment.weekday()) + self.begin * _MINUTE
        ahead = lead // (_WEEK * _MINUTE) + 1
        found = (first + week * _WEEK * _MINUTE for week in range(-1, ahead + 1))
        windows = (Window(self.name, begin, begin + self.minutes * _MINUTE) for begin in found)
        return tuple(window for window in windows if window.open_at(at, lead))


@lru_cache(maxsize=4096)
def parse_weekly(text: str) -> Weekly:
    """Read `ddd:hh:mm-ddd:hh:mm`, UTC; it may run over midnight and over the end of the week.

    Source: RDS API Reference, `PreferredMaintenanceWindow`; Redshift and ElastiCache write the same.

    Raises:
        GrammarError: it is no such text.
    """
    shape = "AWS writes ddd:hh:mm-ddd:hh:mm in UTC, for example sun:23:30-mon:00:30"
    found = _WEEKLY.fullmatch(text.strip().lower())
    if found is None:
        raise GrammarError(f"{text!r} is not a weekly window", 0, shape)
    for group in (1, 4):
        if found[group] not in _DAYS:
            raise GrammarError(f"{found[group]!r} is not a day of the week", found.start(group), shape)
    begin, end = (_DAYS.index(found[g]) * 1440 + int(found[g + 1]) * 60 + int(found[g + 2]) for g in (1, 4))
    if begin == end:
        raise GrammarError(f"{text!r} ends when it begins", found.start(4), shape)
    return Weekly(found[0], begin, (end - begin) % _WEEK)
