"""A demo that was left running: its folder, its address, and how to end it."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Mapping
from pathlib import Path

from lamplighter.errors import UsageError

PID = "server.pid"
ENVIRONMENT = "env"


def remember(folder: Path, pid: int, environment: Mapping[str, str]) -> None:
    """Write down what other commands need: variables to source, and the server's process id."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(environment.items())]
    (folder / ENVIRONMENT).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / PID).write_text(f"{pid}\n", encoding="utf-8")


def running(folder: Path) -> int | None:
    """The process id of the server that was left running from this folder, if it still runs."""
    try:
        pid = int((folder / PID).read_text(encoding="utf-8"))
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    return pid


def end(folder: Path) -> int:
    """End the server that was left running from this folder.

    Returns:
        Its process id.

    Raises:
        UsageError: none runs.
    """
    pid = running(folder)
    if pid is None:
        raise UsageError(f"no demo runs from {folder}", hint="start one: lamp demo --keep")
    os.kill(pid, signal.SIGTERM)
    (folder / PID).unlink()
    return pid
