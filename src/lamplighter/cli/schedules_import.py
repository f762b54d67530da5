"""`lamp schedules import`: definitions from other schedulers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples
from lamplighter.cli.config_table import read_table
from lamplighter.cli.options import Output
from lamplighter.errors import LamplighterError, UsageError

if TYPE_CHECKING:
    from lamplighter.cli.show import Printer
    from lamplighter.schedules.dialects.instance_scheduler import Imported
    from lamplighter.schedules.dialects.translation import Dialect
    from lamplighter.schedules.splicing import Fields

    Sections = dict[str, dict[str, Fields]]


INSTANCE_SCHEDULER = "instance-scheduler"


def register(app: typer.Typer) -> None:
    """Put the command into its group."""
    app.command(
        "import",
        epilog=examples(
            "lamp schedules import --table ConfigTable --region eu-west-1 --default-timezone Europe/Berlin",
            "lamp schedules import config-table.json --from instance-scheduler",
            "aws dynamodb scan --table-name ConfigTable > table.json",
            "lamp schedules import table.json --from instance-scheduler --default-timezone Europe/Berlin --write",
            "lamp schedules import tag.txt --from cloud-custodian --name office-hours",
        ),
    )(import_file)


def import_file(
    source: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A file; - for stdin.", show_default=False)
    ] = None,
    table: Annotated[
        str | None,
        typer.Option("--table", metavar="NAME", help="Instead of a file: a config table in DynamoDB, by name or ARN."),
    ] = None,
    dialect: Annotated[
        str, typer.Option("--from", metavar="DIALECT", help="Where it comes from; docs/dialects.md lists them.")
    ] = INSTANCE_SCHEDULER,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="NAME", help="Of the schedule, where the text names none; else the file's name."
        ),
    ] = None,
    default_timezone: Annotated[
        str | None, typer.Option("--default-timezone", metavar="ZONE", help="Of schedules that name none; else UTC.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Put them into the definition file.")] = False,
    region: Annotated[
        str | None, typer.Option("--region", "-r", metavar="NAME", help="Of the table; else AWS_REGION.")
    ] = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    file: options.File = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Translate another scheduler's schedules into definitions (YAML on stdout).

    A config table of the AWS Instance Scheduler may be a list of items, the answer of `aws dynamodb scan`, or a line an
    item; or it is read where it lies, with --table. Of every other dialect a file holds one text, for example the value
    of a tag. Exit code 3 if any is rejected.
    """
    from lamplighter.schedules.days import GrammarError
    from lamplighter.schedules.zones import find_zone

    chosen = chosen_dialect(dialect)
    printer = context.printer(output, verbose, no_color)
    try:
        zone = find_zone(default_timezone or "UTC").key
    except GrammarError as error:
        raise UsageError(f"--default-timezone: {error.message}", hint=error.hint) from error
    if table is not None:
        _refuse_beside_table(source, chosen)
        found = read_table(table, region, context.settings(profile=profile, endpoint_url=endpoint_url))
        sections, rejected = _config_table(printer, found, zone, default_timezone is not None)
    elif source is None:
        raise UsageError("there is nothing to import", hint="name a file, or a table with --table")
    elif chosen.name == INSTANCE_SCHEDULER:
        found = items(_text(source), str(source))
        sections, rejected = _config_table(printer, found, zone, default_timezone is not None)
    else:
        called = name or ("schedule" if str(source) == "-" else source.stem)
        sections, rejected = _translated(printer, chosen, called, _text(source).strip(), zone)
    if write:
        rejected += _write(printer, file, sections)
    show_import(printer, sections, zone)
    count = sum(len(members) for members in sections.values())
    printer.note(f"{count} read, {rejected} rejected")
    exits.leave(exits.FINDINGS if rejected else exits.OK)


def chosen_dialect(name: str) -> Dialect:
    """The dialect of this name.

    Raises:
        UsageError: there is none.
    """
    from difflib import get_close_matches

    from lamplighter.schedules.dialects import dialects

    known = dialects()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
        raise UsageError(f"there is no dialect {name!r}", hint=hint)
    return known[name]


def _text(source: Path) -> str:
    import sys

    return sys.stdin.read() if str(source) == "-" else context.read_text(source)


def _refuse_beside_table(source: Path | None, dialect: Dialect) -> None:
    if source is not None:
        raise UsageError(f"there are two sources: {source} and a table", hint="name a file or --table, not both")
    if dialect.name != INSTANCE_SCHEDULER:
        raise UsageError(
            f"a table holds no {dialect.name}", hint="leave out --from: a table is the Instance Scheduler's"
        )


def _config_table(
    printer: Printer, table: Sequence[Mapping[str, object]], zone: str, named: bool
) -> tuple[Sections, int]:
    from lamplighter.schedules.dialects.instance_scheduler import load_instance_scheduler

    found = load_instance_scheduler(table, default_timezone=zone)
    show_rejected(printer, found)
    return sections_of(found, zone if named else None), len(found.errors)


def _translated(printer: Printer, dialect: Dialect, name: str, text: str, zone: str) -> tuple[Sections, int]:
    from lamplighter.cli.files import fields_of

    found = dialect.read(name, text, default_timezone=zone)
    for problem in found.problems:
        place = f" at character {problem.position + 1}" if problem.position is not None else ""
        printer.warn(f"not imported: {problem}{place}")
    for note in found.notes:
        printer.note(f"note: {note}")
    if found.schedule is None:
        return {"periods": {}, "schedules": {}}, 1
    periods: dict[str, Fields] = {period: fields_of(one) for period, one in found.periods.items()}
    return {"periods": periods, "schedules": {name: fields_of(found.schedule)}}, 0


def items(text: str, name: str) -> list[Mapping[str, object]]:
    """Config-table items from a JSON list, `{"Items": [...]}`, or one object a line (also `{"Item": {...}}`).

    Raises:
        UsageError: none of these.
    """
    import json

    try:
        content = json.loads(text)
    except json.JSONDecodeError:
        try:
            content = [json.loads(line) for line in text.splitlines() if line.strip()]
        except json.JSONDecodeError as error:
            raise UsageError(
                f"{name} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}",
                hint="export the table with `aws dynamodb scan --table-name NAME`",
            ) from error
    if isinstance(content, dict):
        content = content.get("Items", [content])
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise UsageError(
            f"{name} holds no items", hint='write a list of objects, {"Items": [...]}, or an object a line'
        )
    return [item["Item"] if set(item) == {"Item"} else item for item in content]


def sections_of(found: Imported, timezone: str | None) -> Sections:
    """The valid definitions as they stand in YAML, by section and name.

    Args:
        found: what was imported.
        timezone: to be written into schedules that name none; None to leave them without.
    """
    from lamplighter.cli.files import fields_of

    schedules = {name: fields_of(one) for name, one in found.definitions.items()}
    if timezone:
        schedules = {name: {"timezone": timezone, **fields} for name, fields in schedules.items()}
    return {"periods": {name: fields_of(one) for name, one in found.periods.items()}, "schedules": dict(schedules)}


def show_rejected(printer: Printer, found: Imported) -> None:
    """Say what was not read, and why."""
    for problems in found.errors.values():
        for problem in problems:
            printer.warn(f"not imported: {problem}")


def show_import(printer: Printer, sections: Sections, zone: str) -> None:
    """Show the definitions as YAML, or as records."""
    if printer.for_programs:
        printer.data(
            [
                {"type": section.removesuffix("s"), "name": name, "definition": fields}
                for section, members in sections.items()
                for name, fields in members.items()
            ]
        )
        return
    printer.text(yaml_of({}, sections))
    printer.note(f"schedules without a zone were read in {zone}")


def yaml_of(top: Mapping[str, str], sections: Sections) -> str:
    """A definition file.

    Args:
        top: what stands at its top level beside the version.
        sections: its definitions.
    """
    from lamplighter.schedules.editing import NEW_FILE
    from lamplighter.schedules.splicing import block

    lines = [NEW_FILE.rstrip(), *(f"{name}: {value}" for name, value in top.items())]
    for section, members in sections.items():
        if members:
            lines += [f"{section}:", *(block(name, fields, 2, 2) for name, fields in members.items())]
    return "\n".join(lines)


def _write(printer: Printer, file: Path | None, sections: Sections) -> int:
    """Put definitions into the file; those that stand there already stay. Returns how many could not be put there."""
    from lamplighter.cli.files import edit, file_to_edit

    path = file_to_edit(file)
    refused: list[str] = []

    def change(text: str) -> str:
        for section, members in sections.items():
            text, bad = merged(printer, text, section, members, path)
            refused.extend(bad)
        return text

    changed = edit(path, change)
    printer.note(f"{path} written" if changed else f"{path} stays as it is")
    return len(refused)


def merged(
    printer: Printer, text: str, section: str, members: Mapping[str, Fields], path: Path
) -> tuple[str, Sequence[str]]:
    """The text with those members that it does not have, and the names of those it cannot take."""
    from lamplighter.schedules.editing import add_entries, entries
    from lamplighter.schedules.source import parse_yaml

    known = entries(parse_yaml(text, str(path)), section) if text.strip() else {}
    refused = [name for name, fields in members.items() if name in known and known[name] != fields]
    for name in refused:
        printer.warn(f"not written: {section}.{name} stands in {path} already and says something else")
    fresh = {name: fields for name, fields in members.items() if name not in known}
    if not fresh:
        return text, refused
    reader = context.reader(path)
    try:
        return add_entries(text, section, fresh, file=str(path), read_text=reader), refused
    except LamplighterError:
        for name, fields in fresh.items():
            try:
                text = add_entries(text, section, {name: fields}, file=str(path), read_text=reader)
            except LamplighterError as error:
                printer.failure(error, subject=f"{section}.{name}")
                refused.append(name)
    return text, refused
