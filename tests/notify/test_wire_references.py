"""Secrets over the wire: what Parameter Store and Secrets Manager keep is read, in whole and by member."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.alerts.means import means_of
from lamplighter.aws.access import Aws
from lamplighter.errors import NotFound
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import REGION, EstateProbe
from lamplighter.notify.references import read_secret
from lamplighter.notify.sender import Means


@pytest.fixture(scope="module")
def probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        found = EstateProbe(server)
        found.fresh()
        yield found
        found.close()


@pytest.fixture
def wire(probe: EstateProbe) -> Iterator[Means]:
    with Aws(region=REGION, environ=probe.server.environment, retries=0) as aws:
        yield means_of(aws, {}, Path())


def test_a_parameter_is_read_decrypted(probe: EstateProbe, wire: Means) -> None:
    probe.client("ssm").put_parameter(Name="/lamp/hook", Value="shine", Type="SecureString")
    assert read_secret("ssm:/lamp/hook", wire) == "shine"
    with pytest.raises(NotFound):
        read_secret("ssm:/lamp/none", wire)


def test_a_secret_is_read_in_whole_and_by_member(probe: EstateProbe, wire: Means) -> None:
    client = probe.client("secretsmanager")
    arn = client.create_secret(Name="lamp/mail", SecretString=json.dumps({"password": "glow"}))["ARN"]
    assert json.loads(read_secret("secretsmanager:lamp/mail", wire)) == {"password": "glow"}
    assert read_secret("secretsmanager:lamp/mail#password", wire) == "glow"
    assert read_secret(f"secretsmanager:{arn}#password", wire) == "glow"
    with pytest.raises(NotFound):
        read_secret("secretsmanager:lamp/none", wire)
