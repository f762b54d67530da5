"""What was saved on whole days, by account and team: `lamp savings` of each day, for dashboards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from lamplighter.pricing.book import PriceBook
from lamplighter.savings.measure import measure
from lamplighter.savings.tally import Tally, add
from lamplighter.store.journal import Entry

DAY = timedelta(days=1)


class Whose(NamedTuple):
    """Account id and team; an empty team where nothing says whose it is, None where the journal does not know."""

    account: str
    team: str | None


@dataclass(frozen=True, slots=True)
class Saved:
    """One day, from midnight to midnight UTC.

    Attributes:
        day: it.
        groups: what each account and team saved, in order.
    """

    day: date
    groups: Mapping[Whose, Tally]

    @property
    def total(self) -> Tally:
        """The sum of all."""
        return add(self.groups.values())

    @property
    def last(self) -> datetime:
        """The last minute of the day, in UTC."""
        return datetime.combine(self.day, time(23, 59), UTC)


def days_before(at: datetime, count: int) -> list[date]:
    """The last whole days in UTC before an aware datetime, the oldest first."""
    today = at.astimezone(UTC).date()
    return [today - DAY * number for number in range(count, 0, -1)]


def begin_of(day: date) -> datetime:
    """Midnight UTC at which a day begins."""
    return datetime.combine(day, time(), UTC)


def daily(entries: Iterable[Entry], book: PriceBook, days: Iterable[date]) -> list[Saved]:
    """Measure each of some days as `measure` does.

    Args:
        entries: enough of the journal for the first day, see `entries_since`.
        book: on-demand prices.
        days: whole days.

    Raises:
        StoreCorrupt: the prices of an entry are not price keys.
    """
    listed: Sequence[Entry] = list(entries)
    found = []
    for day in days:
        begin = begin_of(day)
        groups: dict[Whose, list[Tally]] = {}
        for each in measure(listed, book, begin, begin + DAY):
            groups.setdefault(Whose(each.target.partition("/")[0], each.team), []).append(each.tally)
        found.append(_saved(day, groups))
    return found


def together(measured: Iterable[Sequence[Saved]]) -> list[Saved]:
    """What was saved in several targets, by day."""
    days: dict[date, dict[Whose, list[Tally]]] = {}
    for each in (saved for target in measured for saved in target):
        groups = days.setdefault(each.day, {})
        for whose, one in each.groups.items():
            groups.setdefault(whose, []).append(one)
    return [_saved(day, days[day]) for day in sorted(days)]


def _saved(day: date, groups: Mapping[Whose, Sequence[Tally]]) -> Saved:
    ordered = sorted(groups, key=lambda whose: (whose.account, whose.team is None, whose.team or ""))
    return Saved(day, {whose: add(groups[whose]) for whose in ordered})
