"""The section `notify`: what is right is used, what is wrong is told with its place, and nothing stops a pass."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lamplighter.notify.definitions import PLACES, TOPICS, NotifyDefinition
from lamplighter.notify.reading import read_notify
from lamplighter.schedules.source import parse_yaml

TOPIC = "sns:arn:aws:sns:eu-west-1:111122223333:alerts"


def read(text: str) -> tuple[NotifyDefinition, list[tuple[str, int | None, str]]]:
    document = parse_yaml(text)
    found, problems = read_notify(document, {"office"})
    placed = [document.place(problem) for problem in problems]
    return found, [(problem.where, problem.line, problem.message) for problem in placed]


def test_a_whole_section() -> None:
    found, problems = read(f"""
notify:
  lead: 45m
  keep_for: 1d
  keep_url: "https://lamp.example.com/keep?{"&".join(f"{place}={{{place}}}" for place in PLACES)}"
  templates: messages
  rules:
    - {{to: "{TOPIC}", about: [errors, digest], accounts: [shop, "111122223333"], schedules: office}}
    - {{to: "file:told.jsonl"}}
""")
    assert problems == []
    first, second = found.rules
    assert (first.about, first.accounts, first.schedules) == (
        ("errors", "digest"),
        ("shop", "111122223333"),
        ("office",),
    )
    assert (second.about, second.accounts, second.schedules) == (TOPICS, (), ())
    assert (found.lead, found.keep_for, found.templates) == (timedelta(minutes=45), timedelta(days=1), "messages")


@pytest.mark.parametrize("text", ["version: 1\n", "notify:\n", "notify: {}\n", "notify: {rules: []}\n"])
def test_nothing(text: str) -> None:
    found, problems = read(text)
    assert problems == []
    assert found == NotifyDefinition()
    assert (found.lead, found.keep_for) == (timedelta(minutes=30), timedelta(hours=2))


@pytest.mark.parametrize(
    ("rule", "where", "message"),
    [
        ("{to: 'sns:x'}", "to", "'sns:x' is not a topic; write sns:arn:aws:sns:eu-central-1:111122223333:lamplighter"),
        ("{to: 'slack:https://x/y'}", "to", "a secret stands where a reference to it is wanted; "),
        ("{to: 'file:x', abuot: [errors]}", "abuot", "there is no field 'abuot' here"),
        ("{to: 'file:x', about: [error]}", "about.0", "Input should be 'errors', 'digest' or 'upcoming'"),
        ("{to: 'file:x', about: []}", "about", "about nothing; write some of errors, digest, upcoming"),
        ("{to: 'file:x', after: 0}", "after", "Input should be greater than or equal to 1"),
        ("{to: 'file:x', about: [digest], after: 3}", "", "after is for errors, which this rule is not about"),
        ("{to: 'opsitem:eu-west-1'}", "", "opsitem: keeps a record of each error and takes nothing else; "),
        ("{about: [errors]}", "to", "Field required"),
        ("{to: 'file:x', to: 'file:y'}", "to", "'to' stands twice"),
        ("5", "", "Input should be a valid dictionary or instance of RuleDefinition"),
    ],
)
def test_a_rule_that_is_wrong_stops_no_other(rule: str, where: str, message: str) -> None:
    found, problems = read(f"notify:\n  lead: 20m\n  rules:\n    - to: file:a\n    - {rule}\n    - to: file:b\n")
    [(place, line, said)] = problems
    assert place == ".".join(part for part in ("notify.rules.1", where) if part)
    assert line == 5
    assert said.startswith(message)
    assert [one.to for one in found.rules] == ["file:a", "file:b"]
    assert found.lead == timedelta(minutes=20)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("lead: 30", "'30' is not a length of time; write 90m, 2h or 1d12h"),
        ("keep_url: lamp.example.com", "it is no URL; it begins with https:// and a host"),
        ("keep_url: 'https://x/{y}'", "there is no {y} here; known: {account}, "),
        ("keep_url: 'https://x/{id!r}'", ""),
        ("keep_url: 'https://x/{id:>99999999}'", "there is no {id} here"),
        ("keep_url: 'https://x/{id.__class__}'", "there is no {id.__class__} here"),
        ("keep_url: 'https://x/{'", "a brace stands alone"),
        ("templates: ''", "String should have at least 1 character"),
        ("laed: 30m", "there is no field 'laed' here"),
    ],
)
def test_a_field_that_is_wrong_is_left_at_its_default(field: str, message: str) -> None:
    found, problems = read(f"notify:\n  {field}\n  rules:\n    - to: file:a\n")
    [(where, line, said)] = problems
    assert where.startswith(f"notify.{field.split(':', maxsplit=1)[0]}")
    assert line == 2
    assert said.startswith(message)
    assert found == NotifyDefinition(rules=found.rules)
    assert [one.to for one in found.rules] == ["file:a"]


@pytest.mark.parametrize(("text", "line"), [("notify: 5", 1), ("notify: [1]", 1), ("notify:\n  rules: 5", 2)])
def test_no_section_at_all(text: str, line: int) -> None:
    found, problems = read(text)
    assert [(where.split(".")[0], at) for where, at, _ in problems] == [("notify", line)]
    assert found == NotifyDefinition()


def test_what_is_kept_lasts_longer_than_the_notice() -> None:
    found, problems = read("notify: {lead: 2h, keep_for: 1h, rules: [{to: 'file:a'}]}")
    assert [(where, message[:50]) for where, _, message in problems] == [
        ("notify", "keep_for (1h) must be longer than lead (2h): what "[:50])
    ]
    assert found == NotifyDefinition(rules=found.rules)
    assert [one.to for one in found.rules] == ["file:a"]
    # The default of what is kept, 2h, is no longer than this; both are left at their defaults.
    found, problems = read("notify: {lead: 3h, laed: 1h, rules: [{to: 'file:a'}]}")
    assert [where for where, _, _ in problems] == ["notify.laed"]
    assert (found.lead, len(found.rules)) == (timedelta(minutes=30), 1)


def test_a_schedule_that_does_not_exist_is_told_and_the_rule_is_kept() -> None:
    found, problems = read("notify:\n  rules:\n    - {to: 'file:a', schedules: [office, offfice]}\n")
    assert problems == [("notify.rules.0.schedules", 3, "there is no schedule 'offfice'")]
    assert len(found.rules) == 1
