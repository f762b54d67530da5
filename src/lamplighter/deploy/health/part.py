"""What a member of the family is: what is asked of resources of some types of CloudFormation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeAlias

from lamplighter.deploy.check import Status
from lamplighter.resources.kind import Session


@dataclass(frozen=True, slots=True)
class Piece:
    """A resource of a stack.

    Attributes:
        stack: name of the stack.
        logical: its logical id.
        physical: its physical id: name, ARN or URL, as CloudFormation has it for the type.
        type: `AWS::DynamoDB::Table`.
        status: of CloudFormation, `CREATE_COMPLETE`.
        version: of Lamplighter, as the parameters of the stack say it; empty if they do not.
    """

    stack: str
    logical: str
    physical: str
    type: str
    status: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """What resources are compared with.

    Attributes:
        now: aware datetime.
        version: of Lamplighter here.
    """

    now: datetime
    version: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One answer about a resource.

    Attributes:
        status: how it is.
        text: what was found, a few words.
        hint: what to do; may be empty.
    """

    status: Status
    text: str
    hint: str = ""


Ask: TypeAlias = Callable[[Session, Piece, Scene], Iterable[Fact]]
"""One question to AWS about a resource. It raises LamplighterError when there is no answer; NotFound when there is no
such resource."""


class Part(ABC):
    """What is asked of resources of some types. Members are found by themselves, see `registry`.

    Attributes:
        types: of CloudFormation.
        title: name for people.
        source: where the answers are documented.
        permissions: IAM actions that the questions call.
        since: version of Lamplighter that brought it.
    """

    types: ClassVar[tuple[str, ...]]
    title: ClassVar[str]
    source: ClassVar[str]
    permissions: ClassVar[tuple[str, ...]]
    since: ClassVar[str]

    @abstractmethod
    def asks(self) -> tuple[Ask, ...]:
        """The questions, each of which may be refused for itself."""


def held(holds: bool, text: str, otherwise: str, hint: str = "") -> Fact:
    """A fact that is as it should be, or not.

    Args:
        holds: whether it is.
        text: what to say then.
        otherwise: what to say if not.
        hint: what to do if not.
    """
    return Fact(Status.OK, text) if holds else Fact(Status.FAIL, otherwise, hint)


DEPLOY_AGAIN = "it is not as the template made it: deploy the stack again"
"""A hint for what somebody changed by hand."""
