"""Values of parameters: what CloudFormation would refuse is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from lamplighter.deploy.family import TEMPLATES, Template
from lamplighter.deploy.parameters import default_of, known, parameters_of, problems_of, texts
from lamplighter.errors import UsageError


def said(template: str, **values: str) -> list[tuple[str, str]]:
    return [(each.where, each.message) for each in problems_of(TEMPLATES[template], values)]


@pytest.mark.parametrize(
    ("given", "texts_"),
    [
        ({"hub": {"TagName": "Plan", "Frequency": 10}}, {"hub": {"TagName": "Plan", "Frequency": "10"}}),
        ({"hub": {"Regions": ["eu-west-1", "us-east-1"]}}, {"hub": {"Regions": "eu-west-1,us-east-1"}}),
        ({"hub": {"Accounts": [111122223333]}}, {"hub": {"Accounts": "111122223333"}}),
        ({"hub": {"Regions": []}, "state": {}}, {"hub": {"Regions": ""}, "state": {}}),
        ({"hub": {"TagName": True}}, {"hub": {"TagName": "true"}}),
        ({"hub": {"ClockSchedule": "every 15 minutes"}}, {"hub": {"ClockSchedule": "rate(15 minutes)"}}),
        ({"hub": {"ClockSchedule": "rate(1 hour)"}}, {"hub": {"ClockSchedule": "rate(1 hour)"}}),
        ({"data": {"ReportSchedule": "mon-fri at 7:30"}}, {"data": {"ReportSchedule": "cron(30 7 ? * MON-FRI *)"}}),
    ],
)
def test_what_people_write_becomes_text(given: dict[str, Any], texts_: dict[str, dict[str, str]]) -> None:
    assert texts(given) == (texts_, [])


def test_what_cannot_be_a_value_is_said_all_at_once() -> None:
    given = {
        "hubs": {},
        "data": "Plan",
        "hub": {
            "Tag": "x",
            "TagName": None,
            "Timezone": ["UTC"],
            "LogLevel": {"a": "b"},
            "Regions": ["eu-west-1,us-east-1"],
            "Accounts": [None],
            "Frequency": 10,
            "ClockSchedule": "now and then",
        },
    }
    found, problems = texts(given)
    assert found == {"hub": {"Frequency": "10"}}
    assert [(each.where, each.message) for each in problems] == [
        ("hubs", "there is no template 'hubs'"),
        ("data", "must be a mapping of parameters"),
        ("hub.Tag", "template hub has no parameter 'Tag'"),
        ("hub.TagName", "has no value"),
        ("hub.Timezone", "is one value, not a list"),
        ("hub.LogLevel", "must be a text, a number or a list of them"),
        ("hub.Regions", "must be a list of texts without commas"),
        ("hub.Accounts", "must be a list of texts without commas"),
        ("hub.ClockSchedule", "'now and then' is no rhythm"),
    ]
    assert "TagName" in problems[2].hint


@pytest.mark.parametrize(
    ("template", "values", "problems"),
    [
        ("hub", {"Frequency": "5", "TagName": "Plan", "OrganizationId": "", "Regions": ""}, []),
        ("hub", {"Frequency": "7"}, [("hub.Frequency", "'7' is not one of 1, 2, 5, 10, 15, 30, 60")]),
        ("hub", {"SchedulingActive": "false"}, [("hub.SchedulingActive", "'false' is not one of yes, no")]),
        ("hub", {"OrganizationId": "r-1"}, [("hub.OrganizationId", "'r-1' does not fit |o-[a-z0-9]{10,32}")]),
        ("hub", {"TagName": "Lampe ü"}, [("hub.TagName", r"'Lampe ü' does not fit [\w.:/=+@-]{1,127}")]),
        ("hub", {"ReconcileHours": "0"}, [("hub.ReconcileHours", "0 is less than 1")]),
        ("hub", {"ReconcileHours": "25"}, [("hub.ReconcileHours", "25 is more than 24")]),
        ("hub", {"ReconcileHours": "often"}, [("hub.ReconcileHours", "'often' is not a number")]),
        ("hub", {"ReconcileHours": "nan"}, [("hub.ReconcileHours", "'nan' is not a number")]),
        ("hub", {"SubnetIds": "subnet-1", "SecurityGroupIds": "sg-1"}, []),
        ("hub", {"SubnetIds": "subnet-1"}, [("hub", "Name subnets and security groups together, or neither.")]),
        (
            "state",
            {"RecoveryDays": "36", "ExistingKeyArn": "k"},
            [
                ("state.RecoveryDays", "36 is more than 35"),
                ("state.ExistingKeyArn", r"'k' does not fit |arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[\w-]+"),
            ],
        ),
    ],
)
def test_values_are_held_to_what_the_template_asks(
    template: str, values: dict[str, str], problems: list[tuple[str, str]]
) -> None:
    assert said(template, **values) == problems


def test_what_a_template_says_of_a_pattern_is_the_hint() -> None:
    (one,) = problems_of(TEMPLATES["hub"], {"ClockSchedule": "hourly"})
    assert one.hint == "rate(4 hours), or cron(minute hour day month weekday year)"


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda each: each.name)
def test_defaults_of_every_template_are_allowed(template: Template) -> None:
    defaults = {name: default_of(template, name) for name in parameters_of(template)}
    assert problems_of(template, {name: value for name, value in defaults.items() if value is not None}) == []


@pytest.mark.parametrize(("value", "word"), [("ab", "shorter than 3"), ("abc", ""), ("abcde", "longer than 4")])
def test_lengths_are_held_to_as_well(monkeypatch: pytest.MonkeyPatch, value: str, word: str) -> None:
    asked: Any = parameters_of(TEMPLATES["hub"])["MemberRole"]
    monkeypatch.setitem(asked, "MinLength", 3)
    monkeypatch.setitem(asked, "MaxLength", 4)
    assert said("hub", MemberRole=value) == ([("hub.MemberRole", f"{value!r} is {word} characters")] if word else [])


def test_a_parameter_that_is_none_is_refused() -> None:
    known(TEMPLATES["hub"], "TagName")
    with pytest.raises(UsageError, match="has no parameter 'Tag'") as caught:
        known(TEMPLATES["hub"], "Tag")
    assert "TagName" in caught.value.hint


def test_a_rhythm_is_more_than_once() -> None:
    found, problems = texts({"hub": {"ClockSchedule": "at(2026-12-24T12:00:00)"}})
    assert problems == []
    assert [each.where for each in problems_of(TEMPLATES["hub"], found["hub"])] == ["hub.ClockSchedule"]
