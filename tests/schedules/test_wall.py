"""Wall lines, layers and what decides where they overlap."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from lamplighter.schedules.calendars import Calendar
from lamplighter.schedules.clock_times import DAY, parse_dates
from lamplighter.schedules.days import parse_days
from lamplighter.schedules.wall import NOTHING, Choice, Group, Part, Piece, Rank, Span, events_layer, merge
from lamplighter.schedules.zones import epoch, find_zone

BERLIN, UTC_ZONE = find_zone("Europe/Berlin"), find_zone("UTC")
MONDAY = date(2026, 5, 4)
FIRST = MONDAY.toordinal() - date(1970, 1, 1).toordinal()
"""The Monday, counted in days since 1970."""


def _part(source: int, *spans: tuple[int, int, Rank], weekdays: str = "*") -> Part:
    made = tuple(Span(b, e, rank, rank in (Rank.RUN, Rank.CLOSED) and (b, e) != (0, DAY)) for b, e, rank in spans)
    return Part(source, made, parse_days((weekdays,)))


def _line(*parts: Part, bridges: bool = False, days: int = 1) -> str:
    """Where the line of the Monday (and days after it) changes what decides: minute, rank, source."""
    group = Group(UTC_ZONE, parts, bridges, {})
    said, before = [], None
    for minute, choice in group.wall_line(FIRST, FIRST + days - 1):
        now = f"{choice.rank.name}{-choice.order if choice.rank else ''}"
        if now != before:
            said.append(f"{minute - FIRST * DAY}:{now}")
        before = now
    return " ".join(said)


def test_a_day_without_parts_says_nothing() -> None:
    assert _line() == "0:NOTHING"
    assert _line(_part(0, (0, DAY, Rank.RUN), weekdays="tue")) == "0:NOTHING"


RUN, CLOSED, OPEN, ANY, ENDED = Rank.RUN, Rank.CLOSED, Rank.OPEN, Rank.ANY, Rank.ENDED


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ([_part(0, (480, 1080, RUN))], "0:NOTHING 480:RUN0 1080:NOTHING"),
        # The later begin decides, and the earlier again once it is over.
        ([_part(0, (0, 600, RUN)), _part(1, (60, 120, RUN))], "0:RUN0 60:RUN1 120:RUN0 600:NOTHING"),
        # Of equal begins the first decides; a whole day has no begin and is earliest of all.
        ([_part(0, (60, 120, RUN)), _part(1, (60, 180, RUN))], "0:NOTHING 60:RUN0 120:RUN1 180:NOTHING"),
        ([_part(0, (0, DAY, RUN)), _part(1, (0, 60, RUN))], "0:RUN1 60:RUN0"),
        ([_part(0, (0, DAY, RUN)), _part(1, (0, DAY, RUN))], "0:RUN0"),
        # OPEN over CLOSED over RUN over ANY over ENDED over nothing.
        (
            [
                _part(5, (0, 60, OPEN)),
                _part(4, (0, 120, CLOSED)),
                _part(3, (0, 180, RUN)),
                _part(2, (0, 240, ANY)),
                _part(1, (0, 300, ENDED)),
            ],
            "0:OPEN5 60:CLOSED4 120:RUN3 180:ANY2 240:ENDED1 300:NOTHING",
        ),
        # Over midnight: the span belongs to the day it begins on.
        ([_part(0, (1320, DAY + 360, RUN), weekdays="sun")], "0:RUN0 360:NOTHING"),
        ([_part(0, (1320, DAY + 360, RUN), weekdays="mon")], "0:NOTHING 1320:RUN0"),
        ([_part(0, (1320, DAY + 360, RUN))], "0:RUN0 360:NOTHING 1320:RUN0"),
        # What began yesterday began earlier than what begins at midnight.
        ([_part(0, (1320, DAY + 360, RUN)), _part(1, (0, 60, RUN))], "0:RUN1 60:RUN0 360:NOTHING 1320:RUN0"),
        # From Saturday 23:00 for 30 hours; from Friday 24:00, which is Saturday 0:00, for 72 hours.
        ([_part(0, (1380, 1380 + 1800, RUN), weekdays="sat")], "0:RUN0 300:NOTHING"),
        ([_part(0, (DAY, 4 * DAY, RUN), weekdays="fri")], "0:RUN0"),
        ([_part(0, (DAY, 3 * DAY, RUN), weekdays="fri")], "0:NOTHING"),
        ([_part(0, (DAY, 8 * DAY, RUN), weekdays="sun")], "0:RUN0"),
    ],
)
def test_what_decides_a_day(parts: list[Part], line: str) -> None:
    assert _line(*parts) == line


@pytest.mark.parametrize(
    ("spans", "line"),
    [
        ([(0, 60, RUN), (60, 120, RUN)], "0:RUN0 60:RUN1 120:NOTHING"),
        ([(0, 60, RUN), (61, 120, RUN)], "0:RUN0 60:RUN1 120:NOTHING"),
        ([(0, 60, RUN), (62, 120, RUN)], "0:RUN0 60:NOTHING 62:RUN1 120:NOTHING"),
        ([(0, 60, RUN), (60, 61, CLOSED), (61, 120, RUN)], "0:RUN0 60:CLOSED1 61:RUN2 120:NOTHING"),
        ([(0, 60, RUN), (60, 61, ANY), (61, 120, RUN)], "0:RUN0 60:ANY1 61:RUN2 120:NOTHING"),
        ([(0, 60, RUN), (60, 61, ENDED), (61, 120, RUN)], "0:RUN0 60:RUN2 120:NOTHING"),
        ([(0, 60, ANY), (61, 120, RUN)], "0:ANY0 60:NOTHING 61:RUN1 120:NOTHING"),
        ([(0, 60, CLOSED), (61, 120, RUN)], "0:CLOSED0 60:NOTHING 61:RUN1 120:NOTHING"),
        ([(0, 60, RUN), (61, 62, RUN), (63, 120, RUN)], "0:RUN0 60:RUN1 62:RUN2 120:NOTHING"),
        ([(1, 60, RUN), (0, 1439, RUN)], "0:RUN1 1:RUN0 60:RUN1"),
    ],
)
def test_gaps_of_one_minute_are_closed_by_what_follows(spans: list[tuple[int, int, Rank]], line: str) -> None:
    assert _line(*(_part(n, span) for n, span in enumerate(spans)), bridges=True) == line


def test_gaps_at_midnight_are_closed_too() -> None:
    evening, morning, later = _part(0, (1200, 1439, RUN)), _part(1, (0, 60, RUN)), _part(1, (1, 60, RUN))
    midnight = _part(0, (1200, DAY, RUN))
    assert _line(evening, morning, bridges=True) == "0:RUN1 60:NOTHING 1200:RUN0 1439:RUN1"
    assert _line(evening, later, bridges=True) == "0:NOTHING 1:RUN1 60:NOTHING 1200:RUN0 1439:NOTHING"
    assert _line(midnight, later, bridges=True) == "0:RUN1 60:NOTHING 1200:RUN0"


def test_parts_match_by_dates_and_calendars() -> None:
    listed = Calendar("listed", parse_dates(["2026-05-04", "2026-05-06"]))
    day = MONDAY.replace
    days = [day(day=n) for n in range(4, 8)]
    spans = (Span(0, DAY, RUN, False),)

    def matching(part: Part) -> list[int]:
        return [d.day for d in days if part.matches(d, UTC_ZONE)]

    assert matching(Part(0, spans)) == [4, 5, 6, 7]
    assert matching(Part(0, spans, parse_days(["mon,thu"]))) == [4, 7]
    assert matching(Part(0, spans, dates=parse_dates(["2026-05-05..2026-05-06"]))) == [5, 6]
    assert matching(Part(0, spans, only_on=(listed,))) == [4, 6]
    assert matching(Part(0, spans, not_on=(listed,))) == [5, 7]
    assert matching(Part(0, spans, whole_days_of=listed)) == [4, 6]
    assert matching(Part(0, spans, parse_days(["mon"]), only_on=(listed,), not_on=(listed,))) == []


def _at(text: str) -> int:
    return epoch(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_a_layer_skips_what_spring_lacks_and_repeats_what_autumn_repeats() -> None:
    group = Group(BERLIN, (_part(0, (120, 180, RUN)),), False, {})
    spring = group.layer(_at("2026-03-28T23:00"), _at("2026-03-29T22:00"))
    assert {choice.rank for _, choice in spring} == {Rank.NOTHING}
    autumn = group.layer(_at("2026-10-24T22:00"), _at("2026-10-25T23:00"))
    lit = [(at, after[0]) for (at, choice), after in pairwise(autumn) if choice.rank is RUN]
    assert lit == [(_at(f"2026-10-25T{h:02}:00"), _at(f"2026-10-25T{h + 1:02}:00")) for h in (0, 1)]


def test_a_layer_begins_where_it_is_asked_to() -> None:
    group = Group(BERLIN, (_part(0, (120, 180, RUN)),), False, {})
    at = _at("2026-05-04T00:30")
    assert [(begin, choice.rank) for begin, choice in group.layer(at, at + 1)] == [(at, RUN)]


def _choice(rank: Rank, source: int = 0, began: int | None = None) -> Choice:
    return Choice(rank, began is not None, began or 0, -source)


def test_merging_layers_keeps_the_greatest_at_every_second() -> None:
    run, later, closed = _choice(RUN, 0, began=10), _choice(RUN, 1, began=20), _choice(CLOSED, 2)
    one: list[Piece] = [(0, NOTHING), (10, run), (90, NOTHING)]
    two: list[Piece] = [(0, NOTHING), (20, later), (30, NOTHING)]
    three: list[Piece] = [(0, NOTHING), (25, closed), (30, NOTHING)]
    assert merge([one]) == one
    assert merge([one, two]) == [(0, NOTHING), (10, run), (20, later), (30, run), (90, NOTHING)]
    wanted = [(0, NOTHING), (10, run), (20, later), (25, closed), (30, run), (90, NOTHING)]
    assert merge([one, two, three]) == merge([three, one, two]) == wanted


@pytest.mark.parametrize(
    ("events", "lit"),
    [
        ([], []),
        ([(10, 20)], [(10, 20)]),
        ([(10, 20), (20, 30)], [(10, 30)]),
        ([(10, 20), (15, 30), (40, 50)], [(10, 30), (40, 50)]),
        ([(10, 40), (15, 20), (30, 50)], [(10, 50)]),
        ([(-50, 10)], [(0, 10)]),
        ([(-50, 150)], [(0, 100)]),
        ([(90, 100)], [(90, 100)]),
        ([(90, 150), (95, 99)], [(90, 100)]),
        ([(10, 10), (20, 30)], [(20, 30)]),
        ([(-50, 0), (100, 120)], []),
    ],
)
def test_events_as_a_layer(events: list[tuple[int, int]], lit: list[tuple[int, int]]) -> None:
    calendar = Calendar("events", events=lambda _year, _zone: (frozenset(), tuple(events)))
    layer = events_layer(calendar, 3, OPEN, 0, 100, UTC_ZONE)
    starts = [at for at, _ in layer]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] < 100
    seconds = [s for s in range(100) if [c for at, c in layer if at <= s][-1] != NOTHING]
    assert seconds == [s for begin, end in lit for s in range(begin, end)]
    assert {choice for _, choice in layer} <= {NOTHING, _choice(OPEN, 3)}
