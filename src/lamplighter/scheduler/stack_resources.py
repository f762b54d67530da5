"""Custom resources of CloudFormation: from their properties to periods, schedules and overrides in the store.

`Custom::ServiceInstanceSchedule` is the type of the AWS Instance Scheduler, property for property (v3.2.8,
"Manage schedules using infrastructure as code"). Its update leaves the rows of dropped periods behind; ours does not.
The other types take what stands in lamplighter.yaml, in its words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from hashlib import sha256
from typing import Any, Final

from lamplighter.errors import UsageError
from lamplighter.scheduler.kept_definitions import Entry, Kept, configuration, put_entries, read
from lamplighter.scheduler.overrides import clear_overrides, set_override
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.store.table import JSON, Store

SERVICE: Final = "Custom::ServiceInstanceSchedule"
SCHEDULE: Final = "Custom::LamplighterSchedule"
PERIOD: Final = "Custom::LamplighterPeriod"
OVERRIDE: Final = "Custom::LamplighterOverride"

_TOLERATED: Final = ("ServiceToken", "ServiceTimeout", "Timeout", "Metrics")
_FLAGS: Final = {
    "Enforced": "enforced",
    "Hibernate": "hibernate",
    "RetainRunning": "retain_running",
    "StopNewInstances": "stop_new_instances",
    "UseMaintenanceWindow": "use_maintenance_window",
}
_TEXTS: Final = {"Description": "description", "Timezone": "timezone", "OverrideStatus": "override_status"}
_PERIOD: Final = {
    "Description": "description",
    "BeginTime": "begintime",
    "EndTime": "endtime",
    "WeekDays": "weekdays",
    "MonthDays": "monthdays",
    "Months": "months",
}
_TIMES: Final = ("BeginTime", "EndTime", "WeekDays", "MonthDays", "Months")
_LISTS: Final = ("weekdays", "monthdays", "months")
_OWN: Final = ("Name", "NoStackPrefix", "Periods", "SsmMaintenanceWindow")
_STACK: Final = re.compile(r"arn:[^:]+:cloudformation:[^:]*:\d{12}:stack/([A-Za-z][A-Za-z0-9-]*)/.+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One resource of a stack.

    Attributes:
        type: of the resource.
        stack: ARN of the stack.
        logical: its id in the template.
        properties: as CloudFormation gives them: texts, lists and mappings.
        physical: the id that it was given at its creation; empty before.
    """

    type: str
    stack: str
    logical: str
    properties: Mapping[str, Any]
    physical: str = ""

    @property
    def owner(self) -> str:
        """Who declares it, as it stands beside what is kept."""
        return f"{self.stack}/{self.logical}"


def apply(
    store: Store, wanted: Wanted, *, defaults: Mapping[str, object], calendar: Callable[[str], str], at: datetime
) -> str:
    """Create or update what a resource declares; doing it again changes nothing.

    Args:
        store: definitions and overrides.
        wanted: the resource.
        defaults: sections that the definitions get where they lack them.
        calendar: gives the text of an SSM Change Calendar.
        at: now, aware.

    Returns:
        Its physical id: the name of the schedule or period. Another than before lets CloudFormation delete the old.

    Raises:
        UsageError: a property is not valid, or somebody else declares the name; nothing was written.
        VersionConflict: the definitions changed at the same time; nothing was written.
        StoreError: the store failed.
    """
    if wanted.type == OVERRIDE:
        return _apply_override(store, wanted, at)
    known = read(store)
    entries = entries_of(wanted)
    name = _name(wanted)
    mine = {each.key for each in known.entries if each.owner == wanted.owner and _belongs(each, name)}
    fresh = {each.key for each in entries}
    _refuse_taken(known, entries, wanted.owner)
    left = tuple(each for each in known.entries if each.key not in mine | fresh)
    _refuse_invalid(Kept(known.version, known.files, (*left, *entries)), entries, defaults, calendar)
    if {each.key: each for each in entries} != {each.key: each for each in known.entries if each.key in mine}:
        put_entries(store, known, entries, sorted(mine - fresh))
    return name


def remove(store: Store, wanted: Wanted, *, at: datetime) -> bool:
    """Take away what a resource declared under its physical id; nothing if there is none.

    Args:
        store: definitions and overrides.
        wanted: the resource; its properties do not matter.
        at: now, aware.

    Returns:
        Whether anything was there.

    Raises:
        VersionConflict: the definitions changed at the same time; nothing was written.
        StoreError: the store failed.
    """
    if wanted.type == OVERRIDE:
        return bool(clear_overrides(store, at=at, ids=frozenset({wanted.physical})))
    known = read(store)
    mine = [each.key for each in known.entries if each.owner == wanted.owner and _belongs(each, wanted.physical)]
    if mine:
        put_entries(store, known, [], mine)
    return bool(mine)


def entries_of(wanted: Wanted) -> list[Entry]:
    """The periods and schedules that a resource declares.

    Raises:
        UsageError: a property is not known, or has the wrong type.
    """
    name = _name(wanted)
    if wanted.type == SERVICE:
        return _service(wanted, name)
    if wanted.type in (SCHEDULE, PERIOD):
        _known(wanted.properties, ("Name", "Definition", *_TOLERATED), "")
        definition = wanted.properties.get("Definition")
        if not isinstance(definition, Mapping):
            raise UsageError("Definition must be a mapping of fields, as in lamplighter.yaml")
        section = "schedules" if wanted.type == SCHEDULE else "periods"
        return [Entry(section, name, {str(key): _plain(value) for key, value in definition.items()}, wanted.owner)]
    known = (SERVICE, SCHEDULE, PERIOD, OVERRIDE)
    raise UsageError(f"there is no type {wanted.type}", hint=_close(wanted.type, known))


def _service(wanted: Wanted, name: str) -> list[Entry]:
    given = wanted.properties
    _known(given, (*_OWN, *_FLAGS, *_TEXTS, *_TOLERATED), "")
    fields: dict[str, JSON] = {ours: _text(given[key], key) for key, ours in _TEXTS.items() if given.get(key)}
    fields |= {ours: _flag(given[key], key) for key, ours in _FLAGS.items() if given.get(key) not in (None, "")}
    if "override_status" in fields:
        fields["override_status"] = str(fields["override_status"]).lower()
    windows = given.get("SsmMaintenanceWindow")
    if windows:
        fields["ssm_maintenance_window"] = _texts(windows, "SsmMaintenanceWindow")
    periods, listed = _periods(given.get("Periods") or [], name, wanted.owner)
    if listed:
        fields["periods"] = listed
    return [*periods, Entry("schedules", name, fields, wanted.owner)]


def _periods(given: object, name: str, owner: str) -> tuple[list[Entry], list[JSON]]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise UsageError("Periods must be a list")
    entries, listed = [], []
    for number, period in enumerate(given, 1):
        where = f"Periods[{number - 1}]"
        if not isinstance(period, Mapping):
            raise UsageError(f"{where} must be a mapping")
        _known(period, (*_PERIOD, "InstanceType"), f"{where}.")
        if all(period.get(key) in (None, "", []) for key in _TIMES):
            # As the AWS Instance Scheduler refuses it: a period of nothing is all of the time.
            raise UsageError(f"{where} says no time", hint=f"give one of {', '.join(_TIMES)}")
        fields: dict[str, JSON] = {}
        for key, ours in _PERIOD.items():
            value = period.get(key)
            if value not in (None, "", []):
                fields[ours] = _texts(value, f"{where}.{key}") if ours in _LISTS else _text(value, f"{where}.{key}")
        own = f"{name}-period-{number:04}"
        kind = period.get("InstanceType")
        listed.append(f"{own}@{_text(kind, f'{where}.InstanceType')}" if kind else own)
        entries.append(Entry("periods", own, fields, owner))
    return entries, [*listed]


def _name(wanted: Wanted) -> str:
    """Name of what is declared; with that of the stack before it for the solution's own type, unless switched off."""
    given = wanted.properties.get("Name")
    name = _text(given, "Name") if given not in (None, "") else wanted.logical
    if wanted.type == SERVICE and not _flag(wanted.properties.get("NoStackPrefix", "False"), "NoStackPrefix"):
        matched = _STACK.fullmatch(wanted.stack)
        if matched is None:
            raise UsageError(f"{wanted.stack!r} is no stack")
        return f"{matched[1]}-{name}"
    return name


def _belongs(entry: Entry, name: str) -> bool:
    """Whether an entry is the one of that name, or a period that was declared in it."""
    return entry.name == name or (
        entry.section == "periods" and re.fullmatch(re.escape(name) + r"-period-\d{4,}", entry.name) is not None
    )


def _refuse_taken(known: Kept, entries: Sequence[Entry], owner: str) -> None:
    others = {each.key: each.owner for each in known.entries if each.owner != owner}
    for each in entries:
        if each.key in others:
            raise UsageError(f"{each.section.removesuffix('s')} {each.name} is declared by {others[each.key]}")


def _refuse_invalid(
    kept: Kept, entries: Sequence[Entry], defaults: Mapping[str, object], calendar: Callable[[str], str]
) -> None:
    places = tuple(f"{each.section}.{each.name}" for each in entries)
    wrong = [
        f"{problem.where}: {problem.message}" + (f" ({problem.hint})" if problem.hint else "")
        for problem in configuration(kept, defaults, calendar).problems
        if any(problem.where == place or problem.where.startswith(f"{place}.") for place in places)
    ]
    if wrong:
        raise UsageError("; ".join(wrong))


def _apply_override(store: Store, wanted: Wanted, at: datetime) -> str:
    given = wanted.properties
    _known(given, ("Selector", "Keep", "Until", "Reason", *_TOLERATED), "")
    keep = _text(given.get("Keep"), "Keep")
    if keep not in list(Hold):
        raise UsageError(f"Keep is {keep!r}", hint=f"say {', '.join(Hold)}")
    text = _text(given.get("Until"), "Until")
    try:
        until = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"Until is {text!r}", hint="write for example 2026-12-28T08:00+01:00") from error
    content = [wanted.owner, keep, _text(given.get("Selector"), "Selector"), text, str(given.get("Reason") or "")]
    # Named after what it says: another override is another resource, and CloudFormation deletes the old one after it.
    id_ = sha256("\n".join(content).encode()).hexdigest()[:16]
    # An update brings back one that is over when a stack is rolled back: there is nothing left to hold.
    if id_ != wanted.physical and not (wanted.physical and until.tzinfo and until <= at):
        override = Override(id_, Hold(keep), content[2], until, content[4], wanted.owner, at)
        clear_overrides(store, at=at, ids=frozenset({id_}))
        set_override(store, override)
    return id_


def _known(given: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in given:
        if key not in known:
            raise UsageError(f"there is no property {where}{key}", hint=_close(str(key), known))


def _close(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise UsageError(f"{where} must be a text, not {value!r}")
    return value


def _texts(value: object, where: str) -> list[JSON]:
    """A list of texts; one text may hold several, separated by commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, Sequence) and all(isinstance(each, str) for each in value):
        return [*value]
    raise UsageError(f"{where} must be a text or a list of texts, not {value!r}")


def _flag(value: object, where: str) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise UsageError(f"{where} must be true or false, not {value!r}")
    return text == "true"


def _plain(value: object) -> JSON:
    """A value as the store can hold it: numbers with a fraction as texts, as CloudFormation gives them anyway."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
