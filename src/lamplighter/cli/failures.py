"""From exceptions to lines on stderr and exit codes; the only place where a traceback is shown."""

from __future__ import annotations

import contextlib
import logging
import os
import sys

import typer

from lamplighter.cli import exits
from lamplighter.cli.options import Output
from lamplighter.cli.show import Printer
from lamplighter.errors import GuardrailError, LamplighterError, Unreconciled, UsageError

log = logging.getLogger("lamplighter.cli")


def explain(error: BaseException) -> int:
    """Say on stderr what went wrong, in one line and a hint; with -vv a traceback comes before.

    Returns:
        The exit code.
    """
    printer = Printer(Output.TABLE, color="NO_COLOR" not in os.environ)
    if isinstance(error, LamplighterError):
        log.debug("%s", type(error).__name__, exc_info=error)
        printer.failure(error)
        return code_of(error)
    if isinstance(error, BrokenPipeError):
        _silence()
        return exits.PIPE_CLOSED
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        printer.note("interrupted")
        return exits.INTERRUPTED
    parsing = getattr(error, "format_message", None)
    if parsing is not None:
        context = getattr(error, "ctx", None)
        hint = f"see `{context.command_path} --help`" if context else ""
        printer.failure(UsageError(" ".join(str(parsing()).split()), hint=hint))
        return exits.USAGE
    log.debug("%s", type(error).__name__, exc_info=error)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        printer.failure(LamplighterError(f"{place}{error.strerror or error}"))
    else:
        printer.failure(
            LamplighterError(
                f"unexpected {type(error).__name__}: {' '.join(str(error).split())}",
                hint="this is a bug in Lamplighter: please report it with the output of -vv",
            )
        )
    return exits.FAILED


def code_of(error: LamplighterError) -> int:
    """The exit code of an error of our tree."""
    if isinstance(error, UsageError):
        return exits.USAGE
    return exits.REFUSED if isinstance(error, GuardrailError | Unreconciled) else exits.FAILED


def _silence() -> None:
    """Nobody reads stdout any more: what is still buffered must not fail again when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
