"""From a definition document to compiled schedules; what is wrong with one stops no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from lamplighter.errors import DefinitionError, Problem
from lamplighter.schedules.calendars import Calendar, ReadText, compile_calendar
from lamplighter.schedules.compiler import Period, compile_period, compile_schedule
from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.definitions import CalendarDefinition, Model, PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.problems import validation_problems
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.source import Document

M = TypeVar("M", bound=Model)

BUILT_IN = {
    "ignore": ScheduleDefinition(description="Leave alone, without an error.", ignore=True),
    "running": ScheduleDefinition(description="Always lit.", override_status="running"),
    "stopped": ScheduleDefinition(description="Always out.", override_status="stopped"),
}
"""Schedules that exist unless the user defines one of the same name."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything that could be read, and everything that could not.

    Attributes:
        timezone: the default zone of schedules.
        calendars: compiled calendars, by name.
        periods: compiled periods, by name.
        schedules: compiled schedules, by name, with the built-in ones.
        problems: what is wrong, with places when the source has lines.
        rejected: the first problem of each schedule that is not valid, by its name.
        change_calendars: name or ARN of the SSM document of each calendar that is one, valid or not, by its name.
    """

    timezone: str = "UTC"
    calendars: dict[str, Calendar] = field(default_factory=dict)
    periods: dict[str, Period] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)
    change_calendars: dict[str, str] = field(default_factory=dict)


def load_schedules(document: Document, read_text: ReadText) -> Loaded:
    """Compile the `timezone`, `calendars`, `periods` and `schedules` of a document.

    Args:
        document: the parsed file.
        read_text: gives the text of a file named in a definition, for example an iCalendar file.
    """
    problems = list(document.problems)
    timezone = _timezone(document, problems)
    loaded = Loaded(timezone=timezone)

    def calendar(name: str, given: CalendarDefinition) -> Calendar:
        if given.ssm is not None:
            loaded.change_calendars[name] = given.ssm
        try:
            return compile_calendar(name, given, read_text)
        except GrammarError as error:
            problem = Problem(f"calendars.{name}", error.message, error.hint)
            raise DefinitionError(f"calendar {name!r} cannot be read", problems=(problem,)) from error

    def schedule(name: str, given: ScheduleDefinition) -> Schedule:
        return compile_schedule(name, given, loaded.periods, loaded.calendars, default_timezone=timezone)

    loaded.calendars.update(_section(document, "calendars", CalendarDefinition, calendar, problems))
    loaded.periods.update(
        _section(
            document,
            "periods",
            PeriodDefinition,
            lambda name, given: compile_period(name, given, loaded.calendars),
            problems,
        )
    )
    loaded.schedules.update(_section(document, "schedules", ScheduleDefinition, schedule, problems))
    names = list(_mapping(document.data.get("schedules")))
    for name in names:
        if name not in loaded.schedules:
            loaded.rejected[name] = _first_cause(name, document, problems)
    for name, definition in BUILT_IN.items():
        if name not in names:
            loaded.schedules[name] = compile_schedule(name, definition, {}, {})
    loaded.problems.extend(document.place(problem) for problem in problems)
    return loaded


def _first_cause(name: str, document: Document, problems: Sequence[Problem]) -> str:
    """What is wrong with a schedule first; if that is a period or calendar, also what is wrong with it."""
    given = _mapping(_mapping(document.data.get("schedules")).get(name))
    periods = [text.partition("@")[0] for text in _texts(given, "periods")]
    calendars = _texts(given, "open", "closed", "freeze")
    for period in periods:
        calendars += _texts(_mapping(_mapping(document.data.get("periods")).get(period)), "only_on", "not_on")
    places = [f"schedules.{name}"], [f"periods.{one}" for one in periods], [f"calendars.{one}" for one in calendars]
    causes = (next(filter(None, (_problem_of(place, problems) for place in group)), None) for group in places)
    words = [problem.message for problem in causes if problem]
    return ": ".join(words) if words else "it cannot be read"


def _texts(given: Mapping[str, object], *fields: str) -> list[str]:
    """The texts of fields that hold one or many, as far as they are texts."""
    values = [given.get(field) for field in fields]
    return [str(text) for value in values for text in (value if isinstance(value, list) else [value])]


def _problem_of(where: str, problems: Sequence[Problem]) -> Problem | None:
    return next((p for p in problems if p.where == where or p.where.startswith(f"{where}.")), None)


def _timezone(document: Document, problems: list[Problem]) -> str:
    from lamplighter.schedules.zones import find_zone

    given = document.data.get("timezone")
    name = "UTC" if given is None else given
    try:
        return find_zone(str(name)).key
    except GrammarError as error:
        problems.append(
            Problem("timezone", error.message, f"{error.hint}; until then no schedule without a zone is valid")
        )
        return str(name)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


C = TypeVar("C")


def _section(
    document: Document,
    section: str,
    model: type[M],
    compile_one: Callable[[str, M], C],
    problems: list[Problem],
) -> dict[str, C]:
    given = document.data.get(section)
    if given is not None and not isinstance(given, Mapping):
        problems.append(Problem(section, f"{section} must be a mapping of names", f"write {section}: {{name: ...}}"))
    compiled: dict[str, C] = {}
    for name, fields in _mapping(given).items():
        if any(path[:2] == (section, name) for path in document.doubtful):
            continue
        try:
            compiled[name] = compile_one(name, model.model_validate(fields if fields is not None else {}))
        except ValidationError as error:
            problems.extend(validation_problems(f"{section}.{name}", error, model))
        except DefinitionError as error:
            problems.extend(error.problems)
    return compiled
