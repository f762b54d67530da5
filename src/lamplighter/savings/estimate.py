"""What schedules would save: timelines times prices, before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import PriceKey
from lamplighter.resources.kind import Standing
from lamplighter.savings.standing import StandingCost, standing_cost
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
        labels: what to group it by, for example {"account": ..., "tag:Team": ...}; None where it has no such tag.
        standing: what is paid whether it is lit or out; None if that is not known.
        instance_type: as it is now; what a schedule asks for beside it is not priced.
        note: what else is assumed of it, for people; empty for nothing.
    """

    schedule: str
    prices: tuple[PriceKey, ...]
    labels: Mapping[str, str | None]
    standing: tuple[Standing, ...] | None = ()
    instance_type: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One lot and what it would do; `notes` say what was assumed."""

    lot: Lot
    tally: Tally
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Outline:
    """What a schedule does over the span, the same for all that have it."""

    lit: Decimal
    starts: int = 0
    stops: int = 0
    notes: tuple[str, ...] = ()
    types: frozenset[str] = frozenset()


def estimate(
    lots: Iterable[Lot], schedules: Mapping[str, Schedule], book: PriceBook, start: datetime, end: datetime
) -> list[Estimate]:
    """Estimate every lot over [start, end), aware datetimes.

    A resource whose schedule is unknown, not valid or `ignore` counts as always on, and its notes say
    so. Where a schedule leaves the state open, the resource is taken to stay as it was; before the
    first word of the schedule it is taken to be lit. Overrides, maintenance windows, failures and what is done by hand
    are not foreseen.

    Raises:
        ValueError: a naive datetime, or an end that is not after the start.
    """
    if epoch(end) <= epoch(start):
        raise ValueError("the end must come after the start")
    whole = Decimal(epoch(end) - epoch(start)) / 3600
    outlines: dict[str, _Outline] = {}
    tallies: dict[tuple[str, tuple[PriceKey, ...]], Tally] = {}
    stood: dict[tuple[Standing, ...] | None, StandingCost] = {}
    found = []
    for lot in lots:
        outline = outlines.get(lot.schedule)
        if outline is None:
            outline = outlines[lot.schedule] = _outline(schedules.get(lot.schedule), lot.schedule, start, end, whole)
        alike = tallies.get((lot.schedule, lot.prices))
        if alike is None:
            alike = tally(book, lot.prices, outline.lit, whole, starts=outline.starts, stops=outline.stops)
            tallies[lot.schedule, lot.prices] = alike
        standing = stood.get(lot.standing)
        if standing is None:
            standing = stood[lot.standing] = standing_cost(book, lot.standing, start, end)
        found.append(Estimate(lot, _with_standing(alike, standing), _notes(lot, outline)))
    return found


def _outline(schedule: Schedule | None, name: str, start: datetime, end: datetime, whole: Decimal) -> _Outline:
    if schedule is None:
        return _Outline(whole, notes=(f"schedule {name!r} is not valid or not defined; counted as always on",))
    if schedule.definition.ignore:
        return _Outline(whole, notes=("left alone; counted as always on",))
    timeline = expected(schedule, start, end)
    notes = []
    if schedule.definition.stop_only:
        notes.append("stop_only: counted as if started on time by hand")
    if open_seconds := timeline.seconds(State.ANY):
        hours = round(Decimal(open_seconds) / 3600, 1)
        notes.append(
            f"the schedule leaves {hours:,f} h open: counted as staying as it was, and lit before its first word"
        )
    types = frozenset(value.instance_type for value in timeline.values if value.instance_type)
    return _Outline(*lit_span(timeline), tuple(notes), types)


def _notes(lot: Lot, outline: _Outline) -> tuple[str, ...]:
    notes = outline.notes
    if others := outline.types - {lot.instance_type}:
        notes += (f"the schedule asks for {', '.join(sorted(others))} at times: counted at the price of its type now",)
    return (*notes, lot.note) if lot.note else notes


def _with_standing(one: Tally, stood: StandingCost) -> Tally:
    if stood.whole and not stood.costs:
        return one
    guessed = int(bool(one.estimated) or stood.estimated)
    return replace(one, standing=stood.costs, standing_unknown=int(not stood.whole), estimated=guessed)


def lit_stretches(timeline: Timeline) -> list[tuple[int, int]]:
    """Stretches [from, to) in epoch seconds that are lit when open ones keep the state before them, in order."""
    ends = (*timeline.starts[1:], timeline.end)
    lit = not timeline.values or timeline.values[0].state is not State.STOPPED
    found: list[tuple[int, int]] = []
    for start, end, value in zip(timeline.starts, ends, timeline.values, strict=True):
        lit = lit if value.state is State.ANY else value.state is State.RUNNING
        if lit and found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        elif lit:
            found.append((start, end))
    return found


def lit_span(timeline: Timeline) -> tuple[Decimal, int, int]:
    """(lit hours, starts, stops) of a timeline when open stretches keep the state before them."""
    stretches = lit_stretches(timeline)
    seconds = sum(end - start for start, end in stretches)
    starts = sum(start > timeline.start for start, _ in stretches)
    stops = sum(end < timeline.end for _, end in stretches)
    return Decimal(seconds) / 3600, starts, stops
