"""How Auto Scaling groups are found, AWS doing the filtering, and which of their instances a change of size touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamplighter.resources.kind import Search, Session, tags_of

_VALUES_AT_ONCE = 50
"""Group names that one call takes (Auto Scaling API reference, DescribeAutoScalingGroups); filter values alike."""
_OUTSIDE = ("Warmed", "EnteringStandby", "Standby", "Detach", "Terminated")
"""Beginnings of the lifecycle states of instances that a change of size does not touch, or no longer."""


def find_groups(session: Session, search: Search) -> list[Mapping[str, Any]]:
    """The groups that are meant, as DescribeAutoScalingGroups tells them.

    Raises:
        AwsError: a call failed.
    """
    return [
        group
        for asked in _asked(search)
        for group in session.pages("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", **asked)
        if search.wants(group["AutoScalingGroupName"], tags_of(group.get("Tags")))
    ]


def _asked(search: Search) -> Iterator[Mapping[str, Any]]:
    if search.ids is None and search.schedules is None:
        yield {"Filters": [{"Name": "tag-key", "Values": [search.tag]}]}
        return
    wanted = sorted(search.schedules or () if search.ids is None else search.ids)
    for part in (wanted[first : first + _VALUES_AT_ONCE] for first in range(0, len(wanted), _VALUES_AT_ONCE)):
        by_tag = {"Filters": [{"Name": f"tag:{search.tag}", "Values": part}]}
        yield by_tag if search.ids is None else {"AutoScalingGroupNames": part}


def members_of(group: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Its instances that a change of size touches."""
    return [each for each in group.get("Instances") or () if not each["LifecycleState"].startswith(_OUTSIDE)]
