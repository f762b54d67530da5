"""One call to AWS, measured and translated; and the pages of one question."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, PaginationError
from botocore.parsers import ResponseParserError

from lamplighter.aws.clients import attempts_as
from lamplighter.aws.errors import translate
from lamplighter.errors import NotSupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.client import BaseClient
    from botocore.credentials import ReadOnlyCredentials

    from lamplighter.aws.clients import Clients

T = TypeVar("T")
logger = logging.getLogger("lamplighter.aws")

BOTOCORE_ERRORS: Final = (BotoCoreError, ClientError, ResponseParserError)

# Where an answer says that there is more, and the parameter that asks for it, for operations without a paginator.
_TOKENS: Final = (
    ("NextToken", "NextToken"),
    ("nextToken", "nextToken"),
    ("NextPageToken", "NextPageToken"),
    ("NextMarker", "Marker"),
    ("Marker", "Marker"),
)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call that was made, for counting, metrics and tests.

    Attributes:
        service: botocore service name, `ec2`.
        operation: as it was called, `start_instances`.
        target_key: `account/region`; empty while the own account is not known yet.
        started: seconds of a monotonic clock.
        seconds: how long it took, waits between attempts included.
        error_code: AWS error code or name of the failure; empty when it succeeded.
        attempts: requests sent; 0 when it failed before the first.
    """

    service: str
    operation: str
    target_key: str
    started: float
    seconds: float
    error_code: str
    attempts: int


class Caller:
    """Makes calls with the pool of clients, one at a time in each thread."""

    def __init__(
        self, clients: Clients, on_call: Callable[[CallRecord], None] | None, timer: Callable[[], float]
    ) -> None:
        self._clients = clients
        self._on_call = on_call
        self._timer = timer

    def client(self, service: str, operation: str, region: str, target_key: str) -> tuple[BaseClient, str]:
        """The client, and the operation's name as AWS writes it.

        Raises:
            AwsError: no client can be made.
            NotSupported: the service has no such operation.
        """
        try:
            client = self._clients.get(service, region)
        except (*BOTOCORE_ERRORS, ValueError) as error:
            raise translate(error, service, operation.title().replace("_", ""), target_key) from error
        name = client.meta.method_to_api_mapping.get(operation)
        if name is None:
            raise NotSupported(
                f"{target_key}: {service} has no operation {operation}",
                hint="install a newer boto3",
                service=service,
                operation=operation,
                target=target_key,
            )
        return client, name

    def perform(
        self,
        service: str,
        operation: str,
        region: str,
        target_key: str,
        credentials: Callable[[], ReadOnlyCredentials],
        step: Callable[[BaseClient], T],
    ) -> T:
        """Run one step that sends at most one call, signed with these credentials.

        Raises:
            AwsError: it failed; see `lamplighter.aws.errors`.
        """
        client, name = self.client(service, operation, region, target_key)
        try:
            keys = credentials()
        except (*BOTOCORE_ERRORS, ValueError) as error:
            raise translate(error, service, name, target_key) from error
        code = ""
        started = self._timer()
        with attempts_as(keys) as attempts:
            try:
                return step(client)
            except BOTOCORE_ERRORS as error:
                translated = translate(error, service, name, target_key, lost=attempts.lost)
                code = translated.code
                raise translated from error
            except BaseException as error:
                code = type(error).__name__
                raise
            finally:
                seconds = self._timer() - started
                logger.debug("%s %s %s: %.3f s, %d sent %s", target_key, service, name, seconds, attempts.count, code)
                # The end of a list of pages is a step without a call.
                if self._on_call is not None and (attempts.count or code):
                    self._on_call(CallRecord(service, operation, target_key, started, seconds, code, attempts.count))


def page_iterator(
    client: BaseClient, operation: str, name: str, params: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Every page of an answer; each `next` sends one request.

    Uses botocore's paginator. Where it has none, the token of the answer is followed when it is one of the usual.

    Raises:
        botocore.exceptions.PaginationError: there is more and no way to ask for it, or the token does not move.
    """
    if client.can_paginate(operation):
        return iter(client.get_paginator(operation).paginate(**params))
    shape = client.meta.service_model.operation_model(name).input_shape
    return _follow_tokens(getattr(client, operation), set(shape.members) if shape else set(), params)


def _follow_tokens(
    call: Callable[..., Mapping[str, Any]], inputs: set[str], params: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    more: dict[str, Any] = {}
    while True:
        page = call(**{**params, **more})
        yield page
        tokens = {request: page[answer] for answer, request in _TOKENS if page.get(answer)}
        if not tokens:
            return
        following = {name: token for name, token in tokens.items() if name in inputs}
        if not following:
            raise PaginationError(message=f"the answer has more pages ({', '.join(tokens)}) that cannot be asked for")
        if following == more:
            raise PaginationError(message="the answer gives the same token again")
        more = following
