"""Calls to DynamoDB for the store: repeated while it is busy, and its refusals as errors of the store."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from lamplighter.errors import (
    AccessDenied,
    AwsError,
    NotFound,
    OutcomeUnknown,
    StoreError,
    StoreUnavailable,
    TableMissing,
    Throttled,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TRIES: Final = 9
"""Requests for one call while DynamoDB is busy or answers get lost; about 4 seconds of waiting, 7 at most."""

TRIES_UNREACHABLE: Final = 3
"""Requests for one call while nobody answers at all."""

_FIRST_WAIT = 0.05
_LONGEST_WAIT = 2.0

CONDITION: Final = "ConditionalCheckFailedException"
CANCELLED: Final = "TransactionCanceledException"
_BUSY: Final = (
    "TransactionConflictException",
    "ReplicatedWriteConflictException",
    "InternalServerError",
    "InternalFailure",
    "ServiceUnavailable",
    "ServiceUnavailableException",
)
_BUSY_REASONS: Final = {"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class Caller(Protocol):
    """Makes calls to AWS; `lamplighter.aws.access.TargetSession` is one."""

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        """One call; raises AwsError when it failed."""
        ...


@dataclass(frozen=True, slots=True)
class Connection:
    """A way to DynamoDB in one region.

    Attributes:
        caller: makes the calls. It should repeat nothing by itself: the store does.
        region: name of the region, for messages.
        close: gives back what it holds.
    """

    caller: Caller
    region: str
    close: Callable[[], None] = lambda: None


Connect: TypeAlias = "Callable[[str | None, str | None], Connection]"
"""Makes a connection for a region and an endpoint URL, or the usual ones where None."""


class Calls:
    """Calls to DynamoDB. Safe for use by many threads at once.

    Args:
        connection: the way to DynamoDB.
        sleep: waits for that many seconds.
    """

    def __init__(self, connection: Connection, sleep: Callable[[float], None] = time.sleep) -> None:
        self.connection = connection
        self._sleep = sleep

    def __call__(self, operation: str, **params: Any) -> Mapping[str, Any]:
        """One call, repeated with growing pauses while DynamoDB is busy, unreachable, or its answer is lost.

        Raises:
            OutcomeUnknown: also a refusal (see its `code`) after an earlier request that may have taken effect.
            AwsError: it failed.
        """
        lost = False
        for number in range(1, TRIES + 1):
            try:
                return self.connection.caller.call("dynamodb", operation, **params)
            except AwsError as error:
                if not _worth_repeating(error) or number >= _tries(error):
                    raise _unknown(error) if lost else error from error.__cause__
                lost = lost or isinstance(error, OutcomeUnknown)
            self.pause(number)
        raise AssertionError

    def pause(self, number: int) -> None:
        """Wait before the next try, the longer the more there were, and each for a time of its own."""
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (number - 1))
        self._sleep(random.uniform(0, longest))  # noqa: S311 - spreads load, keeps no secret


def _worth_repeating(error: AwsError) -> bool:
    if error.code == CONDITION:
        return False
    if error.code == CANCELLED:
        return {str(reason.get("Code")) for reason in reasons(error)} <= _BUSY_REASONS
    return isinstance(error, (Throttled, Unreachable, OutcomeUnknown)) or error.code in _BUSY


def _tries(error: AwsError) -> int:
    return TRIES_UNREACHABLE if isinstance(error, Unreachable) else TRIES


def _unknown(error: AwsError) -> AwsError:
    return OutcomeUnknown(
        error.message,
        hint=error.hint,
        service=error.service,
        operation=error.operation,
        code=error.code,
        target=error.target,
        answer=error.answer,
    )


def reasons(error: AwsError) -> list[Mapping[str, Any]]:
    """Why a transaction was cancelled: a reason for each write, in their order."""
    return list(error.answer.get("CancellationReasons") or [{"Code": "unknown"}])


def store_error(error: AwsError, name: str, region: str) -> StoreError:
    """The error of the store for a call that failed.

    Args:
        error: what the call raised.
        name: the table in DynamoDB.
        region: where it was looked for.
    """
    if isinstance(error, NotFound):
        hint = "`lamp doctor --create-tables` makes it; or correct the prefix or the region in the store's address"
        return TableMissing(f"the table {name} is missing in {region}", hint=hint)
    if isinstance(error, AccessDenied):
        hint = f"allow {_action(error.operation)} on the table {name}, and the use of its KMS key"
        return StoreUnavailable(error.message, hint=hint)
    if error.code == "ValidationException" and "schema" in error.message:
        hint = "name another prefix in the store's address; docs/store.md says which keys a table needs"
        return StoreUnavailable(f"the table {name} in {region} has other keys than the store's", hint=hint)
    if isinstance(error, OutcomeUnknown):
        return StoreUnavailable(error.message, hint="read it again before repeating the change")
    if error.code in ("ValidationException", "UnknownOperationException"):
        return StoreError(error.message, hint=error.hint)
    return StoreUnavailable(error.message, hint=error.hint)


def _action(operation: str) -> str:
    parts = {"TransactWriteItems": "dynamodb:UpdateItem, dynamodb:PutItem and dynamodb:DeleteItem"}
    return parts.get(operation, f"dynamodb:{operation}")
