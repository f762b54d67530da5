"""What an SSM maintenance window is registered for: instances, tags, resource groups.

Source: Systems Manager API Reference, `RegisterTargetWithMaintenanceWindow` and `RegisterTaskWithMaintenanceWindow`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lamplighter.errors import LamplighterError
from lamplighter.resources.kind import Resource, Session

PERMISSIONS: Final = (
    "ssm:DescribeMaintenanceWindowTargets",
    "ssm:DescribeMaintenanceWindowTasks",
    "resource-groups:ListGroupResources",
    "tag:GetResources",
    "cloudformation:DescribeStacks",
    "cloudformation:ListStackResources",
)
"""IAM actions that reading targets takes; ListGroupResources calls the last three on our behalf: for groups with a
query of tags, and for groups that follow a stack."""

NODE: Final = "ec2-instance"
"""The kind that SSM knows as managed nodes: what it finds by id or tag is of this kind."""

_GROUP: Final = "resource-groups:Name"
_TYPES: Final = "resource-groups:ResourceTypeFilters"
_TAG: Final = "tag:"

Condition = tuple[str, frozenset[str]]
"""(key, values) as SSM has them."""


@dataclass(frozen=True, slots=True)
class WindowTargets:
    """What a window is for.

    Attributes:
        chosen: registered targets; every condition of one must hold.
        groups: types of the members by their ARN, by name of the resource group.
        problems: what could not be found out.
    """

    chosen: Sequence[tuple[Condition, ...]] = ()
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def hold(self, resource: Resource) -> bool:
        """Whether the window is for the resource, as far as is known."""
        return any(self._chooses(conditions, resource) for conditions in self.chosen)

    def _chooses(self, conditions: Sequence[Condition], resource: Resource) -> bool:
        types = next((values for key, values in conditions if key == _TYPES), frozenset())
        rest = [condition for condition in conditions if condition[0] != _TYPES]
        return bool(rest) and all(self._fits(key, values, types, resource) for key, values in rest)

    def _fits(self, key: str, values: frozenset[str], types: frozenset[str], resource: Resource) -> bool:
        if key == _GROUP:
            wanted = {each.upper() for each in types}
            kinds = [self.groups.get(name, {}).get(resource.arn) for name in values]
            return any(each is not None and (not wanted or each.upper() in wanted) for each in kinds)
        if resource.kind != NODE:
            return False
        if key.lower() == "instanceids":
            return resource.id in values
        if key.startswith(_TAG):
            return resource.tags.get(key.removeprefix(_TAG)) in values
        return key == "tag-key" and not values.isdisjoint(resource.tags)


def read_targets(session: Session, window_id: str) -> WindowTargets:
    """What a window, and each of its tasks that names instances itself, is registered for.

    Raises:
        AwsError: that cannot be read.
    """
    chosen = list(_chosen(session, window_id))
    problems = [f"its targets are chosen by {odd}, which is not known" for each in chosen if (odd := _odd(each))]
    groups: dict[str, Mapping[str, str]] = {}
    names = {name for conditions in chosen for key, values in conditions if key == _GROUP for name in values}
    for name in sorted(names):
        try:
            listed = session.pages("resource-groups", "list_group_resources", "Resources", Group=name)
            groups[name] = {each["Identifier"]["ResourceArn"]: each["Identifier"]["ResourceType"] for each in listed}
        except LamplighterError as error:
            problems.append(f"the members of resource group {name} cannot be listed: {error.message}")
    return WindowTargets(chosen, groups, tuple(problems))


def _chosen(session: Session, window_id: str) -> Iterator[tuple[Condition, ...]]:
    for target in session.pages("ssm", "describe_maintenance_window_targets", "Targets", WindowId=window_id):
        yield _conditions(target.get("Targets") or ())
    for task in session.pages("ssm", "describe_maintenance_window_tasks", "Tasks", WindowId=window_id):
        conditions = _conditions(task.get("Targets") or ())
        if conditions and all(key != "WindowTargetIds" for key, _ in conditions):
            yield conditions


def _odd(conditions: Sequence[Condition]) -> str:
    """What in a registered target SSM's documents do not tell of; empty if they do."""
    keys = [key for key, _ in conditions]
    if keys and all(key == _TYPES for key in keys):
        return "resource types alone"
    known = (_GROUP, _TYPES, "tag-key")
    return next((k for k in keys if not (k in known or k.lower() == "instanceids" or k.startswith(_TAG))), "")


def _conditions(targets: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    return tuple((str(each["Key"]), frozenset(each.get("Values") or ())) for each in targets)
