"""`lamp next`: the coming transitions of schedules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, options
from lamplighter.cli.commands import single
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.cli.views import show_problems

if TYPE_CHECKING:
    from datetime import datetime

    from lamplighter.cli.show import Printer
    from lamplighter.scheduler.settings import Configuration
    from lamplighter.schedules.schedule import Schedule
    from lamplighter.schedules.timeline import Transition

HORIZONS = (timedelta(days=35), timedelta(days=400), timedelta(days=3660))
"""How far ahead to look, further only while there are too few transitions."""

app, command = single(
    "lamp next", "lamp next office-hours --count 5", "lamp next office-hours --from 2027-03-26 -o json"
)


@command
def upcoming(
    schedules: Annotated[
        list[str] | None, typer.Argument(metavar="SCHEDULE", help="Names; else all of the file.", show_default=False)
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, max=10_000, metavar="N", help="How many, over all.")] = 10,
    begin: Annotated[str | None, typer.Option("--from", metavar="TIME", help="After this time instead of now.")] = None,
    file: options.File = None,
    store: options.StoreUrl = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Show the coming transitions of schedules, and what daylight saving does to them."""
    from lamplighter.cli.values import moment

    printer = context.printer(output, verbose, no_color)
    config = context.configuration(file, store=store)
    now = context.utc_now()
    start = moment(begin, now=now, zone=context.zone_of(config)) if begin else now
    show_next(printer, chosen_schedules(config, schedules or ()), start, count)
    show_problems(printer, config)


def chosen_schedules(config: Configuration, names: Iterable[str]) -> Mapping[str, Schedule]:
    """The schedules with these names; without names, all that the file defines.

    Raises:
        UsageError: there is no such schedule; close names are suggested.
        DefinitionError: one that is named is not valid.
    """
    from lamplighter.cli.lookup import find_schedule
    from lamplighter.schedules.loading import BUILT_IN

    wanted = list(dict.fromkeys(names))
    if wanted:
        return {name: find_schedule(config, name) for name in wanted}
    own = {name: one for name, one in config.loaded.schedules.items() if one.definition is not BUILT_IN.get(name)}
    return own or config.loaded.schedules


def coming(schedule: Schedule, start: datetime, count: int) -> list[Transition]:
    """The next `count` transitions after `start` that passes can follow, fewer if there are no more in ten years."""
    from lamplighter.schedules.freezing import expected

    found: list[Transition] = []
    for horizon in HORIZONS:
        found = expected(schedule, start, start + horizon).transitions()
        if len(found) >= count:
            break
    return found[:count]


def show_next(printer: Printer, schedules: Mapping[str, Schedule], start: datetime, count: int) -> None:
    """Show the next transitions over all schedules in the order of time, then notes on daylight saving."""
    from lamplighter.cli.values import clock
    from lamplighter.schedules.durations import duration_text
    from lamplighter.schedules.freezing import frozen
    from lamplighter.schedules.traps import daylight_saving

    changes = {name: coming(schedule, start, count) for name, schedule in schedules.items()}
    found = sorted(
        ((change, schedules[name]) for name, own in changes.items() for change in own),
        key=lambda pair: (pair[0].at, pair[1].name),
    )[:count]
    printer.answer(
        [
            {
                "at": change.at.astimezone(schedule.zone),
                "timezone": schedule.zone.key,
                "schedule": schedule.name,
                "before": change.before.state.value,
                "now": change.now.state.value,
                "period": change.now.period,
                "instance_type": change.now.instance_type,
                "reason": change.now.reason,
            }
            for change, schedule in found
        ],
        (
            Column("When", whole=True),
            Column("Zone", whole=True),
            Column("Schedule", whole=True),
            Column("Then"),
            Column("Why"),
        ),
        [
            [
                f"{change.at.astimezone(schedule.zone):%a} {clock(change.at, schedule.zone)}",
                schedule.zone.key,
                schedule.name,
                " ".join(filter(None, [change.now.state.value, change.now.instance_type])),
                change.now.reason,
            ]
            for change, schedule in found
        ],
        empty="nothing changes",
    )
    for name, schedule in schedules.items():
        held = frozen(schedule, start)
        if held:
            printer.note(f"{name}: nothing is changed at the begin, {held}")
        elif not changes[name]:
            state = schedule.state_at(start)
            printer.note(f"{name}: always {state.state.value}, {state.reason}")
        last = max((change.at for change in changes[name]), default=start)
        for change in schedule.transitions(start, last)[:count] if last > start else ():
            why = frozen(schedule, change.at)
            if why:
                printer.note(
                    f"{name}: {change.now.state.value} at {clock(change.at, schedule.zone)} has to wait, {why}"
                )
        if schedule.definition.stagger:
            span = duration_text(schedule.definition.stagger)
            printer.note(f"{name}: each resource has its own share of {span}, by which its changes come later")
        for text, hint in daylight_saving(schedule, start, start + timedelta(days=366)):
            printer.note(f"daylight saving: {name}: {text}; {hint}")
