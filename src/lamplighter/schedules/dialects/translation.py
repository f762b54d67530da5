"""What every dialect gives: a schedule in our words, and what was said about it on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Protocol
from zoneinfo import available_timezones

from lamplighter.errors import DefinitionError, Problem
from lamplighter.schedules.compiler import compile_period, compile_schedule
from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.zones import find_zone


@dataclass(frozen=True, slots=True)
class Translation:
    """A text of a dialect in our words.

    Attributes:
        schedule: what it means, with its zone written out; None if there are problems.
        periods: the periods that the schedule names, by name; empty if there are problems.
        problems: what could not be read or expressed, each with the position in the text and a hint.
        notes: what is different from the original, lost or probably not meant, one sentence each.
    """

    schedule: ScheduleDefinition | None
    periods: Mapping[str, PeriodDefinition] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A schedule in a dialect.

    Attributes:
        text: how it is written there; None if its meaning cannot be expressed.
        notes: why not, or what is lost.
    """

    text: str | None
    notes: tuple[str, ...] = ()


class Reader(Protocol):
    """Reads a text of a dialect."""

    def __call__(self, name: str, text: str, *, default_timezone: str = "UTC") -> Translation:
        """The schedule `name`; `default_timezone` is an IANA zone for a text that names none."""


class Writer(Protocol):
    """Writes one of our schedules in a dialect."""

    def __call__(
        self,
        schedule: ScheduleDefinition,
        periods: Mapping[str, PeriodDefinition],
        *,
        default_timezone: str = "UTC",
    ) -> Written:
        """The text; `default_timezone` is the IANA zone of a schedule that names none."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """A member of the family.

    Attributes:
        name: what `--from` takes.
        title: what it is, a few words.
        source: where its rules come from.
        since: version of Lamplighter that first knew it.
        example: a text it reads without problems.
        read: from the dialect.
        write: into the dialect; None if that makes no sense.
    """

    name: str
    title: str
    source: str
    since: str
    example: str
    read: Reader
    write: Writer | None = None


class Word(NamedTuple):
    """A part of a text and the 0-based offset at which it begins."""

    text: str
    position: int


class Inexpressible(ValueError):
    """What cannot be said in the other language; `hint` is the nearest that can."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} (nearest: {hint})" if hint else message)
        self.message = message
        self.hint = hint


Named = tuple[PeriodDefinition, str | None]
"""A period and the instance type it asks for."""


def problem(name: str, error: GrammarError, offset: int = 0) -> Problem:
    """A problem of the schedule `name`; `offset` is where the text that was read begins."""
    return Problem(f"schedules.{name}", error.message, error.hint, position=error.position + offset)


def rejected(name: str, errors: Iterable[GrammarError], notes: Sequence[str] = ()) -> Translation:
    """A text that cannot be used."""
    return Translation(None, {}, tuple(problem(name, error) for error in errors), tuple(notes))


def translated(
    name: str, schedule: ScheduleDefinition, periods: Sequence[Named] = (), notes: Sequence[str] = ()
) -> Translation:
    """A text that was understood; the periods get names derived from `name`, and everything is compiled once."""
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-") or "period"
    names = [stem] if len(periods) == 1 else [f"{stem}-{number}" for number in range(1, len(periods) + 1)]
    by_name = {own: period for own, (period, _) in zip(names, periods, strict=True)}
    listed = tuple(f"{own}@{kind}" if kind else own for own, (_, kind) in zip(names, periods, strict=True))
    whole = schedule.model_copy(update={"periods": listed})
    try:
        compiled(name, whole, by_name)
    except DefinitionError as error:
        found = (Problem(p.where, p.message, p.hint, position=p.position or 0) for p in error.problems)
        return Translation(None, {}, tuple(found), tuple(notes))
    return Translation(whole, by_name, (), tuple(dict.fromkeys(notes)))


def compiled(
    name: str,
    schedule: ScheduleDefinition,
    periods: Mapping[str, PeriodDefinition],
    *,
    default_timezone: str = "UTC",
) -> Schedule:
    """The compiled schedule of definitions without calendars; those of `freeze` do not change what it asks for.

    Raises:
        DefinitionError: with every problem found.
    """
    ready = {own: compile_period(own, definition, {}) for own, definition in periods.items()}
    free = schedule.model_copy(update={"freeze": ()})
    return compile_schedule(name, free, ready, {}, default_timezone=default_timezone)


def any_case_zone(text: str, position: int = 0) -> str:
    """The IANA name of a zone written in any case.

    Raises:
        GrammarError: there is no such zone.
    """
    known = _zones().get(text.lower())
    if known is not None:
        return known
    try:
        return find_zone(text).key
    except GrammarError as error:
        raise GrammarError(error.message, position, error.hint) from None


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in sorted(available_timezones())}


MORE = ("instance_types", "freeze", "stop_after", "idle_guard", "stagger")
"""Fields that no grammar but our own file has."""
FLAGS = (
    "enforced",
    "retain_running",
    "hibernate",
    "stop_only",
    "stay_off",
    "stop_new_instances",
    "snapshot_before_stop",
)


def lost_fields(schedule: ScheduleDefinition) -> list[str]:
    """A note on what a schedule says beside its times, for dialects that hold times only."""
    given = [name for name in (*FLAGS, "use_maintenance_window") if getattr(schedule, name) != _DEFAULTS[name]]
    given += [name for name in ("ssm_maintenance_window", *MORE) if getattr(schedule, name)]
    return [f"not kept: {', '.join(given)}"] if given else []


_DEFAULTS = {name: field.default for name, field in ScheduleDefinition.model_fields.items()}
