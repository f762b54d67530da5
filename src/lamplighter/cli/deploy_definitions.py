"""`lamp deploy definitions`: the definition file into the store of the deployed functions."""

from __future__ import annotations

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.errors import DefinitionError, UsageError


def add_to(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command(
        "definitions",
        epilog=examples(
            "lamp deploy definitions --store dynamodb://lamplighter",
            "lamp deploy definitions --file lamplighter.yaml --store 'dynamodb://lamplighter?region=eu-west-1'",
        ),
    )(definitions)


def definitions(
    file: options.File = None,
    store: options.StoreUrl = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Put the definition file, and the calendar files that it names, into the store of the deployed functions."""
    from lamplighter.cli.schedules_validate import findings
    from lamplighter.scheduler.kept_definitions import FILE, put_files
    from lamplighter.schedules.calendars import CHANGE_CALENDAR

    printer = context.printer(output, verbose, no_color)
    place = _deployed(store)
    path = context.needed_definitions(file)
    text = context.read_text(path)
    read, files = context.reader(path, context.kept_calendars(place)), {FILE: text}

    def remember(name: str) -> str:
        content = read(name)
        if not name.startswith(CHANGE_CALENDAR):
            files[name] = content
        return content

    errors, _ = findings(text, str(path), remember, context.utc_now(), path.parent)
    if errors:
        printer.failure(DefinitionError(f"{path} is not valid; nothing was put into the store", problems=tuple(errors)))
        exits.leave(exits.FINDINGS)
    chosen = context.settings(None, place, profile, None, None, endpoint_url)
    with context.state(place, writes=True, chosen=chosen) as opened:
        version = put_files(opened, files)
    printer.answer(
        [{"file": name, "characters": len(content), "version": version} for name, content in files.items()],
        (Column("File", whole=True), Column("Characters", right=True)),
        [[name, f"{len(content):,}"] for name, content in files.items()],
        empty="no files",
    )
    printer.note(f"version {version}; every target is decided anew at the clock's next look")


def _deployed(store: str | None) -> str:
    """The address of a store that functions can read.

    Raises:
        UsageError: it is none.
    """
    if store is None or not store.startswith("dynamodb://"):
        raise UsageError(
            f"deployed functions do not read {store}" if store else "which store do the deployed functions read?",
            hint="say --store dynamodb://PREFIX?region=REGION, which is the output Store of the stack state",
        )
    return store
