"""How ECS services are found: four listings, none of which AWS filters by tag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lamplighter.errors import AwsError, NotFound
from lamplighter.resources.kind import Search, Session

SCALING: Final = "application-autoscaling"
DIMENSION: Final[Mapping[str, str]] = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
_DESCRIBED_AT_ONCE = 10
"""Services that one call describes (ECS API reference, DescribeServices)."""
_TARGETS_AT_ONCE = 50


def find_services(session: Session, search: Search) -> list[Mapping[str, Any]]:
    """The services that are meant, as DescribeServices tells them.

    Raises:
        AwsError: a call failed, or ECS could not describe a service that is there.
    """
    return [
        service
        for cluster in session.pages("ecs", "list_clusters", "clusterArns")
        if search.ids is None or any(each.startswith(f"{_last(cluster)}/") for each in search.ids)
        for service in _of_cluster(session, search, _last(cluster))
        if search.wants(id_of(service), service_tags(service))
    ]


def find_targets(session: Session, services: list[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Their scalable targets, by id of the service; services whose count nothing scales have none."""
    ids, found = [id_of(service) for service in services], {}
    for first in range(0, len(ids), _TARGETS_AT_ONCE):
        asked = [f"service/{each}" for each in ids[first : first + _TARGETS_AT_ONCE]]
        for target in session.pages(
            SCALING, "describe_scalable_targets", "ScalableTargets", ResourceIds=asked, **DIMENSION
        ):
            found[target["ResourceId"].removeprefix("service/")] = target
    return found


def id_of(service: Mapping[str, Any]) -> str:
    """`cluster/service`; older ARNs of services do not name the cluster."""
    return f"{_last(service['clusterArn'])}/{service['serviceName']}"


def service_tags(service: Mapping[str, Any]) -> dict[str, str]:
    """The tags, whose keys ECS writes small."""
    return {pair["key"]: pair.get("value", "") for pair in service.get("tags") or ()}


def _of_cluster(session: Session, search: Search, cluster: str) -> Iterator[Mapping[str, Any]]:
    """The services of a cluster; what is deleted between two calls is left out."""
    try:
        arns = list(session.pages("ecs", "list_services", "serviceArns", cluster=cluster, maxResults=100))
        if search.ids is not None:
            arns = [arn for arn in arns if f"{cluster}/{_last(arn)}" in search.ids]
        for first in range(0, len(arns), _DESCRIBED_AT_ONCE):
            part = arns[first : first + _DESCRIBED_AT_ONCE]
            answer = session.call("ecs", "describe_services", cluster=cluster, services=part, include=["TAGS"])
            for failure in answer.get("failures") or ():
                if failure.get("reason") != "MISSING":
                    where = f"{session.target.account}/{session.target.region}"
                    why = f"{failure.get('arn')}: {failure.get('reason')}"
                    raise AwsError(f"{where}: ecs DescribeServices: {why}", service="ecs", target=where)
            yield from answer["services"]
    except NotFound:
        return


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]
