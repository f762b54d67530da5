"""Reads the config table of the AWS Instance Scheduler (v3).

Source: the solution's period and schedule model (fields, checks and engine rules of v3.2.8). What the
solution accepts is accepted with the same meaning, what it rejects is rejected, with three of its
defects fixed: steps may have several digits, `29W` to `31W` match nothing in months without the day,
and a begin equal to the end, which would never run, is rejected instead of accepted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, Union

from pydantic import ValidationError

from lamplighter.errors import DefinitionError, Problem
from lamplighter.schedules.clock_times import parse_time
from lamplighter.schedules.compiler import Period, compile_period, compile_schedule
from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.translation import Dialect, Translation
from lamplighter.schedules.problems import validation_problems
from lamplighter.schedules.schedule import Schedule

M = TypeVar("M", PeriodDefinition, ScheduleDefinition)
Item = Mapping[str, "Plain"]
Plain = Union[None, bool, int, str, Sequence["Plain"], Mapping[str, "Plain"]]  # noqa: UP007 - recursive, so quoted
"""A value of a config item once DynamoDB's type markers are gone."""

_TIME_FIELDS = ("begintime", "endtime", "weekdays", "monthdays", "months")
_SCHEDULE_FLAGS = ("enforced", "retain_running", "hibernate", "stop_new_instances", "use_maintenance_window")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")


@dataclass(frozen=True, slots=True)
class Imported:
    """What was found in the items.

    Attributes:
        schedules: compiled schedules, by name.
        periods: valid period definitions, by name.
        definitions: valid schedule definitions, by name.
        errors: problems by the name of the period or schedule that was rejected.
    """

    schedules: dict[str, Schedule]
    periods: dict[str, PeriodDefinition]
    definitions: dict[str, ScheduleDefinition]
    errors: dict[str, tuple[Problem, ...]]


def load_instance_scheduler(items: Iterable[Mapping[str, object]], *, default_timezone: str = "UTC") -> Imported:
    """Read config-table items, plain (`{"type": "period", ...}`) or DynamoDB-typed (`{"type": {"S": "period"}, ...}`).

    Args:
        items: periods, schedules and other items in any order; items of other types are passed over.
        default_timezone: IANA zone of schedules that name none (the stack's DefaultTimezone).

    Returns:
        The valid schedules, and for every rejected item its problems; a rejected item stops no other.
    """
    found = Imported({}, {}, {}, {})
    plain = [_plain_item(item) for item in items]
    compiled: dict[str, Period] = {}

    def load_period(name: str, item: Item) -> None:
        _load_period(name, item, found, compiled)

    def load_schedule(name: str, item: Item) -> None:
        _load_schedule(name, item, found, compiled, default_timezone)

    for item in plain:
        if item.get("type") == "period":
            _collect(found, item, load_period)
    for item in plain:
        if item.get("type") == "schedule":
            _collect(found, item, load_schedule)
    return found


def _collect(found: Imported, item: Item, load: Callable[[str, Item], None]) -> None:
    name = item.get("name")
    kind = item["type"]
    if not isinstance(name, str) or not name:
        found.errors["(no name)"] = (
            *found.errors.get("(no name)", ()),
            Problem(f"{kind}s", f"a {kind} has no name", "give it a name"),
        )
        return
    try:
        load(name, item)
    except DefinitionError as error:
        found.errors[name] = (*found.errors.get(name, ()), *error.problems)


def _load_period(name: str, item: Item, found: Imported, compiled: dict[str, Period]) -> None:
    where = f"periods.{name}"
    problems: list[Problem] = []
    fields = {key: _texts(item[key]) for key in _TIME_FIELDS if item.get(key) is not None}
    if not fields:
        problems.append(Problem(where, "the period names no time, day or month", "give it begintime, endtime or days"))
    problems.extend(
        Problem(f"{where}.{key}", "the list is empty", "list what should match, or leave the field out")
        for key, value in fields.items()
        if value == []
    )
    for field in ("begintime", "endtime"):
        wrong = _clock_problems(f"{where}.{field}", fields[field]) if field in fields else []
        if wrong:
            problems.extend(wrong)
            del fields[field]
    if not problems and "begintime" in fields and "endtime" in fields:
        begin, end = parse_time(str(fields["begintime"])), parse_time(str(fields["endtime"]))
        if begin > end:
            problems.append(
                Problem(
                    f"{where}.begintime",
                    f"begintime {fields['begintime']} is after endtime {fields['endtime']}",
                    "the Instance Scheduler has no overnight periods; in lamplighter.yaml they are allowed",
                    position=0,
                )
            )
    definition = _definition(PeriodDefinition, where, {**fields, **_description(item)}, problems)
    found.periods[name] = definition
    try:
        compiled[name] = compile_period(name, definition, {})
    except DefinitionError:
        del found.periods[name]
        raise


def _texts(value: Plain) -> Plain:
    """Numbers as texts: a day may have been stored as a number."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_texts(part) for part in value]
    return str(value) if isinstance(value, int) else value


def _clock_problems(where: str, value: Plain) -> list[Problem]:
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        return [Problem(where, f"{value!r} is not a time", "write HH:MM", position=0)]
    try:
        parse_time(value, latest=1439)
    except GrammarError as error:
        return [Problem(where, error.message, error.hint, position=error.position)]
    return []


def _load_schedule(name: str, item: Item, found: Imported, compiled: dict[str, Period], default_timezone: str) -> None:
    where = f"schedules.{name}"
    problems: list[Problem] = []
    fields: dict[str, Plain] = {
        key: item[key]
        for key in ("timezone", "periods", "ssm_maintenance_window", *_SCHEDULE_FLAGS)
        if item.get(key) not in (None, "")
    }
    override = item.get("override_status")
    if override not in (None, ""):
        fields["override_status"] = str(override).lower()
    if isinstance(fields.get("periods"), str):
        fields["periods"] = [part.strip() for part in str(fields["periods"]).split(",")]
    definition = _definition(ScheduleDefinition, where, {**fields, **_description(item)}, problems)
    found.schedules[name] = compile_schedule(name, definition, compiled, {}, default_timezone=default_timezone)
    found.definitions[name] = definition


def _definition(model: type[M], where: str, fields: Mapping[str, Plain], problems: list[Problem]) -> M:
    try:
        definition = model.model_validate(fields)
    except ValidationError as error:
        problems.extend(validation_problems(where, error))
        definition = model()
    if problems:
        raise DefinitionError(f"{where} cannot be read", problems=tuple(problems))
    return definition


def _description(item: Item) -> dict[str, Plain]:
    return {"description": item["description"]} if isinstance(item.get("description"), str) else {}


def _plain_item(item: Mapping[str, object]) -> dict[str, Plain]:
    return {str(key): _plain(value) for key, value in item.items()}


def _plain(value: object) -> Plain:
    """A value without DynamoDB's type markers; sets become sorted lists, so that reading is repeatable."""
    if isinstance(value, Mapping):
        if len(value) == 1:
            (marker, inner), *_ = value.items()
            match marker, inner:
                case (("S" | "BOOL" | "M"), _):
                    return _plain(inner)
                case "NULL", _:
                    return None
                case "N", _:
                    return str(inner)
                case (("SS" | "NS"), (list() | tuple() | set())):
                    return sorted(str(part) for part in inner)
                case "L", (list() | tuple()):
                    return [_plain(part) for part in inner]
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(str(part) for part in value)
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


def read(name: str, text: str, *, default_timezone: str = "UTC") -> Translation:
    """The schedule called `name` of a config table; its periods keep their names.

    Args:
        name: a schedule of the table.
        text: JSON, a list of items or the answer of `aws dynamodb scan`.
        default_timezone: the stack's DefaultTimezone.
    """
    where = f"schedules.{name}"
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        hint = "export the table with `aws dynamodb scan --table-name NAME`"
        return Translation(None, {}, (Problem(where, f"not JSON: {error.msg}", hint, position=error.pos),))
    items = content.get("Items") if isinstance(content, dict) else content
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return Translation(None, {}, (Problem(where, "there are no items", "write a list of objects", position=0),))
    found = load_instance_scheduler(items, default_timezone=default_timezone)
    schedule = found.definitions.get(name)
    if schedule is None:
        known = ", ".join(found.definitions) or "none"
        missing = (Problem(where, "the table has no such schedule", f"valid ones: {known}", position=0),)
        return Translation(None, {}, found.errors.get(name, missing))
    named = (listed.partition("@")[0] for listed in schedule.periods)
    zone = schedule.timezone or default_timezone
    return Translation(
        schedule.model_copy(update={"timezone": zone}), {period: found.periods[period] for period in named}
    )


DIALECT = Dialect(
    name="instance-scheduler",
    title="config table of the AWS Instance Scheduler",
    source="AWS Instance Scheduler v3.2.8, period and schedule model",
    since="0.1",
    example="""[
  {"type": "period", "name": "office", "begintime": "09:00", "endtime": "17:00", "weekdays": ["mon-fri"]},
  {"type": "schedule", "name": "example", "periods": ["office"], "timezone": "Europe/Berlin"}
]""",
    read=read,
)
