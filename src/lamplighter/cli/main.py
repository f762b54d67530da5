"""`lamp`: the tree of commands. Each is imported when it is asked for."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from lamplighter import __version__
from lamplighter.cli.commands import print_help
from lamplighter.cli.failures import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = MappingProxyType(
    {
        "plan": ("plan:app", "Show what a pass would start and stop now, and why."),
        "run": ("run:app", "Run a pass: start and stop what is due, and write it down."),
        "why": ("why:app", "Tell why a resource is as it is."),
        "next": ("upcoming:app", "Show the coming transitions of schedules."),
        "simulate": ("simulate:app", "Estimate hours and money, with schedules and always on."),
        "savings": ("savings:app", "Measure from the journal what was lit, and what that saved."),
        "resources": ("resources:app", "Resources that have the schedule tag."),
        "start": ("direct:start_app", "Start resources now, tagged or not."),
        "stop": ("direct:stop_app", "Stop resources now, tagged or not."),
        "override": ("override:app", "Keep something running, stopped or untouched for a while."),
        "notify": ("notify:app", "Messages about passes: list, test, preview."),
        "schedules": ("schedules:app", "Look at schedules, check them, change them."),
        "periods": ("periods:app", "Look at periods, change them."),
        "calendars": ("calendars:app", "Look at calendars, read SSM Change Calendars anew."),
        "bill": ("bill:app", "Load bills into the lake, see what is there, check it again."),
        "commit": ("commit:app", "What has been committed to, what it covers, what to buy."),
        "cost": ("cost:cost_app", "Ask the ledger what it costs, by what you name."),
        "sql": ("cost:sql_app", "Ask the ledger anything in SQL."),
        "report": ("report:app", "Write reports: the workbook of usage and commitments."),
        "usage": ("usage:app", "Count what is in use by the hour; see gaps and fill them."),
        "journal": ("journal:app", "Show what was done, when, why, and how it ended."),
        "deploy": ("deploy:app", "Run it as a serverless stack: zips, templates, stacks, what that costs."),
        "doctor": ("doctor:app", "Check that everything is in place for a pass."),
        "demo": ("demo:app", "Show all of it on a simulated estate, without an AWS account."),
        "version": ("version:app", "Show the versions of Lamplighter and Python."),
    }
)
"""Name of a command: module of this package and the app in it, and a line for the help of the root."""


class Lamp(TyperGroup):
    """The root: loads commands one by one, and turns every exception into a line and an exit code."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer calls it so
        """Every command, loaded or not."""
        return [name for name in COMMANDS if find_spec(_place(name)[0])]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one; all of them when there is none of this name, so that close names can be suggested."""
        for name in [cmd_name] if cmd_name in COMMANDS else self.list_commands(ctx):
            module, member = _place(name)
            if name not in self.commands and find_spec(module):
                command = get_command(getattr(import_module(module), member))
                command.name = name
                self.commands[name] = with_variables(command, f"LAMPLIGHTER_{name.upper()}")
        return self.commands.get(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help without loading anything: the options of 30 commands take longer than all the rest."""
        self.commands = {name: TyperCommand(name, help=COMMANDS[name][1]) for name in self.list_commands(ctx)}
        super().format_help(ctx, formatter)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what it wrote is really out before it counts as done."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise typer.Exit(explain(error)) from error
        return result

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Parse, run, and end the process with the exit code."""
        extra["standalone_mode"] = False
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            code = super().main(args, *rest, **extra)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last one to catch anything
            code = explain(error)
        sys.exit(code if isinstance(code, int) else 0)


def with_variables(command: Any, prefix: str) -> Any:
    """Give every option that has none a variable: `prefix` and its name. The help does not repeat that 100 times."""
    for option in command.params:
        if option.param_type_name == "option" and option.envvar is None:
            option.envvar = f"{prefix}_{option.opts[0].lstrip('-').replace('-', '_').upper()}"
            option.show_envvar = False
    for name, member in getattr(command, "commands", {}).items():
        with_variables(member, f"{prefix}_{name.upper()}")
    return command


def _place(name: str) -> tuple[str, str]:
    module, _, member = COMMANDS[name][0].partition(":")
    return f"lamplighter.cli.{module}", member


app = typer.Typer(
    cls=Lamp,
    name="lamp",
    invoke_without_command=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="Example:\n\nlamp plan\n\nDocumentation of every command: docs/cli.md",
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"lamplighter {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - eager: its callback has ended the process
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version."),
    ] = False,
) -> None:
    """Light an AWS estate by schedule, put it out, and say in money what that saved."""
    if context.invoked_subcommand is None:
        print_help(context)


@cache
def command_tree() -> TyperGroup:
    """The whole tree, every command loaded; for documents and tests."""
    tree = get_command(app)
    assert isinstance(tree, Lamp)
    tree.get_command(None, "")
    return tree


def main() -> None:
    """Entry point of `lamp`."""
    app(prog_name="lamp")


if __name__ == "__main__":
    main()
