"""`lamp schedules validate`: what is wrong with the definition file, and what is probably not meant."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples
from lamplighter.cli.options import Output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from lamplighter.cli.show import Printer
    from lamplighter.errors import Problem
    from lamplighter.schedules.calendars import ReadText


class FailOn(StrEnum):
    """From which findings on the exit code is 3."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


def register(app: typer.Typer) -> None:
    """Put the command into its group."""
    app.command(
        "validate",
        epilog=examples(
            "lamp schedules validate", "lamp schedules validate -f examples/lamplighter.yaml --fail-on warning"
        ),
    )(validate)


def validate(
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help="Exit with 3 from these findings on.")] = FailOn.ERROR,
    file: options.File = None,
    store: options.StoreUrl = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Check the definition file: errors with line and column, and warnings about traps."""
    printer = context.printer(output, verbose, no_color)
    path = context.needed_definitions(file)
    text = context.read_text(path)
    notes: list[str] = []
    read = context.reader(path, context.kept_calendars(store, notes))
    errors, warnings = findings(text, str(path), read, context.utc_now(), path.parent)
    for note in notes:
        printer.note(note)
    exits.leave(show_findings(printer, str(path), errors, warnings, fail_on))


def findings(
    text: str, name: str, read_text: ReadText, now: datetime, folder: Path
) -> tuple[Sequence[Problem], Sequence[Problem]]:
    """(errors, warnings) of a definition file, each with its place.

    Args:
        text: the file's text.
        name: its name.
        read_text: gives the text of files that it names.
        now: aware datetime; daylight saving of the year after it is looked at.
        folder: of the file; templates of messages lie below it.
    """
    from lamplighter.alerts.render import template_problems
    from lamplighter.alerts.samples import SAMPLES
    from lamplighter.errors import DefinitionError
    from lamplighter.scheduler.settings import load_configuration
    from lamplighter.schedules.source import parse_yaml
    from lamplighter.schedules.traps import warnings

    try:
        config = load_configuration(text, name=name, read_text=read_text)
    except DefinitionError as error:
        return error.problems, ()
    document = parse_yaml(text, name)
    own = config.notify.templates
    templates = template_problems(folder / own, SAMPLES, "notify.templates") if own else ()
    errors = (*config.problems, *(document.place(problem) for problem in templates))
    return errors, [document.place(problem) for problem in warnings(config.loaded, now)]


def show_findings(
    printer: Printer, name: str, errors: Sequence[Problem], warnings: Sequence[Problem], fail_on: FailOn
) -> int:
    """Show findings, one a line with its place in front, and return the exit code."""
    found = [*(("error", problem) for problem in errors), *(("warning", problem) for problem in warnings)]
    if printer.for_programs:
        printer.data(
            [
                {
                    "severity": severity,
                    "file": name,
                    "line": problem.line,
                    "column": problem.column,
                    "where": problem.where,
                    "message": problem.message,
                    "hint": problem.hint or None,
                }
                for severity, problem in found
            ]
        )
    else:
        for severity, problem in found:
            hint = f" ({problem.hint})" if problem.hint else ""
            place = f"{name}:{problem.line or 1}:{problem.column or 1}"
            printer.text(f"{place}: {severity}: {problem.where}: {problem.message}{hint}")
    printer.note(f"{name}: {len(errors)} errors, {len(warnings)} warnings" if found else f"{name}: valid")
    counted = {FailOn.ERROR: len(errors), FailOn.WARNING: len(found), FailOn.NEVER: 0}[fail_on]
    return exits.FINDINGS if counted else exits.OK
