from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.scheduler.conftest import OFFICE, configuration

from lamplighter.errors import DefinitionError
from lamplighter.resources import registry
from lamplighter.scheduler.sections import GuardrailsDefinition, TagsDefinition, WindowsDefinition
from lamplighter.scheduler.settings import Configuration, definition_schema


def fatal(config: Configuration) -> list[tuple[str, int | None, str]]:
    return [(problem.where, problem.line, problem.message) for problem in config.fatal]


def test_a_whole_file() -> None:
    config = configuration(
        """
version: 1
timezone: Europe/Berlin
tag: Hours
periods: {office: {begintime: 08:00, endtime: 18:00}}
schedules: {office: {periods: office}}
targets: {accounts: ["111122223333"], role: lamplighter, regions: [eu-west-1], threads: 7}
guardrails: {max_changes: 20, max_changes_percent: 50, actions: [stop], opt_out_tag: hands-off}
windows: {preferred: false, ssm_targets: true, lead: 1h30m}
"""
    )
    assert config.problems == config.fatal == ()
    assert config.tag == "Hours"
    assert config.loaded.schedules["office"].zone.key == "Europe/Berlin"
    assert config.targets is not None
    assert config.targets.threads == 7
    assert config.guardrails == GuardrailsDefinition(
        max_changes=20, max_changes_percent=50, actions=("stop",), opt_out_tag="hands-off"
    )
    assert config.windows == WindowsDefinition(preferred=False, ssm_targets=True, lead=timedelta(minutes=90))


def test_what_is_left_out_has_its_default() -> None:
    for text in ("version: 1\n", "tag:\ntargets:\nguardrails: ~\n"):
        config = configuration(text)
        assert config.problems == ()
        assert (config.tag, config.targets, config.guardrails) == ("Schedule", None, GuardrailsDefinition())
        assert config.windows == WindowsDefinition(preferred=True, ssm_targets=False, lead=timedelta(minutes=10))


@pytest.mark.parametrize(
    ("text", "where", "line", "message"),
    [
        ("guardrail: {max_changes: 5}", "guardrail", 1, "there is no section 'guardrail'"),
        ("version: 2", "version", 1, "Input should be less than or equal to 1"),
        ("tag: ''", "tag", 1, "String should have at least 1 character"),
        ("tag: 5", "tag", 1, "Input should be a valid string"),
        ("windows: {lead: 0m}", "windows.lead", 1, "'0m' is not a length of time; write 90m, 2h or 1d12h"),
        ("windows: {lead: 2d}", "windows.lead", 1, "a resource is lit at most 1d before its window"),
        ("windows: {rds: true}", "windows.rds", 1, "there is no field 'rds' here"),
        ("guardrails: 5", "guardrails", 1, "Input should be a valid dictionary or instance of GuardrailsDefinition"),
        ("guardrails:\n  max_change: 5", "guardrails.max_change", 2, "there is no field 'max_change' here"),
        (
            "guardrails:\n  max_changes: -1",
            "guardrails.max_changes",
            2,
            "Input should be greater than or equal to 0",
        ),
        (
            "guardrails:\n  max_changes: 1.5",
            "guardrails.max_changes",
            2,
            "Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            "guardrails: {max_changes_percent: 101}",
            "guardrails.max_changes_percent",
            1,
            "Input should be less than or equal to 100",
        ),
        ("guardrails:\n  actions:\n    - strat", "guardrails.actions.0", 3, "Input should be 'start' or 'stop'"),
        ("guardrails: {opt_out_tag: ''}", "guardrails.opt_out_tag", 1, "String should have at least 1 character"),
        ("targets:\n  region: eu-west-1", "targets.region", 2, "there is no field 'region' here"),
        ("targets: {threads: 0}", "targets.threads", 1, "Input should be greater than or equal to 1"),
        ("tag: a\ntag: b", "tag", 2, "'tag' stands twice"),
        ("guardrails: {max_changes: 5}\nguardrails: {}", "guardrails", 2, "'guardrails' stands twice"),
        ("guardrails:\n  max_changes: 5\n  max_changes: 9", "guardrails.max_changes", 3, "'max_changes' stands twice"),
        ("schedules: {}\nschedules: {}", "schedules", 2, "'schedules' stands twice"),
        ("guardrails: !strict {}", "guardrails", 1, "the tag !strict has no meaning here"),
        ("<<: {}", "<<", 1, "merge keys are not read"),
    ],
)
def test_what_every_run_needs_must_be_right(text: str, where: str, line: int, message: str) -> None:
    config = configuration(text)
    assert fatal(config) == [(where, line, message)]
    assert set(config.fatal) <= set(config.problems)
    assert len(config.problems) == len(set(config.problems))


@pytest.mark.parametrize(
    "text",
    [
        "periods: {bad: {begintime: 25:00}}",
        "schedules: 5",
        "calendars: {bad: {dates: someday}}",
        "timezone: Mars/Phobos",
        "schedules: {a: {otherwise: running, otherwise: stopped}}",
    ],
)
def test_what_is_wrong_with_one_definition_is_no_reason_to_refuse_a_run(text: str) -> None:
    config = configuration(text)
    assert config.fatal == ()
    assert len(config.problems) == 1


def test_several_things_wrong_are_all_said_in_the_order_of_the_file() -> None:
    config = configuration(
        "guardrails: {max_changes: x}\nperiods: {bad: {begintime: 25:00}}\ntargets: {threads: 99}\nversion: 3\n"
    )
    assert [(problem.line, problem.where) for problem in config.problems] == [
        (1, "guardrails.max_changes"),
        (2, "periods.bad.begintime"),
        (3, "targets.threads"),
        (4, "version"),
    ]
    assert sorted(where for where, _, _ in fatal(config)) == ["guardrails.max_changes", "targets.threads", "version"]


def test_suggestions() -> None:
    config = configuration("guardrail: {}\ntargets: {regoins: all}\nguardrails: {max_change: 1}\n")
    assert [problem.hint for problem in config.problems] == [
        "did you mean guardrails?",
        "did you mean regions?",
        "did you mean max_changes?",
    ]


def test_a_wrong_section_is_left_at_its_default() -> None:
    config = configuration(OFFICE + "guardrails: {max_changes: x, actions: [stop]}\n")
    assert config.guardrails == GuardrailsDefinition()
    assert "office" in config.loaded.schedules


def test_what_is_no_yaml_is_an_error() -> None:
    with pytest.raises(DefinitionError, match="is not YAML"):
        configuration("a: [")


def test_kinds_are_all_or_those_that_are_named() -> None:
    assert set(configuration("version: 1\n").kinds) == set(registry.kinds())
    chosen = configuration("version: 1\nkinds: [rds-cluster, ec2-instance]\n")
    assert (list(chosen.kinds), chosen.fatal) == (["ec2-instance", "rds-cluster"], ())


def test_a_kind_that_does_not_exist_is_fatal() -> None:
    config = configuration("version: 1\nkinds: [ec2-instances]\n")
    (problem,) = config.fatal
    assert (problem.where, problem.line) == ("kinds", 2)
    assert problem.message == "there is no kind 'ec2-instances'; did you mean ec2-instance?"


# --- tags: a pass can do without them ---------------------------------------------------------------


def test_the_tags_of_a_file() -> None:
    config = configuration(
        """
tags:
  scheduler: lamp
  started: {lamplighter:last-action: "on {year}-{month}-{day} {hour}:{minute} {timezone} by {scheduler}/{schedule}"}
  stopped: {lamplighter:last-action: "off: {reason}", Off: "{state}"}
  errors: true
  error_key: IS-Error
  error_message_key: IS-ErrorMessage
"""
    )
    assert config.problems == ()
    assert config.tags.on
    assert (config.tags.error_key, config.tags.first_seen, config.tags.scheduler) == ("IS-Error", False, "lamp")
    assert dict(config.tags.stopped) == {"lamplighter:last-action": "off: {reason}", "Off": "{state}"}


@pytest.mark.parametrize("text", ["version: 1", "tags: ~", "tags: {scheduler: lamp, error_key: x}"])
def test_no_tags_are_written_unless_asked_for(text: str) -> None:
    config = configuration(text)
    assert config.problems == ()
    assert not config.tags.on


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (
            'started: {k: "a {hours}"}',
            "2:16: tags.started.k: there is no placeholder {hours}; did you mean {hour}?",
        ),
        ("started: {k: 5}", "2:15: tags.started.k: Input should be a valid string (write a text, in quotes)"),
        ("strated: {k: x}", "2:11: tags.strated: there is no field 'strated' here (did you mean started?)"),
        ("stopped: {k: x, k: y}", "2:18: tags.stopped.k: 'k' stands twice (keep one)"),
        (
            "errors: often",
            "2:10: tags.errors: Input should be a valid boolean, unable to interpret input (use true or false)",
        ),
        ("error_key: k\n started: {k: x}", "2:2: tags: the key k stands for two tags; give each a key of its own"),
        (
            "error_key: lamplighter:first-seen",
            "2:2: tags: the key lamplighter:first-seen stands for two tags; give each a key of its own",
        ),
        (
            "started: {Hours: x}",
            "2:19: tags.started.Hours: Hours is the key of the schedule tag, so it is not written (choose another key)",
        ),
        (
            "first_seen_key: hands-off",
            "2:18: tags.first_seen_key: hands-off is the opt-out tag, so it is not written (choose another key)",
        ),
    ],
)
def test_tags_that_are_not_valid_are_told_and_stop_no_pass(section: str, problem: str) -> None:
    config = configuration(f"tags:\n {section}\ntag: Hours\nguardrails: {{opt_out_tag: hands-off}}\n")
    assert [str(each) for each in config.problems] == [problem]
    assert config.fatal == ()
    assert config.tags == TagsDefinition()


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("aws:x", "2:22: tags.started.aws:x: keys that begin with aws: are reserved for AWS; choose another"),
        ("k" * 129, f"2:146: tags.started.{'k' * 129}: String should have at most 128 characters"),
    ],
)
def test_a_key_that_is_not_valid_is_named(key: str, where: str) -> None:
    config = configuration(f'tags:\n  started: {{"{key}": x}}\n')
    assert [str(each) for each in config.problems] == [where]


def test_defaults_of_the_schema_are_written_as_the_file_writes_them() -> None:
    def walk(node: Any) -> Iterator[tuple[str, str]]:
        if isinstance(node, Mapping):
            if "pattern" in node and "default" in node:
                yield node["pattern"], node["default"]
            for value in node.values():
                yield from walk(value)

    found = list(walk(definition_schema()))
    assert {"15m", "4h"} <= {default for _, default in found}
    assert [default for pattern, default in found if not re.search(pattern, default)] == []
