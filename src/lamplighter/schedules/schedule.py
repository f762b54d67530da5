"""A compiled schedule: ask it for a state, for its transitions, for its lit hours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lamplighter.schedules.calendars import Calendar
from lamplighter.schedules.definitions import ScheduleDefinition
from lamplighter.schedules.timeline import Desired, State, Timeline, Transition, join
from lamplighter.schedules.wall import Choice, Group, Piece, Rank, events_layer, merge
from lamplighter.schedules.zones import epoch

_BLOCK = 14 * 86_400
_BLOCKS_KEPT = 256


class Source(NamedTuple):
    """A period or calendar as it is named in answers."""

    name: str
    instance_type: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """When a resource should be lit, compiled from its definition.

    Attributes:
        name: the value of the schedule tag.
        definition: what the user wrote.
        zone: the zone of the schedule's wall clock.
        sources: what answers may name, by index.
        groups: the periods, by zone.
        timed: calendars whose events open or close the schedule, with their source index.
        otherwise: the state when nothing speaks.
        freezes: one schedule for each calendar of `freeze`, stopped while that forbids change; see `freezing`.
    """

    name: str
    definition: ScheduleDefinition
    zone: ZoneInfo
    sources: tuple[Source, ...]
    groups: tuple[Group, ...]
    timed: tuple[tuple[Calendar, int, Rank], ...]
    otherwise: State
    freezes: tuple[Schedule, ...] = ()
    _answers: dict[tuple[int, int], Desired] = field(default_factory=dict, init=False, repr=False)
    _blocks: dict[int, Timeline] = field(default_factory=dict, init=False, repr=False)

    def state_at(self, moment: datetime) -> Desired:
        """What the schedule wants at an aware datetime.

        Raises:
            ValueError: the datetime is naive.
        """
        seconds = epoch(moment)
        block = seconds // _BLOCK
        timeline = self._blocks.get(block)
        if timeline is None:
            if len(self._blocks) >= _BLOCKS_KEPT:
                self._blocks.clear()
            timeline = self._blocks[block] = self._compile(block * _BLOCK, (block + 1) * _BLOCK)
        return timeline.at(seconds)

    def timeline(self, start: datetime, end: datetime) -> Timeline:
        """Everything the schedule wants over [start, end), aware datetimes; compiled once, read often.

        Raises:
            ValueError: a naive datetime, or an end that is not after the start.
        """
        first, last = epoch(start), epoch(end)
        if last <= first:
            raise ValueError("the end must come after the start")
        return self._compile(first, last)

    def transitions(self, start: datetime, end: datetime) -> list[Transition]:
        """Changes of state or instance type in (start, end), in order."""
        return self.timeline(start, end).transitions()

    def lit_hours(self, start: datetime, end: datetime) -> Decimal:
        """Real hours in [start, end) in which the schedule wants the resource to run."""
        return self.timeline(start, end).lit_hours()

    def _compile(self, start: int, end: int) -> Timeline:
        fixed = self.definition.override_status
        if fixed is not None:
            answer = Desired(State(fixed), "override_status", None, f"the schedule is fixed to {fixed}")
            return Timeline(start, end, (start,), (answer,))
        alone = len(self.groups) + len(self.timed) == 1
        layers: list[list[Piece]] = [group.layer(start, end, alone=alone) for group in self.groups]
        layers += [events_layer(calendar, source, rank, start, end, self.zone) for calendar, source, rank in self.timed]
        return join(start, end, [(at, self._answer(choice)) for at, choice in merge(layers)])

    def _answer(self, choice: Choice) -> Desired:
        key = (int(choice.rank), choice.order)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._describe(choice.rank, self.sources[-choice.order])
        return answer

    def _describe(self, rank: Rank, source: Source) -> Desired:
        name = source.name
        match rank:
            case Rank.OPEN:
                return Desired(State.RUNNING, name, None, f"calendar {name} is open")
            case Rank.CLOSED:
                return Desired(State.STOPPED, name, None, f"{name} puts it out")
            case Rank.RUN:
                return Desired(State.RUNNING, name, source.instance_type, f"period {name} is on")
            case Rank.ANY:
                return Desired(State.ANY, None, None, f"period {name} has one end only and leaves this time open")
            case Rank.ENDED:
                return Desired(State.STOPPED, None, None, f"period {name} has ended")
            case Rank.NOTHING:
                said = "no period is on" if self.otherwise is State.STOPPED else "no period puts it out"
                return Desired(self.otherwise, None, None, said)
