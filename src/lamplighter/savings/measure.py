"""What was really lit: the journal, times prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

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
    """

    target: str
    resource: str
    name: str
    schedule: str
    tally: Tally


def measure(entries: Iterable[Entry], book: PriceBook, start: datetime, end: datetime) -> list[Measured]:
    """Lit hours of every resource in the journal over [start, end).

    A resource counts from when it was first seen. What was done by hand between two actions of ours
    is not in the journal; the bill knows it.

    Args:
        entries: all entries before `end`, also those before `start`: they tell how the span began.
        book: on-demand prices.
        start: aware datetime.
        end: aware datetime.
    """
    by_resource: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if entry.at < end and entry.lit_after is not None:
            by_resource.setdefault((entry.target, entry.resource), []).append(entry)
    return [
        _measured(target, resource, sorted(found, key=_order), book, start, end)
        for (target, resource), found in sorted(by_resource.items())
    ]


def _order(entry: Entry) -> tuple[datetime, bool]:
    return entry.at, entry.action != journal.SEEN


def _measured(
    target: str, resource: str, entries: list[Entry], book: PriceBook, start: datetime, end: datetime
) -> Measured:
    lit_seconds = all_seconds = 0
    starts = stops = 0
    present = lit = False
    since = start
    for entry in entries:
        if entry.at > start:
            seconds = int((entry.at - max(since, start)).total_seconds())
            lit_seconds += seconds * lit
            all_seconds += seconds * present
            starts += entry.action == "start"
            stops += entry.action == "stop"
        since = entry.at
        lit = bool(entry.lit_after)
        present = entry.action != journal.GONE
    seconds = int((end - max(since, start)).total_seconds())
    lit_seconds += seconds * lit
    all_seconds += seconds * present
    last = entries[-1]
    priced = next((entry.prices for entry in reversed(entries) if entry.prices), ())
    result = tally(
        book,
        [PriceKey(*texts) for texts in priced],
        Decimal(lit_seconds) / 3600,
        Decimal(all_seconds) / 3600,
        starts=starts,
        stops=stops,
    )
    return Measured(target, resource, last.name, last.schedule, result)


def by_account(measured: Iterable[Measured]) -> Mapping[str, list[Tally]]:
    """Tallies by account id, sorted."""
    grouped: dict[str, list[Tally]] = {}
    for each in measured:
        grouped.setdefault(each.target.partition("/")[0], []).append(each.tally)
    return dict(sorted(grouped.items()))
