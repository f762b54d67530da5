"""From periods to stretches of time: first on the wall clock of a zone, then in UTC.

On the wall clock every day is 1,440 minutes long, so a day depends only on which periods its date
(and, for spans over midnight, the dates before) match. Such a day is worked out once and laid down
again wherever the same dates match. The zone's offsets then cut the wall clock: what a spring day
lacks is skipped, and a repeated autumn hour is laid down twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lamplighter.schedules.calendars import Calendar
from lamplighter.schedules.clock_times import DAY, DateRange
from lamplighter.schedules.days import EVERY_DAY, DayRule
from lamplighter.schedules.zones import offsets

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


class Rank(IntEnum):
    """What a span says; where spans overlap the highest rank decides."""

    NOTHING = 0
    ENDED = 1  # after the end of a period that has only an end
    ANY = 2  # before the begin of a period that has only a begin, or before an only end
    RUN = 3
    CLOSED = 4  # stop periods and closed calendars
    OPEN = 5  # open calendars

    @property
    def lit(self) -> bool:
        """Whether what decides asks for running."""
        return self in (Rank.RUN, Rank.OPEN)


_QUIET = (Rank.NOTHING, Rank.ENDED)


class Span(NamedTuple):
    """Minutes [begin, end) counted from midnight of the day it belongs to; `end` may lie days later."""

    begin: int
    end: int
    rank: Rank
    has_begin: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Days and the spans that each of them brings.

    Attributes:
        source: index of the period or calendar it comes from; among equals the lower decides.
        spans: what a matching day brings.
        rule: the day fields.
        dates: if not empty, the day must be in one of these.
        whole_days_of: if given, the day must be a whole day of this calendar.
        only_on: the day must be touched by each of these calendars.
        not_on: the day must be touched by none of these.
    """

    source: int
    spans: tuple[Span, ...]
    rule: DayRule = EVERY_DAY
    dates: tuple[DateRange, ...] = ()
    whole_days_of: Calendar | None = None
    only_on: tuple[Calendar, ...] = ()
    not_on: tuple[Calendar, ...] = ()

    def matches(self, day: date, zone: ZoneInfo) -> bool:
        """Whether the local day brings this part's spans."""
        if not self.rule.matches(day):
            return False
        if not (self.dates or self.whole_days_of or self.only_on or self.not_on):
            return True
        ordinal = day.toordinal()
        if self.dates and not any(r.first <= ordinal <= r.last for r in self.dates):
            return False
        if self.whole_days_of is not None and not self.whole_days_of.has_day(ordinal, zone):
            return False
        if not all(calendar.touches_day(ordinal, zone) for calendar in self.only_on):
            return False
        return not any(calendar.touches_day(ordinal, zone) for calendar in self.not_on)


class Choice(NamedTuple):
    """What decides a stretch; compared in this order."""

    rank: Rank
    has_begin: bool
    began: int  # wall minutes on a wall line, epoch seconds in a layer, 0 without a begin
    order: int  # minus the source, so that the first of equals is the greatest


NOTHING = Choice(Rank.NOTHING, False, 0, 0)

Piece = tuple[int, Choice]
"""(where it begins, what decides it until the next piece)."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The parts that live on one zone's wall clock.

    Attributes:
        zone: the zone.
        parts: what comes back on its days.
        bridges: whether a gap of one minute between two lit stretches is closed.
        templates: days already worked out, by which parts matched on the last days.
    """

    zone: ZoneInfo
    parts: tuple[Part, ...]
    bridges: bool
    templates: dict[tuple[int, ...], list[Piece]]

    def layer(self, start: int, end: int, *, alone: bool = False) -> list[Piece]:
        """Pieces that cover the epoch seconds [start, end).

        Args:
            start: first epoch second.
            end: epoch second after the last.
            alone: whether no other layer will be laid over it. When a choice began decides between layers only, and to
                work it out for every piece takes longer than all the rest, so then it is left as the template has it.
        """
        stretches = list(offsets(self.zone, start, end))
        low = min((begin + offset) // 60 for begin, _, offset in stretches)
        high = max((stop + offset) // 60 for _, stop, offset in stretches)
        line = self.wall_line(low // DAY, high // DAY, alone=alone)
        minutes = [minute for minute, _ in line]
        pieces: list[Piece] = []
        last: Choice | None = None
        for begin, stop, offset in stretches:
            index = bisect_right(minutes, (begin + offset) // 60) - 1
            at = begin
            while at < stop:
                choice = line[index][1]
                if choice.has_begin and not alone:
                    choice = choice._replace(began=choice.began * 60 - offset)
                if choice is not last:
                    pieces.append((at, choice))
                    last = choice
                index += 1
                at = minutes[index] * 60 - offset if index < len(minutes) else stop
        return pieces

    def wall_line(self, first_day: int, last_day: int, *, alone: bool = False) -> list[Piece]:
        """Pieces in wall minutes since 1970-01-01 for whole days, one-minute gaps already closed.

        Args:
            first_day: days from 1970-01-01 to the first day of the line.
            last_day: the same for its last day.
            alone: see `layer`.
        """
        if self.bridges:
            line = _bridged(self._open_line(first_day - 1, last_day + 1, alone))
            return [piece for piece in line if first_day <= piece[0] // DAY <= last_day]
        return self._open_line(first_day, last_day, alone)

    def _open_line(self, first_day: int, last_day: int, alone: bool) -> list[Piece]:
        reach = max((span.end - 1) // DAY for part in self.parts for span in part.spans) if self.parts else 0
        masks = [self._mask(day) for day in range(first_day - reach, last_day + 1)]
        line: list[Piece] = []
        for index, day in enumerate(range(first_day, last_day + 1)):
            window = tuple(masks[index : index + reach + 1])
            template = self.templates.get(window)
            if template is None:
                template = self.templates[window] = self._template(window)
            base = day * DAY
            for minute, choice in template:
                if choice.has_begin and not alone:
                    choice = choice._replace(began=base + choice.began)
                line.append((base + minute, choice))
        return line

    def _mask(self, day: int) -> int:
        moment = date.fromordinal(day + _EPOCH_ORDINAL)
        mask = 0
        for number, part in enumerate(self.parts):
            mask |= part.matches(moment, self.zone) << number
        return mask

    def _template(self, window: Sequence[int]) -> list[Piece]:
        active: list[tuple[int, int, Choice]] = []
        for lag, mask in enumerate(reversed(window)):
            for number, part in enumerate(self.parts):
                if mask >> number & 1:
                    for span in part.spans:
                        begin, end = span.begin - lag * DAY, span.end - lag * DAY
                        if end > 0 and begin < DAY:
                            choice = Choice(span.rank, span.has_begin, begin if span.has_begin else 0, -part.source)
                            active.append((begin, end, choice))
        cuts = sorted({0, *(b for b, _, _ in active if b > 0), *(e for _, e, _ in active if e < DAY)})
        pieces: list[Piece] = []
        for cut in cuts:
            choice = max((c for b, e, c in active if b <= cut < e), default=NOTHING)
            if not pieces or pieces[-1][1] != choice:
                pieces.append((cut, choice))
        return pieces


def _bridged(line: list[Piece]) -> list[Piece]:
    """Close gaps of one minute between lit pieces; the gap takes what follows (AWS Instance Scheduler, 2.2)."""
    closed = list(line)
    for index in range(1, len(line) - 1):
        minute, choice = line[index]
        after_minute, after = line[index + 1]
        if after_minute - minute == 1 and choice.rank in _QUIET and line[index - 1][1].rank.lit and after.rank.lit:
            closed[index] = (minute, after)
    return closed


def merge(layers: Sequence[Iterable[Piece]]) -> list[Piece]:
    """Lay layers over each other; at every second the greatest choice decides."""
    if len(layers) == 1:
        return list(layers[0])
    events = sorted(
        ((at, number, choice) for number, layer in enumerate(layers) for at, choice in layer),
        key=lambda event: event[:2],
    )
    current = [NOTHING] * len(layers)
    merged: list[Piece] = []
    for index, (at, number, choice) in enumerate(events):
        current[number] = choice
        if index + 1 == len(events) or events[index + 1][0] != at:
            merged.append((at, max(current)))
    return merged


def events_layer(calendar: Calendar, source: int, rank: Rank, start: int, end: int, zone: ZoneInfo) -> list[Piece]:
    """A calendar's timed events as a layer over [start, end), silent between them."""
    pieces: list[Piece] = [(start, NOTHING)]
    speaks = Choice(rank, False, 0, -source)
    for begin, stop in calendar.timed(start, end, zone):
        silent_from, _ = pieces[-1]
        if stop <= max(begin, silent_from):
            continue
        if begin > silent_from:
            pieces.append((begin, speaks))
        else:
            pieces[-1] = (silent_from, speaks)
        if stop >= end:
            break
        pieces.append((stop, NOTHING))
    return pieces
