from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from lamplighter.aws.credentials import Assumed, BaseCredentials, RoleCredentials, role_arn
from lamplighter.aws.environment import open_session
from lamplighter.errors import AccessDenied, AwsError, Throttled

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Sts:
    """Hands out numbered keys for an hour each; fails when told so. Its clock is moved by hand."""

    def __init__(self) -> None:
        self.now = START
        self.calls = 0
        self.failure: AwsError | None = None

    def assume(self) -> Assumed:
        self.calls += 1
        if self.failure is not None:
            raise self.failure
        return Assumed(ReadOnlyCredentials(f"ASIA{self.calls}", "secret", "token"), self.now + HOUR)

    def credentials(self) -> RoleCredentials:
        return RoleCredentials(self.assume, lambda: self.now)


@pytest.mark.parametrize(
    ("role", "partition", "expected"),
    [
        ("lamp", "aws", "arn:aws:iam::111122223333:role/lamp"),
        ("ops/lamp", "aws-cn", "arn:aws-cn:iam::111122223333:role/ops/lamp"),
        ("arn:aws:iam::111122223333:role/x", "aws", "arn:aws:iam::111122223333:role/x"),
        ("arn:aws-us-gov:iam::{account}:role/x", "aws", "arn:aws-us-gov:iam::111122223333:role/x"),
    ],
)
def test_role_arns(role: str, partition: str, expected: str) -> None:
    assert role_arn(role, "111122223333", partition) == expected


def test_a_role_of_another_account_is_refused() -> None:
    with pytest.raises(AwsError, match="is in another account") as caught:
        role_arn("arn:aws:iam::444455556666:role/x", "111122223333", "aws")
    assert "{account}" in caught.value.hint


def test_kept_until_five_minutes_before_the_end() -> None:
    sts = Sts()
    role = sts.credentials()
    for minutes, key in [(0, "ASIA1"), (54, "ASIA1"), (55, "ASIA2"), (55 + 54, "ASIA2"), (55 + 55, "ASIA3")]:
        sts.now = START + timedelta(minutes=minutes)
        assert role.frozen("111122223333/eu-central-1").access_key == key
    assert sts.calls == 3


def test_many_threads_one_call() -> None:
    sts = Sts()
    role = sts.credentials()
    together = threading.Barrier(25)
    seen: list[str] = []

    def work() -> None:
        together.wait(timeout=10)
        seen.append(role.frozen("111122223333/eu-central-1").access_key)

    threads = [threading.Thread(target=work) for _ in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["ASIA1"] * 25
    assert sts.calls == 1


def test_a_refusal_stands_for_every_region_for_a_minute() -> None:
    sts = Sts()
    sts.failure = AccessDenied("refused", hint="trust", service="sts", operation="AssumeRole", code="AccessDenied")
    role = sts.credentials()
    for region in ("eu-central-1", "eu-west-1"):
        with pytest.raises(AccessDenied, match="refused") as caught:
            role.frozen(f"111122223333/{region}")
        assert caught.value.target == f"111122223333/{region}"
        assert (caught.value.hint, caught.value.code) == ("trust", "AccessDenied")
    assert sts.calls == 1
    sts.now += timedelta(minutes=1)
    sts.failure = None
    assert role.frozen("111122223333/eu-central-1").access_key == "ASIA2"


def test_a_passing_fault_uses_what_is_still_good(caplog: pytest.LogCaptureFixture) -> None:
    sts = Sts()
    role = sts.credentials()
    role.frozen("x")
    sts.now, sts.failure = START + timedelta(minutes=56), Throttled("slow down")
    with caplog.at_level(logging.WARNING, logger="lamplighter.aws"):
        assert role.frozen("x").access_key == "ASIA1"
    assert "slow down; the credentials held are good until 2026-11-02T09:00:00+00:00" in caplog.text
    sts.now = START + HOUR
    with pytest.raises(Throttled):
        role.frozen("x")
    assert sts.calls == 3


def test_other_failures_are_tried_again_at_once() -> None:
    sts = Sts()
    role = sts.credentials()
    sts.failure = Throttled("slow down")
    with pytest.raises(Throttled):
        role.frozen("x")
    sts.failure = None
    assert role.frozen("x").access_key == "ASIA2"


@pytest.fixture
def base(environ: dict[str, str]) -> BaseCredentials:
    return BaseCredentials(open_session(environ), environ)


def test_base_credentials(base: BaseCredentials) -> None:
    frozen = base.frozen()
    assert (frozen.access_key, frozen.secret_key, frozen.token) == ("AKIABASE", "secret", None)


def test_no_base_credentials(environ: dict[str, str]) -> None:
    del environ["AWS_ACCESS_KEY_ID"]
    with pytest.raises(NoCredentialsError):
        BaseCredentials(open_session(environ), environ).frozen()
