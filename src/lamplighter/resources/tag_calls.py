"""Kinds whose tags are written by their own service: it takes more at a time, or more must be said of a tag."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lamplighter.errors import AccessDenied
from lamplighter.resources.batch import isolate
from lamplighter.resources.kind import Kind, Resource, Result, Session

_INSTANCES_AT_ONCE = 200
"""EC2 takes 1,000 and recommends smaller batches (EC2 API reference, "CreateTags")."""

_GROUPS_AT_ONCE = 20
"""Auto Scaling states no limit; as many as the tagging API takes."""


class TaggedByEc2(Kind, ABC):
    """What EC2 tags: one call for many ids. Needs ec2:CreateTags and ec2:DeleteTags."""

    def tag(self, session: Session, resources: Sequence[Resource], tags: Mapping[str, str]) -> list[Result]:
        """CreateTags; members that EC2 refuses are found and left out."""
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        return _in_parts(
            resources,
            _INSTANCES_AT_ONCE,
            lambda ids: session.call("ec2", "create_tags", Resources=list(ids), Tags=pairs),
        )

    def untag(self, session: Session, resources: Sequence[Resource], keys: Sequence[str]) -> list[Result]:
        """DeleteTags, whatever their values."""
        pairs = [{"Key": key} for key in keys]
        return _in_parts(
            resources,
            _INSTANCES_AT_ONCE,
            lambda ids: session.call("ec2", "delete_tags", Resources=list(ids), Tags=pairs),
        )


class TaggedByAutoScaling(Kind, ABC):
    """Auto Scaling groups. Needs autoscaling:CreateOrUpdateTags and autoscaling:DeleteTags.

    The tags stay with the group: its instances do not get them, which only its own service lets us say.
    """

    def tag(self, session: Session, resources: Sequence[Resource], tags: Mapping[str, str]) -> list[Result]:
        """CreateOrUpdateTags; groups that are refused are found and left out."""

        def call(ids: Sequence[str]) -> object:
            pairs = [{**_tag(group, key), "Value": value} for group in ids for key, value in tags.items()]
            return session.call("autoscaling", "create_or_update_tags", Tags=pairs)

        return _in_parts(resources, _GROUPS_AT_ONCE, call)

    def untag(self, session: Session, resources: Sequence[Resource], keys: Sequence[str]) -> list[Result]:
        """DeleteTags, whatever their values."""

        def call(ids: Sequence[str]) -> object:
            return session.call("autoscaling", "delete_tags", Tags=[_tag(group, key) for group in ids for key in keys])

        return _in_parts(resources, _GROUPS_AT_ONCE, call)


def _tag(group: str, key: str) -> dict[str, Any]:
    return {"ResourceId": group, "ResourceType": "auto-scaling-group", "Key": key, "PropagateAtLaunch": False}


def _in_parts(resources: Sequence[Resource], size: int, call: Callable[[Sequence[str]], object]) -> list[Result]:
    results: list[Result] = []
    for first in range(0, len(resources), size):
        # One that may not tag would halve the batch down to each of its members, at every pass.
        part = [resource.id for resource in resources[first : first + size]]
        failed = isolate(part, call, whole=(AccessDenied,))
        results += [Result(id_, error) for id_, error in failed.items()]
    return results
