"""What was really lit: the journal, times prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from lamplighter.errors import StoreCorrupt
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import PriceKey
from lamplighter.savings.tally import Tally, tally
from lamplighter.store import journal
from lamplighter.store.journal import Entry


@dataclass(frozen=True, slots=True)
class Measured:
    """One resource and what it did.

    Attributes:
        target: `account/region`.
        resource: `kind/id`.
        name: what people call it.
        schedule: value of its schedule tag at the end.
        tally: hours and money since it was first seen, or since the start of the span.
        team: whose it is at the end; empty if it has no such tag, None if the journal does not say.
    """

    target: str
    resource: str
    name: str
    schedule: str
    tally: Tally
    team: str | None = None


def measure(entries: Iterable[Entry], book: PriceBook, start: datetime, end: datetime) -> list[Measured]:
    """Lit hours of every resource in the journal over [start, end).

    A resource counts from when it was first seen until it is gone; one that was not there at all is left out.
    What was done by hand between two actions of ours is not in the journal; the bill knows it.

    Args:
        entries: all entries before `end`, also those before `start`: they tell how the span began.
        book: on-demand prices.
        start: aware datetime.
        end: aware datetime.

    Raises:
        ValueError: an end that is not after the start.
        StoreCorrupt: the prices of an entry are not price keys.
    """
    if end <= start:
        raise ValueError("the end must come after the start")
    measured = (
        _measured(target, resource, found, book, start, end)
        for (target, resource), found in histories(entries, end).items()
    )
    return [each for each in measured if each.tally.all_hours]


def histories(entries: Iterable[Entry], end: datetime) -> dict[tuple[str, str], list[Entry]]:
    """What happened to each resource before `end`, in order of time, without what changed nothing.

    Returns:
        By target and `kind/id`, sorted.
    """
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if entry.at < end and entry.lit_after is not None:
            found.setdefault((entry.target, entry.resource), []).append(entry)
    return {key: sorted(found[key], key=_order) for key in sorted(found)}


def _order(entry: Entry) -> tuple[datetime, bool]:
    return entry.at, entry.action != journal.SEEN


Stretches = list[tuple[datetime, datetime]]
"""Stretches [from, to) of time, in order and apart from each other."""


def stretches(history: Iterable[Entry], start: datetime, end: datetime) -> tuple[Stretches, Stretches]:
    """(when a resource was there, when it was lit) within [start, end), from its history."""
    there: Stretches = []
    lit: Stretches = []
    since, present, burning = start, False, False
    for entry in history:
        at = max(entry.at, start)
        _stretch(there, since, at, present)
        _stretch(lit, since, at, burning)
        since, burning, present = at, bool(entry.lit_after), entry.action != journal.GONE
    _stretch(there, since, end, present)
    _stretch(lit, since, end, burning)
    return there, lit


def _stretch(found: Stretches, start: datetime, end: datetime, holds: bool) -> None:
    if not holds or end <= start:
        return
    if found and found[-1][1] == start:
        found[-1] = (found[-1][0], end)
    else:
        found.append((start, end))


def length(found: Stretches) -> Decimal:
    """Hours of stretches, all told."""
    return _hours(sum((end - start for start, end in found), timedelta(0)))


def _measured(
    target: str, resource: str, entries: list[Entry], book: PriceBook, start: datetime, end: datetime
) -> Measured:
    there, lit = stretches(entries, start, end)
    starts, stops = (sum(e.action == action for e in entries if e.at >= start) for action in ("start", "stop"))
    last = known(entries)
    result = tally(book, _keys(last), length(lit), length(there), starts=starts, stops=stops)
    return Measured(target, resource, last.name, last.schedule, result, last.team)


def known(history: Sequence[Entry]) -> Entry:
    """The last entry of a resource, with the prices and the team that were last told."""
    last = history[-1]
    prices = next((entry.prices for entry in reversed(history) if entry.prices), last.prices)
    team = next((entry.team for entry in reversed(history) if entry.team is not None), None)
    return replace(last, prices=prices, team=team)


def _hours(length: timedelta) -> Decimal:
    return Decimal(length // timedelta(microseconds=1)) / 3_600_000_000


def _keys(entry: Entry) -> list[PriceKey]:
    try:
        return [PriceKey(*texts) for texts in entry.prices]
    except TypeError as error:
        raise StoreCorrupt(
            f"the journal of {entry.target} holds prices of {entry.resource} that are no price keys",
            hint="restore the store from a backup, or delete the item",
        ) from error
