"""`lamp schedules`: look at schedules, check them, change them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, options
from lamplighter.cli.commands import examples, group
from lamplighter.cli.options import Output
from lamplighter.cli.schedules_edit import register as register_edit
from lamplighter.cli.schedules_export import register as register_export
from lamplighter.cli.schedules_import import register as register_import
from lamplighter.cli.schedules_validate import register as register_validate
from lamplighter.cli.show import Column, Record

if TYPE_CHECKING:
    from datetime import date, datetime

    from lamplighter.cli.show import Printer
    from lamplighter.scheduler.settings import Configuration
    from lamplighter.schedules.schedule import Schedule

AHEAD = timedelta(days=35)

app = group("Look at schedules, check them, change them.")


@app.command("list", epilog=examples("lamp schedules list", "lamp schedules list -o json"))
def list_all(
    file: options.File = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """List schedules: the state they ask for now, and their next change."""
    printer = context.printer(output, verbose, no_color)
    show_schedules(printer, context.configuration(file), context.utc_now())


def show_schedules(printer: Printer, config: Configuration, now: datetime) -> None:
    """Show every schedule, also those that are not valid."""
    records = [schedule_record(one, now) for one in config.loaded.schedules.values()]
    broken: list[Record] = [
        {**dict.fromkeys(records[0]), "name": name, "valid": False, "problem": why}
        for name, why in config.loaded.rejected.items()
    ]
    rows = [_row(one, now) for one in config.loaded.schedules.values()]
    rows += [[name, "", "not valid", "", why] for name, why in config.loaded.rejected.items()]
    printer.answer(
        [*records, *broken],
        (
            Column("Schedule", whole=True),
            Column("Zone", whole=True),
            Column("Now", whole=True),
            Column("Until", whole=True),
            Column("What"),
        ),
        rows,
        empty="no schedules",
    )


def schedule_record(schedule: Schedule, now: datetime) -> Record:
    """A schedule for programs: what stands in the file, and what it asks for now."""
    desired, following = schedule.state_at(now), schedule.transitions(now, now + AHEAD)[:1]
    return {
        "name": schedule.name,
        **schedule.definition.model_dump(mode="json"),
        "timezone": schedule.zone.key,
        "valid": True,
        "problem": None,
        "now": desired.state.value,
        "now_because": desired.reason,
        "next_at": following[0].at.astimezone(schedule.zone) if following else None,
        "next": following[0].now.state.value if following else None,
    }


def _row(schedule: Schedule, now: datetime) -> list[str]:
    from lamplighter.cli.values import clock

    given, following = schedule.definition, schedule.transitions(now, now + AHEAD)[:1]
    what = given.description or ", ".join(given.periods) or given.override_status or ""
    change = clock(following[0].at, schedule.zone) if following else "-"
    state = "-" if given.ignore else schedule.state_at(now).state.value
    return [schedule.name, schedule.zone.key, state, change, what]


@app.command("show", epilog=examples("lamp schedules show office-hours", "lamp schedules show office-hours -o json"))
def show(
    name: Annotated[str, typer.Argument(help="Name of the schedule.", show_default=False)],
    file: options.File = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Show one schedule: its definition, its periods, what it asks for now and next."""
    from lamplighter.cli.lookup import find_schedule

    printer = context.printer(output, verbose, no_color)
    config = context.configuration(file)
    show_schedule(printer, config, find_schedule(config, name), context.utc_now())


def show_schedule(printer: Printer, config: Configuration, schedule: Schedule, now: datetime) -> None:
    """Show a schedule as it would stand in the file, and what it asks for."""
    from lamplighter.cli.files import fields_of
    from lamplighter.cli.show import clean
    from lamplighter.cli.values import shown
    from lamplighter.schedules.splicing import block

    if printer.for_programs:
        printer.data([schedule_record(schedule, now)])
        return
    names = list(dict.fromkeys(text.partition("@")[0] for text in schedule.definition.periods))
    lines = ["schedules:", block(schedule.name, fields_of(schedule.definition), 2, 2)]
    if names:
        lines = ["periods:", *(block(n, fields_of(config.loaded.periods[n].definition), 2, 2) for n in names), *lines]
    desired = schedule.state_at(now)
    lines.append(f"# {shown(now, schedule.zone)}: {desired.state.value}, {desired.reason}")
    lines += [
        f"# {shown(change.at, schedule.zone)}: {change.now.state.value}, {change.now.reason}"
        for change in schedule.transitions(now, now + AHEAD)[:3]
    ]
    printer.text(clean("\n".join(lines)))


@app.command(
    "usage",
    epilog=examples(
        "lamp schedules usage office-hours", "lamp schedules usage office-hours --from 2026-12-01 --to 2026-12-31"
    ),
)
def usage(
    name: Annotated[str, typer.Argument(help="Name of the schedule.", show_default=False)],
    begin: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day; default: today.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day, included; default: --from.")] = None,
    file: options.File = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Show day by day when a schedule is lit, and for how many real hours."""
    from lamplighter.cli.lookup import find_schedule
    from lamplighter.cli.values import day
    from lamplighter.errors import UsageError

    printer = context.printer(output, verbose, no_color)
    schedule = find_schedule(context.configuration(file), name)
    first = day(begin) if begin else context.utc_now().astimezone(schedule.zone).date()
    last = day(end) if end else first
    if last < first:
        raise UsageError(f"the last day {last} comes before the first {first}")
    show_usage(printer, schedule, first, last)


def show_usage(printer: Printer, schedule: Schedule, first: date, last: date) -> None:
    """Show every local day from first to last, both included."""
    from lamplighter.schedules.usage import lit_days

    days = lit_days(schedule, first, last)
    printer.answer(
        [
            {
                "schedule": schedule.name,
                "timezone": schedule.zone.key,
                "date": day.day,
                "hours": round(day.hours, 4),
                "periods": [{"begin": s.begin, "end": s.end, "period": s.period} for s in day.spans],
            }
            for day in days
        ],
        (Column(f"Day ({schedule.zone.key})", whole=True), Column("Lit"), Column("Hours", right=True)),
        [
            [
                f"{day.day:%a %Y-%m-%d}",
                ", ".join(
                    f"{s.begin:%H:%M}-{'24:00' if s.end.date() > day.day else f'{s.end:%H:%M}'}" for s in day.spans
                )
                or "-",
                f"{day.hours:.2f}",
            ]
            for day in days
        ],
        empty="no days",
        foot=("Total", "", f"{sum(day.hours for day in days):.2f}") if len(days) > 1 else (),
    )


@app.command("schema", epilog=examples("lamp schedules schema > lamplighter.schema.json"))
def schema() -> None:
    """Print the JSON Schema of the definition file, for editors and checks."""
    import json

    from lamplighter.scheduler.settings import definition_schema

    typer.echo(json.dumps(definition_schema(), indent=2))


register_validate(app)
register_import(app)
register_export(app)
register_edit(app)
