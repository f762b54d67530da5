"""`lamp schedules export`: schedules in the words of other schedulers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lamplighter.schedules.dialects.translation import Dialect, Written
    from lamplighter.schedules.loading import Loaded

INLINE = "inline"


def register(app: typer.Typer) -> None:
    """Put the command into its group."""
    app.command(
        "export",
        epilog=examples(
            "lamp schedules export office-hours --to inline", "lamp schedules export --to cloud-custodian -o json"
        ),
    )(export)


def export(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these; else all.", show_default=False)
    ] = None,
    dialect: Annotated[
        str, typer.Option("--to", metavar="DIALECT", help="In which words; docs/dialects.md lists them.")
    ] = INLINE,
    file: options.File = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Write schedules in another scheduler's words, for example as the value of a tag.

    Exit code 3 if one cannot be expressed; then it says why, and what is nearest.
    """
    from lamplighter.cli.lookup import find_schedule
    from lamplighter.cli.schedules_import import chosen_dialect

    printer = context.printer(output, verbose, no_color)
    config = context.configuration(file)
    chosen = chosen_dialect(dialect)
    wanted = [find_schedule(config, name).name for name in names or config.loaded.schedules]
    found = written(chosen, config.loaded, wanted)
    printer.answer(
        [{"schedule": name, "text": one.text, "notes": list(one.notes)} for name, one in found],
        (Column("Schedule", whole=True), Column(chosen.name)),
        [(name, one.text or "cannot be expressed") for name, one in found],
        empty="no schedules",
    )
    for name, one in found:
        for note in one.notes:
            printer.note(f"{name}: {note}")
    exits.leave(exits.FINDINGS if any(one.text is None for _, one in found) else exits.OK)


def written(dialect: Dialect, loaded: Loaded, names: Sequence[str]) -> list[tuple[str, Written]]:
    """Each schedule as the dialect has it.

    Raises:
        UsageError: the dialect cannot be written.
    """
    if dialect.write is None:
        raise UsageError(f"{dialect.name} can be read only", hint="docs/dialects.md says what can be written")
    periods = {name: period.definition for name, period in loaded.periods.items()}
    return [
        (name, dialect.write(loaded.schedules[name].definition, periods, default_timezone=loaded.timezone))
        for name in names
    ]
