"""Exit codes. docs/cli.md lists them for users."""

from __future__ import annotations

from typing import Final

import typer

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
CHANGES: Final = 2
"""Of `lamp plan --detailed-exitcode`, as terraform has it."""
FINDINGS: Final = 3
PARTIAL: Final = 4
REFUSED: Final = 5
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141


def leave(code: int) -> None:
    """End the command with a code; with 0 it goes on.

    Raises:
        typer.Exit: `code` is not 0.
    """
    if code:
        raise typer.Exit(code)
