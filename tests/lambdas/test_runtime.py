"""What functions are made of: variables become sections, definitions are read when they changed, metrics are known."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.lambdas.conftest import ENVIRON, Context, Hub
from tests.scheduler.conftest import MONDAY

from lamplighter.errors import UsageError
from lamplighter.lambdas.runtime import MARGIN, Meters, Runtime, remaining


def test_variables_become_the_sections_that_definitions_lack() -> None:
    environ = {
        "LAMPLIGHTER_TIMEZONE": "Europe/Berlin",
        "LAMPLIGHTER_TAG": "Plan",
        "LAMPLIGHTER_ACCOUNTS": "111122223333, 444455556666",
        "LAMPLIGHTER_ROLE": "member",
        "LAMPLIGHTER_EXTERNAL_ID": "secret-1",
        "LAMPLIGHTER_REGIONS": "eu-west-1,us-east-1",
    }
    hub = Hub(environ=environ)
    config = hub.runtime.configuration()
    assert config.problems == ()
    assert (config.tag, config.loaded.timezone) == ("Plan", "Europe/Berlin")
    assert config.targets is not None
    assert [each.id for each in config.targets.accounts] == ["111122223333", "444455556666"]
    assert (config.targets.role, config.targets.external_id) == ("member", "secret-1")
    assert (config.targets.regions, config.targets.include_own) == (("eu-west-1", "us-east-1"), True)


@pytest.mark.parametrize(("value", "whole"), [("true", True), ("o-exampleorgid", True), ("", False), ("false", False)])
def test_the_organization_is_taken_if_it_is_said(value: str, whole: bool) -> None:
    targets = Hub(environ={"LAMPLIGHTER_ORGANIZATION": value}).runtime.configuration().targets
    assert (targets is not None and targets.organization is not None) is whole


def test_what_the_file_says_goes_before_variables(hub: Hub) -> None:
    hub.define("tag: Own\ntargets: {regions: us-east-1}\n")
    config = hub.runtime.configuration()
    assert config.tag == "Own"
    assert config.targets is not None
    assert (config.targets.accounts, config.targets.regions) == ((), ("us-east-1",))


def test_definitions_are_read_again_only_when_they_changed(hub: Hub) -> None:
    first = hub.runtime.configuration()
    assert hub.runtime.configuration() is first
    hub.define("tag: Other\n")
    assert hub.runtime.configuration().tag == "Other"


def test_a_variable_that_is_missing_is_said() -> None:
    with pytest.raises(UsageError, match="LAMPLIGHTER_STORE is not set"):
        _ = Runtime({}).store
    with pytest.raises(UsageError, match="no store is opened by that scheme"):
        _ = Runtime({"LAMPLIGHTER_STORE": "carrier-pigeon:x"}).store


def test_time_runs_out_before_the_function_is_ended(hub: Hub) -> None:
    context = Context(timedelta(minutes=10))
    assert remaining(context) == timedelta(minutes=10)
    world = hub.runtime.world(hub.runtime.configuration(), context)
    assert world.until == MONDAY + timedelta(hours=9, minutes=10) - MARGIN
    assert hub.runtime.world(hub.runtime.configuration()).until is None


def test_only_metrics_that_are_declared_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    meters = Meters(ENVIRON)
    with pytest.raises(KeyError):
        meters.add("Unknown")
    with pytest.raises(KeyError):
        meters.add("Ticks", account="111122223333")
    meters.add("Ticks")
    meters.add("Ticks", 2)
    meters.write()
    meters.write()
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["Ticks"] == [3]
