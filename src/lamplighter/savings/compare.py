"""What schedules ask for, held against what the journal says was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lamplighter.savings.estimate import lit_stretches
from lamplighter.savings.measure import Stretches, histories, known, length, stretches
from lamplighter.schedules.freezing import expected
from lamplighter.schedules.overrides import Override, in_force
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.timeline import State, Timeline
from lamplighter.schedules.zones import instant
from lamplighter.store import journal
from lamplighter.store.journal import Entry

STOP_ONLY = "stop_only: Lamplighter never starts it, and the journal does not see who does"
NOT_WRITTEN = "nothing in the journal says why: started or stopped by hand, or no pass ran"
LATE = "done by a later pass"


@dataclass(frozen=True, slots=True)
class Compared:
    """One resource: lit hours as its schedule asks, and as the journal has them.

    Attributes:
        target: `account/region`.
        resource: `kind/id`.
        name: what people call it.
        schedule: value of its schedule tag at the end.
        planned: hours its schedule asks for while it was there; None if that is not known.
        done: hours it was lit.
        over: hours it was lit although the schedule had it out.
        under: hours it was out although the schedule had it lit.
        why: hours that differ, by what explains them.
        team: whose it is at the end; empty if it has no such tag, None if the journal does not say.
    """

    target: str
    resource: str
    name: str
    schedule: str
    planned: Decimal | None
    done: Decimal
    over: Decimal
    under: Decimal
    why: Mapping[str, Decimal]
    team: str | None = None

    @property
    def equal(self) -> bool:
        """Whether plan and deed differ by less than a minute."""
        return self.planned is not None and (self.over + self.under) * 60 < 1


def compare(
    entries: Iterable[Entry],
    schedules: Mapping[str, Schedule],
    overrides: Sequence[Override],
    start: datetime,
    end: datetime,
) -> list[Compared]:
    """Hold schedules, as they are defined now, against the journal over [start, end).

    A resource counts from when it was first seen until it is gone, with its last schedule. What was done by hand
    between two actions of ours is not in the journal.

    Args:
        entries: all entries before `end`, also those before `start`: they tell how the span began.
        schedules: by name.
        overrides: all that are known, also those that have ended.
        start: aware datetime, on a whole second.
        end: aware datetime, on a whole second.

    Raises:
        ValueError: an end that is not after the start.
    """
    if end <= start:
        raise ValueError("the end must come after the start")
    listed = list(entries)
    failed: dict[tuple[str, str], list[Entry]] = {}
    for entry in listed:
        if entry.outcome == journal.FAILED and start <= entry.at < end:
            failed.setdefault((entry.target, entry.resource), []).append(entry)
    timelines: dict[str, Timeline | None] = {}
    found = []
    for key, history in histories(listed, end).items():
        name = history[-1].schedule
        if name not in timelines:
            timelines[name] = _timeline(schedules.get(name), start, end)
        there, lit = stretches(history, start, end)
        if there:
            schedule = schedules.get(name)
            waits = schedule is not None and schedule.definition.stop_only
            story = _Story(history, failed.get(key, []), overrides, timelines[name], waits)
            found.append(_compared(story, there, lit, end))
    return found


def _timeline(schedule: Schedule | None, start: datetime, end: datetime) -> Timeline | None:
    return None if schedule is None or schedule.definition.ignore else expected(schedule, start, end)


@dataclass(frozen=True, slots=True)
class _Story:
    """What is known of one resource."""

    history: list[Entry]
    failed: list[Entry]
    overrides: Sequence[Override]
    timeline: Timeline | None
    stop_only: bool

    @property
    def names(self) -> tuple[str, ...]:
        """What overrides may call it; tags and ARNs are not in the journal."""
        last = self.history[-1]
        return (last.resource.partition("/")[2], last.name)


def _compared(story: _Story, there: Stretches, lit: Stretches, end: datetime) -> Compared:
    last = known(story.history)
    named = (last.target, last.resource, last.name, last.schedule)
    if story.timeline is None:
        return Compared(*named, None, length(lit), Decimal(0), Decimal(0), {}, last.team)
    planned = common([(instant(a), instant(b)) for a, b in lit_stretches(story.timeline)], there)
    over, under = without(lit, planned), without(planned, lit)
    why: dict[str, Decimal] = {}
    for differing, action in ((over, "stop"), (under, "start")):
        for stretch in differing:
            cause = _cause(story, stretch, action, end)
            why[cause] = why.get(cause, Decimal(0)) + length([stretch])
    return Compared(*named, length(planned), length(lit), length(over), length(under), why, last.team)


def _cause(story: _Story, stretch: tuple[datetime, datetime], due: str, end: datetime) -> str:
    """Why a resource was not as its schedule asked; `due` is the action that would have mended it."""
    first, last = stretch
    tried = [entry for entry in story.failed if entry.action == due and first <= entry.at < last]
    if tried:
        return f"{due} failed: {tried[-1].note or tried[-1].reason}"
    override = in_force(story.overrides, first, story.names, {})
    if override is not None:
        return override.words()
    before = [entry for entry in story.history if entry.at <= first]
    if before and before[-1].at == first and before[-1].action not in (due, journal.SEEN):
        return f"{before[-1].action} at another time: {before[-1].reason}"
    if story.stop_only and due == "start":
        return STOP_ONLY
    assert story.timeline is not None
    if story.timeline.at(max(first, instant(story.timeline.start))).state is State.ANY:
        return "the schedule leaves this time open"
    ended = any(entry.at == last and entry.action == due for entry in story.history)
    return LATE if ended and last < end else NOT_WRITTEN


def common(left: Stretches, right: Stretches) -> Stretches:
    """What lies in both."""
    found: Stretches = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            found.append((start, end))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return found


def without(left: Stretches, right: Stretches) -> Stretches:
    """What lies in the left and not in the right."""
    if not left or not right:
        return left
    edges = [left[0][0], *(moment for stretch in right for moment in stretch), left[-1][1]]
    gaps = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]
    return common(left, gaps)
