"""`lamp periods`: look at periods, change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, options
from lamplighter.cli.commands import examples, group
from lamplighter.cli.options import Output
from lamplighter.cli.schedules_edit import State, Texts, remove_entry, short, write_entry
from lamplighter.cli.show import Column

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lamplighter.cli.show import Printer
    from lamplighter.scheduler.settings import Configuration
    from lamplighter.schedules.compiler import Period

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the period.", show_default=False)]

app = group("Look at periods, change them.")


@app.command("list", epilog=examples("lamp periods list", "lamp periods list -o json"))
def list_all(
    file: options.File = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """List periods: when they are, and which schedules use them."""
    printer = context.printer(output, verbose, no_color)
    config = context.configuration(file)
    show_periods(printer, config, config.loaded.periods.values())
    for problem in config.problems:
        if problem.where.startswith("periods."):
            printer.warn(f"not valid: {problem}")


def show_periods(printer: Printer, config: Configuration, periods: Iterable[Period]) -> None:
    """Show periods with the schedules that use them."""
    listed = [(period, _users(config, period.name)) for period in periods]
    printer.answer(
        [
            {"name": period.name, **period.definition.model_dump(mode="json"), "used_by": users}
            for period, users in listed
        ],
        (Column("Period", whole=True), Column("State", whole=True), Column("Times"), Column("Days"), Column("Used by")),
        [
            [
                period.name,
                period.definition.state,
                _times(period),
                _days(period),
                ", ".join(users) or "-",
            ]
            for period, users in listed
        ],
        empty="no periods",
    )


def _users(config: Configuration, name: str) -> list[str]:
    return [
        schedule.name
        for schedule in config.loaded.schedules.values()
        if any(text.partition("@")[0] == name for text in schedule.definition.periods)
    ]


def _times(period: Period) -> str:
    given = period.definition
    sides = (given.begintime or "", given.endtime or "")
    spans = [*(["-".join(sides)] if any(sides) else []), *given.times, *given.weekly]
    return ", ".join(spans) + (f" {given.timezone}" if given.timezone else "") if spans else "all day"


def _days(period: Period) -> str:
    given = period.definition
    fields = [*given.weekdays, *given.monthdays, *given.months, *given.dates]
    only = [f"only on {name}" for name in given.only_on] + [f"not on {name}" for name in given.not_on]
    return ", ".join([*fields, *only]) or "every day"


@app.command("show", epilog=examples("lamp periods show office"))
def show(
    name: Name,
    file: options.File = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Show one period as it would stand in the file."""
    from lamplighter.cli.files import fields_of
    from lamplighter.cli.lookup import find_period
    from lamplighter.schedules.splicing import block

    printer = context.printer(output, verbose, no_color)
    config = context.configuration(file)
    period = find_period(config, name)
    if printer.for_programs:
        show_periods(printer, config, [period])
        return
    users = ", ".join(_users(config, name)) or "no schedule"
    printer.text(f"periods:\n{block(name, fields_of(period.definition), 2, 2)}\n# used by {users}")


def write(
    command: typer.Context,
    name: Name,
    begintime: Annotated[str | None, typer.Option("--begintime", metavar="HH:MM", help="Begin.")] = None,
    endtime: Annotated[str | None, typer.Option("--endtime", metavar="HH:MM", help="End, up to 24:00.")] = None,
    weekdays: Annotated[Texts, typer.Option("--weekdays", metavar="DAYS", help="mon-fri, sun#1, friL.")] = None,
    monthdays: Annotated[Texts, typer.Option("--monthdays", metavar="DAYS", help="1-7, L, 15W.")] = None,
    months: Annotated[Texts, typer.Option("--months", metavar="MONTHS", help="jan-mar, jan/3.")] = None,
    description: Annotated[str | None, typer.Option("--description", metavar="TEXT", help="What it is for.")] = None,
    times: Annotated[
        Texts, typer.Option("--times", metavar="SPANS", help="08:00-12:00,13:00-18:00; instead of begin and end.")
    ] = None,
    weekly: Annotated[Texts, typer.Option("--weekly", metavar="SPAN", help="'fri 20:00 - mon 08:00'.")] = None,
    dates: Annotated[Texts, typer.Option("--dates", metavar="DATES", help="2026-12-01..2026-12-18.")] = None,
    state: Annotated[State, typer.Option("--state", help="What it asks for.")] = State.RUNNING,
    only_on: Annotated[Texts, typer.Option("--only-on", metavar="CALENDAR", help="Only on its days.")] = None,
    not_on: Annotated[Texts, typer.Option("--not-on", metavar="CALENDAR", help="Not on its days.")] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", metavar="ZONE", help="IANA time zone.")] = None,
    file: options.File = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Create a period, or replace one; the command's name says which."""
    from lamplighter.cli.values import listed

    printer = context.printer(output, verbose, no_color)
    fields = {
        "description": description,
        "state": state.value if state is not State.RUNNING else None,
        "begintime": begintime,
        "endtime": endtime,
        "times": short(listed(times)),
        "weekly": short(listed(weekly)),
        "weekdays": short(listed(weekdays)),
        "monthdays": short(listed(monthdays)),
        "months": short(listed(months)),
        "dates": short(listed(dates)),
        "only_on": short(listed(only_on)),
        "not_on": short(listed(not_on)),
        "timezone": timezone,
    }
    given = {key: value for key, value in fields.items() if value}
    write_entry(printer, file, "periods", name, given, update=command.info_name == "update")


app.command(
    "create",
    help="Add a period to the definition file; comments and order of the rest stay.",
    epilog=examples(
        "lamp periods create office --begintime 08:00 --endtime 18:00 --weekdays mon-fri --not-on holidays",
        "lamp periods create weekend --state stopped --weekly 'fri 20:00 - mon 08:00'",
    ),
)(write)
app.command(
    "update",
    help="Replace a period as a whole: what is not given goes back to its default, as in scheduler-cli.",
    epilog=examples("lamp periods update office --begintime 07:30 --endtime 19:00 --weekdays mon-fri"),
)(write)


@app.command("delete", epilog=examples("lamp periods delete office"))
def delete(
    name: Name,
    file: options.File = None,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Take a period out of the definition file, unless schedules use it."""
    printer = context.printer(Output.TABLE, verbose, no_color)
    remove_entry(printer, context.needed_definitions(file), "periods", name)
