from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from botocore.exceptions import InvalidConfigError, PartialCredentialsError, ProfileNotFound

from lamplighter.aws.environment import credential_chain, endpoint_url, open_session

Script = Callable[[Mapping[str, str], str], tuple[int, str] | None]

CONFIG = """
[default]
region = us-east-2

[profile shop]
region = eu-west-3
services = local
endpoint_url = http://127.0.0.1:4000
aws_access_key_id = AKIASHOP
aws_secret_access_key = s

[profile lost]
services = absent

[services local]
ec2 =
  endpoint_url = http://127.0.0.1:4001
resource_groups_tagging_api =
  endpoint_url = http://127.0.0.1:4002
"""


@pytest.fixture
def configured(environ: dict[str, str]) -> dict[str, str]:
    Path(environ["AWS_CONFIG_FILE"]).write_text(CONFIG)
    del environ["AWS_REGION"]
    return environ


@pytest.mark.parametrize(
    ("variables", "profile", "region", "expected"),
    [
        ({}, None, None, "us-east-2"),
        ({}, "shop", None, "eu-west-3"),
        ({"AWS_PROFILE": "shop"}, None, None, "eu-west-3"),
        ({"AWS_DEFAULT_REGION": "eu-north-1"}, "shop", None, "eu-north-1"),
        ({"AWS_REGION": "eu-south-1", "AWS_DEFAULT_REGION": "eu-north-1"}, "shop", None, "eu-south-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-north-1"}, None, None, "eu-north-1"),
        ({"AWS_REGION": "eu-south-1"}, None, "sa-east-1", "sa-east-1"),
    ],
)
def test_where_the_region_comes_from(
    configured: dict[str, str], variables: dict[str, str], profile: str | None, region: str | None, expected: str
) -> None:
    session = open_session(configured | variables, profile=profile, region=region)
    assert session.get_config_variable("region") == expected


def test_no_region_anywhere(environ: dict[str, str]) -> None:
    del environ["AWS_REGION"]
    assert open_session(environ).get_config_variable("region") is None


def test_the_process_is_not_asked(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPROCESS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_PROFILE", "absent")
    monkeypatch.setenv("AWS_REGION", "us-west-1")
    session = open_session(environ)
    assert session.get_config_variable("region") == "eu-central-1"
    assert credential_chain(session, environ).load_credentials().access_key == "AKIABASE"


@pytest.mark.parametrize(
    ("profile", "variables", "key"),
    [
        (None, {}, "AKIABASE"),
        ("shop", {}, "AKIASHOP"),
        (None, {"AWS_PROFILE": "shop"}, "AKIABASE"),
        (None, {"AWS_PROFILE": "shop", "AWS_ACCESS_KEY_ID": ""}, "AKIASHOP"),
    ],
)
def test_a_profile_wins_over_keys_only_when_it_is_asked_for(
    configured: dict[str, str], profile: str | None, variables: dict[str, str], key: str
) -> None:
    given = configured | variables
    assert credential_chain(open_session(given, profile=profile), given).load_credentials().access_key == key


def test_no_credentials_without_asking_the_machine(environ: dict[str, str]) -> None:
    del environ["AWS_ACCESS_KEY_ID"]
    assert credential_chain(open_session(environ), environ).load_credentials() is None


def test_half_a_pair_of_keys(environ: dict[str, str]) -> None:
    del environ["AWS_SECRET_ACCESS_KEY"]
    with pytest.raises(PartialCredentialsError):
        credential_chain(open_session(environ), environ).load_credentials()


def test_a_missing_profile(environ: dict[str, str]) -> None:
    session = open_session(environ, profile="absent")
    with pytest.raises(ProfileNotFound, match="absent"):
        session.get_scoped_config()


def test_container_credentials_come_from_the_given_variables(
    environ: dict[str, str], serve: Callable[[Script], str]
) -> None:
    keys = {"AccessKeyId": "ASIATASK", "SecretAccessKey": "s", "Token": "t", "Expiration": "2099-01-01T00:00:00Z"}
    url = serve(lambda headers, _: (200, json.dumps(keys)) if headers["Authorization"] == "let-me" else None)
    environ |= {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let-me",
    }
    assert credential_chain(open_session(environ), environ).load_credentials().access_key == "ASIATASK"


@pytest.mark.parametrize(
    ("variables", "profile", "service", "expected"),
    [
        ({}, None, "ec2", None),
        ({"AWS_ENDPOINT_URL": "http://a"}, None, "ec2", "http://a"),
        ({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_EC2": "http://b"}, None, "ec2", "http://b"),
        ({"AWS_ENDPOINT_URL_EC2": "http://b"}, None, "rds", None),
        ({"AWS_ENDPOINT_URL_AUTO_SCALING": "http://c"}, None, "autoscaling", "http://c"),
        ({"AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2": "http://d"}, None, "elbv2", "http://d"),
        ({}, "shop", "ec2", "http://127.0.0.1:4001"),
        ({}, "shop", "resourcegroupstaggingapi", "http://127.0.0.1:4002"),
        ({}, "shop", "rds", "http://127.0.0.1:4000"),
        ({"AWS_ENDPOINT_URL": "http://a"}, "shop", "ec2", "http://a"),
        ({"AWS_ENDPOINT_URL": "http://a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "shop", "ec2", None),
    ],
)
def test_where_the_endpoint_comes_from(
    configured: dict[str, str], variables: dict[str, str], profile: str | None, service: str, expected: str | None
) -> None:
    given = configured | variables
    assert endpoint_url(open_session(given, profile=profile), given, service) == expected


def test_a_services_section_that_does_not_exist_is_no_silent_default(configured: dict[str, str]) -> None:
    with pytest.raises(InvalidConfigError, match="absent"):
        endpoint_url(open_session(configured, profile="lost"), configured, "ec2")
