"""What functions are made of: variables become sections, definitions are read when they changed, metrics are known."""

from __future__ import annotations

import json
from datetime import timedelta
from logging import DEBUG, INFO, getLogger
from pathlib import Path

import pytest
from tests.lambdas.conftest import ENVIRON, Context, Hub
from tests.scheduler.conftest import MONDAY

from lamplighter.alerts.render import Renderer
from lamplighter.alerts.samples import SAMPLES
from lamplighter.errors import UsageError
from lamplighter.lambdas import runtime as module
from lamplighter.lambdas.runtime import MARGIN, Meters, Runtime, logger, remaining
from lamplighter.scheduler.kept_definitions import put_files


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


def test_the_topic_is_told_errors_until_the_definitions_say_who_is_told_what() -> None:
    hub = Hub(environ={"LAMPLIGHTER_TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:lamplighter"})
    (rule,) = hub.runtime.configuration().notify.rules
    assert (rule.to, rule.about) == ("sns:arn:aws:sns:eu-west-1:111122223333:lamplighter", ("errors",))
    hub.define("version: 1\nnotify: {rules: []}\n")
    assert hub.runtime.configuration().notify.rules == ()
    assert Hub(environ={}).runtime.configuration().notify.rules == ()


def test_kept_templates_are_laid_out_where_messages_are_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "SCRATCH", tmp_path)
    hub = Hub(environ={})
    files = {"lamplighter.yaml": "version: 1\nnotify: {templates: tpl}\n", "tpl/errors.subject.j2": "Lamp says\n"}
    for subject in ("Lamp says", "Lamp says again"):
        put_files(hub.store, {**files, "tpl/errors.subject.j2": subject, "../evil.j2": "out"})
        own = hub.runtime.configuration().notify.templates
        assert own is not None
        assert Renderer(Path(own)).render("errors", SAMPLES["errors"]).subject == subject
    assert [path.name for path in tmp_path.rglob("*.j2")] == ["errors.subject.j2"]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("said", "level"),
    [({"AWS_LAMBDA_LOG_LEVEL": "DEBUG"}, DEBUG), ({"AWS_LAMBDA_LOG_LEVEL": "INFO"}, INFO), ({}, INFO)],
)
def test_lambda_says_how_much_is_logged(monkeypatch: pytest.MonkeyPatch, said: dict[str, str], level: int) -> None:
    monkeypatch.delenv("POWERTOOLS_LOG_LEVEL", raising=False)
    # A logger of that library is made once for each name.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"logs-{level}-{len(said)}")
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    ours = getLogger("lamplighter")
    before = ours.level, ours.handlers[:], ours.propagate
    try:
        assert logger.__wrapped__().log_level == level
        assert ours.level == level
    finally:
        ours.level, ours.handlers[:], ours.propagate = before


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
