"""Status checks of EC2 instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lamplighter.resources.kind import Resource, Session
from lamplighter.schedules.decision import Live

_IDS_AT_ONCE = 100
"""Instances whose status one call tells (EC2 API reference, DescribeInstanceStatus)."""
_KNOWN = {"ok": True, "initializing": False, "impaired": False}
"""What a check may say (EC2 API reference, InstanceStatusSummary); `insufficient-data` and others tell nothing."""


def passed_checks(session: Session, resources: Sequence[Resource]) -> Mapping[str, bool | None]:
    """Whether each instance passed the checks of both system and instance; None where AWS does not tell.

    Only what is running is asked about.

    Raises:
        AwsError: a call failed.
    """
    lit = [each.id for each in resources if each.live is Live.RUNNING]
    found: dict[str, bool | None] = {each.id: None if each.id in lit else False for each in resources}
    for first in range(0, len(lit), _IDS_AT_ONCE):
        asked = lit[first : first + _IDS_AT_ONCE]
        for status in session.pages("ec2", "describe_instance_status", "InstanceStatuses", InstanceIds=asked):
            found[status["InstanceId"]] = _both(status)
    return found


def _both(status: Mapping[str, Any]) -> bool | None:
    checks = [_KNOWN.get(status.get(name, {}).get("Status", "")) for name in ("InstanceStatus", "SystemStatus")]
    if False in checks:
        return False
    return None if None in checks else True
