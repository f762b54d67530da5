"""The desired state over time: a sorted list of moments at which it changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from lamplighter.schedules.zones import epoch, instant


class State(StrEnum):
    """What a schedule wants; `any` means that it does not mind."""

    RUNNING = "running"
    STOPPED = "stopped"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Desired:
    """What a schedule wants at an instant, and why.

    Attributes:
        state: running, stopped or any.
        period: the period that decided, `override_status` for a fixed schedule, None when no period speaks.
        instance_type: the type the period asks for (`period@type`), or None.
        reason: one clause for people, for example `period office is on`.
    """

    state: State
    period: str | None
    instance_type: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Transition:
    """A moment at which the desired state, or the desired instance type, changes.

    Attributes:
        at: aware UTC datetime; `now` holds from this instant on.
        before: what was wanted until then.
        now: what is wanted from then on.
    """

    at: datetime
    before: Desired
    now: Desired


@dataclass(frozen=True, slots=True)
class Timeline:
    """Desired states over [start, end), compiled once and read by bisection.

    Attributes:
        start: first epoch second.
        end: epoch second after the last.
        starts: epoch seconds at which each stretch begins, ascending; the first is `start`.
        values: what is wanted in each stretch.
    """

    start: int
    end: int
    starts: tuple[int, ...]
    values: tuple[Desired, ...]

    def at(self, moment: datetime | int) -> Desired:
        """What is wanted at an aware datetime or epoch second.

        Raises:
            ValueError: outside of the timeline, or a naive datetime.
        """
        seconds = moment if isinstance(moment, int) else epoch(moment)
        if not self.start <= seconds < self.end:
            raise ValueError(f"{instant(seconds).isoformat()} is outside of the compiled timeline")
        return self.values[bisect_right(self.starts, seconds) - 1]

    def transitions(self) -> list[Transition]:
        """Every change of state or instance type after `start`, in order."""
        return [
            Transition(instant(at), before, now)
            for at, before, now in zip(self.starts[1:], self.values, self.values[1:], strict=False)
            if (before.state, before.instance_type) != (now.state, now.instance_type)
        ]

    def seconds(self, state: State) -> int:
        """How many seconds the timeline spends in `state`."""
        ends = (*self.starts[1:], self.end)
        return sum(
            end - start
            for start, end, value in zip(self.starts, ends, self.values, strict=True)
            if value.state is state
        )

    def lit_hours(self) -> Decimal:
        """Hours in which the desired state is running; real hours, so a 23-hour day counts 23 at most."""
        return Decimal(self.seconds(State.RUNNING)) / 3600


def join(start: int, end: int, pieces: Sequence[tuple[int, Desired]]) -> Timeline:
    """A timeline from (begin second, value) pieces; equal neighbours become one stretch."""
    starts: list[int] = []
    values: list[Desired] = []
    for at, value in pieces:
        if not values or (values[-1] is not value and values[-1] != value):
            starts.append(at)
            values.append(value)
    return Timeline(start, end, tuple(starts), tuple(values))
