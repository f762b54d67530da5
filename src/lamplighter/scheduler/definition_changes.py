"""What other definitions would change: file by file, and what becomes of periods and schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import unified_diff
from typing import Final, Literal

from lamplighter.errors import DefinitionError, Problem
from lamplighter.scheduler.kept_definitions import Kept, configuration
from lamplighter.scheduler.settings import Configuration
from lamplighter.schedules.freezing import expected
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.timeline import Timeline, Transition

Action = Literal["added", "changed", "removed"]

HORIZON: Final = timedelta(days=400)
"""How far ahead a schedule is compared."""


_NOTHING: Final = "/dev/null"
_NO_END: Final = "\\ No newline at end of file"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that becomes another.

    Attributes:
        what: `file`, `period` or `schedule`.
        name: its name.
        action: what becomes of it.
        diff: of a file: lines of a unified diff, without line ends.
        before: of a schedule: its next transitions as it is kept; of one that is not, none.
        after: of a schedule: its next transitions as it would be.
    """

    what: Literal["file", "period", "schedule"]
    name: str
    action: Action
    diff: Sequence[str] = ()
    before: Sequence[Transition] = ()
    after: Sequence[Transition] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What would change, and what is wrong beside it.

    Attributes:
        found: files, then periods, then schedules, each in order of their names.
        zones: IANA zone of every schedule that changes, by name; as it would be, of those that go as it is.
        problems: of the definitions as they would be, with the entries of stacks.
        unreadable: why what is kept could not be read as definitions, so that everything counts as added; or empty.
    """

    found: Sequence[Change]
    zones: Mapping[str, str]
    problems: Sequence[Problem] = ()
    unreadable: str = ""


def changes(
    kept: Kept, files: Mapping[str, str], change_calendar: Callable[[str], str], at: datetime, count: int
) -> Changes:
    """What would change if these files were kept in place of those that are.

    A schedule changes where its own definition does, or what it wants within 400 days: by a period, a calendar or a
    zone that changes. What stacks declare stays, and counts on both sides.

    Args:
        kept: what the store keeps.
        files: texts by name, as for `put_files`.
        change_calendar: gives the text of an SSM Change Calendar.
        at: aware datetime; transitions after it are compared.
        count: how many transitions of each schedule are given, at most.

    Raises:
        DefinitionError: the new file is not YAML.
    """
    after = configuration(Kept(kept.version, files, kept.entries), {}, change_calendar)
    unreadable = ""
    try:
        before = configuration(kept, {}, change_calendar)
    except DefinitionError as error:
        before, unreadable = Configuration(), error.message
    schedules = list(_schedules(before, after, at, count)) if kept.files != files else []
    old, new = before.loaded.schedules, after.loaded.schedules
    zones = {each.name: (new.get(each.name) or old[each.name]).zone.key for each in schedules}
    found = [*_files(kept.files, files), *_periods(before, after), *schedules]
    return Changes(found, zones, after.problems, unreadable)


def _action(name: str, before: Mapping[str, object], after: Mapping[str, object]) -> Action:
    return "added" if name not in before else "removed" if name not in after else "changed"


def _files(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            old = f"deployed/{name}" if name in before else _NOTHING
            new = f"here/{name}" if name in after else _NOTHING
            lines = unified_diff(_lines(before.get(name)), _lines(after.get(name)), old, new, lineterm="")
            shown = (line[1:] if line[1:] == _NO_END else line for line in lines)
            yield Change("file", name, _action(name, before, after), tuple(shown))


def _lines(text: str | None) -> list[str]:
    """Lines of a text; that its last one has no end is told as `diff` tells it, else it would not be seen."""
    *whole, last = (text or "").split("\n")
    return [*whole, last, _NO_END] if last else whole


def _periods(before: Configuration, after: Configuration) -> Iterator[Change]:
    old, new = before.loaded.periods, after.loaded.periods
    for name in sorted({*old, *new}):
        if name not in old or name not in new or old[name].definition != new[name].definition:
            yield Change("period", name, _action(name, old, new))


def _schedules(before: Configuration, after: Configuration, at: datetime, count: int) -> Iterator[Change]:
    old, new = before.loaded.schedules, after.loaded.schedules
    for name in sorted({*old, *new}):
        was, becomes = old.get(name), new.get(name)
        then, later = _wanted(was, at), _wanted(becomes, at)
        same = was is not None and becomes is not None and was.definition == becomes.definition
        if not same or then != later:
            action = _action(name, {**before.loaded.rejected, **old}, new)
            yield Change("schedule", name, action, (), _next(then, count), _next(later, count))


def _wanted(schedule: Schedule | None, at: datetime) -> Timeline | None:
    """What passes can follow; nobody follows one that is ignored."""
    if schedule is None or schedule.definition.ignore:
        return None
    return expected(schedule, at, at + HORIZON)


def _next(timeline: Timeline | None, count: int) -> Sequence[Transition]:
    return tuple(timeline.transitions()[:count]) if timeline else ()
