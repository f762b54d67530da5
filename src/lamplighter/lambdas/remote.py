"""Remote: commands of `lamp` that are allowed from afar, and plain events that start or stop a list of resources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final

from lamplighter.errors import LamplighterError, TargetBusy, UsageError
from lamplighter.lambdas.runtime import MARGIN, SCRATCH, Context, Meters, Runtime, logger, new_run, remaining, runtime

if TYPE_CHECKING:
    from lamplighter.scheduler.passes import TargetReport
    from lamplighter.scheduler.plain_events import Wish

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
"""Age from which on a plain event is not obeyed."""

REPEATS: Final = timedelta(minutes=4)
"""How long before that nothing is waited for any more, so that Lambda's two repeats are not refused as too old: they
follow after one minute, and after two more (Lambda developer guide, "How Lambda handles errors and retries with
asynchronous invocation")."""

_PAUSE: Final = timedelta(seconds=10)
_MOST: Final = 20
_LONGEST: Final = 4_000_000
"""Characters of output; an answer of Lambda has 6 MB at most."""


def handler(event: object, context: Context) -> Mapping[str, Any]:
    """What Lambda calls."""
    return answer(event, context, runtime())


def answer(
    event: object, context: Context, with_: Runtime, sleep: Callable[[float], None] = time.sleep
) -> Mapping[str, Any]:
    """One call.

    Args:
        event: `{"command": ["next", "-o", "json"]}`, or a plain event (see `lamplighter.scheduler.plain_events`). One
            with a `time` is of a schedule, and nobody waits for the answer.
        context: of the call.
        with_: connections.
        sleep: waits for that many seconds.

    Returns:
        For a command `code`, `out` and `err`, as a terminal would have them; for a plain event `done`, `left` and
        `errors`. What is refused has the code 2 and the reason in `err`; if nobody waits, it is parked.

    Raises:
        LamplighterError: a plain event that nobody waits for could not be fulfilled, wholly or in part, although a
            pass at work and what was on its way were waited for. Lambda calls again; what is done already is left.
    """
    meters = Meters(with_.environ)
    meters.add("RemoteCalls")
    meters.write()
    if isinstance(event, dict) and "command" not in event and event.get("time") is not None:
        return _act_alone(event, context, with_, sleep)
    try:
        if isinstance(event, dict) and "command" in event:
            return _run(_allowed(event["command"]), context, with_)
        return _act(event, with_)
    except LamplighterError as error:
        logger().warning(f"refused: {error}")
        return _refusal(error)


def _refusal(error: LamplighterError) -> Mapping[str, Any]:
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
    return _said(wish, reports, list(_errors(reports)))


def _act_alone(
    event: Mapping[str, Any], context: Context, with_: Runtime, sleep: Callable[[float], None]
) -> Mapping[str, Any]:
    """A plain event that nobody waits for: to end well with errors would lose it in silence."""
    from lamplighter.scheduler.parked import park

    meters = Meters(with_.environ)
    try:
        return _fulfilled(event, context, with_, sleep)
    except UsageError as error:
        # Tried again it is refused again.
        meters.add("PlainEventsFailed")
        meters.add("Parked")
        key = park(with_.store, "remote", event, str(error), at=with_.clock())
        logger().warning(f"parked: {error}", key=key)
        return _refusal(error)
    except Exception:
        meters.add("PlainEventsFailed")
        raise
    finally:
        meters.write()


def _fulfilled(
    event: Mapping[str, Any], context: Context, with_: Runtime, sleep: Callable[[float], None]
) -> Mapping[str, Any]:
    from lamplighter.scheduler.plain_events import read_wish

    wish = read_wish(event)
    reports = _insist(wish, context, with_, sleep)
    errors = [*_errors(reports), *_unfinished(reports)]
    said = _said(wish, reports, errors)
    if errors:
        raise LamplighterError(
            f"the plain event of {wish.author} is not fulfilled: {'; '.join(errors[:_MOST])}",
            hint="it is tried again, twice; then it is a dead letter",
        )
    return said


def _insist(wish: Wish, context: Context, with_: Runtime, sleep: Callable[[float], None]) -> Sequence[TargetReport]:
    """Do it; a pass at work and what is on its way are waited for, as long as the event's age and the call allow."""
    from lamplighter.scheduler.plain_events import fulfil

    world = with_.world(with_.configuration(), context)
    until = (wish.time or with_.clock()) + DEADLINE - REPEATS
    while True:
        reports = fulfil(world, wish, run=new_run(), deadline=DEADLINE)
        waits = any(isinstance(each.error, TargetBusy) for each in reports) or any(_unfinished(reports))
        if not waits or with_.clock() + _PAUSE > until or remaining(context) < 2 * MARGIN + _PAUSE:
            return reports
        sleep(_PAUSE.total_seconds())


def _errors(reports: Sequence[TargetReport]) -> Iterator[str]:
    """What failed, whole targets first."""
    yield from (str(each.error) for each in reports if each.error)
    yield from (str(done.error) for each in reports for done in each.done if done.error)
    yield from (str(error) for each in reports for error in each.failures.values())


def _unfinished(reports: Sequence[TargetReport]) -> Iterator[str]:
    """What could not be done yet: it is on its way somewhere else, or something was set going that comes first."""
    from lamplighter.scheduler.direct import WAIT

    for report in reports:
        waiting = [step for step in report.steps if step.decision.rule == WAIT]
        yield from (f"{step.resource.id}: {step.decision.reason}" for step in waiting)
        yield from (f"{done.step.resource.id}: {done.note}" for done in report.done if done.waiting)


def _said(wish: Wish, reports: Sequence[TargetReport], errors: Sequence[str]) -> Mapping[str, Any]:
    done = [each for report in reports for each in report.done]
    left = {step.resource.id: step.decision.reason for r in reports for step in r.steps if not step.acts}
    left |= {each.step.resource.id: each.note for each in done if each.waiting}
    good = [each.step.resource.id for each in done if not each.error and not each.waiting]
    said = {"code": 4 if errors else 0, "done": good, "errors": [*errors]}
    logger().info("plain event", extra={"action": wish.action.value, "author": wish.author, "errors": [*errors]})
    return {**said, "left": left}
