"""Remote: commands of `lamp` that are allowed from afar, and plain events that start or stop a list of resources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from lamplighter.errors import LamplighterError, UsageError
from lamplighter.lambdas.runtime import MARGIN, SCRATCH, Context, Meters, Runtime, logger, new_run, remaining, runtime

ALLOWED: Final = (
    ("plan",),
    ("why",),
    ("next",),
    ("journal",),
    ("savings",),
    ("resources", "list"),
    ("schedules", "list"),
    ("schedules", "show"),
    ("schedules", "usage"),
    ("schedules", "validate"),
    ("periods", "list"),
    ("override", "list"),
    ("override", "set"),
    ("override", "clear"),
    ("doctor",),
    ("version",),
)
"""Commands that may be run from afar: what reads, and overrides."""

REFUSED: Final = ("--file", "--store", "--profile", "--endpoint-url", "--lake", "--prices", "--create-tables", "--fix")
"""Options that would lead somewhere else, or read and write files."""

_SHORT_FILE: Final = re.compile(r"-[a-zA-Z]*f")
"""`-f`, by itself or after other short options."""

DEADLINE: Final = timedelta(minutes=10)
_LONGEST: Final = 4_000_000
"""Characters of output; an answer of Lambda has 6 MB at most."""


def handler(event: object, context: Context) -> Mapping[str, Any]:
    """What Lambda calls."""
    return answer(event, context, runtime())


def answer(event: object, context: Context, with_: Runtime) -> Mapping[str, Any]:
    """One call.

    Args:
        event: `{"command": ["next", "-o", "json"]}`, or a plain event (see `lamplighter.scheduler.plain_events`).
        context: of the call.
        with_: connections.

    Returns:
        For a command `code`, `out` and `err`, as a terminal would have them; for a plain event `done`, `left` and
        `errors`. What is refused has the code 2 and the reason in `err`.
    """
    meters = Meters(with_.environ)
    meters.add("RemoteCalls")
    meters.write()
    try:
        if isinstance(event, dict) and "command" in event:
            return _run(_allowed(event["command"]), context, with_)
        return _act(event, with_)
    except LamplighterError as error:
        logger().warning(f"refused: {error}")
        return {"code": 2 if isinstance(error, UsageError) else 1, "out": "", "err": f"{error}\n{error.hint}".strip()}


def _allowed(words: object) -> list[str]:
    """The words of a command that may be run.

    Raises:
        UsageError: it may not.
    """
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise UsageError("command must be a list of words", hint='say for example ["next", "-o", "json"]')
    if not any(tuple(words[: len(known)]) == known for known in ALLOWED):
        names = ", ".join(" ".join(known) for known in ALLOWED)
        raise UsageError(f"{' '.join(words[:2])!r} is not run from afar", hint=f"there are {names}")
    for word in words:
        name = word.partition("=")[0]
        # Options can be abbreviated by nobody; short ones of these are refused as well.
        if name in REFUSED or _SHORT_FILE.match(word):
            raise UsageError(f"{name} is not taken from afar")
    return list(words)


def _run(words: Sequence[str], context: Context, with_: Runtime) -> Mapping[str, Any]:
    """Run a command in a process of its own, with the definitions that are kept."""
    from lamplighter.scheduler import kept_definitions

    folder = Path(mkdtemp(prefix="remote-", dir=SCRATCH))
    try:
        kept = kept_definitions.read(with_.store)
        for name, text in kept.files.items():
            place = (folder / name).resolve()
            if place.is_relative_to(folder.resolve()):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding="utf-8")
        path = folder / kept_definitions.FILE
        path.write_text(kept_definitions.as_text(kept, with_.defaults()), encoding="utf-8")
        environ = {**os.environ, **with_.environ, "LAMPLIGHTER_FILE": str(path), "HOME": str(folder), "NO_COLOR": "1"}
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        done = subprocess.run(  # noqa: S603 - allowed words, no shell
            [sys.executable, "-m", "lamplighter.cli.main", *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env=environ,
            timeout=max(1.0, (remaining(context) - MARGIN).total_seconds()),
        )
    except subprocess.TimeoutExpired as error:
        raise LamplighterError("the command took longer than the function may") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    logger().info("command", extra={"words": list(words), "code": done.returncode})
    return {"code": done.returncode, "out": done.stdout[:_LONGEST], "err": done.stderr[:_LONGEST]}


def _act(event: object, with_: Runtime) -> Mapping[str, Any]:
    from lamplighter.scheduler.plain_events import fulfil, read_wish

    wish = read_wish(event)
    reports = fulfil(with_.world(with_.configuration()), wish, run=new_run(), deadline=DEADLINE)
    done = [each for report in reports for each in report.done]
    errors = [str(each.error) for each in reports if each.error] + [str(each.error) for each in done if each.error]
    errors += [str(error) for report in reports for error in report.failures.values()]
    left = {step.resource.id: step.decision.reason for r in reports for step in r.steps if not step.acts}
    said = {"code": 4 if errors else 0, "done": [d.step.resource.id for d in done if not d.error], "errors": errors}
    logger().info("plain event", extra={"action": wish.action.value, "author": wish.author, "errors": errors})
    return {**said, "left": left}
