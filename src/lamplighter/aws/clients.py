"""One client per (service, region), however many accounts are worked on.

A client costs 19 ms and 1.4 MB, so 100 accounts in 20 regions cannot have their own. The clients here sign with
whatever credentials the running call has put into a context variable; every thread has its own value.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.utils import parse_timestamp

from lamplighter.aws.environment import endpoint_url
from lamplighter.aws.errors import answer_is_lost, rule_for_code
from lamplighter.errors import CapacityUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.client import BaseClient
    from botocore.session import Session

# The largest number of threads a definition may ask for: each may need its own connection to one endpoint.
_CONNECTIONS: Final = 50


@dataclass(slots=True)
class Attempts:
    """One call under way: who it is for, and what became of its attempts.

    Attributes:
        credentials: what every attempt is signed with.
        count: requests sent.
        lost: whether one of them may have taken effect without an answer.
    """

    credentials: ReadOnlyCredentials
    count: int = 0
    lost: bool = False


_RUNNING: ContextVar[Attempts] = ContextVar("lamplighter_aws_attempts")


@contextmanager
def attempts_as(credentials: ReadOnlyCredentials) -> Iterator[Attempts]:
    """Every request inside is signed with these credentials, in this thread only."""
    attempts = Attempts(credentials)
    token = _RUNNING.set(attempts)
    try:
        yield attempts
    finally:
        _RUNNING.reset(token)


class ContextCredentials(Credentials):  # type: ignore[misc]
    """Signs with the credentials of the call under way.

    The keys it holds itself are placeholders that no account has: a request outside `attempts_as` is not signed
    by accident with somebody's credentials, it fails. `account_id` stays None, or botocore would put one account
    into the endpoint of all (DynamoDB).
    """

    def __init__(self) -> None:
        super().__init__(access_key="by-context", secret_key="by-context", method="lamplighter")  # noqa: S106

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """The credentials of the call under way.

        Raises:
            LookupError: no call is under way in this thread.
        """
        return _RUNNING.get().credentials


class ContextProvider:
    """Stands in botocore's session where the chain of providers would."""

    def load_credentials(self) -> ContextCredentials:
        """The one credential object that all clients share."""
        return ContextCredentials()


class Clients:
    """The pool of clients of one run.

    Args:
        session: made for this pool alone; its credentials are replaced.
        environ: where `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` are read.
        endpoint: one URL for every service; wins over the variables.
        retries: attempts after the first one, of throttled and failed requests.
        connect_timeout: seconds for a connection.
        read_timeout: seconds without a byte of the answer.
    """

    def __init__(
        self,
        session: Session,
        environ: Mapping[str, str],
        *,
        endpoint: str | None,
        retries: int,
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        self._session = session
        self._environ = environ
        self._endpoint = endpoint
        self._config = Config(
            retries={"total_max_attempts": retries + 1, "mode": environ.get("AWS_RETRY_MODE") or "standard"},
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            max_pool_connections=_CONNECTIONS,
            # The URLs are looked up here, in `environ`; botocore would look again in the process.
            ignore_configured_endpoint_urls=True,
        )
        self._clients: dict[tuple[str, str], BaseClient] = {}
        # botocore's sessions are not thread-safe, its clients are.
        self._lock = Lock()
        session.register_component("credential_provider", ContextProvider())
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=read_time)
        session.register("before-send", _count)
        session.register("response-received", _note_lost)

    def get(self, service: str, region: str) -> BaseClient:
        """The client of a service in a region, made once.

        Raises:
            botocore.exceptions.BotoCoreError: no such service, or an unusable setting.
            ValueError: the endpoint is no URL, or the region no host name.
        """
        key = (service, region)
        if (client := self._clients.get(key)) is not None:
            return client
        with self._lock:
            if key not in self._clients:
                client = self._session.create_client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint or endpoint_url(self._session, self._environ, service),
                    config=self._config,
                )
                # Before botocore's own handler, which stands at the name of the service.
                name = client.meta.service_model.service_id.hyphenize()
                client.meta.events.register_first(f"needs-retry.{name}", _capacity_stays_away)
                self._clients[key] = client
            return self._clients[key]

    def __len__(self) -> int:
        return len(self._clients)

    def close(self) -> None:
        """Close every connection; the next call opens new ones."""
        with self._lock:
            for client in self._clients.values():
                client.close()


def read_time(value: object) -> datetime:
    """A time of an answer as an aware datetime.

    botocore lets dateutil find out how each is written, which is an eighth of all the work of a pass; nearly all are
    ISO 8601 with a zone. What is not goes to botocore.

    Raises:
        ValueError: it is no time.
    """
    if isinstance(value, str):
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            if read.tzinfo is not None:
                return read
    found: datetime = parse_timestamp(value)
    return found


def _count(**_: object) -> None:
    _RUNNING.get().count += 1


def _note_lost(exception: BaseException | None, parsed_response: Mapping[str, Any] | None, **_: object) -> None:
    if answer_is_lost(exception, parsed_response):
        _RUNNING.get().lost = True


def _capacity_stays_away(response: tuple[Any, Mapping[str, Any]] | None, **_: object) -> None:
    """Keep botocore from asking again at once when AWS has no capacity.

    EC2 answers that with status 500 (EC2 API reference, "Server error codes"), which botocore takes for a passing fault
    of the server and repeats with growing pauses. Capacity does not come back within seconds; the next pass asks again.
    """
    if response is None:
        return
    answer, parsed = response
    rule = rule_for_code(str(parsed.get("Error", {}).get("Code", "")))
    if rule is not None and rule.error is CapacityUnavailable:
        answer.status_code = 400
