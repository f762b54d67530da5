"""`lamp deploy definitions`: the definition file into the store of the deployed functions."""

from __future__ import annotations

from pathlib import Path, PurePath
from urllib.parse import urlsplit

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
    """Put the definition file, calendar files and templates that it names into the store of the deployed functions."""
    from lamplighter.cli.schedules_validate import findings
    from lamplighter.deploy.reach import out_of_reach
    from lamplighter.scheduler.kept_definitions import FILE, put_files
    from lamplighter.scheduler.settings import load_configuration
    from lamplighter.schedules.calendars import CHANGE_CALENDAR
    from lamplighter.schedules.source import parse_yaml

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
    notify = load_configuration(text, name=str(path), read_text=read).notify
    files |= _templates(path.parent, notify.templates)
    for problem in out_of_reach(notify, urlsplit(place).netloc):
        printer.warn(f"{path}:{parse_yaml(text, str(path)).place(problem)}")
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


def _templates(folder: Path, own: str | None) -> dict[str, str]:
    """Templates of messages, texts by their paths below the folder of the definition file.

    Raises:
        UsageError: they lie elsewhere, or cannot be read.
    """
    from lamplighter.alerts.render import own_templates

    if own is None:
        return {}
    place = PurePath(own)
    if place.is_absolute() or ".." in place.parts:
        raise UsageError(
            f"notify.templates is {own}, outside of the folder of the definition file: it cannot be kept in the store",
            hint="put that folder beside the definition file",
        )
    try:
        found = own_templates(folder / place)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the templates in {own} cannot be read: {error}", hint="save them as UTF-8") from error
    return {(place / name).as_posix(): text for name, text in found.items()}


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
