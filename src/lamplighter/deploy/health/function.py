"""Functions of Lambda."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamplighter.deploy.check import Status
from lamplighter.deploy.health.part import Ask, Fact, Part, Piece, Scene, held
from lamplighter.resources.kind import Session


class Function(Part):
    """A function: there, ready, and of the version that is here."""

    types = ("AWS::Lambda::Function",)
    title = "Lambda function"
    source = "https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html"
    permissions = ("lambda:GetFunction",)
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, scene: Scene) -> Iterator[Fact]:
    answer = session.call("lambda", "get_function", FunctionName=piece.physical)
    found = answer["Configuration"]
    state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
    # An inactive one has not been called for long, and wakes with the next call.
    ready = state in ("Active", "Inactive") and update == "Successful"
    why = found.get("StateReason") or found.get("LastUpdateStatusReason") or ""
    text = f"{state}, last changed {str(found['LastModified'])[:16]}"
    yield held(ready, text, f"{text}, update {update}{': ' + why if why else ''}", "deploy it again")
    version = _version(answer) or piece.version
    if not version:
        yield Fact(Status.UNKNOWN, f"its version is not known: neither {VARIABLE}, the tag {TAG} nor its zip tells it")
    else:
        hint = "deploy the version that is here, or use the one that is there"
        same = version == scene.version
        yield (
            Fact(Status.OK, f"version {version}")
            if same
            else Fact(Status.WARN, f"version {version}, and here is {scene.version}", hint)
        )


def _version(answer: Mapping[str, Any]) -> str:
    variables = answer["Configuration"].get("Environment", {}).get("Variables", {})
    return str(variables.get(VARIABLE) or answer.get("Tags", {}).get(TAG) or "")


VARIABLE = "LAMPLIGHTER_VERSION"
TAG = "lamplighter:version"
