"""How commands are declared: with an example in their help, in groups that explain themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import typer

F = TypeVar("F", bound=Callable[..., Any])


def examples(*lines: str) -> str:
    """An epilog with examples; a test parses every line that begins with `lamp`."""
    return "\n\n".join(["Example:" if len(lines) == 1 else "Examples:", *lines])


def single(*lines: str) -> tuple[typer.Typer, Callable[[F], F]]:
    """An app of one command, and the decorator that makes a function this command."""
    app = typer.Typer(add_completion=False)
    return app, app.command(epilog=examples(*lines))


def group(purpose: str) -> typer.Typer:
    """An app of several commands; without one of them it shows its help."""
    app = typer.Typer(help=purpose, add_completion=False, invoke_without_command=True)

    @app.callback()
    def show_help(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            print_help(context)

    return app


def print_help(context: typer.Context) -> None:
    """Write the help of a group to stdout."""
    text = context.get_help()
    if text:
        typer.echo(text)
