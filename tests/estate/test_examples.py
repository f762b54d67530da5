"""The examples: templates that are clean and tagged, and definitions that mean what their descriptions say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from lamplighter.aws.targets import TargetsDefinition
from lamplighter.estate.build import DEFAULT
from lamplighter.estate.build_found import ODD_SCHEDULES
from lamplighter.estate.build_roles import ROLE
from lamplighter.estate.build_stacks import _STACKS, templates_folder
from lamplighter.estate.fleet import SCHEDULE_TAG, DatabaseCluster, DatabaseServer, Machines, make_fleet
from lamplighter.schedules.definitions import CalendarDefinition, PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.loading import BUILT_IN, Loaded, load_schedules
from lamplighter.schedules.source import Document, parse_yaml

TEMPLATES = sorted(templates_folder().glob("*.yaml"))
SYSTEMS = ["clickstream-analytics", "employee-directory", "hybrid-enterprise", "orders-service"]
OWNERSHIP = {"Environment", "Team", "Owner", "Service", "Spend_Category"}
TAG_PROPERTIES = ("Tags", "TagSpecifications", "BackupPlanTags", "BackupVaultTags")
YEAR = timedelta(days=371)
LIT = {
    "AWS::EC2::Instance",
    "AWS::RDS::DBInstance",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::Redshift::Cluster",
}


@cache
def template(name: str) -> Mapping[str, Any]:
    from cfnlint.decode import cfn_yaml

    found: Mapping[str, Any] = cfn_yaml.loads((templates_folder() / f"{name}.yaml").read_text())
    return found


@cache
def document() -> Document:
    return parse_yaml((templates_folder().parent / "lamplighter.yaml").read_text())


@cache
def loaded() -> Loaded:
    return load_schedules(document(), lambda name: pytest.fail(f"{name} is read"))


def section(name: str) -> Mapping[str, Any]:
    found = document().data[name]
    assert isinstance(found, Mapping)
    return found


def tags_of(resource: Mapping[str, Any]) -> dict[str, object]:
    """Tags of a resource in a template, in whichever of CloudFormation's forms."""
    properties = resource["Properties"]
    name = next((one for one in TAG_PROPERTIES if one in properties), None)
    tags = properties[name] if name else []
    if name == "TagSpecifications":
        tags = tags[0]["Tags"]
    return dict(tags) if isinstance(tags, Mapping) else {tag["Key"]: tag["Value"] for tag in tags}


def test_there_are_four_systems() -> None:
    assert [file.stem for file in TEMPLATES] == SYSTEMS
    assert {stack.template for pair in _STACKS.values() for stack in pair} == set(SYSTEMS)


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_the_templates_are_clean_in_both_regions(name: str) -> None:
    file = templates_folder() / f"{name}.yaml"
    from cfnlint.api import lint_file

    found = lint_file(file, {"regions": list(DEFAULT.regions), "include_checks": ["I"]})
    assert [str(one) for one in found] == []


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_resource_that_takes_tags_says_whose_it_is(name: str) -> None:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    for logical, resource in template(name)["Resources"].items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
        if any(one in schema["properties"] for one in TAG_PROPERTIES):
            tags = tags_of(resource)
            assert set(tags) >= OWNERSHIP, f"{name}: {logical} ({resource['Type']})"
            assert tags["Service"] == name


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_can_be_lit_has_a_schedule_that_is_a_parameter(name: str) -> None:
    parameters = template(name)["Parameters"]
    scheduled = {}
    for logical, resource in template(name)["Resources"].items():
        tags = tags_of(resource)
        assert (SCHEDULE_TAG in tags) == (resource["Type"] in LIT), logical
        if SCHEDULE_TAG in tags:
            value = tags[SCHEDULE_TAG]
            assert isinstance(value, Mapping)
            scheduled[logical] = parameters[value["Ref"]]["Default"]
    assert len(scheduled) >= 2
    assert set(scheduled.values()) <= set(loaded().schedules)


@pytest.mark.parametrize("name", SYSTEMS)
def test_owners_are_role_mailboxes(name: str) -> None:
    defaults = {key: given.get("Default") for key, given in template(name)["Parameters"].items()}
    assert defaults["Owner"] == f"{defaults['Team']}@example.com"
    assert {"Environment", "ScheduleName", "SpendCategory"} <= set(defaults)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_header_names_resources_that_exist(name: str) -> None:
    text = (templates_folder() / f"{name}.yaml").read_text()
    listed = dict(re.findall(r"^#   (\w+) \(([\w:]+)\)$", text.partition("AWSTemplateFormatVersion")[0], re.MULTILINE))
    assert listed
    assert listed.items() <= {key: one["Type"] for key, one in template(name)["Resources"].items()}.items()


def test_the_definitions_have_the_shape_of_the_models() -> None:
    assert document().data["version"] == 1
    for name, model in (
        ("calendars", CalendarDefinition),
        ("periods", PeriodDefinition),
        ("schedules", ScheduleDefinition),
    ):
        for given in section(name).values():
            assert model.model_validate(given).description


def test_one_schedule_is_wrong_and_stops_no_other() -> None:
    assert set(loaded().rejected) == {"broken-hours"}
    assert [(one.where, one.message) for one in loaded().problems] == [
        ("periods.broken-thursdays.weekdays", "'thurs' is not a value for weekdays"),
        ("schedules.broken-hours.periods", "period 'broken-thursdays' is not defined or not valid"),
    ]
    assert set(loaded().schedules) == (set(section("schedules")) | set(BUILT_IN)) - {"broken-hours"}


def test_the_targets_are_those_that_are_built() -> None:
    targets = TargetsDefinition.model_validate(section("targets"))
    assert section("targets")["organization"] is True
    assert (targets.role, targets.external_id) == (ROLE, DEFAULT.external_id)
    assert targets.regions == DEFAULT.regions
    assert section("guardrails") == {"max_changes": 500, "max_changes_percent": 100}


def test_the_estate_uses_every_schedule_and_no_other() -> None:
    fleet = make_fleet(DEFAULT.seed)
    members: list[Machines | DatabaseServer | DatabaseCluster] = [*fleet.machines, *fleet.databases, *fleet.clusters]
    used = {one.tags.get(SCHEDULE_TAG) for one in members} - {None}
    known = set(loaded().schedules)
    assert used - known == {"broken-hours", "nightly", "office-hours-munich"} == ODD_SCHEDULES - {"ignore"}
    assert known - used == {"running"}


def test_the_features_are_shown() -> None:
    schedules = [ScheduleDefinition.model_validate(one) for one in section("schedules").values()]
    for flag in ("enforced", "hibernate", "retain_running", "stay_off", "stop_only"):
        assert sum(getattr(one, flag) for one in schedules) == 1, flag
    assert any(one.open for one in schedules)
    assert any(one.override_status == "running" for one in schedules)
    periods = [PeriodDefinition.model_validate(one) for one in section("periods").values()]
    assert {one.state for one in periods} == {"running", "stopped"}
    for field in ("times", "weekly", "monthdays", "not_on", "timezone"):
        assert any(getattr(one, field) for one in periods), field


def test_no_week_of_a_year_has_more_than_45_transitions() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    moments = sorted(
        {one.at for schedule in loaded().schedules.values() for one in schedule.transitions(start, start + YEAR)}
    )
    first, worst = 0, 0
    for index, at in enumerate(moments):
        while moments[first] <= at - timedelta(days=7):
            first += 1
        worst = max(worst, index - first + 1)
    assert 30 <= worst <= 45


def test_the_page_about_the_examples_names_everything() -> None:
    page = (templates_folder().parents[1] / "docs" / "examples.md").read_text()
    rows = set(re.findall(r"^\| `?([\w-]+)`? \|", page, re.MULTILINE))
    schedules = set(section("schedules")) - {"broken-hours"}
    assert schedules | set(SYSTEMS) | {account.id for account in DEFAULT.accounts} <= rows


# November 2026: Monday the 23rd, Thanksgiving on Thursday the 26th, a release on the weekend of the 28th.
MOMENTS = [
    ("office-hours-berlin", "2026-11-23T06:59", "stopped"),
    ("office-hours-berlin", "2026-11-23T07:00", "running"),
    ("office-hours-berlin", "2026-11-23T17:00", "stopped"),
    ("office-hours-berlin", "2027-01-06T10:00", "stopped"),
    ("office-hours-berlin", "2027-07-01T06:00", "running"),
    ("office-hours-new-york", "2026-11-25T13:00", "running"),
    ("office-hours-new-york", "2026-11-26T15:00", "stopped"),
    ("office-hours-new-york", "2026-11-27T22:59", "running"),
    ("follow-the-sun", "2026-11-24T22:59", "running"),
    ("follow-the-sun", "2026-11-24T23:00", "stopped"),
    ("follow-the-sun", "2026-11-26T16:00", "running"),
    ("follow-the-sun", "2026-11-26T18:00", "stopped"),
    ("dev-extended", "2026-11-23T18:59", "running"),
    ("dev-extended", "2026-11-23T19:00", "stopped"),
    ("training-rooms", "2026-11-24T10:59", "running"),
    ("training-rooms", "2026-11-24T12:30", "stopped"),
    ("training-rooms", "2026-11-24T13:00", "running"),
    ("training-rooms", "2026-11-25T13:00", "stopped"),
    ("two-shifts", "2026-11-23T05:00", "running"),
    ("two-shifts", "2026-12-28T10:00", "stopped"),
    ("overnight-batch", "2026-11-24T01:00", "running"),
    ("overnight-batch", "2026-11-28T04:59", "running"),
    ("overnight-batch", "2026-11-28T22:00", "stopped"),
    ("overnight-batch", "2026-11-23T01:00", "stopped"),
    ("weekends-off", "2026-11-27T18:59", "running"),
    ("weekends-off", "2026-11-27T19:00", "stopped"),
    ("weekends-off", "2026-11-30T05:00", "running"),
    ("month-end-closing", "2026-11-30T12:00", "running"),
    ("month-end-closing", "2026-12-01T12:00", "stopped"),
    ("month-end-closing", "2026-12-07T12:00", "running"),
    ("release-weekends", "2026-11-28T12:00", "running"),
    ("release-weekends", "2026-12-05T12:00", "stopped"),
    ("hands-off-labs", "2026-11-23T12:00", "running"),
    ("hibernating-desktops", "2026-11-23T12:00", "running"),
    ("evenings-out", "2026-11-23T19:00", "stopped"),
    ("always-on", "2026-11-29T03:00", "running"),
]


@pytest.mark.parametrize(("schedule", "at", "state"), MOMENTS)
def test_what_a_schedule_wants(schedule: str, at: str, state: str) -> None:
    assert loaded().schedules[schedule].state_at(datetime.fromisoformat(f"{at}+00:00")).state == state
