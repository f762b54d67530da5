"""What a sender is: a way of sending messages to an address."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from lamplighter.notify.message import Message


class Caller(Protocol):
    """Calls to AWS in one region (see `lamplighter.aws.access.TargetSession`)."""

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        """One call; raises AwsError."""

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterable[Any]:
        """The items under `key` of every page; raises AwsError."""


def _no_aws(region: str) -> Caller:
    raise NotImplementedError(f"nobody said how to call AWS in {region or 'the home region'}")


@dataclass(frozen=True, slots=True)
class Means:
    """What senders work with.

    Attributes:
        session: calls with the own credentials in a region; the empty text stands for the home region.
        environ: environment variables.
        folder: what relative paths are relative to: the folder of the definition file.
        timeout: seconds to wait for an answer that is not AWS's.
    """

    session: Callable[[str], Caller] = _no_aws
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: Path = field(default_factory=Path)
    timeout: float = 10


class Sender(ABC):
    """One way of sending. Members of the family are found by themselves, see `registry`.

    An address is a text that begins with a scheme and a colon. No secret stands in it: what is secret is read through a
    reference (see `references`) at the moment of sending.

    Attributes:
        name: stable name.
        schemes: what its addresses begin with, without the colon.
        title: name for people.
        why: what it is good for.
        source: where the receiving side is documented.
        address: how an address is written.
        example: an address.
        permissions: IAM actions it may call; which of them an address needs, `registry.permissions_of` tells.
        since: version of Lamplighter that brought it.
    """

    name: ClassVar[str]
    schemes: ClassVar[tuple[str, ...]]
    title: ClassVar[str]
    why: ClassVar[str]
    source: ClassVar[str]
    address: ClassVar[str]
    example: ClassVar[str]
    permissions: ClassVar[tuple[str, ...]]
    since: ClassVar[str]

    @abstractmethod
    def check(self, to: str) -> None:
        """Look at an address, without sending.

        Raises:
            ValueError: it is none of this sender's; the text says what is wrong.
        """

    def references(self, to: str) -> tuple[str, ...]:  # noqa: ARG002 - for those that have some
        """The references to secrets in an address that has been checked."""
        return ()

    def apart(self) -> bool:
        """Whether it keeps a record of each trouble: it takes errors only, a message for each.

        Then a message carries its `trouble`, and takes the place of one about the same that could not be sent yet.
        """
        return False

    @abstractmethod
    def send(self, to: str, message: Message, means: Means) -> str:
        """Send a message to an address that has been checked.

        Returns:
            What is worth saying although it was sent, for example that one of several receivers was refused; or empty.

        Raises:
            LamplighterError: it was not sent, or it is not known whether it was.
        """
