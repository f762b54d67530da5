"""What the RDS kinds share: states, and calls one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from lamplighter.errors import AwsError
from lamplighter.resources.kind import Resource, Result, Session
from lamplighter.schedules.decision import Live

RESTARTS_AFTER: Final = timedelta(days=7)
"""Source: RDS, Aurora, Neptune and DocumentDB guides, the pages on stopping: what was stopped is started after that."""

_LIVE = {
    "available": Live.RUNNING,
    "stopped": Live.STOPPED,
    "starting": Live.STARTING,
    "stopping": Live.STOPPING,
    "deleting": Live.GONE,
}


def live_state(status: str) -> Live:
    """RDS's status over all kinds; whatever is in between (modifying, backing-up, ...) is busy."""
    return _LIVE.get(status, Live.BUSY)


def act_one_by_one(session: Session, operation: str, parameter: str, resources: Sequence[Resource]) -> list[Result]:
    """Call `operation` for each resource, naming it by `parameter`; a failure belongs to its resource."""
    results = []
    for resource in resources:
        try:
            session.call("rds", operation, **{parameter: resource.id})
        except AwsError as error:
            results.append(Result(resource.id, error))
        else:
            results.append(Result(resource.id))
    return results
