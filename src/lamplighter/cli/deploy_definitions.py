"""`lamp deploy definitions`: the file into the store of the deployed functions, or what that would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.errors import DefinitionError, TableMissing, UsageError

if TYPE_CHECKING:
    from lamplighter.cli.show import Printer
    from lamplighter.scheduler.definition_changes import Change, Changes
    from lamplighter.schedules.timeline import Transition

NEXT: Final = 3
"""Transitions of a schedule that are shown, before and after."""


def add_to(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command(
        "definitions",
        epilog=examples(
            "lamp deploy definitions --store dynamodb://lamplighter --dry-run",
            "lamp deploy definitions --store dynamodb://lamplighter",
            "lamp deploy definitions --file lamplighter.yaml --store 'dynamodb://lamplighter?region=eu-west-1'",
        ),
    )(definitions)


def definitions(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, beside what is deployed; write nothing.")
    ] = False,
    detailed: Annotated[
        bool,
        typer.Option(
            "--detailed-exitcode", help="With --dry-run: exit with 0 for no changes, 2 for changes, 1 for an error."
        ),
    ] = False,
    file: options.File = None,
    store: options.StoreUrl = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Put the definition file, calendar files and templates that it names into the store of the deployed functions."""
    from lamplighter.scheduler.kept_definitions import put_files

    printer = context.printer(output, verbose, no_color)
    if detailed and not dry_run:
        raise UsageError("--detailed-exitcode tells what would change", hint="add --dry-run")
    place = _deployed(store)
    chosen = context.settings(None, place, profile, None, None, endpoint_url)
    try:
        files = _checked(printer, context.needed_definitions(file), place)
        if dry_run:
            exits.leave(_look(printer, place, chosen, files, detailed=detailed))
            return
        with context.state(place, writes=True, chosen=chosen) as opened:
            version = put_files(opened, files)
    except TableMissing as error:
        # Tables of another making would be in the way of that stack: their names are fixed.
        hint = "deploy the stack state first, which makes it; or correct the prefix or the region in --store"
        raise TableMissing(error.message, hint=hint) from error
    printer.answer(
        [{"file": name, "characters": len(content), "version": version} for name, content in files.items()],
        (Column("File", whole=True), Column("Characters", right=True)),
        [[name, f"{len(content):,}"] for name, content in files.items()],
        empty="no files",
    )
    printer.note(f"version {version}; every target is decided anew at the clock's next look")


def _checked(printer: Printer, path: Path, place: str) -> dict[str, str]:
    """The texts of a file and of those that it names, by name; with errors in them the command ends."""
    from lamplighter.cli.schedules_validate import findings
    from lamplighter.deploy.reach import out_of_reach
    from lamplighter.scheduler.kept_definitions import FILE
    from lamplighter.scheduler.settings import load_configuration
    from lamplighter.schedules.calendars import CHANGE_CALENDAR
    from lamplighter.schedules.source import parse_yaml

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
    return files


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


def _look(printer: Printer, place: str, chosen: context.Settings, files: Mapping[str, str], *, detailed: bool) -> int:
    """Show what would change, and return the exit code."""
    from lamplighter.scheduler.definition_changes import changes
    from lamplighter.scheduler.kept_definitions import read

    with context.state(place, writes=False, chosen=chosen) as opened:
        kept = read(opened)
    found = changes(kept, files, context.kept_calendars(place), context.utc_now(), NEXT)
    show_changes(printer, found)
    deployed = f"version {kept.version} is deployed" if kept.version else "nothing is deployed yet"
    printer.note(f"nothing was written; {deployed}")
    return exits.CHANGES if detailed and found.found else exits.OK


def show_changes(printer: Printer, changes: Changes) -> None:
    """Show what would change: the lines of files, then periods and schedules with their next transitions."""
    if not printer.for_programs:
        for each in changes.found:
            printer.difference(each.diff)
    shown = [each for each in changes.found if printer.for_programs or each.what != "file"]
    printer.answer(
        [_record(each, changes.zones) for each in shown],
        (
            Column("What", whole=True),
            Column("Name", whole=True),
            Column("Change"),
            Column("Next until now", whole=True),
            Column("Next then", whole=True),
        ),
        [
            [each.what, each.name, each.action, _times(each.before, zone), _times(each.after, zone)]
            for each in shown
            for zone in [changes.zones.get(each.name)]
        ],
        empty="no period and no schedule changes" if changes.found else "nothing would change",
    )
    if changes.unreadable:
        printer.warn(f"what is deployed cannot be read, everything counts as new: {changes.unreadable}")
    for problem in changes.problems:
        printer.warn(str(problem))


def _record(change: Change, zones: Mapping[str, str]) -> dict[str, object]:
    return {
        "what": change.what,
        "name": change.name,
        "action": change.action,
        "diff": "\n".join(change.diff) or None,
        "timezone": zones.get(change.name) if change.what == "schedule" else None,
        "before": [_moment(each) for each in change.before],
        "after": [_moment(each) for each in change.after],
    }


def _moment(each: Transition) -> dict[str, object]:
    return {"at": each.at.isoformat(), "state": each.now.state.value, "instance_type": each.now.instance_type}


def _times(transitions: Sequence[Transition], zone: str | None) -> tuple[str, ...]:
    from zoneinfo import ZoneInfo

    from lamplighter.cli.values import clock

    if zone is None or not transitions:
        return ("-",)
    wall = ZoneInfo(zone)
    words = (
        [f"{each.at.astimezone(wall):%a}", clock(each.at, wall), each.now.state.value, each.now.instance_type]
        for each in transitions
    )
    return tuple(" ".join(filter(None, each)) for each in words)


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
