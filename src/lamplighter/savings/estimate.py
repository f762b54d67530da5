"""What schedules would save: timelines times prices, before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import PriceKey
from lamplighter.savings.tally import Tally, tally
from lamplighter.schedules.freezing import expected
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.timeline import State, Timeline
from lamplighter.schedules.zones import epoch


@dataclass(frozen=True, slots=True)
class Lot:
    """One resource, as far as an estimate needs it.

    Attributes:
        schedule: value of its schedule tag.
        prices: what is paid for each hour lit.
        labels: what to group it by, for example {"account": ..., "resource": ...}.
    """

    schedule: str
    prices: tuple[PriceKey, ...]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Estimate:
    """One lot and what it would do; `note` says what was assumed."""

    lot: Lot
    tally: Tally
    note: str = ""


def estimate(
    lots: Iterable[Lot], schedules: Mapping[str, Schedule], book: PriceBook, start: datetime, end: datetime
) -> list[Estimate]:
    """Estimate every lot over [start, end), aware datetimes.

    A resource whose schedule is unknown, not valid or `ignore` counts as always on, and its note says
    so. Where a schedule leaves the state open, the resource is taken to stay as it was; before the
    first word of the schedule it is taken to be lit.

    Raises:
        ValueError: a naive datetime, or an end that is not after the start.
    """
    if epoch(end) <= epoch(start):
        raise ValueError("the end must come after the start")
    timelines: dict[str, Timeline] = {}
    spans: dict[str, tuple[Decimal, int, int]] = {}
    whole = Decimal(epoch(end) - epoch(start)) / 3600
    found = []
    for lot in lots:
        schedule = schedules.get(lot.schedule)
        if schedule is None or schedule.definition.ignore:
            why = "left alone" if schedule else f"schedule {lot.schedule!r} is not valid or not defined"
            found.append(Estimate(lot, tally(book, lot.prices, whole, whole), f"{why}; counted as always on"))
            continue
        if lot.schedule not in timelines:
            timelines[lot.schedule] = expected(schedule, start, end)
            spans[lot.schedule] = lit_span(timelines[lot.schedule])
        lit, starts, stops = spans[lot.schedule]
        note = "stop_only: counted as if started on time by hand" if schedule.definition.stop_only else ""
        found.append(Estimate(lot, tally(book, lot.prices, lit, whole, starts=starts, stops=stops), note))
    return found


def lit_span(timeline: Timeline) -> tuple[Decimal, int, int]:
    """(lit hours, starts, stops) of a timeline when open stretches keep the state before them."""
    ends = (*timeline.starts[1:], timeline.end)
    lit = not timeline.values or timeline.values[0].state is not State.STOPPED
    seconds = starts = stops = 0
    for start, end, value in zip(timeline.starts, ends, timeline.values, strict=True):
        wanted = lit if value.state is State.ANY else value.state is State.RUNNING
        starts += wanted and not lit
        stops += lit and not wanted
        lit = wanted
        seconds += (end - start) * lit
    return Decimal(seconds) / 3600, starts, stops
