"""`lamp version`."""

from __future__ import annotations

import platform

import typer

from lamplighter import __version__
from lamplighter.cli.commands import single

app, command = single("lamp version")


@command
def version() -> None:
    """Show the versions of Lamplighter and Python."""
    typer.echo(f"lamplighter {__version__} (Python {platform.python_version()})")
