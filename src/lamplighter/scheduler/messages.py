"""Messages that ask for the pass of one target: what they say, and how they go into the queue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lamplighter.aws.targets import Target
from lamplighter.errors import AwsError, UsageError
from lamplighter.resources.kind import Session

PERMISSIONS: Final = ("sqs:SendMessage", "sqs:ChangeMessageVisibility")
"""What sending takes, on the queue and its KMS key; and what giving back for later takes."""

LONGEST_DELAY: Final = 900
"""Seconds for which SQS can hold a message back (SQS API reference, SendMessage)."""

_ENTRIES: Final = 10
_PAUSE: Final = 60
_TARGET = re.compile(r"(\d{12})/([a-z]{2,}(?:-[a-z]+)+-\d+)")


@dataclass(frozen=True, slots=True)
class Message:
    """One pass that is asked for.

    Attributes:
        target: account and region.
        why: `transition`, `upcoming` (to tell of a stop before it), `reconcile`, `watch`, `definitions`, `override`,
            `event` or `again`; for the log.
        at: aware datetime at which it was decided to ask.
        schedules: only resources with one of these schedules; None for all.
        number: how many times this pass was handed on already.
        failures: how many of the last of these times it was because something failed.
    """

    target: Target
    why: str
    at: datetime
    schedules: frozenset[str] | None = None
    number: int = 0
    failures: int = 0

    def text(self) -> str:
        """The body."""
        return json.dumps(
            {
                "lamplighter": 1,
                "target": self.target.key,
                "name": self.target.name,
                "why": self.why,
                "at": self.at.astimezone(UTC).isoformat(),
                "schedules": None if self.schedules is None else sorted(self.schedules),
                "number": self.number,
                "failures": self.failures,
            }
        )


def parse(text: str) -> Message:
    """The message of a body.

    Raises:
        UsageError: it is no such message; says why.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise UsageError(f"the message is not JSON: {error}") from error
    match data:
        case {"lamplighter": 1, "target": str(key), "why": str(why), "at": str(at)}:
            place = _TARGET.fullmatch(key)
            schedules = data.get("schedules")
            # A message of a version before this one has no name, and no failures.
            name = data.get("name", "")
            if place is None or not isinstance(name, str):
                raise UsageError(f"{key!r} is no target" if place is None else f"{name!r} is no name of an account")
            if schedules is not None and not _texts(schedules):
                raise UsageError(f"{schedules!r} are no names of schedules")
            names = None if schedules is None else frozenset(schedules)
            number, failures = (_number(data.get(key, 0)) for key in ("number", "failures"))
            return Message(Target(place[1], place[2], name), why, moment_of(at), names, number, failures)
    raise UsageError("the message asks for no pass that is known here")


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{value!r} is no number")
    return value


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def moment_of(text: str) -> datetime:
    """A time as messages and events write it, ISO 8601 with its zone.

    Raises:
        UsageError: it is none.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no time") from error
    if at.tzinfo is None:
        raise UsageError(f"{text!r} has no time zone")
    return at


def send(session: Session, queue: str, messages: Sequence[Message], *, delay: int = 0) -> None:
    """Put messages into the queue, ten a call; those that SQS does not take are tried once more.

    Args:
        session: calls in the queue's region.
        queue: its URL.
        messages: what to send.
        delay: seconds until they can be received, at most 900.

    Raises:
        AwsError: a message did not get into the queue; others may be in it. Sending all of them again is harmless.
    """
    left = list(messages)
    for _ in range(2):
        left = [each for chunk in _chunks(left) for each in _send(session, queue, chunk, delay)]
        if not left:
            return
    raise AwsError(
        f"{len(left)} messages did not get into the queue, the first for {left[0].target.key}",
        hint="the next call sends them again",
        service="sqs",
        operation="SendMessageBatch",
    )


def give_back(session: Session, queue: str, receipt: str, received: int) -> int:
    """Let a message that failed be delivered again soon, rather than after the queue's visibility timeout.

    Args:
        session: calls in the queue's region.
        queue: its URL.
        receipt: handle that the message was received with.
        received: how many times it was received.

    Returns:
        Seconds until it is delivered: a minute more each time, at most 15.

    Raises:
        AwsError: AWS does not answer, or the message is no longer held; it comes after the visibility timeout.
    """
    pause = min(_PAUSE * max(1, received), LONGEST_DELAY)
    session.call("sqs", "change_message_visibility", QueueUrl=queue, ReceiptHandle=receipt, VisibilityTimeout=pause)
    return pause


def _send(session: Session, queue: str, chunk: Sequence[Message], delay: int) -> list[Message]:
    """Send at most ten; those that were not taken."""
    entries = [
        {"Id": str(number), "MessageBody": each.text(), "DelaySeconds": min(delay, LONGEST_DELAY)}
        for number, each in enumerate(chunk)
    ]
    answer = session.call("sqs", "send_message_batch", QueueUrl=queue, Entries=entries)
    return [chunk[int(failed["Id"])] for failed in answer.get("Failed") or ()]


def _chunks(messages: Sequence[Message]) -> Iterable[Sequence[Message]]:
    return (messages[begin : begin + _ENTRIES] for begin in range(0, len(messages), _ENTRIES))
