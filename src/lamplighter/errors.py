"""Every exception Lamplighter raises, as one tree.

    LamplighterError                 base: `.hint` says what to do about it
    ├── DefinitionError              a definition that cannot be read; `.problems`
    ├── UsageError                   a command used wrongly (exit code 2)
    ├── GuardrailError               a pass refused because it would change too much (exit code 5)
    ├── PriceBookError               the price book cannot be read
    ├── BillError                    a bill cannot be read
    │   ├── Overtaken                a newer telling of its month, or the same, is there
    │   └── Unreconciled             its totals do not agree; nothing was published (exit code 5)
    ├── LakeError                    the lake cannot be read or written, or a question to it is wrong
    │   └── NoRoom                   the disk has no room for what is to lie there
    ├── ReportError                  a report cannot be made or written
    ├── TargetBusy                   another pass is at work in the target
    ├── OutOfTime                    the time for a pass is over; the rest is for the next one
    ├── SendError                    a message could not be sent
    ├── StoreError                   the state store failed
    │   ├── StoreUnavailable         locked, missing rights, unreachable
    │   │   └── TableMissing         a table of it is not there
    │   ├── StoreCorrupt             the content is damaged
    │   ├── VersionConflict          somebody else wrote first
    │   ├── TooLarge                 an item has more bytes than it may have
    │   └── LeaseLost                another pass holds the target now
    └── AwsError                     a call to AWS failed; `.service .operation .code .target`
        ├── CredentialsMissing       no credentials, or expired ones
        ├── Unreachable              no answer from the endpoint
        ├── OutcomeUnknown           the answer was lost after the call may have taken effect
        ├── AccessDenied
        ├── Throttled
        ├── CapacityUnavailable      no capacity for the instance type now
        ├── NotFound
        ├── WrongState               the resource is in a state that forbids the call
        └── NotSupported             the resource cannot do what was asked

Findings, rejected definitions and failed resources are data, not exceptions: they are collected
and shown. An exception means that the thing asked for could not be done at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class LamplighterError(Exception):
    """Base of the tree.

    Args:
        message: what happened, one line, for people.
        hint: what to do about it, one line; empty if nothing sensible can be said.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a definition, with the place where it stands.

    Attributes:
        where: path in the document, for example `periods.office.weekdays`.
        message: what is wrong.
        hint: what would be right; may be empty.
        line: 1-based line in the source, or None when the source has no lines.
        column: 1-based column in the source, or None.
        position: 0-based offset inside the field's own text, or None.
    """

    where: str
    message: str
    hint: str = ""
    line: int | None = None
    column: int | None = None
    position: int | None = None

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}: " if self.line is not None else ""
        return f"{place}{self.where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class DefinitionError(LamplighterError):
    """A definition cannot be read; `problems` says what and where."""

    def __init__(self, message: str, *, problems: tuple[Problem, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class UsageError(LamplighterError):
    """A command was used wrongly."""


class GuardrailError(LamplighterError):
    """A pass was refused because it would change more than allowed."""


class PriceBookError(LamplighterError):
    """The price book cannot be read."""


class BillError(LamplighterError):
    """A bill cannot be read, or its totals do not agree."""


class Overtaken(BillError):
    """A newer telling of the month, or the same, is there or on its way; nothing was changed."""


class Unreconciled(BillError):
    """The totals before and after do not agree; nothing was published."""


class LakeError(LamplighterError):
    """The lake cannot be read or written, or a question to it cannot be answered."""


class LakeBusy(LakeError):
    """Others are at work in the lake; the work would have been possible otherwise, and is later."""


class NoRoom(LakeError):
    """The disk has no room for what is to lie there; nothing was changed."""


class ReportError(LamplighterError):
    """A report cannot be made or written."""


class TargetBusy(LamplighterError):
    """Another pass is at work in the target."""


class OutOfTime(LamplighterError):
    """The time for a pass is over before its work is; what is left is done by the next one."""


class SendError(LamplighterError):
    """A message could not be sent."""


class StoreError(LamplighterError):
    """The state store failed."""


class StoreUnavailable(StoreError):
    """The store is locked, unreachable or not permitted."""


class TableMissing(StoreUnavailable):
    """A table of the store is not there."""


class StoreCorrupt(StoreError):
    """The store's content is damaged.

    Args:
        message: what happened, one line, for people.
        hint: what to do about it, one line; empty if nothing sensible can be said.
        key: table, partition key and sort key of the one item that it is about; None if it is not about one.
    """

    def __init__(self, message: str, *, hint: str = "", key: tuple[str, str, str] | None = None) -> None:
        super().__init__(message, hint=hint)
        self.key = key


class VersionConflict(StoreError):
    """The item was changed by somebody else since it was read."""


class TooLarge(StoreError):
    """What is to be stored has more bytes than an item may have; it was not written."""


class LeaseLost(StoreError):
    """The lease on a target is held by somebody else."""


class AwsError(LamplighterError):
    """A call to AWS failed.

    Attributes:
        service: botocore service name, for example `ec2`.
        operation: botocore operation name, for example `StartInstances`.
        code: AWS error code, or the name of the client-side failure.
        target: `account/region` the call belonged to, or empty.
        answer: the refusal as AWS gave it, for what stands in no code (`CancellationReasons`); empty without one.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        service: str = "",
        operation: str = "",
        code: str = "",
        target: str = "",
        answer: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.service = service
        self.operation = operation
        self.code = code
        self.target = target
        self.answer: Mapping[str, Any] = answer or {}


class CredentialsMissing(AwsError):
    """There are no credentials, or they have expired."""


class Unreachable(AwsError):
    """The endpoint did not answer; the call took no effect."""


class OutcomeUnknown(AwsError):
    """The answer was lost; the call may have taken effect."""


class AccessDenied(AwsError):
    """The caller is not allowed to do this."""


class Throttled(AwsError):
    """AWS asked to slow down, and retries were used up."""


class CapacityUnavailable(AwsError):
    """AWS has no capacity for the instance type in this zone now."""


class NotFound(AwsError):
    """The resource does not exist (any more)."""


class WrongState(AwsError):
    """The resource is in a state that forbids the call."""


class NotSupported(AwsError):
    """The resource cannot do what was asked."""
