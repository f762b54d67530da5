"""A deployed stack, with the stacks nested in it: whether each of its resources is there and as it should be.

What cannot be found out, because a permission is missing or nobody here knows the type, is not known; never well.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from lamplighter.deploy.check import Check, Status
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.health.part import Fact, Part, Piece, Scene
from lamplighter.errors import AwsError, LamplighterError, NotFound
from lamplighter.resources.kind import Session

PERMISSIONS: Final = ("cloudformation:DescribeStacks", "cloudformation:ListStackResources")
NESTED: Final = "AWS::CloudFormation::Stack"
_AT_ONCE: Final = 8
_WORST: Final = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.OK)
_GOOD: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_GONE: Final = "it is not there"
_ZIP: Final = re.compile(r"(?:^|/)([^/]+)-[0-9a-f]{16}\.zip$")
_EVENTS: Final = "the events of the stack say why"


def look_at_stack(session: Session, name: str, scene: Scene, parts: Mapping[str, Part]) -> list[Check]:
    """Look at a stack and everything in it.

    Args:
        session: in the account and region of the stack.
        name: of the stack, or its id.
        scene: what resources are compared with.
        parts: what is asked, by type.
    """
    found, pieces = _opened(session, name, set())
    known = [piece for piece in pieces if piece.type in parts]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found += pool.map(lambda piece: look(session, piece, scene, parts[piece.type]), known)
    return [*found, *_others([piece for piece in pieces if piece.type not in parts])]


def look(session: Session, piece: Piece, scene: Scene, part: Part) -> Check:
    """Ask everything about a resource; what one question cannot find out does not stop the others."""
    facts: list[Fact] = []
    if piece.status.endswith("FAILED"):
        facts.append(Fact(Status.FAIL, piece.status, _EVENTS))
    for ask in part.asks():
        try:
            facts += ask(session, piece, scene)
        except NotFound:
            return _joined(piece, [*facts, Fact(Status.FAIL, _GONE, "somebody removed it: deploy the stack again")])
        except LamplighterError as error:
            facts.append(Fact(Status.UNKNOWN, f"not known: {error.message}", error.hint))
    return _joined(piece, facts)


def _joined(piece: Piece, facts: Sequence[Fact]) -> Check:
    name = f"{piece.stack} {piece.logical}"
    if not facts:
        return Check(name, Status.UNKNOWN, f"{piece.physical}: nothing was answered")
    status = min((fact.status for fact in facts), key=_WORST.index)
    hints = dict.fromkeys(fact.hint for fact in facts if fact.hint)
    return Check(name, status, f"{piece.physical}: {'; '.join(fact.text for fact in facts)}", "; ".join(hints))


def _opened(session: Session, name: str, seen: set[str]) -> tuple[list[Check], list[Piece]]:
    """How a stack is, and its resources; those of nested stacks among them."""
    try:
        (stack,) = session.call("cloudformation", "describe_stacks", StackName=name)["Stacks"]
        rows = list(session.pages("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=name))
    except LamplighterError as error:
        return [_unread(name, error)], []
    seen.add(str(stack["StackId"]))
    checks, pieces = [_stack(stack)], []
    for piece in _pieces(str(stack["StackName"]), rows, _version(stack)):
        if piece.type != NESTED:
            pieces.append(piece)
        elif piece.physical not in seen:
            inner_checks, inner = _opened(session, piece.physical, seen)
            checks += inner_checks
            pieces += inner
    return checks, pieces


def _unread(name: str, error: LamplighterError) -> Check:
    gone = isinstance(error, NotFound) or (isinstance(error, AwsError) and "does not exist" in error.message)
    spare = TEMPLATES.get(name.rpartition("-")[2])
    if gone and spare is not None and spare.without:
        told = f"it is not there, and may be left out: {spare.without}"
        return Check(f"stack {name}", Status.WARN, told, "deploy it, or name it no more")
    hint = "`aws cloudformation list-stacks` shows the stacks of the region" if gone else error.hint
    return Check(f"stack {name}", Status.FAIL if gone else Status.UNKNOWN, error.message, hint)


def _stack(stack: Mapping[str, Any]) -> Check:
    name, status = f"stack {stack['StackName']}", str(stack["StackStatus"])
    at = stack.get("LastUpdatedTime") or stack.get("CreationTime")
    detail = f"{status}, {at:%Y-%m-%d %H:%M %Z}" if at else status
    if stack.get("DriftInformation", {}).get("StackDriftStatus") == "DRIFTED":
        return Check(name, Status.WARN, f"{detail}; DRIFTED", "see what was changed by hand, then deploy it again")
    if status in _GOOD:
        return Check(name, Status.OK, detail)
    if status.endswith("IN_PROGRESS"):
        return Check(name, Status.WARN, detail, "wait until it has settled")
    rolled_back = status == "UPDATE_ROLLBACK_COMPLETE"
    return Check(name, Status.WARN if rolled_back else Status.FAIL, detail, _EVENTS)


def _version(stack: Mapping[str, Any]) -> str:
    """The version in the name of the zip that a stack deploys: `code/core/1.2.3-0123456789abcdef.zip`."""
    for parameter in stack.get("Parameters", ()):
        found = _ZIP.search(str(parameter.get("ParameterValue", "")))
        if found is not None and str(parameter.get("ParameterKey", "")).endswith("CodeKey"):
            return found.group(1)
    return ""


def _pieces(stack: str, rows: Iterable[Mapping[str, Any]], version: str) -> Iterator[Piece]:
    for row in rows:
        status = str(row["ResourceStatus"])
        if status not in ("DELETE_COMPLETE", "DELETE_SKIPPED"):
            physical = str(row.get("PhysicalResourceId") or "")
            kind = str(row.get("ResourceType") or "of a type that was not told")
            yield Piece(stack, str(row["LogicalResourceId"]), physical, kind, status, version)


def _others(pieces: Sequence[Piece]) -> Iterator[Check]:
    """What nobody here looks into: one check a stack, and one for each resource that CloudFormation could not make."""
    for piece in pieces:
        if piece.status.endswith("FAILED"):
            yield _joined(piece, [Fact(Status.FAIL, f"{piece.type}: {piece.status}", _EVENTS)])
    for stack in dict.fromkeys(piece.stack for piece in pieces):
        types = Counter(piece.type for piece in pieces if piece.stack == stack)
        listed = ", ".join(f"{count} {name}" for name, count in sorted(types.items()))
        detail = f"nobody here knows how to look at {listed}"
        yield Check(f"{stack} others", Status.UNKNOWN, detail, "detect the drift of the stack")
