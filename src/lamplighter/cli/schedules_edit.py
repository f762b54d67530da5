"""`lamp schedules create`, `update` and `delete`: change the definition file, and nothing else in it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, options
from lamplighter.cli.commands import examples
from lamplighter.cli.context import Settings
from lamplighter.cli.lookup import unknown
from lamplighter.cli.options import Output
from lamplighter.cli.views import show_failures
from lamplighter.errors import LamplighterError, UsageError

if TYPE_CHECKING:
    from lamplighter.cli.show import Printer
    from lamplighter.schedules.splicing import Fields


class State(StrEnum):
    """What a schedule or period asks for."""

    RUNNING = "running"
    STOPPED = "stopped"


class Otherwise(StrEnum):
    """The state when no period speaks."""

    RUNNING = "running"
    STOPPED = "stopped"
    ANY = "any"


class YesNo(StrEnum):
    """A flag that is on unless it is switched off."""

    TRUE = "true"
    FALSE = "false"


Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the schedule.", show_default=False)]
Texts = list[str] | None
Periods = Annotated[Texts, typer.Option("--periods", metavar="A,B@TYPE", help="Periods, perhaps with a type.")]
Types = Annotated[Texts, typer.Option("--instance-types", metavar="A,B", help="EC2 types, the most wanted first.")]
Timezone = Annotated[str | None, typer.Option("--timezone", metavar="ZONE", help="IANA zone; default: the file's.")]
Description = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="What it is for.")]
OverrideStatus = Annotated[State | None, typer.Option("--override-status", help="Always this state.")]
KeepNew = Annotated[bool, typer.Option("--do-not-stop-new-instances", help="Leave what is first seen outside on.")]
UseWindow = Annotated[YesNo, typer.Option("--use-maintenance-window", help="Light for maintenance windows.")]
SsmWindow = Annotated[Texts, typer.Option("--ssm-maintenance-window", metavar="NAME", help="SSM windows; repeatable.")]
Retain = Annotated[bool, typer.Option("--retain-running", help="What was started by hand before stays on.")]
Enforced = Annotated[bool, typer.Option("--enforced", help="Undo manual starts and stops at every pass.")]
Hibernate = Annotated[bool, typer.Option("--hibernate", help="Hibernate EC2 instances that can.")]
Snapshot = Annotated[bool, typer.Option("--snapshot-before-stop", help="Stop databases with a snapshot.")]
Else = Annotated[Otherwise | None, typer.Option("--otherwise", help="State when no period speaks.")]
Open = Annotated[Texts, typer.Option("--open", metavar="CALENDAR", help="Lit on its days; repeatable.")]
Closed = Annotated[Texts, typer.Option("--closed", metavar="CALENDAR", help="Put out on its days; repeatable.")]
Freeze = Annotated[Texts, typer.Option("--freeze", metavar="CALENDAR", help="No change while it forbids; repeatable.")]
StopAfter = Annotated[
    str | None, typer.Option("--stop-after", metavar="LENGTH", help="Put out what is lit so long unasked: 8h.")
]
Stagger = Annotated[
    str | None, typer.Option("--stagger", metavar="LENGTH", help="Spread the changes over so long: 30m.")
]
StopOnly = Annotated[bool, typer.Option("--stop-only", help="Stop at the end of periods, never start.")]
StayOff = Annotated[bool, typer.Option("--stay-off", help="What was stopped by hand stays off.")]


def register(app: typer.Typer) -> None:
    """Put the commands into their group."""
    app.command(
        "create",
        help="Add a schedule to the definition file; comments and order of the rest stay.",
        epilog=examples(
            "lamp schedules create office-hours --periods office --timezone Europe/Berlin",
            "lamp schedules create batch --periods night@m5.large,weekend --enforced --hibernate",
        ),
    )(write)
    app.command(
        "update",
        help="Replace a schedule as a whole: what is not given goes back to its default, as in scheduler-cli.",
        epilog=examples("lamp schedules update office-hours --periods office,saturday --timezone Europe/Berlin"),
    )(write)
    app.command("delete", epilog=examples("lamp schedules delete office-hours"))(delete)


def write(
    command: typer.Context,
    name: Name,
    periods: Periods = None,
    instance_types: Types = None,
    timezone: Timezone = None,
    description: Description = None,
    override_status: OverrideStatus = None,
    keep_new: KeepNew = False,
    use_window: UseWindow = YesNo.TRUE,
    ssm_window: SsmWindow = None,
    retain_running: Retain = False,
    enforced: Enforced = False,
    hibernate: Hibernate = False,
    snapshot_before_stop: Snapshot = False,
    otherwise: Else = None,
    open_on: Open = None,
    closed_on: Closed = None,
    freeze: Freeze = None,
    stop_after: StopAfter = None,
    stagger: Stagger = None,
    stop_only: StopOnly = False,
    stay_off: StayOff = False,
    file: options.File = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Create a schedule, or replace one; the command's name says which."""
    from lamplighter.cli.values import listed

    printer = context.printer(output, verbose, no_color)
    fields = {
        "description": description or "",
        "timezone": timezone or "",
        "periods": short(listed(periods)),
        "instance_types": short(listed(instance_types)),
        "override_status": override_status.value if override_status else "",
        "open": short(listed(open_on)),
        "closed": short(listed(closed_on)),
        "freeze": short(listed(freeze)),
        "stop_after": stop_after or "",
        "stagger": stagger or "",
        "otherwise": otherwise.value if otherwise else "",
        "enforced": enforced,
        "retain_running": retain_running,
        "stop_new_instances": "" if not keep_new else False,
        "hibernate": hibernate,
        "snapshot_before_stop": snapshot_before_stop,
        "stop_only": stop_only,
        "stay_off": stay_off,
        "use_maintenance_window": "" if use_window is YesNo.TRUE else False,
        "ssm_maintenance_window": short(listed(ssm_window)),
    }
    given = {
        key: value
        for key, value in fields.items()
        if value or (value is False and key in ("stop_new_instances", "use_maintenance_window"))
    }
    write_entry(printer, file, "schedules", name, given, update=command.info_name == "update")


def short(texts: tuple[str, ...]) -> str | list[str]:
    """A list as it stands in YAML; one of one as a text."""
    return texts[0] if len(texts) == 1 else list(texts)


def write_entry(printer: Printer, given: Path | None, section: str, name: str, fields: Fields, *, update: bool) -> None:
    """Put an entry into the definition file, or replace it, and show it.

    Raises:
        UsageError: it is there already (or not yet), or the file cannot be edited.
        DefinitionError: the file would no longer be valid.
    """
    from lamplighter.cli.files import edit, file_to_edit
    from lamplighter.schedules.editing import add_entries, replace_entry
    from lamplighter.schedules.splicing import block

    path = context.needed_definitions(given) if update else file_to_edit(given)
    reader = context.reader(path)

    def change(text: str) -> str:
        if update:
            return replace_entry(text, section, name, fields, file=str(path), read_text=reader)
        return add_entries(text, section, {name: fields}, file=str(path), read_text=reader)

    if not name.strip():
        raise UsageError("the name is empty")
    edit(path, change)
    if printer.for_programs:
        printer.data([{"type": section.removesuffix("s"), "name": name, "file": str(path), "definition": fields}])
    else:
        printer.text(f"{section}:\n{block(name, fields, 2, 2)}")
    printer.note(f"{'replaced' if update else 'created'} in {path}")


def remove_entry(printer: Printer, path: Path, section: str, name: str) -> None:
    """Take an entry out of the definition file."""
    from lamplighter.cli.files import edit
    from lamplighter.schedules import editing

    edit(path, lambda text: editing.remove_entry(text, section, name, file=str(path), read_text=context.reader(path)))
    printer.note(f"{section.removesuffix('s')} {name} deleted from {path}")


def delete(
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Do not ask AWS whether resources use it.")] = False,
    file: options.File = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    account: options.Accounts = None,
    endpoint_url: options.Endpoint = None,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Take a schedule out of the definition file, unless resources still use it.

    AWS is asked first; if it cannot be asked, there is a warning and the schedule goes.
    """
    printer = context.printer(Output.TABLE, verbose, no_color)
    chosen = context.settings(file, None, profile, region, account, endpoint_url)
    path = context.needed_definitions(file)
    config = context.configuration(file)
    if name not in config.loaded.schedules and name not in config.loaded.rejected:
        raise unknown("schedule", name, config.loaded.schedules)
    if not force:
        refuse_if_used(users(printer, chosen, name), name)
    remove_entry(printer, path, "schedules", name)


def users(printer: Printer, chosen: Settings, name: str) -> list[str]:
    """Resources that have a schedule in their tag, as far as AWS can be asked; what failed is warned about."""
    from lamplighter.scheduler.passes import World, run_pass
    from lamplighter.store.open import open_store

    config = context.configuration(chosen.file)
    try:
        with printer.waiting("asking AWS") as tick, context.open_aws(chosen, tick) as aws:
            world = World(aws, open_store("memory:"), config, config.kinds, context.utc_now)
            report = run_pass(
                world,
                run=context.new_run(),
                accounts=chosen.accounts,
                regions=chosen.regions,
                schedules=frozenset({name}),
                dry_run=True,
            )
    except LamplighterError as error:
        printer.warn(f"AWS cannot be asked whether resources use {name}: {error.message}")
        return []
    if report.partial:
        printer.warn(f"AWS could not be asked everywhere whether resources use {name}")
        show_failures(printer, report)
    return [f"{step.resource.name} ({step.target.key})" for step in report.steps]


def refuse_if_used(found: list[str], name: str) -> None:
    """Refuse to delete what is in use.

    Raises:
        UsageError: resources use it.
    """
    if found:
        more = f", and {len(found) - 5} more" if len(found) > 5 else ""
        raise UsageError(
            f"schedule {name!r} is in use by {', '.join(found[:5])}{more}",
            hint="change their tags first, or delete it with --force: they would be left as they are",
        )
