from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.resources.conftest import Recorder

from lamplighter.errors import AccessDenied
from lamplighter.resources.kind import Resource
from lamplighter.scheduler.window_targets import read_targets
from lamplighter.schedules.decision import Live

ARN = "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"


def resource(kind: str = "ec2-instance", id_: str = "i-1", arn: str = ARN, **tags: str) -> Resource:
    return Resource(kind, id_, arn, "111122223333", "eu-west-1", id_, tags, "office", Live.STOPPED, "stopped")


def conditions(**keys: Sequence[str]) -> list[dict[str, Any]]:
    names = {"tag_key": "tag-key", "group": "resource-groups:Name", "types": "resource-groups:ResourceTypeFilters"}
    return [{"Key": names.get(key, key.replace("tag_", "tag:")), "Values": list(found)} for key, found in keys.items()]


class Told(Recorder):
    """Registered targets of one window, its tasks, and the members of resource groups."""

    def __init__(
        self,
        targets: Sequence[list[dict[str, Any]]],
        tasks: Sequence[list[dict[str, Any]]] = (),
        members: Mapping[str, str] | None = None,
    ) -> None:
        listed = [{"Identifier": {"ResourceArn": a, "ResourceType": t}} for a, t in (members or {}).items()]
        super().__init__(
            {
                "describe_maintenance_window_targets": [{"Targets": each} for each in targets],
                "describe_maintenance_window_tasks": [{"Targets": each} for each in tasks],
                "list_group_resources": listed,
            }
        )


DATABASE = resource("rds-instance", "orders", "arn:aws:rds:eu-west-1:111122223333:db:orders", Team="blue")


@pytest.mark.parametrize(
    ("asked", "found", "expected"),
    [
        ({"InstanceIds": ["i-1", "i-2"]}, resource(), True),
        ({"instanceids": ["i-1"]}, resource(), True),
        ({"InstanceIds": ["i-2"]}, resource(), False),
        ({"tag_Team": ["blue", "red"]}, resource(Team="red"), True),
        ({"tag_Team": ["blue", "red"]}, resource(Team="green"), False),
        ({"tag_Team": ["blue"]}, resource(), False),
        ({"tag_Team": ["blue"], "tag_Stage": ["dev"]}, resource(Team="blue", Stage="dev"), True),
        ({"tag_Team": ["blue"], "tag_Stage": ["dev"]}, resource(Team="blue"), False),
        ({"tag_key": ["Team", "Stage"]}, resource(Stage="x"), True),
        ({"tag_key": ["Team"]}, resource(Stage="x"), False),
        ({"tag_Team": ["blue"]}, DATABASE, False),
        ({"InstanceIds": ["orders"]}, DATABASE, False),
        ({}, resource(), False),
    ],
)
def test_what_targets_choose(asked: dict[str, Sequence[str]], found: Resource, expected: bool) -> None:
    targets = read_targets(Told([conditions(**asked)]), "mw-1")
    assert targets.hold(found) is expected
    assert targets.problems == ()


def test_one_of_several_targets_is_enough() -> None:
    targets = read_targets(Told([conditions(InstanceIds=["i-2"]), conditions(tag_Team=["blue"])]), "mw-1")
    assert targets.hold(resource(Team="blue"))
    assert not targets.hold(resource(Team="red"))


@pytest.mark.parametrize(
    ("types", "expected"),
    [([], True), (["AWS::RDS::DBInstance"], True), (["AWS::RDS::DBINSTANCE"], True), (["AWS::EC2::INSTANCE"], False)],
)
def test_members_of_a_resource_group_of_any_kind(types: list[str], expected: bool) -> None:
    asked = {"group": ["team"], **({"types": types} if types else {})}
    session = Told([conditions(**asked)], members={DATABASE.arn: "AWS::RDS::DBInstance"})
    targets = read_targets(session, "mw-1")
    assert targets.hold(DATABASE) is expected
    assert not targets.hold(resource())
    assert session.asked[-1] == ("resource-groups", "list_group_resources", {"Group": "team"})


def test_tasks_that_name_instances() -> None:
    session = Told([], [conditions(InstanceIds=["i-1"]), conditions(WindowTargetIds=["t-1"]), []])
    targets = read_targets(session, "mw-1")
    assert targets.hold(resource())
    assert targets.chosen == [(("InstanceIds", frozenset({"i-1"})),)]
    assert session.operations == ["describe_maintenance_window_targets", "describe_maintenance_window_tasks"]
    assert all(params == {"WindowId": "mw-1"} for _, _, params in session.asked)


def test_what_is_not_known_is_a_problem_and_chooses_nothing() -> None:
    targets = read_targets(Told([conditions(Colour=["blue"]), conditions(types=["AWS::EC2::INSTANCE"])]), "mw-1")
    assert not targets.hold(resource(Colour="blue"))
    assert targets.problems == (
        "its targets are chosen by Colour, which is not known",
        "its targets are chosen by resource types alone, which is not known",
    )


def test_a_group_that_cannot_be_listed_is_a_problem_and_the_rest_counts() -> None:
    class Refusing(Told):
        def pages(self, service: str, operation: str, key: str, **params: Any) -> Any:
            if service == "resource-groups":
                raise AccessDenied("no")
            return super().pages(service, operation, key, **params)

    targets = read_targets(Refusing([conditions(group=["team"]), conditions(InstanceIds=["i-1"])]), "mw-1")
    assert targets.hold(resource())
    assert targets.problems == ("the members of resource group team cannot be listed: no",)
