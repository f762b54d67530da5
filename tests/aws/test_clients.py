from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.utils import parse_timestamp
from tests.aws.conftest import Script

from lamplighter.aws.clients import Clients, ContextCredentials, attempts_as, read_time
from lamplighter.aws.environment import open_session


def pool(environ: Mapping[str, str], endpoint: str | None = None) -> Clients:
    return Clients(open_session(environ), environ, endpoint=endpoint, retries=2, connect_timeout=3, read_timeout=4)


@pytest.fixture
def clients(environ: dict[str, str]) -> Iterator[Clients]:
    made = pool(environ)
    yield made
    made.close()


def keys(name: str) -> ReadOnlyCredentials:
    return ReadOnlyCredentials(name, "secret", "token")


def test_one_client_for_each_service_and_region(clients: Clients) -> None:
    first = clients.get("sts", "eu-central-1")
    assert clients.get("sts", "eu-central-1") is first
    assert clients.get("sts", "eu-west-1") is not first
    assert clients.get("sqs", "eu-central-1") is not first
    assert len(clients) == 3


def test_threads_that_ask_together_get_the_same_client(clients: Clients) -> None:
    together = threading.Barrier(25)
    got: list[object] = []

    def ask() -> None:
        together.wait(timeout=10)
        got.append(clients.get("sts", "eu-central-1"))

    threads = [threading.Thread(target=ask) for _ in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, got))) == 1
    assert len(got) == 25


def test_settings_reach_the_client(clients: Clients) -> None:
    config = clients.get("sts", "eu-central-1").meta.config
    assert config.retries == {"total_max_attempts": 3, "mode": "standard"}
    assert (config.connect_timeout, config.read_timeout) == (3, 4)
    assert config.max_pool_connections == 50


def test_sts_is_asked_in_the_region(clients: Clients) -> None:
    assert clients.get("sts", "eu-central-1").meta.endpoint_url == "https://sts.eu-central-1.amazonaws.com"


def test_endpoints(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://process")
    by_default = pool(environ).get("sts", "eu-central-1")
    assert by_default.meta.endpoint_url == "https://sts.eu-central-1.amazonaws.com"
    environ["AWS_ENDPOINT_URL_STS"] = "http://variable"
    assert pool(environ).get("sts", "eu-central-1").meta.endpoint_url == "http://variable"
    assert pool(environ, "http://argument").get("sts", "eu-central-1").meta.endpoint_url == "http://argument"


def test_signing_outside_a_call_fails_and_signs_for_nobody() -> None:
    with pytest.raises(LookupError):
        ContextCredentials().get_frozen_credentials()
    assert ContextCredentials().access_key == "by-context"
    assert ContextCredentials().account_id is None


def test_credentials_follow_the_context() -> None:
    shared = ContextCredentials()
    with attempts_as(keys("OUTER")):
        with attempts_as(keys("INNER")):
            assert shared.get_frozen_credentials().access_key == "INNER"
        assert shared.get_frozen_credentials().access_key == "OUTER"
        seen: list[type[BaseException] | None] = []

        def elsewhere() -> None:
            try:
                shared.get_frozen_credentials()
            except LookupError as error:
                seen.append(type(error))

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert seen == [LookupError]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T08:00:00Z",
        "2026-11-23T08:00:00.123Z",
        "2026-11-23T08:00:00.123456+00:00",
        "2026-11-23T08:00:00+05:30",
        "2026-11-23",
        "Mon, 23 Nov 2026 08:00:00 GMT",
        "1795420800",
        1795420800,
        1795420800.25,
    ],
)
def test_times_are_those_that_botocore_reads(text: object) -> None:
    assert read_time(text) == parse_timestamp(text)


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no time at all"):
        read_time("no time at all")


def test_answers_are_read_with_it(serve: Callable[[Script], str], environ: dict[str, str]) -> None:
    told = "<Credentials><Expiration>2026-11-23T08:00:00Z</Expiration></Credentials>"
    text = f"<GetSessionTokenResponse><GetSessionTokenResult>{told}</GetSessionTokenResult></GetSessionTokenResponse>"
    clients = pool(environ, serve(lambda *_: (200, text)))
    with attempts_as(keys("own")):
        answer = clients.get("sts", "eu-central-1").get_session_token()
    clients.close()
    # dateutil, which botocore would ask, has a UTC of its own.
    assert answer["Credentials"]["Expiration"].tzinfo is UTC
