"""Finding what the user named, with a suggestion when it is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from lamplighter.errors import DefinitionError, UsageError

if TYPE_CHECKING:
    from lamplighter.scheduler.settings import Configuration
    from lamplighter.schedules.compiler import Period
    from lamplighter.schedules.schedule import Schedule


def find_schedule(config: Configuration, name: str) -> Schedule:
    """The valid schedule of a name.

    Raises:
        UsageError: there is none.
        DefinitionError: it is not valid.
    """
    schedule = config.loaded.schedules.get(name)
    if schedule is not None:
        return schedule
    if name in config.loaded.rejected:
        raise _invalid(config, "schedules", name)
    raise unknown("schedule", name, [*config.loaded.schedules, *config.loaded.rejected])


def wanted_schedules(config: Configuration, names: Iterable[str] | None) -> frozenset[str] | None:
    """The schedules that a pass is restricted to; None for all.

    Raises:
        UsageError: one is not defined, so that nothing could be done about its resources.
    """
    known = [*config.loaded.schedules, *config.loaded.rejected]
    wanted = list(names or ())
    for name in wanted:
        if name not in known:
            raise unknown("schedule", name, known)
    return frozenset(wanted) or None


def find_period(config: Configuration, name: str) -> Period:
    """The valid period of a name.

    Raises:
        UsageError: there is none.
        DefinitionError: it is not valid.
    """
    period = config.loaded.periods.get(name)
    if period is not None:
        return period
    if any(_is_about(problem.where, "periods", name) for problem in config.problems):
        raise _invalid(config, "periods", name)
    raise unknown("period", name, config.loaded.periods)


def unknown(what: str, name: str, known: Iterable[str]) -> UsageError:
    """That there is no such thing, with the closest name there is."""
    names = list(known)
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(names)[:10]) or 'none'}"
    return UsageError(f"there is no {what} {name!r}", hint=hint)


def _invalid(config: Configuration, section: str, name: str) -> DefinitionError:
    problems = tuple(problem for problem in config.problems if _is_about(problem.where, section, name))
    return DefinitionError(f"{section.removesuffix('s')} {name!r} is not valid", problems=problems)


def _is_about(where: str, section: str, name: str) -> bool:
    return where == f"{section}.{name}" or where.startswith(f"{section}.{name}.")
